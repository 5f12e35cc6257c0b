import { readdirSync, readFileSync, statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { concatBytes } from '../../src/base/bytes.ts';
import { MAX_LINE_BYTES } from '../../src/base/limits.ts';
import { hasNativeMlDsa, nativeVerifier } from '../../src/crypto/engine-native-verify.ts';
import { nobleVerifier } from '../../src/crypto/engine-noble-verify.ts';
import { wasmVerifier } from '../../src/crypto/engine-wasm-verify.ts';
import { crossCheck } from '../../src/crypto/engines.ts';
import { nobleSha256Hex, sha256Hex } from '../../src/crypto/hash.ts';
import type { Verifier } from '../../src/crypto/verifier.ts';
import { CODES } from '../../src/verify/codes.ts';
import { trustKeys } from '../../src/verify/trust.ts';
import { fixedKey, LogBuilder } from '../../vectors/build.ts';
import { NOT_IN_THIS_VERSION, WEIGHTS } from '../../vectors/case.ts';
import { kitFiles } from '../../vectors/kit.ts';
import { compared, FOLDERS, optionsOf, readKit, root } from './kit.ts';
import { remembering, verifyOnce, verifySplit } from './run-kit.ts';

const folders = Object.fromEntries(FOLDERS.map((folder) => [folder, readKit(folder)]));
const cases = FOLDERS.flatMap((folder) => folders[folder].cases);
const LEAST = { receipts: 60, tampered: 400, unverifiable: 25 };
const WEIGHT = { I: 'invalid', U: 'unverifiable', U1: 'unverifiable', N: 'note' };

/** One memory for all tests: the signatures are the same in each. */
const noble = remembering(nobleVerifier);

/** node:crypto as far as this Node has it: Ed25519 everywhere, ML-DSA-65 where test/node26 runs. */
const native: Verifier = {
  engine: 'native',
  verify: (key, ...rest) =>
    (key.alg === 'Ed25519' || hasNativeMlDsa() ? nativeVerifier : nobleVerifier).verify(key, ...rest),
};

describe('the kit as it is committed', () => {
  test('is what its script makes, byte for byte', async () => {
    const made = await kitFiles();
    expect(made.size).toBeGreaterThan(500);
    const differ = [...made].filter(([path, bytes]) => !readFileSync(root + path).equals(bytes)).map(([path]) => path);
    expect(differ).toEqual([]);
    const there = FOLDERS.flatMap((folder) => readdirSync(root + folder).map((name) => `${folder}/${name}`));
    expect(there.sort()).toEqual([...made.keys()].sort());
  });

  test.each(FOLDERS)('%s: every file is in the index and the reverse', (folder) => {
    const { cases: listed, files } = folders[folder];
    expect(listed.length).toBeGreaterThanOrEqual(LEAST[folder]);
    expect(files.length).toBeGreaterThan(0);
    expect([...new Set(listed.map(({ file }) => file))].sort()).toEqual([...files].sort());
    expect(new Set(listed.map(({ name }) => name)).size).toBe(listed.length);
    // One verdict a folder, and some key behind what is accepted.
    const verdict = { receipts: 'valid', tampered: 'invalid', unverifiable: 'unverifiable' }[folder];
    expect(listed.filter(({ expected }) => expected.verdict !== verdict)).toEqual([]);
    if (folder === 'receipts') expect(listed.filter(({ keys }) => keys.length === 0)).toEqual([]);
  });

  test('is small', () => {
    const sizes = FOLDERS.flatMap((folder) =>
      readdirSync(root + folder).map((name) => statSync(`${root}${folder}/${name}`).size),
    );
    expect(Math.max(...sizes)).toBeLessThan(300_000);
    expect(sizes.reduce((a, b) => a + b)).toBeLessThan(3_200_000);
  });

  test('knows every code of the closed list, weighed as the list weighs it', () => {
    expect([...Object.keys(WEIGHTS), ...NOT_IN_THIS_VERSION].sort()).toEqual(Object.keys(CODES).sort());
    expect(Object.keys(CODES).filter((code) => code in WEIGHTS)).toEqual(Object.keys(WEIGHTS));
    const readme = readFileSync(`${root}README.md`, 'utf8');
    expect(NOT_IN_THIS_VERSION.filter((code) => !readme.includes(code))).toEqual([]);
    for (const [code, weight] of Object.entries(WEIGHTS)) {
      const info: { weight: string; once?: true } = CODES[code as keyof typeof CODES];
      expect([info.weight, info.once === true], code).toEqual([WEIGHT[weight], weight === 'U1']);
    }
  });

  test('shows every code that this version can find', () => {
    const shown = new Set(
      cases.flatMap(({ expected }) => [...expected.problems, ...expected.notes].map(({ code }) => code)),
    );
    expect([...shown].sort()).toEqual(Object.keys(WEIGHTS).sort());
    // And every one that makes invalid as the only thing wrong in some case.
    const alone = new Set(
      cases.filter(({ expected }) => expected.problems.length === 1).map(({ expected }) => expected.problems[0]!.code),
    );
    const never = Object.keys(WEIGHTS).filter((code) => WEIGHTS[code] === 'I' && !alone.has(code));
    expect(never).toEqual([]);
  });
});

describe('noble, its own SHA-256, one pass', () => {
  const engines = { verifier: noble, sha256Hex: nobleSha256Hex };
  test.each(cases.map((one) => [`${one.folder}/${one.name}`, one] as const))('%s', async (_, one) => {
    const { expected, found } = compared(one, await verifyOnce(one.bytes, optionsOf(one), engines));
    expect(found).toEqual(expected);
  });
});

describe.each([
  ['wasm alone', wasmVerifier, null],
  ['wasm cross-checked with noble', crossCheck(wasmVerifier, noble), 'noble'],
  ['noble cross-checked with node:crypto', crossCheck(noble, native), 'native'],
] as const)('%s', (_, verifier, crossCheckedWith) => {
  test('every case: no disagreement, and the verdict of one engine', async () => {
    const engines = { verifier, sha256Hex, ...(crossCheckedWith === null ? {} : { crossCheckedWith }) };
    for (const one of cases) {
      const { expected, found } = compared(one, await verifyOnce(one.bytes, optionsOf(one), engines));
      expect(found, one.name).toEqual(expected);
    }
  });
});

describe('split at every line end and merged', () => {
  const engines = { verifier: noble, sha256Hex };
  test.each(FOLDERS)('%s: the verdict of one pass, whole', async (folder) => {
    for (const one of folders[folder].cases) {
      const options = optionsOf(one);
      const once = await verifyOnce(one.bytes, options, engines);
      for (const split of await verifySplit(one.bytes, options, engines)) {
        expect({ ...split, run: null }, one.name).toEqual({ ...once, run: null });
      }
    }
  });
});

describe('lines too long to commit', () => {
  const ed = fixedKey('ed', 'Ed25519');
  const engines = { verifier: nobleVerifier, sha256Hex };
  const log = new LogBuilder([ed]).genesis().calls(2);
  const around = async (middle: Uint8Array, torn = false): Promise<string[]> => {
    const parts = torn ? [...log.lines, middle] : [log.lines[0], middle, Uint8Array.of(0x0a), ...log.lines.slice(1)];
    const verdict = await verifyOnce(
      concatBytes(...parts),
      { trust: trustKeys([{ key: ed.publicKey }]), allowClassical: true },
      engines,
    );
    expect(verdict.tail.torn_bytes).toBe(torn ? middle.length : 0);
    return verdict.problems.map(({ code, line }) => `${code}@${line}`);
  };
  const filled = (sizeBytes: number): Uint8Array => new Uint8Array(sizeBytes).fill(0x7b);

  test('a line above 1 MiB is TOO_LARGE, one of 1 MiB is judged by the grammar', async () => {
    expect(await around(filled(MAX_LINE_BYTES))).toEqual(['MALFORMED@2']);
    expect(await around(filled(MAX_LINE_BYTES + 1))).toEqual(['TOO_LARGE@2']);
    expect(await around(filled(5 * MAX_LINE_BYTES))).toEqual(['TOO_LARGE@2']);
  });
  test('the same size without a line end is torn', async () => {
    expect(await around(filled(MAX_LINE_BYTES + 1), true)).toEqual(['TORN_TAIL@null']);
    expect(await around(filled(3 * MAX_LINE_BYTES), true)).toEqual(['TORN_TAIL@null']);
  });
});
