/**
 * SHA-256 of four messages side by side: lane i of every i32x4 belongs to message i, each of them at its own block.
 * In: a list of jobs, each a run of padded blocks at any address. Out: a digest a job. LANES holds the four states as columns, WORDS the
 * 16 message words of the current block of each lane, LANE_JOBS what each lane is at. Sees public data only.
 *
 * Sixteen rounds stand in the source twice, plain and with the schedule, which then runs three times: as fast as 64 rounds unrolled, at
 * half the bytes. Constants are loaded from memory, because V8 builds a v128 constant again in every turn.
 */
import { JOB_BYTES, LANE_JOBS, LANES, WORDS } from './layout';
import { compress, finishLane, ROUND_WORDS, startLane } from './sha256';

/** Within a job, of JOBS as of LANE_JOBS: its (next) block, how many blocks (are left), where its digest goes. */
const BLOCK: usize = 0;
const LEFT: usize = 4;
const DIGEST: usize = 8;

/** The indices that reverse the bytes of each word. */
const SWAP: usize = memory.data<u8>([3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12], 16);

/**
 * Do `count` >= 0 jobs of JOB_BYTES at `jobs`, only read: u32 address of the first block, i32 number of blocks >= 1, u32 address of the
 * digest. Four run at a time for as many blocks as each of them has left, and only a lane that is through takes the next job. A digest
 * may overwrite its own job's blocks, no other's. The last job alone in its lanes is finished one block at a time.
 */
export function hashJobs(jobs: usize, count: i32): void {
  let next = jobs;
  const end = jobs + <usize>count * JOB_BYTES;
  for (let lane: usize = 0; lane < 4; lane++) store<i32>(laneJob(lane), 0, LEFT);
  for (;;) {
    let live = 0;
    let run = i32.MAX_VALUE;
    let any: usize = 0;
    for (let lane: usize = 0; lane < 4; lane++) {
      const job = laneJob(lane);
      if (load<i32>(job, LEFT) == 0) {
        if (next == end) continue;
        store<u32>(job, load<u32>(next, BLOCK), BLOCK);
        store<i32>(job, load<i32>(next, LEFT), LEFT);
        store<u32>(job, load<u32>(next, DIGEST), DIGEST);
        next += JOB_BYTES;
        startLane(lane);
      }
      live++;
      run = min(run, load<i32>(job, LEFT));
      any = lane;
    }
    if (live == 0) return;
    if (live == 1) {
      const job = laneJob(any);
      compress(any, load<u32>(job, BLOCK), load<i32>(job, LEFT));
      finishLane(any, load<u32>(job, DIGEST));
      return;
    }
    // A lane without a job hashes the blocks of another once more.
    const spare = load<u32>(laneJob(any), BLOCK);
    compressLanes(blockOf(0, spare), blockOf(1, spare), blockOf(2, spare), blockOf(3, spare), run);
    for (let lane: usize = 0; lane < 4; lane++) {
      const job = laneJob(lane);
      const left = load<i32>(job, LEFT) - run;
      if (left < 0) continue;
      store<u32>(job, load<u32>(job, BLOCK) + (<u32>run << 6), BLOCK);
      store<i32>(job, left, LEFT);
      if (left == 0) finishLane(lane, load<u32>(job, DIGEST));
    }
  }
}

@inline
function laneJob(lane: usize): usize {
  return LANE_JOBS + (lane << 4);
}

@inline
function blockOf(lane: usize, spare: usize): usize {
  const job = laneJob(lane);
  return load<i32>(job, LEFT) > 0 ? <usize>load<u32>(job, BLOCK) : spare;
}

/** Take `blocks` blocks at each of four addresses into the four lanes. */
function compressLanes(p0: usize, p1: usize, p2: usize, p3: usize, blocks: i32): void {
  for (; blocks > 0; blocks--) {
    for (let part: usize = 0; part < 64; part += 16) storeWords(p0 + part, p1 + part, p2 + part, p3 + part, WORDS + (part << 2));
    compressWords();
    p0 += 64;
    p1 += 64;
    p2 += 64;
    p3 += 64;
  }
}

/** Write the four big-endian words at each of four addresses as four vectors at `words`, one a word. */
@inline
export function storeWords(p0: usize, p1: usize, p2: usize, p3: usize, words: usize): void {
  const swap = v128.load(SWAP);
  const a = v128.swizzle(v128.load(p0), swap);
  const b = v128.swizzle(v128.load(p1), swap);
  const c = v128.swizzle(v128.load(p2), swap);
  const d = v128.swizzle(v128.load(p3), swap);
  storeColumns(a, b, c, d, words);
}

