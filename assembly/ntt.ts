/**
 * NTT over Z_Q[X]/(X^256 + 1): FIPS 204 Algorithms 41 and 42, in place on 256 i32, four lanes at a time. The 8 layers run as 3 + 5, so
 * that the polynomial passes through memory twice.
 *
 * Order: coefficient n of the NTT domain stands at 16 * (n >> 4) + 4 * (n & 3) + ((n >> 2) & 3): each 16 are a 4x4 matrix, transposed,
 * which leaves the last two layers without shuffles. Products are made coefficient by coefficient and do not mind; the order before
 * ntt and after inverseNtt is the natural one.
 *
 * A twiddle is a pair (b, b~), |b| < Q / 2, b~ = b * 2^32 / Q to the nearest, |b~| < 2^31. For a of any i32, times(a, b, b~) is
 * a * b - floor(a * b~ / 2^32) * Q, exact in its low 32 bits: congruent to a * b, and from -e * Q to (1 + e) * Q with e = |a| / 2^33,
 * the error of b~ times a; e <= 1/4.
 *
 *     ntt         in |a| < Q        out |a| < 9.1 Q: each of 8 layers adds at most (1 + e) Q, e < 0.009. From |a| <= 2^19: < 8.2 Q
 *     inverseNtt  in |a| < Q        out -Q/4 < a < 5Q/4; within, sums double: 2^8 * Q = 2145386752 < 2^31, products stay below 5Q/4
 *
 * Out of inverseNtt comes the inverse times R = 2^32: what cancels the 1/R of one Montgomery reduction between product and inverse.
 * Sees public data in verifier.wasm; no branch or address depends on coefficients, so that signer.wasm may pass secrets.
 */
import { POLY, Q, ZETAS } from './layout';
import { BLOCK, DIRECTION, PAIRS, ROWS } from './zetas';

/** Loaded, because a vector that is a constant is made anew at each use by some engines (V8 in Node 26: 8 % of a verification). */
const CONSTANTS: usize = memory.data<i32>([Q], 4);

/** @returns a * b mod Q for the pair (b, quotient): see the bounds above. */
@inline
function times(a: v128, b: v128, quotient: v128, q: v128): v128 {
  const low = i64x2.extmul_low_i32x4_s(a, quotient);
  const high = i64x2.extmul_high_i32x4_s(a, quotient);
  const multiple = i32x4.mul(v128.shuffle<i32>(low, high, 1, 3, 5, 7), q);
  return i32x4.sub(i32x4.mul(a, b), multiple);
}

/** times() with the pair at `at`, the same for all lanes. */
@inline
function timesPair(a: v128, at: usize, q: v128): v128 {
  return times(a, v128.load32_splat(at), v128.load32_splat(at, 4), q);
}

/** times() with a pair of vectors. */
@inline
function timesVector(a: v128, at: usize, q: v128): v128 {
  return times(a, v128.load(at), v128.load(at, 16), q);
}

/** @see FIPS 204 Algorithm 41 */
export function ntt(poly: usize): void {
  const q = v128.load32_splat(CONSTANTS);
  const end = poly + POLY;
  for (let at = poly; at < poly + 128; at += 16) forward(at, 128, ZETAS, q);
  let twiddles = ZETAS + PAIRS;
  for (let at = poly; at < end; at += 128) {
    forward(at, 16, twiddles, q);
    forwardRows(at, twiddles + PAIRS, q);
    forwardRows(at + 64, twiddles + PAIRS + ROWS, q);
    twiddles += BLOCK;
  }
}

/** @see FIPS 204 Algorithm 42 */
export function inverseNtt(poly: usize): void {
  const q = v128.load32_splat(CONSTANTS);
  const end = poly + POLY;
  let twiddles = ZETAS + DIRECTION + PAIRS;
  for (let at = poly; at < end; at += 128) {
    inverseRows(at, twiddles + PAIRS, q);
    inverseRows(at + 64, twiddles + PAIRS + ROWS, q);
    inverse(at, 16, twiddles, false, q);
    twiddles += BLOCK;
  }
  for (let at = poly; at < poly + 128; at += 16) inverse(at, 128, ZETAS + DIRECTION, true, q);
}

