import { concatBytes, utf8 } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { MAX_LINE_BYTES, READ_CHUNK_BYTES } from '../base/limits.ts';
import type { Disk } from '../base/ports.ts';
import { parseReceipt, type Receipt } from '../receipt/receipt.ts';
import { type Place, seek } from './seek.ts';
import { type Bound, type Segment, segmentPath, segmentTable } from './segments.ts';

const LF = 0x0a;

/** A receipt and where it stands. */
export interface StoredReceipt {
  readonly receipt: Receipt;
  /** The stored line without its LF, fresh. */
  readonly line: Uint8Array;
  /** File name of the segment, as `000000.jsonl`. */
  readonly segment: string;
  /** First byte of the line in its segment. */
  readonly segmentOffset: number;
  /** First byte of the line over all segments in order. */
  readonly offset: number;
}

/** A line that could not be read as a receipt, for callers that go on. */
export interface DamagedLine {
  readonly segment: string;
  readonly segmentOffset: number;
  readonly offset: number;
  /** What is wrong with it: ReceiptError LINE_MALFORMED. */
  readonly error: Error;
}

/** Which receipts to read: seqs of [from, to). */
export interface ReadRange {
  /** First seq; 0 unless given. */
  readonly from?: number;
  /** The seq to stop before; to the end unless given. */
  readonly to?: number;
  /** Ends the iteration with ReceiptError ABORTED. */
  readonly signal?: AbortSignal;
  /** Told of each damaged line, which is then skipped. Without it a damaged line throws LOG_DAMAGED. */
  readonly onDamaged?: (line: DamagedLine) => void;
}

/** A line's bytes, or what stands where a line should be. */
interface RawLine {
  /** Without LF, a view into a chunk; null when it is longer than a line may be. */
  readonly bytes: Uint8Array | null;
  readonly segment: string;
  readonly segmentOffset: number;
  readonly offset: number;
  /** Bytes up to the next line. */
  readonly length: number;
  /** False for bytes at a segment's end that lack their LF. */
  readonly finished: boolean;
}

/** Read lines from a place to the end of the table, a chunk's worth at a time, in memory that does not grow with the log. */
export async function* readLines(
  disk: Disk,
  table: readonly Segment[],
  place: Place,
  signal?: AbortSignal,
): AsyncGenerator<RawLine[]> {
  for (let row = place.row; row < table.length; row++) {
    const { name, bytes: end, offset } = table[row]!;
    let lineBegin = row === place.row ? place.byte : 0;
    let at = lineBegin;
    let carry: Uint8Array = new Uint8Array(0);
    while (at < end) {
      throwIfAborted(signal);
      const chunk = await disk.read(segmentPath(name), at, Math.min(end, at + READ_CHUNK_BYTES));
      if (chunk.length === 0) break; // Cut by a writer that recovers: what was read stays whole lines.
      at += chunk.length;
      const lines: RawLine[] = [];
      let from = 0;
      for (let lf = chunk.indexOf(LF); lf >= 0; lf = chunk.indexOf(LF, from)) {
        const next = at - chunk.length + lf + 1;
        const length = next - lineBegin;
        const bytes = length > MAX_LINE_BYTES + 1 ? null : join(carry, chunk.subarray(from, lf));
        lines.push({
          bytes,
          segment: name,
          segmentOffset: lineBegin,
          offset: offset + lineBegin,
          length,
          finished: true,
        });
        carry = carry.subarray(0, 0);
        lineBegin = next;
        from = lf + 1;
      }
      // Of a line that is too long already nothing more is kept.
      carry = at - lineBegin > MAX_LINE_BYTES ? carry.subarray(0, 0) : join(carry, chunk.subarray(from));
      if (lines.length > 0) yield lines;
    }
    if (lineBegin < at) {
      const length = at - lineBegin;
      const bytes = length > MAX_LINE_BYTES ? null : carry;
      yield [{ bytes, segment: name, segmentOffset: lineBegin, offset: offset + lineBegin, length, finished: false }];
    }
  }
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.length === 0 ? b : concatBytes(a, b);
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new ReceiptError('ABORTED', 'log: reading was aborted', { cause: signal.reason });
}

/** Parse a line. @returns null for one that is damaged and was told to `onDamaged`. @throws ReceiptError LOG_DAMAGED. */
export function parseLine(line: RawLine, onDamaged: ReadRange['onDamaged']): StoredReceipt | null {
  const { segment, segmentOffset, offset } = line;
  try {
    if (line.bytes === null)
      throw new ReceiptError(
        'LINE_MALFORMED',
        `receipt line: expected at most ${MAX_LINE_BYTES} bytes, got ${line.length}`,
      );
    const receipt = parseReceipt(line.bytes);
    return { receipt, line: line.bytes.slice(), segment, segmentOffset, offset };
  } catch (error) {
    if (onDamaged === undefined) {
      const at = `${segmentPath(segment)} byte ${segmentOffset}`;
      throw new ReceiptError('LOG_DAMAGED', `log: ${at}: expected a receipt line: ${(error as Error).message}`, {
        at,
        expected: 'a receipt line',
        next: ['perdure verify'],
        cause: error,
      });
    }
    onDamaged({ segment, segmentOffset, offset, error: error as Error });
    return null;
  }
}

