import { describe, expect, it } from 'vitest';
import { createLogOn, openLogOn } from '../../src/log/lifecycle.ts';
import type { SigningMode } from '../../src/receipt/control.ts';
import { sameBytes } from '../log/derive.ts';
import { hasUnsynced, ModelDisk, type Moment, POWER_LOSSES, type PowerLoss } from './model-disk.ts';
import { contentsOf, copyOf, hold, life, noPromises, type Promises, reopen, work, writerOf } from './workload.ts';

/** A moment, and what had been promised by then. */
interface Snapshot {
  readonly moment: Moment;
  readonly promises: Promises;
  readonly operation: string;
}

/** Watch a disk while something runs on it. */
async function watch(disk: ModelDisk, promises: Promises, run: () => Promise<void>): Promise<Snapshot[]> {
  const snapshots: Snapshot[] = [];
  disk.onMoment = (moment, operation) => {
    snapshots.push({ moment, operation, promises: copyOf(promises) });
  };
  await run();
  disk.onMoment = null;
  return snapshots;
}

/** What stood there is kept, byte for byte: in the log, or among the torn bytes. */
async function holdAndKeep(disk: ModelDisk, promises: Promises, where: string): Promise<void> {
  const before = await contentsOf(disk);
  await hold(disk, promises, where);
  const after = await contentsOf(disk);
  let same = 0;
  while (same < before.segments.length && before.segments[same] === after.segments[same]) same++;
  const rest = before.segments.subarray(same);
  if (rest.length === 0) return;
  // The torn bytes begin where their line begins, which may be before the first byte that differs from what was written since.
  const line = before.segments.subarray(0, same).lastIndexOf(0x0a) + 1;
  const torn = before.segments.subarray(line);
  expect(
    after.torn.some((bytes) => sameBytes(bytes, torn)),
    `${where}: ${torn.length} torn bytes are kept`,
  ).toBe(true);
}

const described = ({ contents, names }: PowerLoss, operation: string): string =>
  `power lost ${operation}; contents ${contents}; names ${names}`;

/** So small that every group starts a new segment. */
const SMALL_SEGMENT_BYTES = 300;

/** What a power loss after a kill does: enough ways to take away each kind of what was not synced. */
const SECOND_LOSSES: readonly PowerLoss[] = [
  { contents: 'dropped', names: 'as synced' },
  { contents: 'first half', names: 'as seen' },
  { contents: 'dropped', names: 'as seen' },
];

/** What stands after an operation stands before the next one too, where no less has been promised: looked at once. */
const atOnce = (snapshots: readonly Snapshot[]): Snapshot[] =>
  snapshots.filter(({ operation }, i) => operation.startsWith('before') || i === snapshots.length - 1);

/** Whether a power loss takes something away here. */
const isUncertain = ({ moment, operation }: Snapshot): boolean => operation.startsWith('before') && hasUnsynced(moment);

/** What the next process does with what a killed one left: open it, or create the log anew, and work. */
async function goOn(disk: ModelDisk, promises: Promises): Promise<void> {
  const { mode } = promises;
  const options = { segmentBytes: SMALL_SEGMENT_BYTES, ...writerOf(promises) };
  const log = await openLogOn(disk, options).catch((error: unknown) => {
    if (promises.created) throw error;
    return createLogOn(disk, { origin: 'a.b/c', mode, ...options });
  });
  promises.created = true;
  await work(log, promises, [1, 1]);
  await log.close();
}

