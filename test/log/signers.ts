import { createHmac } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { equalBytes } from '../../src/base/bytes.ts';
import { type Algorithm, KEY_SIZES, type PublicKey, readPublicKey } from '../../src/crypto/public-key.ts';
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
      if ('mu' in input) throw new Error('mu is not for Ed25519');
      if ('bare' in input) return ed25519.sign(input.bare, seed);
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
 * A signer that costs microseconds, for tests that sign hundreds of thousands of times: the key is a real key, the signature an HMAC
 * under it, as wide as it must be, which only fastVerifier accepts. An Ed25519 one signs checkpoints for real, for they need no verifier.
 */
export function fastSigner(seedByte = 1, alg: Algorithm = 'Ed25519'): Signer {
  const { publicKey, sign } = alg === 'Ed25519' ? ed25519Signer(seedByte) : mlDsaKey(seedByte);
  return {
    publicKey,
    engine: 'external',
    async sign(input) {
      if (!('message' in input)) return sign(input);
      return mac(publicKey, input.message, input.context);
    },
  };
}

/** A key of which any bytes will do: nothing here computes ML-DSA. */
function mlDsaKey(seedByte: number): Pick<Signer, 'publicKey' | 'sign'> {
  return {
    publicKey: readPublicKey('ML-DSA-65', new Uint8Array(KEY_SIZES['ML-DSA-65'].publicKey).fill(seedByte)),
    async sign() {
      throw new Error('ML-DSA-65 signs messages under a context');
    },
  };
}

export const fastVerifier: Verifier = {
  engine: 'noble',
  verify: (key, message, signature, context) => equalBytes(mac(key, message, context), signature),
};

function mac(key: PublicKey, message: Uint8Array, context: string): Uint8Array {
  const short = createHmac('sha512', key.bytes).update(context).update(Uint8Array.of(0)).update(message).digest();
  const out = new Uint8Array(KEY_SIZES[key.alg].signature);
  for (let at = 0; at < out.length; at += short.length) out.set(short.subarray(0, out.length - at), at);
  return out;
}
