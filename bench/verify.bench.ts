import { join } from 'node:path';
import { CHANGED_ENTRY, type LogFile, logFolder, type Run, rowOf, runRight, showThatItLooks } from './log-runs.ts';
import { makeLog } from './make-log.ts';
import { median, progress, QUICK, type Row, report, rounded } from './result.ts';

/*
 * Verification of an unsigned log in TypeScript, each run in a process of its own, ways in turn. Every run must have come to the right
 * end. What everyone gets by default, the WASM engine, is measured by engine.bench.ts.
 */

const SIZES = QUICK ? [200, 2000] : [100_000, 1_000_000];
const ROUNDS = QUICK ? 1 : 3;
const BYTES_A_LINE = 700;
/** Peak memory may differ by this much from one run to the next without the log having anything to do with it. */
const MEMORY_NOISE = 1.15;
const WAYS = ['naive', 'perdure', 'noble'] as const;
type OurWay = (typeof WAYS)[number];

const { folder, dispose } = logFolder(SIZES.reduce((sum, size) => sum + size * BYTES_A_LINE, 0));
try {
  const logs = new Map<number, LogFile>();
  for (const size of SIZES) {
    progress(`verify: writing a log of ${size} entries`);
    const file = join(folder, `${size}.jsonl`);
    logs.set(size, { file, made: await makeLog(file, size) });
  }
  const [small, large] = SIZES as [number, number];
  showThatItLooks(logs.get(small)!, WAYS, CHANGED_ENTRY);

  const runs = new Map<string, Run[]>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const size of SIZES) {
      for (const way of WAYS) {
        progress(`verify: round ${round + 1} of ${ROUNDS}, ${size} entries, ${way}`);
        const key = `${way} ${size}`;
        runs.set(key, [...(runs.get(key) ?? []), runRight(way, logs.get(size)!)]);
      }
    }
  }

  const of = (way: OurWay, size: number): readonly Run[] => runs.get(`${way} ${size}`)!;
  const rows = SIZES.flatMap((size) =>
    WAYS.map((way): Row => rowOf(way, logs.get(size)!, of(way, size), `${way}, ${size} entries`)),
  );
  const ratio = (a: OurWay, b: OurWay): number =>
    rounded(median(of(a, large).map(({ ms }, i) => ms / of(b, large)[i]!.ms)));
  const memory = (way: OurWay): number =>
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
  dispose();
}
