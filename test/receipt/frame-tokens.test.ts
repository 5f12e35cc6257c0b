import { describe, expect, test } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { isHex64, isInstant, isUuid7 } from '../../src/receipt/frame-tokens.ts';
import { Dice, seedOf } from '../property/mutate.ts';

type Check = (buf: Uint8Array, at: number, end: number) => boolean;

/** The check on text that stands in the middle of more. */
const on = (check: Check, text: string): boolean => {
  const bytes = utf8(`9${text}9`);
  return check(bytes, 1, bytes.length - 1);
};

/** Every text that differs from `text` in one byte. */
function* neighbours(text: string): Generator<string> {
  for (let place = 0; place < text.length; place++) {
    for (let byte = 0; byte < 0x80; byte++)
      yield text.slice(0, place) + String.fromCharCode(byte) + text.slice(place + 1);
  }
}

describe('isInstant', () => {
  /** What Date says. */
  const isReal = (text: string): boolean => {
    const ms = Date.parse(text);
    return text.length === 24 && ms >= 0 && new Date(ms).toISOString() === text;
  };
  const two = (n: number): string => String(n).padStart(2, '0');

  test('every day from 00-00 to 13-32 of years that differ', () => {
    let real = 0;
    for (const year of [
      '0000',
      '0001',
      '1900',
      '1969',
      '1970',
      '1999',
      '2000',
      '2023',
      '2024',
      '2100',
      '2400',
      '9999',
    ]) {
      for (let month = 0; month <= 13; month++) {
        for (let day = 0; day <= 32; day++) {
          const text = `${year}-${two(month)}-${two(day)}T12:34:56.789Z`;
          expect(on(isInstant, text), text).toBe(isReal(text));
          if (isReal(text)) real++;
        }
      }
    }
    expect(real).toBe(8 * 365 + 3);
  });
  test('every hour, minute and second of two digits', () => {
    for (let n = 0; n < 100; n++) {
      for (const text of [
        `2026-11-20T${two(n)}:00:00.000Z`,
        `2026-11-20T00:${two(n)}:00.000Z`,
        `2026-11-20T23:59:${two(n)}.999Z`,
      ]) {
        expect(on(isInstant, text), text).toBe(isReal(text));
      }
    }
  });
  test('every text that is one byte beside an instant', () => {
    let real = 0;
    for (const instant of [
      '2026-11-20T20:34:02.000Z',
      '1970-01-01T00:00:00.000Z',
      '9999-12-31T23:59:59.999Z',
      '2024-02-29T09:19:29.099Z',
    ]) {
      for (const text of neighbours(instant)) {
        // Date.parse takes what toISOString never prints, a lower-case t for one: so the spelling is asked for too.
        const expected = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text) && isReal(text);
        expect(on(isInstant, text), text).toBe(expected);
        if (expected) real++;
      }
    }
    expect(real).toBeGreaterThan(200);
  });
  test('any instant of 1970 to 9999', () => {
    const dice = new Dice(seedOf('instants'));
    for (let i = 0; i < 20_000; i++) {
      const text = new Date(Math.floor((dice.below(2 ** 32) / 2 ** 32) * 253_402_300_800_000)).toISOString();
      expect(on(isInstant, text), text).toBe(true);
    }
  });
  test('reads nothing beyond the end', () => {
    const bytes = utf8('2026-11-20T20:34:02.000Z');
    expect(isInstant(bytes, 0, 24)).toBe(true);
    expect(isInstant(bytes, 0, 23)).toBe(false);
  });
});

describe.each<[string, Check, string, RegExp]>([
  [
    'isUuid7',
    isUuid7,
    '01990001-0000-7abc-8def-0123456789ab',
    /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  ],
  ['isHex64', isHex64, '0123456789abcdef'.repeat(4), /^[0-9a-f]{64}$/],
])('%s', (_, check, good, pattern) => {
  test('every text that is one byte beside a good one', () => {
    let kept = 0;
    for (const text of neighbours(good)) {
      expect(on(check, text), text).toBe(pattern.test(text));
      if (pattern.test(text)) kept++;
    }
    expect(kept).toBeGreaterThan(100);
  });
  test('bytes above ASCII, and an end that comes too soon', () => {
    const bytes = utf8(good);
    expect(check(bytes, 0, bytes.length)).toBe(true);
    expect(check(bytes, 0, bytes.length - 1)).toBe(false);
    for (let place = 0; place < bytes.length; place++) {
      const changed = bytes.slice();
      changed[place]! |= 0x80;
      expect(check(changed, 0, changed.length)).toBe(false);
    }
  });
});
