import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { text } from '../house/tree.ts';
import { type Block, runnableBlocks } from './blocks.ts';
import { installPacked } from './packed.ts';

const installed = installPacked();
afterAll(() => installed.remove());

/** Run one block where the package is installed; blocks share the folder, so that a later one may use what an earlier one wrote. */
function run({ kind, line, source }: Block): { status: number | null; output: string } {
  const file = `block-${line}.${kind === 'module' ? 'mjs' : 'sh'}`;
  writeFileSync(join(installed.dir, file), source);
  const { status, stdout, stderr } =
    kind === 'module' ? installed.run(process.execPath, [file]) : installed.run('bash', ['-euo', 'pipefail', file]);
  return { status, output: stdout + stderr };
}

const blocks = runnableBlocks(text('README.md'));

test('the README has code that runs before line 40, and a shell block too', () => {
  expect(blocks[0]).toMatchObject({ kind: 'module' });
  expect(blocks[0]!.line + blocks[0]!.source.split('\n').length).toBeLessThan(40);
  expect(blocks.map(({ kind }) => kind)).toContain('shell');
});

test.each(blocks)('README line $line runs ($kind)', (block) => {
  const { status, output } = run(block);
  expect(status, output).toBe(0);
});

/** Words in backticks in the last column of the table below a heading. */
function namesInTable(heading: string): string[] {
  const section = text('README.md').split(`\n## ${heading}\n`)[1]!.split('\n## ')[0]!;
  const cells = section.split('\n').map((row) => (row.startsWith('|') ? row.split('|').at(-2)! : ''));
  return cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name!));
}

test('what the README says is exported is', async () => {
  const exported = [await import('../../src/index.ts'), await import('../../src/gate/index.ts')].flatMap(Object.keys);
  const named = namesInTable('API by folder');
  expect(named.length).toBeGreaterThan(15);
  expect(named.filter((name) => !exported.includes(name))).toEqual([]);
});

test('scripts and files that the README names are there', () => {
  const { scripts } = JSON.parse(text('package.json')) as { scripts: Record<string, string> };
  const readme = text('README.md');
  const named = /One script per intent:(.*?)\. `bash/s.exec(readme)![1]!.matchAll(/`([a-z:]+)`/g);
  const names = [...named].map(([, name]) => name!);
  expect(names.length).toBeGreaterThan(6);
  expect(names.filter((name) => scripts[name] === undefined)).toEqual([]);
  const links = [...readme.matchAll(/\]\(([^)#]+)\)/g)].map(([, target]) => target!);
  expect(links).toContain('SECURITY.md');
  expect(links.filter((target) => !installed.packed.includes(target))).toEqual([]);
});

test('figures stand between the marks that the bench fills', () => {
  expect(text('README.md').match(/<!-- bench:(begin|end) -->/g)).toEqual([
    '<!-- bench:begin -->',
    '<!-- bench:end -->',
  ]);
});

test('blocks are found by their language, and a block without an end is refused', () => {
  const markdown = ['```ts', 'a', '```', '```sh', 'b', '```', '```sh run', 'c', '```', '```json', '{}', '```'].join(
    '\n',
  );
  expect(runnableBlocks(markdown)).toEqual([
    { line: 1, kind: 'module', source: 'a\n' },
    { line: 7, kind: 'shell', source: 'c\n' },
  ]);
  expect(() => runnableBlocks('```js\na')).toThrow('line 1');
});

test('a block that fails is seen to fail', () => {
  expect(run({ line: 9001, kind: 'module', source: `import { nothing } from 'perdure/nowhere';\n` }).status).toBe(1);
  expect(run({ line: 9002, kind: 'module', source: `throw new Error('no');\n` }).status).toBe(1);
  expect(run({ line: 9003, kind: 'shell', source: 'false\ntrue\n' }).status).toBe(1);
  expect(run({ line: 9004, kind: 'shell', source: 'false | true\n' }).status).toBe(1);
});
