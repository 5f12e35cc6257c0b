/**
 * Rounding for signing: FIPS 204 Algorithms 36 (decompose), 39 (makeHint), 28 (w1Encode), and the bounds on z, r0 and c*t0. Sees
 * secrets: no branch, no address and no division depends on one; a bound answers once for a whole polynomial.
 */
import { GAMMA2, N, POLY, Q } from './layout';

/**
 * In: -Q < w < 2Q at `low`. Out: w1 in [0, 16) at `high`; w0 in [-GAMMA2, GAMMA2] at `low`, w = w1 * 2 * GAMMA2 + w0 mod Q; w1Encode(w1),
 * 128 bytes, at `encoded`.
 */
export function decompose(low: usize, high: usize, encoded: usize): void {
  const q = i32x4.splat(Q);
  const half = i32x4.splat((Q - 1) / 2);
  const step = i32x4.splat(2 * GAMMA2);
  const nibble = i32x4.splat(15);
  for (let at: usize = 0; at < POLY; at += 32) {
    let packed: u32 = 0;
    for (let part: usize = 0; part < 32; part += 16) {
      const w = freeze(v128.load(low + at + part));
      // ceil(w / 128) * 1025 / 2^22 rounded is w / (2 * GAMMA2) rounded, exact for every w below Q (test/twin); 16 stands for 0.
      let w1 = i32x4.shr_u(i32x4.add(w, i32x4.splat(127)), 7);
      w1 = i32x4.shr_u(i32x4.add(i32x4.mul(w1, i32x4.splat(1025)), i32x4.splat(1 << 21)), 22);
      w1 = v128.and(w1, nibble);
      let w0 = i32x4.sub(w, i32x4.mul(w1, step));
      w0 = i32x4.sub(w0, v128.and(q, i32x4.shr_s(i32x4.sub(half, w0), 31)));
      v128.store(low + at + part, w0);
      v128.store(high + at + part, w1);
      const four =
        <u32>i32x4.extract_lane(w1, 0) |
        (<u32>i32x4.extract_lane(w1, 1) << 4) |
        (<u32>i32x4.extract_lane(w1, 2) << 8) |
        (<u32>i32x4.extract_lane(w1, 3) << 12);
      packed |= four << <u32>part;
    }
    store<u32>(encoded + (at >> 3), packed);
  }
}

/** @returns the representative in [0, Q) of -Q < a < 2Q. */
@inline
function freeze(a: v128): v128 {
  const q = i32x4.splat(Q);
  a = i32x4.add(a, v128.and(q, i32x4.shr_s(a, 31)));
  return i32x4.sub(a, v128.and(q, i32x4.shr_s(i32x4.sub(i32x4.splat(Q - 1), a), 31)));
}

/** @returns whether a coefficient at `poly` reaches `bound`. In: |a| < 2^31. */
export function reaches(poly: usize, bound: i32): bool {
  let largest = i32x4.splat(0);
  for (let at: usize = 0; at < POLY; at += 16) largest = i32x4.max_s(largest, i32x4.abs(v128.load(poly + at)));
  return v128.any_true(i32x4.ge_s(largest, i32x4.splat(bound)));
}

/**
 * In: -Q < a < 2Q at `poly`. Out: the representative in [-(Q-1)/2, (Q-1)/2], in place.
 */
export function centre(poly: usize): void {
  const q = i32x4.splat(Q);
  const half = i32x4.splat((Q - 1) / 2);
  for (let at: usize = 0; at < POLY; at += 16) {
    let a = freeze(v128.load(poly + at));
    a = i32x4.sub(a, v128.and(q, i32x4.shr_s(i32x4.sub(half, a), 31)));
    v128.store(poly + at, a);
  }
}

/**
 * In: r = w0 - c*s2 + c*t0 at `low`, w1 at `high`. Out: a byte a coefficient at `hints`, 1 where adding c*t0 moved the high bits:
 * r > GAMMA2, r < -GAMMA2, or r = -GAMMA2 with w1 not 0. @returns how many.
 */
export function makeHint(low: usize, high: usize, hints: usize): i32 {
  let count: i32 = 0;
  for (let n: i32 = 0; n < N; n++) {
    const r = load<i32>(low);
    const w1 = load<i32>(high);
    const above = <i32>(<u32>(GAMMA2 - r) >> 31);
    const below = <i32>(<u32>(r + GAMMA2) >> 31);
    // x | -x has its top bit set exactly where x is not 0.
    const edge = r + GAMMA2;
    const notEdge = <i32>(<u32>(edge | -edge) >> 31);
    const hint = above | below | ((1 - notEdge) & <i32>(<u32>-w1 >> 31));
    store<u8>(hints, <u8>hint);
    count += hint;
    low += 4;
    high += 4;
    hints += 1;
  }
  return count;
}
