import nodeCrypto from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex, utf8, utf8Text } from '../../src/base/bytes.ts';
import { hasNativeSigning } from '../../src/crypto/engine-native-sign.ts';
import { nativeVerifier, verifyMlDsa65Native } from '../../src/crypto/engine-native-verify.ts';
import { nobleVerifier, verifyMlDsa65Noble } from '../../src/crypto/engine-noble-verify.ts';
import { availableEngines, chooseVerifier, crossCheck } from '../../src/crypto/engines.ts';
import { generateKey, keyFromExpanded, keyFromSeed } from '../../src/crypto/keys.ts';
import { encodePkcs8 } from '../../src/crypto/pkcs8.ts';
import { readPublicKey, toJwk } from '../../src/crypto/public-key.ts';
import { encodePublicKey, readPublicKeyFile } from '../../src/crypto/public-key-file.ts';
import { encodeSecretJwk, encodeSecretPem, readSecretKeyFile } from '../../src/crypto/secret-key-file.ts';
import { availableSigners, createSigner, measureSigning } from '../../src/crypto/signers.ts';
import { encodeSpki } from '../../src/crypto/spki.ts';
import { CONTEXTS } from '../../src/crypto/verifier.ts';
import { keyGenTests, sigVerGroups } from '../crypto/acvp.ts';
import { forge, weakKey } from '../crypto/forge.ts';
import { hasShared } from '../shared.ts';
import { nativeMlDsa } from './native.ts';

const input = { message: utf8('what happened'), context: CONTEXTS.entry };
const ALGS = ['ML-DSA-65', 'Ed25519'] as const;

// The types that we compile with are those of Node 20, which know neither JWK of AKP keys nor the context.
interface NodeKey {
  readonly asymmetricKeyType?: string;
  export(form: { format: 'der' | 'pem'; type: 'spki' | 'pkcs8' }): string | Uint8Array;
  export(form: { format: 'jwk' }): Record<string, string>;
}
const crypto = nodeCrypto as unknown as {
  createPrivateKey(input: string | { key: unknown; format: string; type?: string }): NodeKey;
  createPublicKey(input: string | NodeKey | { key: unknown; format: string; type?: string }): NodeKey;
  generateKeyPairSync(type: string): { publicKey: NodeKey; privateKey: NodeKey };
  sign(algorithm: null, data: Uint8Array, key: { key: NodeKey; context: Uint8Array }): Uint8Array;
  verify(algorithm: null, data: Uint8Array, key: { key: NodeKey; context: Uint8Array }, signature: Uint8Array): boolean;
};
const bytes = (value: string | Uint8Array): Uint8Array =>
  typeof value === 'string' ? utf8(value) : Uint8Array.from(value);

describe.skipIf(!nativeMlDsa || !hasShared)('NIST ACVP, ML-DSA-65, against node:crypto', () => {
  it('keyGen: 25 seeds in PKCS#8 open to the public keys of the vectors', () => {
    const tests = keyGenTests();
    expect(tests).toHaveLength(25);
    for (const { tcId, seed, pk, sk } of tests) {
      const der = encodePkcs8(keyFromSeed('ML-DSA-65', fromHex(seed)));
      const opened = crypto.createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
      const spki = bytes(crypto.createPublicKey(opened).export({ format: 'der', type: 'spki' }));
      expect(toHex(spki.subarray(-1952)), `tcId ${tcId}`).toBe(pk);
      expect(toHex(readSecretKeyFile(bytes(opened.export({ format: 'der', type: 'pkcs8' }))).expanded!)).toBe(sk);
    }
  });

  it('sigVer: the 15 external-pure signatures, exactly testPassed (node:crypto has no internal, prehash or mu interface)', () => {
    const tests = sigVerGroups()
      .filter(({ kind }) => kind === 'external-pure')
      .flatMap((group) => group.tests);
    expect(tests).toHaveLength(15);
    expect(new Set(tests.map(({ testPassed }) => testPassed)).size).toBe(2);
    for (const { tcId, pk, message, context, signature, testPassed } of tests) {
      const key = readPublicKey('ML-DSA-65', fromHex(pk));
      expect(verifyMlDsa65Native(key, fromHex(message!), fromHex(signature), fromHex(context!)), `tcId ${tcId}`).toBe(
        testPassed,
      );
    }
  });
});

