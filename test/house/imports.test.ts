import { expect, test } from 'vitest';
import { violations } from './import-table.ts';
import { type Edge, findCycle, importsOf } from './imports.ts';
import { files, text } from './tree.ts';

const sources = files('src').filter((path) => path.endsWith('.ts'));
/** Made by the build from assembly/, and not known to git. They import nothing. */
const GENERATED = ['src/crypto/verifier-wasm.ts', 'src/crypto/signer-wasm.ts'];
const edges = sources.flatMap((path) => importsOf(path, text(path)));

/** Judge made-up files: path -> source. */
const judge = (tree: Record<string, string>): string[] =>
  violations(Object.entries(tree).flatMap(([path, source]) => importsOf(path, source)));

test('every import line under src is one that the table allows', () => {
  expect(edges.length).toBeGreaterThan(10);
  expect(violations(edges)).toEqual([]);
});

test('no import cycle, types and dynamic imports included', () => {
  expect(findCycle(edges)).toBeNull();
});

test('every relative import names a file that is there', () => {
  expect(GENERATED.flatMap((path) => importsOf(path, text(path)))).toEqual([]);
  const known = new Set([...sources, ...GENERATED]);
  expect(edges.filter(({ to }) => to.startsWith('src/') && !known.has(to))).toEqual([]);
});

test('every package is a dependency, pinned exactly', () => {
  const { dependencies, peerDependencies = {}, devDependencies } = JSON.parse(text('package.json'));
  const packages = edges.map(({ to }) => to).filter((to) => !/^(src\/|node:|\?)/.test(to));
  expect(packages.filter((name) => !(name in dependencies || name in peerDependencies))).toEqual([]);
  const versions: unknown[] = Object.values({ ...dependencies, ...devDependencies });
  expect(versions.filter((version) => !/^\d+\.\d+\.\d+$/.test(String(version)))).toEqual([]);
});

test('index.ts only re-exports', () => {
  const source = text('src/index.ts').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
  const rest = source.replace(/export (type )?(\*( as \w+)?|\{[^{}]*\}) from '[^']+';/g, '').trim();
  expect(rest).toBe('');
});

test.each<[string, Record<string, string>]>([
  ['a core that reads the disk', { 'src/receipt/a.ts': `import { readFileSync } from 'node:fs';` }],
  ['a core that asks for a Node module', { 'src/chain/a.ts': `process.getBuiltinModule('node:fs');` }],
  ['base that imports anything of ours', { 'src/base/a.ts': `import { x } from '../crypto/hash.ts';` }],
  ['crypto that knows the flow', { 'src/crypto/a.ts': `import type { Frame } from '../receipt/entry.ts';` }],
  ['receipt that knows a key store', { 'src/receipt/a.ts': `import { x } from '../crypto/keystore.ts';` }],
  ['receipt that looks to its right', { 'src/receipt/a.ts': `export * from '../chain/chain.ts';` }],
  ['log that reads the disk outside its two files', { 'src/log/log.ts': `import fs from 'node:fs/promises';` }],
  ['log that makes a signer', { 'src/log/log.ts': `import { x } from '../crypto/signer.ts';` }],
  ['log that names a type of the key store', { 'src/log/log.ts': `import type { X } from '../crypto/keystore.ts';` }],
  ['log that verifies', { 'src/log/log.ts': `const v = await import('../verify/verify.ts');` }],
  ['verify that can sign', { 'src/verify/a.ts': `import { x } from '../crypto/engine-noble-sign.ts';` }],
  ['verify that makes keys', { 'src/verify/a.ts': `import { x } from '../crypto/keys.ts';` }],
  ['verify that names the signer port', { 'src/verify/a.ts': `import type { Signer } from '../crypto/signer.ts';` }],
  ['verify that names a type of the log', { 'src/verify/a.ts': `type L = import('../log/log.ts').Log;` }],
  ['verify that imports zod', { 'src/verify/a.ts': `import { z } from 'zod';` }],
  ['query that hashes', { 'src/query/a.ts': `import { x } from '../crypto/hash.ts';` }],
  ['gate that knows the command line', { 'src/gate/a.ts': `import { x } from '../cli/main.ts';` }],
  ['page on Node', { 'src/page/page.ts': `import { x } from 'node:path';` }],
  ['page that records', { 'src/page/page.ts': `import { x } from '../recorder.ts';` }],
  ['recorder that knows a proxy', { 'src/recorder.ts': `import { x } from './mcp/proxy.ts';` }],
  ['auditor that reads the disk', { 'src/auditor.ts': `import { x } from 'node:fs';` }],
  ['auditor that opens a log', { 'src/auditor.ts': `import { x } from './log/log.ts';` }],
  ['index that brings the command line', { 'src/index.ts': `export { x } from './cli/main.ts';` }],
  ['a worker of another stage', { 'src/verify/pool.ts': `new Worker(new URL('../gate/serve.js', import.meta.url));` }],
  ['an import computed at run time', { 'src/log/a.ts': `await import(name);` }],
  ['an import of a test', { 'src/log/a.ts': `import { x } from '../../test/shared.ts';` }],
  ['a folder nobody agreed on', { 'src/core/a.ts': `import { x } from '../base/bytes.ts';` }],
  ['require by the back door', { 'src/base/a.ts': `import { createRequire } from 'node:module';` }],
])('reported: %s', (_, tree) => {
  expect(judge(tree)).toHaveLength(1);
});

