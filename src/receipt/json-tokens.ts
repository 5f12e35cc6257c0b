/*
 * The two things inside a JSON string that are more than one byte: escapes and UTF-8 sequences. Pure functions of a buffer and an
 * offset, so that each can be tested over its whole domain.
 */

/** What an escape is: not JSON, JSON that RFC 8785 would write otherwise, or canonical. */
export const ESCAPE_BAD = 0;
export const ESCAPE_LOOSE = 1;
export const ESCAPE_CANONICAL = 2;

/**
 * Judge the escape whose backslash stands at `at`. It is 6 bytes long after `u`, otherwise 2.
 * Canonical are `\b \t \n \f \r \" \\` and, in lower case, `\u00xx` for the other control characters (RFC 8785 section 3.2.2.2).
 */
export function judgeEscape(bytes: Uint8Array, at: number, limit: number): number {
  switch (at + 1 < limit ? bytes[at + 1] : -1) {
    case 0x22: // "
    case 0x5c: // \
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return ESCAPE_CANONICAL;
    case 0x2f: // "/" needs no escape
      return ESCAPE_LOOSE;
    case 0x75:
      return judgeUnicodeEscape(bytes, at + 2, limit);
    default:
      return ESCAPE_BAD;
  }
}

/** Canonical only for a control character without a short form, in lower case. */
function judgeUnicodeEscape(bytes: Uint8Array, begin: number, limit: number): number {
  let code = 0;
  let lower = true;
  for (let at = begin; at < begin + 4; at++) {
    const byte = at < limit ? bytes[at]! : -1;
    if (byte >= 0x30 && byte <= 0x39) code = code * 16 + byte - 0x30;
    else if (byte >= 0x61 && byte <= 0x66) code = code * 16 + byte - 0x57;
    else if (byte >= 0x41 && byte <= 0x46) {
      code = code * 16 + byte - 0x37;
      lower = false;
    } else return ESCAPE_BAD;
  }
  const short = code === 8 || code === 9 || code === 10 || code === 12 || code === 13;
  return code < 0x20 && !short && lower ? ESCAPE_CANONICAL : ESCAPE_LOOSE;
}

/**
 * Measure the UTF-8 sequence of 2 to 4 bytes at `at`; overlong forms, surrogates and what lies above U+10FFFF are not UTF-8.
 * @returns its length, 0 when it is none. @see RFC 3629 section 4
 */
export function utf8SequenceLength(bytes: Uint8Array, at: number, limit: number): number {
  const first = bytes[at]!;
  let min = 0x80;
  let max = 0xbf;
  let length = 0;
  if (first >= 0xc2 && first <= 0xdf) length = 2;
  else if (first >= 0xe0 && first <= 0xef) {
    length = 3;
    if (first === 0xe0) min = 0xa0;
    else if (first === 0xed) max = 0x9f;
  } else if (first >= 0xf0 && first <= 0xf4) {
    length = 4;
    if (first === 0xf0) min = 0x90;
    else if (first === 0xf4) max = 0x8f;
  } else return 0;
  if (at + length > limit) return 0;
  for (let i = 1; i < length; i++) {
    const byte = bytes[at + i]!;
    if (byte < min || byte > max) return 0;
    min = 0x80;
    max = 0xbf;
  }
  return length;
}
