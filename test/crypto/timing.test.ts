import { describe, expect, test } from 'vitest';
import { seeded } from '../twin/kernels.ts';
import { BOUND, compare, isApart, momentsOf, type Subject, welchT } from './timing.ts';

describe('Welch’s t', () => {
  // Three samples that Wikipedia's article on the test works through: t = -2.46, -1.57 and -2.22.
  test.each([
    [
      [27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4],
      [27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 20.5, 24.4],
      -2.46,
    ],
    [
      [17.2, 20.9, 22.6, 18.1, 21.7, 21.4, 23.5, 24.2, 14.7, 21.8],
      '21.5 22.8 21.0 23.0 21.6 23.6 22.5 20.7 23.4 21.8 20.7 21.7 21.5 22.5 23.6 21.5 22.5 23.5 21.5 21.8'
        .split(' ')
        .map(Number),
      -1.57,
    ],
    [
      [19.8, 20.4, 19.6, 17.8, 18.5, 18.9, 18.3, 18.9, 19.5, 22.0],
      '28.2 26.6 20.1 23.3 25.2 22.1 17.7 27.6 20.6 13.7 23.2 17.5 20.6 18.0 23.9 21.6 24.3 20.4 24.0 13.2'
        .split(' ')
        .map(Number),
      -2.22,
    ],
  ])('of known samples, either way round', (a, b, t) => {
    expect(welchT(a, b)).toBeCloseTo(t, 2);
    expect(welchT(b, a)).toBeCloseTo(-t, 2);
  });

  test('mean and variance keep their digits far from zero; one value has none', () => {
    expect(momentsOf([1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16])).toEqual({ count: 4, mean: 1e9 + 10, variance: 30 });
    expect(() => momentsOf([1])).toThrow(RangeError);
  });

  test('equal samples are not apart; constant ones that differ are, without end', () => {
    expect(welchT([1, 2, 3], [1, 2, 3])).toBe(0);
    expect(welchT([1, 1], [2, 2])).toBe(Number.NEGATIVE_INFINITY);
  });
});

describe('two classes on a clock that we hold', () => {
  /** A subject that takes 20 µs and noise, `leakNs` more for the second class; one run in 20 is held up by a millisecond. */
  function timed(leakNs: number, seed: number, perClass = 400): ReturnType<typeof compare> {
    const random = seeded(seed);
    let clock = 0;
    let second = false;
    const subject: Subject = {
      perClass,
      rounds: 9,
      prepare: (input) => {
        second = input >= perClass;
        clock += 3;
      },
      run: () => {
        clock += 0.02 + random(400) / 1e6 + (second ? leakNs / 1e6 : 0) + (random(20) === 0 ? 1 : 0);
      },
    };
    return compare(subject, random, () => clock);
  }

  test('without a difference none of 40 comparisons finds one, and their t lie as they should', () => {
    const found = Array.from({ length: 40 }, (_, seed) => timed(0, seed, 200));
    expect(found.filter(isApart)).toEqual([]);
    const { mean, variance } = momentsOf(found.map(({ t }) => t));
    expect(Math.abs(mean)).toBeLessThan(0.6);
    expect(variance).toBeGreaterThan(0.4);
    expect(variance).toBeLessThan(2);
  });

  test('a difference of 30 ns among 400 of noise is found, and measured, though some runs are held up', () => {
    const found = timed(30, 1);
    expect(isApart(found)).toBe(true);
    expect(found.t).toBeLessThan(-BOUND);
    expect(found.apartNs).toBeGreaterThan(-40);
    expect(found.apartNs).toBeLessThan(-20);
    expect(found.us).toBeGreaterThan(20);
    expect(found.us).toBeLessThan(20.5);
  });

  test('a class that is timed first only in half of all cases: every input comes once a round, in another order each', () => {
    const seen: number[] = [];
    compare({ perClass: 8, rounds: 3, prepare: (input) => void seen.push(input), run: () => undefined }, seeded(5));
    const rounds = [0, 1, 2, 3].map((round) => seen.slice(16 * round, 16 * (round + 1)));
    for (const round of rounds)
      expect([...round].sort((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, i) => i));
    expect(new Set(rounds.map(String)).size).toBe(4);
  });
});
