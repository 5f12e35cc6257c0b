/**
 * Lines of a log, many in one call: format sections 1 and 2. In: whole lines in CHUNK, the line before them, KIDS, PREFIX and SCHEMA.
 * Out: a record a line at RECORDS. It knows two answers: all is well with the line by itself and behind the one before it, or LOOK: the
 * host must judge the line, which may be as good. So nothing is judged here alone but that all is well. CHUNK is as before when the
 * call is over; during it, bytes behind an entry are overwritten. Sees public data only.
 *
 *     record   i32 begin │ i32 its LF │ i32 flags │ i32 hash │ f64 seq │ i32 time │ i32 log │ i32 end of log │ i32 sequence │
 *              i32 end of sequence (0: none) │ i32 signatures, all of which hold │ 8 bytes: their slots │ i32 quiet lines │
 *              4 bytes unused
 *
 * Offsets count from CHUNK. A record with FRAMELESS holds begin, LF and flags only; one with LOOK holds all up to `log`, where the line
 * is a receipt at all. Quiet are lines without flags, sequence and signatures.
 */
import { decodeSignature } from './base64';
import {
  frameEventEnd, frameHashBegin, frameIdBegin, frameLogBegin, frameLogEnd, framePrevBegin, frameSeq, frameSigCount, frameTimeBegin, KID_AT,
  KID_CHARS, readFrame, SIG_AT, SIG_BYTES,
} from './frame';
import { eventBreach, eventSequenceBegin, eventSequenceEnd, eventTypeClass, NAMING_TYPE, ORDINARY_TYPE, NO_TYPE, readEvent, UNKNOWN_TYPE } from './json';
import { SHAKE256_RATE, shakeAbsorb } from './keccak';
import {
  CHUNK, CHUNK_BYTES, HASH_BYTES, JOB_BYTES, JOBS, KID_BYTES, KIDS, NODES, PREFIX, PREFIX_BYTES, RECORD_BYTES, RECORD_COUNT, RECORDS, SAVED,
  SAVED_BYTES, SIGNATURE_BYTES, SLOTS,
} from './layout';
import { pad, paddedBlocks, unpad } from './sha256';
import { hashJobs } from './sha256-lanes';
import { findNewline, isEarlier, isInstantNear, isUuid7, sameBytes } from './tokens';
import { beginMessage, endMessage, pairMessageAt, pairMessageBytes, signatureAt, verifyMu, verifyPair } from './verifier';

const BAD_CALL: i32 = -1;
const MAX_LINE_BYTES: usize = 1048576;
const MAX_ENTRY_BYTES: usize = 65535;
const MAX_SEQ: f64 = 9007199254740991;

/** Flags of a record. */
const LOOK: i32 = 1;
/** Nothing is known of where its parts stand. */
const FRAMELESS: i32 = 2;
/** It names keys: the host must learn them before it goes on. */
const NAMING: i32 = 4;
/** Its time is before that of the line before. */
const EARLIER: i32 = 8;
const UNKNOWN: i32 = 16;
const BREACH: i32 = 32;

/** The line before the one that is read: where its parts stand; beforeLog 0 when that is not known. */
let beforeHash: usize = 0;
let beforeLog: usize = 0;
let beforeLogLength: usize = 0;
let beforeTime: usize = 0;
let beforeSeq: u64 = 0;
/** Bytes of PREFIX. */
let prefixLength: i32 = 0;

/** Say how many bytes of PREFIX there are. */
export function setPrefix(length: i32): i32 {
  if (length < 0 || length > PREFIX_BYTES) return BAD_CALL;
  prefixLength = length;
  return 1;
}

/**
 * Read the lines of [begin, end), which ends with a LF, until records run out or keys are named.
 * @param hash and the others: of the line right before, which must be a receipt; offsets in CHUNK. @returns how many records, or -1.
 */
