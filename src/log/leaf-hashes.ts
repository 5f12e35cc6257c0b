import { ReceiptError } from '../base/errors.ts';
import type { Disk } from '../base/ports.ts';
import { newLineView, scanLine } from '../receipt/scan.ts';
import { parseLine, readLines } from './reader.ts';
import { type Place, seek } from './seek.ts';
import { type Bound, type Segment, segmentTable } from './segments.ts';

/**
 * Where a tree gets its leaves from: the hashes of the entries [begin, end), one behind the other, in pieces of any number of hashes.
 * @throws ReceiptError ENTRY_NOT_FOUND where the log is shorter, LOG_DAMAGED where a line of it cannot be read or has another seq, IO.
 */
export type LeafHashes = (begin: number, end: number) => AsyncIterable<Uint8Array>;

const HASH_BYTES = 32;

/** Where a read ended: the next one often goes on there. */
interface Cursor {
  readonly seq: number;
  readonly table: readonly Segment[];
  readonly place: Place;
}

/**
 * Read the stated hash of each line; whether a line has that hash is for verify. Entry n is found by bisection (seek.ts), or where the
 * read before ended, so that nothing far from it is read. @param bound how far a writer's log is on disk; null: all there is.
 */
export function leafHashes(disk: Disk, bound: () => Bound | null = () => null): LeafHashes {
  let cursor: Cursor | null = null;
  return async function* read(begin, end) {
    const held = cursor?.seq === begin ? cursor : null;
    let { table, place } = held ?? (await find(disk, bound(), begin));
    let isFresh = held === null;
    const view = newLineView();
    let first = begin;
    let next = begin;
    while (next < end) {
      for await (const lines of readLines(disk, table, place)) {
        const hashes = new Uint8Array(HASH_BYTES * Math.min(lines.length, end - next));
        let count = 0;
        for (const line of lines) {
          const { bytes, segment, segmentOffset, length, finished } = line;
          if (!finished) continue;
          const isLine = bytes !== null && scanLine(bytes, 0, bytes.length, view);
          // What stands before the first entry that is asked for is not judged.
          if (next === first && count === 0 && (!isLine || view.seq < first)) continue;
          if (bytes === null || !isLine) throw damaged(line);
          const seq = next + count;
          if (view.seq !== seq) throw otherSeq(segment, segmentOffset, seq, view.seq);
          decodeHash(bytes, view.hashBegin, hashes, HASH_BYTES * count++);
          if (seq + 1 < end) continue;
          const row = table.findIndex(({ name }) => name === segment);
          cursor = { seq: end, table, place: { row, byte: segmentOffset + length } };
          break;
        }
        next += count;
        if (count > 0) yield hashes.subarray(0, HASH_BYTES * count);
        if (next === end) return;
      }
      // A table that was kept may be older than the log.
      if (isFresh) throw missing(next);
      ({ table, place } = await find(disk, bound(), next));
      isFresh = true;
      first = next;
    }
  };
}

async function find(disk: Disk, bound: Bound | null, seq: number): Promise<Cursor> {
  const table = await segmentTable(disk, bound);
  return { seq, table, place: await seek(disk, table, seq) };
}

/** @param hex 64 lower-case digits by grammar. */
function decodeHash(buf: Uint8Array, hex: number, out: Uint8Array, at: number): void {
  for (let i = 0; i < HASH_BYTES; i++) out[at + i] = (digit(buf[hex + 2 * i]!) << 4) | digit(buf[hex + 2 * i + 1]!);
}

/** @param code of 0-9 or a-f. */
function digit(code: number): number {
  return code < 0x3a ? code - 0x30 : code - 0x57;
}

/** @returns what reading that line as a receipt throws. */
function damaged(line: Parameters<typeof parseLine>[0]): unknown {
  try {
    parseLine(line, undefined);
  } catch (error) {
    return error;
  }
  return new ReceiptError('INTERNAL', 'log: a line that is none by one reader is one by the other', {
    at: line.segment,
  });
}

function otherSeq(segment: string, offset: number, expected: number, found: number): ReceiptError {
  const at = `segments/${segment} byte ${offset}`;
  return new ReceiptError('LOG_DAMAGED', `log: ${at}: expected seq ${expected}, got ${found}`, {
    at,
    expected: `seq ${expected}`,
    found: `seq ${found}`,
    next: ['perdure verify'],
  });
}

function missing(seq: number): ReceiptError {
  return new ReceiptError('ENTRY_NOT_FOUND', `log: expected an entry with seq ${seq}, found the end of the log`, {
    at: `seq ${seq}`,
    next: ['perdure verify'],
  });
}