/** Write the columns of four rows of four words at `columns`: a 4x4 transpose. */
@inline
export function storeColumns(a: v128, b: v128, c: v128, d: v128, columns: usize): void {
  const ab = v128.shuffle<u32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<u32>(c, d, 0, 4, 1, 5);
  const abHigh = v128.shuffle<u32>(a, b, 2, 6, 3, 7);
  const cdHigh = v128.shuffle<u32>(c, d, 2, 6, 3, 7);
  v128.store(columns, v128.shuffle<u64>(ab, cd, 0, 2), 0);
  v128.store(columns, v128.shuffle<u64>(ab, cd, 1, 3), 16);
  v128.store(columns, v128.shuffle<u64>(abHigh, cdHigh, 0, 2), 32);
  v128.store(columns, v128.shuffle<u64>(abHigh, cdHigh, 1, 3), 48);
}

@inline
export function add(a: v128, b: v128): v128 {
  return i32x4.add(a, b);
}
@inline
function rotr4(x: v128, n: i32): v128 {
  return v128.or(i32x4.shr_u(x, n), i32x4.shl(x, 32 - n));
}
@inline
function xor3(a: v128, b: v128, c: v128): v128 {
  return v128.xor(v128.xor(a, b), c);
}

/** T1 of a round; `wk` = W(t) + K(t). Ch(e, f, g) = (e & (f ^ g)) ^ g: 1 % faster here than bitselect, whose x64 form is of three operations too. */
@inline
export function t1(e: v128, f: v128, g: v128, h: v128, wk: v128): v128 {
  return add(add(add(h, wk), v128.xor(v128.and(e, v128.xor(f, g)), g)), xor3(rotr4(e, 6), rotr4(e, 11), rotr4(e, 25)));
}
/** T2 of a round. Maj(a, b, c) = ((a ^ b) & (b ^ c)) ^ b. */
@inline
export function t2(a: v128, b: v128, c: v128): v128 {
  const maj = v128.xor(v128.and(v128.xor(a, b), v128.xor(b, c)), b);
  return add(xor3(rotr4(a, 2), rotr4(a, 13), rotr4(a, 22)), maj);
}
/** W(t) of W(t-16), W(t-15), W(t-7) and W(t-2). */
@inline
function next(w16: v128, w15: v128, w7: v128, w2: v128): v128 {
  const near = add(w16, xor3(rotr4(w15, 7), rotr4(w15, 18), i32x4.shr_u(w15, 3)));
  return add(near, add(w7, xor3(rotr4(w2, 17), rotr4(w2, 19), i32x4.shr_u(w2, 10))));
}

/** W(t) + K(t); `k` is where the constant stands. */
@inline
function plus(w: v128, k: usize): v128 {
  return add(w, v128.load32_splat(k));
}

