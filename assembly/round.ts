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
import { GAMMA2, N, Q } from './layout';

const HALF: i32 = (1 << 21) - 512;

/** r1 of the coefficients in `w`, in [-8, 8]. */
@inline
function highBits(w: v128): v128 {
  const r = i32x4.sub(w, v128.and(i32x4.gt_s(w, i32x4.splat(Q / 2)), i32x4.splat(Q)));
  const s = i32x4.shr_s(i32x4.sub(i32x4.add(r, i32x4.splat(127)), i32x4.shr_s(r, 31)), 7);
  return i32x4.shr_s(i32x4.add(i32x4.mul(s, i32x4.splat(1025)), i32x4.splat(HALF)), 22);
}

/** Encoded r1 of 16 coefficients, a byte in each 16 bits. */
@inline
function encode(w: usize): v128 {
  const low = i16x8.narrow_i32x4_s(highBits(v128.load(w)), highBits(v128.load(w, 16)));
  const high = i16x8.narrow_i32x4_s(highBits(v128.load(w, 32)), highBits(v128.load(w, 48)));
  const nibbles = v128.and(i8x16.narrow_i16x8_s(low, high), i8x16.splat(15));
  return v128.and(v128.or(nibbles, i16x8.shr_u(nibbles, 4)), i16x8.splat(255));
}

export function w1Row(w: usize, positions: usize, end: usize, encoded: usize): void {
  for (let n: usize = 0; n < 4 * <usize>N; n += 128) {
    v128.store(encoded + (n >> 3), i8x16.narrow_i16x8_u(encode(w + n), encode(w + n + 64)));
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
