import { ed25519 } from '@noble/curves/ed25519.js';
import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import { utf8, wipe } from '../base/bytes.ts';
import { type Random, systemRandom } from '../base/ports.ts';
import type { SecretKey } from './keys.ts';
import { bareUnsupported, copySignInput, ed25519Message, signFailed } from './sign-input.ts';
import type { Signer, SignInput } from './signer.ts';
import { inTurns } from './turns.ts';

/** Bytes of rnd. @see FIPS 204 Algorithm 2 */
export const RND_BYTES = 32;

/** Where the randomness of a signature comes from. Ed25519 needs none. */
export interface HedgeOptions {
  /** The machine's CSPRNG unless given. A fixed one gives reproducible signatures: for vectors and tests. */
  readonly random?: Random;
  /** rnd = 32 zero bytes, FIPS 204's deterministic variant. For known-answer tests: it gives up protection against faults. */
  readonly deterministicForTests?: boolean;
}

/** What signing takes of a secret key, in a form that can cross to a worker. */
export type NobleSecret =
  | { readonly alg: 'ML-DSA-65'; readonly expanded: Uint8Array }
  | { readonly alg: 'Ed25519'; readonly seed: Uint8Array };

/** @returns views of the key's bytes, not copies. */
export function nobleSecretOf(key: SecretKey): NobleSecret {
  const { alg, seed, expanded } = key;
  if (alg === 'ML-DSA-65' && expanded !== null) return { alg, expanded };
  if (alg === 'Ed25519' && seed !== null) return { alg, seed };
  throw new TypeError(`${key}: a SecretKey without the bytes of its algorithm`);
}

/** Draw rnd for one signature. @returns 32 bytes, yours to wipe. @throws TypeError when the Random gives something else than bytes */
export function drawRnd({ random = systemRandom, deterministicForTests = false }: HedgeOptions): Uint8Array {
  const rnd = deterministicForTests ? new Uint8Array(RND_BYTES) : random.bytes(RND_BYTES);
  if (!(rnd instanceof Uint8Array)) throw new TypeError('Random: expected bytes as Uint8Array');
  return rnd;
}

/**
 * Sign now, on this thread: about 10 ms for ML-DSA-65. @param input checked (copySignInput). @param rnd 32 bytes, only read.
 * @returns 3309 bytes (sigEncode form) or 64. @throws ReceiptError UNSUPPORTED on mu for Ed25519, on bare bytes for ML-DSA @see FIPS 204 Algorithms 2 and 7
 */
export function signNoble(secret: NobleSecret, input: SignInput, rnd: Uint8Array): Uint8Array {
  if (secret.alg === 'Ed25519') {
    return ed25519.sign(ed25519Message(input, 'Ed25519'), secret.seed);
  }
  if ('bare' in input) throw bareUnsupported('ML-DSA-65');
  if ('mu' in input) return ml_dsa65.internal.sign(input.mu, secret.expanded, { externalMu: true, extraEntropy: rnd });
  return ml_dsa65.sign(input.message, secret.expanded, { context: utf8(input.context), extraEntropy: rnd });
}

/**
 * Sign with noble on this thread, hedged. Signatures asked for at once are made one after another, each in a turn of the event loop of
 * its own, so that nothing waits longer than one of them. createWorkerSigner takes even that off this thread.
 * @param key used in place, not copied: wipe it when the signer is done.
 */
export function createNobleSigner(key: SecretKey, options: HedgeOptions = {}): Signer {
  const signNow = (input: SignInput): Uint8Array => {
    let rnd: Uint8Array = new Uint8Array(0);
    try {
      rnd = drawRnd(options);
      return signNoble(nobleSecretOf(key), input, rnd);
    } catch (cause) {
      throw signFailed('signer noble', cause);
    } finally {
      wipe(rnd);
    }
  };
  const signInTurn = inTurns(signNow);
  return {
    publicKey: key.publicKey,
    engine: 'noble',
    sign: async (input) => signInTurn(copySignInput(input)),
  };
}
