import { join } from 'node:path';
import { expect, test } from 'vitest';
import { renderPlot } from '../../bench/plot.ts';
import { judged, type Ratio, type Result } from '../../bench/result.ts';
import { BEGIN, END, readResults, renderTable, withTable } from '../../bench/table.ts';
import { root, text } from '../house/tree.ts';

const results = readResults(join(root, 'bench', 'results'));
const promised = (ratios: readonly Ratio[]): Ratio[] => ratios.filter((one) => judged(one).must !== null);
const marksOf = (stage: string): unknown[][] =>
  promised(results.find((one) => one.stage === stage)!.ratios).map(({ name, at_least, at_most, goal }) => [
    name,
    at_least ?? `≤ ${at_most}`,
    ...(goal === undefined ? [] : [goal]),
  ]);

test('the figures in the README are those of the result files, to the letter', () => {
  expect(results.map(({ stage }) => stage)).toEqual([
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
  ]);
  const readme = text('README.md');
  expect(readme).toBe(withTable(readme, renderTable(results)));
});

test('the plot is that of its result file, to the byte, and the README shows it', () => {
  const growth = results.find(({ stage }) => stage === 'growth')!;
  expect(text('bench/results/growth.svg')).toBe(renderPlot(growth));
  expect(text('README.md')).toMatch(/!\[[^\]]+\]\(bench\/results\/growth\.svg\)/);
  // A point a row: nothing is left out, nothing is drawn that was not measured.
  const circles = renderPlot(growth).match(/<circle /g)!.length;
  expect(circles).toBe(growth.rows.length + 2);
  expect(() => renderPlot(results[0]!)).toThrow(/expected the stage growth/);
});

test('every result says on what it was measured, and none is of the small sizes of a test', () => {
  for (const { schema, commit, date, quick, machine, versions, rows } of results) {
    expect({ schema, quick }).toEqual({ schema: 'perdure/bench/v1', quick: false });
    expect(commit).toMatch(/^[0-9a-f]{40}\+?$/);
    expect(new Date(date).toISOString()).toBe(date);
    expect(machine.cpu).not.toBe('');
    expect(machine.cores).toBeGreaterThan(0);
    expect(versions.node).toMatch(/^\d+\.\d+\.\d+$/);
    expect(rows.length).toBeGreaterThan(3);
  }
});

test('what was promised of the engine is measured, with its goal', () => {
  const naive = 'readline + JSON.parse + re-stringify + createHash / perdure';
  const chain = 'hash chain + canonical check, 1,000,000 unsigned entries';
  const verified = (bytes: number, node: string): unknown[][] => [
    [`prepared verify, ${bytes} B: noble / perdure, ${node}`, 90, 120],
    [`prepared verify, ${bytes} B: Ed25519 native / perdure, ${node}`, 6, 10],
  ];
  const beside26 = (bytes: number): unknown[][] => [
    ...verified(bytes, 'Node 26.10'),
    [`prepared verify, ${bytes} B: native / perdure, Node 26.10`, 9, 12],
    [`prepared verify, ${bytes} B: @oqs/liboqs-js / perdure, Node 26.10`, 7, 10],
    [`prepared verify, ${bytes} B: @openforge-sh/liboqs / perdure, Node 26.10`, 7, 10],
  ];
  expect(marksOf('engine')).toEqual([
    ['size of verifier.wasm, raw', '≤ 110', 70],
    ['size of verifier.wasm, brotli', '≤ 30', 22],
    ...verified(64, 'Node 20.20'),
    ...verified(512, 'Node 20.20'),
    ['sign, prepared key: noble / perdure, Node 20.20', 45, 65],
    ['SHA-256, 512 B: @noble/hashes / perdure', 6],
    ['SHA-256, 512 B: hash-wasm / perdure', 2.2],
    ['SHA-256, 512 B: @chainsafe/as-sha256 / perdure', 4.5],
    ['Merkle root, 1,000,000 leaves: crypto.hash, one-shot / perdure', 3],
    ['Merkle root, 1,000,000 leaves: @noble/hashes / perdure', 9],
    [`${chain}, one thread: ${naive}`, 10, 14],
    [`${chain}, one thread: Buffer scan + one-shot crypto.hash / perdure`, 1, 1.3],
    [`${chain}, two threads: ${naive}`, 14, 20],
    ['whole verify, 100,000 signed receipts, one thread: JSON.parse + noble / perdure', 80, 110],
    ['whole verify, 100,000 signed receipts: one thread / two threads', 1.7, 1.9],
    ['memory, 1,000,000 unsigned entries, above bare Node', '≤ 20', 10],
    ['memory, 1,000,000 unsigned entries: peak / peak of a tenth', '≤ 1.15'],
    ['memory, 100,000 signed entries, above bare Node', '≤ 20', 10],
    ['memory, 100,000 signed entries: peak / peak of a tenth', '≤ 1.15'],
    ...beside26(64),
    ...beside26(512),
    ['verify, key preparation included: native / perdure, Node 26.10', 1.8, 2.3],
    ['sign, prepared key: noble / perdure, Node 26.10', 45, 65],
    ['sign, prepared key: native (hedged) / perdure, Node 26.10', 5, 7],
  ]);
});

