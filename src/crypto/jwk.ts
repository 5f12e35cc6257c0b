import { ReceiptError } from '../base/errors.ts';
import { type PublicKey, parseJwk } from './public-key.ts';

/** Members that hold secrets: of AKP and OKP, and of the other key types, so that a wrong file is named for what it is. */
const PRIVATE_MEMBERS = ['priv', 'd', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const;

/** @returns the name of a secret member that `jwk` carries, or null. */
export function privateMember(jwk: Readonly<Record<string, unknown>>): string | null {
  return PRIVATE_MEMBERS.find((name) => Object.hasOwn(jwk, name)) ?? null;
}

/**
 * Read the public half of a JWK from a file. Unlike control entries (parseJwk: exact members), a file may say more: `kid` must then be
 * the RFC 7638 thumbprint, `use` must be "sig", `alg` of an OKP key "Ed25519" or "EdDSA"; other members are left alone, as RFC 7517
 * section 4 wants. Secret members are not looked at: the caller decides whether they may be there.
 * @throws ReceiptError KEY_MALFORMED, KEY_MISMATCH (kid of another key), KEY_UNSUITABLE (not for signatures), UNSUPPORTED (other key type)
 * @see RFC 7517; RFC 8037 section 2; RFC 9964 section 3
 */
export function publicHalfOfJwk(jwk: Readonly<Record<string, unknown>>): PublicKey {
  const key = parseJwk(requiredMembers(jwk));
  if (jwk.kid !== undefined && jwk.kid !== key.kid) {
    const found = typeof jwk.kid === 'string' ? jwk.kid.slice(0, 64) : typeof jwk.kid;
    throw new ReceiptError('KEY_MISMATCH', `JWK kid: expected the thumbprint ${key.kid}, got ${found}`, {
      at: 'kid',
      expected: key.kid,
      found,
    });
  }
  if (jwk.use !== undefined && jwk.use !== 'sig') {
    throw new ReceiptError('KEY_UNSUITABLE', 'JWK use: expected "sig", got another use', {
      at: 'use',
      expected: '"sig"',
    });
  }
  return key;
}

function requiredMembers(jwk: Readonly<Record<string, unknown>>): unknown {
  const { kty, alg, crv } = jwk;
  if (kty === 'AKP' && alg === 'ML-DSA-65') return { alg, kty, pub: jwk.pub };
  if (kty === 'OKP' && crv === 'Ed25519' && (alg === undefined || alg === 'Ed25519' || alg === 'EdDSA'))
    return { crv, kty, x: jwk.x };
  const found = [kty, alg, crv].map((value) => (typeof value === 'string' ? value.slice(0, 32) : '-')).join('/');
  throw new ReceiptError('UNSUPPORTED', `JWK kty/alg/crv: expected AKP/ML-DSA-65/- or OKP/-/Ed25519, got ${found}`, {
    at: 'kty',
    expected: 'AKP with alg ML-DSA-65, or OKP with crv Ed25519',
    found,
  });
}

/** Parse JSON text as one object. @throws ReceiptError KEY_MALFORMED; the text is never quoted, since it may hold a secret. */
export function parseJwkText(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ReceiptError('KEY_MALFORMED', 'JWK: expected JSON, got something else', { at: 'JWK', expected: 'JSON' });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ReceiptError('KEY_MALFORMED', 'JWK: expected one JSON object, got another value', {
      at: 'JWK',
      expected: 'an object',
    });
  }
  return value as Record<string, unknown>;
}
