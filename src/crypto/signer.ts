import type { PublicKey } from './public-key.ts';
import type { EngineName } from './verifier.ts';

/**
 * What to sign: a message under a context; the 64-byte mu of FIPS 204 (an HSM or KMS that hashes elsewhere takes only that); or bare
 * bytes, for Ed25519 alone: C2SP's note and cosignature types sign the text itself, without M' around it, which no context can say,
 * since even the empty one puts two zero bytes in front. Bare bytes begin with a printable character, so that they are the M' of
 * nothing, and a signature over them never passes for one under a context.
 */
export type SignInput =
  | { readonly message: Uint8Array; readonly context: string }
  | { readonly mu: Uint8Array }
  | { readonly bare: Uint8Array };

/** Sign with one secret key, wherever it lives. */
export interface Signer {
  /** The public half; its `kid` names the signer on every line. */
  readonly publicKey: PublicKey;
  /** The engine, or 'external' for an HSM, KMS or other process. */
  readonly engine: EngineName | 'external';
  /**
   * @returns the signature, yours: 3309 bytes for ML-DSA-65 (FIPS 204 sigEncode), 64 for Ed25519.
   * @throws ReceiptError UNSUPPORTED when this signer cannot take mu or bare bytes, SIGN_FAILED when the key's home failed.
   */
  sign(input: SignInput): Promise<Uint8Array>;
}