export function readLines(begin: i32, end: i32, hash: i32, log: i32, logEnd: i32, time: i32, seq: f64): i32 {
  if (begin < 0 || begin > end || end > CHUNK_BYTES) return BAD_CALL;
  if (hash < 0 || hash > CHUNK_BYTES - 64 || time < 0 || time > CHUNK_BYTES - 24) return BAD_CALL;
  if (log < 9 || log >= logEnd || logEnd - log > 200 || logEnd > CHUNK_BYTES - 10) return BAD_CALL;
  if (!(seq >= 0 && seq <= MAX_SEQ)) return BAD_CALL;
  beforeHash = CHUNK + <usize>hash;
  beforeLog = CHUNK + <usize>log;
  beforeLogLength = <usize>(logEnd - log);
  beforeTime = CHUNK + <usize>time;
  beforeSeq = <u64>seq;
  let at = CHUNK + <usize>begin;
  const last = CHUNK + <usize>end;
  let record = RECORDS;
  const full = RECORDS + <usize>RECORD_COUNT * RECORD_BYTES;
  let flags: i32 = 0;
  while (record < full && (flags & NAMING) == 0) {
    const lf = findNewline(at, last);
    if (lf == last) break;
    flags = readLine(record, at, lf);
    store<i32>(record, flags, 8);
    record += RECORD_BYTES;
    at = lf + 1;
  }
  checkHashes(record);
  checkSignatures(record);
  countQuiet(record);
  return <i32>((record - RECORDS) / RECORD_BYTES);
}

/** Say at each record how many lines, from that one on, need nothing but to be counted; [RECORDS, last). */
function countQuiet(last: usize): void {
  let quiet: i32 = 0;
  for (let record = last - RECORD_BYTES; record >= RECORDS; record -= RECORD_BYTES) {
    const loud = load<i32>(record, 8) | load<i32>(record, 40) | load<i32>(record, 44);
    quiet = loud == 0 ? quiet + 1 : 0;
    store<i32>(record, quiet, 56);
  }
}

/** Read one line, all but its hash and signatures. @returns its flags. */
function readLine(record: usize, begin: usize, lf: usize): i32 {
  store<i32>(record, <i32>(begin - CHUNK));
  store<i32>(record, <i32>(lf - CHUNK), 4);
  const log = beforeLog;
  beforeLog = 0;
  if (lf - begin > MAX_LINE_BYTES || !readFrame(begin, lf, log, beforeLogLength)) return LOOK | FRAMELESS;
  const hash = frameHashBegin();
  const time = frameTimeBegin();
  store<i32>(record, <i32>(hash - CHUNK), 12);
  store<f64>(record, <f64>frameSeq(), 16);
  store<i32>(record, <i32>(time - CHUNK), 24);
  store<i32>(record, <i32>(frameLogBegin() - CHUNK), 28);
  store<i32>(record, <i32>(frameLogEnd() - CHUNK), 32);
  const flags = log == 0 ? LOOK : judgeLine(record, begin);
  beforeHash = hash;
  beforeLog = frameLogBegin();
  beforeLogLength = frameLogEnd() - beforeLog;
  beforeTime = time;
  beforeSeq = frameSeq();
  return flags;
}

/** Judge a line whose frame was read, behind a line whose frame was. @returns its flags. */
function judgeLine(record: usize, begin: usize): i32 {
  if (frameHashBegin() - begin > MAX_ENTRY_BYTES + 18) return LOOK;
  if (readEvent(begin + 18) != frameEventEnd()) return LOOK;
  const type = eventTypeClass();
  if (type == NAMING_TYPE) return LOOK | NAMING;
  if (type != ORDINARY_TYPE && type != UNKNOWN_TYPE && type != NO_TYPE) return LOOK;
  if (!isUuid7(frameIdBegin()) || !isInstantNear(frameTimeBegin(), beforeTime)) return LOOK;
  const prev = framePrevBegin();
  // A zero prev is for genesis alone; a hash that begins so is rare enough.
  if (frameSeq() != beforeSeq + 1 || !sameBytes(prev, beforeHash, 64) || load<u32>(prev) == 0x30303030) return LOOK;
  store<i32>(record, eventSequenceEnd() == 0 ? 0 : <i32>(eventSequenceBegin() - CHUNK), 36);
  store<i32>(record, eventSequenceEnd() == 0 ? 0 : <i32>(eventSequenceEnd() - CHUNK), 40);
  store<i32>(record, frameSigCount(), 44);
  if (frameSigCount() > 0 && !findKids(record)) return LOOK;
  let flags: i32 = 0;
  if (isEarlier(frameTimeBegin(), beforeTime)) flags |= EARLIER;
  if (type == UNKNOWN_TYPE) flags |= UNKNOWN;
  else if (eventBreach() != 0) flags |= BREACH;
  return flags;
}

