import { MAX_LINE_BYTES } from '../base/limits.ts';

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
/** A line of the greatest length with its LF, and a batch. */
const BUFFER_BYTES = MAX_LINE_BYTES + 1 + BATCH_BYTES;

/**
 * Cut a byte stream into batches of whole lines, in memory that does not grow with the input: about 3 MiB, whatever the lines.
 * The chunks of the source are copied, never kept and never changed. @param bytes where the batches are put: BUFFER_BYTES of it.
 */
export async function* lineBatches(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  bytes: Uint8Array = new Uint8Array(BUFFER_BYTES),
): AsyncGenerator<LineBatch> {
  let end = 0;
  let skipped = 0; // bytes of a line that is being skipped because it is too long; 0 when none is
  for await (const chunk of source) {
    let at = 0;
    while (at < chunk.length) {
      if (skipped > 0) {
        const lf = chunk.indexOf(0x0a, at);
        const next = lf < 0 ? chunk.length : lf + 1;
        skipped += next - at;
        at = next;
        if (lf < 0) continue;
        yield { sizeBytes: skipped, torn: false, oversize: true };
        skipped = 0;
        continue;
      }
      const take = Math.min(chunk.length - at, bytes.length - end);
      bytes.set(chunk.subarray(at, at + take), end);
      at += take;
      end += take;
      if (end < bytes.length) continue;
      const whole = bytes.lastIndexOf(0x0a, end - 1) + 1;
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
  const whole = end === 0 ? 0 : bytes.lastIndexOf(0x0a, end - 1) + 1;
  if (whole > 0) yield { bytes, begin: 0, end: whole, torn: false, oversize: false };
  if (whole < end) yield { bytes, begin: whole, end, torn: true, oversize: false };
}
