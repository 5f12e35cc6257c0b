import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, equalBytes } from '../base/bytes.ts';
import { edwards25519, type Point } from './ed25519-point.ts';
import type { PublicKey } from './public-key.ts';

/** The identity (0, 1) as RFC 8032 encodes it. */
const IDENTITY = Uint8Array.of(1, ...new Uint8Array(31));

const points = new WeakMap<PublicKey, Point>();

/**
 * The checks of format section 2 that need no arithmetic on points; every engine makes them first, so that none is looser.
 * @returns whether the signature has 64 bytes, S < L, and R is not the identity.
 */
export function isWellFormedEd25519(signature: Uint8Array): boolean {
  return (
    signature.length === 64 &&
    scalarOf(signature.subarray(32)) < edwards25519().Fn.ORDER &&
    !equalBytes(signature.subarray(0, 32), IDENTITY)
  );
}

/**
 * Verify Ed25519 without cofactor: encode(S·B − k·A) must be R, byte for byte, k = SHA-512(R ‖ A ‖ M') mod L. Built from points,
 * because noble's own verify multiplies by the cofactor and so accepts what OpenSSL refuses. Since A has prime order (readPublicKey),
 * small-order, mixed-order and non-canonical R can equal no encoding of S·B − k·A, and fall out without a rule of their own.
 * @param key Ed25519, as readPublicKey made it. @param signed M' (signedMessage), any length. @param signature any length.
 * @see RFC 8032 section 5.1.7; FIPS 186-5 section 7.7.2
 */
export function verifyEd25519(key: PublicKey, signed: Uint8Array, signature: Uint8Array): boolean {
  if (!isWellFormedEd25519(signature)) return false;
  const { BASE, Fn } = edwards25519();
  const encodedR = signature.subarray(0, 32);
  const k = scalarOf(sha512(concatBytes(encodedR, key.bytes, signed))) % Fn.ORDER;
  const minusA = pointOf(key).negate();
  const r = BASE.multiplyUnsafe(scalarOf(signature.subarray(32))).add(minusA.multiplyUnsafe(k));
  return equalBytes(r.toBytes(), encodedR);
}

function pointOf(key: PublicKey): Point {
  const known = points.get(key);
  if (known !== undefined) return known;
  const point = edwards25519().fromBytes(key.bytes, false);
  points.set(key, point);
  return point;
}

function scalarOf(littleEndian: Uint8Array): bigint {
  let value = 0n;
  for (let i = littleEndian.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(littleEndian[i]!);
  return value;
}
