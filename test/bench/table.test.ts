import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Result } from '../../bench/result.ts';
import { BEGIN, END, readResults, renderTable, withTable } from '../../bench/table.ts';
import { root, text } from '../house/tree.ts';

const results = readResults(join(root, 'bench', 'results'));

test('the figures in the README are those of the result files, to the letter', () => {
  expect(results.map(({ stage }) => stage)).toEqual(['pipeline', 'append', 'verify', 'startup', 'crypto', 'chromium']);
  const readme = text('README.md');
  expect(readme).toBe(withTable(readme, renderTable(results)));
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

test('what was promised is measured, and the table says of each whether it was reached', () => {
  const goals = results.flatMap(({ ratios }) => ratios.filter((one) => 'at_least' in one || 'at_most' in one));
  expect(goals.map(({ name, at_least, at_most }) => [name, at_least ?? at_most])).toEqual([
    ['guard + canonicalise + hash + line, µs an event', 25],
    ['throughput, unsigned, 64 appenders / fsync per line, awaited', 10],
    ['p50, unsigned, 1 appender / fsync per line, awaited', 1.2],
    ['naive / perdure, 1000000 entries', 5],
    ['peak memory at 1000000 / at 100000 entries, perdure', 1.15],
    ["perdure verify, 1000 unsigned entries, ms above node -e ''", 100],
    ["perdure verify, 1000 signed entries, ms above node -e ''", 100],
    ['naive / perdure, File in Chromium', 9],
  ]);
  expect(renderTable(results).match(/: (reached|missed)\)/g)).toHaveLength(goals.length);
});

test('a loss is shown as one', () => {
  const worse = results.map(
    (result): Result => ({
      ...result,
      ratios: result.ratios.map((one) => ({ ...one, value: one.at_least === undefined ? 1e6 : 0.5 })),
    }),
  );
  const table = renderTable(worse);
  expect(table.match(/: missed\)/g)).toHaveLength(8);
  expect(table).not.toContain(': reached)');
});

test('without a Node that has ML-DSA inside, the table says that those rows are missing', () => {
  const without = results.map((result): Result => {
    const { node_native: _, ...versions } = result.versions;
    return { ...result, versions };
  });
  expect(renderTable(without).match(/needs native ML-DSA \(Node ≥ 24\.7\)/g)).toHaveLength(2);
});

test('without Chromium, the table says that its rows are missing', () => {
  const without = results.map(
    (result): Result => (result.stage === 'chromium' ? { ...result, rows: [], ratios: [] } : result),
  );
  expect(renderTable(without)).toContain('| verify a File in Chromium | needs Chromium |');
});

test('only what stands between the markers is replaced', () => {
  expect(withTable(`a\n${BEGIN}\nold\n${END}\nb`, 'new')).toBe(`a\n${BEGIN}\nnew\n${END}\nb`);
  expect(() => withTable('a', 'new')).toThrow(/bench:begin/);
});
