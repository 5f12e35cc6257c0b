import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type LogFile, logFolder, type Run, runOnce, runRight, type Way } from './log-runs.ts';
import { makeLog } from './make-log.ts';
import { assertThat, median, progress, QUICK, type Ratio, type Row, report, rounded } from './result.ts';

/*
 * How the cost of verification grows with the log and with the share of signed entries, on one thread and two, each point in a process
 * of its own. Time counts from the call to the verdict, compiling the kernels included; `--slow` adds a million signed entries.
 */

const SLOW = process.argv.includes('--slow');
const ROUNDS = QUICK ? 1 : 3;
const UNSIGNED = QUICK ? [100, 1000] : [1e3, 1e4, 1e5, 1e6, 1e7];
const SIGNED = QUICK ? [20, 60] : SLOW ? [1e3, 1e4, 1e5, 1e6] : [1e3, 1e4, 1e5];
/** Entries of the logs whose signed share differs. */
const MIXED = QUICK ? 60 : 1e5;
const SHARES: readonly number[] = QUICK ? [0, 100] : [0, 25, 50, 75, 100];
/** From so many entries on a point is measured once: it takes ten seconds, and is steady. */
const ONCE = { unsigned: 1e7, signed: 1e6, share: 1e6 } as const;
const BYTES_SIGNED = 5300;

const rows: Row[] = [];
const of = (series: string, entries: number, workers: number): Row =>
  rows.find((row) => row.series === series && row.entries === entries && row.workers === workers)!;

for (const entries of UNSIGNED) {
  measure('unsigned', entries, 0, (workers) => {
    const run = runOnce(workers === 2 ? 'stream-2' : 'stream', String(entries));
    assertThat(run.verdict === 'valid' && run.lines === entries + 1, 'the stream to be valid to its end');
    return run;
  });
}
const { folder, dispose } = logFolder((Math.max(...SIGNED) + 3 * MIXED) * BYTES_SIGNED);
try {
  await measureSigned();
} finally {
  dispose();
}
report({ parameters: { rounds: ROUNDS, slow: SLOW ? 'yes' : 'no' }, rows, ratios: ratios() });

/** One log of which shorter ones are the beginning, and whose signatures are dropped for those with less of them: a hash covers none. */
async function measureSigned(): Promise<void> {
  const most = Math.max(...SIGNED, MIXED);
  progress(`growth: signing ${most} entries`);
  const whole = join(folder, 'whole.jsonl');
  const made = await makeLog(whole, most, true);
  for (const entries of SIGNED) {
    const log = entries === most ? { file: whole, made } : await derive(whole, entries, 100);
    measure('signed', entries, 100, (workers) => runRight(way(workers), log));
  }
  for (const share of SHARES) {
    const log = await derive(whole, MIXED, share);
    measure('share', MIXED, share, (workers) => runRight(way(workers), log));
  }
}

function way(workers: number): Way {
  return workers === 2 ? 'wasm-2' : 'wasm';
}

/** Write the first lines of a signed log, with signatures on a share of them, evenly spread. */
async function derive(whole: string, entries: number, share: number): Promise<LogFile> {
  const file = join(folder, 'derived.jsonl');
  let bytes = 0;
  let lines = 0;
  let head = '';
  const one = (line: Buffer): Buffer => {
    const signed = lines === 0 || Math.floor((lines * share) / 100) > Math.floor(((lines - 1) * share) / 100);
    const sigs = line.lastIndexOf(',"sigs":[');
    head = line.toString('latin1', sigs - 65, sigs - 1);
    lines++;
    const out = signed ? line : Buffer.concat([line.subarray(0, sigs), Buffer.from(',"sigs":[]}\n')]);
    bytes += out.length;
    return out;
  };
  await pipeline(
    createReadStream(whole, { highWaterMark: 1 << 20 }),
    async function* (chunks) {
      let rest: Buffer = Buffer.alloc(0);
      for await (const chunk of chunks as AsyncIterable<Buffer>) {
        rest = Buffer.concat([rest, chunk]);
        const out: Buffer[] = [];
        let at = 0;
        for (let lf = rest.indexOf(0x0a); lf >= 0 && lines <= entries; lf = rest.indexOf(0x0a, at)) {
          out.push(one(rest.subarray(at, lf + 1)));
          at = lf + 1;
        }
        rest = rest.subarray(at);
        yield Buffer.concat(out);
        if (lines > entries) return;
      }
    },
    createWriteStream(file),
  );
  return { file, made: { entries: entries + 1, bytes, head: { size: entries + 1, hash: head } } };
}

/** Measure one point on one thread and on two, in turns. */
function measure(series: keyof typeof ONCE, entries: number, share: number, run: (workers: number) => Run): void {
  const runs: [Run[], Run[]] = [[], []];
  for (let round = 0; round < (entries >= ONCE[series] ? 1 : ROUNDS); round++) {
    progress(`growth: ${series}, ${entries} entries, ${share} % signed, round ${round + 1}`);
    for (const workers of [1, 2]) runs[workers - 1]!.push(run(workers));
  }
  for (const [i, list] of runs.entries()) {
    const ms = median(list.map(({ verifyMs }) => verifyMs!));
    const made = list.map(({ generateMs }) => generateMs).filter((one) => one !== undefined);
    const count = entries.toLocaleString('en-US');
    const what = series === 'share' ? `${count} entries, ${share} % signed` : `${count} ${series} entries`;
    const threads = i === 0 ? 'one thread' : 'two threads';
    rows.push({
      name: `${series}: ${what}, ${threads}`,
      what,
      rival: `perdure, ${threads}`,
      series,
      entries,
      share,
      workers: i + 1,
      // Little evidence is read by one thread, whatever was allowed.
      threads_used: Math.max(...list.map(({ used }) => used!)),
      ms: rounded(ms),
      us_an_entry: rounded((ms * 1000) / entries),
      per_second: rounded((entries * 1000) / ms),
      ...(made.length === 0 ? {} : { generate_ms: rounded(median(made)) }),
    });
  }
}

/** What the plot says in one figure each; nothing was promised. */
function ratios(): Ratio[] {
  return [['unsigned', UNSIGNED] as const, ['signed', SIGNED] as const].flatMap(([series, sizes]): Ratio[] => {
    const most = Math.max(...sizes);
    const before = sizes.at(-2)!;
    const [one, two, less] = [of(series, most, 1), of(series, most, 2), of(series, before, 1)];
    const long = `${most.toLocaleString('en-US')} ${series} entries`;
    return [
      {
        name: `${long}: one thread / two threads`,
        value: rounded(Number(one.ms) / Number(two.ms)),
        of: [two.name, one.name],
      },
      {
        name: `${long}: time an entry / of a tenth`,
        value: rounded(Number(one.us_an_entry) / Number(less.us_an_entry)),
        of: [one.name, less.name],
      },
    ];
  });
}
