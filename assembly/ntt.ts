/**
 * NTT over Z_Q[X]/(X^256 + 1): FIPS 204 Algorithms 41 and 42, in place on 256 i32. Products are reduced as Montgomery: with R = 2^32,
 * montgomery(t) = t / R mod Q. Twiddles are kept times R, so that multiplying by one leaves no factor.
 *
 *     ntt         in |a| < Q                      out |a| < 9Q: each of 8 layers adds less than Q
 *     inverseNtt  in |a| < Q                      out |a| < Q; within, sums double: 2^8 * Q = 2145386752 < 2^31
 *     montgomery  in |t| <= 2^31 * Q (256.25 Q^2) out |r| < Q, and |r| <= |t| / 2^32 + Q / 2
 *
 * Out of inverseNtt comes the inverse times R: what cancels the 1/R of one montgomery() between pointwise product and inverse.
 * Sees public data only.
 */
import { N, Q, ZETAS } from './layout';

/** Q^-1 mod 2^32. */
const QINV: i32 = 58728449;
/** R mod Q, and R^2 / 256 mod Q: what the inverse is scaled with. */
const R: i64 = 4193792;
const F: i64 = 41978;
/** A 512th root of unity mod Q, FIPS 204 section 4. */
const ZETA: i64 = 1753;

/** @returns t / 2^32 mod Q: t - m * Q is a multiple of 2^32 because m = t * Q^-1 mod 2^32. */
@inline
export function montgomery(t: i64): i32 {
  const m = <i32>t * QINV;
  return <i32>((t - <i64>m * <i64>Q) >> 32);
}

/** Fill ZETAS: entry i = zeta^brv(i) * R mod Q, brv reversing 8 bits (FIPS 204 appendix B, zetas). In (-Q/2, Q/2]. */
export function initZetas(): void {
  let power: i64 = R;
  for (let exponent: i32 = 0; exponent < N; exponent++) {
    let reversed: i32 = 0;
    for (let bit: i32 = 0; bit < 8; bit++) reversed |= ((exponent >> bit) & 1) << (7 - bit);
    const centred = power > <i64>(Q / 2) ? power - <i64>Q : power;
    store<i32>(ZETAS + (<usize>reversed << 2), <i32>centred);
    power = (power * ZETA) % <i64>Q;
  }
}

/** @see FIPS 204 Algorithm 41 */
export function ntt(poly: usize): void {
  let zeta = ZETAS;
  const end = poly + 4 * <usize>N;
  for (let len: usize = 512; len >= 4; len >>= 1) {
    for (let start = poly; start < end; start += 2 * len) {
      zeta += 4;
      const factor = <i64>load<i32>(zeta);
      const stop = start + len;
      for (let at = start; at < stop; at += 4) {
        const t = montgomery(factor * <i64>load<i32>(at + len));
        const a = load<i32>(at);
        store<i32>(at + len, a - t);
        store<i32>(at, a + t);
      }
    }
  }
}

/** @see FIPS 204 Algorithm 42 */
export function inverseNtt(poly: usize): void {
  let zeta = ZETAS + 4 * <usize>N;
  const end = poly + 4 * <usize>N;
  for (let len: usize = 4; len <= 512; len <<= 1) {
    for (let start = poly; start < end; start += 2 * len) {
      zeta -= 4;
      const factor = -<i64>load<i32>(zeta);
      const stop = start + len;
      for (let at = start; at < stop; at += 4) {
        const a = load<i32>(at);
        const b = load<i32>(at + len);
        store<i32>(at, a + b);
        store<i32>(at + len, montgomery(factor * <i64>(a - b)));
      }
    }
  }
  for (let at = poly; at < end; at += 4) store<i32>(at, montgomery(F * <i64>load<i32>(at)));
}
