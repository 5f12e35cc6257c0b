import { sha256 } from '@noble/hashes/sha2.js';
import { type AuditOptions, parseJwk, verify } from '../src/auditor.ts';

/*
 * The page of the stage `chromium`: one file, chosen by a user, verified by several ways in turn.
 *
 *   perdure        verify() with as many workers as the browser has threads     perdure 1   with one worker
 *   naive noble    what one writes first, on the page's own thread: File.stream, text lines, JSON.parse, JSON.stringify, SHA-256 by
 *                  @noble/hashes, compare prev. It checks neither form nor canonical JSON nor the signature of genesis.
 *   naive subtle   the same with crypto.subtle.digest, a promise an entry
 *
 * JSON.stringify keeps the members in the order of the file, so that it forms the bytes that were hashed without sorting anything: the
 * least that a naive check can do.
 */

/** One run, as the stage reads it. */
export interface PageRun {
  readonly verdict: string;
  readonly lines: number;
  readonly head: string | null;
  readonly ms: number;
  readonly workers: number;
  readonly code: string | null;
}

type Sha256 = (message: Uint8Array) => Uint8Array | Promise<Uint8Array>;

const subtle: Sha256 = async (message) =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', message as Uint8Array<ArrayBuffer>));

async function run(way: string, jwk: unknown): Promise<PageRun> {
  const file = document.querySelector('input')!.files![0]!;
  const startedAt = performance.now();
  const found = way.startsWith('naive')
    ? await naive(file, way === 'naive subtle' ? subtle : sha256)
    : await perdure(file, { keys: [parseJwk(jwk)], ...(way === 'perdure 1' ? { workers: 1 } : {}) });
  return { ...found, ms: performance.now() - startedAt };
}

async function perdure(file: File, options: AuditOptions): Promise<Omit<PageRun, 'ms'>> {
  const { verdict, counts, head, run, problems } = await verify(file, { ...options, allowUnsignedTail: true });
  return { verdict, lines: counts.lines, head: head.hash, workers: run.workers, code: problems[0]?.code ?? null };
}

async function naive(file: File, hash: Sha256): Promise<Omit<PageRun, 'ms'>> {
  const encoder = new TextEncoder();
  let prev = '0'.repeat(64);
  let lines = 0;
  let rest = '';
  const check = async (line: string): Promise<boolean> => {
    const { entry, hash: stated } = JSON.parse(line) as { entry: { prev: string; seq: number }; hash: string };
    const message = encoder.encode(`\0${JSON.stringify(entry)}`);
    const digest = hash(message);
    const computed = toHex(digest instanceof Uint8Array ? digest : await digest);
    if (computed !== stated || entry.prev !== prev || entry.seq !== lines) return false;
    prev = stated;
    lines++;
    return true;
  };
  const done = (verdict: string) => ({ verdict, lines, head: prev, workers: 0, code: null });
  const reader = file.stream().pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done: ended, value } = await reader.read();
    if (ended) return done(rest === '' ? 'valid' : 'invalid');
    const parts = (rest + value).split('\n');
    rest = parts.pop()!;
    for (const line of parts) if (!(await check(line))) return done('invalid');
  }
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX[byte];
  return text;
}

Object.assign(globalThis, { bench: { run } });
document.body.dataset.ready = 'yes';
