/**
 * signer.wasm, the ABI: scalars in, a status out. ML-DSA-65 signing with one prepared key (FIPS 204 Algorithms 2 and 7).
 *
 *     initialise()                           once
 *     SECRET_KEY <- sk     prepareKey()      clears SECRET_KEY
 *     beginMessage()       MESSAGE <- piece  absorbMessage(length)  ...  endMessage()      M' in pieces: MU = H(tr || M')
 *     RND <- rnd           sign()            over MU, which the host may write itself; SIGNATURE holds the signature
 *     wipeAll()                              on dispose, and on any error: nothing but tables stays
 *
 * After sign(), whatever it answers, only the prepared key, the signature and the message pieces are left. What depends on secrets
 * alone decides no branch, no address and no division, but for the rejections of FIPS 204 itself (lines 23 and 28), each decided for
 * a whole vector at once, and how often they happen says nothing of the key.
 */
import {
  BETA, C, COMMITMENT_BYTES, GAMMA1, GAMMA2, K, L, MESSAGE, MESSAGE_BYTES, MU, N, OMEGA, POLY, SIGNATURE, STATE, STATES, TR_BYTES, W,
  W1, Z,
} from './layout';
import { SHAKE256_RATE, shakeAbsorb, shakeFinish, shakeInit } from './keccak';
import { expandMask } from './mask';
import { inverseNtt, ntt } from './ntt';
import { multiplyKey, multiplyPoly, putTerm, termAt } from './product';
import { expandA, sampleInBall } from './sample';
import { hintBitPack, packZ, unpackEta, unpackT0 } from './sign-pack';
import { centre, decompose, makeHint, reaches } from './sign-round';
import {
  ETA, ETA_BYTES, HIGH, HINTS, KEY_SEED, LOW, MASK_SEED, MATRIX, RND, S1, S2, SECRET_KEY, SECRET_KEY_BYTES, SIGNER_END, SPARSE_BYTES,
  T0, T0_BYTES, TR, Y,
} from './signer-layout';
import { addProduct, findPlaces } from './sparse';
import { initZetas } from './zetas';

/** Statuses. */
const DONE: i32 = 1;
const INVALID: i32 = 0;
const BAD_CALL: i32 = -1;

/** Whether a key is prepared. */
let prepared: bool = false;

export function abiVersion(): i32 {
  return 1;
}

/** Where the host writes and reads. */
export function secretKeyAt(): usize {
  return SECRET_KEY;
}
export function rndAt(): usize {
  return RND;
}
export function signatureAt(): usize {
  return SIGNATURE;
}
export function muAt(): usize {
  return MU;
}
export function messageAt(): usize {
  return MESSAGE;
}
export function messageBytes(): i32 {
  return MESSAGE_BYTES;
}

/** Fill the tables. */
export function initialise(): void {
  initZetas();
}

/** In: sk at SECRET_KEY, cleared here. @returns 0, and nothing prepared, where s1 or s2 is out of range. */
export function prepareKey(): i32 {
  let largest: i32 = 0;
  for (let j: i32 = 0; j < L; j++) {
    const packed = SECRET_KEY + <usize>(128 + j * ETA_BYTES);
    largest = max<i32>(largest, unpackEta(packed, S1 + <usize>(j * SPARSE_BYTES)));
  }
  for (let i: i32 = 0; i < K; i++) {
    const packed = SECRET_KEY + <usize>(128 + (L + i) * ETA_BYTES);
    largest = max<i32>(largest, unpackEta(packed, S2 + <usize>(i * SPARSE_BYTES)));
    const poly = T0 + <usize>i * POLY;
    unpackT0(SECRET_KEY + <usize>(128 + (L + K) * ETA_BYTES + i * T0_BYTES), poly);
    ntt(poly);
  }
  expandA(SECRET_KEY, MATRIX);
  // The place of t1 in a verifier's key: no such term when signing.
  memory.fill(W, 0, POLY);
  for (let i: i32 = 0; i < K; i++) putTerm(W, termAt(MATRIX, i, L));
  memory.copy(KEY_SEED, SECRET_KEY + 32, 32);
  memory.copy(TR, SECRET_KEY + 64, <usize>TR_BYTES);
  memory.fill(SECRET_KEY, 0, <usize>SECRET_KEY_BYTES);
  wipeSignature();
  prepared = largest <= 2 * ETA;
  if (!prepared) wipeAll();
  return prepared ? DONE : INVALID;
}

