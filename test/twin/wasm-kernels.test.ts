import { shake128, shake256 } from '@noble/hashes/sha3.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { equalBytes } from '../../src/base/bytes.ts';
import { ntt, POINTS, Q, rejNTTPoly } from '../../src/crypto/expanded-key.ts';
import { BETA, GAMMA1, inverseNtt, OMEGA, packZ, useHint } from '../crypto/forge.ts';
import { compileKernels, Kernels, seeded } from './kernels.ts';

let k: Kernels;
beforeAll(async () => {
  k = new Kernels(await compileKernels());
});

const random = seeded(0x9e3779b9);
const randomBytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => random(256));
const poly = (make: (n: number) => number): number[] => Array.from({ length: 256 }, (_, n) => make(n));
const mod = (value: number): number => ((value % Q) + Q) % Q;
const MONTGOMERY_R = 2 ** 32 % Q;
/** Coefficients at both ends of what the NTTs take, and between. */
const EXTREMES: readonly number[][] = [
  poly(() => Q - 1),
  poly(() => 1 - Q),
  poly((n) => (n % 2 === 0 ? Q - 1 : 1 - Q)),
  poly((n) => (n < 128 ? Q - 1 : 1 - Q)),
  poly(() => 0),
  poly((n) => (n === 255 ? 1 : 0)),
  // Signs aligned with the powers of one root each: its evaluation is as large as it gets.
  ...[0, 1, 100, 255].map((i) => {
    let power = 1;
    return poly(() => {
      const sign = power > Q / 2 ? -1 : 1;
      power = (power * POINTS[i]) % Q;
      return sign * (Q - 1);
    });
  }),
  ...Array.from({ length: 20 }, () => poly(() => random(2 * Q - 1) - Q + 1)),
];

describe('keccak beside @noble/hashes', () => {
  const hash = (rate: number, parts: readonly Uint8Array[], length: number): Uint8Array => {
    const message = k.at('MESSAGE');
    k.call('shakeInit');
    for (const part of parts) {
      k.bytes.set(part, message);
      k.call('shakeAbsorb', rate, message, part.length);
    }
    k.call('shakeFinish', rate);
    const out = new Uint8Array(length);
    for (let at = 0; at < length; at += rate) {
      if (at > 0) k.call('keccakF');
      out.set(k.read(k.at('STATE'), Math.min(rate, length - at)), at);
    }
    return out;
  };

  it.each([
    ['SHAKE128', 168, shake128],
    ['SHAKE256', 136, shake256],
  ] as const)('%s: every length from 0 to 420, and three blocks of output', (_, rate, twin) => {
    for (let length = 0; length <= 420; length++) {
      const data = randomBytes(length);
      expect(hash(rate, [data], 3 * rate)).toEqual(twin(data, { dkLen: 3 * rate }));
    }
  });

  it('three blocks split in two everywhere, and in three at every other place', () => {
    const data = randomBytes(3 * 136);
    const whole = shake256(data, { dkLen: 64 });
    for (let a = 0; a <= data.length; a++) {
      expect(hash(136, [data.subarray(0, a), data.subarray(a)], 64)).toEqual(whole);
      const b = a + random(data.length - a + 1);
      expect(hash(136, [data.subarray(0, a), data.subarray(a, b), data.subarray(b)], 64)).toEqual(whole);
    }
  });
});

describe('ntt beside its definition', () => {
  it('forward: congruent, below 9Q', () => {
    for (const input of EXTREMES) {
      k.setPoly(k.at('C'), input);
      k.call('ntt', k.at('C'));
      const out = k.poly(k.at('C'));
      expect(out.map(mod)).toEqual(ntt(input));
      expect(Math.max(...out.map(Math.abs))).toBeLessThan(9 * Q);
    }
  });

  it('inverse: congruent times R, below Q', () => {
    for (const input of EXTREMES) {
      k.setPoly(k.at('C'), input);
      k.call('inverseNtt', k.at('C'));
      const out = k.poly(k.at('C'));
      expect(out.map(mod)).toEqual(inverseNtt(input.map(mod)).map((w) => (w * MONTGOMERY_R) % Q));
      expect(Math.max(...out.map(Math.abs))).toBeLessThan(Q);
    }
  });
});

describe('sampling', () => {
  it('expandA: every entry of two matrices', () => {
    for (let round = 0; round < 2; round++) {
      const rho = randomBytes(32);
      k.bytes.set(rho, k.at('PUBLIC_KEY'));
      k.call('expandA', k.at('PUBLIC_KEY'), k.at('KEYS'));
      for (let row = 0; row < 6; row++)
        for (let column = 0; column < 5; column++)
          expect(k.poly(k.at('KEYS') + 1024 * (5 * row + column))).toEqual(rejNTTPoly(rho, column, row));
    }
  });

  it('sampleInBall: 300 commitments, 49 coefficients each', () => {
    for (let round = 0; round < 300; round++) {
      const seed = randomBytes(48);
      k.bytes.set(seed, k.at('SIGNATURE'));
      k.call('sampleInBall');
      expect(k.poly(k.at('C'))).toEqual(ball(seed));
    }
  });
});

