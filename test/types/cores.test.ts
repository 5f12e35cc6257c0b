import { join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { root } from '../house/tree.ts';

/** Compile the cores with test/types/core/tsconfig.json, plus one made-up file beside them. @returns the first line of each message. */
function diagnose(madeUp?: string): string[] {
  const path = join(root, 'test/types/core/tsconfig.json');
  const parsed = ts.getParsedCommandLineOfConfigFile(
    path,
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic() {} },
  )!;
  const host = ts.createCompilerHost(parsed.options);
  const extra = join(root, 'src/base/made-up.ts');
  if (madeUp !== undefined) {
    const { fileExists, getSourceFile } = host;
    host.fileExists = (name) => name === extra || fileExists(name);
    host.getSourceFile = (name, ...rest) =>
      name === extra ? ts.createSourceFile(name, madeUp, ts.ScriptTarget.ES2023) : getSourceFile(name, ...rest);
  }
  const names = madeUp === undefined ? parsed.fileNames : [join(root, 'test/types/core/globals.d.ts'), extra];
  return ts
    .getPreEmitDiagnostics(ts.createProgram(names, parsed.options, host))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n').split('\n')[0]!);
}

test('base, receipt, chain and checkpoint compile without the types of Node and the DOM', () => {
  expect(diagnose()).toEqual([]);
});

test.each([
  ['Buffer', 'export const a = Buffer.alloc(1);'],
  ['process', 'export const a = process.env;'],
  ['document', 'export const a = document.title;'],
  ['node:fs', `import { readFileSync } from 'node:fs'; export const a = readFileSync;`],
  ['setTimeout', 'export const a = setTimeout(() => {}, 1);'],
])('a core that takes %s does not', (_, source) => {
  expect(diagnose(source)).toHaveLength(1);
});
