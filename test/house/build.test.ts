import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { root } from './tree.ts';

const dir = mkdtempSync(join(tmpdir(), 'perdure-house-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
cpSync(join(root, '.ci'), join(dir, '.ci'), { recursive: true });

const node = (...args: string[]) => spawnSync(process.execPath, args, { cwd: dir, encoding: 'utf8' });

test('prepare without dev dependencies says in one line that dist is not built, and does not fail', () => {
  const { status, stdout, stderr } = node('.ci/build.mjs', '--prepare');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  expect(stdout).toContain('dist/');
  expect(existsSync(join(dir, 'dist'))).toBe(false);
});

test('a build that was asked for fails without a compiler', () => {
  expect(node('.ci/build.mjs').status).toBe(1);
});

test('TypeScript runs on this Node, in a worker too, with its own line numbers', () => {
  writeFileSync(
    join(dir, 'a.ts'),
    `import { isMainThread, Worker } from 'node:worker_threads';
const erased: string = 'ran';
console.log(isMainThread ? 'main' : 'worker', erased);
if (isMainThread) new Worker(new URL(import.meta.url));
`,
  );
  const loader = pathToFileURL(join(root, '.ci/ts.mjs')).href;
  const { status, stdout, stderr } = node('--import', loader, 'a.ts');
  expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: 'main ran\nworker ran\n' });
  writeFileSync(join(dir, 'b.ts'), `interface A {\n  b: string;\n}\nthrow new Error((<A>{ b: 'here' }).b);\n`);
  expect(node('--enable-source-maps', '--import', loader, 'b.ts').stderr).toMatch(/b\.ts:4/);
});

const report = (name: string, ...results: object[]): string => {
  const folder = join(dir, name);
  mkdirSync(folder, { recursive: true });
  for (const [i, testResults] of results.entries())
    writeFileSync(join(folder, `${i}.json`), JSON.stringify({ testResults }));
  return folder;
};
const suite = (name: string, ...statuses: string[]) => ({
  name,
  status: statuses.includes('failed') ? 'failed' : 'passed',
  assertionResults: statuses.map((status, i) => ({ fullName: `t${i}`, status })),
});
const namesakes = {
  ...suite('a'),
  assertionResults: ['passed', 'passed'].map((status) => ({ fullName: 't', status })),
};
const lastLine = (text: string): string => text.trimEnd().split('\n').at(-1)!;

test('the summary of CI counts a test once, and a failure of any run', () => {
  const folder = report(
    'mixed',
    [suite('a', 'passed', 'skipped'), suite('b', 'passed')],
    [suite('a', 'passed', 'passed'), suite('b', 'failed')],
  );
  const { status, stdout } = node('.ci/summary.mjs', folder, '1', 'x');
  expect([status, lastLine(stdout)]).toEqual([1, '2 passed, 1 failed']);
});

test.each([
  ['all passed', [[suite('a', 'passed')]], '0', 0, '1 passed, 0 failed'],
  ['two tests of one name', [[namesakes]], '0', 0, '2 passed, 0 failed'],
  [
    'a file that does not load',
    [[suite('a', 'passed'), { name: 'b', status: 'failed', assertionResults: [] }]],
    '1',
    1,
    '1 passed, 1 failed',
  ],
  ['a step that failed without tests', [[suite('a', 'passed')]], '2', 1, '1 passed, 1 failed'],
  ['nothing ran', [], '0', 1, '0 passed, 0 failed'],
])('the summary of CI: %s', (name, runs, code, status, line) => {
  const result = node('.ci/summary.mjs', report(name.replaceAll(' ', '-'), ...runs), code, 'x');
  expect([result.status, lastLine(result.stdout)]).toEqual([status, line]);
});