/** Find the slots of all kids, which must ascend. */
function findKids(record: usize): bool {
  let at = frameHashBegin() + 74 + KID_AT;
  const count = frameSigCount();
  for (let i: i32 = 0; i < count; i++) {
    const slot = slotOf(at);
    if (slot < 0 || (i > 0 && !ascends(at - SIG_BYTES - 1, at))) return false;
    store<u8>(record + <usize>i, <u8>slot, 48);
    at += SIG_BYTES + 1;
  }
  return true;
}

/** The slot whose kid stands at `at`, or -1. */
function slotOf(at: usize): i32 {
  for (let slot: i32 = 0; slot < SLOTS; slot++) {
    const kid = KIDS + <usize>slot * KID_BYTES;
    if (load<u64>(at) == load<u64>(kid) && sameBytes(at, kid, KID_CHARS)) return slot;
  }
  return -1;
}

function ascends(a: usize, b: usize): bool {
  for (let i: usize = 0; i < KID_CHARS; i++) {
    const left = load<u8>(a + i);
    const right = load<u8>(b + i);
    if (left != right) return left < right;
  }
  return false;
}

/** Compare the hash of each line that is well so far with the one that it states; [RECORDS, last). Its digest goes to NODES. */
function checkHashes(last: usize): void {
  let job = JOBS;
  let saved = SAVED;
  let digest = NODES;
  for (let record = RECORDS; record < last; record += RECORD_BYTES) {
    if ((load<i32>(record, 8) & LOOK) != 0) continue;
    // 0x00 || entry: the colon before the entry becomes the 0x00. The padding stands on `,"hash":"…","sigs":[]}`, which is longer.
    const prefix = CHUNK + <usize>load<i32>(record) + 8;
    const length = CHUNK + <usize>load<i32>(record, 12) - 9 - prefix;
    store<u8>(prefix, 0x00);
    pad(prefix + length, <i32>length, saved);
    store<u32>(job, <u32>prefix);
    store<i32>(job, paddedBlocks(<i32>length), 4);
    store<u32>(job, <u32>digest, 8);
    job += JOB_BYTES;
    saved += SAVED_BYTES;
    digest += HASH_BYTES;
  }
  hashJobs(JOBS, <i32>((job - JOBS) / JOB_BYTES));
  saved = SAVED;
  digest = NODES;
  for (let record = RECORDS; record < last; record += RECORD_BYTES) {
    if ((load<i32>(record, 8) & LOOK) != 0) continue;
    const prefix = CHUNK + <usize>load<i32>(record) + 8;
    const hash = CHUNK + <usize>load<i32>(record, 12);
    store<u8>(prefix, 0x3a);
    unpad(hash - 9, <i32>(hash - 9 - prefix), saved);
    if (!says(hash, digest)) look(record);
    saved += SAVED_BYTES;
    digest += HASH_BYTES;
  }
}

const HEX: usize = memory.data<u8>([
  0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66,
  0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f,
], 16);

/** Whether the 64 characters at `text` are the lower-case hex of the 32 bytes at `digest`. */
function says(text: usize, digest: usize): bool {
  return !v128.any_true(v128.or(differs(text, digest), differs(text + 32, digest + 16)));
}

