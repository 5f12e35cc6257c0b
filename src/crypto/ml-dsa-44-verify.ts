import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js';

/** Encoded sizes of ML-DSA-44 in bytes. @see FIPS 204 table 2 */
export const ML_DSA_44_SIZES: { readonly publicKey: number; readonly signature: number } = {
  publicKey: ml_dsa44.lengths.publicKey!,
  signature: ml_dsa44.lengths.signature!,
};

/**
 * Verify ML-DSA-44, pure, with the empty context, as C2SP cosignatures have it: the public witness network signs so. Only noble knows
 * this parameter set here, and its object carries sign: load this file on demand, as engines.ts does with the other.
 * @param publicKey 1312 bytes. @returns false, never throws, for anything that is no valid signature. @see FIPS 204 Algorithm 3
 */
export function verifyMlDsa44(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const { publicKey: keyBytes, signature: signatureBytes } = ML_DSA_44_SIZES;
  if (publicKey.length !== keyBytes || signature.length !== signatureBytes) return false;
  return ml_dsa44.verify(signature, message, publicKey);
}