describe('a disk that forgets what was not synced', () => {
  it.each(['each', 'batch'] as const)(
    'reopened after a power loss at every operation of a whole life, %s',
    async (mode: SigningMode) => {
      const promises = noPromises(mode);
      const disk = new ModelDisk();
      const snapshots = await watch(disk, promises, () => life(disk, promises));
      expect(snapshots.length).toBeGreaterThan(100);
      let torn = 0;
      for (const { moment, promises: by, operation } of atOnce(snapshots)) {
        // Where everything is synced, all losses take the same away: nothing.
        for (const loss of hasUnsynced(moment) ? POWER_LOSSES : POWER_LOSSES.slice(0, 1)) {
          const left = ModelDisk.after(moment, loss);
          await holdAndKeep(left, by, described(loss, operation));
          torn += (await left.list('torn')).length;
        }
      }
      // The model does tear: a disk that kept everything would make this test pass whatever the log does.
      expect(torn).toBeGreaterThan(50);
    },
  );

  it('and again at every operation of the recovery itself', async () => {
    const promises = noPromises('batch');
    const disk = new ModelDisk();
    const snapshots = await watch(disk, promises, () => life(disk, promises));
    // Two moments with unsynced bytes: an early one and the last, in a segment of its own.
    const unsynced = snapshots.filter(
      ({ operation, promises: by }) => by.created && operation.startsWith('before sync segments/'),
    );
    const chosen = [unsynced[0]!, unsynced.at(-1)!];
    let again = 0;
    let tears = 0;
    for (const { moment, promises: by } of chosen) {
      for (const contents of ['first half', 'hole in the middle'] as const) {
        const first: PowerLoss = { contents, names: 'as synced' };
        const whole = ModelDisk.after(moment, first);
        await hold(whole, by, described(first, 'while appending'));
        const { torn } = await contentsOf(whole);
        tears += torn.length;
        const left = ModelDisk.after(moment, first);
        const during = copyOf(by);
        const recovering = await watch(left, during, () => reopen(left, during, [1]));
        for (const step of atOnce(recovering)) {
          for (const second of hasUnsynced(step.moment) ? POWER_LOSSES : POWER_LOSSES.slice(0, 1)) {
            again++;
            const where = `${described(first, 'while appending')}; ${described(second, step.operation)}`;
            const twice = ModelDisk.after(step.moment, second);
            await hold(twice, step.promises, where);
            // What the first loss tore is kept, whatever happened while it was being set aside.
            const kept = (await contentsOf(twice)).torn;
            expect(
              torn.every((bytes) => kept.some((other) => sameBytes(bytes, other))),
              where,
            ).toBe(true);
          }
        }
      }
    }
    expect(again).toBeGreaterThan(700);
    expect(tears).toBeGreaterThan(2);
  });

  it.each(['each', 'batch'] as const)(
    'and after a kill, which leaves bytes and names in memory for the next process to build on, %s',
    async (mode) => {
      const promises = noPromises(mode);
      const disk = new ModelDisk();
      const writer = writerOf(promises);
      const snapshots = await watch(disk, promises, async () => {
        const log = await createLogOn(disk, { origin: 'a.b/c', mode, segmentBytes: SMALL_SEGMENT_BYTES, ...writer });
        promises.created = true;
        await work(log, promises, [2, 1]);
        await log.close();
      });
      let losses = 0;
      // Payloads, and segments written in part, are the same in both kinds of log: here it is the checkpoints that are looked at.
      const isOwn = (one: Snapshot): boolean =>
        isUncertain(one) && (mode === 'each' || !one.operation.includes('payloads'));
      const seconds = mode === 'each' ? SECOND_LOSSES : SECOND_LOSSES.filter(({ contents }) => contents === 'dropped');
      for (const { moment, promises: by, operation } of snapshots.filter(isOwn)) {
        const cuts = ['kept', 'first half', 'last byte missing'] as const;
        for (const contents of operation.startsWith('before sync segments/') ? cuts : cuts.slice(0, 1)) {
          const left = ModelDisk.afterKill(moment, contents);
          const next = copyOf(by);
          const steps = await watch(left, next, () => goOn(left, next));
          for (const step of [...steps.filter(isOwn), steps.at(-1)!]) {
            for (const second of seconds) {
              losses++;
              const where = `killed ${operation}, ${contents}; ${described(second, step.operation)}`;
              await hold(ModelDisk.after(step.moment, second), step.promises, where);
            }
          }
        }
      }
      expect(losses).toBeGreaterThan(500);
    },
  );

  it('the model itself: without syncs nothing survives, with them everything does', async () => {
    const disk = new ModelDisk();
    await disk.makeDir('');
    await disk.makeDir('segments');
    const file = await disk.create('segments/a');
    await file.write(Uint8Array.of(1, 2, 3, 4));
    const lost = ModelDisk.after(disk.moment(), { contents: 'dropped', names: 'as synced' });
    expect([await lost.list(''), await lost.list('segments')]).toEqual([[], []]);
    const named = ModelDisk.after(disk.moment(), { contents: 'dropped', names: 'as seen' });
    expect([await named.list('segments'), await named.size('segments/a')]).toEqual([['a'], 0]);
    await file.sync();
    await disk.syncDir('segments');
    await disk.syncDir('');
    await file.write(Uint8Array.of(5, 6));
    const sizes = await Promise.all(
      POWER_LOSSES.map((loss) => ModelDisk.after(disk.moment(), loss).size('segments/a')),
    );
    expect(sizes).toEqual([4, 4, 6, 6, 5, 5, 5, 5, 6, 6, 6, 6, 6, 6]);
    const zeros = ModelDisk.after(disk.moment(), { contents: 'zeros', names: 'as synced' });
    expect(zeros.peek('segments/a')).toEqual(Uint8Array.of(1, 2, 3, 4, 0, 0));
  });
});
