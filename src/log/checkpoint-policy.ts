import { DEFAULT_CHECKPOINT_ENTRIES, DEFAULT_CHECKPOINT_MS } from '../base/limits.ts';
import type { SigningMode } from '../receipt/control.ts';

/**
 * When a log makes a checkpoint without being asked. In a log that signs batches an append that waits for `signed` gets one at once,
 * shared with all that wait by then; what nobody waits for is covered by these.
 */
export interface CheckpointOptions {
  /**
   * Once so many entries are on disk that no checkpoint covers; Infinity for never. In a log of batches 256 unless given: a receipt then
   * carries some 20 bytes of signature. Else never unless given.
   */
  readonly checkpointEvery?: number;
  /**
   * So many milliseconds after the first of them reached the disk; Infinity for never. In a log of batches 1000 unless given, else
   * never. The timer keeps no process alive: close the log, or the next opening names what is not covered in a recovery entry.
   */
  readonly checkpointIntervalMs?: number;
  /** When the log is closed and holds any of them. In a log of batches true unless given, else where one of the others is given. */
  readonly checkpointOnClose?: boolean;
}

/** The same, decided. */
export interface CheckpointPolicy {
  readonly every: number;
  readonly intervalMs: number;
  readonly onClose: boolean;
}

/** Longest a timer can wait; beyond it the runtime would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Decide when a log makes checkpoints. @throws RangeError on a count or an interval that is none. */
export function checkpointPolicy(
  mode: SigningMode,
  { checkpointEvery, checkpointIntervalMs, checkpointOnClose }: CheckpointOptions,
): CheckpointPolicy {
  const batch = mode === 'batch';
  const asked = checkpointEvery !== undefined || checkpointIntervalMs !== undefined;
  return {
    every: positive(
      'checkpointEvery',
      checkpointEvery ?? (batch ? DEFAULT_CHECKPOINT_ENTRIES : Number.POSITIVE_INFINITY),
    ),
    intervalMs: positive(
      'checkpointIntervalMs',
      checkpointIntervalMs ?? (batch ? DEFAULT_CHECKPOINT_MS : Number.POSITIVE_INFINITY),
      MAX_TIMER_MS,
    ),
    onClose: checkpointOnClose ?? (batch || asked),
  };
}

function positive(name: string, value: number, max = Number.MAX_SAFE_INTEGER): number {
  if (value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && value >= 1 && value <= max)) return value;
  throw new RangeError(`log: ${name}: expected a whole number of 1 to ${max}, or Infinity, got ${value}`);
}
