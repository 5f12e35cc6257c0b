import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import { utf8 } from '../base/bytes.ts';
import { verifyEd25519 } from './ed25519-verify.ts';
import type { PublicKey } from './public-key.ts';
import { MAX_CONTEXT_BYTES, signedMessage, type Verifier } from './verifier.ts';

// One chunk of a bundle for all that stands on noble's ML-DSA: it is loaded on demand, and mostly not at all.
export { verifyMlDsa44 } from './ml-dsa-44-verify.ts';

/**
 * The reference engine: @noble/post-quantum and @noble/curves, the same in every runtime. Loaded on demand (engines.ts), because
 * noble's ML-DSA object carries keygen and sign, and an entry chunk that only verifies must hold neither.
 */
export const nobleVerifier: Verifier = {
  engine: 'noble',
  verify(key, message, signature, context) {
    const ctx = utf8(context);
    if (ctx.length > MAX_CONTEXT_BYTES) return false;
    if (key.alg === 'Ed25519') return verifyEd25519(key, signedMessage(message, context), signature);
    return verifyMlDsa65Noble(key, message, signature, ctx);
  },
};

/**
 * Verify ML-DSA-65 under a context of bytes (contexts of others need not be text). @param signature any length.
 * @returns false for anything that is no valid signature, also for a context above 255 bytes; never throws for bytes.
 * @see FIPS 204 Algorithm 3
 */
export function verifyMlDsa65Noble(
  key: PublicKey,
  message: Uint8Array,
  signature: Uint8Array,
  context: Uint8Array,
): boolean {
  if (context.length > MAX_CONTEXT_BYTES) return false;
  return ml_dsa65.verify(signature, message, key.bytes, { context });
}

/** Verify ML-DSA-65 over a given mu. @param mu 64 bytes; another length is never valid. @see FIPS 204 Algorithm 8, from line 8 on */
export function verifyMlDsa65MuNoble(key: PublicKey, mu: Uint8Array, signature: Uint8Array): boolean {
  return mu.length === 64 && ml_dsa65.internal.verify(signature, mu, key.bytes, { externalMu: true });
}
