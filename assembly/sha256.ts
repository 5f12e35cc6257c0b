/**
 * SHA-256, FIPS 180-4 section 6.2, one message at a time: for the odd one that fills no lane (sha256-lanes.ts takes four). Also the
 * padding in place that both need, with its undoing.
 * In: whole blocks of 64 bytes, already padded, at any address. Out: 32 bytes, big-endian, at any address; where it lies within the
 * blocks, they are overwritten only after they were read. The state is column `lane` of LANES: word j at LANES + 16j + 4 lane, so that
 * a message begun among four lanes is finished here. WORDS holds the schedule of one block. Sees public data only.
 */
import { LANES, WORDS } from './layout';

/** Bytes of padding at least (0x80 and the bit length) and at most (one byte too few was left for it). */
export const PADDING_MIN: i32 = 9;
export const PADDING_MAX: i32 = 72;

/** K{256}, FIPS 180-4 section 4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
export const ROUND_WORDS: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
], 16);

/** H(0), section 5.3.3: the same of the square roots of the first 8 primes. */
export const INITIAL: usize = memory.data<u32>([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
], 16);

/** Hash the padded message of `blocks` blocks at `data`. In: blocks >= 1. Out: the digest at `digest`. Overwrites lane 0. */
export function sha256(data: usize, blocks: i32, digest: usize): void {
  startLane(0);
  compress(0, data, blocks);
  finishLane(0, digest);
}

/** Set a lane to H(0). */
export function startLane(lane: usize): void {
  const state = LANES + (lane << 2);
  for (let j: usize = 0; j < 8; j++) store<u32>(state + (j << 4), load<u32>(INITIAL + (j << 2)));
}

/** Write the state of a lane as 32 bytes at `digest`. */
export function finishLane(lane: usize, digest: usize): void {
  const state = LANES + (lane << 2);
  for (let j: usize = 0; j < 8; j++) store<u32>(digest + (j << 2), bswap<u32>(load<u32>(state + (j << 4))));
}

/** Bytes that padding a message of `length` bytes takes: PADDING_MIN to PADDING_MAX, so that the sum is a multiple of 64. */
@inline
export function paddingBytes(length: i32): i32 {
  return PADDING_MAX - ((length + 8) & 63);
}

/** Blocks of a message of `length` bytes once it is padded. */
@inline
export function paddedBlocks(length: i32): i32 {
  return (length + PADDING_MAX) >> 6;
}

/**
 * Pad a message in place, FIPS 180-4 section 5.1.1: a one bit, zeros, the length in bits as 64. In: `end`, the first byte behind the
 * message; 0 <= length < 2^31 - 72, all of the message, also what stands before `end` elsewhere. Out: the bytes that were there, at
 * `saved` (room for PADDING_MAX); @returns how many of them were read, saved and overwritten: paddingBytes(length).
 */
export function pad(end: usize, length: i32, saved: usize): i32 {
  const count = paddingBytes(length);
  copyPadding(end, saved, count);
  const last = end + <usize>count - 8;
  for (let at = end; at < last; at += 8) store<u64>(at, 0);
  store<u8>(end, 0x80);
  store<u64>(last, bswap<u64>(<u64>length << 3));
  return count;
}

/** Undo pad() called with the same arguments. */
export function unpad(end: usize, length: i32, saved: usize): void {
  copyPadding(saved, end, paddingBytes(length));
}

/** Copy `count` >= 8 bytes, eight at a time, the last eight again in part. */
function copyPadding(from: usize, to: usize, count: i32): void {
  const last = <usize>count - 8;
  for (let i: usize = 0; i < last; i += 8) store<u64>(to + i, load<u64>(from + i));
  store<u64>(to + last, load<u64>(from + last));
}

// Functions of section 4.1.2, their letters ASCII: big sigmas in the rounds, small ones in the schedule.
@inline
function bigSigma0(x: u32): u32 {
  return rotr<u32>(x, 2) ^ rotr<u32>(x, 13) ^ rotr<u32>(x, 22);
}
@inline
function bigSigma1(x: u32): u32 {
  return rotr<u32>(x, 6) ^ rotr<u32>(x, 11) ^ rotr<u32>(x, 25);
}
@inline
function smallSigma0(x: u32): u32 {
  return rotr<u32>(x, 7) ^ rotr<u32>(x, 18) ^ (x >> 3);
}
@inline
function smallSigma1(x: u32): u32 {
  return rotr<u32>(x, 17) ^ rotr<u32>(x, 19) ^ (x >> 10);
}

/** T1 of round t; `at` = 4t. */
@inline
function t1(e: u32, f: u32, g: u32, h: u32, at: usize): u32 {
  return h + bigSigma1(e) + (g ^ (e & (f ^ g))) + load<u32>(ROUND_WORDS + at) + load<u32>(WORDS + at);
}
@inline
function t2(a: u32, b: u32, c: u32): u32 {
  return bigSigma0(a) + ((a & b) | (c & (a | b)));
}

/** The schedule: from the 16 words at WORDS, all 64 of them there. */
export function expandWords(): void {
  for (let at: usize = WORDS + 64; at < WORDS + 256; at += 4) {
    const near = load<u32>(at - 64) + smallSigma0(load<u32>(at - 60));
    store<u32>(at, near + load<u32>(at - 28) + smallSigma1(load<u32>(at - 8)));
  }
}

/** Take `blocks` >= 1 blocks at `data` into a lane. Eight rounds a turn, so that the eight variables are back in their places. */
export function compress(lane: usize, data: usize, blocks: i32): void {
  const state = LANES + (lane << 2);
  for (; blocks > 0; blocks--, data += 64) {
    for (let at: usize = 0; at < 64; at += 4) store<u32>(WORDS + at, bswap<u32>(load<u32>(data + at)));
    expandWords();
    let a = load<u32>(state, 0);
    let b = load<u32>(state, 16);
    let c = load<u32>(state, 32);
    let d = load<u32>(state, 48);
    let e = load<u32>(state, 64);
    let f = load<u32>(state, 80);
    let g = load<u32>(state, 96);
    let h = load<u32>(state, 112);
    for (let at: usize = 0; at < 256; at += 32) {
      let t = t1(e, f, g, h, at); d += t; h = t + t2(a, b, c);
      t = t1(d, e, f, g, at + 4); c += t; g = t + t2(h, a, b);
      t = t1(c, d, e, f, at + 8); b += t; f = t + t2(g, h, a);
      t = t1(b, c, d, e, at + 12); a += t; e = t + t2(f, g, h);
      t = t1(a, b, c, d, at + 16); h += t; d = t + t2(e, f, g);
      t = t1(h, a, b, c, at + 20); g += t; c = t + t2(d, e, f);
      t = t1(g, h, a, b, at + 24); f += t; b = t + t2(c, d, e);
      t = t1(f, g, h, a, at + 28); e += t; a = t + t2(b, c, d);
    }
    store<u32>(state, load<u32>(state, 0) + a, 0);
    store<u32>(state, load<u32>(state, 16) + b, 16);
    store<u32>(state, load<u32>(state, 32) + c, 32);
    store<u32>(state, load<u32>(state, 48) + d, 48);
    store<u32>(state, load<u32>(state, 64) + e, 64);
    store<u32>(state, load<u32>(state, 80) + f, 80);
    store<u32>(state, load<u32>(state, 96) + g, 96);
    store<u32>(state, load<u32>(state, 112) + h, 112);
  }
}
