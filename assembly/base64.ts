/**
 * Strict base64url (RFC 4648 section 5) of one ML-DSA-65 signature: 4412 characters in CHUNK -> 3309 bytes in SIGNATURE.
 * 4412 * 6 = 3309 * 8, so that there are no spare bits. 16 characters become 12 bytes a step; the last step takes 12 and writes 9,
 * so that no write goes beyond them. Every other character than A-Z a-z 0-9 - _ makes it false; then anything
 * stands there. Sees public data only.
 */
import { SIGNATURE_BYTES } from './layout';

export const SIGNATURE_CHARS: i32 = 4412;

/**
 * By high nibble: which rule of VALID a character is under, and what makes its value of it (mod 256).
 *
 *     2  '-'      rule 1   0x2d + 0x11 = 62         5  'P'-'Z'  rule 8    0x50 - 0x41 = 15     ('_': 0x5f - 0x20 = 63, apart)
 *     3  '0'-'9'  rule 2   0x30 + 0x04 = 52         6  'a'-'o'  rule 4    0x61 - 0x47 = 26
 *     4  'A'-'O'  rule 4   0x41 - 0x41 =  0         7  'p'-'z'  rule 16   0x70 - 0x47 = 41     all others: rule 32, which nothing keeps
 */
const TABLES: usize = memory.data<u8>([
  // RULE, by high nibble
  0x20, 0x20, 0x01, 0x02, 0x04, 0x08, 0x04, 0x10, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20,
  // BREAKS, by low nibble: the rules that a character with it breaks
  0x25, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x23, 0x3b, 0x3b, 0x3a, 0x3b, 0x33,
  // SHIFT, by high nibble
  0x00, 0x00, 0x11, 0x04, 0xbf, 0xbf, 0xb9, 0xb9, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
  // '_', and what its shift is beside that of 'P'-'Z': -0x20 + 0x41
  0x5f, 0x5f, 0x5f, 0x5f, 0x5f, 0x5f, 0x5f, 0x5f, 0x5f, 0x5f, 0x5f, 0x5f, 0x5f, 0x5f, 0x5f, 0x5f,
  0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21,
  0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f,
  // 16-bit lanes 0x003f, 32-bit lanes 0x0000ffff
  0x3f, 0x00, 0x3f, 0x00, 0x3f, 0x00, 0x3f, 0x00, 0x3f, 0x00, 0x3f, 0x00, 0x3f, 0x00, 0x3f, 0x00,
  0xff, 0xff, 0x00, 0x00, 0xff, 0xff, 0x00, 0x00, 0xff, 0xff, 0x00, 0x00, 0xff, 0xff, 0x00, 0x00,
], 16);

/** Which characters break the alphabet: lanes that are not zero. */
@inline
function flaws(v: v128, high: v128): v128 {
  const rule = i8x16.swizzle(v128.load(TABLES), high);
  return v128.and(rule, i8x16.swizzle(v128.load(TABLES, 16), v128.and(v, v128.load(TABLES, 80))));
}

/** 16 characters of the alphabet to 12 bytes, in the first 12 lanes. */
@inline
function bytesOf(v: v128, high: v128): v128 {
  const shift = i8x16.swizzle(v128.load(TABLES, 32), high);
  const underscore = v128.and(i8x16.eq(v, v128.load(TABLES, 48)), v128.load(TABLES, 64));
  const sextets = i8x16.add(i8x16.add(v, shift), underscore);
  // Four sextets a, b, c, d in the bytes of a lane: to (a << 6 | b), (c << 6 | d), then to 24 bits.
  const mask = v128.load(TABLES, 96);
  const pairs = v128.or(i16x8.shl(v128.and(sextets, mask), 6), i16x8.shr_u(sextets, 8));
  const quads = v128.or(i32x4.shl(v128.and(pairs, v128.load(TABLES, 112)), 12), i32x4.shr_u(pairs, 16));
  return i8x16.shuffle(quads, quads, 2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, 15, 15, 15, 15);
}

/** @returns whether the characters at `from` are base64url of a signature; it then stands at `to`, one of the two in SIGNATURE. */
export function decodeSignature(from: usize, to: usize): bool {
  let flawed = i8x16.splat(0);
  const end = to + <usize>SIGNATURE_BYTES;
  const last = from + <usize>SIGNATURE_CHARS - 12;
  while (from < last) {
    const v = v128.load(from);
    const high = i8x16.shr_u(v, 4);
    flawed = v128.or(flawed, flaws(v, high));
    v128.store(to, bytesOf(v, high));
    from += 16;
    to += 12;
  }
  // The last 12 characters; what stands behind them is not looked at.
  const tail = i32x4.replace_lane(v128.load(last), 3, 0x41414141);
  const high = i8x16.shr_u(tail, 4);
  flawed = v128.or(flawed, flaws(tail, high));
  const nine = bytesOf(tail, high);
  v128.store64_lane(end - 9, nine, 0);
  v128.store8_lane(end - 1, nine, 8);
  return !v128.any_true(flawed);
}
