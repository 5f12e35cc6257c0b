const encoder = new TextEncoder();
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Encode text as UTF-8. @returns fresh bytes. Lone surrogates become U+FFFD: the canonical guard refuses them before. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Decode strict UTF-8 (no BOM removal). @throws TypeError on anything that is not UTF-8. */
export function utf8Text(bytes: Uint8Array): string {
  return strictDecoder.decode(bytes);
}

/** @returns whether every code unit of `text` belongs to a Unicode scalar value, i.e. it has a UTF-8 form. */
export function isWellFormed(text: string): boolean {
  return nativeIsWellFormed === undefined ? hasPairedSurrogates(text) : nativeIsWellFormed.call(text);
}

/** Of ECMAScript 2024; it knows at once that a Latin-1 string has no surrogates. */
const nativeIsWellFormed = (String.prototype as { isWellFormed?: (this: string) => boolean }).isWellFormed;

/** As isWellFormed, unit by unit, for older engines. */
export function hasPairedSurrogates(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0xd800 || unit > 0xdfff) continue;
    if (unit > 0xdbff || i + 1 === text.length) return false;
    const low = text.charCodeAt(++i);
    if (low < 0xdc00 || low > 0xdfff) return false;
  }
  return true;
}

/** From this many characters on a call of the encoder costs less than a step a character. */
const ENCODE_CHARS = 48;

/** Write ASCII text into `out` from `at` on, without bytes of its own between. @param text ASCII only. @returns the offset after it. */
export function setAscii(out: Uint8Array, at: number, text: string): number {
  if (text.length >= ENCODE_CHARS) encoder.encodeInto(text, out.subarray(at));
  else for (let i = 0; i < text.length; i++) out[at + i] = text.charCodeAt(i);
  return at + text.length;
}

/**
 * Take bytes over from a caller. @returns fresh bytes of a plain Uint8Array: `slice()` would leave a Node Buffer's own behaviour in
 * place, which is a view, so that whoever reuses or wipes the buffer changes what was meant as a copy. @throws TypeError on another kind
 */
export function copyBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  if (!(bytes instanceof Uint8Array)) throw new TypeError('copyBytes: expected a Uint8Array');
  return new Uint8Array(bytes);
}

/** Concatenate. @returns fresh bytes. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Compare without an early exit, for bytes that an attacker may probe. @returns false at once when lengths differ. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let diff = 0;
  for (let i = 0; i < a.length; i++) diff |= a[i]! ^ b[i]!;
  return diff === 0;
}

/** Compare as unsigned bytes, shorter first. @returns negative, zero or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

/** Overwrite secrets with zeros. Best effort: a garbage collector may have copied them before. */
export function wipe(...secrets: readonly Uint8Array[]): void {
  for (const secret of secrets) secret.fill(0);
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));

/** @returns lower-case hex, two characters a byte. */
export function toHex(bytes: Uint8Array): string {
  let out = '';
  for (let i = 0; i < bytes.length; i++) out += HEX[bytes[i]!];
  return out;
}

/** Value of each lower-case hex digit by its code, 0xff for all other codes below 128. */
const HEX_VALUE: Uint8Array = (() => {
  const table = new Uint8Array(128).fill(0xff);
  for (let i = 0; i < 16; i++) table[i.toString(16).charCodeAt(0)] = i;
  return table;
})();

/** Decode lower-case hex. @returns fresh bytes. @throws RangeError on upper case, odd length or any other character. */
export function fromHex(text: string): Uint8Array {
  const out = new Uint8Array(text.length >>> 1);
  let wrong = text.length & 1;
  for (let i = 0; i < out.length; i++) {
    const high = HEX_VALUE[text.charCodeAt(2 * i)] ?? 0xff;
    const low = HEX_VALUE[text.charCodeAt(2 * i + 1)] ?? 0xff;
    wrong |= (high | low) & 0xf0;
    out[i] = (high << 4) | low;
  }
  if (wrong !== 0) throw new RangeError('fromHex: expected an even number of lower-case hex digits');
  return out;
}

const B64U = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** Value of each base64url character, 0xff for all other bytes. */
export const B64U_VALUE: Uint8Array = (() => {
  const table = new Uint8Array(256).fill(0xff);
  for (let i = 0; i < 64; i++) table[B64U.charCodeAt(i)] = i;
  return table;
})();

const B64U_CODE: Uint8Array = encoder.encode(B64U);

/** @returns base64url without padding (RFC 4648 section 5). Made as bytes: four times as fast as a string character by character. */
export function toBase64url(bytes: Uint8Array): string {
  const out = new Uint8Array(Math.ceil((bytes.length * 4) / 3));
  const whole = bytes.length - (bytes.length % 3);
  let at = 0;
  for (let i = 0; i < whole; i += 3) {
    const n = (bytes[i]! << 16) | (bytes[i + 1]! << 8) | bytes[i + 2]!;
    out[at++] = B64U_CODE[n >>> 18]!;
    out[at++] = B64U_CODE[(n >>> 12) & 63]!;
    out[at++] = B64U_CODE[(n >>> 6) & 63]!;
    out[at++] = B64U_CODE[n & 63]!;
  }
  if (whole < bytes.length) {
    const n = (bytes[whole]! << 16) | ((bytes[whole + 1] ?? 0) << 8);
    out[at++] = B64U_CODE[n >>> 18]!;
    out[at++] = B64U_CODE[(n >>> 12) & 63]!;
    if (at < out.length) out[at] = B64U_CODE[(n >>> 6) & 63]!;
  }
  return strictDecoder.decode(out);
}

/**
 * Decode strict base64url: no padding, spare bits zero, length mod 4 ≠ 1, so that each byte string has one spelling.
 * @param text characters as bytes, [begin, end) of it. @returns fresh bytes, or null when it is not that.
 */
export function decodeBase64url(text: Uint8Array, begin = 0, end = text.length): Uint8Array | null {
  const length = end - begin;
  if (length % 4 === 1) return null;
  const out = new Uint8Array((length * 3) >>> 2);
  let at = 0;
  let bits = 0;
  let acc = 0;
  for (let i = begin; i < end; i++) {
    const value = B64U_VALUE[text[i]!]!;
    if (value === 0xff) return null;
    acc = ((acc << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out[at++] = acc >>> bits;
    }
  }
  return (acc & ((1 << bits) - 1)) === 0 ? out : null;
}

/** Decode strict base64url text. @returns fresh bytes. @throws RangeError when it is not that. */
export function fromBase64url(text: string): Uint8Array {
  const out = /^[\x21-\x7e]*$/.test(text) ? decodeBase64url(utf8(text)) : null;
  if (out === null) throw new RangeError('fromBase64url: expected unpadded base64url with zero spare bits');
  return out;
}

/** @returns standard base64 with padding (RFC 4648 section 4), as C2SP formats spell bytes. */
export function toBase64(bytes: Uint8Array): string {
  const text = toBase64url(bytes).replaceAll('-', '+').replaceAll('_', '/');
  return text + '='.repeat(-text.length & 3);
}

/** Decode strict standard base64: padded, spare bits zero, so that each byte string has one spelling. @returns fresh bytes, or null. */
export function decodeBase64(text: string): Uint8Array | null {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null;
  return decodeBase64url(utf8(text.replace(/=+$/, '').replaceAll('+', '-').replaceAll('/', '_')));
}
