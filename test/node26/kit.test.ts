import { describe, expect, it } from 'vitest';
import { nativeVerifier } from '../../src/crypto/engine-native-verify.ts';
import { nobleVerifier } from '../../src/crypto/engine-noble-verify.ts';
import { wasmVerifier } from '../../src/crypto/engine-wasm-verify.ts';
import { crossCheck } from '../../src/crypto/engines.ts';
import { sha256Hex } from '../../src/crypto/hash.ts';
import { compared, FOLDERS, optionsOf, readKit } from '../tamper/kit.ts';
import { verifyOnce } from '../tamper/run-kit.ts';
import { nativeMlDsa } from './native.ts';

describe.skipIf(!nativeMlDsa)('the conformance kit under node:crypto, ML-DSA-65 included', () => {
  const engines = [
    ['native alone', nativeVerifier],
    ['native cross-checked with noble', crossCheck(nativeVerifier, nobleVerifier)],
    ['wasm cross-checked with native', crossCheck(wasmVerifier, nativeVerifier)],
  ] as const;
  it.each(engines)('%s: every case', async (_, verifier) => {
    const cases = FOLDERS.flatMap((folder) => readKit(folder).cases);
    expect(cases.length).toBeGreaterThan(500);
    for (const one of cases) {
      const verdict = await verifyOnce(one.bytes, optionsOf(one), { verifier, sha256Hex });
      const { expected, found } = compared(one, verdict);
      expect(found, `${one.folder}/${one.name}`).toEqual(expected);
    }
  });
});