/** Start mu = H(tr || M', 64). */
export function beginMessage(): i32 {
  if (!prepared) return BAD_CALL;
  shakeInit();
  shakeAbsorb(SHAKE256_RATE, TR, TR_BYTES);
  return DONE;
}

/** Take `length` bytes at MESSAGE as the next of M'. */
export function absorbMessage(length: i32): i32 {
  if (length < 0 || length > MESSAGE_BYTES) return BAD_CALL;
  shakeAbsorb(SHAKE256_RATE, MESSAGE, length);
  return DONE;
}

/** Finish MU. */
export function endMessage(): void {
  shakeFinish(SHAKE256_RATE);
  memory.copy(MU, STATE, 64);
}

/**
 * Sign MU with the randomness at RND (32 zero bytes: the deterministic variant). An attempt succeeds with probability about 1/5.1, so
 * that using up the counter's 13,107 attempts has a chance below 2^-4000: it would mean broken memory. @returns 0 then.
 */
export function sign(): i32 {
  if (!prepared) return BAD_CALL;
  shakeInit();
  shakeAbsorb(SHAKE256_RATE, KEY_SEED, 32);
  shakeAbsorb(SHAKE256_RATE, RND, 32);
  shakeAbsorb(SHAKE256_RATE, MU, 64);
  shakeFinish(SHAKE256_RATE);
  memory.copy(MASK_SEED, STATE, 64);
  let status: i32 = INVALID;
  for (let kappa: i32 = 0; kappa + L <= 65536; kappa += L) {
    commit(kappa);
    if (respond()) {
      packZ();
      hintBitPack();
      status = DONE;
      break;
    }
  }
  wipeSignature();
  return status;
}

/** Lines 11 to 15: y, w = A*y as LOW and HIGH, c~ into SIGNATURE, c. */
function commit(kappa: i32): void {
  expandMask(kappa);
  memory.copy(Z, Y, <usize>L * POLY);
  for (let j: i32 = 0; j < L; j++) ntt(Z + <usize>j * POLY);
  multiplyKey(MATRIX);
  memory.copy(LOW, W, <usize>K * POLY);
  for (let i: i32 = 0; i < K; i++) {
    const low = LOW + <usize>i * POLY;
    inverseNtt(low);
    decompose(low, HIGH + <usize>i * POLY, W1 + <usize>(i * N) / 2);
  }
  shakeInit();
  shakeAbsorb(SHAKE256_RATE, MU, 64);
  shakeAbsorb(SHAKE256_RATE, W1, (K * N) / 2);
  shakeFinish(SHAKE256_RATE);
  memory.copy(SIGNATURE, STATE, <usize>COMMITMENT_BYTES);
  sampleInBall(SIGNATURE);
}

/** Lines 16 to 30: z at Y and the hints, or false for another attempt. r0 first: it rejects more often than z. */
function respond(): bool {
  const ones = findPlaces();
  let rejected: i32 = 0;
  for (let i: i32 = 0; i < K; i++) {
    const low = LOW + <usize>i * POLY;
    addProduct(S2 + <usize>(i * SPARSE_BYTES), ones, true, low);
    rejected |= i32(reaches(low, GAMMA2 - BETA));
  }
  if (rejected != 0) return false;
  for (let j: i32 = 0; j < L; j++) {
    const y = Y + <usize>j * POLY;
    addProduct(S1 + <usize>(j * SPARSE_BYTES), ones, false, y);
    rejected |= i32(reaches(y, GAMMA1 - BETA));
  }
  if (rejected != 0) return false;
  ntt(C);
  let hints: i32 = 0;
  for (let i: i32 = 0; i < K; i++) {
    const low = LOW + <usize>i * POLY;
    multiplyPoly(C, T0 + <usize>i * POLY, W);
    inverseNtt(W);
    centre(W);
    rejected |= i32(reaches(W, GAMMA2));
    for (let at: usize = 0; at < POLY; at += 16) {
      v128.store(low + at, i32x4.add(v128.load(low + at), v128.load(W + at)));
    }
    hints += makeHint(low, HIGH + <usize>i * POLY, HINTS + <usize>(i * N));
  }
  return rejected == 0 && hints <= OMEGA;
}

/** Clear what one signature left, but for the signature. */
function wipeSignature(): void {
  memory.fill(STATES, 0, SIGNATURE - STATES);
  memory.fill(Z, 0, MESSAGE - Z);
  memory.fill(RND, 0, SIGNER_END - RND);
}

/** Clear everything but the tables: no key is prepared after it. */
export function wipeAll(): void {
  prepared = false;
  memory.fill(STATES, 0, SIGNER_END - STATES);
}
