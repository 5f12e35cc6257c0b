const LF = 0x0a;

/** How far behind its end a part is read with it, to finish its last line; longer lines take larger steps. */
const FIRST_STEP_BYTES = 64 << 10;
const MOST_STEP_BYTES = 2 << 20;

/**
 * A stretch of the evidence by byte offsets over the concatenated segments, [begin, end): it stands for the lines that begin in it.
 * So a part may be cut anywhere, needs to know nothing of its neighbours, and every line belongs to exactly one.
 *
 *     bytes   | line 1 LF line 2 LF line 3 LF line 4 |
 *     parts   [       a       )[  b  )[      c       )      a: lines 1 and 2, b: none, c: lines 3 and 4
 *                        (line 2 ends in b, line 3 begins in c)
 */
export interface Part {
  readonly begin: number;
  readonly end: number;
}

/** Bytes [begin, end) of the evidence, in chunks that are valid until the next is asked for. One range at a time. */
export type ReadRange = (begin: number, end: number) => AsyncIterable<Uint8Array>;

/**
 * The part of shard `index` of `count`: equal in bytes but for one.
 * @param index from 0 on. @throws RangeError when there is no such shard.
 */
export function partOf(sizeBytes: number, index: number, count: number): Part {
  const whole = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
  if (!whole(sizeBytes) || !whole(index) || !whole(count) || index >= count) {
    throw new RangeError(`partOf: expected one of ${count} parts of ${sizeBytes} bytes, got part ${index}`);
  }
  // Not sizeBytes * index / count: the product may have no exact double.
  const each = Math.floor(sizeBytes / count);
  const longer = sizeBytes % count;
  const begin = index * each + Math.min(index, longer);
  return { begin, end: begin + each + (index < longer ? 1 : 0) };
}

/** Cut a part into tasks, in order. @param taskBytes how many bytes the next one has when so many are left. */
export function* tasksOf({ begin, end }: Part, taskBytes: (leftBytes: number) => number): Generator<Part> {
  for (let at = begin; at < end; ) {
    const next = Math.min(at + taskBytes(end - at), end);
    yield { begin: at, end: next };
    at = next;
  }
}

/**
 * Read the bytes of a part: from the first line that begins in it to the end of the last one, which may lie behind the part. They
 * end without LF only where the evidence does.
 * @param sizeBytes of the whole evidence. @returns chunks, each valid until the next is asked for; none when no line begins there.
 */
export async function* linesOf(part: Part, sizeBytes: number, read: ReadRange): AsyncGenerator<Uint8Array> {
  const { begin, end } = part;
  if (begin >= end) return;
  // One byte earlier: where that is an LF, a line begins at `begin`.
  let at = Math.max(begin - 1, 0);
  let inside = begin === 0;
  for await (const chunk of stretches(read, at, end, sizeBytes)) {
    let first = 0;
    if (!inside) {
      const lf = chunk.indexOf(LF);
      if (lf < 0 && at + chunk.length < end) {
        at += chunk.length;
        continue;
      }
      if (lf < 0 || at + lf + 1 >= end) return;
      first = lf + 1;
      inside = true;
    }
    // The LF that ends the last line: the first one at end - 1 or behind, since a line behind it begins in the next part.
    const last = chunk.indexOf(LF, Math.max(end - 1 - at, first));
    if (last >= 0) {
      yield chunk.subarray(first, last + 1);
      return;
    }
    yield chunk.subarray(first);
    at += chunk.length;
  }
}

/** The bytes of a part and a little more, in one go as a rule; then as many of those behind it as are asked for. */
async function* stretches(read: ReadRange, begin: number, end: number, sizeBytes: number): AsyncGenerator<Uint8Array> {
  let step = FIRST_STEP_BYTES;
  const first = Math.min(end + step, sizeBytes);
  yield* read(begin, first);
  for (let at = first; at < sizeBytes; ) {
    const next = Math.min(at + step, sizeBytes);
    yield* read(at, next);
    at = next;
    step = Math.min(2 * step, MOST_STEP_BYTES);
  }
}
