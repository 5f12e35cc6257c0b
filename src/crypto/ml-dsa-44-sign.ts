import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js';
import { copyBytes, utf8, wipe } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { drawRnd, type HedgeOptions } from './engine-noble-sign.ts';
import { SEED_BYTES, type SecretKey } from './keys.ts';

/** What parts the derived seed from every other use of the key it comes from. */
const INFO = utf8('perdure/witness/ml-dsa-44/v1');

/** An ML-DSA-44 key that signs with the empty context, as C2SP cosignatures have it. */
export interface MlDsa44Signer {
  /** 1312 bytes, yours. */
  readonly publicKey: Uint8Array;
  /** @returns 2420 bytes, hedged. @throws ReceiptError SIGN_FAILED */
  sign(message: Uint8Array): Uint8Array;
  /** Overwrite the secret; the signer cannot be used after. */
  close(): void;
}

/**
 * Derive the ML-DSA-44 key that stands beside a key of ours: its seed is HKDF-SHA-256 of that key's seed. The public witness network
 * wants this parameter set, and a key that follows from one in the keystore needs no second file, passphrase or backup; who holds the
 * derived one learns nothing of the other. @param key only read, now. @throws ReceiptError KEY_UNSUITABLE for a key without a seed
 */
export function deriveMlDsa44(key: SecretKey, options: HedgeOptions = {}): MlDsa44Signer {
  if (key.seed === null) {
    throw new ReceiptError('KEY_UNSUITABLE', `${key}: expected a key with its seed, got one in expanded form alone`, {
      expected: 'a key with its seed',
      found: 'an expanded key',
      next: ['perdure key new NAME'],
    });
  }
  const seed = hkdf(sha256, key.seed, undefined, INFO, SEED_BYTES);
  try {
    return mlDsa44FromSeed(seed, options);
  } finally {
    wipe(seed);
  }
}

/** Make a signer of a seed. @param seed 32 bytes, only read. @see FIPS 204 Algorithm 6 (KeyGen_internal) */
export function mlDsa44FromSeed(seed: Uint8Array, options: HedgeOptions = {}): MlDsa44Signer {
  const { publicKey, secretKey } = ml_dsa44.keygen(copyBytes(seed));
  let closed = false;
  return {
    publicKey,
    sign(message) {
      if (closed) throw new ReceiptError('SIGN_FAILED', 'signer ML-DSA-44: expected an open signer, got a closed one');
      const rnd = drawRnd(options);
      try {
        return ml_dsa44.sign(message, secretKey, { extraEntropy: rnd });
      } finally {
        wipe(rnd);
      }
    },
    close() {
      closed = true;
      wipe(secretKey);
    },
  };
}
