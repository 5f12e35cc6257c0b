import { concatBytes, utf8 } from '../base/bytes.ts';
import type { PublicKey } from './public-key.ts';

/** Who computes ML-DSA: `node:crypto`, our WASM kernels, or the reference in JavaScript. */
export type EngineName = 'native' | 'wasm' | 'noble';

/**
 * Verify one signature. One method, so that engines, caches, workers and cross-checks are the same kind of thing.
 * It answers false, and never throws, for any message, signature and context bytes; it throws only when it cannot compute
 * (ENGINE_UNAVAILABLE, ENGINES_DISAGREE).
 */
export interface Verifier {
  readonly engine: EngineName;
  /**
   * @param key a checked key (parseJwk, readPublicKey); engines may keep a prepared form of it.
   * @param message the signed bytes, only read. @param signature any length. @param context one of CONTEXTS or ''; false above 255 bytes.
   */
  verify(key: PublicKey, message: Uint8Array, signature: Uint8Array, context: string): boolean | Promise<boolean>;
}

/** What a signature is for (format section 2): the same bytes signed under one of these never pass under another. */
export const CONTEXTS = {
  entry: 'perdure/entry/v1',
  checkpoint: 'perdure/checkpoint/v1',
  request: 'perdure/request/v1',
  trust: 'perdure/trust/v1',
  manifest: 'perdure/manifest/v1',
  report: 'perdure/report/v1',
  verification: 'perdure/verification/v1',
  envelope: 'perdure/envelope/v1',
} as const;

/** Longest context in bytes: FIPS 204 Algorithms 2 and 3 give its length one byte. */
export const MAX_CONTEXT_BYTES = 255;

/**
 * Form M' = 0x00 ‖ len(ctx) ‖ ctx ‖ message. ML-DSA forms it itself (FIPS 204, Algorithm 2, pure); Ed25519 signs it as its message.
 * @param context at most 255 bytes of UTF-8. @returns fresh bytes. @throws RangeError on a longer context.
 */
export function signedMessage(message: Uint8Array, context: string): Uint8Array {
  const ctx = utf8(context);
  if (ctx.length > 255)
    throw new RangeError(`signedMessage: expected a context of at most 255 bytes, got ${ctx.length}`);
  return concatBytes(Uint8Array.of(0, ctx.length), ctx, message);
}
