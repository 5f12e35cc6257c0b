import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, fromHex, toHex, utf8 } from '../../src/base/bytes.ts';
import { isReceiptError } from '../../src/base/errors.ts';
import { verifyEd25519 } from '../../src/crypto/ed25519-verify.ts';
import { nativeVerifier, verifyEd25519Native } from '../../src/crypto/engine-native-verify.ts';
import { nobleVerifier } from '../../src/crypto/engine-noble-verify.ts';
import { wasmVerifier } from '../../src/crypto/engine-wasm-verify.ts';
import { crossCheck } from '../../src/crypto/engines.ts';
import { keyFromSeed } from '../../src/crypto/keys.ts';
import { readPublicKey } from '../../src/crypto/public-key.ts';
import { createSigner } from '../../src/crypto/signers.ts';
import { CONTEXTS, signedMessage } from '../../src/crypto/verifier.ts';

const { Point } = ed25519;
const ORDER = Point.Fn.ORDER;
const seed = fromHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60');
const key = keyFromSeed('Ed25519', seed);
const A = key.publicKey;
const secretScalar = ed25519.utils.getExtendedPublicKey(seed).scalar;
const signed = utf8('what happened');
const message = signedMessage(signed, CONTEXTS.entry);

const littleEndian = (value: bigint): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
const challenge = (r: Uint8Array): bigint =>
  BigInt(`0x${toHex(sha512(concatBytes(r, A.bytes, message)).reverse())}`) % ORDER;
/** The S that makes S·B = r·B + k·A hold, for any bytes that claim to be R. */
const complete = (encodedR: Uint8Array, r: bigint): Uint8Array =>
  concatBytes(encodedR, littleEndian((r + challenge(encodedR) * secretScalar) % ORDER));
const torsion = ED25519_TORSION_SUBGROUP.map((hex) => fromHex(hex));
const smallOrder = torsion.filter((bytes) => !Point.fromBytes(bytes, true).is0());
const IDENTITY = littleEndian(1n);
const P = 2n ** 255n - 19n;

/** Every engine must say the same, by its function and through its port; the tests say what. */
const judge = (signature: Uint8Array): boolean => {
  const noble = verifyEd25519(A, message, signature);
  expect(verifyEd25519Native(A, message, signature), `native and noble on ${toHex(signature)}`).toBe(noble);
  for (const engine of [nobleVerifier, nativeVerifier, wasmVerifier])
    expect(engine.verify(A, signed, signature, CONTEXTS.entry), `${engine.engine} on ${toHex(signature)}`).toBe(noble);
  return noble;
};
/** What the cofactored, lenient reading says: shows that a case is the trap that it claims to be. */
const cofactored = (signature: Uint8Array): boolean => ed25519.verify(signature, message, A.bytes, { zip215: true });

