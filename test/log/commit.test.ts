import { afterEach, describe, expect, it, vi } from 'vitest';
import { MAX_GROUP_BYTES } from '../../src/base/limits.ts';
import type { AppendFile, Disk } from '../../src/base/ports.ts';
import { createLogOn } from '../../src/log/lifecycle.ts';
import type { Log } from '../../src/log/log.ts';
import { memoryDisk } from '../../src/log/memory.ts';
import { allBytes, rederive } from './derive.ts';
import { collect, type Deferred, deferred, pause } from './places.ts';
import { fastSigner } from './signers.ts';

/** A memory disk that lists what is written to segments, and whose syncs wait when told to. */
function watchedDisk() {
  const inner = memoryDisk();
  const writes: number[] = [];
  const syncs: Deferred[] = [];
  const state = { synced: 0, held: false };
  const watch = (file: AppendFile): AppendFile => ({
    ...file,
    async write(bytes) {
      writes.push(bytes.length);
      await file.write(bytes);
    },
    async sync() {
      if (state.held) {
        const gate = deferred();
        syncs.push(gate);
        await gate.promise;
      }
      await file.sync();
      state.synced++;
    },
  });
  const disk: Disk = {
    ...inner,
    create: async (path) => (path.startsWith('segments/') ? watch(await inner.create(path)) : inner.create(path)),
  };
  return { disk, writes, syncs, state };
}

const event = (n: number) => ({ type: 'custom', data: { n } });

async function watchedLog(mode: 'each' | 'batch' = 'batch'): Promise<{ log: Log } & ReturnType<typeof watchedDisk>> {
  const watched = watchedDisk();
  const log = await createLogOn(watched.disk, { origin: 'a.b/c', mode, signer: fastSigner() });
  watched.writes.length = 0;
  watched.state.synced = 0;
  return { log, ...watched };
}

describe('group commit', () => {
  afterEach(() => vi.useRealTimers());

  it.each(['each', 'batch'] as const)('%s: 64 appends of one turn share one write and one sync', async (mode) => {
    const { log, writes, state } = await watchedLog(mode);
    await Promise.all(Array.from({ length: 64 }, (_, n) => log.append(event(n))));
    expect([writes.length, state.synced]).toEqual([1, 1]);
    await log.close();
  });

  it('64 appenders that go on appending stay together: one sync for all of them, again and again', async () => {
    const { log, state } = await watchedLog();
    await Promise.all(
      Array.from({ length: 64 }, async () => {
        for (let n = 0; n < 20; n++) await log.append(event(n));
      }),
    );
    expect(state.synced).toBe(20);
    await log.close();
  });

  it('what is appended during a sync is the next group, and starts when the sync ends', async () => {
    const { log, writes, syncs, state } = await watchedLog();
    state.held = true;
    const first = log.append(event(0));
    while (syncs.length === 0) await pause(1);
    const more = [1, 2, 3].map((n) => log.append(event(n)));
    await pause(5);
    expect(writes.length).toBe(1);
    state.held = false;
    syncs[0]!.resolve();
    await Promise.all([first, ...more]);
    expect([writes.length, state.synced]).toEqual([2, 2]);
    await log.close();
  });

  it('a lone appender waits for no timer and shares with nobody', async () => {
    const { log, writes, state } = await watchedLog();
    vi.useFakeTimers();
    for (let n = 0; n < 50; n++) await log.append(event(n));
    expect([writes.length, state.synced, vi.getTimerCount()]).toEqual([50, 50, 0]);
    vi.useRealTimers();
    await log.close();
  });

  it(`a write holds at most ${MAX_GROUP_BYTES} bytes`, async () => {
    const { log, writes } = await watchedLog();
    await Promise.all(Array.from({ length: 200 }, () => log.append({ type: 'custom', data: 'x'.repeat(60_000) })));
    expect(writes.length).toBe(3);
    expect(Math.max(...writes)).toBeLessThanOrEqual(MAX_GROUP_BYTES);
    await log.close();
  });

  it('nothing is told before its sync: no receipt, no head, nothing to read or follow', async () => {
    const { log, syncs, state } = await watchedLog('each');
    const before = await allBytes(log);
    const followed = collect(log.follow({ from: 1 }));
    state.held = true;
    let told = 0;
    const appends = [1, 2].map((n) => log.append(event(n)).then(() => told++));
    while (syncs.length === 0) await pause(1);
    await pause(10);
    expect([told, log.head().size, (await log.segments())[0]!.bytes]).toEqual([0, 1, before.length]);
    expect(await allBytes(log)).toEqual(before);
    expect([await log.get(1), (await collect(log.receipts())).length]).toEqual([null, 1]);
    state.held = false;
    syncs[0]!.resolve();
    await Promise.all(appends);
    expect([told, log.head().size, (await rederive(await allBytes(log))).length]).toEqual([2, 3, 3]);
    await log.close();
    expect((await followed).length).toBe(2);
  });
});
