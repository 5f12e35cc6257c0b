import { utf8, utf8Text } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { parseJwkText, privateMember, publicHalfOfJwk } from './jwk.ts';
import { decodePem, encodePem, looksLikePem } from './pem.ts';
import { KEY_SIZES, type PublicKey, readPublicKey, toJwk } from './public-key.ts';
import { decodeSpki, encodeSpki } from './spki.ts';

/** What `key export --format` writes: JWK text, SPKI in PEM, or the bare key bytes. */
export type PublicKeyFormat = 'jwk' | 'spki' | 'raw';

/** No key file of format 1 is larger (an ML-DSA-65 JWK with both halves is under 4 KiB); the rest is room for extra JWK members. */
export const MAX_KEY_FILE_BYTES = 65_536;

/**
 * Read a public key file, as `--key FILE` names one: JWK, SPKI in PEM or DER, or raw by length (32 Ed25519, 1952 ML-DSA-65).
 * @param bytes the whole file, only read. @throws ReceiptError KEY_MALFORMED, KEY_MISMATCH (JWK kid), UNSUPPORTED (other algorithm),
 *   KEY_UNSUITABLE when it is a secret key: who verifies has no business with one. Nothing of the content is quoted. TypeError on text.
 */
export function readPublicKeyFile(bytes: Uint8Array): PublicKey {
  requireBytes(bytes, 'readPublicKeyFile');
  if (bytes.length > MAX_KEY_FILE_BYTES) throw unrecognised(`${bytes.length} bytes`);
  // No JWK or PEM of ours has one of these lengths by itself, but a padded one could: text that says so is read as text.
  const text = textOf(bytes);
  if (text !== null && looksLikePem(text)) return fromPem(text);
  if (text !== null && /^\s*\{/.test(text) && bytes.length > 64) return fromJwkText(text);
  if (bytes.length === KEY_SIZES.Ed25519.publicKey) return readPublicKey('Ed25519', bytes);
  if (bytes.length === KEY_SIZES['ML-DSA-65'].publicKey) return readPublicKey('ML-DSA-65', bytes);
  if (bytes[0] === 0x30) {
    if (looksLikePkcs8(bytes)) throw secretKey('PKCS#8');
    return decodeSpki(bytes);
  }
  throw unrecognised(`${bytes.length} bytes of something else`);
}

/** Write the public half. @returns fresh bytes: JWK as one JSON line, SPKI as PEM, raw as the bare key. */
export function encodePublicKey(key: PublicKey, format: PublicKeyFormat): Uint8Array {
  switch (format) {
    case 'jwk':
      return utf8(`${JSON.stringify(toJwk(key))}\n`);
    case 'spki':
      return encodePem('PUBLIC KEY', encodeSpki(key));
    case 'raw':
      return key.bytes.slice();
  }
}

/** Refuse text and other kinds, which have a length too and would be read as some other file. @throws TypeError */
export function requireBytes(bytes: Uint8Array, by: string): void {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`${by}: expected the bytes of a file as Uint8Array`);
}

/** @returns the bytes as text when they are UTF-8, else null. */
export function textOf(bytes: Uint8Array): string | null {
  try {
    return utf8Text(bytes);
  } catch {
    return null;
  }
}

/** @returns whether DER starts as PKCS#8 does: SEQUENCE { INTEGER version. SPKI has a SEQUENCE there. */
export function looksLikePkcs8(bytes: Uint8Array): boolean {
  const lengthByte = bytes[1] ?? 0;
  const header = lengthByte < 0x80 ? 2 : 2 + (lengthByte & 0x7f);
  return bytes[0] === 0x30 && bytes[header] === 0x02;
}

function fromPem(text: string): PublicKey {
  const { label, der } = decodePem(text);
  if (label === 'PUBLIC KEY') return decodeSpki(der);
  if (label.endsWith('PRIVATE KEY')) throw secretKey(`PEM ${label}`);
  throw new ReceiptError('KEY_MALFORMED', `PEM label: expected PUBLIC KEY, got ${label}`, {
    at: 'PEM',
    expected: 'PUBLIC KEY',
    found: label,
  });
}

function fromJwkText(text: string): PublicKey {
  const jwk = parseJwkText(text);
  const secret = privateMember(jwk);
  if (secret !== null) throw secretKey(`JWK with member "${secret}"`);
  return publicHalfOfJwk(jwk);
}

function secretKey(found: string): ReceiptError {
  return new ReceiptError(
    'KEY_UNSUITABLE',
    `key file: expected a public key, got a SECRET key (${found}); it belongs in no verifier's hands`,
    {
      expected: 'a public key',
      found: `a secret key (${found})`,
      next: ['give the public half instead: perdure key export NAME'],
    },
  );
}

function unrecognised(found: string): ReceiptError {
  const expected = 'a JWK, SPKI (PEM or DER), or raw key of 32 (Ed25519) or 1952 (ML-DSA-65) bytes';
  return new ReceiptError('KEY_MALFORMED', `key file: expected ${expected}, got ${found}`, { expected, found });
}
