/**
 * Sampling from SHAKE: FIPS 204 Algorithms 29 (sampleInBall), 30 (rejNTTPoly), 32 (expandA). Sees public data only.
 */
import { C, COMMITMENT_BYTES, K, L, N, POLY, Q, STATE, STATES, TAU, W } from './layout';
import { keccakF, SHAKE128_RATE, SHAKE256_RATE, shakeAbsorb, shakeFinish, shakeInit } from './keccak';
import { keccakF2 } from './keccak-pair';
import { transpose } from './ntt';
import { putTerm, termAt } from './product';

/** In: rho at `rho`. Out: A in its places of the prepared key at `key` (product.ts), 0 <= a < Q. Two entries at a time: K * L is even. */
export function expandA(rho: usize, key: usize): void {
  for (let entry: i32 = 0; entry < K * L; entry += 2) {
    rejNTTPolyPair(rho, entry);
    putEntry(W, key, entry);
    putEntry(W + 2 * POLY, key, entry + 1);
  }
}

function putEntry(poly: usize, key: usize, entry: i32): void {
  transpose(poly);
  putTerm(poly, termAt(key, entry / L, entry % L));
}

/** Out: the entries `entry` and the next at W and at W + 2 * POLY, which leaves room for what is sampled in excess. */
function rejNTTPolyPair(rho: usize, entry: i32): void {
  memory.fill(STATES, 0, 400);
  for (let word: usize = 0; word < 4; word++) {
    v128.store(STATES + 16 * word, v128.load64_splat(rho + 8 * word));
  }
  startEntry(STATES, entry);
  startEntry(STATES + 8, entry + 1);
  let first = W;
  let second = W + 2 * POLY;
  while (first < W + POLY || second < W + 3 * POLY) {
    keccakF2();
    first = takeBlock(STATES, first, W + POLY);
    second = takeBlock(STATES + 8, second, W + 3 * POLY);
  }
}

/** Behind rho, in one lane: s, r, and the padding of a block of SHAKE128. */
function startEntry(lane: usize, entry: i32): void {
  store<u64>(lane, <u64>(entry % L) | (<u64>(entry / L) << 8) | 0x1f0000, 64);
  store<u64>(lane, 0x8000000000000000, 2 * (SHAKE128_RATE - 8));
}

/**
 * Sample from a block of one lane, 7 times 3 words of 8 candidates, until `poly` reaches `end`; up to 8 coefficients beyond it are
 * written. @returns where the next one goes.
 */
function takeBlock(lane: usize, poly: usize, end: usize): usize {
  const stop = lane + 2 * <usize>SHAKE128_RATE;
  for (; lane < stop && poly < end; lane += 48) {
    const a = load<u64>(lane);
    const b = load<u64>(lane, 16);
    const c = load<u64>(lane, 32);
    poly = take(poly, a);
    poly = take(poly, a >> 24);
    poly = take(poly, (a >> 48) | (b << 16));
    poly = take(poly, b >> 8);
    poly = take(poly, b >> 32);
    poly = take(poly, (b >> 56) | (c << 8));
    poly = take(poly, c >> 16);
    poly = take(poly, c >> 40);
  }
  return poly;
}

/** Write the candidate in the low 23 of 24 bits, and step over it when it is one. */
@inline
function take(poly: usize, bits: u64): usize {
  const candidate = <i32>bits & 0x7fffff;
  store<i32>(poly, candidate);
  return poly + (<usize>(candidate < Q) << 2);
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
