import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './compile.ts';
import type { Ratio, Result, Row } from './result.ts';

/*
 * The table of figures in the README, made from the result files and from nothing else. `node --import ./.ci/ts.mjs bench/table.ts`
 * writes it; test/bench/table.test.ts holds README and files together.
 */

export const BEGIN = '<!-- bench:begin -->';
export const END = '<!-- bench:end -->';

/** Stages in the order of the table. */
const STAGES = ['pipeline', 'append', 'verify', 'startup', 'crypto', 'chromium'] as const;

/** Read the result files that are there. */
export function readResults(folder: string): readonly Result[] {
  return STAGES.map((stage) => join(folder, `${stage}.json`))
    .filter((file) => existsSync(file))
    .map((file) => JSON.parse(readFileSync(file, 'utf8')) as Result);
}

/** Cells of one line of the table. */
type Line = readonly [what: string, measured: string, beside: string, ratio: string];

/** Form the table. @returns Markdown, without the markers. */
export function renderTable(results: readonly Result[]): string {
  const table = [
    '| What | Measured | Beside it, in the same run | Ratio, and what it was to reach |',
    '|---|---|---|---|',
    ...results.flatMap((result) => linesOf(result)).map((cells) => `| ${cells.join(' | ')} |`),
  ];
  const machines = [...new Set(results.map(machineOf))].map((text) => `Measured on ${text}.`);
  return [...table, '', ...machines, `Result files: ${results.map(fileOf).join('; ')}.`].join('\n');
}

function linesOf(result: Result): Line[] {
  switch (result.stage) {
    case 'pipeline':
      return pipelineLines(result);
    case 'append':
      return appendLines(result);
    case 'verify':
      return verifyLines(result);
    case 'startup':
      return startupLines(result);
    case 'chromium':
      return chromiumLines(result);
    default:
      return cryptoLines(result);
  }
}

function pipelineLines(result: Result): Line[] {
  const [all, , naive, recorded] = result.rows as readonly [Row, Row, Row, Row];
  return [
    [
      `one event of ${all.event_bytes} bytes, no disk, no signature: ${all.name}`,
      `${digits(all.us)} µs`,
      `${naive.name}: ${digits(naive.us)} µs`,
      ratioOf(result, 'guard + canonicalise + hash + line', ' µs'),
    ],
    [
      `an event of ${recorded.event_bytes} bytes through the recorder: ${recorded.name}`,
      `${digits(recorded.us)} µs · p50 ${digits(recorded.us_p50)} · p99 ${digits(recorded.us_p99)}`,
      '',
      '',
    ],
  ];
}

function appendLines(result: Result): Line[] {
  const rivals = ['awaited', 'blocking'].map((how) => ({ how, row: rowOf(result, `fsync per line, ${how}`) }));
  const lines = result.rows
    .filter((row) => !rivals.some((rival) => rival.row === row))
    .map((row): Line => {
      const [, mode, appenders] = /^(.*), (\d+)$/.exec(row.name) as unknown as [string, string, string];
      const who = appenders === '1' ? '1 appender' : `${appenders} appenders`;
      const what = `append, ${mode}, ${who}`;
      const figures = `${count(row.per_second)}/s · p50 ${digits(row.p50_ms)} ms · p99 ${digits(row.p99_ms)} ms`;
      if (mode !== 'unsigned') return [what, figures, '', ''];
      const figure = appenders === '1' ? 'p50' : 'throughput';
      const beside = rivals.map(({ how, row: rival }) =>
        figure === 'p50' ? `p50 ${digits(rival.p50_ms)} ms ${how}` : `${count(rival.per_second)}/s ${how}`,
      );
      const ratios = rivals.map(({ how }) => {
        const ratio = result.ratios.find(({ name }) => name === `${figure}, ${mode}, ${who} / fsync per line, ${how}`);
        return ratio === undefined ? '' : shown(ratio, `× ${how}`);
      });
      return [what, figures, `JSONL, fsync per line: ${beside.join(', ')}`, `${figure} ${ratios.join(', ')}`];
    });
  return result.versions.node_native === undefined
    ? [...lines, ['append, each, ML-DSA-65 native', 'needs native ML-DSA (Node ≥ 24.7)', '', '']]
    : lines;
}

function verifyLines(result: Result): Line[] {
  const entries = Math.max(...result.rows.map((row) => Number(row.entries)));
  const of = (way: string): Row => result.rows.find((row) => row.way === way && row.entries === entries)!;
  const figures = (row: Row): string =>
    `${digits(Number(row.ms) / 1000)} s · ${digits(row.us_an_entry)} µs an entry · ${digits(row.max_rss_mb)} MB at most`;
  const naive = of('naive');
  const what = `verify ${count(entries)} unsigned entries (${count(Number(naive.log_bytes) / 1e6)} MB)`;
  const beside = `readline + JSON.parse + JSON.stringify + createHash: ${figures(naive)}`;
  const memory = result.ratios.find(({ name }) => name.startsWith('peak memory') && name.endsWith('perdure'))!;
  return [
    [`${what}, TypeScript, \`crypto.hash\``, figures(of('perdure')), beside, ratioOf(result, 'naive / perdure,', '×')],
    [
      `${what}, TypeScript, noble alone`,
      figures(of('noble')),
      beside,
      ratioOf(result, 'naive / perdure with noble', '×'),
    ],
    [
      'memory of that, ten times the log',
      `${digits(of('perdure').max_rss_mb)} MB at most`,
      `a tenth of it: ${digits(result.rows.find((row) => row.way === 'perdure' && row.entries !== entries)!.max_rss_mb)} MB`,
      shown(memory, '×'),
    ],
  ];
}

