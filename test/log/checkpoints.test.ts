import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import type { ReceiptError } from '../../src/base/errors.ts';
import { tilePath } from '../../src/checkpoint/tiles.ts';
import type { Signer } from '../../src/crypto/signer.ts';
import { CONTEXTS } from '../../src/crypto/verifier.ts';
import type { Log } from '../../src/log/log.ts';
import { closeEvent } from '../../src/receipt/control.ts';
import type { JsonObject } from '../../src/receipt/json.ts';
import { allBytes, rederive } from './derive.ts';
import { checkNote, naiveRoot, notesOn } from './notes.ts';
import { codeOf, type Deferred, deferred, PLACES, type Place, pause } from './places.ts';
import { fastSigner, fastVerifier } from './signers.ts';

const signer = fastSigner(1, 'ML-DSA-65');
const { publicKey } = signer;
const event = (n: number): JsonObject => ({ type: 'custom', data: n });
const never = { checkpointEvery: Number.POSITIVE_INFINITY, checkpointIntervalMs: Number.POSITIVE_INFINITY };
const batch = { mode: 'batch', signer, ...never } as const;
const writer = { signer, verifier: fastVerifier, ...never };

describe.each(PLACES)('%s: checkpoints', (_name, make) => {
  let place: Place;
  beforeEach(() => {
    place = make();
  });
  afterEach(() => place.dispose());

  /** Sizes of all checkpoints in the folder, each of them held against the key, the entries and its own name; the latest is among them. */
  async function sizes(log: Pick<Log, 'chunks'>): Promise<number[]> {
    const hashes = (await rederive(await allBytes(log), [publicKey], fastVerifier)).map(({ hash }) => hash);
    const { latest, kept } = await notesOn(place.disk);
    for (const [size, note] of kept)
      expect(await checkNote(note, [publicKey], fastVerifier)).toMatchObject({
        size,
        root: naiveRoot(hashes.slice(0, size)),
      });
    const all = [...kept.keys()];
    expect(latest).toEqual(all.length === 0 ? null : kept.get(all.at(-1)!)!);
    return all;
  }

  it('signed: resolves once a checkpoint that covers the entry is on disk; durable does not wait', async () => {
    const log = await place.create(batch);
    expect((await log.append(event(1))).signed).toBe(false);
    expect(await sizes(log)).toEqual([]);
    const { signed, receipt } = await log.append(event(2), { waitFor: 'signed' });
    expect([signed, receipt.sigs, receipt.entry.seq]).toEqual([true, [], 2]);
    expect(await sizes(log)).toEqual([3]);
    expect((await log.appendBatch([event(3), event(4)], { waitFor: 'signed' })).map((one) => one.signed)).toEqual([
      true,
      true,
    ]);
    expect(await sizes(log)).toEqual([3, 5]);
    await log.close();
    // Nothing was left to cover.
    expect(await sizes(log)).toEqual([3, 5]);
  });

  it('each: signed needs none, and none is made unless asked for', async () => {
    const log = await place.create({ signer });
    expect((await log.append(event(1), { waitFor: 'signed' })).signed).toBe(true);
    expect(await log.latestCheckpoint()).toBe(null);
    const note = await log.checkpoint();
    expect([await sizes(log), note]).toEqual([[2], await log.latestCheckpoint()]);
    // Covered already: no second one.
    expect(await log.checkpoint()).toEqual(note);
    await log.append(event(2));
    await log.close();
    expect(await sizes(log)).toEqual([2]);
    expect(await codeOf(log.checkpoint())).toBe('LOG_CLOSED');
    const reader = await place.open();
    expect([await reader.latestCheckpoint(), await codeOf(reader.checkpoint())]).toEqual([note, 'LOG_READ_ONLY']);
  });

  it('each: with a policy they are made as in a log of batches', async () => {
    const log = await place.create({ signer, checkpointEvery: 2 });
    for (let n = 1; n <= 4; n++) await log.append(event(n), { waitFor: 'signed' });
    await log.close();
    const made = await sizes(log);
    expect(made.at(-1)).toBe(5);
    expect(made.length).toBeGreaterThan(1);
  });

  it('who appends at the same time shares one', async () => {
    const log = await place.create(batch);
    const all = await Promise.all(Array.from({ length: 200 }, (_, n) => log.append(event(n), { waitFor: 'signed' })));
    expect(all.every(({ signed }) => signed)).toBe(true);
    expect(await sizes(log)).toEqual([201]);
    await log.close();
  });

  it('who appends while one is being signed shares the next, and no more are in flight than allowed', async () => {
    const gate: Deferred[] = [deferred(), deferred()];
    let calls = 0;
    const slow: Signer = {
      ...signer,
      async sign(input) {
        if ('message' in input && input.context === CONTEXTS.checkpoint) await gate[calls++]?.promise;
        return signer.sign(input);
      },
    };
    const log = await place.create({ ...batch, signer: slow, inFlight: { entries: 4 } });
    const first = log.append(event(0), { waitFor: 'signed' });
    await vi.waitFor(() => expect(calls).toBe(1));
    const rest = Array.from({ length: 6 }, (_, n) => log.append(event(n), { waitFor: 'signed' }));
    await vi.waitFor(() => expect(log.head().size).toBe(5)); // genesis, the first, and three for which there was room
    gate[0]!.resolve();
    await first;
    await vi.waitFor(() => expect(calls).toBe(2));
    expect((await notesOn(place.disk)).kept.has(2)).toBe(true);
    gate[1]!.resolve();
    await Promise.all(rest);
    const made = await sizes(log);
    expect([made[0], made.at(-1), made.length <= 4]).toEqual([2, 8, true]);
    await log.close();
  });

  it('every N entries', async () => {
    const log = await place.create({ ...batch, checkpointEvery: 10, checkpointOnClose: false });
    for (let n = 1; n < 35; n++) {
      await log.append(event(n));
      if (n % 10 === 9) await vi.waitFor(async () => expect((await notesOn(place.disk)).kept.has(n + 1)).toBe(true));
    }
    await log.close();
    expect(await sizes(log)).toEqual([10, 20, 30]);
  });

  it('after T ms, by a timer that keeps no process alive; when the log is closed', async () => {
    const timers = vi.spyOn(globalThis, 'setTimeout');
    const log = await place.create({ ...batch, checkpointIntervalMs: 150 });
    await log.append(event(1));
    await log.append(event(2));
    const set = timers.mock.calls.flatMap(([, ms], i) => (ms === 150 ? [timers.mock.results[i]!.value] : []));
    timers.mockRestore();
    // One timer, from the first entry on.
    expect(set.map((timer) => (timer as NodeJS.Timeout).hasRef())).toEqual([false]);
    await vi.waitFor(async () => expect(await sizes(log)).toEqual([3]), 5_000);
    await log.append(event(3));
    await log.close();
    expect(await sizes(log)).toEqual([3, 4]);
    await pause(200);
    expect(await sizes(log)).toEqual([3, 4]);
  });

  it('no timer for one who waits', async () => {
    const log = await place.create({ ...batch, checkpointIntervalMs: 60_000 });
    const started = performance.now();
    await log.append(event(1), { waitFor: 'signed' });
    expect(performance.now() - started).toBeLessThan(10_000);
    await log.close();
  });

  it('defaults: a log of batches covers itself, one that signs each entry does not', async () => {
    const log = await place.create({ mode: 'batch', signer });
    for (let n = 1; n < 256; n++) await log.append(event(n));
    await vi.waitFor(async () => expect((await notesOn(place.disk)).kept.has(256)).toBe(true), 5_000);
    await log.close();
    for (const options of [{ checkpointEvery: 0 }, { checkpointEvery: 1.5 }, { checkpointIntervalMs: 2 ** 31 }])
      expect(await codeOf(place.open({ ...writer, ...options }))).toBe('RangeError');
    await (await place.open(writer)).close();
  });

  describe('a signer that fails', () => {
    let failing: boolean;
    const moody: Signer = {
      ...signer,
      async sign(input) {
        if (failing && 'message' in input && input.context === CONTEXTS.checkpoint) throw new Error('the key is gone');
        return signer.sign(input);
      },
    };
    beforeEach(() => {
      failing = true;
    });

    it('fails those who wait, whose entries are there; the next checkpoint covers them', async () => {
      const log = await place.create({ ...batch, signer: moody });
      const waiting = [1, 2].map((n) => log.append(event(n), { waitFor: 'signed' }));
      for (const one of waiting) {
        const error = (await one.catch((cause: unknown) => cause)) as ReceiptError;
        expect([error.code, error.message]).toEqual(['SIGN_FAILED', expect.stringContaining('entries are on disk')]);
        expect((error.cause as Error).message).toBe('the key is gone');
      }
      expect([log.head().size, await sizes(log)]).toEqual([3, []]);
      expect(await codeOf(log.checkpoint())).toBe('SIGN_FAILED');
      expect((await log.append(event(3))).signed).toBe(false);
      failing = false;
      expect((await log.append(event(4), { waitFor: 'signed' })).signed).toBe(true);
      expect(await sizes(log)).toEqual([5]);
      await log.close();
    });

    it('one that nobody waits for is tried again later; closing says so, and releases everything', async () => {
      const log = await place.create({ ...batch, signer: moody, checkpointEvery: 2 });
      for (let n = 1; n <= 5; n++) expect((await log.append(event(n))).signed).toBe(false);
      expect(await codeOf(log.close())).toBe('SIGN_FAILED');
      expect(await sizes(log)).toEqual([]);
      failing = false;
      const again = await place.open({ ...writer, signer: moody });
      expect((await again.get(6))?.receipt.entry.event).toMatchObject({ type: 'recovery', first_seq: 1, count: 5 });
      await again.close();
      expect(await sizes(again)).toEqual([7]);
    });

    it('a close entry is not written behind what is not covered: the log stays open', async () => {
      const log = await place.create({ ...batch, signer: moody });
      await log.append(event(1));
      expect(await codeOf(log.append(closeEvent({ scope: 'log' })))).toBe('SIGN_FAILED');
      expect(log.head().size).toBe(2);
      failing = false;
      await log.append(event(2));
      await log.append(closeEvent({ scope: 'log' }));
      expect(await sizes(log)).toEqual([3]);
      await log.close();
      expect(await sizes(log)).toEqual([3, 4]);
      expect(await codeOf(log.append(event(3)))).toBe('LOG_CLOSED');
    });
  });

  it('a process that dies behind a close entry leaves nothing uncovered but that', async () => {
    const log = await place.create({ ...batch, checkpointOnClose: false });
    const appends = [log.append(event(1)), log.append(event(2)), log.append(closeEvent({ scope: 'log' }))];
    await Promise.all(appends);
    await log.close();
    expect(await sizes(log)).toEqual([3]);
    const again = await place.open(writer);
    await again.close();
    expect(await sizes(log)).toEqual([3, 4]);
  });

  it('opened again: what a checkpoint covers is not recovered, only what stands behind it', async () => {
    const log = await place.create({ ...batch, checkpointOnClose: false });
    for (let n = 1; n <= 5; n++) await log.append(event(n), n === 3 ? { waitFor: 'signed' } : {});
    await log.close();
    const again = await place.open({ ...writer, checkpointOnClose: false });
    expect(again.head().size).toBe(7);
    expect((await again.get(6))?.receipt.entry.event).toMatchObject({ type: 'recovery', first_seq: 4, count: 2 });
    await again.append(event(6), { waitFor: 'signed' });
    expect(await sizes(again)).toEqual([4, 8]);
    await again.close();
    const third = await place.open(writer);
    expect(third.head().size).toBe(8);
    await third.close();
    expect(await sizes(third)).toEqual([4, 8]);
  });

  it('full tiles stand on disk when a checkpoint is released, with the hashes of the lines', async () => {
    let log = await place.create(batch);
    for (const count of [100, 300, 1, 255, 200]) {
      await log.appendBatch(
        Array.from({ length: count }, (_, n) => event(n)),
        { waitFor: 'signed' },
      );
      const hashes = (await rederive(await allBytes(log))).map(({ hash }) => hash);
      const tiles: string[] = [];
      for (let index = 0; ; index++) {
        const path = `tiles/${tilePath({ level: 0, index, width: 256 })}`;
        if ((await place.disk.size(path)) === null) break;
        tiles.push(toHex(await place.disk.read(path, 0, 10_000)));
      }
      const full = Math.floor(hashes.length / 256);
      expect(tiles).toEqual(
        Array.from({ length: full }, (_, index) => hashes.slice(index * 256, (index + 1) * 256).join('')),
      );
      // Opened again, the rest of a tile comes from the segments.
      if (count !== 300) continue;
      await log.close();
      log = await place.open(writer);
    }
    await log.close();
    expect((await sizes(log)).length).toBe(5);
  });

  it('several keys: a line of each, ML-DSA-65 and Ed25519', async () => {
    const signers = [fastSigner(2), signer];
    const keys = signers.map((one) => one.publicKey);
    const log = await place.create({ mode: 'batch', signers, ...never });
    await log.append(event(1), { waitFor: 'signed' });
    const note = (await log.latestCheckpoint())!;
    expect(await checkNote(note, keys, fastVerifier)).toMatchObject({ origin: log.origin, size: 2 });
    await log.close();
    const again = await place.open({ signers, verifier: fastVerifier, ...never });
    expect(again.head().size).toBe(2);
    await again.close();
  });
});
