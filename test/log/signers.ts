import { ed25519 } from '@noble/curves/ed25519.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { equalBytes, utf8 } from '../../src/base/bytes.ts';
import { type PublicKey, readPublicKey } from '../../src/crypto/public-key.ts';
import type { Signer } from '../../src/crypto/signer.ts';
import { signedMessage, type Verifier } from '../../src/crypto/verifier.ts';

/** A real Ed25519 signer, deterministic (RFC 8032). */
export function ed25519Signer(seedByte = 1): Signer {
  const seed = new Uint8Array(32).fill(seedByte);
  const publicKey = readPublicKey('Ed25519', ed25519.getPublicKey(seed));
  return {
    publicKey,
    engine: 'external',
    async sign(input) {
      if (!('message' in input)) throw new Error('mu is not for Ed25519');
      return ed25519.sign(signedMessage(input.message, input.context), seed);
    },
  };
}

/** Verifies what ed25519Signer signs. */
export const ed25519Verifier: Verifier = {
  engine: 'noble',
  verify: (key, message, signature, context) => ed25519.verify(signature, signedMessage(message, context), key.bytes),
};

/**
 * A signer that costs microseconds, for tests that sign hundreds of thousands of times: the key is a real Ed25519 key, the
 * signature an HMAC under it, which only fastVerifier accepts.
 */
export function fastSigner(seedByte = 1): Signer {
  const { publicKey } = ed25519Signer(seedByte);
  return {
    publicKey,
    engine: 'external',
    async sign(input) {
      if (!('message' in input)) throw new Error('mu is not for this');
      return mac(publicKey, input.message, input.context);
    },
  };
}

export const fastVerifier: Verifier = {
  engine: 'noble',
  verify: (key, message, signature, context) => equalBytes(mac(key, message, context), signature),
};

function mac(key: PublicKey, message: Uint8Array, context: string): Uint8Array {
  return hmac(sha512, key.bytes, new Uint8Array([...utf8(context), 0, ...message]));
}
