import { shake128, shake256 } from '@noble/hashes/sha3.js';
import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import { equalBytes } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';

// FIPS 204 table 1 and section 2.5 (ML-DSA-65).
export const Q = 8_380_417;
const ZETA = 1753;
const D = 13;
const K = 6;
const L = 5;
const ETA = 4;
const N = 256;

// skEncode (Algorithm 24):  rho 32 │ K 32 │ tr 64 │ s1 5 × 128 │ s2 6 × 128 │ t0 6 × 416
const TR = 64;
const S1 = 128;
const ETA_BYTES = 128;
const S2 = S1 + L * ETA_BYTES;
const T0 = S2 + K * ETA_BYTES;
const T0_BYTES = 416;

// pkEncode (Algorithm 22):  rho 32 │ t1 6 × 320
const T1 = 32;
const T1_BYTES = 320;

/**
 * Recompute the public key from an expanded secret key, and refuse one whose parts disagree: a wrong t0 or tr yields signatures that
 * mostly verify, or never, and nothing else would tell. Checked exactly: s1 and s2 in range, tr = H(pk), t1·2^13 + t0 = A·s1 + s2.
 * K, the key of the signing randomness, is bound to nothing but the seed, so that no check can reach it.
 * @param expanded 4032 bytes (skEncode form), only read. @returns pk, 1952 bytes, fresh.
 * @throws ReceiptError KEY_MALFORMED, KEY_MISMATCH @see FIPS 204 Algorithms 6, 24, 25; RFC 9881 section 8
 */
export function publicKeyOfExpanded(expanded: Uint8Array): Uint8Array {
  let pk: Uint8Array;
  try {
    pk = ml_dsa65.getPublicKey(expanded);
  } catch {
    throw new ReceiptError(
      'KEY_MALFORMED',
      'ML-DSA-65 expanded key: expected coefficients of s1 and s2 within ±4, got others',
      {
        expected: 's1 and s2 within ±4',
      },
    );
  }
  if (!equalBytes(shake256(pk, { dkLen: 64 }), expanded.subarray(TR, TR + 64)))
    throw mismatch('tr', 'the hash of its public key');
  if (!t0Matches(expanded, pk)) throw mismatch('t0', 'the low bits that rho, s1 and s2 give');
  return pk;
}

function mismatch(part: string, expected: string): ReceiptError {
  return new ReceiptError('KEY_MISMATCH', `ML-DSA-65 expanded key, ${part}: expected ${expected}, got others`, {
    at: part,
    expected,
  });
}

/** t1·2^13 + t0 − s2 = A·s1, compared in the NTT domain, where A lives. Its time may depend on the key: this reads a file, once. */
function t0Matches(sk: Uint8Array, pk: Uint8Array): boolean {
  const s1 = Array.from({ length: L }, (_, j) => ntt(unpack(sk, S1 + j * ETA_BYTES, 4).map((v) => ETA - v)));
  let same = true;
  for (let i = 0; i < K; i++) {
    const s2 = unpack(sk, S2 + i * ETA_BYTES, 4);
    const t0 = unpack(sk, T0 + i * T0_BYTES, D);
    const t1 = unpack(pk, T1 + i * T1_BYTES, 10);
    const left = ntt(t1.map((high, n) => high * 2 ** D + (2 ** (D - 1) - t0[n]!) - (ETA - s2[n]!)));
    const right = new Array<number>(N).fill(0);
    for (let j = 0; j < L; j++) {
      const a = rejNTTPoly(sk.subarray(0, 32), j, i);
      for (let n = 0; n < N; n++) right[n] = (right[n]! + a[n]! * s1[j]![n]!) % Q;
    }
    for (let n = 0; n < N; n++) if (left[n] !== right[n]) same = false;
  }
  return same;
}

/** Unpack 256 little-endian values of `bits` bits. @see FIPS 204 Algorithms 18 and 19, before the mapping */
function unpack(bytes: Uint8Array, at: number, bits: number): number[] {
  const out: number[] = [];
  let acc = 0;
  let have = 0;
  while (out.length < N) {
    while (have < bits) {
      acc |= bytes[at++]! << have;
      have += 8;
    }
    out.push(acc & ((1 << bits) - 1));
    acc >>>= bits;
    have -= bits;
  }
  return out;
}

/** ζ^(2·BitRev8(i)+1), the points at which the NTT evaluates. @see FIPS 204 section 2.5 */
export const POINTS: readonly number[] = Array.from({ length: N }, (_, i) => {
  let reversed = 0;
  for (let bit = 0; bit < 8; bit++) reversed |= ((i >> bit) & 1) << (7 - bit);
  let power = 1;
  for (let e = 0; e < 2 * reversed + 1; e++) power = (power * ZETA) % Q;
  return power;
});

/** The NTT by its definition, one Horner evaluation a point: 11 transforms a key, so that clarity may cost 10 ms. Products < 2^47. */
export function ntt(w: readonly number[]): number[] {
  return POINTS.map((point) => {
    let sum = 0;
    for (let n = N - 1; n >= 0; n--) sum = (sum * point + w[n]!) % Q;
    return sum < 0 ? sum + Q : sum;
  });
}

/** One entry of expandA. @see FIPS 204 Algorithms 14, 30, 32 */
export function rejNTTPoly(rho: Uint8Array, column: number, row: number): number[] {
  const xof = shake128.create({}).update(rho).update(Uint8Array.of(column, row));
  const out: number[] = [];
  while (out.length < N) {
    const block = xof.xof(168);
    for (let b = 0; b < 168 && out.length < N; b += 3) {
      const value = block[b]! | (block[b + 1]! << 8) | ((block[b + 2]! & 0x7f) << 16);
      if (value < Q) out.push(value);
    }
  }
  return out;
}
