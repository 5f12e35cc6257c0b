import { describe, expect, test } from 'vitest';
import { EMPTY_HEAD, follows, nextFrame } from '../../src/chain/chain.ts';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);
const TIME = '2026-11-20T20:34:00.123Z';

describe('the link rule', () => {
  test('the first entry has seq 0 and a zero prev', () => {
    expect(nextFrame(EMPTY_HEAD, 'example.com/a', 'id', TIME)).toEqual({
      id: 'id',
      log: 'example.com/a',
      prev: '0'.repeat(64),
      seq: 0,
      time: TIME,
    });
  });
  test('what nextFrame makes, follows; anything else does not', () => {
    const next = nextFrame({ size: 7, hash: A }, 'example.com/a', 'id', TIME);
    expect(follows({ seq: 6, hash: A }, next)).toEqual({ seq: true, prev: true });
    expect(follows({ seq: 5, hash: A }, next)).toEqual({ seq: false, prev: true });
    expect(follows({ seq: 6, hash: B }, next)).toEqual({ seq: true, prev: false });
  });
  test('a log of 2^53 entries is full', () => {
    expect(() => nextFrame({ size: 2 ** 53, hash: A }, 'l', 'id', TIME)).toThrow(RangeError);
  });
});
