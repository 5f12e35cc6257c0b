/**
 * ExpandMask: FIPS 204 Algorithm 34. In: rho'' at MASK_SEED (64 bytes). Out: y at Y, L polynomials, -GAMMA1 < y <= GAMMA1. Sees
 * secrets: how long it takes depends on nothing.
 */
import { GAMMA1, L, N, POLY, STATE, Z_BYTES } from './layout';
import { keccakF, SHAKE256_RATE, shakeAbsorb, shakeFinish, shakeInit } from './keccak';
import { MASK, MASK_SEED, Y } from './signer-layout';

/** Bytes of one polynomial: 20 bits a coefficient, out of five blocks of 136. */
const BLOCKS: i32 = (Z_BYTES + SHAKE256_RATE - 1) / SHAKE256_RATE;

/** @param kappa counter of the first polynomial; kappa + L - 1 is below 2^16. */
export function expandMask(kappa: i32): void {
  for (let r: i32 = 0; r < L; r++) {
    store<u16>(MASK_SEED + 64, <u16>(kappa + r));
    shakeInit();
    shakeAbsorb(SHAKE256_RATE, MASK_SEED, 66);
    shakeFinish(SHAKE256_RATE);
    for (let block: i32 = 0; block < BLOCKS; block++) {
      if (block > 0) keccakF();
      memory.copy(MASK + <usize>(block * SHAKE256_RATE), STATE, <usize>SHAKE256_RATE);
    }
    unpackMask(Y + <usize>r * POLY);
  }
}

/** In: 640 bytes at MASK. Out: 256 coefficients at `poly`. */
function unpackMask(poly: usize): void {
  let packed = MASK;
  for (let n: i32 = 0; n < N; n += 2) {
    const bits = load<u64>(packed);
    store<i32>(poly, GAMMA1 - <i32>(bits & 0xfffff), 0);
    store<i32>(poly, GAMMA1 - <i32>((bits >> 20) & 0xfffff), 4);
    packed += 5;
    poly += 8;
  }
}
