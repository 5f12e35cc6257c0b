/**
 * verifier.wasm, the ABI: scalars in, a status out. ML-DSA-65 verification with prepared keys (FIPS 204 Algorithms 3, 7 and 8).
 *
 *     initialise()                           once
 *     PUBLIC_KEY <- pk     prepareKey(slot)
 *     beginMessage(slot)   MESSAGE <- piece  absorbMessage(length)  ...  endMessage()      M' in pieces: MU = H(tr || M')
 *     SIGNATURE <- sig     verifyMu(slot)    over MU, which the host may write itself
 *     JOBS <- runs         hashJobs(count)   SHA-256 of runs of padded blocks anywhere in memory
 *     NODES <- hashes      hashNodePairs(count)  merkleRootOfNodes(count)    one level of a tree, or all to its root, at NODES
 *
 * No bytes make any of these trap. The host checks lengths: what it gives as arguments, and the jobs it writes, are checked here again.
 * No secret ever enters this module.
 */
import {
  C, COMMITMENT, COMMITMENT_BYTES, END, HASH_BYTES, HINTS, JOB_BYTES, JOB_COUNT, JOBS, K, KEY_BYTES, KEY_T1, KEY_TR, KEYS, L, MESSAGE,
  MESSAGE_BYTES, MU, N, NODE_COUNT, NODES, POLY, PUBLIC_KEY, PUBLIC_KEY_BYTES, SIGNATURE, SLOTS, STATE, T1_BYTES, TR_BYTES, W, W1, Z,
} from './layout';
import { SHAKE256_RATE, shakeAbsorb, shakeFinish, shakeInit } from './keccak';
import { hashPairs, merkleRoot } from './merkle';
import { initZetas, inverseNtt, montgomery, ntt } from './ntt';
import { hintBitUnpack, unpackT1, unpackZ } from './pack';
import { w1Row } from './round';
import { expandA, sampleInBall } from './sample';
import { hashJobs as hashRuns } from './sha256-lanes';

/** Statuses. */
const VALID: i32 = 1;
const INVALID: i32 = 0;
const BAD_CALL: i32 = -1;

/** Which slots hold a prepared key, a bit each. */
let preparedSlots: i32 = 0;

export function abiVersion(): i32 {
  return 1;
}

