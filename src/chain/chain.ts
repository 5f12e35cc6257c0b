import { type Frame, ZERO_HASH } from '../receipt/entry.ts';

/** Where a log stands: how many entries, and the hash the next one must state as `prev`. */
export interface Head {
  /** Entries in the log; also the next `seq`. */
  readonly size: number;
  /** `hash` of the last entry, 64 hex; zeros for an empty log. */
  readonly hash: string;
}

/** The head of a log without entries. */
export const EMPTY_HEAD: Head = { size: 0, hash: ZERO_HASH };

/** Link the next entry to `head`: the writer's half of the link rule. @throws RangeError beyond 2^53−1 entries. */
export function nextFrame(head: Head, log: string, id: string, time: string): Frame {
  if (!Number.isSafeInteger(head.size)) throw new RangeError('nextFrame: expected fewer than 2^53 entries');
  return { id, log, prev: head.hash, seq: head.size, time };
}

/** The link rule, in one place: what an entry must state to follow another. */
export function follows(
  before: { seq: number; hash: string },
  next: { seq: number; prev: string },
): { seq: boolean; prev: boolean } {
  return { seq: next.seq === before.seq + 1, prev: next.prev === before.hash };
}
