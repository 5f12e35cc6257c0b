import { beforeAll, describe, expect, it } from 'vitest';
import { ntt, POINTS, Q, rejNTTPoly } from '../../src/crypto/expanded-key.ts';
import { inverseNtt } from '../crypto/forge.ts';
import { compileKernels, Kernels, seeded } from './kernels.ts';

let k: Kernels;
beforeAll(async () => {
  k = new Kernels(await compileKernels());
});

const random = seeded(0x9e3779b9);
const poly = (make: (n: number) => number): number[] => Array.from({ length: 256 }, (_, n) => make(n));
const mod = (value: number): number => ((value % Q) + Q) % Q;
const MONTGOMERY_R = 2 ** 32 % Q;

/** Where coefficient n of the NTT domain stands: each sixteen as a matrix of four by four, transposed. */
const PLACES = poly((n) => n - (n % 16) + 4 * (n % 4) + Math.floor((n % 16) / 4));
const placed = (values: readonly number[]): number[] => {
  const out = poly(() => 0);
  for (const [n, place] of PLACES.entries()) out[place] = values[n];
  return out;
};
const unplaced = (values: readonly number[]): number[] => PLACES.map((place) => values[place]);
/** Where vector `v` of column `column` (5 of A, then t) of row `row` of the key in slot 0 begins. */
const keyVector = (row: number, column: number, v: number): number => k.at('KEYS') + 16 * (36 * v + 6 * row + column);
const keyPoly = (row: number, column: number): number[] =>
  unplaced(Array.from({ length: 64 }, (_, v) => [...k.vector(keyVector(row, column, v))]).flat());
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

describe('ntt beside its definition', () => {
  it('forward: congruent, below 9.1 Q; from those of z, at most 2^19, below 8.2 Q', () => {
    for (const [input, bound] of [
      ...EXTREMES.map((values) => [values, 9.1] as const),
      ...EXTREMES.map((values) => [values.map((value) => Math.trunc((value / (Q - 1)) * 2 ** 19)), 8.2] as const),
    ]) {
      k.setPoly(k.at('C'), input);
      k.call('ntt', k.at('C'));
      const out = k.poly(k.at('C'));
      expect(unplaced(out).map(mod)).toEqual(ntt(input));
      expect(Math.max(...out.map(Math.abs))).toBeLessThan(bound * Q);
    }
  });

  it('inverse: congruent times R, from -Q/4 to 5Q/4', () => {
    for (const input of EXTREMES) {
      k.setPoly(k.at('C'), placed(input));
      k.call('inverseNtt', k.at('C'));
      const out = k.poly(k.at('C'));
      expect(out.map(mod)).toEqual(inverseNtt(input.map(mod)).map((w) => (w * MONTGOMERY_R) % Q));
      expect(Math.min(...out)).toBeGreaterThan(-Q / 4);
      expect(Math.max(...out)).toBeLessThan((5 * Q) / 4);
    }
  });

  it('every power of X alone, at both ends: each twiddle of each layer, to and fro', () => {
    for (let n = 0; n < 256; n++) {
      const sign = n % 2 === 0 ? 1 : -1;
      const input = poly((i) => (i === n ? sign * (Q - 1) : 0));
      k.setPoly(k.at('C'), input);
      k.call('ntt', k.at('C'));
      const hat = k.poly(k.at('C')).map(mod);
      expect(unplaced(hat)).toEqual(POINTS.map((point) => mod(-sign * powerOf(point, n))));
      k.setPoly(k.at('C'), hat);
      k.call('inverseNtt', k.at('C'));
      expect(k.poly(k.at('C')).map(mod)).toEqual(input.map((a) => (mod(a) * MONTGOMERY_R) % Q));
    }
  });
});

function powerOf(base: number, exponent: number): number {
  let out = 1;
  for (let e = 0; e < exponent; e++) out = (out * base) % Q;
  return out;
}

describe('the product with a key', () => {
  const fill = (make: () => number): void => {
    for (let at = k.at('KEYS'); at < k.at('KEYS') + 36 * 1024; at += 4) k.coefficients[at / 4] = make();
  };
  const most = Math.floor(8.2 * Q);
  const mostT = Math.floor(9.1 * Q);

  it.each([
    ['all at the upper end', () => Q - 1, () => mostT, () => most],
    ['all at the lower end', () => Q - 1, () => -mostT, () => -most],
    ['ends at random', () => (Q - 1) * random(2), () => mostT * (2 * random(2) - 1), () => most * (2 * random(2) - 1)],
    ['random', () => random(Q), () => random(2 * mostT) - mostT, () => random(2 * most) - most],
  ] as const)('%s: congruent, times 1/R, below 0.73 Q', (_, a, t, z) => {
    fill(a);
    for (let row = 0; row < 6; row++)
      for (let v = 0; v < 64; v++) k.coefficients.set([t(), t(), t(), t()], keyVector(row, 5, v) / 4);
    const terms = [0, 1, 2, 3, 4, 5].map(() => poly(z));
    for (const [j, values] of terms.entries()) k.setPoly(j < 5 ? k.at('Z') + 1024 * j : k.at('C'), values);
    k.call('multiplyKey', k.at('KEYS'));
    for (let row = 0; row < 6; row++) {
      const sums = poly(() => 0).map(() => 0n);
      for (const [column, values] of terms.entries())
        for (let n = 0; n < 256; n++)
          sums[n] += BigInt(k.vector(keyVector(row, column, n >> 2))[n & 3]) * BigInt(values[n]);
      const w = k.poly(k.at('W') + 1024 * row);
      for (const [n, sum] of sums.entries())
        expect((BigInt(w[n]) * 2n ** 32n - sum) % BigInt(Q) === 0n && Math.abs(w[n]) < 0.73 * Q).toBe(true);
    }
  });
});

describe('expandA', () => {
  it('every entry of two matrices, in its place of the key', () => {
    for (let round = 0; round < 2; round++) {
      const rho = Uint8Array.from({ length: 32 }, () => random(256));
      k.bytes.set(rho, k.at('PUBLIC_KEY'));
      k.call('expandA', k.at('PUBLIC_KEY'), k.at('KEYS'));
      for (let row = 0; row < 6; row++)
        for (let column = 0; column < 5; column++) expect(keyPoly(row, column)).toEqual(rejNTTPoly(rho, column, row));
    }
  });
});
