import { describe, expect, it } from 'vitest';
import { isReceiptError, type ReceiptError } from '../../src/base/errors.ts';
import type { Disk } from '../../src/base/ports.ts';
import { createLogOn, openLogOn } from '../../src/log/lifecycle.ts';
import { memoryDisk } from '../../src/log/memory.ts';
import { allBytes } from '../log/derive.ts';
import { asWriter, codeOf, collect } from '../log/places.ts';
import { type FaultyDisk, faultyDisk, type When } from './faulty-disk.ts';
import { hold, life, noPromises, type Promises, reopen, work } from './workload.ts';

/** Run `run` once for each changing operation it makes and each way to fail; `run` begins with a disk of its own each time. */
async function failEach(
  prepare: () => Promise<{ disk: Disk; promises: Promises }>,
  run: (disk: FaultyDisk, promises: Promises) => Promise<void>,
): Promise<{ operations: readonly string[]; failures: number }> {
  const clean = await prepare();
  const counting = faultyDisk(clean.disk, null);
  await run(counting, clean.promises);
  await hold(clean.disk, clean.promises, 'no fault');
  let failures = 0;
  for (let operation = 1; operation <= counting.operations.length; operation++) {
    const name = counting.operations[operation - 1]!;
    const ways: When[] = name.startsWith('write') ? ['before', 'half', 'after'] : ['before', 'after'];
    for (const when of ways) {
      const { disk, promises } = await prepare();
      const where = `${when} ${operation} (${name})`;
      const faulty = faultyDisk(disk, { operation, when });
      const error = await run(faulty, promises).then(
        () => null,
        (cause: unknown) => cause,
      );
      if (error !== null) {
        failures++;
        // Nothing is swallowed and nothing else is thrown.
        expect(isReceiptError(error, 'IO') || isReceiptError(error, 'LOG_CLOSED'), `${where}: ${error}`).toBe(true);
      }
      await unlock(disk);
      await hold(disk, promises, where);
    }
  }
  return { operations: counting.operations, failures };
}

/** What the end of the process does to a lock whose release failed. */
async function unlock(disk: Disk & { unlock?: () => void }): Promise<void> {
  disk.unlock?.();
}

/** A memory disk whose lock a test can take away, as the death of its holder would. */
function unlockableDisk(): Disk & { unlock: () => void } {
  const inner = memoryDisk();
  let release: (() => Promise<void>) | null = null;
  return {
    ...inner,
    async lock() {
      const lock = await inner.lock();
      release = () => lock.release();
      return lock;
    },
    unlock: () => void release?.(),
  };
}

describe('every disk operation failed once, before and after it took effect', () => {
  it.each(['each', 'batch'] as const)('a whole life, %s', async (mode) => {
    const { operations, failures } = await failEach(
      async () => ({ disk: unlockableDisk(), promises: noPromises(mode) }),
      (disk, promises) => life(disk, promises),
    );
    // New segments, payload folders, and both openings are among them.
    for (const kind of [
      'lock',
      'makeDir ',
      'create log.json.new',
      'rename log.json.new',
      'create segments/000001.jsonl',
      'syncDir payloads',
    ]) {
      expect(
        operations.some((name) => name.startsWith(kind)),
        kind,
      ).toBe(true);
    }
    expect(failures).toBeGreaterThan(operations.length);
  });

  it.each(['each', 'batch'] as const)('recovery from torn bytes, %s', async (mode) => {
    const { operations } = await failEach(
      async () => {
        const disk = unlockableDisk();
        const promises = noPromises(mode);
        await life(disk, promises);
        const names = await disk.list('segments');
        const file = await disk.open(`segments/${names.at(-1)}`);
        await file.write(new TextEncoder().encode('{"entry":{"event":{"data":"1.0 of'));
        return { disk, promises };
      },
      async (disk, promises) => {
        await reopen(disk, promises, [1]);
      },
    );
    for (const kind of ['create torn/', 'truncate segments/', 'rename torn/', 'syncDir torn']) {
      expect(
        operations.some((name) => name.startsWith(kind)),
        kind,
      ).toBe(true);
    }
  });

  it('a last line that lacks its LF', async () => {
    const { operations } = await failEach(
      async () => {
        const disk = unlockableDisk();
        const promises = noPromises();
        await life(disk, promises);
        const path = `segments/${(await disk.list('segments')).at(-1)}`;
        await disk.truncate(path, (await disk.size(path))! - 1);
        return { disk, promises };
      },
      (disk, promises) => reopen(disk, promises, [1]),
    );
    expect(operations.filter((name) => name.startsWith('truncate'))).toEqual([]);
  });
});

