import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, openSync, readSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toJwk } from '../src/crypto/public-key.ts';
import { benchKey } from './events.ts';
import type { MadeLog } from './make-log.ts';
import { assertThat, median, type Row, rounded } from './result.ts';

/*
 * Verifications of logs on disk, each in a process of its own (verify-child.ts).
 */

/** How a log is verified: see verify-child.ts. */
export type Way =
  | 'bare'
  | 'naive'
  | 'naive-signed'
  | 'scan'
  | 'perdure'
  | 'noble'
  | 'wasm'
  | 'wasm-2'
  | 'stream'
  | 'stream-2';

/** A log on disk. */
export interface LogFile {
  readonly file: string;
  readonly made: MadeLog;
}

/** What one process printed. */
export interface Run {
  readonly verdict: string;
  readonly lines: number;
  readonly head: string;
  readonly ms: number;
  readonly cpuMs: number;
  readonly maxRssBytes: number;
  readonly firstProblem: { readonly code: string; readonly line: number } | null;
  /** Of the engine: who verified, threads that there were. */
  readonly engine?: string;
  readonly used?: number;
  /** Time from the call to the answer, where the start of the process is not to count. */
  readonly verifyMs?: number;
  /** Of a stream: time to make it, not part of verifyMs. */
  readonly generateMs?: number;
  /** Of naive-signed. */
  readonly countedLines?: number;
  readonly countedMs?: number;
}

const child = fileURLToPath(new URL('./verify-child.js', import.meta.url));
const jwk = JSON.stringify(toJwk(benchKey('ML-DSA-65').publicKey));

/** Verify a file one way. */
export function runOnce(way: Way, file: string): Run {
  return JSON.parse(execFileSync(process.execPath, [child, way, file, jwk], { encoding: 'utf8' })) as Run;
}

/** The same, and refuse to go on when it does not end at the head of the log. */
export function runRight(way: Way, { file, made }: LogFile): Run {
  const run = runOnce(way, file);
  assertThat(run.verdict === 'valid', `${way} to find the log valid, got ${run.verdict}`);
  assertThat(run.lines === made.entries && run.head === made.head.hash, `${way} to reach the head of the log`);
  assertThat(run.engine === undefined || run.engine === 'wasm', `our kernels, got ${run.engine}`);
  return run;
}

/** Make a folder for logs, removed by `dispose`. @throws Error where less than `bytes` are free. */
export function logFolder(bytes: number): { readonly folder: string; dispose(): void } {
  const folder = mkdtempSync(join(process.env.PERDURE_BENCH_DIR ?? tmpdir(), 'perdure-bench-'));
  const dispose = (): void => rmSync(folder, { recursive: true, force: true });
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize > bytes) return { folder, dispose };
  dispose();
  throw new Error(`bench: expected ${bytes} free bytes in ${folder}, got ${bavail * bsize}`);
}

/** Figures of the runs of one way over one log. @param time whether the start of the process counts. */
export function rowOf(
  way: Way,
  { made }: LogFile,
  list: readonly Run[],
  name: string,
  time: 'ms' | 'verifyMs' = 'ms',
): Row {
  const { bytes } = made;
  const entries = made.entries - 1;
  const ms = median(list.map((run) => run[time]!));
  return {
    name,
    way,
    entries,
    log_bytes: bytes,
    ms: rounded(ms),
    us_an_entry: rounded((ms * 1000) / entries),
    mb_per_second: rounded(bytes / 1000 / ms),
    cpu_ms: rounded(median(list.map((run) => run.cpuMs))),
    max_rss_mb: rounded(median(list.map((run) => run.maxRssBytes)) / 1e6),
  };
}

/** What is changed to show that a way looks: one character behind `before`, near the middle of the log. */
export interface Change {
  readonly before: string;
  /** What verify() must call it. */
  readonly code: string;
}

export const CHANGED_ENTRY: Change = { before: '"session":"s-', code: 'HASH_MISMATCH' };
export const CHANGED_SIGNATURE: Change = { before: '"sig":"', code: 'SIGNATURE_INVALID' };

/** Correct before fast: one character changed in the middle of a copy must be found, by every way. */
export function showThatItLooks({ file, made }: LogFile, ways: readonly Way[], { before, code }: Change): void {
  const copy = `${file}.changed`;
  copyFileSync(file, copy);
  const handle = openSync(copy, 'r+');
  const block = Buffer.alloc(1 << 14);
  const from = Math.floor(made.bytes / 2);
  readSync(handle, block, 0, block.length, from);
  const at = block.indexOf(before) + before.length;
  assertThat(at > before.length, `${before} in the block`);
  block[at] = block[at] === 0x39 ? 0x30 : 0x39;
  writeSync(handle, block, at, 1, from + at);
  for (const way of ways) {
    const { verdict, firstProblem = null } = runOnce(way, copy);
    assertThat(verdict === 'invalid', `${way} to see one changed character after ${before}`);
    assertThat(firstProblem === null || firstProblem.code === code, `${way} to say ${code}, got ${firstProblem?.code}`);
  }
  rmSync(copy);
}
