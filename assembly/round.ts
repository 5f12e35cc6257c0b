/**
 * Rounding: FIPS 204 Algorithms 36 (decompose), 40 (useHint), 28 (w1Encode), for one row. In: -Q/4 < w < 5Q/4 (inverseNtt) at `w`; the
 * positions of the row's hints, each once. Out: 128 bytes, 4 bits a coefficient, 0 <= w1 < 16.
 *
 * From the centred r, |r| <= Q / 2, r1 is found without a division. Of r >= 0 it is r / (2 * GAMMA2) to the nearest, halves downwards.
 * r < 0 stands for r + Q = r + 1 + 16 * (2 * GAMMA2), and 16 counts as 0: the same of r + 1. Only multiples of 128 can be a half, so
 * that s = ceil(r / 128) (of r + 1 below zero) carries enough: r1 is s / 4092 to the nearest, halves downwards, for |s| <= 32737.
 * 1025 / 2^22 is that 1 / 4092 to within 2^-32: s * 1025 / 2^22 is off by less than 2^-17, while s / 4092 + 1/2 is an integer (a half)
 * or 2^-12 and more away from one. The bias of 512 / 2^22 = 2^-13 lies between: halves go down, all else keeps its side.
 *
 * Sees public data only.
 */
import { GAMMA2, POLY, Q } from './layout';

const HALF: i32 = (1 << 21) - 512;
/** What highBits takes, loaded for the reason given in ntt.ts. */
const CONSTANTS: usize = memory.data<i32>([Q / 2, Q, 127, 1025, HALF], 16);

/** r1 of the coefficients in `w`, in [-8, 8]. */
@inline
function highBits(w: v128, middle: v128, q: v128, up: v128, factor: v128, half: v128): v128 {
  const r = i32x4.sub(w, v128.and(i32x4.gt_s(w, middle), q));
  const s = i32x4.shr_s(i32x4.sub(i32x4.add(r, up), i32x4.shr_s(r, 31)), 7);
  return i32x4.shr_s(i32x4.add(i32x4.mul(s, factor), half), 22);
}

export function w1Row(w: usize, positions: usize, end: usize, encoded: usize): void {
  const middle = v128.load32_splat(CONSTANTS);
  const q = v128.load32_splat(CONSTANTS, 4);
  const up = v128.load32_splat(CONSTANTS, 8);
  const factor = v128.load32_splat(CONSTANTS, 12);
  const half = v128.load32_splat(CONSTANTS, 16);
  let to = encoded;
  for (let at = w; at < w + POLY; at += 64) {
    const a = highBits(v128.load(at), middle, q, up, factor, half);
    const b = highBits(v128.load(at, 16), middle, q, up, factor, half);
    const c = highBits(v128.load(at, 32), middle, q, up, factor, half);
    const d = highBits(v128.load(at, 48), middle, q, up, factor, half);
    const bytes = i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
    // Two nibbles stand in 16 bits, each in a byte; then in one byte.
    const nibbles = v128.and(bytes, i8x16.splat(15));
    const words = v128.and(v128.or(nibbles, i16x8.shr_u(nibbles, 4)), i16x8.splat(255));
    v128.store64_lane(to, i8x16.narrow_i16x8_u(words, words), 0);
    to += 8;
  }
  for (; positions < end; positions++) {
    const n = <usize>load<u8>(positions);
    const at = encoded + (n >> 1);
    const shift = <u32>(n & 1) << 2;
    const kept = <u32>load<u8>(at) & (0xf0 >> shift);
    store<u8>(at, kept | (useHint(load<i32>(w + 4 * n)) << shift));
  }
}

/** w1 of one coefficient with a hint. Where r - r0 = Q - 1, r1 is 0 here, and r0, one less, stays no more than 0: nothing changes. */
@inline
function useHint(w: i32): u32 {
  const r = w > Q / 2 ? w - Q : w;
  const r1 = (((r + 127 - (r >> 31)) >> 7) * 1025 + HALF) >> 22;
  const r0 = r - (r >> 31) - r1 * (2 * GAMMA2);
  return (r0 > 0 ? r1 + 1 : r1 - 1) & 15;
}
