import { join } from 'node:path';
import type { Part, Promised } from './engine-parts.ts';
import {
  CHANGED_ENTRY,
  CHANGED_SIGNATURE,
  type LogFile,
  logFolder,
  type Run,
  rowOf,
  runOnce,
  runRight,
  showThatItLooks,
  type Way,
} from './log-runs.ts';
import { makeLog } from './make-log.ts';
import { assertThat, median, progress, QUICK, type Ratio, type Row, rounded } from './result.ts';
import { WARM_LINES } from './verify-rivals.ts';

/*
 * Whole logs from disk, hot in the page cache, each run in a process of its own; what starting one costs is the stage `startup`, here
 * the time from the call to the answer counts, for all alike. Ways in turn; ratios are of one round, the median round counts.
 */

const ROUNDS = QUICK ? 1 : 5;
const UNSIGNED = QUICK ? [300, 3000] : [100_000, 1_000_000];
const SIGNED = QUICK ? [60, 150] : [10_000, 100_000];
/** Noble verifies so many of them, and is scaled to the whole. */
const BY_NOBLE = QUICK ? 10 : 1000;
const BYTES_UNSIGNED = 700;
const BYTES_SIGNED = 5300;
/** Peak memory may differ by this much from one run to the next without the log having anything to do with it. */
const MEMORY_NOISE = 1.15;

/** Logs, and runs by way and log. */
interface Bench {
  readonly logs: ReadonlyMap<string, LogFile>;
  readonly runs: Map<string, Run[]>;
}

/** Verify unsigned and signed logs: time and memory. */
export async function measureLogs(): Promise<Part> {
  const bytes = Math.max(...UNSIGNED) * BYTES_UNSIGNED * 1.2 + Math.max(...SIGNED) * BYTES_SIGNED * 1.2;
  const { folder, dispose } = logFolder(bytes);
  try {
    const logs = new Map<string, LogFile>();
    const make = async (kind: 'unsigned' | 'signed', calls: number): Promise<void> => {
      progress(`engine: writing a log of ${calls} ${kind} entries`);
      const file = join(folder, `${kind}-${calls}.jsonl`);
      logs.set(`${kind} ${calls}`, { file, made: await makeLog(file, calls, kind === 'signed') });
    };
    for (const calls of UNSIGNED) await make('unsigned', calls);
    for (const calls of [WARM_LINES + BY_NOBLE, ...SIGNED]) await make('signed', calls);
    const bench: Bench = { logs, runs: new Map() };
    const [unsigned, signed] = [Math.max(...UNSIGNED), Math.max(...SIGNED)];
    showThatItLooks(logs.get(`unsigned ${UNSIGNED[0]}`)!, ['naive', 'scan', 'wasm', 'wasm-2'], CHANGED_ENTRY);
    showThatItLooks(
      logs.get(`signed ${WARM_LINES + BY_NOBLE}`)!,
      ['naive-signed', 'wasm', 'wasm-2'],
      CHANGED_SIGNATURE,
    );
    for (let round = 0; round < ROUNDS; round++) {
      progress(`engine: logs, round ${round + 1} of ${ROUNDS}`);
      for (const way of ['naive', 'scan', 'wasm', 'wasm-2'] as const) run(bench, way, `unsigned ${unsigned}`);
      run(bench, 'naive-signed', `signed ${WARM_LINES + BY_NOBLE}`);
      for (const way of ['wasm', 'wasm-2'] as const) run(bench, way, `signed ${signed}`);
      for (const log of [`unsigned ${Math.min(...UNSIGNED)}`, `signed ${Math.min(...SIGNED)}`]) run(bench, 'wasm', log);
      add(bench, 'bare', '', runOnce('bare', ''));
    }
    const parts = [unsignedPart(bench, unsigned), signedPart(bench, signed), memoryPart(bench)];
    return { rows: parts.flatMap(({ rows }) => rows), ratios: parts.flatMap(({ ratios }) => ratios) };
  } finally {
    dispose();
  }
}

function run(bench: Bench, way: Way, log: string): void {
  const one = runRight(way, bench.logs.get(log)!);
  // A log that is done before workers are worth their start is read by one thread, whatever was allowed.
  if (!QUICK && way.startsWith('wasm')) assertThat(one.used === (way === 'wasm-2' ? 2 : 1), `the threads of ${way}`);
  add(bench, way, log, one);
}

function add({ runs }: Bench, way: Way, log: string, one: Run): void {
  const key = `${way} ${log}`;
  runs.set(key, [...(runs.get(key) ?? []), one]);
}

const of = ({ runs }: Bench, way: Way, log = ''): readonly Run[] => runs.get(`${way} ${log}`)!;

function rowsOf(bench: Bench, log: string, ways: Readonly<Partial<Record<Way, string>>>, what: string): Row[] {
  return Object.entries(ways).map(([way, rival]) => ({
    ...rowOf(way as Way, bench.logs.get(log)!, of(bench, way as Way, log), `${what}, ${rival}`, 'verifyMs'),
    what,
    rival,
  }));
}

