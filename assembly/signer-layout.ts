/**
 * The memory of signer.wasm. The kernels that it shares with verifier.wasm use the regions of layout.ts from ZETAS to MESSAGE; what
 * only signing needs stands behind them, where the other module has its prepared keys (KEYS). Fixed, never grown. Everything from STATES to
 * SIGNER_END may hold secrets and is what wipeAll() clears; from RND on it lives no longer than one signature.
 *
 *     region       bytes      holds                                        written by       read by
 *     SECRET_KEY    4040      a key to prepare (skEncode form, 4032), gone after that   host   signer
 *     MATRIX       36864      A as product.ts keeps it, its last term 0    sample           product
 *     S1            2560      s1: a polynomial is 512 i8, -s then s        sign-pack        sparse
 *     S2            3072      s2, in the same form                         sign-pack        sparse
 *     T0            6144      NTT(t0) (K polynomials)                      sign-pack, ntt   signer
 *     TR              64      tr                                           signer           keccak
 *     KEY_SEED        32      K of the secret key                          signer           keccak
 *     RND             32      rnd of one signature                         host             keccak
 *     Y             5120      y, then z (L polynomials)                    mask, signer     signer
 *     LOW           6144      w0, then w0 - c*s2, then that + c*t0         signer           signer
 *     HIGH          6144      w1 (K polynomials)                           sign-round       sign-round
 *     MASK_SEED       72      rho'' and its two counter bytes              signer, mask     keccak
 *     MASK       2 * 688      ExpandMask's bytes of two polynomials        mask             mask
 *     PLACES         256      where c is not 0, a byte each, ones first    sparse           sparse
 *     HINTS         1536      one byte a coefficient: 0 or 1               sign-round       sign-pack
 */
import { K, KEY_TERMS, KEYS, L, N, POLY } from './layout';

/** FIPS 204 section 4, ML-DSA-65: secret coefficients lie in [-ETA, ETA]. */
export const ETA: i32 = 4;
export const SECRET_KEY_BYTES: i32 = 4032;
/** Bytes of one polynomial in the forms of skEncode. */
export const ETA_BYTES: i32 = 128;
export const T0_BYTES: i32 = 416;
/** Bytes of one polynomial of s1 or s2 in memory: 512 i8. */
export const SPARSE_BYTES: i32 = 512;
/** Bytes of one polynomial's mask, whole blocks of SHAKE256, and room to read on. */
export const MASK_STEP: usize = 688;

export const SECRET_KEY: usize = KEYS;
export const MATRIX: usize = SECRET_KEY + 4040;
export const S1: usize = MATRIX + <usize>K * KEY_TERMS * POLY;
export const S2: usize = S1 + <usize>(L * SPARSE_BYTES);
export const T0: usize = S2 + <usize>(K * SPARSE_BYTES);
export const TR: usize = T0 + <usize>K * POLY;
export const KEY_SEED: usize = TR + 64;
export const RND: usize = KEY_SEED + 32;
export const Y: usize = RND + 32;
export const LOW: usize = Y + <usize>L * POLY;
export const HIGH: usize = LOW + <usize>K * POLY;
export const MASK_SEED: usize = HIGH + <usize>K * POLY;
export const MASK: usize = MASK_SEED + 72;
export const PLACES: usize = MASK + 2 * MASK_STEP;
export const HINTS: usize = PLACES + 256;
/** End of all regions: 3 pages (196608 bytes) hold them. */
export const SIGNER_END: usize = HINTS + <usize>(K * N);
