import { MAX_GROUP_BYTES, MAX_LINE_BYTES } from '../base/limits.ts';
import { follows } from '../chain/chain.ts';
import { type LineHead, readLineHead } from '../receipt/receipt.ts';
import { hashEntry } from '../receipt/seal.ts';

const LF = 0x0a;

/** What an entry must follow: seq and hash of the one before. */
export interface Before {
  readonly seq: number;
  readonly hash: string;
}

/** What the end of a log looks like to a writer that wants to go on behind it. */
export interface Tail {
  /** Bytes of the zone that are good lines, or lie before its first line. */
  readonly good: number;
  /** The last good line, null when the zone holds none. */
  readonly last: LineHead | null;
  /**
   * What stands after the good lines. `nothing` · `unfinished`: one line that lacks its LF, good but for signatures, which nobody
   * has looked at · `torn`: what an interrupted write leaves · `damaged`: what no interrupted write leaves.
   */
  readonly rest: 'nothing' | 'unfinished' | 'torn' | 'damaged';
  /** The unfinished line. */
  readonly unfinished: LineHead | null;
}

/**
 * Judge the end of a log. A writer has one group in flight, so an interrupted write begins at most MAX_GROUP_BYTES from the end; it
 * leaves a first part of the group, or holes of zero bytes where blocks never reached the disk. So a broken line that has its LF
 * and no zero byte in it, or begins further away, was changed by something else, and going on would bury it.
 * @param zone the last bytes of the segment, beginning with a line. @param origin `log` of every line.
 * @param before what its first line must follow; null when that is not known.
 */
export function judgeTail(zone: Uint8Array, origin: string, before: Before | null): Tail {
  let link = before;
  let last: LineHead | null = null;
  let good = 0;
  for (let lf = zone.indexOf(LF); lf >= 0; lf = zone.indexOf(LF, good)) {
    const head = goodLine(zone.subarray(good, lf), origin, link);
    if (head === null)
      return { good, last, rest: explainedByTear(zone, good, lf) ? 'torn' : 'damaged', unfinished: null };
    last = head;
    link = head;
    good = lf + 1;
  }
  if (good === zone.length) return { good, last, rest: 'nothing', unfinished: null };
  const unfinished = goodLine(zone.subarray(good), origin, link);
  if (unfinished !== null) return { good, last, rest: 'unfinished', unfinished };
  return { good, last, rest: explainedByTear(zone, good, zone.length) ? 'torn' : 'damaged', unfinished: null };
}

/** @returns the line's head when form, hash, origin and link are right. */
function goodLine(line: Uint8Array, origin: string, before: Before | null): LineHead | null {
  let head: LineHead;
  try {
    head = readLineHead(line);
  } catch {
    return null;
  }
  if (head.log !== origin || hashEntry(head.entryBytes) !== head.hash) return null;
  if (before === null) return head;
  const link = follows(before, head);
  return link.seq && link.prev ? head : null;
}

/** @param end of the broken line: its LF, or the end of the zone. */
function explainedByTear(zone: Uint8Array, begin: number, end: number): boolean {
  if (zone.length - begin > MAX_GROUP_BYTES) return false;
  if (zone.subarray(begin, end).includes(0)) return true;
  return end === zone.length && end - begin <= MAX_LINE_BYTES;
}