describe.skipIf(!nativeMlDsa)('native ML-DSA-65 beside noble', () => {
  it('probing finds native, for verifying by name and for signing', async () => {
    expect((await chooseVerifier()).engine).toBe('wasm');
    expect(await chooseVerifier('native')).toBe(nativeVerifier);
    expect(hasNativeSigning('ML-DSA-65')).toBe(true);
    const { fastest, nativeMicros, wasmMicros } = measureSigning();
    expect(fastest).toBe(wasmMicros < nativeMicros ? 'wasm' : 'native');
    expect((await createSigner(generateKey('ML-DSA-65'))).engine).toBe(fastest);
    expect((await createSigner(generateKey('ML-DSA-65'), { engine: 'native' })).engine).toBe('native');
    expect(availableEngines()[0]).toMatchObject({ engine: 'native', available: true });
    expect(availableSigners()[0]).toMatchObject({ engine: 'native', available: true });
  });

  it('native signatures verify with noble and the reverse; native hedges, and has no mu', async () => {
    const key = generateKey('ML-DSA-65');
    const native = await createSigner(key, { engine: 'native' });
    const noble = await createSigner(key, { engine: 'noble' });
    const fromNative = await Promise.all(Array.from({ length: 4 }, () => native.sign(input)));
    expect(new Set(fromNative.map(toHex)).size).toBe(4);
    for (const signature of fromNative) {
      expect(signature.constructor).toBe(Uint8Array);
      expect(await nobleVerifier.verify(key.publicKey, input.message, signature, input.context)).toBe(true);
      expect(await nobleVerifier.verify(key.publicKey, input.message, signature, '')).toBe(false);
    }
    expect(await nativeVerifier.verify(key.publicKey, input.message, await noble.sign(input), input.context)).toBe(
      true,
    );
    await expect(native.sign({ mu: new Uint8Array(64) })).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    await expect(native.sign({ message: input.message, context: 'x'.repeat(256) })).rejects.toThrow(RangeError);
  });

  it('a key in expanded form signs natively', async () => {
    const key = keyFromExpanded(generateKey('ML-DSA-65').expanded!);
    const signature = await (await createSigner(key, { engine: 'native' })).sign(input);
    expect(await nobleVerifier.verify(key.publicKey, input.message, signature, input.context)).toBe(true);
  });

  it('crossCheck(native, noble) agrees on good, mutated and forged signatures, messages and contexts', async () => {
    const key = generateKey('ML-DSA-65');
    const both = crossCheck(nativeVerifier, nobleVerifier);
    const good = await (await createSigner(key, { engine: 'noble' })).sign(input);
    expect(await both.verify(key.publicKey, input.message, good, input.context)).toBe(true);
    expect(await both.verify(key.publicKey, input.message, good, CONTEXTS.request)).toBe(false);
    expect(await both.verify(key.publicKey, utf8('other'), good, input.context)).toBe(false);
    for (const length of [0, 1, 3308])
      expect(await both.verify(key.publicKey, input.message, good.slice(0, length), input.context)).toBe(false);
    // The hint area (last 61 bytes) is where encodings can be many; half of the changes go there.
    const where = fc.oneof(fc.integer({ min: 3248, max: 3308 }), fc.nat(3308));
    await fc.assert(
      fc.asyncProperty(where, fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const changed = good.slice();
        changed[at] ^= change;
        expect(await both.verify(key.publicKey, input.message, changed, input.context)).toBe(false);
      }),
      { numRuns: 120 },
    );
    const z = Array.from({ length: 5 }, (_, i) => new Array<number>(256).fill(1000 * i));
    const hints = [[1], [2], [3], [4], [5], [6, 250]];
    expect(
      await both.verify(weakKey, input.message, forge(input.message, input.context, z, hints), input.context),
    ).toBe(true);
  });

  it('arbitrary public key bytes: one answer', async () => {
    const both = crossCheck(nativeVerifier, nobleVerifier);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1952, maxLength: 1952 }), async (pk) => {
        expect(await both.verify(readPublicKey('ML-DSA-65', pk), input.message, new Uint8Array(3309), '')).toBe(false);
      }),
      { numRuns: 20 },
    );
  });
});

