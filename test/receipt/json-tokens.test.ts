import { describe, expect, test } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import {
  ESCAPE_BAD,
  ESCAPE_CANONICAL,
  ESCAPE_LOOSE,
  judgeEscape,
  utf8SequenceLength,
} from '../../src/receipt/json-tokens.ts';

/** What JSON.parse and JSON.stringify say of an escape. */
function oracle(text: string): number {
  let value: string;
  try {
    value = JSON.parse(`"${text}"`) as string;
  } catch {
    return ESCAPE_BAD;
  }
  return !/\p{Surrogate}/u.test(value) && JSON.stringify(value) === `"${text}"` ? ESCAPE_CANONICAL : ESCAPE_LOOSE;
}

const judge = (text: string): number => {
  const bytes = utf8(text);
  return judgeEscape(bytes, 0, bytes.length);
};

describe('judgeEscape', () => {
  test('every byte after the backslash', () => {
    let canonical = 0;
    for (let byte = 0; byte < 0x80; byte++) {
      const text = `\\${String.fromCharCode(byte)}`;
      expect(judge(text), text).toBe(oracle(text));
      if (judge(text) === ESCAPE_CANONICAL) canonical++;
    }
    expect(canonical).toBe(7);
    for (let byte = 0x80; byte < 0x100; byte++) {
      expect(judgeEscape(Uint8Array.of(0x5c, byte), 0, 2)).toBe(ESCAPE_BAD);
    }
  });

  test('all 65,536 code units, in lower and in upper case', () => {
    const wrong: string[] = [];
    let canonical = 0;
    for (let unit = 0; unit < 0x10000; unit++) {
      const hex = unit.toString(16).padStart(4, '0');
      for (const text of new Set([`\\u${hex}`, `\\u${hex.toUpperCase()}`])) {
        if (judge(text) !== oracle(text)) wrong.push(text);
        if (judge(text) === ESCAPE_CANONICAL) canonical++;
      }
    }
    expect(wrong).toEqual([]);
    // 32 control characters but for the five with a short form.
    expect(canonical).toBe(27);
  });

  test('four digits of which one is any byte, and escapes that end too soon', () => {
    for (let place = 2; place < 6; place++) {
      for (let byte = 0; byte < 0x100; byte++) {
        const bytes = utf8('\\u001f');
        bytes[place] = byte;
        const text = String.fromCharCode(...bytes);
        expect(judgeEscape(bytes, 0, 6), text).toBe(byte < 0x80 ? oracle(text) : ESCAPE_BAD);
      }
    }
    const whole = utf8('xx\\u001fyy');
    for (let limit = 3; limit < 8; limit++) expect(judgeEscape(whole, 2, limit)).toBe(ESCAPE_BAD);
    expect(judgeEscape(whole, 2, 8)).toBe(ESCAPE_CANONICAL);
  });
});

/** No character, and no part of one. */
const BETWEEN = [1, 2, 3];
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** @returns which of the given byte sequences, all of one length, are one character each: what a decoder makes of them. */
function oneCharacter(cells: readonly (readonly number[])[]): boolean[] {
  const bytes = new Uint8Array(cells.length * (cells[0]!.length + BETWEEN.length));
  let at = 0;
  for (const cell of cells) {
    bytes.set(cell, at);
    bytes.set(BETWEEN, at + cell.length);
    at += cell.length + BETWEEN.length;
  }
  const texts = decoder.decode(bytes).split(String.fromCharCode(...BETWEEN));
  // U+FFFD stands for what is no UTF-8, and for itself.
  const isReplacement = (cell: readonly number[]): boolean => cell.join() === '239,191,189';
  return cells.map((cell, i) => [...texts[i]!].length === 1 && (texts[i] !== '\ufffd' || isReplacement(cell)));
}

describe('utf8SequenceLength', () => {
  const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const all = range(0, 255);
  /** Bytes around the borders that UTF-8 knows. */
  const some = [0x00, 0x22, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff];

  /** Ask of every combination, a first byte at a time. @returns how many are characters, and the ones judged wrongly. */
  function ask(firsts: readonly number[], ...rest: (readonly number[])[]): { characters: number; wrong: number[][] } {
    const length = 1 + rest.length;
    const wrong: number[][] = [];
    let characters = 0;
    for (const first of firsts) {
      let cells = [[first]];
      for (const bytes of rest) cells = cells.flatMap((cell) => bytes.map((byte) => [...cell, byte]));
      const expected = oneCharacter(cells);
      cells.forEach((cell, i) => {
        if (expected[i]) characters++;
        if (utf8SequenceLength(Uint8Array.from(cell), 0, length) !== (expected[i] ? length : 0)) wrong.push(cell);
      });
    }
    return { characters, wrong };
  }

  test('every two bytes whose first begins no longer one', () => {
    expect(ask([...range(0x80, 0xdf), ...range(0xf8, 0xff)], all)).toEqual({ characters: 0x800 - 0x80, wrong: [] });
  });
  test('every three bytes that begin like three', { timeout: 180_000 }, () => {
    expect(ask(range(0xe0, 0xef), all, all)).toEqual({ characters: 0x10000 - 0x800 - 0x800, wrong: [] });
  });
  test('four bytes: every first and second, bytes around the borders after', { timeout: 180_000 }, () => {
    // Six of the bytes around the borders may continue a sequence.
    const seconds = 0x30 + 3 * 0x40 + 0x10;
    expect(ask(range(0xf0, 0xff), all, some, some)).toEqual({ characters: seconds * 6 * 6, wrong: [] });
  });
  test('never reads beyond the limit', () => {
    for (const text of ['\u00e9', '\u20ac', '\u{1f600}']) {
      const bytes = utf8(`${text}${text}`);
      const { length } = utf8(text);
      for (let limit = 1; limit < length; limit++) expect(utf8SequenceLength(bytes, 0, limit)).toBe(0);
      expect(utf8SequenceLength(bytes, 0, length)).toBe(length);
      expect(utf8SequenceLength(bytes, length, 2 * length)).toBe(length);
    }
  });
});
