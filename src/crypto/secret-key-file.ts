import { fromBase64url, toBase64url, utf8 } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { parseJwkText, publicHalfOfJwk } from './jwk.ts';
import { keyFromSeed, requireOwnPublicKey, SEED_BYTES, type SecretKey } from './keys.ts';
import { decodePem, encodePem, looksLikePem } from './pem.ts';
import { decodePkcs8, encodePkcs8 } from './pkcs8.ts';
import { toJwk } from './public-key.ts';
import { looksLikePkcs8, MAX_KEY_FILE_BYTES, requireBytes, textOf } from './public-key-file.ts';

/**
 * Read a secret key file, as `--key FILE` of a writer names one: PKCS#8 (PEM or DER) or a private JWK. Bare 32 bytes are refused,
 * since a seed of either algorithm and an Ed25519 public key look alike.
 * @param bytes the whole file, only read. @throws ReceiptError KEY_MALFORMED, KEY_MISMATCH, UNSUPPORTED (other algorithm, encrypted
 *   PKCS#8), KEY_UNSUITABLE when it holds a public key only. Nothing of the content is quoted. TypeError on text.
 */
export function readSecretKeyFile(bytes: Uint8Array): SecretKey {
  requireBytes(bytes, 'readSecretKeyFile');
  if (bytes.length > MAX_KEY_FILE_BYTES) throw unrecognised();
  const text = textOf(bytes);
  if (text !== null && looksLikePem(text)) return fromPem(text);
  if (text !== null && /^\s*\{/.test(text)) return decodeSecretJwk(text);
  if (bytes[0] === 0x30 && looksLikePkcs8(bytes)) return decodePkcs8(bytes);
  if (bytes[0] === 0x30) throw publicOnly('SPKI');
  throw unrecognised();
}

/** Write PKCS#8 in PEM, seed form. @returns fresh bytes, secret: wipe them. @throws ReceiptError KEY_UNSUITABLE without a seed */
export function encodeSecretPem(key: SecretKey): Uint8Array {
  return encodePem('PRIVATE KEY', encodePkcs8(key));
}

/**
 * Write the private JWK as text: the public members, `kid`, and `priv` (ML-DSA) or `d` (Ed25519), the base64url of the seed.
 * @returns fresh bytes, secret: wipe them. @throws ReceiptError KEY_UNSUITABLE without a seed @see RFC 9964 section 3; RFC 8037 section 2
 */
export function encodeSecretJwk(key: SecretKey): Uint8Array {
  const { seed, alg } = key;
  if (seed === null) {
    throw new ReceiptError(
      'KEY_UNSUITABLE',
      'private JWK: expected a key with its seed, got one that came in expanded form only',
    );
  }
  const secret = toBase64url(seed);
  return utf8(
    `${JSON.stringify({ ...toJwk(key.publicKey), kid: key.publicKey.kid, ...(alg === 'Ed25519' ? { d: secret } : { priv: secret }) })}\n`,
  );
}

/** Read a private JWK. @throws ReceiptError KEY_MALFORMED, KEY_MISMATCH (public members of another key), KEY_UNSUITABLE, UNSUPPORTED */
export function decodeSecretJwk(text: string): SecretKey {
  const jwk = parseJwkText(text);
  const claimed = publicHalfOfJwk(jwk);
  const member = claimed.alg === 'Ed25519' ? 'd' : 'priv';
  if (jwk[member] === undefined) throw publicOnly('JWK');
  const key = keyFromSeed(claimed.alg, decodeSeed(jwk[member], member));
  requireOwnPublicKey(key, claimed, 'JWK');
  return key;
}

function decodeSeed(value: unknown, member: string): Uint8Array {
  try {
    const seed = typeof value === 'string' ? fromBase64url(value) : new Uint8Array(0);
    if (seed.length === SEED_BYTES) return seed;
  } catch {
    // Not quoted: it is meant to be a secret.
  }
  throw new ReceiptError(
    'KEY_MALFORMED',
    `JWK ${member}: expected base64url of a ${SEED_BYTES}-byte seed, got something else`,
    {
      at: member,
      expected: `${SEED_BYTES} bytes`,
    },
  );
}

function fromPem(text: string): SecretKey {
  const { label, der } = decodePem(text);
  if (label === 'PRIVATE KEY') return decodePkcs8(der);
  if (label === 'PUBLIC KEY') throw publicOnly('PEM PUBLIC KEY');
  throw new ReceiptError('UNSUPPORTED', `PEM label: expected PRIVATE KEY, got ${label}`, {
    at: 'PEM',
    expected: 'PRIVATE KEY',
    found: label,
  });
}

function publicOnly(found: string): ReceiptError {
  return new ReceiptError('KEY_UNSUITABLE', `key file: expected a secret key, got a public key (${found})`, {
    expected: 'a secret key',
    found: `a public key (${found})`,
  });
}

function unrecognised(): ReceiptError {
  const expected = 'PKCS#8 (PEM or DER) or a private JWK';
  return new ReceiptError('KEY_MALFORMED', `key file: expected ${expected}, got something else`, { expected });
}
