/**
 * Rounding: FIPS 204 Algorithms 36 (decompose), 40 (useHint), 28 (w1Encode), for one row. In: |w| < Q at `poly`, hints of the row.
 * Out: 128 bytes, 4 bits a coefficient, 0 <= w1 < 16. Sees public data only.
 */
import { GAMMA2, N, Q } from './layout';

/** @returns w1 of one coefficient. @param w |w| < Q. @param hint 0 or 1. */
@inline
function useHint(hint: i32, w: i32): u32 {
  const r: u32 = <u32>(w + (Q & (w >> 31)));
  // r1 = (r - r0) / (2 * GAMMA2) for r0 in (-GAMMA2, GAMMA2]: r + GAMMA2 - 1 rounds so that r0 = GAMMA2 stays below.
  const r1: u32 = (r + <u32>(GAMMA2 - 1)) / <u32>(2 * GAMMA2);
  if (hint == 0) return r1 & 15;
  // Where r - r0 = Q - 1, r1 is 16 here and stands for 0; that r0 is then one less changes nothing, because it is not above zero.
  const r0 = <i32>(r - r1 * <u32>(2 * GAMMA2));
  return (r0 > 0 ? r1 + 1 : r1 - 1) & 15;
}

export function w1Row(poly: usize, hints: usize, encoded: usize): void {
  for (let n: i32 = 0; n < N; n += 2) {
    const low = useHint(load<u8>(hints, 0), load<i32>(poly, 0));
    const high = useHint(load<u8>(hints, 1), load<i32>(poly, 4));
    store<u8>(encoded, low | (high << 4));
    poly += 8;
    hints += 2;
    encoded += 1;
  }
}
