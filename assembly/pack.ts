/**
 * Unpacking: FIPS 204 Algorithms 18 and 19 (bit unpacking of t1 and z), 21 (hintBitUnpack). Lengths are fixed, so that no byte of the
 * input moves a read or a write out of its region. Sees public data only.
 */
import { BETA, COMMITMENT_BYTES, D, GAMMA1, K, L, N, OMEGA, POLY, Z, Z_BYTES } from './layout';

/**
 * For each of four coefficients of z, the bytes its 20 bits stand in, from the first of ten; a mask of those that start with a byte; a
 * mask of 20 bits; GAMMA1. Loaded for the reason given in ntt.ts.
 */
const UNPACK: usize = memory.data<i32>(
  [0x02020100, 0x04040302, 0x07070605, 0x09090807, -1, 0, -1, 0, 0xfffff, GAMMA1],
  16,
);

/** Where y begins within a signature. */
const HINT_AT: i32 = COMMITMENT_BYTES + L * Z_BYTES;

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

/**
 * In: z of the signature at `signature`. Out: z at Z, GAMMA1 - BETA > |z|. @returns false when a coefficient is at or above that bound.
 */
export function unpackZ(signature: usize): bool {
  const places = v128.load(UNPACK);
  const even = v128.load(UNPACK, 16);
  const mask = v128.load32_splat(UNPACK, 32);
  const gamma1 = v128.load32_splat(UNPACK, 36);
  let packed = signature + <usize>COMMITMENT_BYTES;
  let largest = i32x4.splat(0);
  for (let poly = Z; poly < Z + <usize>L * POLY; poly += 64) {
    const a = unpackFour(packed, poly, places, even, mask, gamma1);
    const b = unpackFour(packed + 10, poly + 16, places, even, mask, gamma1);
    const c = unpackFour(packed + 20, poly + 32, places, even, mask, gamma1);
    const d = unpackFour(packed + 30, poly + 48, places, even, mask, gamma1);
    largest = i32x4.max_s(largest, i32x4.max_s(i32x4.max_s(a, b), i32x4.max_s(c, d)));
    packed += 40;
  }
  return !v128.any_true(i32x4.gt_s(largest, i32x4.splat(GAMMA1 - BETA - 1)));
}

/** Four coefficients stand in ten bytes, two and a half each; the rest of the sixteen read is the hint at the latest. @returns |z|. */
@inline
function unpackFour(packed: usize, poly: usize, places: v128, even: v128, mask: v128, gamma1: v128): v128 {
  const bits = i8x16.swizzle(v128.load(packed), places);
  const value = v128.bitselect(bits, i32x4.shr_u(bits, 4), even);
  const z = i32x4.sub(gamma1, v128.and(value, mask));
  v128.store(poly, z);
  return i32x4.abs(z);
}

/**
 * In: y, OMEGA + K bytes at the end of the signature. It stays as it is, because positions are what w1Row takes. @returns false for
 * every y that hintBitPack does not write: counts that fall or exceed OMEGA, positions of a polynomial that do not rise, bytes after
 * the last that are not zero.
 */
export function hintBitUnpack(signature: usize): bool {
  const y = signature + <usize>HINT_AT;
  let index: i32 = 0;
  for (let i: i32 = 0; i < K; i++) {
    const limit = <i32>load<u8>(y + <usize>(OMEGA + i));
    if (limit < index || limit > OMEGA) return false;
    const first = index;
    for (; index < limit; index++) {
      if (index > first && load<u8>(y + <usize>(index - 1)) >= load<u8>(y + <usize>index)) return false;
    }
  }
  for (; index < OMEGA; index++) if (load<u8>(y + <usize>index) != 0) return false;
  return true;
}

/** Where in y the positions of polynomial `i` begin; those of polynomial K would begin where they all end. */
@inline
export function hintsOf(signature: usize, i: i32): usize {
  const y = signature + <usize>HINT_AT;
  return i == 0 ? y : y + <usize>load<u8>(y + <usize>(OMEGA + i - 1));
}
