import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { verify, verifyCheckpoint } from '../../src/auditor.ts';
import { isReceiptError } from '../../src/base/errors.ts';
import { type PublicKey, parseJwk } from '../../src/crypto/public-key.ts';
import { proofFiles } from '../../vectors/proofs.ts';
import { root } from './kit.ts';

/** The folder as another implementation meets it. */
interface Index {
  readonly schema: string;
  readonly keys: Readonly<Record<string, { readonly jwk: unknown }>>;
  readonly cases: readonly {
    readonly name: string;
    readonly file: string;
    readonly keys: readonly { readonly key: string }[];
    readonly expected: { readonly verdict: string; readonly codes: readonly string[] } | { readonly error: string };
  }[];
}

const index = JSON.parse(readFileSync(`${root}proofs/index.json`, 'utf8')) as Index;

test('the folder is what its script makes, byte for byte', () => {
  const made = proofFiles();
  const differ = [...made].filter(([path, bytes]) => !readFileSync(root + path).equals(bytes)).map(([path]) => path);
  expect(differ).toEqual([]);
  const there = readdirSync(`${root}proofs`).map((name) => `proofs/${name}`);
  expect(there.sort()).toEqual([...made.keys()].sort());
});

test('holds what must be accepted, rejected, left open and refused', () => {
  expect(index.schema).toBe('perdure/vectors-proofs/v1');
  const count = (what: string): number =>
    index.cases.filter(({ expected }) => ('error' in expected ? 'refused' : expected.verdict) === what).length;
  expect(count('valid')).toBeGreaterThanOrEqual(14);
  expect(count('invalid')).toBeGreaterThanOrEqual(14);
  expect(count('unverifiable')).toBeGreaterThanOrEqual(8);
  expect(count('refused')).toBeGreaterThanOrEqual(20);
});

describe.each(['wasm', 'noble'] as const)('%s', (engine) => {
  test.each(index.cases.map((one) => [one.name, one] as const))('%s', async (_, { file, keys, expected }) => {
    const bytes = new Uint8Array(readFileSync(`${root}proofs/${file}`));
    const known: PublicKey[] = keys.map(({ key }) => parseJwk(index.keys[key]!.jwk));
    const options = { keys: known, engine };
    const judged = file.endsWith('.checkpoint') ? verifyCheckpoint(bytes, options) : verify(bytes, options);
    const found = await judged.then(
      ({ verdict, problems }) => ({ verdict, codes: problems.map(({ code }) => code) }),
      (error: unknown) => {
        if (!isReceiptError(error)) throw error;
        return { error: error.code };
      },
    );
    expect(found).toEqual(expected);
  });
});
