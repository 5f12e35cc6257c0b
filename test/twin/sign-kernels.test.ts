import { shake256 } from '@noble/hashes/sha3.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { concatBytes } from '../../src/base/bytes.ts';
import { Q } from '../../src/crypto/expanded-key.ts';
import { BETA, GAMMA1, OMEGA, packHints, packZ, useHint } from '../crypto/forge.ts';
import { compileKernels, Kernels, seeded } from './kernels.ts';

let k: Kernels;
beforeAll(async () => {
  k = new Kernels(await compileKernels([], 'sign-kernels'));
});

const GAMMA2 = (Q - 1) / 32;
const random = seeded(0x51673);
const randomBytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => random(256));
const poly = (make: (n: number) => number): number[] => Array.from({ length: 256 }, (_, n) => make(n));
const mod = (value: number): number => ((value % Q) + Q) % Q;

/** Pack values of `bits` bits, little-endian. @see FIPS 204 Algorithm 16 */
function pack(values: readonly number[], bits: number): Uint8Array {
  let all = 0n;
  for (const [n, value] of values.entries()) all |= BigInt(value) << BigInt(bits * n);
  return Uint8Array.from({ length: (values.length * bits) / 8 }, (_, i) => Number((all >> BigInt(8 * i)) & 255n));
}

/** By the schoolbook, in Z[X]/(X^256 + 1). */
function product(c: readonly number[], s: readonly number[]): number[] {
  const out = new Array<number>(256).fill(0);
  for (let i = 0; i < 256; i++) {
    if (c[i] === 0) continue;
    for (let n = 0; n < 256; n++) out[(i + n) % 256] += (i + n >= 256 ? -1 : 1) * c[i] * s[n];
  }
  return out;
}

describe('unpacking a secret key', () => {
  it('s1 and s2: every pair of nibbles; -s stands before s, and the largest nibble is told', () => {
    const [packed, sparse] = [k.at('MASK'), k.at('S1')];
    for (let first = 0; first < 256; first += 128) {
      const bytes = Uint8Array.from({ length: 128 }, (_, i) => first + i);
      k.bytes.set(bytes, packed);
      const largest = k.call('unpackEta', packed, sparse);
      const s = [...bytes].flatMap((byte) => [4 - (byte & 15), 4 - (byte >> 4)]);
      const found = [...new Int8Array(k.read(sparse, 512).buffer)];
      expect(found).toEqual([...s.map((value) => 0 - value), ...s]);
      expect(largest).toBe(15);
    }
    for (const largest of [0, 1, 8, 9, 14]) {
      const bytes = new Uint8Array(128);
      bytes[random(128)] = random(2) === 0 ? largest : largest << 4;
      k.bytes.set(bytes, packed);
      expect(k.call('unpackEta', packed, sparse)).toBe(largest);
    }
  });

  it('t0: all 8192 values, in every place of a group of eight', () => {
    const [packed, out] = [k.at('MASK'), k.at('T0')];
    for (let first = 0; first < 8192; first += 32) {
      const values = poly((n) => (first + n * 1025) % 8192);
      k.bytes.set(pack(values, 13), packed);
      k.call('unpackT0', packed, out);
      expect(k.poly(out)).toEqual(values.map((value) => 4096 - value));
    }
  });
});

describe('packing a signature', () => {
  it('z: both ends of the range and 30 random vectors', () => {
    for (let round = 0; round < 32; round++) {
      const z = Array.from({ length: 5 }, () =>
        poly(() => (round === 0 ? GAMMA1 - 1 : round === 1 ? 1 - GAMMA1 : random(2 * GAMMA1 - 1) - GAMMA1 + 1)),
      );
      z.forEach((values, j) => {
        k.setPoly(k.at('Y') + 1024 * j, values);
      });
      k.call('packZ');
      expect(k.read(k.at('SIGNATURE') + 48, 3200)).toEqual(packZ(z));
    }
  });

  it('hints: none, all 55 in one polynomial, and 200 random sets', () => {
    for (let round = 0; round < 202; round++) {
      const sets = Array.from({ length: 6 }, () => new Set<number>());
      const count = round === 0 ? 0 : round === 1 ? OMEGA : random(OMEGA + 1);
      for (let n = 0; n < count; n++) sets[round === 1 ? 3 : random(6)].add(round === 1 ? 201 + n : random(256));
      const at = k.at('HINTS');
      k.bytes.fill(0, at, at + 1536);
      for (const [i, set] of sets.entries()) for (const n of set) k.bytes[at + 256 * i + n] = 1;
      k.bytes.fill(0xee, k.at('SIGNATURE') + 3248, k.at('SIGNATURE') + 3309);
      k.call('hintBitPack');
      expect(k.read(k.at('SIGNATURE') + 3248, 61)).toEqual(packHints(sets.map((set) => [...set])));
    }
  });
});