test.each<[string, Record<string, string>]>([
  ['the log names the signer type', { 'src/log/log.ts': `import type { Signer } from '../crypto/signer.ts';` }],
  ['the disk shell reads the disk', { 'src/log/node-disk.ts': `import fs from 'node:fs';` }],
  ['the key store reads the disk', { 'src/crypto/keystore.ts': `import fs from 'node:fs';` }],
  ['verify loads a verify engine later', { 'src/verify/a.ts': `await import('../crypto/engine-noble-verify.ts');` }],
  [
    'text and comments are no imports',
    { 'src/base/a.ts': `// import 'node:fs'\nexport const a = "import('node:fs')";` },
  ],
])('allowed: %s', (_, tree) => {
  expect(judge(tree)).toEqual([]);
});

test('the scanner tells erased, static, dynamic and asked imports apart', () => {
  const source = `
    import type { A } from './a.ts';
    import { type B } from './b.ts';
    import './c.ts';
    export type { D } from './d.ts';
    export * from './e.ts';
    const f = () => import('./f.ts');
    let g: import('./g.ts').G;
    new Worker(new URL('./h.js', import.meta.url));
    new Worker(new URL(built ? './h1.js' : '../../dist/x/h2.js', import.meta.url));
    new URL('./data.json', import.meta.url);
    globalThis.process?.getBuiltinModule?.('node:crypto');
    import { mlDsa65 } from '@noble/post-quantum/ml-dsa.js';`;
  expect(importsOf('src/x/y.ts', source).map(({ to, kind }) => `${to} ${kind}`)).toEqual([
    'src/x/a.ts type',
    'src/x/b.ts static',
    'src/x/c.ts static',
    'src/x/d.ts type',
    'src/x/e.ts static',
    'src/x/f.ts dynamic',
    'src/x/g.ts type',
    'src/x/h.ts worker',
    'src/x/h1.ts worker',
    'src/x/h2.ts worker',
    'node:crypto asked',
    '@noble/post-quantum static',
  ]);
});

test('a cycle is found, through types and dynamic imports too', () => {
  const edge = (from: string, to: string, kind: Edge['kind']): Edge => ({ from, to, kind });
  const line = [edge('src/a.ts', 'src/b.ts', 'static'), edge('src/b.ts', 'src/c.ts', 'type')];
  expect(findCycle(line)).toBeNull();
  expect(findCycle([...line, edge('src/c.ts', 'src/b.ts', 'worker')])).toBeNull();
  expect(findCycle([...line, edge('src/c.ts', 'src/b.ts', 'dynamic')])).toEqual(['src/b.ts', 'src/c.ts', 'src/b.ts']);
});
