import { expect, test } from 'vitest';
import { leisure } from '../../src/cli/leisure.ts';

/** A process whose other threads compute in the given steps; the last goes on for ever. @returns how many steps were waited. */
async function stepsOf(busy: readonly boolean[]): Promise<number> {
  let steps = 0;
  let user = 0;
  await leisure({
    now: () => steps,
    cpuUsage: () => ({ user, system: 7 }),
    sleep: async (ms) => {
      user += busy[Math.min(steps, busy.length - 1)] ? 1000 * ms : 100;
      steps += ms;
    },
  });
  return steps;
}

test('two calm steps in a row are enough', async () => {
  expect(await stepsOf([false])).toBe(2);
  expect(await stepsOf([true, true, false])).toBe(4);
});

test('one calm step is not: a thread that computes may have been kept waiting', async () => {
  expect(await stepsOf([true, false, true, false])).toBe(5);
});

test('it ends after 10 ms, whatever other threads do', async () => {
  expect(await stepsOf([true])).toBe(10);
});

test('of a process at rest it takes a few milliseconds', async () => {
  const from = performance.now();
  await leisure();
  expect(performance.now() - from).toBeGreaterThan(1);
});