/** @see FIPS 204 Algorithm 29 */
function ball(seed: Uint8Array): number[] {
  const stream = shake256(seed, { dkLen: 1000 });
  const c = poly(() => 0);
  let at = 8;
  for (let i = 207; i < 256; i++) {
    let j = stream[at++];
    while (j > i) j = stream[at++];
    const bit = i - 207;
    c[i] = c[j];
    c[j] = (stream[bit >> 3] >> (bit & 7)) & 1 ? -1 : 1;
  }
  return c;
}

describe('unpacking', () => {
  it('t1: every value in every place of a group, times 2^13', () => {
    const at = k.at('SIGNATURE');
    for (let first = 0; first < 1024; first += 4) {
      const values = poly((n) => (first + n * 257) % 1024);
      let bits = 0n;
      for (const [n, value] of values.entries()) bits |= BigInt(value) << BigInt(10 * n);
      const packed = Uint8Array.from({ length: 320 }, (_, i) => Number((bits >> BigInt(8 * i)) & 255n));
      k.bytes.set(packed, at);
      k.call('unpackT1', at, k.at('C'));
      expect(k.poly(k.at('C'))).toEqual(values.map((value) => value * 8192));
    }
  });

  it('z: whole range unpacked, and refused exactly from the bound on', () => {
    const bound = GAMMA1 - BETA;
    const load = (z: number[][]): boolean => {
      k.bytes.set(packZ(z), k.at('SIGNATURE') + 48);
      const inside = k.call('unpackZ') !== 0;
      expect(Array.from({ length: 5 }, (_, i) => k.poly(k.at('Z') + 1024 * i))).toEqual(z);
      return inside;
    };
    const flat = (make: () => number): number[][] => Array.from({ length: 5 }, () => poly(make));
    for (let round = 0; round < 20; round++) {
      expect(load(flat(() => random(2 * bound - 1) - bound + 1))).toBe(true);
      const any = flat(() => random(2 * GAMMA1) - GAMMA1 + 1);
      expect(load(any)).toBe(any.flat().every((value) => Math.abs(value) < bound));
      for (const [value, inside] of [
        [bound - 1, true],
        [1 - bound, true],
        [bound, false],
        [-bound, false],
        [GAMMA1, false],
        [1 - GAMMA1, false],
      ] as const) {
        const z = flat(() => 0);
        z[random(5)][random(256)] = value;
        expect(load(z)).toBe(inside);
      }
    }
  });

  it('hints: 20,000 encodings, good and one or two bytes off, judged and decoded as the twin does', () => {
    const counts = { good: 0, bad: 0 };
    for (let round = 0; round < 20_000; round++) {
      const y = new Uint8Array(OMEGA + 6);
      let index = 0;
      for (let i = 0; i < 6; i++) {
        const wanted = new Set(Array.from({ length: random(12) }, () => random(256)));
        for (const position of [...wanted].sort((a, b) => a - b)) if (index < OMEGA) y[index++] = position;
        y[OMEGA + i] = index;
      }
      for (let change = random(3); change > 0; change--)
        y[random(2) === 0 ? random(61) : OMEGA + random(6)] = random(3) === 0 ? random(256) : random(60);
      k.bytes.set(y, k.at('SIGNATURE') + 3248);
      const expected = hintsOf(y);
      expect(k.call('hintBitUnpack') !== 0).toBe(expected !== null);
      if (expected !== null) expect(equalBytes(k.read(k.at('HINTS'), 1536), expected)).toBe(true);
      counts[expected === null ? 'bad' : 'good']++;
    }
    expect(Math.min(counts.good, counts.bad)).toBeGreaterThan(3000);
    // 56 of them, the last in the first byte of the counts: all rise, but there are more than omega.
    const above = new Uint8Array(OMEGA + 6).map((_, i) => (i < OMEGA ? i : OMEGA + 1));
    k.bytes.set(above, k.at('SIGNATURE') + 3248);
    expect(hintsOf(above)).toBeNull();
    expect(k.call('hintBitUnpack')).toBe(0);
  });
});

