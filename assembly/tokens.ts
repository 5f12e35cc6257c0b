/**
 * The fixed-width tokens of a line, and its end: format section 1. Each function reads at `at` and says whether the token stands there;
 * none writes. In: addresses in CHUNK. Reads reach at most 80 bytes beyond the address (findNewline: 63 beyond `end`), which the
 * slack of CHUNK covers; what they answer depends on no byte behind the first LF, since a LF is part of no token. Sees public data
 * only.
 */

/** The bytes of `text` as they stand in memory: constants of the hot loops are loaded, because V8 builds literal ones anew each time. */
const CONSTANTS: usize = memory.data<u8>([
  0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a,
  0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30,
  0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a,
  0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61,
  0x06, 0x06, 0x06, 0x06, 0x06, 0x06, 0x06, 0x06, 0x06, 0x06, 0x06, 0x06, 0x06, 0x06, 0x06, 0x06,
], 16);

/** @returns the address of the first LF of [at, end), or `end`. */
export function findNewline(at: usize, end: usize): usize {
  const lf = v128.load(CONSTANTS);
  while (at < end) {
    const a = i8x16.eq(v128.load(at), lf);
    const b = i8x16.eq(v128.load(at, 16), lf);
    const c = i8x16.eq(v128.load(at, 32), lf);
    const d = i8x16.eq(v128.load(at, 48), lf);
    if (v128.any_true(v128.or(v128.or(a, b), v128.or(c, d)))) {
      const low = <u64>i8x16.bitmask(a) | (<u64>i8x16.bitmask(b) << 16);
      const high = <u64>i8x16.bitmask(c) | (<u64>i8x16.bitmask(d) << 16);
      return min<usize>(at + <usize>ctz<u64>(low | (high << 32)), end);
    }
    at += 64;
  }
  return end;
}

/** Lanes of 16 bytes that are lower-case hex digits: all ones where they are. */
@inline
function hexLanes(v: v128): v128 {
  const digits = i8x16.lt_u(i8x16.sub(v, v128.load(CONSTANTS, 16)), v128.load(CONSTANTS, 32));
  const letters = i8x16.lt_u(i8x16.sub(v, v128.load(CONSTANTS, 48)), v128.load(CONSTANTS, 64));
  return v128.or(digits, letters);
}

/** Whether 64 lower-case hex digits stand at `at`. */
export function isHex64(at: usize): bool {
  const first = v128.and(hexLanes(v128.load(at)), hexLanes(v128.load(at, 16)));
  const second = v128.and(hexLanes(v128.load(at, 32)), hexLanes(v128.load(at, 48)));
  return i8x16.bitmask(v128.and(first, second)) == 0xffff;
}

/** 8-4-4-4-12 lower-case hex, of any version and variant. */
export function isUuid(at: usize): bool {
  if (load<u8>(at, 8) != 0x2d || load<u8>(at, 13) != 0x2d || load<u8>(at, 18) != 0x2d || load<u8>(at, 23) != 0x2d) return false;
  // Of 16 bytes each, all but the hyphens: 8 and 13 of the first, 2 and 7 of the second; the third overlaps it from 20 on (hyphen 3).
  return (
    i8x16.bitmask(hexLanes(v128.load(at))) == 0xdeff &&
    i8x16.bitmask(hexLanes(v128.load(at, 16))) == 0xff7b &&
    i8x16.bitmask(hexLanes(v128.load(at, 20))) == 0xfff7
  );
}

/** The same of version 7, variant 8, 9, a or b (RFC 9562 section 5.7). */
export function isUuid7(at: usize): bool {
  const variant = load<u8>(at, 19);
  if (load<u8>(at, 14) != 0x37) return false;
  if (variant != 0x38 && variant != 0x39 && variant != 0x61 && variant != 0x62) return false;
  return isUuid(at);
}

/** Value of two decimal digits, 1000 when they are none. */
@inline
function two(at: usize): i32 {
  const tens = <i32>load<u8>(at) - 0x30;
  const ones = <i32>load<u8>(at, 1) - 0x30;
  return <u32>tens > 9 || <u32>ones > 9 ? 1000 : tens * 10 + ones;
}

/** Days of a month of a common year, April, June, September and November being 30. */
@inline
function daysOf(month: i32): i32 {
  return month == 2 ? 28 : month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/** Exactly `Date.toISOString` of a real instant, 1970 to 9999: 24 bytes, no leap second, no 29 February in common years. */
export function isInstant(at: usize): bool {
  const centuries = two(at);
  const years = two(at + 2);
  const millis = <i32>load<u8>(at, 22) - 0x30;
  if (centuries > 99 || years > 99 || two(at + 20) > 99 || <u32>millis > 9) return false;
  const year = centuries * 100 + years;
  const month = two(at + 5);
  const day = two(at + 8);
  if (year < 1970 || month < 1 || month > 12 || day < 1) return false;
  const leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  if (day > daysOf(month) + <i32>(month == 2 && leap)) return false;
  if (two(at + 11) > 23 || two(at + 14) > 59 || two(at + 17) > 59) return false;
  return (
    load<u8>(at, 4) == 0x2d && load<u8>(at, 7) == 0x2d && load<u8>(at, 10) == 0x54 && load<u8>(at, 13) == 0x3a &&
    load<u8>(at, 16) == 0x3a && load<u8>(at, 19) == 0x2e && load<u8>(at, 23) == 0x5a
  );
}

/** The same, quicker where the 16 bytes up to the minute are those of another instant. */
export function isInstantNear(at: usize, instant: usize): bool {
  if (v128.any_true(v128.xor(v128.load(at), v128.load(instant)))) return isInstant(at);
  // What is left is `:SS.mmmZ`: the signs as they are, five digits, the first of them at most 5.
  const word = load<u64>(at, 16);
  if ((word & 0xff000000ff0000ff) != 0x5a0000002e00003a) return false;
  // A digit is 0x3d, and still 0x3- after 6 more.
  if ((word & 0x00f0f0f000f0f000) != 0x0030303000303000) return false;
  if (((word + 0x0006060600060600) & 0x00f0f0f000f0f000) != 0x0030303000303000) return false;
  return load<u8>(at, 17) < 0x36;
}

/** Whether the instant at `a` is earlier than the one at `b`: as text, since both have the one spelling. */
export function isEarlier(a: usize, b: usize): bool {
  for (let i: usize = 0; i < 24; i += 8) {
    const left = bswap<u64>(load<u64>(a + i));
    const right = bswap<u64>(load<u64>(b + i));
    if (left != right) return left < right;
  }
  return false;
}

/** Whether `length` bytes, at least 16, at `a` and at `b` are the same. */
export function sameBytes(a: usize, b: usize, length: usize): bool {
  let differ = v128.xor(v128.load(a + length - 16), v128.load(b + length - 16));
  for (let i: usize = 0; i + 16 < length; i += 16) {
    differ = v128.or(differ, v128.xor(v128.load(a + i), v128.load(b + i)));
  }
  return !v128.any_true(differ);
}