describe('every look at the disk failed once', () => {
  it.each(['each', 'batch'] as const)('a whole life, and recovery from torn bytes, %s', async (mode) => {
    const prepare = async () => ({ disk: unlockableDisk(), promises: noPromises(mode) });
    const live = async (disk: Disk, promises: Promises): Promise<void> => {
      await life(disk, promises);
      const file = await disk.open(`segments/${(await disk.list('segments')).at(-1)}`);
      await file.write(new TextEncoder().encode('{"entry":{"event":{"data":"1.0 of'));
      await reopen(disk, promises, [1]);
    };
    const clean = await prepare();
    const counting = faultyDisk(clean.disk, null, 'reads');
    await live(counting, clean.promises);
    expect(counting.operations.length).toBeGreaterThan(30);
    for (let operation = 1; operation <= counting.operations.length; operation++) {
      const { disk, promises } = await prepare();
      const where = `${operation} (${counting.operations[operation - 1]})`;
      const failing = live(faultyDisk(disk, { operation, when: 'before' }, 'reads'), promises);
      const error = (await failing.catch((cause: unknown) => cause)) as ReceiptError;
      // Where a checkpoint was being written, the log is closed for good, and its error carries the disk's.
      const { code } = error.code === 'LOG_CLOSED' ? (error.cause as ReceiptError) : error;
      expect([where, code]).toEqual([where, 'IO']);
      await unlock(disk);
      await hold(disk, promises, where);
    }
  });

  it('reading: an error, never another answer', async () => {
    const disk = unlockableDisk();
    await life(disk, noPromises('batch'));
    const reads = async (on: Disk): Promise<unknown> => {
      const log = await openLogOn(on);
      const all = await collect(log.receipts());
      const { id } = all[3]!.receipt.entry;
      return [log.head(), all, await log.get(5), await log.getById(id), await log.segments(), await allBytes(log)];
    };
    const counting = faultyDisk(disk, null, 'reads');
    await reads(counting);
    expect(counting.operations.length).toBeGreaterThan(20);
    for (let operation = 1; operation <= counting.operations.length; operation++) {
      const faulty = faultyDisk(disk, { operation, when: 'before' }, 'reads');
      const where = `${operation} (${counting.operations[operation - 1]})`;
      expect([where, await codeOf(reads(faulty))]).toEqual([where, 'IO']);
    }
  });
});

describe('after a failed write', () => {
  /** A log, and a fault that strikes at the n-th operation from now. */
  async function withFault(from: number, when: When) {
    const disk = unlockableDisk();
    const setUp = await createLogOn(disk, { origin: 'a.b/c', ...asWriter });
    await setUp.close();
    const probe = faultyDisk(disk, null);
    await (await openLogOn(probe, asWriter)).close();
    const before = probe.operations.indexOf('release');
    const faulty = faultyDisk(disk, { operation: before - 1 + from, when });
    return { disk, log: await openLogOn(faulty, asWriter) };
  }

  it.each([
    ['write', 1, 'before'],
    ['write', 1, 'half'],
    ['write', 1, 'after'],
    ['sync', 2, 'before'],
    ['sync', 2, 'after'],
  ] as const)(
    '%s (operation %i, %s): the writer is closed for good and says what may be there',
    async (_name, from, when) => {
      const { disk, log } = await withFault(from, when);
      const one = log.append({ type: 'custom', data: 1 });
      await Promise.resolve();
      const errors = await Promise.all(
        [one, log.append({ type: 'custom', data: 2 })].map((append) =>
          append.catch((cause: unknown) => cause as Error),
        ),
      );
      for (const error of errors) {
        expect(isReceiptError(error, 'LOG_CLOSED')).toBe(true);
        expect(isReceiptError((error as Error).cause, 'IO')).toBe(true);
        expect((error as Error).message).toContain('may or may not be there');
      }
      // Also once the disk is well again.
      const late = (await log.append({ type: 'custom', data: 3 }).catch((cause: unknown) => cause)) as Error;
      expect(isReceiptError(late, 'LOG_CLOSED')).toBe(true);
      expect(late.message).toContain('nothing of this append was written');
      expect(await codeOf(log.putPayload('0'.repeat(64), new Uint8Array(32), new Uint8Array(1)))).toBe('LOG_CLOSED');
      await log.close();
      const again = await openLogOn(disk, asWriter);
      const promises = noPromises();
      await work(again, promises, [3]);
      await again.close();
    },
  );

  it('a failed payload closes nothing: no entry names it', async () => {
    const { log } = await withFault(3, 'after');
    expect(await codeOf(log.putPayload('0'.repeat(64), new Uint8Array(32), new Uint8Array(1)))).toBe('IO');
    await log.putPayload('0'.repeat(64), new Uint8Array(32), new Uint8Array(1));
    await log.append({ type: 'custom' });
    await log.close();
  });
});
