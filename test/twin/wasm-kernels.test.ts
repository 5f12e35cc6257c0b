import { shake128, shake256 } from '@noble/hashes/sha3.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { Q } from '../../src/crypto/expanded-key.ts';
import { BETA, GAMMA1, OMEGA, packZ, useHint } from '../crypto/forge.ts';
import { compileKernels, Kernels, seeded } from './kernels.ts';

let k: Kernels;
beforeAll(async () => {
  k = new Kernels(await compileKernels());
});

const random = seeded(0x9e3779b9);
const randomBytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => random(256));
const poly = (make: (n: number) => number): number[] => Array.from({ length: 256 }, (_, n) => make(n));
const mod = (value: number): number => ((value % Q) + Q) % Q;

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

describe('keccak for two', () => {
  it('permutes each lane as keccakF does', () => {
    for (let round = 0; round < 20; round++) {
      const [states, expected] = [k.at('STATES'), new Uint8Array(400)];
      const lanes = [randomBytes(200), round === 0 ? new Uint8Array(200) : randomBytes(200)];
      for (const [lane, state] of lanes.entries()) {
        k.bytes.set(state, k.at('STATE'));
        k.call('keccakF');
        for (let word = 0; word < 25; word++) {
          expected.set(k.read(k.at('STATE') + 8 * word, 8), 16 * word + 8 * lane);
          k.bytes.set(state.subarray(8 * word, 8 * word + 8), states + 16 * word + 8 * lane);
        }
      }
      k.call('keccakF2');
      expect(k.read(states, 400)).toEqual(expected);
    }
  });

  it('SHAKE256 of two strings: every length from 0 to 420 in each lane beside any other', () => {
    const [first, second, out] = [k.at('MESSAGE'), k.at('MESSAGE') + 1000, k.at('COMMITMENT')];
    for (let length = 0; length <= 420; length++) {
      for (const lengths of [
        [length, random(900)],
        [random(900), length],
      ]) {
        const [a, b] = lengths.map(randomBytes);
        k.bytes.set(a, first);
        k.bytes.set(b, second);
        k.call('shakePair', first, a.length, second, b.length, out, out + 64);
        expect(k.read(out, 64)).toEqual(shake256(a, { dkLen: 64 }));
        expect(k.read(out + 64, 64)).toEqual(shake256(b, { dkLen: 64 }));
      }
    }
  });
});

