import { afterEach, expect, it } from 'vitest';
import { gateRounds } from './gate-rounds.ts';
import { type Arena, arena, dispose } from './processes.ts';

let place: Arena;
afterEach(() => dispose(place));

it('a gate killed between any two steps loses no approval and runs no call twice', async () => {
  place = await arena('ML-DSA-65', 'each');
  const { killed, executions, allowed } = await gateRounds(place, 8);
  expect(killed).toBeGreaterThan(4);
  expect(executions).toBeGreaterThan(3);
  expect(executions).toBeLessThanOrEqual(allowed);
});
