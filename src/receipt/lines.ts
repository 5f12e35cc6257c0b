import { MAX_LINE_BYTES } from '../base/limits.ts';

const LF = 0x0a;

/** Whole lines in one buffer, or one line too long to hold. */
export type LineBatch =
  | {
      /** Ours to write into until the next batch is asked for. */
      readonly bytes: Uint8Array;
      /** First byte of the first line. */
      readonly begin: number;
      /** After the LF of the last whole line, or after the last byte when `torn`. */
      readonly end: number;
      /** The bytes end without LF: the last batch of an input that does. */
      readonly torn: boolean;
      readonly oversize: false;
    }
  | {
      /** Bytes of a line above MAX_LINE_BYTES, LF included where there is one. */
      readonly sizeBytes: number;
      readonly torn: boolean;
      readonly oversize: true;
    };

/** Bytes collected before a batch of lines is handed on, besides what one line may need. */
const BATCH_BYTES = 1 << 20;
/** What any batch fits in: a line of the greatest length with its LF, and a batch. */
export const BATCH_BUFFER_BYTES = MAX_LINE_BYTES + 1 + BATCH_BYTES;

/** Two stretches of memory that a source of chunks fills by turns: while one is worked on, the other is read into. */
export type Buffers = readonly [Uint8Array, Uint8Array];

/**
 * Memory in which lines are worked on where they were read:
 *
 *     bytes     |  room for a line  | buffers[0] |  room for a line  | buffers[1] |
 *                            rest ->|<- chunk      the rest of a line is put before the chunk in which it ends
 */
export interface LineRoom {
  readonly bytes: Uint8Array;
  readonly buffers: Buffers;
}

/** @param bytes 2 * (MAX_LINE_BYTES + n), n being the bytes of a buffer. */
export function lineRoom(bytes: Uint8Array): LineRoom {
  const half = bytes.length / 2;
  const buffers = [bytes.subarray(MAX_LINE_BYTES, half), bytes.subarray(half + MAX_LINE_BYTES)] as const;
  return { bytes, buffers };
}

type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * Cut a byte stream into batches of whole lines, in memory that does not grow with the input: about 3 MiB, whatever the lines.
 * @param chunks copied, never kept and never changed; but where they lie in the buffers of `room`, the lines are worked on in place.
 * @param room where the batches are put; default: new memory.
 */
export async function* lineBatches(chunks: Chunks, room?: LineRoom): AsyncGenerator<LineBatch> {
  const source = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
  let done: boolean | undefined = false;
  try {
    const first = await source.next();
    done = first.done;
    if (first.done) return;
    const all = continued(first.value, source);
    // A source fills our buffers or its own, it does not change between the two.
    const inPlace = room !== undefined && first.value.buffer === room.bytes.buffer;
    if (inPlace) yield* batchesInPlace(all, room.bytes);
    else yield* copiedBatches(all, room?.bytes ?? new Uint8Array(BATCH_BUFFER_BYTES));
    done = true;
  } finally {
    if (!done) await source.return?.();
  }
}

async function* continued(
  first: Uint8Array,
  rest: AsyncIterator<Uint8Array> | Iterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield first;
  for (;;) {
    const { done, value } = await rest.next();
    if (done) return;
    yield value;
  }
}

/** @param chunks in one buffer or the other of the room that `bytes` are. */
async function* batchesInPlace(chunks: AsyncIterable<Uint8Array>, bytes: Uint8Array): AsyncGenerator<LineBatch> {
  // A chunk is gone when the next is asked for, so the rest of a line waits here for what it belongs to.
  let side = new Uint8Array(0);
  let rest = 0;
  let skipped = 0; // bytes of a line that is being skipped because it is too long; 0 when none is
  for await (const chunk of chunks) {
    let begin = chunk.byteOffset - bytes.byteOffset;
    const end = begin + chunk.length;
    if (skipped > 0) {
      const lf = chunk.indexOf(LF);
      skipped += lf < 0 ? chunk.length : lf + 1;
      if (lf < 0) continue;
      yield { sizeBytes: skipped, torn: false, oversize: true };
      skipped = 0;
      begin += lf + 1;
    }
    begin -= rest;
    bytes.set(side.subarray(0, rest), begin);
    const whole = begin + bytes.subarray(begin, end).lastIndexOf(LF) + 1;
    if (whole > begin) yield { bytes, begin, end: whole, torn: false, oversize: false };
    rest = end - whole;
    if (rest > MAX_LINE_BYTES) {
      skipped = rest;
      rest = 0;
      continue;
    }
    if (rest > side.length) side = new Uint8Array(Math.min(2 * rest, MAX_LINE_BYTES));
    side.set(bytes.subarray(whole, end));
  }
  if (skipped > 0) yield { sizeBytes: skipped, torn: true, oversize: true };
  bytes.set(side.subarray(0, rest));
  if (rest > 0) yield { bytes, begin: 0, end: rest, torn: true, oversize: false };
}

/** @param bytes where the batches are put: BATCH_BUFFER_BYTES at their beginning. */
async function* copiedBatches(source: AsyncIterable<Uint8Array>, bytes: Uint8Array): AsyncGenerator<LineBatch> {
  let end = 0;
  let skipped = 0; // bytes of a line that is being skipped because it is too long; 0 when none is
  for await (const chunk of source) {
    let at = 0;
    while (at < chunk.length) {
      if (skipped > 0) {
        const lf = chunk.indexOf(LF, at);
        const next = lf < 0 ? chunk.length : lf + 1;
        skipped += next - at;
        at = next;
        if (lf < 0) continue;
        yield { sizeBytes: skipped, torn: false, oversize: true };
        skipped = 0;
        continue;
      }
      const take = Math.min(chunk.length - at, BATCH_BUFFER_BYTES - end);
      bytes.set(chunk.subarray(at, at + take), end);
      at += take;
      end += take;
      if (end < BATCH_BUFFER_BYTES) continue;
      const whole = bytes.lastIndexOf(LF, end - 1) + 1;
      if (whole > 0) {
        yield { bytes, begin: 0, end: whole, torn: false, oversize: false };
        bytes.copyWithin(0, whole, end);
        end -= whole;
      }
      if (end > MAX_LINE_BYTES) {
        skipped = end;
        end = 0;
      }
    }
  }
  if (skipped > 0) {
    yield { sizeBytes: skipped, torn: true, oversize: true };
    return;
  }
  const whole = end === 0 ? 0 : bytes.lastIndexOf(LF, end - 1) + 1;
  if (whole > 0) yield { bytes, begin: 0, end: whole, torn: false, oversize: false };
  if (whole < end) yield { bytes, begin: whole, end, torn: true, oversize: false };
}