@inline
function differs(text: usize, digest: usize): v128 {
  const bytes = v128.load(digest);
  const high = i8x16.swizzle(v128.load(HEX), i8x16.shr_u(bytes, 4));
  const low = i8x16.swizzle(v128.load(HEX), v128.and(bytes, v128.load(HEX, 16)));
  const first = i8x16.shuffle(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const second = i8x16.shuffle(high, low, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  return v128.or(v128.xor(first, v128.load(text)), v128.xor(second, v128.load(text, 16)));
}

/** Entries before this seq have signatures that somebody else has verified: they are taken as good. */
let acceptedBelow: f64 = 0;

/** Say so. */
export function setAccepted(below: f64): i32 {
  if (!(below >= 0 && below <= MAX_SEQ + 1)) return BAD_CALL;
  acceptedBelow = below;
  return 1;
}

/** The signature that waits for another of its key: its record, slot and length of M'; no record: none waits. */
let waiting: usize = 0;
let waitingSlot: i32 = 0;
let waitingLength: i32 = 0;

/**
 * Verify the signatures of each line that is well so far; [RECORDS, last). First the first of each line, then the second: so that two by
 * one key follow each other and are verified as a pair, whose M' both stand in MESSAGE.
 */
function checkSignatures(last: usize): void {
  let most: i32 = 1;
  for (let i: i32 = 0; i < most; i++) {
    waiting = 0;
    for (let record = RECORDS; record < last; record += RECORD_BYTES) {
      if ((load<i32>(record, 8) & LOOK) != 0 || load<f64>(record, 16) < acceptedBelow) continue;
      const count = load<i32>(record, 44);
      most = max<i32>(most, count);
      if (i < count) checkSignature(record, i);
    }
    if (waiting != 0) checkWaiting();
  }
}

/** Verify signature i of a line, or let it wait. */
function checkSignature(record: usize, i: i32): void {
  const slot = <i32>load<u8>(record + <usize>i, 48);
  if (waiting != 0 && slot != waitingSlot) checkWaiting();
  const lane = <i32>(waiting != 0);
  const entry = CHUNK + <usize>load<i32>(record) + 9;
  const hash = CHUNK + <usize>load<i32>(record, 12);
  const entryLength = <i32>(hash - 9 - entry);
  const length = prefixLength + entryLength;
  if (!decodeSignature(hash + 74 + SIG_AT + <usize>i * (SIG_BYTES + 1), signatureAt(lane))) {
    look(record);
    return;
  }
  if (length > pairMessageBytes()) {
    // Too long for a pair. Its signature must be the first, and who waits has that place.
    if (waiting != 0) checkWaiting();
    memory.copy(signatureAt(0), signatureAt(lane), <usize>SIGNATURE_BYTES);
    beginMessage(slot);
    shakeAbsorb(SHAKE256_RATE, PREFIX, prefixLength);
    shakeAbsorb(SHAKE256_RATE, entry, entryLength);
    endMessage();
    if (verifyMu(slot) != 1) look(record);
    return;
  }
  memory.copy(pairMessageAt(lane), PREFIX, <usize>prefixLength);
  memory.copy(pairMessageAt(lane) + <usize>prefixLength, entry, <usize>entryLength);
  if (waiting == 0) {
    waiting = record;
    waitingSlot = slot;
    waitingLength = length;
    return;
  }
  // Neither bit of a refused call, which is negative, would be right: then the slot holds no key.
  const valid = max<i32>(verifyPair(slot, waitingLength, length), 0);
  if ((valid & 1) == 0) look(waiting);
  if ((valid & 2) == 0) look(record);
  waiting = 0;
}

/** Verify the signature that waits by itself. */
function checkWaiting(): void {
  beginMessage(waitingSlot);
  shakeAbsorb(SHAKE256_RATE, pairMessageAt(0), waitingLength);
  endMessage();
  if (verifyMu(waitingSlot) != 1) look(waiting);
  waiting = 0;
}

function look(record: usize): void {
  store<i32>(record, load<i32>(record, 8) | LOOK, 8);
}