/** Decoded by asking for each property apart. @see FIPS 204 Algorithm 21 */
function hintsOf(y: Uint8Array): Uint8Array | null {
  const limits = [0, ...y.subarray(OMEGA)];
  if (limits.some((limit, i) => limit > OMEGA || (i > 0 && limit < limits[i - 1]))) return null;
  if (y.subarray(limits[6], OMEGA).some((byte) => byte !== 0)) return null;
  const out = new Uint8Array(1536);
  for (let i = 0; i < 6; i++) {
    const positions = [...y.subarray(limits[i], limits[i + 1])];
    if (positions.some((position, n) => n > 0 && position <= positions[n - 1])) return null;
    for (const position of positions) out[256 * i + position] = 1;
  }
  return out;
}

describe('rounding', () => {
  it('w1 of all residues mod Q, with and without a hint, from both representatives', () => {
    const [w, hints, encoded] = [k.at('W'), k.at('HINTS'), k.at('W1')];
    const wrong: number[] = [];
    for (let first = 0; first < Q; first += 256) {
      for (const hint of [0, 1]) {
        const negative = (first / 256 + hint) % 2 === 1;
        for (let n = 0; n < 256; n++) {
          const r = (first + n) % Q;
          k.coefficients[w / 4 + n] = negative ? r - Q : r;
        }
        k.bytes.fill(hint, hints, hints + 256);
        k.call('w1Row', w, hints, encoded);
        for (let n = 0; n < 256; n++) {
          const found = (k.bytes[encoded + (n >> 1)] >> (4 * (n & 1))) & 15;
          if (found !== useHint(hint === 1, (first + n) % Q)) wrong.push(first + n);
        }
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe('the ABI', () => {
  it('refuses slots that are not there or not prepared, and lengths beyond the region, without a trap', () => {
    for (const slot of [-1, 8, 2 ** 31 - 1, -(2 ** 31)]) {
      for (const name of ['prepareKey', 'beginMessage', 'verifyMu']) expect(k.call(name, slot)).toBe(-1);
    }
    const fresh = k.call('slots') - 1;
    expect([k.call('beginMessage', fresh), k.call('verifyMu', fresh)]).toEqual([-1, -1]);
    for (const length of [-1, 65537, 2 ** 31 - 1]) expect(k.call('absorbMessage', length)).toBe(-1);
  });

  it('the regions follow each other and end within memory', () => {
    const names = [
      ...'ZETAS STATE SEED MU COMMITMENT PUBLIC_KEY SIGNATURE HINTS W1 C Z W MESSAGE KEYS'.split(' '),
      ...'LANES WORDS LANE_JOBS JOBS SAVED NODES NODE_BLOCKS END'.split(' '),
    ];
    const offsets = names.map((name) => k.at(name));
    expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
    expect(offsets.at(-1)).toBeLessThanOrEqual(k.bytes.length);
    for (const name of ['C', 'Z', 'W', 'KEYS', 'ZETAS']) expect(k.at(name) % 4).toBe(0);
    for (const name of ['LANES', 'WORDS']) expect(k.at(name) % 16).toBe(0);
  });

  it('what the compiler puts into memory ends before the first region', async () => {
    const exports = new WebAssembly.Instance(new WebAssembly.Module(await compileKernels())).exports;
    const memory = new Uint8Array((exports.memory as WebAssembly.Memory).buffer);
    expect(memory.findLastIndex((byte) => byte !== 0)).toBeLessThan(k.at('ZETAS'));
  });

  it('hashing: counts beyond the regions and jobs beyond memory are refused', () => {
    const view = new DataView(k.bytes.buffer, k.at('JOBS'));
    const judge = (...job: number[]): number => {
      for (const [i, word] of job.entries()) view.setUint32(12 + 4 * i, word, true);
      return k.call('hashJobs', 2);
    };
    const [message, nodes, end] = ['MESSAGE', 'NODES', 'END'].map((name) => k.at(name));
    for (const [i, word] of [message, 1, nodes].entries()) view.setUint32(4 * i, word, true);
    expect(judge(message, 1, nodes)).toBe(1);
    expect(judge(end - 128, 2, nodes)).toBe(1);
    expect(judge(message, 1, end - 32)).toBe(1);
    expect(judge(message, 0, nodes)).toBe(-1);
    expect(judge(end - 127, 2, nodes)).toBe(-1);
    expect(judge(message, 2 ** 26, nodes)).toBe(-1);
    expect(judge(2 ** 32 - 64, 1, nodes)).toBe(-1);
    expect(judge(message, 1, end - 31)).toBe(-1);
    expect(judge(message, 1, 2 ** 32 - 1)).toBe(-1);
    for (const count of [-1, 1025, 2 ** 31 - 1]) expect(k.call('hashJobs', count)).toBe(-1);
    for (const count of [-1, 1025, 2 ** 31 - 1]) expect(k.call('hashNodePairs', count)).toBe(-1);
    for (const count of [-1, 0, 2049, 2 ** 31 - 1]) expect(k.call('merkleRootOfNodes', count)).toBe(-1);
  });
});
