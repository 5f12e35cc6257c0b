/**
 * Unpacking: FIPS 204 Algorithms 18 and 19 (bit unpacking of t1 and z), 21 (hintBitUnpack). Lengths are fixed, so that no byte of the
 * input moves a read or a write out of its region. Sees public data only.
 */
import { BETA, COMMITMENT_BYTES, D, GAMMA1, HINTS, K, L, N, OMEGA, SIGNATURE, Z, Z_BYTES } from './layout';

/** In: t1 of one row at `packed`, 10 bits a coefficient. Out: -t1 * 2^d at `poly`, 0 >= a >= -1023 * 8192 = 1 - Q. */
export function unpackT1(packed: usize, poly: usize): void {
  for (let n: i32 = 0; n < N; n += 4) {
    // Five bytes hold four coefficients; the upper three of the eight read are not used, and stand in PUBLIC_KEY or SIGNATURE.
    const bits = load<u64>(packed);
    store<i32>(poly, -(<i32>(bits & 1023) << D), 0);
    store<i32>(poly, -(<i32>((bits >> 10) & 1023) << D), 4);
    store<i32>(poly, -(<i32>((bits >> 20) & 1023) << D), 8);
    store<i32>(poly, -(<i32>((bits >> 30) & 1023) << D), 12);
    packed += 5;
    poly += 16;
  }
}

/** In: z at SIGNATURE. Out: z at Z, |z| < GAMMA1 - BETA. @returns false when a coefficient is at or above that bound. */
export function unpackZ(): bool {
  let packed = SIGNATURE + <usize>COMMITMENT_BYTES;
  const end = packed + <usize>(L * Z_BYTES);
  let poly = Z;
  let largest: i32 = 0;
  while (packed < end) {
    // Five bytes hold two coefficients; the rest of the eight read is the hint at the latest.
    const bits = load<u64>(packed);
    const a = GAMMA1 - <i32>(bits & 0xfffff);
    const b = GAMMA1 - <i32>((bits >> 20) & 0xfffff);
    store<i32>(poly, a, 0);
    store<i32>(poly, b, 4);
    largest = max<i32>(largest, max<i32>(abs<i32>(a), abs<i32>(b)));
    packed += 5;
    poly += 8;
  }
  return largest < GAMMA1 - BETA;
}

/**
 * In: y, OMEGA + K bytes at the end of SIGNATURE. Out: HINTS, a byte a coefficient. @returns false for every y that hintBitPack does
 * not write: counts that fall or exceed OMEGA, positions of a polynomial that do not rise, bytes after the last that are not zero.
 */
export function hintBitUnpack(): bool {
  const y = SIGNATURE + <usize>(COMMITMENT_BYTES + L * Z_BYTES);
  memory.fill(HINTS, 0, <usize>(K * N));
  let index: i32 = 0;
  for (let i: i32 = 0; i < K; i++) {
    const limit = <i32>load<u8>(y + <usize>(OMEGA + i));
    if (limit < index || limit > OMEGA) return false;
    const first = index;
    for (; index < limit; index++) {
      const position = load<u8>(y + <usize>index);
      if (index > first && load<u8>(y + <usize>(index - 1)) >= position) return false;
      store<u8>(HINTS + <usize>(i * N) + <usize>position, 1);
    }
  }
  for (; index < OMEGA; index++) if (load<u8>(y + <usize>index) != 0) return false;
  return true;
}
