/**
 * The product with a key, w = A * z + t * c in the NTT domain, all K rows: FIPS 204 Algorithm 8, line 9, times 1/R (R = 2^32), which
 * inverseNtt takes back. Here t = -t1 * 2^d, so that nothing is subtracted. In: Z, C, a prepared key. Out: W, all in the order of ntt.
 *
 * A prepared key is one stream: for each vector of four coefficients, for each row, L vectors of A and one of t. It is read once, from
 * front to end, and a row is stored before the next one is read.
 *
 *     in   0 <= A < Q, |t| < 9.1 Q, |z| and |c| < 8.2 Q
 *     sum  < 5 * 8.2 Q^2 + 9.1 * 8.2 Q^2 < 116 Q^2, exact in i64: 2^63 > 131000 Q^2
 *     out  |w| < 116 Q^2 / 2^32 + Q / 2 < 0.73 Q: what inverseNtt takes
 *
 * Sees public data in verifier.wasm; no branch or address depends on coefficients.
 */
import { K, KEY_TERMS, L, POLY, Q, Z } from './layout';

/** Q^-1 mod 2^32. */
const QINV: i32 = 58728449;
/** Loaded for the reason given in ntt.ts. */
const CONSTANTS: usize = memory.data<i32>([Q, QINV], 8);

/** Bytes of a vector, of a row and of all rows at one position of the stream. */
const VECTOR: usize = 16;
const ROW: usize = VECTOR * KEY_TERMS;
export const POSITION: usize = ROW * <usize>K;

/** In: `poly` in the order of ntt. Out: its vectors at `term`, the place of a row's term in the stream. */
export function putTerm(poly: usize, term: usize): void {
  const end = poly + POLY;
  for (; poly < end; poly += VECTOR) {
    v128.store(term, v128.load(poly));
    term += POSITION;
  }
}

/** Where term `column` of row `row` begins in the key at `key`: columns below L are A, column L is t. */
@inline
export function termAt(key: usize, row: i32, column: i32): usize {
  return key + ROW * <usize>row + VECTOR * <usize>column;
}

/** Fill W. Z, C and W stand one after the other: one pointer reaches all. */
export function multiplyKey(key: usize): void {
  const q = v128.load32_splat(CONSTANTS);
  const qinv = v128.load32_splat(CONSTANTS, 4);
  for (let at = Z; at < Z + POLY; at += VECTOR) {
    const z0 = v128.load(at);
    const z1 = v128.load(at, POLY);
    const z2 = v128.load(at, 2 * POLY);
    const z3 = v128.load(at, 3 * POLY);
    const z4 = v128.load(at, 4 * POLY);
    const c = v128.load(at, 5 * POLY);
    multiplyRow(key, at + 6 * POLY, z0, z1, z2, z3, z4, c, q, qinv);
    multiplyRow(key + ROW, at + 7 * POLY, z0, z1, z2, z3, z4, c, q, qinv);
    multiplyRow(key + 2 * ROW, at + 8 * POLY, z0, z1, z2, z3, z4, c, q, qinv);
    multiplyRow(key + 3 * ROW, at + 9 * POLY, z0, z1, z2, z3, z4, c, q, qinv);
    multiplyRow(key + 4 * ROW, at + 10 * POLY, z0, z1, z2, z3, z4, c, q, qinv);
    multiplyRow(key + 5 * ROW, at + 11 * POLY, z0, z1, z2, z3, z4, c, q, qinv);
    key += POSITION;
  }
}

@inline
function multiplyRow(row: usize, w: usize, z0: v128, z1: v128, z2: v128, z3: v128, z4: v128, c: v128, q: v128, qinv: v128): void {
  let a = v128.load(row);
  let low = i64x2.extmul_low_i32x4_s(a, z0);
  let high = i64x2.extmul_high_i32x4_s(a, z0);
  a = v128.load(row, VECTOR);
  low = i64x2.add(low, i64x2.extmul_low_i32x4_s(a, z1));
  high = i64x2.add(high, i64x2.extmul_high_i32x4_s(a, z1));
  a = v128.load(row, 2 * VECTOR);
  low = i64x2.add(low, i64x2.extmul_low_i32x4_s(a, z2));
  high = i64x2.add(high, i64x2.extmul_high_i32x4_s(a, z2));
  a = v128.load(row, 3 * VECTOR);
  low = i64x2.add(low, i64x2.extmul_low_i32x4_s(a, z3));
  high = i64x2.add(high, i64x2.extmul_high_i32x4_s(a, z3));
  a = v128.load(row, 4 * VECTOR);
  low = i64x2.add(low, i64x2.extmul_low_i32x4_s(a, z4));
  high = i64x2.add(high, i64x2.extmul_high_i32x4_s(a, z4));
  a = v128.load(row, 5 * VECTOR);
  low = i64x2.add(low, i64x2.extmul_low_i32x4_s(a, c));
  high = i64x2.add(high, i64x2.extmul_high_i32x4_s(a, c));
  v128.store(w, montgomery(low, high, q, qinv));
}

/**
 * @returns t / R mod Q for four t in two vectors: with m = t * Q^-1 mod R, t - m * Q is a multiple of R, so that its upper halves
 * subtract without a borrow.
 */
@inline
function montgomery(low: v128, high: v128, q: v128, qinv: v128): v128 {
  const m = i32x4.mul(v128.shuffle<i32>(low, high, 0, 2, 4, 6), qinv);
  const multipleLow = i64x2.extmul_low_i32x4_s(m, q);
  const multipleHigh = i64x2.extmul_high_i32x4_s(m, q);
  return i32x4.sub(
    v128.shuffle<i32>(low, high, 1, 3, 5, 7),
    v128.shuffle<i32>(multipleLow, multipleHigh, 1, 3, 5, 7),
  );
}