/** Iterate over [from, to). Bytes after the last LF of the log are no line yet and are left out. @param bound of the writer, if any. */
export async function* readReceipts(
  disk: Disk,
  bound: Bound | null,
  range: ReadRange = {},
): AsyncGenerator<StoredReceipt> {
  const { from = 0, to = Number.POSITIVE_INFINITY, signal, onDamaged } = range;
  const table = await segmentTable(disk, bound);
  for await (const lines of readLines(disk, table, await seek(disk, table, from), signal)) {
    for (const line of lines) {
      if (!line.finished && line.segment === table[table.length - 1]!.name) continue;
      const stored = parseLine(line, onDamaged);
      if (stored === null || stored.receipt.entry.seq < from) continue;
      if (stored.receipt.entry.seq >= to) return;
      throwIfAborted(signal);
      yield stored;
    }
  }
}

/** Find one entry by seq. @returns null when there is none. */
export async function findSeq(disk: Disk, bound: Bound | null, seq: number): Promise<StoredReceipt | null> {
  if (!Number.isSafeInteger(seq) || seq < 0) return null;
  let doubtful = false;
  const onDamaged = () => {
    doubtful = true;
  };
  for await (const stored of readReceipts(disk, bound, { from: seq, onDamaged })) {
    if (stored.receipt.entry.seq === seq) return stored;
    doubtful = true; // A seq above the one sought, which should have come first.
    break;
  }
  if (!doubtful) return null;
  // A damaged log: bisection relied on an order that is not there. Look at every line.
  for await (const stored of readReceipts(disk, bound, { onDamaged }))
    if (stored.receipt.entry.seq === seq) return stored;
  return null;
}

/** Find one entry by id, reading from the start. @returns null when there is none. */
export async function findId(disk: Disk, bound: Bound | null, id: string): Promise<StoredReceipt | null> {
  const pattern = utf8(`,"id":"${id}","log":"`);
  const skip = skipTable(pattern);
  const table = await segmentTable(disk, bound);
  for await (const lines of readLines(disk, table, { row: 0, byte: 0 })) {
    for (const line of lines) {
      if (line.bytes === null || !line.finished || !contains(line.bytes, pattern, skip)) continue;
      const stored = parseLine(line, () => undefined);
      // The same text may stand inside an event: only the frame's own id counts.
      if (stored?.receipt.entry.id === id) return stored;
    }
  }
  return null;
}

/** Horspool's table: how far to move when the last byte under the pattern is this one. */
function skipTable(pattern: Uint8Array): Uint8Array {
  const table = new Uint8Array(256).fill(Math.min(255, pattern.length));
  for (let i = 0; i < pattern.length - 1; i++) table[pattern[i]!] = Math.min(255, pattern.length - 1 - i);
  return table;
}

function contains(bytes: Uint8Array, pattern: Uint8Array, skip: Uint8Array): boolean {
  const last = pattern.length - 1;
  for (let at = 0; at + last < bytes.length; at += skip[bytes[at + last]!]!) {
    let i = last;
    while (i >= 0 && bytes[at + i] === pattern[i]) i--;
    if (i < 0) return true;
  }
  return false;
}

/** How many times, and how long apart, to look whether a half-written line at the end gets finished by a live writer. */
const SETTLE_TRIES = 5;
const SETTLE_MS = 10;

/** All bytes as they stand now. An unfinished last line of another process's writer is given a moment to become whole. */
export async function* readChunks(disk: Disk, bound: Bound | null, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const table = await settledTable(disk, bound);
  for (const { name, bytes: end } of table) {
    for (let at = 0; at < end; ) {
      throwIfAborted(signal);
      const chunk = await disk.read(segmentPath(name), at, Math.min(end, at + READ_CHUNK_BYTES));
      if (chunk.length === 0) break;
      at += chunk.length;
      yield chunk;
    }
  }
}

async function settledTable(disk: Disk, bound: Bound | null): Promise<Segment[]> {
  for (let tries = 0; ; tries++) {
    const table = await segmentTable(disk, bound);
    const last = table.findLast(({ bytes }) => bytes > 0);
    if (bound !== null || last === undefined || tries === SETTLE_TRIES) return table;
    const [end] = await disk.read(segmentPath(last.name), last.bytes - 1, last.bytes);
    if (end === LF) return table;
    await sleep(SETTLE_MS);
  }
}

/** Wait, or less when `signal` aborts. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
    if (signal?.aborted) done();
  });
}
