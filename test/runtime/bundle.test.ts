import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { modulesIn } from '../../bench/dist-modules.ts';
import { SIGNER_WASM } from '../../src/crypto/signer-wasm.ts';
import { VERIFIER_WASM } from '../../src/crypto/verifier-wasm.ts';
import { root } from '../house/tree.ts';
import { type Bundled, bundlePage } from './bundle.ts';

/*
 * perdure/verify in an application's bundle: the packed tarball, vite as it comes. What a page loads at once can verify and cannot
 * sign, by the names of its modules and by its bytes.
 */

let bundled: Bundled;
beforeAll(async () => {
  bundled = await bundlePage();
});
afterAll(() => bundled.remove());

/** The one script of that name, without its hash. */
function script(name: string): string {
  const found = [...bundled.scripts].filter(([file]) => new RegExp(`^assets/${name}-[\\w-]{8}\\.js$`).test(file));
  expect(
    found.map(([file]) => file),
    name,
  ).toHaveLength(1);
  return found[0]![1];
}

/** Modules that sign, make keys, keep them or write logs, and packages that verification does without. */
const SIGNS = /^(crypto\/[^/]*(sign|secret|keys|keystore|pkcs8|expanded|passphrase)|recorder$|log\/|index$)/;
const PACKAGES = /\/(@noble\/post-quantum|@noble\/ciphers|zod|uuid|canonicalize|commander)\//;

const isPublished = (id: string): boolean => /\/perdure\/dist\/.*\.js$/.test(id);

/** Words of code that makes keys, signs or keeps secrets, ours and noble's. They survive minification: members and messages. */
const WORDS = /secretKey|keygen|extraEntropy|signDeterministic|generateKey|PRIVATE KEY|passphrase|scrypt|xchacha/;

/** How many pieces of signer.wasm stand in a text, of those that are not in verifier.wasm, too: kernels share some code. */
function piecesOfSigner(text: string): number {
  const pieces: string[] = [];
  for (let at = 0; at + 48 <= SIGNER_WASM.length; at += 48) pieces.push(SIGNER_WASM.slice(at, at + 48));
  return pieces.filter((piece) => !VERIFIER_WASM.includes(piece) && text.includes(piece)).length;
}

test('vite takes it without a word: a page, two workers, and what noble verifies apart', () => {
  expect(bundled.warnings).toEqual([]);
  const names = [...bundled.scripts.keys()].map((file) => file.replace(/^assets\/(.*)-[\w-]{8}\.js$/, '$1')).sort();
  expect(names).toEqual(['index', 'lone-checkpoint', 'noble-verifier', 'stand-alone-file', 'worker', 'worker-noble']);
});

describe('what a page loads at once', () => {
  test('by name: nothing that signs, and no noble ML-DSA; that comes on demand', () => {
    const [entry, ...more] = bundled.chunks.filter(({ isEntry }) => isEntry);
    expect(more).toEqual([]);
    expect(entry!.imports).toEqual([]);
    expect(entry!.moduleIds.filter((id) => PACKAGES.test(id))).toEqual([]);
    // Every file that anything of it came from, whole: more than what is left of it in the bundle.
    const modules = entry!.moduleIds.filter(isPublished).flatMap(modulesIn);
    expect(modules.filter((name) => SIGNS.test(name))).toEqual([]);
    expect(modules.filter((name) => name.startsWith('verify/')).length).toBeGreaterThan(20);
    const later = bundled.chunks.filter(({ isEntry }) => !isEntry);
    expect([...entry!.dynamicImports].sort()).toEqual(later.map(({ fileName }) => fileName).sort());
    // Noble's ML-DSA, of every parameter set that is verified, in one of them.
    const noble = later.filter(({ moduleIds }) => moduleIds.some((id) => id.includes('@noble/post-quantum')));
    expect(noble.map(({ name }) => name)).toEqual(['noble-verifier']);
  });

  test.each(['index', 'worker'])('by bytes: %s', (name) => {
    const code = script(name);
    expect(WORDS.exec(code)?.[0]).toBeUndefined();
    expect(piecesOfSigner(code)).toBe(0);
    // Whole, and once.
    expect(code.split(VERIFIER_WASM)).toHaveLength(2);
  });

  test('the search itself sees them where they are', () => {
    expect(piecesOfSigner(`const a = '${SIGNER_WASM}';`)).toBeGreaterThan(200);
    for (const file of [
      'recorder.js',
      'log/open.js',
      'crypto/signers.js',
      'crypto/keystore.js',
      'crypto/noble-signer.js',
    ]) {
      const modules = modulesIn(join(root, 'dist', file));
      expect(modules.filter((name) => SIGNS.test(name)).length, file).toBeGreaterThan(0);
    }
    for (const name of ['noble-verifier', 'worker-noble']) expect(WORDS.test(script(name)), name).toBe(true);
  });

  test('a worker is one script, which the oldest form of workers can run, too', () => {
    for (const name of ['worker', 'worker-noble'])
      expect(/\bimport\b|\bexport\b/.exec(script(name))?.[0]).toBeUndefined();
  });

  test('nothing imports a module of Node', () => {
    for (const [file, code] of bundled.scripts) {
      expect(/\b(?:import|from|require)\s*\(?\s*["'`]node:/.exec(code)?.[0], file).toBeUndefined();
    }
    expect(bundled.chunks.flatMap(({ imports }) => imports.filter((id) => id.startsWith('node:')))).toEqual([]);
  });
});

/** Ceilings in thousands of bytes: what is measured, and a tenth above it. */
test.each([
  ['index', { raw: 240, gzip: 90, brotli: 77 }],
  ['worker', { raw: 169, gzip: 66, brotli: 56 }],
  ['noble-verifier', { raw: 21, gzip: 8.2, brotli: 7.4 }],
] as const)('the size of %s', (name, most) => {
  const code = Buffer.from(script(name));
  const sizes = { raw: code.length, gzip: gzipSync(code).length, brotli: brotliCompressSync(code).length };
  for (const form of ['raw', 'gzip', 'brotli'] as const) {
    expect(sizes[form] / 1000, `${name} ${form}`).toBeLessThan(most[form]);
    expect(sizes[form] / 1000, `${name} ${form}: the ceiling is far away`).toBeGreaterThan(most[form] / 2);
  }
});
