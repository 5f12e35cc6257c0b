import { expect, test } from 'vitest';
import { attackLines, openKernel } from '../property/line-attack.ts';
import { Dice, seedOf } from '../property/mutate.ts';

const HOURS = 3_600_000;
/** PERDURE_RUNS=100000 for a few minutes. */
const RUNS = Number(process.env.PERDURE_RUNS ?? 1_000_000);

test(
  'mutated logs in the line kernel: the verdict of the reference',
  async () => {
    const verdicts = await attackLines(RUNS, new Dice(seedOf('mutated lines in the kernel')), openKernel());
    expect([...verdicts.values()].reduce((a, b) => a + b)).toBeGreaterThan(RUNS);
  },
  5 * HOURS,
);