/** Where the host writes and reads. */
export function publicKeyAt(): usize {
  return PUBLIC_KEY;
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
/** w1 of the last verification that came that far, encoded: for tests, because two rejections hide what differs. */
export function w1At(): usize {
  return W1;
}
export function slots(): i32 {
  return SLOTS;
}

/** Fill the tables. */
export function initialise(): void {
  initZetas();
}

@inline
function isSlot(slot: i32): bool {
  return slot >= 0 && slot < SLOTS;
}

@inline
function keyAt(slot: i32): usize {
  return KEYS + <usize>slot * KEY_BYTES;
}

/** In: pk at PUBLIC_KEY. Out: the prepared key in its slot: A, NTT(t1 * 2^d) with |a| < 9Q, tr = H(pk, 64). */
export function prepareKey(slot: i32): i32 {
  if (!isSlot(slot)) return BAD_CALL;
  const key = keyAt(slot);
  expandA(PUBLIC_KEY, key);
  for (let i: i32 = 0; i < K; i++) {
    const poly = key + KEY_T1 + <usize>i * POLY;
    unpackT1(PUBLIC_KEY + 32 + <usize>(i * T1_BYTES), poly);
    ntt(poly);
  }
  shakeInit();
  shakeAbsorb(SHAKE256_RATE, PUBLIC_KEY, PUBLIC_KEY_BYTES);
  shakeFinish(SHAKE256_RATE);
  memory.copy(key + KEY_TR, STATE, <usize>TR_BYTES);
  preparedSlots |= 1 << slot;
  return VALID;
}

/** Start mu = H(tr || M', 64) under the key in `slot`. */
export function beginMessage(slot: i32): i32 {
  if (!isSlot(slot) || ((preparedSlots >> slot) & 1) == 0) return BAD_CALL;
  shakeInit();
  shakeAbsorb(SHAKE256_RATE, keyAt(slot) + KEY_TR, TR_BYTES);
  return VALID;
}

/** Take `length` bytes at MESSAGE as the next of M'. */
export function absorbMessage(length: i32): i32 {
  if (length < 0 || length > MESSAGE_BYTES) return BAD_CALL;
  shakeAbsorb(SHAKE256_RATE, MESSAGE, length);
  return VALID;
}

/** Finish MU. */
export function endMessage(): void {
  shakeFinish(SHAKE256_RATE);
  memory.copy(MU, STATE, 64);
}

/** Judge SIGNATURE over MU under the key in `slot`. */
export function verifyMu(slot: i32): i32 {
  if (!isSlot(slot) || ((preparedSlots >> slot) & 1) == 0) return BAD_CALL;
  if (!hintBitUnpack() || !unpackZ()) return INVALID;
  const key = keyAt(slot);
  sampleInBall();
  ntt(C);
  for (let j: i32 = 0; j < L; j++) ntt(Z + <usize>j * POLY);
  for (let i: i32 = 0; i < K; i++) {
    rowOf(key + <usize>(i * L) * POLY, key + KEY_T1 + <usize>i * POLY);
    inverseNtt(W);
    w1Row(W, HINTS + <usize>(i * N), W1 + <usize>(i * N) / 2);
  }
  shakeInit();
  shakeAbsorb(SHAKE256_RATE, MU, 64);
  shakeAbsorb(SHAKE256_RATE, W1, (K * N) / 2);
  shakeFinish(SHAKE256_RATE);
  memory.copy(COMMITMENT, STATE, <usize>COMMITMENT_BYTES);
  for (let at: usize = 0; at < <usize>COMMITMENT_BYTES; at += 8) {
    if (load<u64>(COMMITMENT + at) != load<u64>(SIGNATURE + at)) return INVALID;
  }
  return VALID;
}

/**
 * One row of A * z - c * t1 * 2^d in the NTT domain, times 1/R: what inverseNtt takes back. In: 0 <= A < Q; z, c, t1 below 9Q.
 * The sum stays below 5 * 9 Q^2 + 81 Q^2 = 126 Q^2 < 2^31 * Q = 256 Q^2, so that it is exact in i64 and montgomery() takes it; out:
 * below 126 Q^2 / 2^32 + Q / 2 < Q.
 */
function rowOf(row: usize, t1: usize): void {
  for (let at: usize = 0; at < POLY; at += 4) {
    let sum = -(<i64>load<i32>(C + at) * <i64>load<i32>(t1 + at));
    let a = row + at;
    let z = Z + at;
    for (let j: i32 = 0; j < L; j++) {
      sum += <i64>load<i32>(a) * <i64>load<i32>(z);
      a += POLY;
      z += POLY;
    }
    store<i32>(W + at, montgomery(sum));
  }
}

/** Where the host writes jobs and reads nodes. */
export function jobsAt(): usize {
  return JOBS;
}
export function jobCount(): i32 {
  return JOB_COUNT;
}
export function nodesAt(): usize {
  return NODES;
}
export function nodeCount(): i32 {
  return NODE_COUNT;
}

/** Do the first `count` of JOBS: see hashJobs in sha256-lanes.ts. Out: a digest a job, where it says. */
export function hashJobs(count: i32): i32 {
  if (count < 0 || count > JOB_COUNT) return BAD_CALL;
  const end = JOBS + <usize>count * JOB_BYTES;
  for (let job = JOBS; job < end; job += JOB_BYTES) {
    const blocks = <u64>load<u32>(job, 4);
    if (blocks == 0 || <u64>load<u32>(job) + (blocks << 6) > <u64>END) return BAD_CALL;
    if (<u64>load<u32>(job, 8) + <u64>HASH_BYTES > <u64>END) return BAD_CALL;
  }
  hashRuns(JOBS, count);
  return VALID;
}

/** One level of a tree. In: 2 * count hashes at NODES. Out: `count` nodes there, in place of the first of them. */
export function hashNodePairs(count: i32): i32 {
  if (count < 0 || count > NODE_COUNT / 2) return BAD_CALL;
  hashPairs(NODES, NODES, count);
  return VALID;
}

/** In: 1 to NODE_COUNT hashes at NODES, leaves of a tree or roots of whole subtrees of one size. Out: their RFC 9162 root at NODES. */
export function merkleRootOfNodes(count: i32): i32 {
  if (count < 1 || count > NODE_COUNT) return BAD_CALL;
  merkleRoot(NODES, count);
  return VALID;
}
