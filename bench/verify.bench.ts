import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, openSync, readSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toJwk } from '../src/crypto/public-key.ts';
import { benchKey } from './events.ts';
import { type MadeLog, makeLog } from './make-log.ts';
import { assertThat, median, progress, QUICK, type Row, report, rounded } from './result.ts';

/*
 * Verification of an unsigned log, each run in a process of its own, ways in turn. Every run must have come to the right end.
 */

const SIZES = QUICK ? [200, 2000] : [100_000, 1_000_000];
const ROUNDS = QUICK ? 1 : 3;
const BYTES_A_LINE = 700;
/** Peak memory may differ by this much from one run to the next without the log having anything to do with it. */
const MEMORY_NOISE = 1.15;
const WAYS = ['naive', 'perdure', 'noble'] as const;
type Way = (typeof WAYS)[number];

interface Run {
  readonly verdict: string;
  readonly lines: number;
  readonly head: string;
  readonly ms: number;
  readonly cpuMs: number;
  readonly maxRssBytes: number;
  readonly firstProblem: { readonly code: string; readonly line: number } | null;
}

const child = fileURLToPath(new URL('./verify-child.js', import.meta.url));
const jwk = JSON.stringify(toJwk(benchKey('ML-DSA-65').publicKey));
const folder = mkdtempSync(join(process.env.PERDURE_BENCH_DIR ?? tmpdir(), 'perdure-bench-'));
try {
  const { bavail, bsize } = statfsSync(folder);
  const need = SIZES.reduce((sum, size) => sum + size * BYTES_A_LINE, 0);
  assertThat(bavail * bsize > need, `${need} free bytes in ${folder}`);
  const logs = new Map<number, { file: string; made: MadeLog }>();
  for (const size of SIZES) {
    progress(`verify: writing a log of ${size} entries`);
    const file = join(folder, `${size}.jsonl`);
    logs.set(size, { file, made: await makeLog(file, size) });
  }
  const [small, large] = SIZES as [number, number];
  showThatItLooks(logs.get(small)!);

  const runs = new Map<string, Run[]>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const size of SIZES) {
      for (const way of WAYS) {
        progress(`verify: round ${round + 1} of ${ROUNDS}, ${size} entries, ${way}`);
        const { file, made } = logs.get(size)!;
        const run = runOnce(way, file);
        assertThat(run.verdict === 'valid', `${way} to find the log valid, got ${run.verdict}`);
        assertThat(run.lines === made.entries && run.head === made.head.hash, `${way} to reach the head of the log`);
        const key = `${way} ${size}`;
        runs.set(key, [...(runs.get(key) ?? []), run]);
      }
    }
  }

  const of = (way: Way, size: number): readonly Run[] => runs.get(`${way} ${size}`)!;
  const rows = SIZES.flatMap((size) => WAYS.map((way): Row => rowOf(way, size, of(way, size), logs.get(size)!.made)));
  const ratio = (a: Way, b: Way): number => rounded(median(of(a, large).map(({ ms }, i) => ms / of(b, large)[i]!.ms)));
  const memory = (way: Way): number =>
    rounded(
      median(of(way, large).map((run) => run.maxRssBytes)) / median(of(way, small).map((run) => run.maxRssBytes)),
    );
  report({
    parameters: {
      rounds: ROUNDS,
      bytes_a_line: Math.round(logs.get(large)!.made.bytes / logs.get(large)!.made.entries),
    },
    rows,
    ratios: [
      { name: `naive / perdure, ${large} entries`, value: ratio('naive', 'perdure'), at_least: 5 },
      { name: `naive / perdure with noble alone, ${large} entries`, value: ratio('naive', 'noble') },
      {
        name: `peak memory at ${large} / at ${small} entries, perdure`,
        value: memory('perdure'),
        at_most: MEMORY_NOISE,
      },
      { name: `peak memory at ${large} / at ${small} entries, naive`, value: memory('naive') },
    ],
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function runOnce(way: Way, file: string): Run {
  return JSON.parse(execFileSync(process.execPath, [child, way, file, jwk], { encoding: 'utf8' })) as Run;
}

function rowOf(way: Way, entries: number, list: readonly Run[], { bytes }: MadeLog): Row {
  const ms = median(list.map((run) => run.ms));
  return {
    name: `${way}, ${entries} entries`,
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

/** Correct before fast: one byte changed in the middle of a copy must be found where it is, by every way. */
function showThatItLooks({ file, made }: { file: string; made: MadeLog }): void {
  const copy = `${file}.changed`;
  copyFileSync(file, copy);
  const handle = openSync(copy, 'r+');
  const block = Buffer.alloc(4096);
  const from = Math.floor(made.bytes / 2);
  readSync(handle, block, 0, block.length, from);
  const at = block.indexOf('"session":"s-') + 13;
  assertThat(at > 13, 'a session in the block');
  block[at] = block[at] === 0x39 ? 0x30 : 0x39;
  writeSync(handle, block, at, 1, from + at);
  for (const way of WAYS) {
    const { verdict, firstProblem } = runOnce(way, copy);
    assertThat(verdict === 'invalid', `${way} to see one changed byte`);
    assertThat(way === 'naive' || firstProblem?.code === 'HASH_MISMATCH', `${way} to say what it is`);
  }
}
