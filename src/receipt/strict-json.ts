import { isWellFormed, utf8, utf8Text } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { MAX_DEPTH } from '../base/limits.ts';
import type { Json } from './json.ts';

/**
 * Read one JSON text strictly: RFC 8259 in strict UTF-8, and beyond it no duplicate names (compared decoded), no lone surrogates,
 * no integer literal beyond ±(2^53−1) and no number beyond the doubles (nothing is rounded away unseen; digits of a fraction are),
 * no nesting above 64, no byte order mark, nothing after the value. White space is allowed: this reads what users write.
 *
 * What canonicalBytes made of a double of 2^53 or more (`100000000000000000000`) is such an integer literal, so it is refused here:
 * lines of a log are read by their own grammar, not by this.
 * @param input bytes, only read; or text. @returns a fresh value; `__proto__` is an own member like any other.
 * @throws ReceiptError NOT_JSON with the byte offset and the kind of what was found, never content.
 */
export function parseStrict(input: Uint8Array | string): Json {
  return new Reader(typeof input === 'string' ? checkedText(input) : decoded(input)).document();
}

function fault(offset: number, expected: string, found: string): ReceiptError {
  const at = `byte ${offset}`;
  return new ReceiptError('NOT_JSON', `json: ${at}: expected ${expected}, got ${found}`, { at, expected, found });
}

function hexByte(byte: number): string {
  return `0x${byte.toString(16).padStart(2, '0')}`;
}

function checkedText(text: string): string {
  if (isWellFormed(text)) return text;
  let at = 0;
  for (let step = 1; at < text.length; at += step) {
    step = text.codePointAt(at)! > 0xffff ? 2 : 1;
    if (!isWellFormed(text.slice(at, at + step))) break;
  }
  throw fault(utf8(text.slice(0, at)).length, 'Unicode text', 'a lone surrogate');
}

function decoded(bytes: Uint8Array): string {
  try {
    return utf8Text(bytes);
  } catch {
    const at = firstNonUtf8(bytes);
    throw fault(at, 'UTF-8', at < bytes.length ? hexByte(bytes[at]!) : 'end of input');
  }
}

