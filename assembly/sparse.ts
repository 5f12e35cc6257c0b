/**
 * c * s for the challenge c (TAU coefficients 1 or -1, the others 0) and a short secret s, |s| <= ETA, in Z[X]/(X^256 + 1): TAU
 * shifted additions of i8. s is kept as 512 i8, -s then s, so that X^i * s is the 256 of them from place 256 - i on. Sums of up to 25
 * such terms stay within 25 * ETA = 100 < 127; they are widened to i16 after that. Addresses depend on c alone, which is a hash that
 * tells nothing of the key; no branch and no address depends on s.
 */
import { C, N, TAU } from './layout';
import { PLACES } from './signer-layout';

/** In: c at C. Out: its places at PLACES, those of the ones first. @returns how many ones there are; the rest up to TAU are -1. */
export function findPlaces(): i32 {
  let ones: usize = PLACES;
  for (let n: usize = 0; n < <usize>N; n++) {
    if (load<i32>(C + (n << 2)) == 1) {
      store<u8>(ones, <u8>n);
      ones += 1;
    }
  }
  let others = ones;
  for (let n: usize = 0; n < <usize>N; n++) {
    if (load<i32>(C + (n << 2)) == -1) {
      store<u8>(others, <u8>n);
      others += 1;
    }
  }
  return <i32>(ones - PLACES);
}

/** Terms summed before widening. */
const GROUP: i32 = 25;

/**
 * In: PLACES with `ones`; 512 i8 at `sparse`. Out: poly -= c * s where `subtract`, else poly += c * s; |c * s| <= TAU * ETA = BETA.
 * Half of the coefficients at a time: eight accumulators stay in registers.
 */
export function addProduct(sparse: usize, ones: i32, subtract: bool, poly: usize): void {
  for (let half: usize = 0; half < <usize>N; half += 128) {
    for (let first: i32 = 0; first < TAU; first += GROUP) {
      const last = min<i32>(first + GROUP, TAU);
      let a0 = i8x16.splat(0);
      let a1 = i8x16.splat(0);
      let a2 = i8x16.splat(0);
      let a3 = i8x16.splat(0);
      let a4 = i8x16.splat(0);
      let a5 = i8x16.splat(0);
      let a6 = i8x16.splat(0);
      let a7 = i8x16.splat(0);
      for (let p = first; p < last; p++) {
        const at = sparse + <usize>N + half - <usize>load<u8>(PLACES + <usize>p);
        if (p < ones != subtract) {
          a0 = i8x16.add(a0, v128.load(at, 0));
          a1 = i8x16.add(a1, v128.load(at, 16));
          a2 = i8x16.add(a2, v128.load(at, 32));
          a3 = i8x16.add(a3, v128.load(at, 48));
          a4 = i8x16.add(a4, v128.load(at, 64));
          a5 = i8x16.add(a5, v128.load(at, 80));
          a6 = i8x16.add(a6, v128.load(at, 96));
          a7 = i8x16.add(a7, v128.load(at, 112));
        } else {
          a0 = i8x16.sub(a0, v128.load(at, 0));
          a1 = i8x16.sub(a1, v128.load(at, 16));
          a2 = i8x16.sub(a2, v128.load(at, 32));
          a3 = i8x16.sub(a3, v128.load(at, 48));
          a4 = i8x16.sub(a4, v128.load(at, 64));
          a5 = i8x16.sub(a5, v128.load(at, 80));
          a6 = i8x16.sub(a6, v128.load(at, 96));
          a7 = i8x16.sub(a7, v128.load(at, 112));
        }
      }
      const out = poly + (half << 2);
      addWide(out, a0);
      addWide(out + 64, a1);
      addWide(out + 128, a2);
      addWide(out + 192, a3);
      addWide(out + 256, a4);
      addWide(out + 320, a5);
      addWide(out + 384, a6);
      addWide(out + 448, a7);
    }
  }
}

/** Add 16 i8 to the 16 i32 at `out`. */
@inline
function addWide(out: usize, sums: v128): void {
  const low = i16x8.extend_low_i8x16_s(sums);
  const high = i16x8.extend_high_i8x16_s(sums);
  v128.store(out, i32x4.add(v128.load(out, 0), i32x4.extend_low_i16x8_s(low)), 0);
  v128.store(out, i32x4.add(v128.load(out, 16), i32x4.extend_high_i16x8_s(low)), 16);
  v128.store(out, i32x4.add(v128.load(out, 32), i32x4.extend_low_i16x8_s(high)), 32);
  v128.store(out, i32x4.add(v128.load(out, 48), i32x4.extend_high_i16x8_s(high)), 48);
}