/** Take the block at WORDS, only read, into the four lanes. */
export function compressWords(): void {
  let w0 = v128.load(WORDS, 0);
  let w1 = v128.load(WORDS, 16);
  let w2 = v128.load(WORDS, 32);
  let w3 = v128.load(WORDS, 48);
  let w4 = v128.load(WORDS, 64);
  let w5 = v128.load(WORDS, 80);
  let w6 = v128.load(WORDS, 96);
  let w7 = v128.load(WORDS, 112);
  let w8 = v128.load(WORDS, 128);
  let w9 = v128.load(WORDS, 144);
  let w10 = v128.load(WORDS, 160);
  let w11 = v128.load(WORDS, 176);
  let w12 = v128.load(WORDS, 192);
  let w13 = v128.load(WORDS, 208);
  let w14 = v128.load(WORDS, 224);
  let w15 = v128.load(WORDS, 240);
  let a = v128.load(LANES, 0);
  let b = v128.load(LANES, 16);
  let c = v128.load(LANES, 32);
  let d = v128.load(LANES, 48);
  let e = v128.load(LANES, 64);
  let f = v128.load(LANES, 80);
  let g = v128.load(LANES, 96);
  let h = v128.load(LANES, 112);
  let t: v128;
  let k = ROUND_WORDS;
  t = t1(e, f, g, h, plus(w0, k)); d = add(d, t); h = add(t, t2(a, b, c));
  t = t1(d, e, f, g, plus(w1, k + 4)); c = add(c, t); g = add(t, t2(h, a, b));
  t = t1(c, d, e, f, plus(w2, k + 8)); b = add(b, t); f = add(t, t2(g, h, a));
  t = t1(b, c, d, e, plus(w3, k + 12)); a = add(a, t); e = add(t, t2(f, g, h));
  t = t1(a, b, c, d, plus(w4, k + 16)); h = add(h, t); d = add(t, t2(e, f, g));
  t = t1(h, a, b, c, plus(w5, k + 20)); g = add(g, t); c = add(t, t2(d, e, f));
  t = t1(g, h, a, b, plus(w6, k + 24)); f = add(f, t); b = add(t, t2(c, d, e));
  t = t1(f, g, h, a, plus(w7, k + 28)); e = add(e, t); a = add(t, t2(b, c, d));
  t = t1(e, f, g, h, plus(w8, k + 32)); d = add(d, t); h = add(t, t2(a, b, c));
  t = t1(d, e, f, g, plus(w9, k + 36)); c = add(c, t); g = add(t, t2(h, a, b));
  t = t1(c, d, e, f, plus(w10, k + 40)); b = add(b, t); f = add(t, t2(g, h, a));
  t = t1(b, c, d, e, plus(w11, k + 44)); a = add(a, t); e = add(t, t2(f, g, h));
  t = t1(a, b, c, d, plus(w12, k + 48)); h = add(h, t); d = add(t, t2(e, f, g));
  t = t1(h, a, b, c, plus(w13, k + 52)); g = add(g, t); c = add(t, t2(d, e, f));
  t = t1(g, h, a, b, plus(w14, k + 56)); f = add(f, t); b = add(t, t2(c, d, e));
  t = t1(f, g, h, a, plus(w15, k + 60)); e = add(e, t); a = add(t, t2(b, c, d));
  for (k += 64; k < ROUND_WORDS + 256; k += 64) {
    w0 = next(w0, w1, w9, w14);
    t = t1(e, f, g, h, plus(w0, k)); d = add(d, t); h = add(t, t2(a, b, c));
    w1 = next(w1, w2, w10, w15);
    t = t1(d, e, f, g, plus(w1, k + 4)); c = add(c, t); g = add(t, t2(h, a, b));
    w2 = next(w2, w3, w11, w0);
    t = t1(c, d, e, f, plus(w2, k + 8)); b = add(b, t); f = add(t, t2(g, h, a));
    w3 = next(w3, w4, w12, w1);
    t = t1(b, c, d, e, plus(w3, k + 12)); a = add(a, t); e = add(t, t2(f, g, h));
    w4 = next(w4, w5, w13, w2);
    t = t1(a, b, c, d, plus(w4, k + 16)); h = add(h, t); d = add(t, t2(e, f, g));
    w5 = next(w5, w6, w14, w3);
    t = t1(h, a, b, c, plus(w5, k + 20)); g = add(g, t); c = add(t, t2(d, e, f));
    w6 = next(w6, w7, w15, w4);
    t = t1(g, h, a, b, plus(w6, k + 24)); f = add(f, t); b = add(t, t2(c, d, e));
    w7 = next(w7, w8, w0, w5);
    t = t1(f, g, h, a, plus(w7, k + 28)); e = add(e, t); a = add(t, t2(b, c, d));
    w8 = next(w8, w9, w1, w6);
    t = t1(e, f, g, h, plus(w8, k + 32)); d = add(d, t); h = add(t, t2(a, b, c));
    w9 = next(w9, w10, w2, w7);
    t = t1(d, e, f, g, plus(w9, k + 36)); c = add(c, t); g = add(t, t2(h, a, b));
    w10 = next(w10, w11, w3, w8);
    t = t1(c, d, e, f, plus(w10, k + 40)); b = add(b, t); f = add(t, t2(g, h, a));
    w11 = next(w11, w12, w4, w9);
    t = t1(b, c, d, e, plus(w11, k + 44)); a = add(a, t); e = add(t, t2(f, g, h));
    w12 = next(w12, w13, w5, w10);
    t = t1(a, b, c, d, plus(w12, k + 48)); h = add(h, t); d = add(t, t2(e, f, g));
    w13 = next(w13, w14, w6, w11);
    t = t1(h, a, b, c, plus(w13, k + 52)); g = add(g, t); c = add(t, t2(d, e, f));
    w14 = next(w14, w15, w7, w12);
    t = t1(g, h, a, b, plus(w14, k + 56)); f = add(f, t); b = add(t, t2(c, d, e));
    w15 = next(w15, w0, w8, w13);
    t = t1(f, g, h, a, plus(w15, k + 60)); e = add(e, t); a = add(t, t2(b, c, d));
  }
  v128.store(LANES, add(v128.load(LANES, 0), a), 0);
  v128.store(LANES, add(v128.load(LANES, 16), b), 16);
  v128.store(LANES, add(v128.load(LANES, 32), c), 32);
  v128.store(LANES, add(v128.load(LANES, 48), d), 48);
  v128.store(LANES, add(v128.load(LANES, 64), e), 64);
  v128.store(LANES, add(v128.load(LANES, 80), f), 80);
  v128.store(LANES, add(v128.load(LANES, 96), g), 96);
  v128.store(LANES, add(v128.load(LANES, 112), h), 112);
}
