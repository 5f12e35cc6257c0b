/**
 * ExpandMask: FIPS 204 Algorithm 34. In: rho'' at MASK_SEED (64 bytes). Out: y at Y, L polynomials, -GAMMA1 < y <= GAMMA1. Two
 * polynomials at a time, the last one alone: L is odd. Sees secrets: how long it takes depends on nothing.
 */
import { GAMMA1, L, N, POLY, STATE, STATES, Z_BYTES } from './layout';
import { keccakF, SHAKE256_RATE, shakeAbsorb, shakeFinish, shakeInit } from './keccak';
import { keccakF2 } from './keccak-pair';
import { MASK, MASK_SEED, MASK_STEP, Y } from './signer-layout';

/** Blocks of 136 bytes that a polynomial's 640 are taken from, and words of a block. */
const BLOCKS: i32 = (Z_BYTES + SHAKE256_RATE - 1) / SHAKE256_RATE;
const WORDS: usize = <usize>SHAKE256_RATE / 8;

/** @param kappa counter of the first polynomial; kappa + L - 1 is below 2^16. */
export function expandMask(kappa: i32): void {
  for (let r: i32 = 0; r < L - 1; r += 2) {
    squeezePair(kappa + r);
    unpackMask(MASK, Y + <usize>r * POLY);
    unpackMask(MASK + MASK_STEP, Y + <usize>(r + 1) * POLY);
  }
  squeezeOne(kappa + L - 1);
  unpackMask(MASK, Y + <usize>(L - 1) * POLY);
}

/** Out: the bytes of `counter` at MASK, of the next one MASK_STEP behind it. */
function squeezePair(counter: i32): void {
  memory.fill(STATES, 0, 400);
  for (let word: usize = 0; word < 8; word++) {
    v128.store(STATES + 16 * word, v128.load64_splat(MASK_SEED + 8 * word));
  }
  // Behind rho'': the counter and the padding, 1111 of SHAKE with the first bit of pad10*1; its last bit ends the block.
  store<u64>(STATES, <u64>counter | 0x1f0000, 128);
  store<u64>(STATES, <u64>(counter + 1) | 0x1f0000, 136);
  v128.store(STATES, i64x2.splat(1 << 63), 16 * (WORDS - 1));
  let to = MASK;
  for (let block: i32 = 0; block < BLOCKS; block++) {
    keccakF2();
    for (let word: usize = 0; word < WORDS; word++) {
      store<u64>(to, load<u64>(STATES + 16 * word));
      store<u64>(to, load<u64>(STATES + 16 * word, 8), MASK_STEP);
      to += 8;
    }
  }
}

function squeezeOne(counter: i32): void {
  store<u16>(MASK_SEED + 64, <u16>counter);
  shakeInit();
  shakeAbsorb(SHAKE256_RATE, MASK_SEED, 66);
  shakeFinish(SHAKE256_RATE);
  for (let block: i32 = 0; block < BLOCKS; block++) {
    if (block > 0) keccakF();
    memory.copy(MASK + <usize>(block * SHAKE256_RATE), STATE, <usize>SHAKE256_RATE);
  }
}

/** In: 640 bytes at `packed`, and three readable bytes behind them. Out: 256 coefficients at `poly`. */
function unpackMask(packed: usize, poly: usize): void {
  for (let n: i32 = 0; n < N; n += 2) {
    const bits = load<u64>(packed);
    store<i32>(poly, GAMMA1 - <i32>(bits & 0xfffff), 0);
    store<i32>(poly, GAMMA1 - <i32>((bits >> 20) & 0xfffff), 4);
    packed += 5;
    poly += 8;
  }
}
