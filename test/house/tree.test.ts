import { expect, test } from 'vitest';
import { files, text } from './tree.ts';

const TOP = new Set(
  [
    'src',
    'assembly',
    'bench',
    'test',
    'vectors',
    '.ci',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'asconfig.json',
  ].concat(['README.md', 'LICENSE', 'SECURITY.md', 'CHANGELOG.md', 'biome.json', '.gitignore']),
);

const all = files();
const code = all.filter((path) => /\.(ts|mjs)$/.test(path));
const strangers = (paths: readonly string[]): string[] => paths.filter((path) => !TOP.has(path.split('/')[0]!));
const nameless = (paths: readonly string[]): string[] =>
  paths.filter((path) => /(^|\/)(utils?|helpers?|common|misc)\.\w+$/.test(path));
const hits = (paths: readonly string[], pattern: RegExp): string[] =>
  paths.flatMap((path) => {
    const at = text(path)
      .split('\n')
      .findIndex((line) => pattern.test(line));
    return at < 0 ? [] : [`${path}:${at + 1}`];
  });

// Put together from parts, so that this file does not hold what it looks for.
const FOCUSED = new RegExp(`\\b(it|test|describe|suite|bench)\\.(${['only', 'skip', 'todo', 'fails'].join('|')})\\b`);
const UNFINISHED = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK'].join('|')})\\b`);
// Prose may say the two words; code may not.
const TYPE_ESCAPE = new RegExp(
  ['^(?!\\s*(\\*|//)).*\\bas a' + 'ny\\b', '@ts-ig' + 'nore', '@ts-noc' + 'heck'].join('|'),
);
const MACHINE_PATH = new RegExp(['(^|[^a-z.])/(wo' + 'rk|fa' + 'rm)/', 'regist' + 'ry\\.npmjs'].join('|'));

test('the top level holds what was agreed and nothing else', () => {
  expect(all.length).toBeGreaterThan(20);
  expect(strangers(all)).toEqual([]);
  expect(strangers(['scripts/build.mjs', 'src/index.ts'])).toEqual(['scripts/build.mjs']);
});

test('no file is named after nothing', () => {
  expect(nameless(all)).toEqual([]);
  expect(nameless(['src/base/utils.ts', 'test/helper.ts', 'src/base/bytes.ts'])).toEqual([
    'src/base/utils.ts',
    'test/helper.ts',
  ]);
});

test('no source file is longer than 350 lines', () => {
  const long = files('src', 'assembly').filter((path) => /\.ts$/.test(path) && text(path).split('\n').length > 351);
  expect(long).toEqual([]);
});

test('no test is skipped or focused in the source', () => {
  expect(
    hits(
      files('test', 'src', 'bench').filter((path) => path.endsWith('.ts')),
      FOCUSED,
    ),
  ).toEqual([]);
  expect(FOCUSED.test(`test.${'only'}('x')`)).toBe(true);
});

test('no unfinished work and no type escape in the source', () => {
  expect(hits(code, UNFINISHED)).toEqual([]);
  expect(hits(files('src'), TYPE_ESCAPE)).toEqual([]);
});

test('no path of a machine and no download host in a file', () => {
  expect(
    hits(
      all.filter((path) => /\.(ts|mjs|json|md|html|css)$|^\.ci\//.test(path)),
      MACHINE_PATH,
    ),
  ).toEqual([]);
  expect(text('package-lock.json')).not.toMatch(/"resolved": *"http/);
});

test('no file is large enough to slow a clone', () => {
  expect(all.filter((path) => text(path).length > 2 ** 21)).toEqual([]);
});

test('README: the two commands, and something to run before line 40', () => {
  const lines = text('README.md').split('\n');
  const firstBlock = lines.findIndex((line) => line.startsWith('```')) + 1;
  expect(firstBlock).toBeGreaterThan(0);
  expect(firstBlock).toBeLessThan(40);
  expect(lines).toContain('npm ci && npm run demo');
  expect(lines).toContain('npm cit');
});

test('the default install runs no install script', () => {
  const { packages } = JSON.parse(text('package-lock.json')) as { packages: Record<string, Record<string, unknown>> };
  const loud = Object.entries(packages).filter(([path, entry]) => path !== '' && entry.hasInstallScript && !entry.dev);
  expect(Object.keys(packages).length).toBeGreaterThan(10);
  expect(loud.map(([path]) => path)).toEqual([]);
});
