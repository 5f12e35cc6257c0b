/**
 * Sampling from SHAKE: FIPS 204 Algorithms 29 (sampleInBall), 30 (rejNTTPoly), 32 (expandA). The bytes come from STATE, block by
 * block. Sees public data only.
 */
import { C, COMMITMENT_BYTES, K, L, N, POLY, Q, SEED, STATE, TAU, W } from './layout';
import { keccakF, SHAKE128_RATE, SHAKE256_RATE, shakeAbsorb, shakeFinish, shakeInit } from './keccak';
import { transpose } from './ntt';
import { putTerm, termAt } from './product';

/** In: rho at `rho`. Out: A in its places of the prepared key at `key` (product.ts), 0 <= a < Q. */
export function expandA(rho: usize, key: usize): void {
  memory.copy(SEED, rho, 32);
  for (let r: i32 = 0; r < K; r++) {
    for (let s: i32 = 0; s < L; s++) {
      store<u8>(SEED, <u8>s, 32);
      store<u8>(SEED, <u8>r, 33);
      rejNTTPoly(W);
      transpose(W);
      putTerm(W, termAt(key, r, s));
    }
  }
}

/** In: rho, s, r at SEED. Out: 256 coefficients at `poly`, 0 <= a < Q. A block of 168 bytes is 56 candidates of 3 bytes, no rest. */
function rejNTTPoly(poly: usize): void {
  shakeInit();
  shakeAbsorb(SHAKE128_RATE, SEED, 34);
  shakeFinish(SHAKE128_RATE);
  const end = poly + POLY;
  let at: usize = 0;
  while (poly < end) {
    if (at == <usize>SHAKE128_RATE) {
      keccakF();
      at = 0;
    }
    const low = <i32>load<u16>(STATE + at);
    const candidate = low | (<i32>(load<u8>(STATE + at, 2) & 0x7f) << 16);
    at += 3;
    if (candidate < Q) {
      store<i32>(poly, candidate);
      poly += 4;
    }
  }
}

/** In: c~, the first bytes of `signature`. Out: c at C, TAU coefficients 1 or -1, the others 0. */
export function sampleInBall(signature: usize): void {
  memory.fill(C, 0, POLY);
  shakeInit();
  shakeAbsorb(SHAKE256_RATE, signature, COMMITMENT_BYTES);
  shakeFinish(SHAKE256_RATE);
  let signs = load<u64>(STATE);
  let at: i32 = 8;
  for (let i: i32 = N - TAU; i < N; i++) {
    let j: i32 = 0;
    do {
      if (at == SHAKE256_RATE) {
        keccakF();
        at = 0;
      }
      j = <i32>load<u8>(STATE + at);
      at += 1;
    } while (j > i);
    store<i32>(C + (<usize>i << 2), load<i32>(C + (<usize>j << 2)));
    store<i32>(C + (<usize>j << 2), 1 - 2 * <i32>(signs & 1));
    signs >>= 1;
  }
}
