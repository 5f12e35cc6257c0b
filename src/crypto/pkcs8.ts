import { wipe } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { DerReader, der, TAG } from './der.ts';
import {
  EXPANDED_BYTES,
  keyFromBoth,
  keyFromExpanded,
  keyFromSeed,
  requireOwnPublicKey,
  SEED_BYTES,
  type SecretKey,
} from './keys.ts';
import { readPublicKey } from './public-key.ts';
import { derAlgorithm, readAlgorithm } from './spki.ts';

/** The three forms in which RFC 9881 lets an ML-DSA secret key stand. */
export type Pkcs8Form = 'seed' | 'expanded' | 'both';

/**
 * Write PKCS#8 (version 0, nothing optional).
 *
 *     SEQUENCE { INTEGER 0, SEQUENCE { OID alg }, OCTET STRING { key } }
 *     key of ML-DSA-65:  seed [0] 32 bytes  |  OCTET STRING 4032 bytes  |  SEQUENCE { OCTET STRING 32, OCTET STRING 4032 }
 *     key of Ed25519:    OCTET STRING 32 bytes
 *
 * @param form `seed` unless another is asked for: 32 bytes from which all else follows. Ed25519 has that one only.
 * @returns fresh DER, secret: wipe it. @throws ReceiptError KEY_UNSUITABLE when the seed is asked for and the key came without one.
 * @see RFC 5958 section 2, RFC 9881 section 6, RFC 8410 section 7
 */
export function encodePkcs8(key: SecretKey, form: Pkcs8Form = 'seed'): Uint8Array {
  const secret = derSecret(key, form);
  const wrapped = der(TAG.octetString, secret);
  const out = der(TAG.sequence, der(TAG.integer, Uint8Array.of(0)), derAlgorithm(key.alg), wrapped);
  wipe(secret, wrapped);
  return out;
}

/** @returns the key as its algorithm writes it, fresh: wipe it. */

function derSecret(key: SecretKey, form: Pkcs8Form): Uint8Array {
  const { seed, expanded } = key;
  if (form !== 'expanded' && seed === null) {
    throw new ReceiptError(
      'KEY_UNSUITABLE',
      `PKCS#8 ${form} form: expected a key with its seed, got one that came in expanded form only`,
      {
        expected: 'a key with its seed',
        found: 'an expanded key',
      },
    );
  }
  if (key.alg === 'Ed25519' || expanded === null) return der(TAG.octetString, seed!);
  if (form === 'seed') return der(TAG.context0, seed!);
  const full = der(TAG.octetString, expanded);
  if (form === 'expanded') return full;
  const half = der(TAG.octetString, seed!);
  const both = der(TAG.sequence, half, full);
  wipe(half, full);
  return both;
}

/**
 * Read PKCS#8, all of `bytes`: every form above, version 0 or 1, the public key of version 1 compared with the secret's own,
 * attributes skipped (they name a key, they do not change it).
 * @throws ReceiptError KEY_MALFORMED (trailing bytes, BER, lengths), KEY_MISMATCH (seed, expanded or public key disagree), UNSUPPORTED.
 */
export function decodePkcs8(bytes: Uint8Array): SecretKey {
  const outer = new DerReader(bytes, 'PKCS#8');
  const info = outer.enter(TAG.sequence, 'outer');
  outer.end();
  const version = info.small('version');
  if (version > 1) throw info.malformed('version', '0 or 1', `${version}`);
  const alg = readAlgorithm(info);
  const secret = info.read(TAG.octetString, 'key');
  if (info.peek() === TAG.context0Set) skipElements(info.enter(TAG.context0Set, 'attributes'));
  // RFC 5958 section 2: a public key makes it version 1 (v2).
  const claimed = version === 1 && info.peek() === TAG.context1 ? info.bits(TAG.context1, 'public key') : null;
  info.end();
  const key = alg === 'Ed25519' ? readEd25519(secret) : readMlDsa(secret);
  try {
    if (claimed !== null) requireOwnPublicKey(key, readPublicKey(alg, claimed), 'PKCS#8');
  } catch (error) {
    key.wipe();
    throw error;
  }
  return key;
}

function readEd25519(secret: Uint8Array): SecretKey {
  const reader = new DerReader(secret, 'PKCS#8 key');
  const seed = reader.read(TAG.octetString, 'seed');
  reader.end();
  return keyFromSeed('Ed25519', exact(reader, 'seed', seed, SEED_BYTES));
}

function readMlDsa(secret: Uint8Array): SecretKey {
  const reader = new DerReader(secret, 'PKCS#8 key');
  switch (reader.peek()) {
    case TAG.context0: {
      const seed = exact(reader, 'seed', reader.read(TAG.context0, 'seed'), SEED_BYTES);
      reader.end();
      return keyFromSeed('ML-DSA-65', seed);
    }
    case TAG.octetString: {
      const expanded = exact(reader, 'expandedKey', reader.read(TAG.octetString, 'expandedKey'), EXPANDED_BYTES);
      reader.end();
      return keyFromExpanded(expanded);
    }
    case TAG.sequence: {
      const both = reader.enter(TAG.sequence, 'both');
      reader.end();
      const seed = exact(both, 'seed', both.read(TAG.octetString, 'seed'), SEED_BYTES);
      const expanded = exact(both, 'expandedKey', both.read(TAG.octetString, 'expandedKey'), EXPANDED_BYTES);
      both.end();
      return keyFromBoth(seed, expanded);
    }
    default:
      throw reader.malformed('form', 'seed [0], an OCTET STRING or a SEQUENCE of both', 'something else');
  }
}

function exact(reader: DerReader, name: string, bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length !== length) throw reader.malformed(name, `${length} bytes`, `${bytes.length}`);
  return bytes;
}

/** Attributes must still be DER; each is a SEQUENCE. */
function skipElements(reader: DerReader): void {
  while (reader.peek() >= 0) reader.read(TAG.sequence, 'attribute');
}
