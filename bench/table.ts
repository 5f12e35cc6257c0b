import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './compile.ts';
import { renderPlot } from './plot.ts';
import type { Result } from './result.ts';
import { groupOf } from './table-groups.ts';

/*
 * The figures in the README and the plot, made from the result files and from nothing else. `node --import ./.ci/ts.mjs bench/table.ts`
 * writes them; test/bench/table.test.ts holds README, plot and files together.
 */

export const BEGIN = '<!-- bench:begin -->';
export const END = '<!-- bench:end -->';

/** Stages in the order of the table; another one comes behind them. */
const STAGES = [
  'engine',
  'growth',
  'chromium',
  'startup',
  'verify',
  'prove',
  'crypto',
  'pipeline',
  'append',
  'batch',
] as const;

/** Read the result files that are there. */
export function readResults(folder: string): readonly Result[] {
  return STAGES.map((stage) => join(folder, `${stage}.json`))
    .filter((file) => existsSync(file))
    .map((file) => JSON.parse(readFileSync(file, 'utf8')) as Result);
}

/** Form the tables, one a stage. @returns Markdown, without the markers. */
export function renderTable(results: readonly Result[]): string {
  const machines = [...new Set(results.map(machineOf))].map((text) => `Measured on ${text}.`);
  return [...results.flatMap(renderGroup), ...machines, `Result files: ${results.map(fileOf).join('; ')}.`].join('\n');
}

function renderGroup(result: Result): string[] {
  const { heading, columns, lines, notes } = groupOf(result);
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    `### ${heading}`,
    '',
    line(columns),
    `|${columns.map(() => '---').join('|')}|`,
    ...lines.map(line),
    '',
    ...notes.flatMap((note) => [note, '']),
  ];
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

/** Put the table between the markers of a README. @throws Error when they are not there. */
export function withTable(readme: string, table: string): string {
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`table: expected ${BEGIN} and ${END} in README.md`);
  return `${readme.slice(0, begin + BEGIN.length)}\n${table}\n${readme.slice(end)}`;
}

/** Write the plot, and the table into the README. */
export function writeTable(): void {
  const folder = join(root, 'bench', 'results');
  const results = readResults(folder);
  const growth = results.find(({ stage }) => stage === 'growth');
  if (growth !== undefined) writeFileSync(join(folder, 'growth.svg'), renderPlot(growth));
  const file = join(root, 'README.md');
  writeFileSync(file, withTable(readFileSync(file, 'utf8'), renderTable(results)));
}

if (process.argv[1]?.endsWith('table.ts')) writeTable();