describe.skipIf(!nativeMlDsa).each(ALGS)('%s key files, both directions', (alg) => {
  const nodeType = alg === 'Ed25519' ? 'ed25519' : 'ml-dsa-65';

  it('a key made here opens in Node: PKCS#8 in every form, PEM and DER, private JWK, SPKI; and what Node then signs verifies here', () => {
    const key = generateKey(alg);
    const forms = alg === 'Ed25519' ? (['seed'] as const) : (['seed', 'expanded', 'both'] as const);
    const opened = [
      crypto.createPrivateKey(utf8Text(encodeSecretPem(key))),
      ...forms.map((form) => crypto.createPrivateKey({ key: encodePkcs8(key, form), format: 'der', type: 'pkcs8' })),
      crypto.createPrivateKey({ key: JSON.parse(utf8Text(encodeSecretJwk(key))), format: 'jwk' }),
    ];
    expect(opened).toHaveLength(alg === 'Ed25519' ? 3 : 5);
    for (const secret of opened) {
      expect(secret.asymmetricKeyType).toBe(nodeType);
      const pub = crypto.createPublicKey(secret);
      expect(bytes(pub.export({ format: 'der', type: 'spki' }))).toEqual(encodeSpki(key.publicKey));
      if (alg === 'ML-DSA-65') {
        const context = utf8(input.context);
        const signature = bytes(crypto.sign(null, input.message, { key: secret, context }));
        expect(verifyMlDsa65Noble(key.publicKey, input.message, signature, context)).toBe(true);
      }
    }
    for (const pub of [
      crypto.createPublicKey(utf8Text(encodePublicKey(key.publicKey, 'spki'))),
      crypto.createPublicKey({ key: encodeSpki(key.publicKey), format: 'der', type: 'spki' }),
      crypto.createPublicKey({ key: toJwk(key.publicKey), format: 'jwk' }),
    ]) {
      expect(bytes(pub.export({ format: 'der', type: 'spki' }))).toEqual(encodeSpki(key.publicKey));
    }
  });

  it('a key made by Node opens here: PKCS#8 and SPKI in PEM and DER, JWK both halves; and what it signs here Node verifies', async () => {
    const { publicKey, privateKey } = crypto.generateKeyPairSync(nodeType);
    const spki = bytes(publicKey.export({ format: 'der', type: 'spki' }));
    const secrets = [
      readSecretKeyFile(bytes(privateKey.export({ format: 'der', type: 'pkcs8' }))),
      readSecretKeyFile(bytes(privateKey.export({ format: 'pem', type: 'pkcs8' }))),
      readSecretKeyFile(utf8(JSON.stringify(privateKey.export({ format: 'jwk' })))),
    ];
    for (const secret of secrets) expect(encodeSpki(secret.publicKey)).toEqual(spki);
    const publics = [
      readPublicKeyFile(spki),
      readPublicKeyFile(bytes(publicKey.export({ format: 'pem', type: 'spki' }))),
      readPublicKeyFile(utf8(JSON.stringify(publicKey.export({ format: 'jwk' })))),
      readPublicKeyFile(spki.subarray(alg === 'Ed25519' ? -32 : -1952)),
    ];
    for (const pub of publics) expect(pub.kid).toBe(secrets[0].publicKey.kid);
    // Written again here, byte for byte as Node writes it.
    expect(utf8Text(encodeSecretPem(secrets[0]))).toBe(String(privateKey.export({ format: 'pem', type: 'pkcs8' })));
    if (alg === 'ML-DSA-65') {
      const signature = await (await createSigner(secrets[0], { engine: 'noble' })).sign(input);
      expect(crypto.verify(null, input.message, { key: publicKey, context: utf8(input.context) }, signature)).toBe(
        true,
      );
    }
  });
});

describe('Ed25519 of node:crypto beside noble (Node 20 has it too; its edge cases stand in test/crypto/ed25519.test.ts)', () => {
  it('crossCheck agrees on good and changed signatures', async () => {
    const key = generateKey('Ed25519');
    const both = crossCheck(nativeVerifier, nobleVerifier);
    const good = await (await createSigner(key, { engine: 'native' })).sign(input);
    expect(await both.verify(key.publicKey, input.message, good, input.context)).toBe(true);
    await fc.assert(
      fc.asyncProperty(fc.nat(63), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const changed = good.slice();
        changed[at] ^= change;
        expect(await both.verify(key.publicKey, input.message, changed, input.context)).toBe(false);
      }),
      { numRuns: 60 },
    );
  });
});
