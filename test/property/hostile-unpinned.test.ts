import { expect, test } from 'vitest';
import { attack } from './hostile.ts';
import { seedOf } from './mutate.ts';

test('5,000 random mutations without a pin: only a clean cut passes, and its tail is unknown', {
  timeout: 180_000,
}, async () => {
  const counted = await attack(5_000, seedOf('mutations, no pin'), false, 4);
  expect([...counted.values()].reduce((a, b) => a + b)).toBe(5_000);
  expect(counted.get('cut at a line end')).toBeGreaterThan(20);
});
