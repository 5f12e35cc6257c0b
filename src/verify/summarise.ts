import type { LineVerifier } from '../crypto/line-verifier.ts';
import { type Buffers, type LineBatch, type LineRoom, lineBatches, lineRoom } from '../receipt/lines.ts';
import type { Context } from './context.ts';
import { pause } from './pause.ts';
import { Run } from './run.ts';
import type { Summary } from './summary.ts';
import { settle } from './waiting.ts';

/** Time after which a summary lets other work of the process run, in milliseconds. */
const SLICE_MS = 25;

/**
 * Summarise a run of whole lines.
 * @param buf changed for the length of a hash and set back; the caller must not touch it until the answer is there.
 * @param begin first byte of the first line. @param end after the last LF; or after the last byte, when `torn`.
 * @param torn the run is bytes without a line end, the last of the input.
 */
export async function summarise(
  buf: Uint8Array,
  begin: number,
  end: number,
  torn: boolean,
  context: Context,
): Promise<Summary> {
  const run = new Run(buf, begin, end, context);
  if (torn) {
    const tail = run.tornLine(end);
    for (const waiting of run.waiting) await settle(buf, waiting, context);
    return run.finish(tail);
  }
  let at = begin;
  let pausedAt = Date.now();
  // A line verifier files signed lines at once: then those that wait must not be behind them.
  const most = context.lines === null ? 64 : 1;
  while (at < end) {
    at = run.plainLines(at, end);
    if (at < end) {
      const lf = buf.indexOf(0x0a, at);
      run.line(at, lf);
      at = lf + 1;
    }
    if (run.waiting.length >= most || at === end) {
      for (const waiting of run.waiting) {
        await settle(buf, waiting, context);
        if (Date.now() - pausedAt >= SLICE_MS) {
          await pause();
          pausedAt = Date.now();
        }
      }
      run.waiting.length = 0;
    }
  }
  return run.finish(null);
}

/** Summarise a line too long to hold. @param sizeBytes its length, LF included. @param torn it has no LF. */
export function summariseOversize(sizeBytes: number, torn: boolean, context: Context): Summary {
  const run = new Run(new Uint8Array(0), 0, 0, context);
  if (torn) return run.finish({ bytes: sizeBytes, line: false });
  run.oversize(sizeBytes);
  return run.finish(null);
}

/** Summarise a batch of lines on its own. */
export async function summariseBatch(batch: LineBatch, context: Context): Promise<Summary> {
  if (batch.oversize) return summariseOversize(batch.sizeBytes, batch.torn, context);
  return summarise(batch.bytes, batch.begin, batch.end, batch.torn, context);
}

/** @returns where lines are put, so that a line verifier reads them there; undefined where there is none. */
export function roomOf(lines: LineVerifier | null): LineRoom | undefined {
  return lines === null ? undefined : lineRoom(lines.bytes);
}

/**
 * Summarise bytes a batch of lines at a time: what one thread does with all of the evidence, and each worker with a part of it.
 * @param chunks begins to read them, into these buffers where it can.
 */
export async function* summariseEach(
  chunks: (buffers?: Buffers) => AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  context: Context,
): AsyncGenerator<Summary> {
  const room = roomOf(context.lines);
  for await (const batch of lineBatches(chunks(room?.buffers), room)) yield await summariseBatch(batch, context);
}