/** Three layers over 8 vectors, `stride` bytes apart from `at`. */
@inline
function forward(at: usize, stride: usize, pairs: usize, q: v128): void {
  let a0 = v128.load(at);
  let a1 = v128.load(at + stride);
  let a2 = v128.load(at + 2 * stride);
  let a3 = v128.load(at + 3 * stride);
  let a4 = v128.load(at + 4 * stride);
  let a5 = v128.load(at + 5 * stride);
  let a6 = v128.load(at + 6 * stride);
  let a7 = v128.load(at + 7 * stride);
  let t = timesPair(a4, pairs + 8, q);
  a4 = i32x4.sub(a0, t);
  a0 = i32x4.add(a0, t);
  t = timesPair(a5, pairs + 8, q);
  a5 = i32x4.sub(a1, t);
  a1 = i32x4.add(a1, t);
  t = timesPair(a6, pairs + 8, q);
  a6 = i32x4.sub(a2, t);
  a2 = i32x4.add(a2, t);
  t = timesPair(a7, pairs + 8, q);
  a7 = i32x4.sub(a3, t);
  a3 = i32x4.add(a3, t);

  t = timesPair(a2, pairs + 16, q);
  a2 = i32x4.sub(a0, t);
  a0 = i32x4.add(a0, t);
  t = timesPair(a3, pairs + 16, q);
  a3 = i32x4.sub(a1, t);
  a1 = i32x4.add(a1, t);
  t = timesPair(a6, pairs + 24, q);
  a6 = i32x4.sub(a4, t);
  a4 = i32x4.add(a4, t);
  t = timesPair(a7, pairs + 24, q);
  a7 = i32x4.sub(a5, t);
  a5 = i32x4.add(a5, t);

  t = timesPair(a1, pairs + 32, q);
  a1 = i32x4.sub(a0, t);
  a0 = i32x4.add(a0, t);
  t = timesPair(a3, pairs + 40, q);
  a3 = i32x4.sub(a2, t);
  a2 = i32x4.add(a2, t);
  t = timesPair(a5, pairs + 48, q);
  a5 = i32x4.sub(a4, t);
  a4 = i32x4.add(a4, t);
  t = timesPair(a7, pairs + 56, q);
  a7 = i32x4.sub(a6, t);
  a6 = i32x4.add(a6, t);

  v128.store(at, a0);
  v128.store(at + stride, a1);
  v128.store(at + 2 * stride, a2);
  v128.store(at + 3 * stride, a3);
  v128.store(at + 4 * stride, a4);
  v128.store(at + 5 * stride, a5);
  v128.store(at + 6 * stride, a6);
  v128.store(at + 7 * stride, a7);
}

/** Three layers back; the `last` of them scales as well. */
@inline
function inverse(at: usize, stride: usize, pairs: usize, last: bool, q: v128): void {
  let a0 = v128.load(at);
  let a1 = v128.load(at + stride);
  let a2 = v128.load(at + 2 * stride);
  let a3 = v128.load(at + 3 * stride);
  let a4 = v128.load(at + 4 * stride);
  let a5 = v128.load(at + 5 * stride);
  let a6 = v128.load(at + 6 * stride);
  let a7 = v128.load(at + 7 * stride);
  let t = i32x4.sub(a0, a1);
  a0 = i32x4.add(a0, a1);
  a1 = timesPair(t, pairs + 32, q);
  t = i32x4.sub(a2, a3);
  a2 = i32x4.add(a2, a3);
  a3 = timesPair(t, pairs + 40, q);
  t = i32x4.sub(a4, a5);
  a4 = i32x4.add(a4, a5);
  a5 = timesPair(t, pairs + 48, q);
  t = i32x4.sub(a6, a7);
  a6 = i32x4.add(a6, a7);
  a7 = timesPair(t, pairs + 56, q);

  t = i32x4.sub(a0, a2);
  a0 = i32x4.add(a0, a2);
  a2 = timesPair(t, pairs + 16, q);
  t = i32x4.sub(a1, a3);
  a1 = i32x4.add(a1, a3);
  a3 = timesPair(t, pairs + 16, q);
  t = i32x4.sub(a4, a6);
  a4 = i32x4.add(a4, a6);
  a6 = timesPair(t, pairs + 24, q);
  t = i32x4.sub(a5, a7);
  a5 = i32x4.add(a5, a7);
  a7 = timesPair(t, pairs + 24, q);

  t = i32x4.sub(a0, a4);
  a0 = i32x4.add(a0, a4);
  a4 = timesPair(t, pairs + 8, q);
  t = i32x4.sub(a1, a5);
  a1 = i32x4.add(a1, a5);
  a5 = timesPair(t, pairs + 8, q);
  t = i32x4.sub(a2, a6);
  a2 = i32x4.add(a2, a6);
  a6 = timesPair(t, pairs + 8, q);
  t = i32x4.sub(a3, a7);
  a3 = i32x4.add(a3, a7);
  a7 = timesPair(t, pairs + 8, q);

  if (last) {
    a0 = timesPair(a0, pairs, q);
    a1 = timesPair(a1, pairs, q);
    a2 = timesPair(a2, pairs, q);
    a3 = timesPair(a3, pairs, q);
  }
  v128.store(at, a0);
  v128.store(at + stride, a1);
  v128.store(at + 2 * stride, a2);
  v128.store(at + 3 * stride, a3);
  v128.store(at + 4 * stride, a4);
  v128.store(at + 5 * stride, a5);
  v128.store(at + 6 * stride, a6);
  v128.store(at + 7 * stride, a7);
}

