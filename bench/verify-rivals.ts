import { createHash, hash } from 'node:crypto';
import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { createInterface } from 'node:readline';

/*
 * How one would verify a log without us. None of these checks the form of a line, canonical JSON, or who may sign: they do less than
 * verify() does, which is what they are measured against.
 */

/** What a rival found, and where it got to. */
export interface Found {
  readonly verdict: 'valid' | 'invalid';
  readonly lines: number;
  readonly head: string;
  /** Of naiveSigned: lines that were timed, and their time. */
  readonly countedLines?: number;
  readonly countedMs?: number;
}

interface NaiveLine {
  readonly entry: { readonly prev: string; readonly seq: number };
  readonly hash: string;
  readonly sigs: readonly { readonly sig: string }[];
}

/** What one writes first: readline, JSON.parse, JSON.stringify, createHash, compare prev. */
export async function naive(path: string): Promise<Found> {
  let prev = '0'.repeat(64);
  let lines = 0;
  for await (const line of linesOf(path)) {
    const { entry, hash: claimed } = JSON.parse(line) as NaiveLine;
    const computed = createHash('sha256')
      .update(`\0${JSON.stringify(entry)}`)
      .digest('hex');
    if (computed !== claimed || entry.prev !== prev || entry.seq !== lines)
      return { verdict: 'invalid', lines, head: prev };
    prev = claimed;
    lines++;
  }
  return { verdict: 'valid', lines, head: prev };
}

/** Lines that warm up: where the result is scaled to a log a hundred times as long, its start must not be scaled with it. */
export const WARM_LINES = 100;

/** The same, and every signature by noble under one key. @param publicKey 1952 bytes. */
export async function naiveSigned(path: string, publicKey: Uint8Array, context: string): Promise<Found> {
  const { ml_dsa65 } = await import('@noble/post-quantum/ml-dsa.js');
  const ctx = new TextEncoder().encode(context);
  let prev = '0'.repeat(64);
  let lines = 0;
  let begin = 0;
  for await (const line of linesOf(path)) {
    if (lines === WARM_LINES) begin = performance.now();
    const { entry, hash: claimed, sigs } = JSON.parse(line) as NaiveLine;
    const bytes = Buffer.from(`\0${JSON.stringify(entry)}`);
    const computed = createHash('sha256').update(bytes).digest('hex');
    const signed = sigs.every(({ sig }) =>
      ml_dsa65.verify(Buffer.from(sig, 'base64url'), bytes.subarray(1), publicKey, { context: ctx }),
    );
    if (!signed || sigs.length === 0 || computed !== claimed || entry.prev !== prev || entry.seq !== lines)
      return { verdict: 'invalid', lines, head: prev };
    prev = claimed;
    lines++;
  }
  return {
    verdict: 'valid',
    lines,
    head: prev,
    countedLines: lines - WARM_LINES,
    countedMs: performance.now() - begin,
  };
}

function linesOf(path: string): AsyncIterable<string> {
  return createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY });
}

const BLOCK_BYTES = 2 << 20;
const LF = 0x0a;

/*
 *   {"entry": … ,"prev":"<64>","seq":<n>,"time":"<24>","v":1},"hash":"<64>","sigs":[]}
 */
const ENTRY_AT = '{"entry":'.length;
const AFTER_PREV = '","seq":'.length + ',"time":"'.length + 24 + '","v":1}'.length;
const BEFORE_HASH = ',"hash":"'.length;
const AFTER_HASH = '","sigs":[]}'.length;

/**
 * The fastest we could write with what Node has: blocks into one buffer, lines by Buffer.indexOf, members at their distances from the
 * end of the line, one-shot `crypto.hash` with hex output upon the very bytes. It relies on lines being what we wrote.
 */
export function scan(path: string): Found {
  const file = openSync(path, 'r');
  const buffer = Buffer.allocUnsafe(BLOCK_BYTES) as Buffer & { latin1Slice(begin: number, end: number): string };
  let prev = '0'.repeat(64);
  let lines = 0;
  let kept = 0;
  try {
    for (;;) {
      const read = readSync(file, buffer, kept, buffer.length - kept, null);
      if (read === 0) return { verdict: kept === 0 ? 'valid' : 'invalid', lines, head: prev };
      const end = kept + read;
      let at = 0;
      for (;;) {
        const lf = buffer.indexOf(LF, at);
        if (lf < 0 || lf >= end) break;
        // Only the genesis of an unsigned log has a signature.
        const hashEnd = lines > 0 ? lf - AFTER_HASH : buffer.indexOf('","sigs":[{', at);
        const entryEnd = hashEnd - 64 - BEFORE_HASH;
        const prevEnd = entryEnd - AFTER_PREV - String(lines).length;
        // The leaf prefix, in place of the colon before the entry: so nothing is copied.
        buffer[at + ENTRY_AT - 1] = 0;
        const computed = hash('sha256', buffer.subarray(at + ENTRY_AT - 1, entryEnd), 'hex');
        if (computed !== buffer.latin1Slice(hashEnd - 64, hashEnd)) return { verdict: 'invalid', lines, head: prev };
        if (prev !== buffer.latin1Slice(prevEnd - 64, prevEnd)) return { verdict: 'invalid', lines, head: prev };
        prev = computed;
        lines++;
        at = lf + 1;
      }
      kept = end - at;
      buffer.copyWithin(0, at, end);
    }
  } finally {
    closeSync(file);
  }
}