/** Find where UTF-8 ends to be UTF-8: the first byte of the first bad sequence. @see Unicode 15, table 3-7 */
function firstNonUtf8(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length) {
    const lead = bytes[at]!;
    let low = 0x80;
    let high = 0xbf;
    let rest = 0;
    if (lead >= 0xc2 && lead <= 0xdf) rest = 1;
    else if (lead >= 0xe0 && lead <= 0xef) {
      rest = 2;
      if (lead === 0xe0) low = 0xa0;
      if (lead === 0xed) high = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      rest = 3;
      if (lead === 0xf0) low = 0x90;
      if (lead === 0xf4) high = 0x8f;
    } else if (lead >= 0x80) return at;
    for (let i = 1; i <= rest; i++) {
      const byte = bytes[at + i] ?? 0;
      if (byte < low || byte > high) return at;
      low = 0x80;
      high = 0xbf;
    }
    at += rest + 1;
  }
  return at;
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
/** A run of characters that stand for themselves in a string. */
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const HEX4 = /[0-9a-fA-F]{4}/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** Recursive descent over decoded text; recursion is bounded by MAX_DEPTH. Offsets become bytes only when something is wrong. */
class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): Json {
    if (this.#text.charCodeAt(0) === 0xfeff) throw this.#unexpected('JSON without a byte order mark');
    this.#space();
    const value = this.#value(0);
    this.#space();
    if (this.#at < this.#text.length) throw this.#unexpected('nothing after the value');
    return value;
  }

  /** @param depth containers around this value. */
  #value(depth: number): Json {
    switch (this.#text.charCodeAt(this.#at)) {
      case 0x7b:
        return this.#object(depth + 1);
      case 0x5b:
        return this.#array(depth + 1);
      case 0x22:
        return this.#string();
      case 0x74:
        return this.#word('true', true);
      case 0x66:
        return this.#word('false', false);
      case 0x6e:
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #object(depth: number): Json {
    this.#enter(depth);
    const object: Record<string, Json> = {};
    if (this.#took(0x7d)) return object;
    do {
      this.#space();
      if (this.#text.charCodeAt(this.#at) !== 0x22) throw this.#unexpected('a name in double quotes');
      const begin = this.#at;
      const name = this.#string();
      if (Object.hasOwn(object, name)) throw this.#faultAt(begin, 'each name once in an object', 'a duplicate name');
      this.#space();
      if (!this.#took(0x3a)) throw this.#unexpected('":"');
      this.#space();
      const value = this.#value(depth);
      if (name === '__proto__') {
        Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
      } else object[name] = value;
      this.#space();
    } while (this.#took(0x2c));
    if (!this.#took(0x7d)) throw this.#unexpected('"," or "}"');
    return object;
  }

  #array(depth: number): Json {
    this.#enter(depth);
    const array: Json[] = [];
    if (this.#took(0x5d)) return array;
    do {
      this.#space();
      array.push(this.#value(depth));
      this.#space();
    } while (this.#took(0x2c));
    if (!this.#took(0x5d)) throw this.#unexpected('"," or "]"');
    return array;
  }

  #enter(depth: number): void {
    if (depth > MAX_DEPTH) throw this.#faultAt(this.#at, `at most ${MAX_DEPTH} levels`, 'deeper nesting');
    this.#at++;
    this.#space();
  }

  #string(): string {
    const begin = this.#at++;
    let text = this.#match(PLAIN);
    while (this.#text.charCodeAt(this.#at) === 0x5c) {
      text += this.#escape();
      text += this.#match(PLAIN);
    }
    if (!this.#took(0x22)) throw this.#unexpected('a character of a string, controls escaped');
    // The text around is well formed, so only escapes can leave a lone surrogate.
    if (!isWellFormed(text)) throw this.#faultAt(begin, 'Unicode text', 'an escaped lone surrogate');
    return text;
  }

  #escape(): string {
    this.#at++;
    const letter = this.#text[this.#at] ?? '';
    if (letter === 'u') {
      this.#at++;
      const digits = this.#match(HEX4);
      if (digits === '') throw this.#unexpected('four hex digits');
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    const plain = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined;
    if (plain === undefined) throw this.#unexpected('an escape of JSON');
    this.#at++;
    return plain;
  }

  #number(): number {
    const begin = this.#at;
    NUMBER.lastIndex = begin;
    const match = NUMBER.exec(this.#text);
    if (match === null) {
      if (this.#text[begin] === '-') this.#at++;
      throw this.#unexpected(this.#at > begin ? 'a digit' : 'a JSON value');
    }
    const value = Number(match[0]);
    if (!Number.isFinite(value)) throw this.#faultAt(begin, 'a number within the doubles', 'one beyond them');
    if (match[1] === undefined && match[2] === undefined && !Number.isSafeInteger(value)) {
      throw this.#faultAt(begin, 'an integer within ±(2^53−1)', 'one beyond it');
    }
    this.#at = NUMBER.lastIndex;
    return value;
  }

  #word<T extends Json>(word: string, value: T): T {
    for (let i = 0; i < word.length; i++, this.#at++) {
      if (this.#text[this.#at] !== word[i]) throw this.#unexpected('a JSON value');
    }
    return value;
  }

  #space(): void {
    for (;;) {
      const unit = this.#text.charCodeAt(this.#at);
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return;
      this.#at++;
    }
  }

  #took(unit: number): boolean {
    if (this.#text.charCodeAt(this.#at) !== unit) return false;
    this.#at++;
    return true;
  }

  /** @returns what the sticky expression matches here, '' for nothing; moves past it. */
  #match(sticky: RegExp): string {
    sticky.lastIndex = this.#at;
    const match = sticky.exec(this.#text);
    if (match === null) return '';
    this.#at += match[0].length;
    return match[0];
  }

  #unexpected(expected: string): ReceiptError {
    if (this.#at >= this.#text.length) return this.#faultAt(this.#at, expected, 'end of input');
    const point = String.fromCodePoint(this.#text.codePointAt(this.#at)!);
    return this.#faultAt(this.#at, expected, hexByte(utf8(point)[0]!));
  }

  #faultAt(index: number, expected: string, found: string): ReceiptError {
    return fault(utf8(this.#text.slice(0, index)).length, expected, found);
  }
}
