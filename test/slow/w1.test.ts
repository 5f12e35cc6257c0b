import { expect, it } from 'vitest';
import { compareW1, T1 } from '../twin/w1.ts';

it('w1 at the ends of its ranges, the full number of coefficients', async () => {
  let compared = 0;
  for (const t1 of Object.keys(T1) as (keyof typeof T1)[]) compared += await compareW1(t1, 15);
  expect(compared).toBeGreaterThan(700_000);
}, 600_000);
