import { isReceiptError, ReceiptError } from '../base/errors.ts';
import type { PublicKey } from '../crypto/public-key.ts';
import type { Part } from './batch.ts';
import type { EngineWish } from './make-engines.ts';
import type { Ranges } from './ranges.ts';
import type { Summary } from './summary.ts';
import type { OutsideKey } from './trust.ts';

/*
 * What passes between a verification and its workers: plain values that survive a structured clone, in Node and in browsers alike.
 *
 *     main              start ->           task 1 ->    task 2 ->                  (two tasks under way, so that none waits for mail)
 *     worker  <- here             <- ready        <- progress 1   <- done 1   <- progress 2   <- done 2
 *
 * One that is kept for another verification is told to `rest`, and then gets another `start`.
 */

/** Both sides are built together; a bundler or a cache that mixes two builds shall be noticed, not half understood. */
export const PROTOCOL_VERSION = 1;

/** All that summaries of one verification share, in a form that crosses to a worker. */
export interface Setup {
  readonly keys: readonly OutsideKey[];
  readonly pinnedSeqs: readonly number[];
  readonly treeSizes: readonly number[];
  readonly acceptedBelow: number;
  readonly notBefore: string | null;
  readonly notAfter: string | null;
  readonly maxProblems: number;
  readonly engines: EngineWish;
  /** Where tasks of bytes by their offsets are read; null when all tasks bring their bytes. */
  readonly evidence: { readonly ranges: Ranges; readonly sizeBytes: number } | null;
}

/** Lines to summarise: those that begin in a part of the evidence, or whole lines that come along. */
export type Lines = { readonly part: Part } | { readonly bytes: Uint8Array; readonly torn: boolean };

/** One piece of work. */
export interface Task {
  readonly lines: Lines;
  /** Named keys that may be in force and were not sent to this worker before. */
  readonly keys: readonly PublicKey[];
}

/** What came of a task. */
export interface TaskResult {
  readonly summary: Summary;
  /** Kids of signatures whose key was not at hand. */
  readonly strangers: readonly string[];
  /** The bytes that came with the task, back again: to be filled anew, or sent once more with a key that was missing. */
  readonly bytes: Uint8Array | null;
}

export type ToWorker =
  | { readonly op: 'start'; readonly version: number; readonly setup: Setup }
  | { readonly op: 'task'; readonly id: number; readonly task: Task }
  | { readonly op: 'rest' };

export type FromWorker =
  | { readonly op: 'here' }
  | { readonly op: 'ready'; readonly version: number; readonly engine: string }
  | { readonly op: 'progress'; readonly id: number; readonly lines: number; readonly bytes: number }
  | { readonly op: 'done'; readonly id: number; readonly result: TaskResult }
  | { readonly op: 'failed'; readonly error: ErrorNote };

/** An error on its way to another thread. */
export interface ErrorNote {
  /** Null when it was none of ours. */
  readonly code: ReceiptError['code'] | null;
  readonly message: string;
  readonly at: string | undefined;
  readonly expected: string | undefined;
  readonly found: string | undefined;
  readonly next: readonly string[];
}

/** @returns what the other side can make the like of. */
export function noteOf(error: unknown): ErrorNote {
  if (isReceiptError(error)) {
    const { code, message, at, expected, found, next } = error;
    return { code, message, at, expected, found, next };
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { code: null, message, at: undefined, expected: undefined, found: undefined, next: [] };
}

/** @returns the error again; one that was none of ours as a plain Error. */
export function errorOf({ code, message, at, expected, found, next }: ErrorNote): Error {
  if (code === null) return new Error(message);
  return new ReceiptError(code, message, {
    next,
    ...(at === undefined ? {} : { at }),
    ...(expected === undefined ? {} : { expected }),
    ...(found === undefined ? {} : { found }),
  });
}
