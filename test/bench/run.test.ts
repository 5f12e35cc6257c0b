import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { findChromium } from '../../bench/browser.ts';
import { renderPlot } from '../../bench/plot.ts';
import { median, quantile, type Result, rounded } from '../../bench/result.ts';
import { renderTable } from '../../bench/table.ts';
import { installedRivals } from '../../bench/thirdparty.ts';
import { root, text } from '../house/tree.ts';

/*
 * Each stage runs here at a size that measures nothing: its own assertions (signatures verify, lines read back, logs are valid, a
 * changed byte is found) run before it times anything, so a bench that went wrong fails as a test does.
 */

const folder = mkdtempSync(join(tmpdir(), 'perdure-bench-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function bench(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const runner = ['--import', join(root, '.ci', 'ts.mjs'), join(root, 'bench', 'run.ts')];
  return promisify(execFile)(process.execPath, [...runner, ...args], {
    cwd: root,
    env: { ...process.env, PERDURE_BENCH_DIR: folder, PERDURE_NODE26: undefined },
  });
}

const out = join(folder, 'out');

/** Run stages at small sizes. @returns what they wrote, by stage. */
async function small(...stages: string[]): Promise<Map<string, Result>> {
  const readme = text('README.md');
  await bench('--quick', '--out', out, ...stages);
  const results = stages.map((stage) => JSON.parse(readFileSync(join(out, `${stage}.json`), 'utf8')) as Result);
  for (const { stage, quick, rows, ratios } of results) {
    expect(quick).toBe(true);
    for (const value of [...rows.flatMap((row) => Object.values(row)), ...ratios.map((ratio) => ratio.value)]) {
      if (typeof value === 'number') expect(value).toBeGreaterThanOrEqual(0);
    }
    // A machine without Chromium says so, and has nothing to show for it.
    if (stage !== 'chromium' || findChromium() !== null) expect(ratios.length).toBeGreaterThan(0);
  }
  // What was made to be measured is gone, and a small run leaves the README alone.
  expect(readdirSync(folder)).toEqual(['out']);
  expect(text('README.md')).toBe(readme);
  return new Map(results.map((result) => [result.stage, result]));
}

test('the engine beside its rivals, small', async () => {
  const engine = (await small('engine')).get('engine')!;
  // No network here: rivals that nobody has installed are missing, and the table says so.
  const installed = installedRivals(join(root, 'bench', 'thirdparty'));
  const absent = ['hash-wasm', '@chainsafe/as-sha256'].filter((name) => installed[name] === undefined);
  expect(engine.rows.filter((row) => row.missing !== undefined).map((row) => row.rival)).toEqual(absent);
  const table = renderTable([engine]);
  for (const name of absent) expect(table).toContain(`${name}: not installed`);
  expect(table.split('\n').filter((line) => line.startsWith('| whole verify')).length).toBe(2);
});

test('how the cost grows, small', async () => {
  const growth = (await small('growth')).get('growth')!;
  expect(new Set(growth.rows.map(({ series, workers }) => `${series} ${workers}`)).size).toBe(6);
  expect(renderPlot(growth)).toMatch(/^<svg .*<\/svg>\n$/s);
});

test('the other stages, small', async () => {
  const stages = ['crypto', 'pipeline', 'append', 'batch', 'verify', 'prove', 'startup', 'chromium'];
  const results = await small(...stages);
  expect([...results.keys()]).toEqual(stages);
  expect(renderTable([...results.values()]).split('\n').length).toBeGreaterThan(30);
});

test('a stage that is none of ours is refused by name', async () => {
  await expect(bench('speed', '--quick', '--out', folder)).rejects.toThrow(/expected stages of engine/);
});

test('median, quantile, and four digits', () => {
  expect([median([3]), median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([3, 2, 2.5]);
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
  expect([0, 0.5, 0.99, 1].map((share) => quantile(hundred, share))).toEqual([1, 50, 99, 100]);
  expect(() => median([])).toThrow(RangeError);
  expect(() => quantile([], 0.5)).toThrow(RangeError);
  expect([rounded(1234.56), rounded(0.00123456)]).toEqual([1235, 0.001235]);
});