/** How many times the time of `ours` the others take. */
function timeRatio(
  others: readonly number[],
  ours: readonly Run[],
  name: string,
  rows: readonly string[],
  promised: Promised,
): Ratio {
  return { name, value: rounded(median(others.map((ms, i) => ms / ours[i]!.verifyMs!))), ...promised, of: rows };
}

const msOf = (runs: readonly Run[]): readonly number[] => runs.map(({ verifyMs }) => verifyMs!);

function unsignedPart(bench: Bench, entries: number): Part {
  const log = `unsigned ${entries}`;
  const what = `hash chain + canonical check, ${entries.toLocaleString('en-US')} unsigned entries`;
  const names = {
    wasm: 'perdure, one thread',
    'wasm-2': 'perdure, two threads',
    naive: 'readline + JSON.parse + re-stringify + createHash',
    scan: 'Buffer scan + one-shot crypto.hash',
  };
  const ratio = (rival: 'naive' | 'scan', ours: 'wasm' | 'wasm-2', promised: Promised): Ratio =>
    timeRatio(
      msOf(of(bench, rival, log)),
      of(bench, ours, log),
      `${what}, ${ours === 'wasm' ? 'one thread' : 'two threads'}: ${names[rival]} / perdure`,
      [`${what}, ${names[ours]}`, `${what}, ${names[rival]}`],
      promised,
    );
  return {
    rows: rowsOf(bench, log, names, what),
    ratios: [
      ratio('naive', 'wasm', { at_least: 10, goal: 14 }),
      ratio('scan', 'wasm', { at_least: 1, goal: 1.3 }),
      ratio('naive', 'wasm-2', { at_least: 14, goal: 20 }),
    ],
  };
}

function signedPart(bench: Bench, entries: number): Part {
  const log = `signed ${entries}`;
  const what = `whole verify, ${entries.toLocaleString('en-US')} signed receipts`;
  const names = { wasm: 'perdure, one thread', 'wasm-2': 'perdure, two threads' };
  const rows = rowsOf(bench, log, names, what);
  const rival = `JSON.parse + noble, ${BY_NOBLE.toLocaleString('en-US')} receipts, scaled`;
  const scaled = of(bench, 'naive-signed', `signed ${WARM_LINES + BY_NOBLE}`).map(
    ({ countedMs, countedLines }) => (countedMs! / countedLines!) * entries,
  );
  const [one, two] = [of(bench, 'wasm', log), of(bench, 'wasm-2', log)];
  const ms = median(scaled);
  return {
    rows: [
      ...rows,
      {
        name: `${what}, ${rival}`,
        what,
        rival,
        way: 'naive-signed',
        entries,
        ms: rounded(ms),
        us_an_entry: rounded((ms * 1000) / entries),
      },
    ],
    ratios: [
      timeRatio(
        scaled,
        one,
        `${what}, one thread: JSON.parse + noble / perdure`,
        [rows[0]!.name, `${what}, ${rival}`],
        { at_least: 80, goal: 110 },
      ),
      timeRatio(msOf(one), two, `${what}: one thread / two threads`, [rows[1]!.name, rows[0]!.name], {
        at_least: 1.7,
        goal: 1.9,
      }),
    ],
  };
}

/** Peak memory of a process that verifies, above that of one that does nothing; on one thread. */
function memoryPart(bench: Bench): Part {
  const peak = (runs: readonly Run[]): number => median(runs.map(({ maxRssBytes }) => maxRssBytes)) / 1e6;
  const bare = peak(of(bench, 'bare'));
  const rows: Row[] = [{ name: 'memory, bare Node', what: 'memory', rival: 'bare Node', max_rss_mb: rounded(bare) }];
  const ratios: Ratio[] = [];
  for (const [kind, sizes] of [['unsigned', UNSIGNED] as const, ['signed', SIGNED] as const]) {
    const names = sizes.map((entries) => {
      const name = `memory, ${entries.toLocaleString('en-US')} ${kind} entries`;
      const mb = peak(of(bench, 'wasm', `${kind} ${entries}`));
      rows.push({
        name,
        what: name,
        rival: 'perdure, one thread',
        entries,
        max_rss_mb: rounded(mb),
        above_bare_mb: rounded(mb - bare),
      });
      return { name, mb };
    });
    const [small, large] = names as [(typeof names)[0], (typeof names)[0]];
    ratios.push({
      name: `${large.name}, above bare Node`,
      unit: 'MB',
      value: rounded(large.mb - bare),
      at_most: 20,
      goal: 10,
      of: [large.name, 'memory, bare Node'],
    });
    ratios.push({
      name: `${large.name}: peak / peak of a tenth`,
      value: rounded(large.mb / small.mb),
      at_most: MEMORY_NOISE,
      of: [large.name, small.name],
    });
  }
  return { rows, ratios };
}
