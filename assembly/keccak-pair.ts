/**
 * Two Keccak sponges at a time: FIPS 202, section 3, over STATES, where the 64 bits of lane l of word i stand at 16 * i + 8 * l. One
 * permutation of both takes 1.4 times as long as keccakF. Sees public data in verifier.wasm; no branch or address depends on the data.
 */
import { STATES } from './layout';
import { ROUND_CONSTANTS, SHAKE256_RATE } from './keccak';

/** Blocks of SHAKE256 that `length` bytes and their padding fill. */
@inline
function blocksOf(length: i32): i32 {
  return length / SHAKE256_RATE + 1;
}

/** SHAKE256 of two byte strings, of any lengths: the first 64 bytes of each output at `out0` and `out1`. */
export function shakePair(data0: usize, length0: i32, data1: usize, length1: i32, out0: usize, out1: usize): void {
  const blocks0 = blocksOf(length0);
  const blocks1 = blocksOf(length1);
  const blocks = max<i32>(blocks0, blocks1);
  memory.fill(STATES, 0, 400);
  for (let done: i32 = 1; done <= blocks; done++) {
    if (done <= blocks0) absorbBlock(STATES, data0, length0);
    if (done <= blocks1) absorbBlock(STATES + 8, data1, length1);
    keccakF2();
    // Who has no block left was read when it had its last, and is permuted on for the other's sake only.
    if (done == blocks0) squeeze64(STATES, out0);
    if (done == blocks1) squeeze64(STATES + 8, out1);
    data0 += SHAKE256_RATE;
    data1 += SHAKE256_RATE;
    length0 -= SHAKE256_RATE;
    length1 -= SHAKE256_RATE;
  }
}

/** XOR a block of `data` into a lane; padded when the `left` bytes do not fill it (1111 of SHAKE, then pad10*1). */
function absorbBlock(lane: usize, data: usize, left: i32): void {
  const end = data + <usize>(min<i32>(left, SHAKE256_RATE) & ~7);
  let at = lane;
  for (; data < end; data += 8) {
    store<u64>(at, load<u64>(at) ^ load<u64>(data));
    at += 16;
  }
  if (left >= SHAKE256_RATE) return;
  let last: u64 = 0x1f;
  for (let rest = left & 7; rest > 0; rest--) last = (last << 8) | <u64>load<u8>(data + <usize>(rest - 1));
  store<u64>(at, load<u64>(at) ^ last);
  at = lane + 2 * <usize>(SHAKE256_RATE - 8);
  store<u64>(at, load<u64>(at) ^ 0x8000000000000000);
}

function squeeze64(lane: usize, out: usize): void {
  for (let at: usize = 0; at < 64; at += 8) store<u64>(out + at, load<u64>(lane + 2 * at));
}

@inline
function xor5(a: v128, b: v128, c: v128, d: v128, e: v128): v128 {
  return v128.xor(v128.xor(v128.xor(a, b), v128.xor(c, d)), e);
}

@inline
function rotate(a: v128, by: i32): v128 {
  return v128.or(i64x2.shl(a, by), i64x2.shr_u(a, 64 - by));
}

/** a ^ (~b & c), of chi. */
@inline
function chi(a: v128, b: v128, c: v128): v128 {
  return v128.xor(a, v128.andnot(c, b));
}

