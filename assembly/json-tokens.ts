/**
 * The tokens of canonical JSON that are more than a byte: strings with their escapes and UTF-8, numbers. In: an address in CHUNK on a
 * line that ends in LF. Out: where the token ends, or 0 for one that is broken or that these cannot judge. Writes nothing. A LF is part
 * of no token, so that all steps stop at the one that ends the line; reads reach at most 16 bytes behind it. Sees public data only.
 */

/** What a number is: the last one read. */
export const NEGATIVE: i32 = 0;
export const FRACTION: i32 = 1;
export const WHOLE: i32 = 2;
let shape: i32 = 0;
let whole64: i64 = 0;

export function numberShape(): i32 {
  return shape;
}
/** Its value, when it is WHOLE. */
export function numberValue(): i64 {
  return whole64;
}

const STRING_ENDS: usize = memory.data<u8>([
  0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22,
  0x5c, 0x5c, 0x5c, 0x5c, 0x5c, 0x5c, 0x5c, 0x5c, 0x5c, 0x5c, 0x5c, 0x5c, 0x5c, 0x5c, 0x5c, 0x5c,
  0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20,
], 16);

/** The first byte from `at` on that is no plain string content: a quote, a backslash, below 0x20, or 0x80 and above (negative). */
@inline
export function plainEnd(at: usize): usize {
  while (true) {
    const v = v128.load(at);
    const quotes = i8x16.eq(v, v128.load(STRING_ENDS));
    const backslashes = i8x16.eq(v, v128.load(STRING_ENDS, 16));
    const others = i8x16.lt_s(v, v128.load(STRING_ENDS, 32));
    const marks = i8x16.bitmask(v128.or(v128.or(quotes, backslashes), others));
    if (marks != 0) return at + <usize>ctz<i32>(marks);
    at += 16;
  }
}

/** @returns the address of the quote that closes the string whose content begins at `at`, or 0. */
export function stringEnd(at: usize): usize {
  while (true) {
    at = plainEnd(at);
    let byte = load<u8>(at);
    if (byte == 0x22) return at;
    if (byte == 0x5c) {
      const length = escapeLength(at);
      if (length == 0) return 0;
      at += length;
      continue;
    }
    if (byte < 0x80) return 0;
    // Where one such character stands, the next often is one too.
    for (; byte >= 0x80; byte = load<u8>(at)) {
      const length = sequenceLength(at);
      if (length == 0) return 0;
      at += length;
    }
  }
}

/** Length of the canonical escape at `at`: `\b \t \n \f \r \" \\`, and `\u00xx` for the other control characters; else 0. */
function escapeLength(at: usize): usize {
  const byte = load<u8>(at, 1);
  if (byte == 0x22 || byte == 0x5c || byte == 0x62 || byte == 0x66 || byte == 0x6e || byte == 0x72 || byte == 0x74) return 2;
  if (load<u32>(at, 1) != 0x30303075 && load<u32>(at, 1) != 0x31303075) return 0; // u000, u001
  const digit = load<u8>(at, 5);
  const isLetter = digit >= 0x61 && digit <= 0x66;
  if (!isLetter && (digit < 0x30 || digit > 0x39)) return 0;
  if (load<u8>(at, 4) == 0x31) return 6;
  // Those of 8, 9, a, c and d have short forms.
  return digit <= 0x37 || digit == 0x62 || digit >= 0x65 ? 6 : 0;
}

/** Length of the UTF-8 sequence of 2 to 4 bytes at `at`, else 0: overlong forms, surrogates, above U+10FFFF. @see RFC 3629 section 4 */
function sequenceLength(at: usize): usize {
  const first = load<u8>(at);
  const second = load<u8>(at, 1);
  if (first < 0xc2 || first > 0xf4) return 0;
  let least: u32 = 0x80;
  let most: u32 = 0xbf;
  if (first == 0xe0) least = 0xa0;
  else if (first == 0xed) most = 0x9f;
  else if (first == 0xf0) least = 0x90;
  else if (first == 0xf4) most = 0x8f;
  if (second < least || second > most) return 0;
  if (first < 0xe0) return 2;
  if ((load<u8>(at, 2) & 0xc0) != 0x80) return 0;
  if (first < 0xf0) return 3;
  return (load<u8>(at, 3) & 0xc0) == 0x80 ? 4 : 0;
}

/**
 * A number whose canonical form can be seen: an integer of at most 15 digits, or a decimal fraction of as many that does not end in
 * 0 and is not below 1e-6. Doubles tell any two such apart, so the shortest text that reads back is the token itself; below 1e-6
 * (and from 1e21) ECMAScript writes an exponent.
 */
export function numberEnd(at: usize): usize {
  const negative = load<u8>(at) == 0x2d;
  const first = at + <usize>negative;
  let value: i64 = 0;
  at = first;
  for (; isDigit(at); at++) value = value * 10 + <i64>(load<u8>(at) - 0x30);
  const whole = at - first;
  const isZero = load<u8>(first) == 0x30;
  if (whole == 0 || whole > 15 || (isZero && whole > 1)) return 0;
  let isInteger = true;
  if (load<u8>(at) == 0x2e) {
    const point = at;
    at += 1;
    while (isDigit(at)) at++;
    if (at - first > 16 || at - point < 2 || load<u8>(at - 1) == 0x30) return 0;
    if (isZero && !standsAbove1e6th(point + 1, at)) return 0;
    isInteger = false;
  } else if (isZero && negative) return 0; // -0 is written 0
  const next = load<u8>(at);
  if (next == 0x65 || next == 0x45) return 0;
  whole64 = value;
  shape = negative ? NEGATIVE : isInteger ? WHOLE : FRACTION;
  return at;
}

@inline
function isDigit(at: usize): bool {
  return <u32>load<u8>(at) - 0x30 <= 9;
}

/** Whether one of the first six digits behind `0.` is not 0. */
function standsAbove1e6th(begin: usize, end: usize): bool {
  const last = min<usize>(end, begin + 6);
  for (let at = begin; at < last; at++) if (load<u8>(at) != 0x30) return true;
  return false;
}