test('what was promised before is measured, too', () => {
  expect(['pipeline', 'append', 'verify', 'chromium', 'startup', 'prove'].flatMap(marksOf)).toEqual([
    ['guard + canonicalise + hash + line, µs an event', '≤ 25'],
    ['throughput, unsigned, 64 appenders / fsync per line, awaited', 10],
    ['p50, unsigned, 1 appender / fsync per line, awaited', '≤ 1.2'],
    ['naive / perdure, 1000000 entries', 5],
    ['peak memory at 1000000 / at 100000 entries, perdure', '≤ 1.15'],
    ['naive / perdure, File in Chromium', 9, 12],
    ["perdure verify, 1000 unsigned entries, ms above node -e ''", '≤ 100'],
    ["perdure verify, 1000 signed entries, ms above node -e ''", '≤ 100'],
    ['inclusion proof of any of 1,000,000 entries, from tiles, ms', '≤ 5'],
    ['consistency proof up to 1,000,000 entries, from tiles, ms', '≤ 5'],
  ]);
});

test('the table says of each promise and each goal whether it was reached', () => {
  const marks = results.flatMap(({ ratios }) => promised(ratios));
  const goals = marks.filter(({ goal }) => goal !== undefined);
  expect(renderTable(results).match(/\b(reached|missed)\b/g)).toHaveLength(marks.length + goals.length);
});

test('a loss is shown as one', () => {
  const worse = results.map(
    (result): Result => ({
      ...result,
      ratios: result.ratios.map((one) => ({ ...one, value: one.at_most === undefined ? 0.5 : 1e6 })),
    }),
  );
  const marks = results.flatMap(({ ratios }) => promised(ratios));
  const goals = marks.filter(({ goal }) => goal !== undefined);
  const table = renderTable(worse);
  expect(table.match(/\bmissed\b/g)).toHaveLength(marks.length + goals.length);
  expect(table).not.toMatch(/\breached\b/);
});

test('a goal lies in the direction of its promise', () => {
  const one = { name: 'a', value: 5, at_least: 4, goal: 6 };
  expect(judged(one)).toEqual({ must: true, goal: false });
  expect(judged({ name: 'a', value: 5, at_most: 6, goal: 4 })).toEqual({ must: true, goal: false });
  expect(judged({ name: 'a', value: 5 })).toEqual({ must: null, goal: null });
});

test('without a Node that has ML-DSA inside, the table says that those rows are missing', () => {
  const without = results.map((result): Result => {
    const { node_native: _, ...versions } = result.versions;
    return { ...result, versions };
  });
  expect(renderTable(without).match(/needs native ML-DSA \(Node ≥ 24\.7\)/g)).toHaveLength(3);
});

test('only what stands between the markers is replaced', () => {
  expect(withTable(`a\n${BEGIN}\nold\n${END}\nb`, 'new')).toBe(`a\n${BEGIN}\nnew\n${END}\nb`);
  expect(() => withTable('a', 'new')).toThrow(/bench:begin/);
});
