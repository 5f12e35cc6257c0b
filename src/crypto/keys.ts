import { ed25519 } from '@noble/curves/ed25519.js';
import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import { copyBytes, equalBytes, wipe } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { type Random, systemRandom } from '../base/ports.ts';
import { publicKeyOfExpanded } from './expanded-key.ts';
import { type Algorithm, type PublicKey, readPublicKey } from './public-key.ts';

/** Seed bytes of both algorithms: xi of FIPS 204 Algorithm 1, the private key of RFC 8032 section 5.1.5. */
export const SEED_BYTES = 32;

/** skEncode form of ML-DSA-65. @see FIPS 204 table 2 */
export const EXPANDED_BYTES = 4032;

/**
 * A secret key beside its public half. Its bytes sit in private fields, so that console.log, util.inspect and JSON.stringify show
 * which key it is and nothing of it. Made by generateKey, keyFromSeed and keyFromExpanded, or by reading a key file.
 */
export class SecretKey {
  readonly alg: Algorithm;
  readonly publicKey: PublicKey;
  #seed: Uint8Array | null;
  #expanded: Uint8Array | null;
  #wiped = false;

  /** @param seed and @param expanded taken over, not copied; use the functions below, which make both agree. */
  constructor(publicKey: PublicKey, seed: Uint8Array | null, expanded: Uint8Array | null) {
    this.alg = publicKey.alg;
    this.publicKey = publicKey;
    this.#seed = seed;
    this.#expanded = expanded;
  }

  /** The 32-byte seed, only to be read; null for an ML-DSA key that came in expanded form alone. @throws TypeError once wiped */
  get seed(): Uint8Array | null {
    return this.#usable(this.#seed);
  }

  /** ML-DSA-65: 4032 bytes (skEncode form), only to be read. Ed25519: null. @throws TypeError once wiped */
  get expanded(): Uint8Array | null {
    return this.#usable(this.#expanded);
  }

  /** Overwrite the secret with zeros; the key cannot be used after. */
  wipe(): void {
    wipe(...[this.#seed, this.#expanded].filter((secret) => secret !== null));
    this.#wiped = true;
  }

  [Symbol.dispose](): void {
    this.wipe();
  }

  toString(): string {
    return `SecretKey(${this.alg} ${this.publicKey.kid})`;
  }

  toJSON(): { alg: Algorithm; kid: string; secret: string } {
    return { alg: this.alg, kid: this.publicKey.kid, secret: '[hidden]' };
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }

  // A zeroed seed would sign under another key without a word, so that using one after wipe() is an error.
  #usable(secret: Uint8Array | null): Uint8Array | null {
    if (this.#wiped) throw new TypeError(`${this.toString()}: used after wipe()`);
    return secret;
  }
}

/** Generate a key pair. @param random the machine's CSPRNG unless given. @see FIPS 204 Algorithm 1; RFC 8032 section 5.1.5 */
export function generateKey(alg: Algorithm, random: Random = systemRandom): SecretKey {
  const seed = random.bytes(SEED_BYTES);
  try {
    return keyFromSeed(alg, seed);
  } finally {
    wipe(seed);
  }
}

/**
 * Expand a seed into its key pair. @param seed 32 bytes, copied. @throws TypeError, RangeError on another argument.
 * @see FIPS 204 Algorithm 6 (KeyGen_internal); RFC 8032 section 5.1.5
 */
export function keyFromSeed(alg: Algorithm, seed: Uint8Array): SecretKey {
  if (!(seed instanceof Uint8Array)) throw new TypeError('keyFromSeed: expected the seed as Uint8Array');
  if (seed.length !== SEED_BYTES)
    throw new RangeError(`keyFromSeed: expected a seed of ${SEED_BYTES} bytes, got ${seed.length}`);
  const own = copyBytes(seed);
  if (alg === 'Ed25519') return new SecretKey(readPublicKey(alg, ed25519.getPublicKey(own)), own, null);
  const { publicKey, secretKey } = ml_dsa65.keygen(own);
  return new SecretKey(readPublicKey(alg, publicKey), own, secretKey);
}

/**
 * Take an ML-DSA-65 key in expanded form. Its public key, tr and t0 are recomputed from rho, s1 and s2 and must agree (expanded-key.ts).
 * @param expanded 4032 bytes (skEncode form), copied.
 * @returns a key without a seed: it signs, but no seed-form file can be written from it.
 * @throws ReceiptError KEY_MALFORMED on another length or coefficients out of range, KEY_MISMATCH when its parts disagree.
 */
export function keyFromExpanded(expanded: Uint8Array): SecretKey {
  if (expanded.length !== EXPANDED_BYTES) {
    throw new ReceiptError(
      'KEY_MALFORMED',
      `ML-DSA-65 expanded key: expected ${EXPANDED_BYTES} bytes, got ${expanded.length}`,
      {
        expected: `${EXPANDED_BYTES} bytes`,
        found: `${expanded.length} bytes`,
      },
    );
  }
  const own = copyBytes(expanded);
  return new SecretKey(readPublicKey('ML-DSA-65', publicKeyOfExpanded(own)), null, own);
}

/** Take an ML-DSA-65 key in both forms, which must be one key. @throws ReceiptError KEY_MISMATCH @see RFC 9881 section 6 */
export function keyFromBoth(seed: Uint8Array, expanded: Uint8Array): SecretKey {
  const key = keyFromSeed('ML-DSA-65', seed);
  if (!equalBytes(key.expanded ?? new Uint8Array(0), expanded)) {
    key.wipe();
    throw new ReceiptError(
      'KEY_MISMATCH',
      'ML-DSA-65 secret key: expected the expanded key that the seed gives, got another',
      {
        expected: 'the expanded key that the seed gives',
        found: 'another expanded key',
      },
    );
  }
  return key;
}

/** Refuse a public half that stands beside a secret key and is not its own. @throws ReceiptError KEY_MISMATCH */
export function requireOwnPublicKey(key: SecretKey, claimed: PublicKey, where: string): void {
  if (claimed.alg === key.alg && claimed.kid === key.publicKey.kid) return;
  throw new ReceiptError(
    'KEY_MISMATCH',
    `${where} public key: expected ${key.publicKey.kid} (from the secret), got ${claimed.kid}`,
    {
      at: where,
      expected: key.publicKey.kid,
      found: claimed.kid,
    },
  );
}
