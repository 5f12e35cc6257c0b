/**
 * The table of twiddles that ntt.ts reads (its header has their bounds): powers of zeta, FIPS 204 appendix B, in the order of use.
 * Public data only.
 */
import { N, Q, ZETAS } from './layout';

/** A 512th root of unity mod Q, FIPS 204 section 4. */
const ZETA: i64 = 1753;
/** 2^32 / 256 mod Q: what the inverse is scaled with. */
const F: i64 = 16382;

/**
 * ZETAS, twice (forward, inverse): 8 pairs of the first three layers, then for each of 8 blocks of 32 coefficients 8 pairs of the three
 * layers after these, and twice three pairs of vectors (4 b, 4 b~) of the last two layers. Pairs are numbered as the nodes of a
 * binary tree, from 1; the first pair of the inverse, 0, is what it scales with.
 */
export const PAIRS: usize = 64;
export const ROWS: usize = 96;
export const BLOCK: usize = PAIRS + 2 * ROWS;
export const DIRECTION: usize = PAIRS + 8 * BLOCK;

/** Fill ZETAS from zeta^brv(i), i from 1 to 255, brv reversing 8 bits (FIPS 204 appendix B); the inverse of zeta^e is -zeta^(256 - e). */
export function initZetas(): void {
  let power: i64 = 1;
  for (let exponent: u32 = 1; exponent < <u32>N; exponent++) {
    power = (power * ZETA) % <i64>Q;
    putTwiddle(ZETAS, brv(exponent), power);
    putTwiddle(ZETAS + DIRECTION, brv(<u32>N - exponent), <i64>Q - power);
  }
  // The last layer of the inverse scales as well: its sums by F, its differences in their twiddle.
  const last = <i64>load<i32>(ZETAS + DIRECTION, 8);
  putTwiddle(ZETAS + DIRECTION, 0, F);
  putTwiddle(ZETAS + DIRECTION, 1, (((last * F) % <i64>Q) + <i64>Q) % <i64>Q);
}

function brv(i: u32): u32 {
  let reversed: u32 = 0;
  for (let bit: u32 = 0; bit < 8; bit++) reversed |= ((i >> bit) & 1) << (7 - bit);
  return reversed;
}

/** Put the twiddle of node `i` where the passes read it. @param value 0 <= value < Q */
function putTwiddle(table: usize, i: u32, value: i64): void {
  const b = value > <i64>(Q / 2) ? value - <i64>Q : value;
  const half = b < 0 ? -<i64>(Q / 2) : <i64>(Q / 2);
  const quotient = ((b << 32) + half) / <i64>Q;
  let at = table + 8 * <usize>i;
  let step: usize = 4;
  if (i >= 8) {
    // 2^depth nodes of this layer stand before i; `first` is how many of them a block of 32 coefficients has.
    const depth: u32 = 31 - <u32>clz<u32>(i);
    const first: u32 = 1 << (depth - 3);
    const index = i - (1 << depth);
    const within = index & (first - 1);
    at = table + PAIRS + BLOCK * <usize>(index >> (depth - 3));
    if (depth < 6) at += 8 * <usize>(first + within);
    else {
      // Layer 6 has a node a lane, layer 7 two: the even ones in the second vector, the odd ones in the third.
      const shift = depth - 6;
      const lane = within >> shift;
      const vector = shift + (within & shift);
      at += PAIRS + ROWS * <usize>(lane >> 2) + 32 * <usize>vector + 4 * <usize>(lane & 3);
      step = 16;
    }
  }
  store<i32>(at, <i32>b);
  store<i32>(at + step, <i32>quotient);
}
