import { expect, test } from 'vitest';
import { attack } from '../property/hostile.ts';
import { seedOf } from '../property/mutate.ts';

const HOURS = 3_600_000;
/** PERDURE_RUNS=100000 for a few minutes. */
const RUNS = Number(process.env.PERDURE_RUNS ?? 1_000_000);

test.each([
  ['head pinned', true, RUNS],
  ['no pin', false, RUNS / 5],
] as const)(
  'random mutations of valid logs, %s',
  async (what, pinned, runs) => {
    const counted = await attack(runs, seedOf(`mutations, ${what}`), pinned, 1);
    expect([...counted.values()].reduce((a, b) => a + b)).toBe(runs);
  },
  3 * HOURS,
);
