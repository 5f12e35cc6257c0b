import { MAX_LINE_BYTES } from '../base/limits.ts';
import type { Disk } from '../base/ports.ts';
import { readLineHead } from '../receipt/receipt.ts';
import { type Segment, segmentPath } from './segments.ts';

const LF = 0x0a;

/** Where reading begins: a segment of the table and a line's first byte in it. */
export interface Place {
  readonly row: number;
  readonly byte: number;
}

/** Below this a linear read is cheaper than another probe. */
const BISECT_BYTES = 65_536;

/**
 * Find a line start at or before the line of `seq`, close to it: segment by the first line of each, then bytes by bisection. What
 * cannot be read moves the answer towards the start, so nothing is ever skipped in a log whose seqs ascend.
 */
export async function seek(disk: Disk, table: readonly Segment[], seq: number): Promise<Place> {
  if (seq <= 0 || table.length === 0) return { row: 0, byte: 0 };
  let row = 0;
  for (let end = table.length; end - row > 1; ) {
    const mid = (row + end) >>> 1;
    const first = await seqAt(disk, table[mid]!, 0);
    if (first !== null && first.seq <= seq) row = mid;
    else end = mid;
  }
  let begin = 0;
  for (let end = table[row]!.bytes; end - begin > BISECT_BYTES; ) {
    const mid = begin + Math.floor((end - begin) / 2);
    const found = await seqAt(disk, table[row]!, mid);
    if (found !== null && found.seq <= seq) begin = found.byte;
    else end = mid;
  }
  return { row, byte: begin };
}

/** @returns the first line that starts at byte `from` or later, if it is a receipt. */
async function seqAt(
  disk: Disk,
  { name, bytes: end }: Segment,
  from: number,
): Promise<{ byte: number; seq: number } | null> {
  // From one byte before, so that a line which starts exactly here is seen to start here.
  const at = Math.max(0, from - 1);
  for (let size = 32_768; ; size *= 8) {
    const block = await disk.read(segmentPath(name), at, Math.min(end, at + size));
    const begin = from === 0 ? 0 : block.indexOf(LF) + 1;
    const lf = from === 0 || begin > 0 ? block.indexOf(LF, begin) : -1;
    if (lf >= 0) {
      try {
        return { byte: at + begin, seq: readLineHead(block.subarray(begin, lf)).seq };
      } catch {
        return null;
      }
    }
    if (at + block.length >= end || block.length < size || size > 2 * MAX_LINE_BYTES) return null;
  }
}
