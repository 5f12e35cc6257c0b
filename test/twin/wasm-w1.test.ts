import { expect, it } from 'vitest';
import { compareW1, T1 } from './w1.ts';

it.each(Object.keys(T1) as (keyof typeof T1)[])(
  'w1 at the ends of its ranges, t1 %s: every coefficient, with hints, in both builds, alone and paired',
  async (t1) => expect(await compareW1(t1, 2)).toBe(2 * 11 * 1536),
);
