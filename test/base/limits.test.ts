import { expect, test } from 'vitest';
import * as limits from '../../src/base/limits.ts';

test('the limits of the format are those of the format', () => {
  expect({ ...limits }).toMatchObject({
    MAX_ENTRY_BYTES: 65_535,
    MAX_LINE_BYTES: 1_048_576,
    MAX_DEPTH: 64,
    MAX_SIGNATURES: 8,
    MAX_KEYS: 8,
    MAX_ORIGIN_CHARS: 200,
    MAX_ALG_CHARS: 32,
    MAX_SIG_CHARS: 66_475,
  });
});

test('the longest signature field holds SLH-DSA-SHA2-256f', () => {
  expect(limits.MAX_SIG_CHARS).toBe(Math.ceil((49_856 * 4) / 3));
});

test('the largest entry fits a line with the eight widest signatures', () => {
  const sig = '{"alg":"","kid":"","sig":""},'.length + limits.MAX_ALG_CHARS + 43 + limits.MAX_SIG_CHARS;
  expect(limits.MAX_ENTRY_BYTES + limits.MAX_SIGNATURES * sig + 200).toBeLessThan(limits.MAX_LINE_BYTES);
});
