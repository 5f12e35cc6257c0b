import { shake256 } from '@noble/hashes/sha3.js';
import { describe, expect, it } from 'vitest';
import { equalBytes, fromHex, toHex } from '../../src/base/bytes.ts';
import { verifyMlDsa65MuNoble, verifyMlDsa65Noble } from '../../src/crypto/engine-noble-verify.ts';
import { verifyMlDsa65MuWasm, verifyMlDsa65Wasm } from '../../src/crypto/engine-wasm-verify.ts';
import { keyFromExpanded, keyFromSeed } from '../../src/crypto/keys.ts';
import { decodePkcs8, encodePkcs8 } from '../../src/crypto/pkcs8.ts';
import { readPublicKey } from '../../src/crypto/public-key.ts';
import { createSigner } from '../../src/crypto/signers.ts';
import { hasShared } from '../shared.ts';
import { type Kind, keyGenTests, muOf, sigGenGroups, sigVerGroups } from './acvp.ts';

/** Trap: "ML-DSA verify must return false, not throw"; the 48 invalid cases modify message, z, commitment and hint. */
describe.skipIf(!hasShared)('NIST ACVP, ML-DSA-65, against noble and wasm', () => {
  it('keyGen: 25 seeds give pk and sk, and each sk is accepted as an expanded key of that pk', () => {
    const tests = keyGenTests();
    expect(tests).toHaveLength(25);
    for (const { tcId, seed, pk, sk } of tests) {
      const key = keyFromSeed('ML-DSA-65', fromHex(seed));
      expect(toHex(key.publicKey.bytes), `tcId ${tcId}`).toBe(pk);
      expect(toHex(key.expanded!), `tcId ${tcId}`).toBe(sk);
      expect(toHex(keyFromExpanded(fromHex(sk)).publicKey.bytes)).toBe(pk);
      expect(toHex(decodePkcs8(encodePkcs8(key)).expanded!)).toBe(sk);
    }
  });

  // Contexts of these vectors are bytes, not text, so that the public signer gets them inside mu = H(tr ‖ M'). Nothing is left out.
  it.each(['noble', 'wasm'] as const)(
    'sigGen by %s: 120 signatures of 8 groups, deterministic and hedged, byte for byte through the public signer',
    async (engine) => {
      const groups = sigGenGroups();
      const counts: Partial<Record<Kind, number>> = {};
      for (const { kind, deterministic, tests } of groups) {
        for (const test of tests) {
          const sk = fromHex(test.sk);
          const rnd = test.rnd === undefined ? undefined : fromHex(test.rnd);
          expect(rnd === undefined).toBe(deterministic);
          const randomness =
            rnd === undefined ? { deterministicForTests: true } : { random: { bytes: () => rnd.slice() } };
          const signer = await createSigner(keyFromExpanded(sk), { engine, ...randomness });
          const signature = await signer.sign({ mu: muOf(kind, test, sk.subarray(64, 128)) });
          expect(equalBytes(signature, fromHex(test.signature)), `tcId ${test.tcId}`).toBe(true);
          counts[kind] = (counts[kind] ?? 0) + 1;
        }
      }
      expect(counts).toEqual({ 'external-pure': 30, 'external-prehash': 30, internal: 30, 'internal-externalmu': 30 });
    },
    120_000,
  );

  it.each([
    ['noble', verifyMlDsa65Noble, verifyMlDsa65MuNoble],
    ['wasm', verifyMlDsa65Wasm, verifyMlDsa65MuWasm],
  ] as const)('sigVer by %s: 60 signatures, exactly testPassed', (_, verify, verifyMu) => {
    const counts: Partial<Record<Kind, number>> = {};
    let passed = 0;
    for (const { kind, tests } of sigVerGroups()) {
      for (const test of tests) {
        const key = readPublicKey('ML-DSA-65', fromHex(test.pk));
        const signature = fromHex(test.signature);
        const tr = shake256(key.bytes, { dkLen: 64 });
        expect(verifyMu(key, muOf(kind, test, tr), signature), `tcId ${test.tcId} ${test.reason}`).toBe(
          test.testPassed,
        );
        if (kind === 'external-pure') {
          expect(verify(key, fromHex(test.message!), signature, fromHex(test.context!))).toBe(test.testPassed);
        }
        counts[kind] = (counts[kind] ?? 0) + 1;
        passed += test.testPassed ? 1 : 0;
      }
    }
    expect(counts).toEqual({ 'external-pure': 15, 'external-prehash': 15, internal: 15, 'internal-externalmu': 15 });
    expect(passed).toBe(12);
  });
});