it('expandMask: every polynomial of 40 seeds and counters, the highest included', () => {
  for (let round = 0; round < 40; round++) {
    const seed = randomBytes(64);
    const kappa = [0, 5, 250, 255, 256, 65531][round] ?? random(65532);
    k.bytes.set(seed, k.at('MASK_SEED'));
    k.call('expandMask', kappa);
    for (let r = 0; r < 5; r++) {
      const counter = kappa + r;
      const stream = shake256(concatBytes(seed, Uint8Array.of(counter & 255, counter >> 8)), { dkLen: 640 });
      let bits = 0n;
      for (const [i, byte] of stream.entries()) bits |= BigInt(byte) << BigInt(8 * i);
      const y = poly((n) => GAMMA1 - Number((bits >> BigInt(20 * n)) & 0xfffffn));
      expect(k.poly(k.at('Y') + 1024 * r)).toEqual(y);
    }
  }
});

describe('c * s beside the schoolbook', () => {
  const challenge = (): number[] => {
    const c = poly(() => 0);
    for (let left = 49; left > 0; ) {
      const n = random(256);
      if (c[n] !== 0) continue;
      c[n] = random(2) === 0 ? 1 : -1;
      left--;
    }
    return c;
  };
  const check = (c: readonly number[], s: readonly number[], subtract: boolean): void => {
    const start = poly(() => random(2 ** 20) - 2 ** 19);
    const [sparse, out] = [k.at('S2') + 512, k.at('LOW')];
    k.setPoly(k.at('C'), c);
    k.setPoly(out, start);
    const bytes = Int8Array.from([...s.map((value) => -value), ...s]);
    k.bytes.set(new Uint8Array(bytes.buffer), sparse);
    const ones = k.call('findPlaces');
    expect(ones).toBe(c.filter((value) => value === 1).length);
    k.call('addProduct', sparse, ones, subtract ? 1 : 0, out);
    const added = product(c, s);
    expect(k.poly(out)).toEqual(start.map((value, n) => value + (subtract ? -1 : 1) * added[n]));
  };

  it('100 random challenges and secrets, added and subtracted', () => {
    for (let round = 0; round < 100; round++)
      check(
        challenge(),
        poly(() => random(9) - 4),
        round % 2 === 0,
      );
  });

  it('the largest sums, BETA: all signs aligned, at the ends of the register halves', () => {
    for (const place of [0, 15, 16, 127, 128, 255]) {
      for (const sign of [1, -1]) {
        const c = challenge();
        const s = poly((n) => {
          const i = (place - n + 256) % 256;
          return c[i] === 0 ? 4 : 4 * sign * c[i] * (n <= place ? 1 : -1);
        });
        expect(product(c, s)[place]).toBe(sign * BETA);
        check(c, s, false);
        check(c, s, true);
      }
    }
    for (const sign of [1, -1]) {
      check(
        poly((n) => (n < 49 ? sign : 0)),
        poly(() => 4),
        false,
      );
    }
  });
});

