import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { shortCall } from './events.ts';
import { assertThat, median, progress, QUICK, quantile, report, rounded } from './result.ts';

/*
 * What a command costs that is over at once: the built program (dist/), each run in a process of its own beside a Node that does
 * nothing, all in turns. A difference is taken within one round, so that work of others weighs on both of its sides; the median counts.
 */

const ROUNDS = QUICK ? 1 : 31;
const ENTRIES = QUICK ? 20 : 1000;
const MOST_MS = 100;
const EMPTY = "node -e ''";
const program = resolve('dist', 'cli', 'main.js');
const folder = mkdtempSync(join(process.env.PERDURE_BENCH_DIR ?? tmpdir(), 'perdure-bench-'));

/** One command, and how its output must begin for the time to count. */
interface Way {
  readonly name: string;
  readonly args: readonly string[];
  readonly input?: string;
  readonly begins: string;
  /** Whether it was promised to stay within MOST_MS. */
  readonly promised: boolean;
}

/** Run a command to its end. @returns milliseconds. */
function run({ name, args, input = '', begins }: Omit<Way, 'promised'>): number {
  const from = process.hrtime.bigint();
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { input, cwd: folder, encoding: 'utf8' });
  const ms = Number(process.hrtime.bigint() - from) / 1e6;
  assertThat(
    status === 0 && stdout.startsWith(begins),
    `"${name}" to say "${begins}", got ${status}: ${stdout}${stderr}`,
  );
  return ms;
}

const perdure = (...args: string[]): readonly string[] => [program, ...args];
const key = ['--key', 'bench', '--keys', 'keys'];
const verify = (log: string, ...more: string[]): readonly string[] => perdure('verify', log, ...key, ...more);
const event = (n: number): string => `${JSON.stringify(shortCall(n))}\n`;
const ways: readonly Way[] = [
  { name: EMPTY, args: ['-e', ''], begins: '', promised: false },
  { name: 'perdure --version', args: perdure('--version'), begins: 'perdure ', promised: false },
  {
    name: `perdure verify, ${ENTRIES} unsigned entries`,
    args: verify('batch', '--allow-unsigned-tail'),
    begins: `VALID ${ENTRIES} receipts · 1 ML-DSA-65 signature `,
    promised: true,
  },
  {
    name: `perdure verify, ${ENTRIES} signed entries`,
    args: verify('each'),
    begins: `VALID ${ENTRIES} receipts · ${ENTRIES} ML-DSA-65 signatures `,
    promised: true,
  },
  {
    name: 'perdure append, 1 signed entry',
    args: perdure('append', 'grows', ...key),
    input: event(0),
    begins: '',
    promised: false,
  },
];

try {
  assertThat(existsSync(program), `${program}, which npm run build makes`);
  makeLogs();
  const times = new Map<string, number[]>(ways.map(({ name }) => [name, []]));
  // The first of each is for the disk's cache.
  for (let round = QUICK ? 1 : 0; round <= ROUNDS; round++) {
    progress(`startup: round ${round} of ${ROUNDS}`);
    for (const way of ways) {
      const ms = run(way);
      if (round > 0) times.get(way.name)!.push(ms);
    }
  }
  const empty = times.get(EMPTY)!;
  report({
    parameters: { rounds: ROUNDS, entries: ENTRIES },
    rows: ways.map(({ name }) => {
      const all = times.get(name)!;
      return {
        name,
        ms: rounded(median(all)),
        ms_p25: rounded(quantile(all, 0.25)),
        ms_least: rounded(Math.min(...all)),
      };
    }),
    ratios: ways.slice(1).map(({ name, promised }) => ({
      name: `${name}, ms above ${EMPTY}`,
      // Of so few runs as a test makes, one may have been held up more than the other.
      value: Math.max(0, rounded(median(times.get(name)!.map((ms, i) => ms - empty[i]!)))),
      ...(promised ? { at_most: MOST_MS } : {}),
    })),
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Write the logs as a user would: with the program itself. */
function makeLogs(): void {
  const all = Array.from({ length: ENTRIES - 1 }, (_, n) => event(n)).join('');
  run({ name: 'key', args: perdure('key', 'new', 'bench', '--plain', '--keys', 'keys'), begins: '' });
  for (const [log, signing, input] of [
    ['batch', 'batch', all],
    ['each', 'each', all],
    ['grows', 'each', event(0)],
  ] as const) {
    const origin = ['--origin', 'example.com/bench'];
    run({ name: 'init', args: perdure('init', log, ...origin, ...key, '--signing', signing), begins: '' });
    run({ name: 'append', args: perdure('append', log, ...key), input, begins: '' });
  }
}
