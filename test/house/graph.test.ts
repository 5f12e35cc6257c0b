import { expect, test } from 'vitest';
import { importsOf, reach } from './imports.ts';
import { files, text } from './tree.ts';

const edges = files('src')
  .filter((path) => path.endsWith('.ts'))
  .flatMap((path) => importsOf(path, text(path)));
/** Everything that runs, at once or later; types are erased. */
const LATER = ['static', 'dynamic', 'worker'] as const;
const entry = 'src/auditor.ts';

/** Files of ours that can sign, make, hold or open secret keys, and all that writes. The port `signer.ts` is only types, so nothing that runs reaches it. */
const SECRET =
  /^src\/(crypto\/(.*(sign|secret|keygen|keystore|expanded|worker).*|keys|pkcs8)\.ts|recorder\.ts|(log|envelope|gate|mcp|cli)\/.*)$/;

test('perdure/verify exports the read spine', () => {
  const { exports } = JSON.parse(text('package.json'));
  expect(exports['./verify'].default).toBe('./dist/auditor.js');
  expect(files('src')).toContain(entry);
});

test('perdure/verify reaches no signing, key-making or writing file, neither at once nor later', () => {
  const reached = [...reach(edges, entry, LATER)];
  expect(reached).toContain('src/base/bytes.ts');
  expect(reached.filter((path) => SECRET.test(path))).toEqual([]);
});

test('the entry chunk of perdure/verify holds no noble ML-DSA (that object carries sign), no zod, nothing of Node', () => {
  const reached = [...reach(edges, entry, ['static'])];
  expect(
    reached.filter((path) => path === '@noble/post-quantum' || path === 'zod' || path.startsWith('node:')),
  ).toEqual([]);
});

test('perdure/receipt takes nothing that a browser lacks, and no zod', () => {
  const { exports } = JSON.parse(text('package.json'));
  expect(exports['./receipt'].default).toBe('./dist/receipt/index.js');
  const reached = [...reach(edges, 'src/receipt/index.ts', ['static'])];
  expect(reached).toContain('src/receipt/canonical.ts');
  expect(reached.filter((path) => path === 'zod' || path.startsWith('node:') || SECRET.test(path))).toEqual([]);
});

test('a signing file behind a dynamic import is found', () => {
  const more = importsOf('src/auditor.ts', `const late = () => import('./crypto/engine-noble-sign.ts');`);
  expect([...reach(more, entry, LATER)].filter((path) => SECRET.test(path))).toEqual([
    'src/crypto/engine-noble-sign.ts',
  ]);
});