describe('rounding', () => {
  /** One of r - Q, r and r + Q, by turns; inverseNtt leaves what lies above -Q and below 2Q. Of 0 comes Q, the edge. */
  const representative = (r: number, first: number): number => {
    const turn = r === 0 ? 2 : (first / 256) % 3;
    return r + [0, -Q, Q][turn];
  };

  it('decompose: all residues mod Q, from every representative that may come in, beside its definition', () => {
    const [low, high, encoded] = [k.at('LOW'), k.at('HIGH'), k.at('W1')];
    const wrong: number[] = [];
    for (let first = 0; first < Q; first += 256) {
      for (let n = 0; n < 256; n++) {
        const r = (first + n) % Q;
        k.coefficients[low / 4 + n] = representative(r, first);
      }
      k.call('decompose', low, high, encoded);
      for (let n = 0; n < 256; n++) {
        const r = (first + n) % Q;
        const w1 = useHint(false, r);
        const w0 = r - w1 * 2 * GAMMA2 > GAMMA2 ? r - Q : r - w1 * 2 * GAMMA2;
        const found = (k.bytes[encoded + (n >> 1)] >> (4 * (n & 1))) & 15;
        if (k.coefficients[high / 4 + n] !== w1 || k.coefficients[low / 4 + n] !== w0 || found !== w1) wrong.push(r);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('centre: all residues mod Q, from every representative that may come in', () => {
    const at = k.at('W');
    const wrong: number[] = [];
    for (let first = 0; first < Q; first += 256) {
      for (let n = 0; n < 256; n++) {
        const r = (first + n) % Q;
        k.coefficients[at / 4 + n] = representative(r, first);
      }
      k.call('centre', at);
      for (let n = 0; n < 256; n++) {
        const r = (first + n) % Q;
        if (k.coefficients[at / 4 + n] !== (r > (Q - 1) / 2 ? r - Q : r)) wrong.push(r);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('reaches: exactly from the bound on, in every place, both signs', () => {
    const at = k.at('W');
    for (const bound of [GAMMA2 - BETA, GAMMA1 - BETA, GAMMA2]) {
      for (let n = 0; n < 256; n++) {
        const base = poly(() => random(2 * bound - 1) - bound + 1);
        for (const [value, answer] of [
          [bound - 1, 0],
          [1 - bound, 0],
          [bound, 1],
          [-bound, 1],
        ]) {
          k.setPoly(at, base.with(n, value));
          expect(k.call('reaches', at, bound) & 1).toBe(answer);
        }
      }
    }
  });

  it('makeHint: whether adding c*t0 moves the high bits, by its definition, edges with every w1', () => {
    const [low, high, hints] = [k.at('LOW'), k.at('HIGH'), k.at('HINTS')];
    for (let round = 0; round < 400; round++) {
      // r0 = LowBits(w - c*s2) within GAMMA2 - BETA, c*t0 below GAMMA2; their sum is what the kernel gets.
      const w1 = poly((n) => n % 16);
      const r0 = poly(() => random(2 * (GAMMA2 - BETA) - 1) - GAMMA2 + BETA + 1);
      const ct0 = poly((n) => {
        const edge = [GAMMA2, GAMMA2 + 1, -GAMMA2, -GAMMA2 - 1, GAMMA2 - 1, 1 - GAMMA2][(n >> 4) + round];
        const value = edge === undefined ? random(2 * GAMMA2 - 1) - GAMMA2 + 1 : edge - r0[n];
        return Math.max(1 - GAMMA2, Math.min(GAMMA2 - 1, value));
      });
      k.setPoly(high, w1);
      k.setPoly(
        low,
        r0.map((value, n) => value + ct0[n]),
      );
      const count = k.call('makeHint', low, high, hints);
      // MakeHint(-c*t0, w - c*s2 + c*t0): do the high bits of r and of r - c*t0 differ? @see FIPS 204 Algorithm 39
      const expected = r0.map((value, n) => {
        const before = mod(w1[n] * 2 * GAMMA2 + value);
        return useHint(false, mod(before + ct0[n])) === useHint(false, before) ? 0 : 1;
      });
      expect([...k.read(hints, 256)]).toEqual(expected);
      expect(count).toBe(expected.filter((hint) => hint === 1).length);
    }
  });
});

it('the regions follow each other, aligned, and end within memory', () => {
  const names =
    'ZETAS STATES STATE MU W1 SIGNATURE Z C W MESSAGE SECRET_KEY MATRIX S1 S2 T0 TR KEY_SEED RND Y LOW HIGH MASK_SEED MASK PLACES HINTS SIGNER_END';
  const offsets = names.split(' ').map((name) => k.at(name));
  expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
  expect(offsets.at(-1)).toBeLessThanOrEqual(3 * 65536);
  for (const name of ['MATRIX', 'T0', 'Y', 'LOW', 'HIGH']) expect(k.at(name) % 4).toBe(0);
});

it('the ABI refuses to sign without a key and lengths beyond the region, without a trap', () => {
  k.call('wipeAll');
  expect([k.call('sign'), k.call('beginMessage')]).toEqual([-1, -1]);
  for (const length of [-1, 65537, 2 ** 31 - 1]) expect(k.call('absorbMessage', length)).toBe(-1);
});
