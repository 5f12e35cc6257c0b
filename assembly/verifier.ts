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
 * Two signatures of one key in one call, 10 % less work: both signatures and both M', each whole, then verifyPair(slot, length, length).
 *
 * Lines of a log by the hundred (lines.ts): KIDS, PREFIX, SCHEMA once, then CHUNK <- lines, readLines(…), RECORDS -> host.
 *
 * No bytes make any of these trap. The host checks lengths: what it gives as arguments, and the jobs it writes, are checked here again.
 * No secret ever enters this module.
 */
import {
  C, CHUNK, CHUNK_BYTES, COMMITMENT, COMMITMENT_BYTES, END, HASH_BYTES, JOB_BYTES, JOB_COUNT, JOBS, K, KEY_BYTES, KEY_TR, KEYS, KIDS, L, MESSAGE,
  MESSAGE_BYTES, MESSAGE_STEP, MU, N, NODE_COUNT, NODES, POLY, PREFIX, PUBLIC_KEY, PUBLIC_KEY_BYTES, RECORD_COUNT, RECORDS, SCHEMA, SIGNATURE,
  SIGNATURE_STEP, SLOTS, STATE, T1_BYTES, TR_BYTES,
  TRANSCRIPT_BYTES, W, W1, Z, ZETAS,
} from './layout';
import { SHAKE256_RATE, shakeAbsorb, shakeFinish, shakeInit } from './keccak';
import { shakePair } from './keccak-pair';
import { hashPairs, merkleRoot } from './merkle';
import { inverseNtt, ntt } from './ntt';
import { hintBitUnpack, hintsOf, unpackT1, unpackZ } from './pack';
import { multiplyKey, putTerm, termAt } from './product';
import { w1Row } from './round';
import { expandA, sampleInBall } from './sample';
import { hashJobs as hashRuns } from './sha256-lanes';
import { initZetas } from './zetas';

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
/** @param lane 0, or 1 for the second of a pair. */
export function signatureAt(lane: i32): usize {
  return SIGNATURE + <usize>(lane & 1) * SIGNATURE_STEP;
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
/** Where an M' of a pair goes, behind tr, and how long it can be. */
export function pairMessageAt(lane: i32): usize {
  return MESSAGE + <usize>(lane & 1) * MESSAGE_STEP + <usize>TR_BYTES;
}
export function pairMessageBytes(): i32 {
  return <i32>MESSAGE_STEP - TR_BYTES;
}
/** w1 of the last verification that came that far, encoded: for tests, because two rejections hide what differs. */
export function w1At(lane: i32): usize {
  return W1 + <usize>(lane & 1) * TRANSCRIPT_BYTES;
}
export function slots(): i32 {
  return SLOTS;
}

/** Fill the tables. */
export function initialise(): void {
  assert(__data_end <= ZETAS);
  initZetas();
}

@inline
function isSlot(slot: i32): bool {
  return slot >= 0 && slot < SLOTS;
}

@inline
function isPrepared(slot: i32): bool {
  return isSlot(slot) && ((preparedSlots >> slot) & 1) != 0;
}

@inline
function keyAt(slot: i32): usize {
  return KEYS + <usize>slot * KEY_BYTES;
}

/** In: pk at PUBLIC_KEY. Out: the prepared key in its slot: A, NTT(-t1 * 2^d), tr = H(pk, 64). */
export function prepareKey(slot: i32): i32 {
  if (!isSlot(slot)) return BAD_CALL;
  const key = keyAt(slot);
  expandA(PUBLIC_KEY, key);
  for (let i: i32 = 0; i < K; i++) {
    unpackT1(PUBLIC_KEY + 32 + <usize>(i * T1_BYTES), W);
    ntt(W);
    putTerm(W, termAt(key, i, L));
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
  if (!isPrepared(slot)) return BAD_CALL;
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
  if (!isPrepared(slot)) return BAD_CALL;
  if (!findW1(SIGNATURE, keyAt(slot), W1)) return INVALID;
  shakeInit();
  shakeAbsorb(SHAKE256_RATE, MU, <i32>TRANSCRIPT_BYTES);
  shakeFinish(SHAKE256_RATE);
  memory.copy(COMMITMENT, STATE, 64);
  return <i32>hasCommitment(0);
}

/**
 * Judge both signatures over both M', `length0` and `length1` bytes, under the key in `slot`. @returns bit 0: the first is valid, bit 1:
 * the second is; or BAD_CALL.
 */
export function verifyPair(slot: i32, length0: i32, length1: i32): i32 {
  if (!isPrepared(slot)) return BAD_CALL;
  const most = pairMessageBytes();
  if (length0 < 0 || length0 > most || length1 < 0 || length1 > most) return BAD_CALL;
  const key = keyAt(slot);
  memory.copy(MESSAGE, key + KEY_TR, <usize>TR_BYTES);
  memory.copy(MESSAGE + MESSAGE_STEP, key + KEY_TR, <usize>TR_BYTES);
  const second = MU + TRANSCRIPT_BYTES;
  shakePair(MESSAGE, TR_BYTES + length0, MESSAGE + MESSAGE_STEP, TR_BYTES + length1, MU, second);
  const formed0 = findW1(signatureAt(0), key, w1At(0));
  const formed1 = findW1(signatureAt(1), key, w1At(1));
  shakePair(MU, <i32>TRANSCRIPT_BYTES, second, <i32>TRANSCRIPT_BYTES, COMMITMENT, COMMITMENT + 64);
  return <i32>(formed0 && hasCommitment(0)) | (<i32>(formed1 && hasCommitment(1)) << 1);
}

/** @returns whether the c~ computed is the one of the signature. */
function hasCommitment(lane: i32): bool {
  const computed = COMMITMENT + <usize>lane * 64;
  const signature = signatureAt(lane);
  for (let at: usize = 0; at < <usize>COMMITMENT_BYTES; at += 8) {
    if (load<u64>(computed + at) != load<u64>(signature + at)) return false;
  }
  return true;
}

/** w1 of a signature under a key, encoded at `w1`: FIPS 204 Algorithm 8, lines 3 to 10. @returns false when the signature is malformed. */
function findW1(signature: usize, key: usize, w1: usize): bool {
  if (!hintBitUnpack(signature) || !unpackZ(signature)) return false;
  sampleInBall(signature);
  ntt(C);
  for (let j: i32 = 0; j < L; j++) ntt(Z + <usize>j * POLY);
  multiplyKey(key);
  for (let i: i32 = 0; i < K; i++) {
    const w = W + <usize>i * POLY;
    inverseNtt(w);
    w1Row(w, hintsOf(signature, i), hintsOf(signature, i + 1), w1 + <usize>(i * N) / 2);
  }
  return true;
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

export { readLines, setAccepted, setPrefix } from './lines';
/** Where the host writes what lines need, and reads what they are. */
export function kidsAt(): usize {
  return KIDS;
}
export function prefixAt(): usize {
  return PREFIX;
}
export function schemaAt(): usize {
  return SCHEMA;
}
export function recordsAt(): usize {
  return RECORDS;
}
export function recordCount(): i32 {
  return RECORD_COUNT;
}
export function chunkAt(): usize {
  return CHUNK;
}
export function chunkBytes(): i32 {
  return CHUNK_BYTES;
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
