import { utf8 } from '../base/bytes.ts';

const HEX_CLASS = 1;
export const ORIGIN_CLASS = 2;
export const ORIGIN_FIRST_CLASS = 4;
export const ALG_CLASS = 8;
/** Character classes of the frame, one bit each. */
export const CLASS: Uint8Array = (() => {
  const table = new Uint8Array(256);
  const mark = (chars: string, bit: number) => {
    for (const byte of utf8(chars)) table[byte]! |= bit;
  };
  const alnum = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  mark('0123456789abcdef', HEX_CLASS);
  mark(`${alnum}._~/:-`, ORIGIN_CLASS);
  mark(alnum, ORIGIN_FIRST_CLASS);
  mark(`${alnum}-.`, ALG_CLASS);
  return table;
})();

/** Whether 64 lower-case hex digits stand at `at`. */
export function isHex64(buf: Uint8Array, at: number, end: number): boolean {
  if (at + 64 > end) return false;
  let all = HEX_CLASS;
  for (let i = at; i < at + 64; i++) all &= CLASS[buf[i]!]!;
  return all !== 0;
}

/** 8-4-4-4-12 lower-case hex, of any version and variant. */
export function isUuid(buf: Uint8Array, at: number, end: number): boolean {
  if (at + 36 > end) return false;
  for (let i = 0; i < 36; i++) {
    const byte = buf[at + i]!;
    if (i === 8 || i === 13 || i === 18 || i === 23) {
      if (byte !== 0x2d) return false;
    } else if ((CLASS[byte]! & HEX_CLASS) === 0) return false;
  }
  return true;
}

/** The same of version 7, variant 8, 9, a or b (RFC 9562 section 5.7). */
export function isUuid7(buf: Uint8Array, at: number, end: number): boolean {
  if (!isUuid(buf, at, end)) return false;
  const variant = buf[at + 19]!;
  return buf[at + 14] === 0x37 && (variant === 0x38 || variant === 0x39 || variant === 0x61 || variant === 0x62);
}

const DAYS = Uint8Array.of(0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31);

/** Exactly `Date.toISOString` of a real instant, 1970 to 9999: no leap second, no 29 February in common years. */
export function isInstant(buf: Uint8Array, at: number, end: number): boolean {
  if (at + 24 > end) return false;
  const two = (i: number): number => {
    const tens = buf[at + i]! - 0x30;
    const ones = buf[at + i + 1]! - 0x30;
    return tens >>> 0 > 9 || ones >>> 0 > 9 ? 1000 : tens * 10 + ones;
  };
  const centuries = two(0);
  const years = two(2);
  const millis = buf[at + 22]! - 0x30;
  if (centuries > 99 || years > 99 || two(20) > 99 || millis >>> 0 > 9) return false;
  const year = centuries * 100 + years;
  const month = two(5);
  const day = two(8);
  if (year < 1970 || month < 1 || month > 12 || day < 1 || day > DAYS[month]!) return false;
  if (month === 2 && day === 29 && (year % 4 !== 0 || (year % 100 === 0 && year % 400 !== 0))) return false;
  if (two(11) > 23 || two(14) > 59 || two(17) > 59) return false;
  return (
    buf[at + 4] === 0x2d &&
    buf[at + 7] === 0x2d &&
    buf[at + 10] === 0x54 &&
    buf[at + 13] === 0x3a &&
    buf[at + 16] === 0x3a &&
    buf[at + 19] === 0x2e &&
    buf[at + 23] === 0x5a
  );
}