describe('Ed25519 as format section 2 has it, every engine alike', () => {
  const r = 0x1234567890abcdefn;
  const good = complete(Point.BASE.multiply(r).toBytes(), r);

  it('accepts a signature with a well-chosen R', () => {
    expect(judge(good)).toBe(true);
  });

  it('S + L: the same signature spelled twice', () => {
    const s = BigInt(`0x${toHex(good.slice(32).reverse())}`);
    expect(judge(concatBytes(good.subarray(0, 32), littleEndian(s + ORDER)))).toBe(false);
    expect(judge(concatBytes(good.subarray(0, 32), littleEndian(s + 8n * ORDER)))).toBe(false);
    expect(judge(concatBytes(good.subarray(0, 32), littleEndian(ORDER)))).toBe(false);
    expect(judge(concatBytes(good.subarray(0, 32), new Uint8Array(32).fill(255)))).toBe(false);
  });

  it('R = identity, which satisfies the equation and which OpenSSL alone would accept', () => {
    const signature = complete(IDENTITY, 0n);
    expect(cofactored(signature)).toBe(true);
    expect(judge(signature)).toBe(false);
  });

  it('R of small order: right up to the cofactor', () => {
    expect(smallOrder).toHaveLength(7);
    for (const encodedR of smallOrder) {
      const signature = complete(encodedR, 0n);
      expect(cofactored(signature)).toBe(true);
      expect(judge(signature)).toBe(false);
    }
  });

  it('R of mixed order: right up to the cofactor', () => {
    for (const t of smallOrder) {
      const signature = complete(Point.BASE.multiply(r).add(Point.fromBytes(t, true)).toBytes(), r);
      expect(cofactored(signature)).toBe(true);
      expect(judge(signature)).toBe(false);
    }
  });

  it('R that is no canonical encoding: y ≥ p, and the sign of zero', () => {
    const minusZero = littleEndian(1n | (1n << 255n));
    for (const encodedR of [littleEndian(P + 1n), minusZero, littleEndian(P), littleEndian((P + 1n) | (1n << 255n))]) {
      expect(judge(complete(encodedR, 0n))).toBe(false);
    }
  });

  it('R that is no point at all', () => {
    expect(() => Point.fromBytes(littleEndian(2n), true)).toThrow();
    expect(judge(complete(littleEndian(2n), r))).toBe(false);
  });

  it('every length but 64, and random bytes, without an exception', () => {
    for (let length = 0; length <= 130; length++)
      if (length !== 64) expect(judge(concatBytes(good, good, good).slice(0, length))).toBe(false);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (signature) => {
        expect(judge(signature)).toBe(false);
      }),
      { numRuns: 50 },
    );
  });

  it('any one changed bit', () => {
    fc.assert(
      fc.property(fc.nat(63), fc.nat(7), (at, bit) => {
        const changed = good.slice();
        changed[at] ^= 1 << bit;
        expect(judge(changed)).toBe(false);
      }),
      { numRuns: 80 },
    );
  });

  it('public keys of small or mixed order, not canonical, or no point are refused when read', () => {
    const mixed = Point.fromBytes(A.bytes).add(Point.fromBytes(smallOrder[0], true)).toBytes();
    const bad = [
      ...torsion,
      mixed,
      littleEndian(P),
      littleEndian(P + 1n),
      littleEndian(1n | (1n << 255n)),
      littleEndian(2n),
    ];
    expect(bad).toHaveLength(13);
    for (const bytes of bad) {
      expect(() => readPublicKey('Ed25519', bytes), toHex(bytes)).toThrowError(
        expect.toSatisfy((error) => isReceiptError(error, 'KEY_MALFORMED')),
      );
    }
  });
});

describe('Ed25519 signers', () => {
  it('RFC 8032 section 7.1, tests 1 to 3: seed to public key', () => {
    const known = [
      [
        '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
        'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
      ],
      [
        '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
        '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
      ],
      [
        'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
        'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
      ],
    ];
    for (const [secret, pub] of known) expect(toHex(keyFromSeed('Ed25519', fromHex(secret)).publicKey.bytes)).toBe(pub);
  });

  it('native and noble make the same bytes, each verified by the other, over M′ and not over the message', async () => {
    const input = { message: utf8('what happened'), context: CONTEXTS.entry };
    const noble = await (await createSigner(key, { engine: 'noble' })).sign(input);
    const native = await (await createSigner(key, { engine: 'native' })).sign(input);
    expect(native).toEqual(noble);
    expect(native.constructor).toBe(Uint8Array);
    const both = crossCheck(nativeVerifier, nobleVerifier);
    expect(await both.verify(A, input.message, noble, CONTEXTS.entry)).toBe(true);
    expect(await both.verify(A, input.message, noble, CONTEXTS.request)).toBe(false);
    expect(await both.verify(A, input.message, noble, 'x'.repeat(256))).toBe(false);
    expect(ed25519.verify(noble, message, A.bytes)).toBe(true);
    expect(ed25519.verify(noble, input.message, A.bytes)).toBe(false);
  });
});