function startupLines(result: Result): Line[] {
  const [empty, ...rows] = result.rows as readonly [Row, ...Row[]];
  return rows.map((row) => [
    `\`${row.name.replace(/,.*/, '')}\`${/,.*/.exec(row.name) ?? ''}, from start to end`,
    `${digits(row.ms)} ms`,
    `\`${empty.name}\`: ${digits(empty.ms)} ms`,
    ratioOf(result, `${row.name}, ms above`, ' ms above it'),
  ]);
}

function cryptoLines(result: Result): Line[] {
  const time = (row: Row): string => `${duration(Number(row.us))} · ${count(row.per_second)}/s`;
  const lines = result.rows
    .filter((row) => row.alg === 'ML-DSA-65')
    .map((row): Line => {
      const classical = result.rows.find(
        (other) =>
          other.alg === 'Ed25519' &&
          other.op === row.op &&
          other.engine === (row.engine === 'wasm' ? 'native' : row.engine) &&
          other.node === row.node,
      );
      const whose = row.engine === 'wasm' ? 'Ed25519, native' : 'Ed25519';
      const beside = classical === undefined ? '' : `${whose}: ${time(classical)}`;
      const ratio = result.ratios.find(
        ({ name }) => name === `${row.op} ML-DSA-65 / Ed25519, ${row.engine}, ${row.node}`,
      );
      return [String(row.name), time(row), beside, ratio === undefined ? '' : `${digits(ratio.value)}× its time`];
    });
  return result.versions.node_native === undefined
    ? [...lines, ['sign and verify ML-DSA-65, native', 'needs native ML-DSA (Node ≥ 24.7)', '', '']]
    : lines;
}

function chromiumLines(result: Result): Line[] {
  if (result.rows.length === 0) return [['verify a File in Chromium', 'needs Chromium', '', '']];
  const rate = (row: Row): string => `${count(row.entries_per_second)} entries/s · ${digits(Number(row.ms) / 1000)} s`;
  const naive = rowOf(result, String(result.parameters.naive));
  const hash = naive.name === 'naive subtle' ? 'crypto.subtle' : '@noble/hashes';
  const beside = `File.stream + JSON.parse + JSON.stringify + ${hash} on the page's thread: ${rate(naive)}`;
  const what = `verify a File of ${count(naive.entries)} unsigned entries in a page, Chromium ${result.parameters.chromium}`;
  return [
    ['perdure', 'naive / perdure, '],
    ['perdure 1', 'naive / perdure with one worker'],
  ].map(([way, ratio]): Line => {
    const row = rowOf(result, way!);
    const workers = row.workers === 1 ? '1 worker' : `${row.workers} workers`;
    return [`${what}, ${workers}`, rate(row), beside, ratioOf(result, ratio!, '×')];
  });
}

function machineOf({ machine, versions }: Result): string {
  const sha = machine.sha_ni === null ? '' : machine.sha_ni ? ' with SHA extensions' : ' without SHA extensions';
  return `${machine.cpu}, ${machine.cores} cores${sha}, ${machine.os}, ${machine.fs}, Node ${versions.node}`;
}

function fileOf({ stage, machine, versions, commit, date }: Result): string {
  const native = versions.node_native === undefined ? '' : `, native ML-DSA by Node ${versions.node_native}`;
  const at = `${commit.slice(0, 9)}${commit.endsWith('+') ? ' with changes' : ''}`;
  return `\`bench/results/${stage}.json\` (${date.slice(0, 10)}, commit ${at}, load average ${machine.load.join(' to ')}${native})`;
}

function rowOf(result: Result, name: string): Row {
  const row = result.rows.find((one) => one.name === name);
  if (row === undefined) throw new Error(`table: expected a row "${name}" in ${result.stage}.json`);
  return row;
}

function ratioOf(result: Result, begin: string, unit: string): string {
  const ratio = result.ratios.find(({ name }) => name.startsWith(begin));
  return ratio === undefined ? '' : shown(ratio, unit);
}

/** A ratio with its goal, and whether it was reached: losses are shown too. */
function shown({ value, at_least, at_most }: Ratio, unit: string): string {
  const figure = `**${digits(value)}**${unit}`;
  if (at_least !== undefined) return `${figure} (at least ${at_least}: ${value >= at_least ? 'reached' : 'missed'})`;
  if (at_most !== undefined) return `${figure} (at most ${at_most}: ${value <= at_most ? 'reached' : 'missed'})`;
  return figure;
}

/** Three digits: more are noise. */
function digits(value: string | number | null | undefined): string {
  const number = Number(value);
  return number >= 100 ? count(number) : String(Number(number.toPrecision(3)));
}

function count(value: string | number | null | undefined): string {
  const number = Number(value);
  return Math.round(number >= 1000 ? Number(number.toPrecision(3)) : number).toLocaleString('en-US');
}

function duration(us: number): string {
  return us >= 1000 ? `${digits(us / 1000)} ms` : `${digits(us)} µs`;
}

/** Put the table between the markers of a README. @throws Error when they are not there. */
export function withTable(readme: string, table: string): string {
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`table: expected ${BEGIN} and ${END} in README.md`);
  return `${readme.slice(0, begin + BEGIN.length)}\n${table}\n${readme.slice(end)}`;
}

/** Write the table into the README. */
export function writeTable(): void {
  const file = join(root, 'README.md');
  const table = renderTable(readResults(join(root, 'bench', 'results')));
  writeFileSync(file, withTable(readFileSync(file, 'utf8'), table));
}

if (process.argv[1]?.endsWith('table.ts')) writeTable();
