import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalText } from '../../src/receipt/canonical.ts';
import { hasShared, sharedFile } from '../shared.ts';

/*
 * Canonical text is written by JSON.stringify from a copy whose members stand in order, and by the library where JavaScript would not
 * keep that order. Both must write what the library writes.
 */

// Names that order wrongly in JavaScript objects, mean something to it, or sort differently by code point and by code unit.
const name = fc.oneof(
  fc.constantFrom(
    '0',
    '9',
    '10',
    '-1',
    '01',
    '4294967294',
    '4294967295',
    '__proto__',
    'toJSON',
    'constructor',
    '',
    'a',
    'Z',
  ),
  fc.constantFrom('\u{1f600}', '\ufb33', '\ue000', 'é', '\u2028', '"', '\\', '\n', '\u0000'),
  fc.string({ maxLength: 3, unit: 'binary' }),
);

test('any value', () => {
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.boolean(),
        fc.constant(null),
      ),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(name, tie('value'), { maxKeys: 6, noNullPrototype: false }),
      fc.dictionary(fc.stringMatching(/^[a-z_.-]{1,8}$/), tie('value'), { maxKeys: 6 }),
    ),
  }));
  let plain = 0;
  fc.assert(
    fc.property(value, (one) => {
      const text = canonicalText(one);
      expect(text).toBe(canonicalize(one));
      if (!/[{,]"[0-9]/.test(text)) plain++;
    }),
    { numRuns: 5000 },
  );
  expect(plain).toBeGreaterThan(1000);
});

test('few names and many, in any order', () => {
  const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 4, unit: 'binary' }), {
    maxLength: 60,
    size: 'max',
  });
  let many = 0;
  fc.assert(
    fc.property(names, (list) => {
      const value = Object.fromEntries(list.map((one, i) => [`n${one}`, i]));
      expect(canonicalText(value)).toBe(canonicalize(value));
      if (list.length > 24) many++;
    }),
    { numRuns: 500 },
  );
  expect(many).toBeGreaterThan(50);
});

test('a member called __proto__ stays where it belongs', () => {
  const text = '{"__proto__":{"b":1},"a":[{"__proto__":2}],"~":0}';
  expect(canonicalText(JSON.parse(text))).toBe(text);
});

test.runIf(hasShared)('the calls of real agents', () => {
  const calls = sharedFile('data/agent-tool-calls.jsonl').trimEnd().split('\n');
  expect(calls).toHaveLength(1164);
  for (const call of calls) {
    const value: unknown = JSON.parse(call);
    expect(canonicalText(value)).toBe(canonicalize(value));
  }
});
