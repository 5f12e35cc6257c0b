/**
 * The frame of a line, read from its end: all of it stands at fixed distances but the origin, which is that of the line before, the
 * digits of seq, and how many signatures there are (format section 1).
 *
 *     {"entry":{"event":{…},"id":"…","log":"…","prev":"…","seq":41,"time":"…","v":1},"hash":"…","sigs":[{"alg":"ML-DSA-65","kid":"…","sig":"…"}]}
 *     ^begin             ^eventEnd                                             ^entryEnd                                                        ^lf
 *
 * In: [begin, lf) in CHUNK, a LF at `lf`. Out: where the parts stand, when literals and widths are in order; the contents are for others
 * to judge. It answers no to all but version 1 and signatures of ML-DSA-65, whatever they are. Reads stay within the line, but for
 * words that begin within it. Writes nothing. Sees public data only.
 */
import { SIGNATURE_CHARS } from './base64';
import { sameBytes } from './tokens';

/** From `},"id":"` (its `}` left out) to the line's end, without origin, signatures and all digits of seq but one. */
const FRAME_BYTES: usize = 7 + 36 + 9 + 10 + 64 + 8 + 1 + 9 + 24 + 17 + 64 + 10 + 2;
/** `{"entry":{"event":` and an empty event. */
const OPEN_BYTES: usize = 18;
const LEAST_BYTES: usize = OPEN_BYTES + 2 + FRAME_BYTES;
const MAX_ORIGIN_CHARS: usize = 200;
const MAX_SEQ_DIGITS: usize = 16;
export const MAX_SIGNATURES: i32 = 8;
/** Of a signature: up to its kid, its kid, up to its characters, all of it. */
export const KID_AT: usize = 26;
export const KID_CHARS: usize = 43;
export const SIG_AT: usize = KID_AT + KID_CHARS + 9;
export const SIG_BYTES: usize = SIG_AT + <usize>SIGNATURE_CHARS + 2;

/** Where the parts of the line stand that was read last. */
let eventEnd: usize = 0;
let logBegin: usize = 0;
let logEnd: usize = 0;
let seq: u64 = 0;
let timeBegin: usize = 0;
let hashBegin: usize = 0;
let sigCount: i32 = 0;

export function frameEventEnd(): usize {
  return eventEnd;
}
export function frameIdBegin(): usize {
  return eventEnd + 7;
}
export function frameLogBegin(): usize {
  return logBegin;
}
export function frameLogEnd(): usize {
  return logEnd;
}
export function framePrevBegin(): usize {
  return logEnd + 10;
}
export function frameSeq(): u64 {
  return seq;
}
export function frameTimeBegin(): usize {
  return timeBegin;
}
export function frameHashBegin(): usize {
  return hashBegin;
}
export function frameSigCount(): i32 {
  return sigCount;
}

/**
 * Read a frame. @param log where the origin of the line before stands, which this one's must be, its neighbours included; 0 when there
 * is no such line, and then any origin will do. @param logLength of it.
 */
export function readFrame(begin: usize, lf: usize, log: usize, logLength: usize): bool {
  if (lf - begin < LEAST_BYTES + 1) return false;
  // {"entry":{"event":
  if (load<u64>(begin) != 0x227972746e65227b || load<u64>(begin, 8) != 0x746e657665227b3a) return false;
  if (load<u64>(begin, 10) != 0x3a22746e65766522) return false;
  if (load<u16>(lf - 2) != 0x7d5d) return false; // ]}
  const open = signaturesFrom(begin, lf - 2);
  if (open == 0) return false;
  // ","sigs":[
  if (load<u64>(open - 10) != 0x2273676973222c22 || load<u64>(open - 8) != 0x5b3a227367697322) return false;
  hashBegin = open - 10 - 64;
  // ","v":1},"hash":"
  const v = hashBegin - 17;
  if (load<u64>(v) != 0x7d313a2276222c22 || load<u64>(v, 8) != 0x3a2268736168222c) return false;
  if (load<u8>(v, 16) != 0x22) return false;
  timeBegin = v - 24;
  // ,"time":"
  const digitsEnd = timeBegin - 9;
  if (load<u64>(digitsEnd) != 0x3a22656d6974222c || load<u8>(digitsEnd, 8) != 0x22) return false;
  const digits = digitsFrom(digitsEnd);
  if (digits == 0) return false;
  // ","seq":
  if (load<u64>(digits - 8) != 0x3a22716573222c22) return false;
  logEnd = digits - 8 - 64 - 10;
  const least = begin + OPEN_BYTES + 2;
  if (log != 0) {
    logBegin = logEnd - logLength;
    if (logBegin < least + 52) return false;
    // ","log":"…","prev":"
    if (!sameBytes(log - 9, logBegin - 9, 9 + logLength + 10)) return false;
  } else {
    logBegin = originFrom(logEnd, least + 52);
    if (logBegin == 0) return false;
    // ","log":" and ","prev":"
    if (load<u64>(logBegin - 9) != 0x3a22676f6c222c22 || load<u8>(logBegin - 1) != 0x22) return false;
    if (load<u64>(logEnd) != 0x2276657270222c22 || load<u16>(logEnd, 8) != 0x223a) return false;
  }
  eventEnd = logBegin - 52;
  // },"id":"
  return load<u64>(eventEnd - 1) == 0x223a226469222c7d;
}

/** Step back over the signatures that end before `close`, the `]`. @returns the address after the `[`, or 0. */
function signaturesFrom(begin: usize, close: usize): usize {
  let at = close;
  sigCount = 0;
  if (load<u8>(at - 1) == 0x5b) return at;
  while (sigCount < MAX_SIGNATURES) {
    if (at - begin < LEAST_BYTES + SIG_BYTES) return 0;
    at -= SIG_BYTES;
    // {"alg":"ML-DSA-65","kid":"…","sig":"…"}
    if (load<u64>(at) != 0x223a22676c61227b || load<u64>(at, 8) != 0x362d4153442d4c4d) return 0;
    if (load<u64>(at, 16) != 0x2264696b222c2235 || load<u16>(at, 24) != 0x223a) return 0;
    if (load<u64>(at, 69) != 0x3a22676973222c22 || load<u8>(at, 77) != 0x22) return 0;
    if (load<u16>(at, SIG_BYTES - 2) != 0x7d22) return 0;
    sigCount++;
    const before = load<u8>(at - 1);
    if (before == 0x5b) return at;
    if (before != 0x2c) return 0;
    at -= 1;
  }
  return 0;
}

/** Read the digits that end before `end`: at most 16, no leading zero, below 2^53. @returns where they begin, or 0. */
function digitsFrom(end: usize): usize {
  let at = end;
  let unit: u64 = 1;
  seq = 0;
  while (end - at < MAX_SEQ_DIGITS) {
    const digit = <u32>load<u8>(at - 1) - 0x30;
    if (digit > 9) break;
    seq += <u64>digit * unit;
    unit *= 10;
    at -= 1;
  }
  if (at == end || (load<u8>(at) == 0x30 && end - at > 1) || seq > 9007199254740991) return 0;
  return at;
}

/** Find the quote before an origin that ends before `end`, not below `least`. @returns the address after it, or 0. */
function originFrom(end: usize, least: usize): usize {
  for (let at = end; at >= least && end - at <= MAX_ORIGIN_CHARS; at--) {
    if (load<u8>(at - 1) == 0x22) return at < end ? at : 0;
  }
  return 0;
}