/** The last two layers over four vectors: transposed first, so that the two of a butterfly stand in different ones. */
@inline
function forwardRows(at: usize, pairs: usize, q: v128): void {
  const r0 = v128.load(at);
  const r1 = v128.load(at, 16);
  const r2 = v128.load(at, 32);
  const r3 = v128.load(at, 48);
  const low01 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5);
  const high01 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7);
  const low23 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
  const high23 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
  let a0 = v128.shuffle<i64>(low01, low23, 0, 2);
  let a1 = v128.shuffle<i64>(low01, low23, 1, 3);
  let t = timesVector(v128.shuffle<i64>(high01, high23, 0, 2), pairs, q);
  const a2 = i32x4.sub(a0, t);
  a0 = i32x4.add(a0, t);
  t = timesVector(v128.shuffle<i64>(high01, high23, 1, 3), pairs, q);
  const a3 = i32x4.sub(a1, t);
  a1 = timesVector(i32x4.add(a1, t), pairs + 32, q);
  t = timesVector(a3, pairs + 64, q);
  v128.store(at, i32x4.add(a0, a1));
  v128.store(at, i32x4.sub(a0, a1), 16);
  v128.store(at, i32x4.add(a2, t), 32);
  v128.store(at, i32x4.sub(a2, t), 48);
}

/** Two layers back, then transposed back. */
@inline
function inverseRows(at: usize, pairs: usize, q: v128): void {
  const r0 = v128.load(at);
  const r1 = v128.load(at, 16);
  const r2 = v128.load(at, 32);
  const r3 = v128.load(at, 48);
  const s0 = i32x4.add(r0, r1);
  const d0 = timesVector(i32x4.sub(r0, r1), pairs + 32, q);
  const s1 = i32x4.add(r2, r3);
  const d1 = timesVector(i32x4.sub(r2, r3), pairs + 64, q);
  const a0 = i32x4.add(s0, s1);
  const a1 = i32x4.add(d0, d1);
  const a2 = timesVector(i32x4.sub(s0, s1), pairs, q);
  const a3 = timesVector(i32x4.sub(d0, d1), pairs, q);
  storeTransposed(at, a0, a1, a2, a3);
}

/** Bring NTT coefficients from their natural order into that of ntt, as expandA needs it. */
export function transpose(poly: usize): void {
  const end = poly + POLY;
  for (let at = poly; at < end; at += 64) {
    storeTransposed(at, v128.load(at), v128.load(at, 16), v128.load(at, 32), v128.load(at, 48));
  }
}

@inline
function storeTransposed(at: usize, a0: v128, a1: v128, a2: v128, a3: v128): void {
  const low01 = v128.shuffle<i32>(a0, a1, 0, 4, 1, 5);
  const high01 = v128.shuffle<i32>(a0, a1, 2, 6, 3, 7);
  const low23 = v128.shuffle<i32>(a2, a3, 0, 4, 1, 5);
  const high23 = v128.shuffle<i32>(a2, a3, 2, 6, 3, 7);
  v128.store(at, v128.shuffle<i64>(low01, low23, 0, 2));
  v128.store(at, v128.shuffle<i64>(low01, low23, 1, 3), 16);
  v128.store(at, v128.shuffle<i64>(high01, high23, 0, 2), 32);
  v128.store(at, v128.shuffle<i64>(high01, high23, 1, 3), 48);
}