describe('sampling', () => {
  it('sampleInBall: 300 commitments, 49 coefficients each', () => {
    for (let round = 0; round < 300; round++) {
      const seed = randomBytes(48);
      k.bytes.set(seed, k.at('SIGNATURE'));
      k.call('sampleInBall', k.at('SIGNATURE'));
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
  it('t1: every value in every place of a group, times -2^13', () => {
    const at = k.at('SIGNATURE');
    for (let first = 0; first < 1024; first += 4) {
      const values = poly((n) => (first + n * 257) % 1024);
      let bits = 0n;
      for (const [n, value] of values.entries()) bits |= BigInt(value) << BigInt(10 * n);
      const packed = Uint8Array.from({ length: 320 }, (_, i) => Number((bits >> BigInt(8 * i)) & 255n));
      k.bytes.set(packed, at);
      k.call('unpackT1', at, k.at('C'));
      expect(k.poly(k.at('C'))).toEqual(values.map((value) => 0 - value * 8192));
    }
  });

  it('z: whole range unpacked, and refused exactly from the bound on', () => {
    const bound = GAMMA1 - BETA;
    const load = (z: number[][]): boolean => {
      k.bytes.set(packZ(z), k.at('SIGNATURE') + 48);
      const inside = k.call('unpackZ', k.at('SIGNATURE')) !== 0;
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
        z[random(5)][4 * random(64) + (round % 4)] = value;
        expect(load(z)).toBe(inside);
      }
    }
  });

  it('hints: 20,000 encodings, good and one or two bytes off, judged as the twin does', () => {
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
      const good = isWellFormed(y);
      expect(k.call('hintBitUnpack', k.at('SIGNATURE')) !== 0).toBe(good);
      counts[good ? 'good' : 'bad']++;
    }
    expect(Math.min(counts.good, counts.bad)).toBeGreaterThan(3000);
    // 56 of them, the last in the first byte of the counts: all rise, but there are more than omega.
    const above = new Uint8Array(OMEGA + 6).map((_, i) => (i < OMEGA ? i : OMEGA + 1));
    k.bytes.set(above, k.at('SIGNATURE') + 3248);
    expect(isWellFormed(above)).toBe(false);
    expect(k.call('hintBitUnpack', k.at('SIGNATURE'))).toBe(0);
  });
});

/** Judged by asking for each property apart. @see FIPS 204 Algorithm 21 */
function isWellFormed(y: Uint8Array): boolean {
  const limits = [0, ...y.subarray(OMEGA)];
  if (limits.some((limit, i) => limit > OMEGA || (i > 0 && limit < limits[i - 1]))) return false;
  if (y.subarray(limits[6], OMEGA).some((byte) => byte !== 0)) return false;
  return limits.slice(0, 6).every((limit, i) => {
    const positions = [...y.subarray(limit, limits[i + 1])];
    return positions.every((position, n) => n === 0 || position > positions[n - 1]);
  });
}

describe('rounding', () => {
  // The hinted positions stand where the signature does; each coefficient of the range is seen with a hint and without.
  const [from, to] = [-Math.floor(Q / 4), Math.floor((5 * Q) / 4)];
  it('w1 of all residues mod Q, from every representative in the range, with and without a hint', () => {
    const [w, positions, encoded] = [k.at('W'), k.at('SIGNATURE'), k.at('W1')];
    const wrong: number[] = [];
    for (let first = from; first <= to && wrong.length < 20; first += 256) {
      for (let n = 0; n < 256; n++) k.coefficients[w / 4 + n] = Math.min(first + n, to);
      for (const parity of [0, 1]) {
        for (let n = 0; n < 128; n++) k.bytes[positions + n] = 2 * n + parity;
        k.call('w1Row', w, positions, positions + 128, encoded);
        for (let n = 0; n < 256; n++) {
          const found = (k.bytes[encoded + (n >> 1)] >> (4 * (n & 1))) & 15;
          if (found !== useHint(n % 2 === parity, mod(Math.min(first + n, to)))) wrong.push(first + n);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('no hint, one hint, and hints of one row only where they belong', () => {
    const [w, positions, encoded] = [k.at('W'), k.at('SIGNATURE'), k.at('W1')];
    for (let round = 0; round < 300; round++) {
      const values = poly(() => random(to - from) + from);
      const hinted = [...new Set(Array.from({ length: random(8) }, () => random(256)))];
      k.setPoly(w, values);
      k.bytes.set(hinted, positions);
      k.call('w1Row', w, positions, positions + hinted.length, encoded);
      const found = poly((n) => (k.bytes[encoded + (n >> 1)] >> (4 * (n & 1))) & 15);
      expect(found).toEqual(values.map((value, n) => useHint(hinted.includes(n), mod(value))));
    }
  });
});

describe('the ABI', () => {
  it('refuses slots that are not there or not prepared, and lengths beyond the region, without a trap', () => {
    for (const slot of [-1, 32, 2 ** 31 - 1, -(2 ** 31)]) {
      for (const name of ['prepareKey', 'beginMessage', 'verifyMu', 'verifyPair'])
        expect(k.call(name, slot, 0, 0)).toBe(-1);
    }
    const fresh = k.call('slots') - 1;
    expect(['beginMessage', 'verifyMu', 'verifyPair'].map((name) => k.call(name, fresh, 0, 0))).toEqual([-1, -1, -1]);
    k.call('prepareKey', fresh);
    const most = k.call('pairMessageBytes');
    expect(k.call('verifyPair', fresh, most, most)).toBe(0);
    for (const length of [-1, most + 1, 2 ** 31 - 1, -(2 ** 31)]) {
      expect(k.call('verifyPair', fresh, length, 0)).toBe(-1);
      expect(k.call('verifyPair', fresh, 0, length)).toBe(-1);
    }
    for (const length of [-1, 65537, 2 ** 31 - 1]) expect(k.call('absorbMessage', length)).toBe(-1);
  });

  it('the regions follow each other and end within memory', () => {
    const names = [
      ...'ZETAS STATES STATE MU W1 COMMITMENT PUBLIC_KEY SIGNATURE Z C W MESSAGE KEYS'.split(' '),
      ...'LANES WORDS LANE_JOBS JOBS SAVED NODES NODE_BLOCKS KIDS PREFIX SCHEMA RECORDS CHUNK END'.split(' '),
    ];
    const offsets = names.map((name) => k.at(name));
    expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
    expect(offsets.at(-1)).toBeLessThanOrEqual(k.bytes.length);
    for (const name of ['Z', 'C', 'W', 'KEYS', 'ZETAS']) expect(k.at(name) % 64).toBe(0);
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
