import { utf8 } from '../base/bytes.ts';

/*
 * Bytes four at a time. A DataView reads a 32-bit word at any offset for the price of a byte, so what compares and classifies bytes
 * by the hundred does it by words: three times fewer steps (measured on the verifier's hot path). Words are little-endian, so the
 * first byte is the lowest. None of these looks at a bound: the caller knows that the bytes are there.
 */

/** The top bit of each byte. */
const TOPS = 0x80808080 | 0;

/** @returns a view of the same bytes to read words from. */
export function wordsOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** ASCII text of 4 to 32 bytes, to compare with by words; the last word overlaps the one before. */
export class Literal {
  readonly length: number;
  /** Words at 0, 4, 8 … as long as they end before the last one does; fields, since an array costs a load and a check more each. */
  private readonly word0: number;
  private readonly word1: number;
  private readonly word2: number;
  private readonly word3: number;
  private readonly rest: Int32Array;
  private readonly last: number;

  constructor(text: string) {
    const bytes = utf8(text);
    const view = wordsOf(bytes);
    const word = (i: number): number => (4 * i + 4 <= bytes.length ? view.getInt32(4 * i, true) : 0);
    this.length = bytes.length;
    this.word0 = word(0);
    this.word1 = word(1);
    this.word2 = word(2);
    this.word3 = word(3);
    this.last = view.getInt32(bytes.length - 4, true);
    this.rest = Int32Array.from({ length: Math.max(0, (bytes.length >> 2) - 4) }, (_, i) => word(i + 4));
  }

  /** Whether it stands at `at`. */
  standsAt(view: DataView, at: number): boolean {
    if (view.getInt32(at, true) !== this.word0) return false;
    const { length } = this;
    if (view.getInt32(at + length - 4, true) !== this.last) return false;
    if (length <= 8) return true;
    if (view.getInt32(at + 4, true) !== this.word1) return false;
    if (length <= 12) return true;
    if (view.getInt32(at + 8, true) !== this.word2) return false;
    if (length <= 16) return true;
    if (view.getInt32(at + 12, true) !== this.word3) return false;
    const { rest } = this;
    for (let i = 0; i < rest.length; i++) if (view.getInt32(at + 16 + 4 * i, true) !== rest[i]) return false;
    return true;
  }
}

/** Whether `length` bytes, at least 4, at `a` and at `b` are the same. */
export function sameBytes(view: DataView, a: number, b: number, length: number): boolean {
  for (let i = 0; i < length - 4; i += 4) if (view.getInt32(a + i, true) !== view.getInt32(b + i, true)) return false;
  return view.getInt32(a + length - 4, true) === view.getInt32(b + length - 4, true);
}

/** Whether 64 lower-case hex digits stand at `at`. */
export function areHex64(view: DataView, at: number): boolean {
  let flaws = 0;
  for (let i = at; i < at + 64; i += 4) flaws |= hexFlaws(view.getInt32(i, true));
  return (flaws & TOPS) === 0;
}

/** Whether the digits of the UUID at `at` are lower-case hex; its hyphens are not looked at. */
export function areUuidDigits(view: DataView, at: number): boolean {
  const flaws =
    hexFlaws(view.getInt32(at, true)) |
    hexFlaws(view.getInt32(at + 4, true)) |
    hexFlaws(view.getInt32(at + 9, true)) |
    hexFlaws(view.getInt32(at + 14, true)) |
    hexFlaws(view.getInt32(at + 19, true)) |
    hexFlaws(view.getInt32(at + 24, true)) |
    hexFlaws(view.getInt32(at + 28, true)) |
    hexFlaws(view.getInt32(at + 32, true));
  return (flaws & TOPS) === 0;
}

/**
 * Set the top bit of a byte where a word holds something else than four lower-case hex digits. Below 0x80 no sum carries into the next
 * byte, and each sum's top bit says whether its byte is at least 0x30, 0x3a, 0x61, 0x67: a digit passes one or three of the four.
 * @returns 0 in all top bits exactly for four digits; with a byte of 0x80 or more that byte's own top bit is set.
 */
function hexFlaws(word: number): number {
  return word | ~((word + 0x50505050) ^ (word + 0x46464646) ^ (word + 0x1f1f1f1f) ^ (word + 0x19191919));
}

/**
 * Mark the bytes of a word that end a run of plain string content: a quote, a backslash, a control character, 0x80 and above. The
 * lowest mark is exact; those above it may be false, since a subtraction borrows from the next byte.
 * @returns 0 when there is none, else marks for `firstMark`.
 */
export function stringEnds(word: number): number {
  const quote = word ^ 0x22222222;
  const backslash = word ^ 0x5c5c5c5c;
  return (
    ((word - 0x20202020) | word | ((quote - 0x01010101) & ~quote) | ((backslash - 0x01010101) & ~backslash)) & TOPS
  );
}

/** @returns which byte, 0 to 3, the lowest mark is on. */
export function firstMark(marks: number): number {
  return (31 - Math.clz32(marks & -marks)) >> 3;
}
