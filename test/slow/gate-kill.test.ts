import { afterEach, expect, it } from 'vitest';
import { gateRounds } from '../fault/gate-rounds.ts';
import { type Arena, arena, dispose } from '../fault/processes.ts';

let place: Arena;
afterEach(() => dispose(place));

it('200 gates, each killed at another step: no approval is lost, no call runs twice', async () => {
  place = await arena('ML-DSA-65', 'each');
  const { killed, executions, allowed, abandoned } = await gateRounds(place, 200);
  expect(killed).toBeGreaterThan(150);
  // Some died before the tool ran, some after it and before its outcome was on record.
  expect(executions).toBeGreaterThan(100);
  expect(executions).toBeLessThanOrEqual(allowed);
  expect(abandoned).toBeGreaterThan(20);
});
