import { copyBytes, fromBase64url, fromHex, toBase64url, utf8 } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { edwards25519 } from './ed25519-point.ts';
import { sha256Hex } from './hash.ts';

/** Signature algorithms of format 1 (format section 2), in the spelling of `alg`. */
export type Algorithm = 'ML-DSA-65' | 'Ed25519';

/** Encoded sizes in bytes. @see FIPS 204 table 2; RFC 8032 section 5.1 */
export const KEY_SIZES: Readonly<Record<Algorithm, { readonly publicKey: number; readonly signature: number }>> = {
  'ML-DSA-65': { publicKey: 1952, signature: 3309 },
  Ed25519: { publicKey: 32, signature: 64 },
};

/** A public key that passed its checks. Engines may key caches on the object; never change `bytes`. */
export interface PublicKey {
  readonly alg: Algorithm;
  /** RFC 7638 thumbprint, 43 base64url characters. */
  readonly kid: string;
  /** ML-DSA-65: 1952 bytes (pkEncode form). Ed25519: 32 bytes. */
  readonly bytes: Uint8Array;
}

/** The public JWK exactly as control entries and key files carry it: AKP (RFC 9964) for ML-DSA, OKP (RFC 8037) for Ed25519. */
export type PublicJwk =
  | { readonly alg: 'ML-DSA-65'; readonly kty: 'AKP'; readonly pub: string }
  | { readonly crv: 'Ed25519'; readonly kty: 'OKP'; readonly x: string };

/**
 * Check raw public key bytes and name them. Ed25519: canonical encoding, in the prime-order subgroup, not the identity; checked
 * here, once a key, because every engine must give one answer and native ones accept mixed-order keys (format section 2).
 * @param bytes copied. @throws ReceiptError KEY_MALFORMED; TypeError on another kind
 */
export function readPublicKey(alg: Algorithm, bytes: Uint8Array): PublicKey {
  const own = copyBytes(bytes);
  const expected = KEY_SIZES[alg].publicKey;
  if (own.length !== expected) {
    throw new ReceiptError('KEY_MALFORMED', `${alg} public key: expected ${expected} bytes, got ${own.length}`, {
      expected: `${expected} bytes`,
      found: `${own.length} bytes`,
    });
  }
  if (alg === 'Ed25519' && !isPrimeOrderPoint(own)) {
    throw new ReceiptError(
      'KEY_MALFORMED',
      'Ed25519 public key: expected a canonical point of the prime-order subgroup',
      {
        expected: 'a canonical point of order L',
        found: 'a small-order, mixed-order, non-canonical or invalid point',
      },
    );
  }
  return { alg, kid: thumbprint(jwkOf(alg, own)), bytes: own };
}

function isPrimeOrderPoint(bytes: Uint8Array): boolean {
  try {
    const point = edwards25519().fromBytes(bytes, false);
    return !point.is0() && point.isTorsionFree();
  } catch {
    return false;
  }
}

/** @returns the public JWK of `key`, fresh. */
export function toJwk(key: PublicKey): PublicJwk {
  return jwkOf(key.alg, key.bytes);
}

function jwkOf(alg: Algorithm, bytes: Uint8Array): PublicJwk {
  const text = toBase64url(bytes);
  return alg === 'ML-DSA-65' ? { alg, kty: 'AKP', pub: text } : { crv: 'Ed25519', kty: 'OKP', x: text };
}

/**
 * Read a public JWK with exactly the members of its kind (format section 4), as control entries carry it.
 * @throws ReceiptError KEY_MALFORMED for another shape, another algorithm, loose base64url or a bad key.
 */
export function parseJwk(value: unknown): PublicKey {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformedJwk('an object');
  const jwk = value as Record<string, unknown>;
  const names = Object.keys(jwk).sort().join(' ');
  if (names === 'alg kty pub' && jwk.alg === 'ML-DSA-65' && jwk.kty === 'AKP' && typeof jwk.pub === 'string') {
    return readPublicKey('ML-DSA-65', decodeMember(jwk.pub));
  }
  if (names === 'crv kty x' && jwk.crv === 'Ed25519' && jwk.kty === 'OKP' && typeof jwk.x === 'string') {
    return readPublicKey('Ed25519', decodeMember(jwk.x));
  }
  throw malformedJwk('exactly {alg, kty, pub} of ML-DSA-65 (AKP) or {crv, kty, x} of Ed25519 (OKP)');
}

function malformedJwk(expected: string): ReceiptError {
  return new ReceiptError('KEY_MALFORMED', `public JWK: expected ${expected}`, { expected });
}

function decodeMember(text: string): Uint8Array {
  try {
    return fromBase64url(text);
  } catch {
    throw malformedJwk('strict base64url without padding');
  }
}

/** RFC 7638: SHA-256 over the required members in lexicographic order, which is how PublicJwk lists them. */
function thumbprint(jwk: PublicJwk): string {
  return toBase64url(fromHex(sha256Hex(utf8(JSON.stringify(jwk)))));
}
