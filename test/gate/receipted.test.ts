import ts from 'typescript';
import { expect, test } from 'vitest';
import { receipted } from '../../src/gate/index.ts';
import { CallLog } from './calls.ts';

/** As users write it; compiled by TypeScript alone, with no option for decorators. */
const SOURCE = `
export function classes(receipted, options) {
  class Files {
    #open = 1;
    @receipted(options) read(path) { return path + this.#open; }
    @receipted(options) async load(path) { throw path; }
    @receipted({ ...options, tool: 'own.name' }) static count() { return this.name; }
    @receipted(options) *lines() { yield 1; }
    @receipted({ ...options, mode: 'enforce' }) async *later() { yield 2; }
    @receipted(options) #secret() { return 3; }
    reveal() { return this.#secret(); }
  }
  class MoreFiles extends Files {}
  return { Files, MoreFiles };
}
export function accessor(receipted, options) {
  return class { @receipted(options) get size() { return 1; } };
}`;

async function compiled(target: ts.ScriptTarget): Promise<{
  classes(...args: unknown[]): {
    MoreFiles: new () => Record<string, (...args: unknown[]) => unknown>;
    Files: { count(): string };
  };
  accessor(...args: unknown[]): unknown;
}> {
  const { outputText } = ts.transpileModule(SOURCE, { compilerOptions: { target, module: ts.ModuleKind.ESNext } });
  return import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(outputText)}`);
}

test.each([ts.ScriptTarget.ES2022, ts.ScriptTarget.ES2023])(
  'methods leave receipts under the name of their class',
  async (target) => {
    const log = await CallLog.start();
    const { classes, accessor } = await compiled(target);
    const options = { recorder: log.recorder };
    const { Files, MoreFiles } = classes(receipted, options);
    const files = new MoreFiles();
    expect(files.read!('a')).toBe('a1');
    expect(files.read!.name).toBe('read');
    await expect((files.load as (path: string) => Promise<unknown>)('b')).rejects.toBe('b');
    expect(Files.count()).toBe('Files');
    expect([...(files.lines!() as Iterable<number>)]).toEqual([1]);
    for await (const n of files.later!() as AsyncIterable<number>) expect(n).toBe(2);
    expect(files.reveal!()).toBe(3);
    expect((await log.calls()).map(({ tool, status }) => [tool, status])).toEqual([
      ['Files.read', 'executed'],
      ['Files.load', 'failed'],
      ['own.name', 'executed'],
      ['Files.lines', 'executed'],
      ['Files.later', 'executed'],
      ['MoreFiles.#secret', 'executed'],
    ]);
    expect(() => accessor(receipted, options)).toThrow(TypeError);
    expect(await log.rig.verdict()).toBe('valid');
  },
);
