import { expect, test } from 'vitest';
import { attack } from './hostile.ts';
import { MUTATIONS, RELINKED, seedOf } from './mutate.ts';

test('10,000 random mutations of valid logs, head pinned: no crash, no hang, none valid', {
  timeout: 180_000,
}, async () => {
  const counted = await attack(10_000, seedOf('mutations, head pinned'), true, 8);
  expect([...counted.values()].reduce((a, b) => a + b)).toBe(10_000);
  // Each kind of mutation was there, alone.
  const kinds = [...Object.keys(MUTATIONS), ...Object.keys(RELINKED)];
  expect(kinds.length).toBeGreaterThan(40);
  expect(kinds.filter((kind) => !counted.has(kind))).toEqual([]);
});