/** Permute both lanes of STATES. */
export function keccakF2(): void {
  let a0 = v128.load(STATES, 0);
  let a1 = v128.load(STATES, 16);
  let a2 = v128.load(STATES, 32);
  let a3 = v128.load(STATES, 48);
  let a4 = v128.load(STATES, 64);
  let a5 = v128.load(STATES, 80);
  let a6 = v128.load(STATES, 96);
  let a7 = v128.load(STATES, 112);
  let a8 = v128.load(STATES, 128);
  let a9 = v128.load(STATES, 144);
  let a10 = v128.load(STATES, 160);
  let a11 = v128.load(STATES, 176);
  let a12 = v128.load(STATES, 192);
  let a13 = v128.load(STATES, 208);
  let a14 = v128.load(STATES, 224);
  let a15 = v128.load(STATES, 240);
  let a16 = v128.load(STATES, 256);
  let a17 = v128.load(STATES, 272);
  let a18 = v128.load(STATES, 288);
  let a19 = v128.load(STATES, 304);
  let a20 = v128.load(STATES, 320);
  let a21 = v128.load(STATES, 336);
  let a22 = v128.load(STATES, 352);
  let a23 = v128.load(STATES, 368);
  let a24 = v128.load(STATES, 384);
  for (let round: usize = 0; round < 192; round += 8) {
    // theta
    const c0 = xor5(a0, a5, a10, a15, a20);
    const c1 = xor5(a1, a6, a11, a16, a21);
    const c2 = xor5(a2, a7, a12, a17, a22);
    const c3 = xor5(a3, a8, a13, a18, a23);
    const c4 = xor5(a4, a9, a14, a19, a24);
    const d0 = v128.xor(c4, rotate(c1, 1));
    const d1 = v128.xor(c0, rotate(c2, 1));
    const d2 = v128.xor(c1, rotate(c3, 1));
    const d3 = v128.xor(c2, rotate(c4, 1));
    const d4 = v128.xor(c3, rotate(c0, 1));
    // rho and pi: B[y, 2x + 3y] = rotl(A[x, y])
    const b0 = v128.xor(a0, d0);
    const b10 = rotate(v128.xor(a1, d1), 1);
    const b20 = rotate(v128.xor(a2, d2), 62);
    const b5 = rotate(v128.xor(a3, d3), 28);
    const b15 = rotate(v128.xor(a4, d4), 27);
    const b16 = rotate(v128.xor(a5, d0), 36);
    const b1 = rotate(v128.xor(a6, d1), 44);
    const b11 = rotate(v128.xor(a7, d2), 6);
    const b21 = rotate(v128.xor(a8, d3), 55);
    const b6 = rotate(v128.xor(a9, d4), 20);
    const b7 = rotate(v128.xor(a10, d0), 3);
    const b17 = rotate(v128.xor(a11, d1), 10);
    const b2 = rotate(v128.xor(a12, d2), 43);
    const b12 = rotate(v128.xor(a13, d3), 25);
    const b22 = rotate(v128.xor(a14, d4), 39);
    const b23 = rotate(v128.xor(a15, d0), 41);
    const b8 = rotate(v128.xor(a16, d1), 45);
    const b18 = rotate(v128.xor(a17, d2), 15);
    const b3 = rotate(v128.xor(a18, d3), 21);
    const b13 = rotate(v128.xor(a19, d4), 8);
    const b14 = rotate(v128.xor(a20, d0), 18);
    const b24 = rotate(v128.xor(a21, d1), 2);
    const b9 = rotate(v128.xor(a22, d2), 61);
    const b19 = rotate(v128.xor(a23, d3), 56);
    const b4 = rotate(v128.xor(a24, d4), 14);
    // chi and iota
    a0 = v128.xor(chi(b0, b1, b2), v128.load64_splat(ROUND_CONSTANTS + round));
    a1 = chi(b1, b2, b3);
    a2 = chi(b2, b3, b4);
    a3 = chi(b3, b4, b0);
    a4 = chi(b4, b0, b1);
    a5 = chi(b5, b6, b7);
    a6 = chi(b6, b7, b8);
    a7 = chi(b7, b8, b9);
    a8 = chi(b8, b9, b5);
    a9 = chi(b9, b5, b6);
    a10 = chi(b10, b11, b12);
    a11 = chi(b11, b12, b13);
    a12 = chi(b12, b13, b14);
    a13 = chi(b13, b14, b10);
    a14 = chi(b14, b10, b11);
    a15 = chi(b15, b16, b17);
    a16 = chi(b16, b17, b18);
    a17 = chi(b17, b18, b19);
    a18 = chi(b18, b19, b15);
    a19 = chi(b19, b15, b16);
    a20 = chi(b20, b21, b22);
    a21 = chi(b21, b22, b23);
    a22 = chi(b22, b23, b24);
    a23 = chi(b23, b24, b20);
    a24 = chi(b24, b20, b21);
  }
  v128.store(STATES, a0, 0);
  v128.store(STATES, a1, 16);
  v128.store(STATES, a2, 32);
  v128.store(STATES, a3, 48);
  v128.store(STATES, a4, 64);
  v128.store(STATES, a5, 80);
  v128.store(STATES, a6, 96);
  v128.store(STATES, a7, 112);
  v128.store(STATES, a8, 128);
  v128.store(STATES, a9, 144);
  v128.store(STATES, a10, 160);
  v128.store(STATES, a11, 176);
  v128.store(STATES, a12, 192);
  v128.store(STATES, a13, 208);
  v128.store(STATES, a14, 224);
  v128.store(STATES, a15, 240);
  v128.store(STATES, a16, 256);
  v128.store(STATES, a17, 272);
  v128.store(STATES, a18, 288);
  v128.store(STATES, a19, 304);
  v128.store(STATES, a20, 320);
  v128.store(STATES, a21, 336);
  v128.store(STATES, a22, 352);
  v128.store(STATES, a23, 368);
  v128.store(STATES, a24, 384);
}
