import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  B64U_VALUE,
  compareBytes,
  concatBytes,
  copyBytes,
  decodeBase64url,
  equalBytes,
  fromBase64url,
  fromHex,
  hasPairedSurrogates,
  isWellFormed,
  setAscii,
  toBase64url,
  toHex,
  utf8,
  utf8Text,
  wipe,
} from '../../src/base/bytes.ts';

const bytes = (max = 200): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength: max });
const of = (...values: number[]): Uint8Array => Uint8Array.from(values);
const B64U = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

describe('hex', () => {
  test('decode after encode, and the platform agrees', () => {
    fc.assert(
      fc.property(bytes(), (value) => {
        const text = toHex(value);
        expect(text).toBe(Buffer.from(value).toString('hex'));
        expect(fromHex(text)).toEqual(value);
      }),
    );
  });

  test('each byte has one spelling: all 65,536 pairs of bytes as text, 256 accepted', () => {
    let accepted = 0;
    for (let a = 0; a < 256; a++) {
      for (let b = 0; b < 256; b++) {
        const text = String.fromCharCode(a, b);
        try {
          expect(toHex(fromHex(text))).toBe(text);
          accepted++;
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }
    }
    expect(accepted).toBe(256);
  });

  test.each(['0', 'AB', 'aB', '0x', ' 00', '00 ', '00\n', 'gg', '0g', 'é0', '000'])('refused: %j', (text) => {
    expect(() => fromHex(text)).toThrow(RangeError);
  });

  test('empty', () => {
    expect(toHex(of())).toBe('');
    expect(fromHex('')).toEqual(of());
  });
});

describe('base64url', () => {
  test('RFC 4648 section 10 without padding, and the two characters that differ from base64', () => {
    const known = { '': '', f: 'Zg', fo: 'Zm8', foo: 'Zm9v', foob: 'Zm9vYg', fooba: 'Zm9vYmE', foobar: 'Zm9vYmFy' };
    for (const [plain, text] of Object.entries(known)) {
      expect(toBase64url(utf8(plain))).toBe(text);
      expect(fromBase64url(text)).toEqual(utf8(plain));
    }
    expect(toBase64url(of(0xfb, 0xff, 0xbf))).toBe('-_-_');
  });

  test('decode after encode, and the platform agrees', () => {
    fc.assert(
      fc.property(bytes(), (value) => {
        const text = toBase64url(value);
        expect(text).toBe(Buffer.from(value).toString('base64url'));
        expect(fromBase64url(text)).toEqual(value);
      }),
    );
  });

  test('each byte string has one spelling: encode after decode gives the text back, for any text', () => {
    const text = fc.string({ unit: fc.constantFrom(...B64U, '=', '+', '/', ' '), maxLength: 12 });
    fc.assert(
      fc.property(text, (candidate) => {
        const decoded = decodeBase64url(utf8(candidate));
        if (decoded !== null) expect(toBase64url(decoded)).toBe(candidate);
      }),
      { numRuns: 2000 },
    );
  });

  test('one and two bytes: of all texts of 2 and 3 characters exactly 256 and 65,536 are accepted', () => {
    let two = 0;
    let three = 0;
    for (const a of B64U) {
      for (const b of B64U) {
        if (decodeBase64url(utf8(a + b)) !== null) two++;
        for (const c of B64U) if (decodeBase64url(utf8(a + b + c)) !== null) three++;
      }
    }
    expect({ two, three }).toEqual({ two: 256, three: 65_536 });
  });

  test.each([
    ['padding', 'Zg=='],
    ['padding after two bytes', 'Zm8='],
    ['spare bits after one byte', 'Zh'],
    ['spare bits after two bytes', 'Zm9'],
    ['length mod 4 = 1', 'Z'],
    ['length mod 4 = 1', 'Zm9vY'],
    ['base64 plus', '+-_-'],
    ['base64 slash', '-/-_'],
    ['a space', 'Zm 9v'],
    ['a line end', 'Zm9v\n'],
    ['a character whose code is a base64url character modulo 256', 'Zm9\u0176'],
    ['a character outside ASCII', 'Zm9é'],
    ['NUL', 'Zm9\0'],
  ])('refused: %s', (_, text) => {
    expect(() => fromBase64url(text)).toThrow(RangeError);
    expect(decodeBase64url(utf8(text))).toBeNull();
  });

  test('decodes [begin, end) and looks at nothing outside it', () => {
    const around = utf8('!!Zm9v!!');
    expect(decodeBase64url(around, 2, 6)).toEqual(utf8('foo'));
    expect(decodeBase64url(around, 2, 7)).toBeNull();
    expect(decodeBase64url(around, 4, 4)).toEqual(of());
  });

  test('the table knows 64 characters', () => {
    const known = [...B64U_VALUE].flatMap((value, code) =>
      value === 0xff ? [] : [[value, String.fromCharCode(code)]],
    );
    expect(
      known
        .sort(([a], [b]) => Number(a) - Number(b))
        .map(([, char]) => char)
        .join(''),
    ).toBe(B64U);
  });
});

describe('text', () => {
  test('utf8Text after utf8 for every well-formed string, and the platform agrees', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(utf8(text)).toEqual(new Uint8Array(Buffer.from(text, 'utf8')));
        expect(utf8Text(utf8(text))).toBe(text);
      }),
    );
  });

  test.each([
    ['overlong slash', of(0xc0, 0xaf)],
    ['encoded surrogate', of(0xed, 0xa0, 0x80)],
    ['above U+10FFFF', of(0xf4, 0x90, 0x80, 0x80)],
    ['cut off', of(0xe2, 0x82)],
    ['lone continuation', of(0x80)],
  ])('refused: %s', (_, bad) => {
    expect(() => utf8Text(bad)).toThrow(TypeError);
  });

  test('a byte order mark is a character like any other', () => {
    expect(utf8Text(of(0xef, 0xbb, 0xbf, 0x61))).toBe('\ufeffa');
  });

  test('isWellFormed and its twin for older engines agree with the engine on any code units', () => {
    const native = (String.prototype as { isWellFormed?: () => boolean }).isWellFormed;
    expect(native).toBeTypeOf('function');
    const units = fc.array(fc.oneof(fc.integer({ min: 0xd7fe, max: 0xe001 }), fc.integer({ min: 0, max: 0xffff })), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(units, (codes) => {
        const text = String.fromCharCode(...codes);
        expect([isWellFormed(text), hasPairedSurrogates(text)]).toEqual([native!.call(text), native!.call(text)]);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['', true],
    ['\u{1f600}', true],
    ['\ud7ff\ue000\uffff', true],
    ['\ud800', false],
    ['\udc00', false],
    ['a\udfff', false],
    ['\ud800\ud800\udc00', false],
    ['\udc00\ud800', false],
    ['\ud800a', false],
  ])('isWellFormed(%j) is %j', (text, expected) => {
    expect([isWellFormed(text), hasPairedSurrogates(text)]).toEqual([expected, expected]);
  });
});

describe('concat, compare, wipe', () => {
  test('setAscii writes every length in place and nothing beside it', () => {
    for (let length = 0; length <= 130; length++) {
      const text = Array.from({ length }, (_, i) => String.fromCharCode((i * 7 + length) % 128)).join('');
      const out = new Uint8Array(length + 6).fill(0xee);
      const view = out.subarray(1);
      expect(setAscii(view, 2, text)).toBe(2 + length);
      expect(out).toEqual(Uint8Array.from([0xee, 0xee, 0xee, ...Buffer.from(text), 0xee, 0xee, 0xee]));
    }
  });

  test('concatBytes is the parts in order, fresh', () => {
    fc.assert(
      fc.property(fc.array(bytes(20), { maxLength: 5 }), (parts) => {
        expect([...concatBytes(...parts)]).toEqual(parts.flatMap((part) => [...part]));
      }),
    );
    const only = of(1, 2);
    const copy = concatBytes(only);
    copy[0] = 9;
    expect(only).toEqual(of(1, 2));
    expect(concatBytes()).toEqual(of());
  });

  test('a view into a larger buffer is only its own bytes', () => {
    const view = of(9, 1, 2, 9).subarray(1, 3);
    expect(concatBytes(view)).toEqual(of(1, 2));
    expect(toHex(view)).toBe('0102');
    expect(toBase64url(view)).toBe('AQI');
    expect(equalBytes(view, of(1, 2))).toBe(true);
  });

  test('equalBytes: equal, or not by one bit anywhere, or not by length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(), fc.nat(7), (value, at, bit) => {
        const other = value.slice();
        expect(equalBytes(value, other)).toBe(true);
        other[at % other.length]! ^= 1 << bit;
        expect(equalBytes(value, other)).toBe(false);
        expect(equalBytes(value, value.subarray(1))).toBe(false);
      }),
    );
    expect(equalBytes(of(), of())).toBe(true);
  });

  test('compareBytes orders as Buffer.compare does', () => {
    const close = fc
      .array(fc.constantFrom(0, 1, 127, 128, 255), { maxLength: 4 })
      .map((value) => Uint8Array.from(value));
    fc.assert(
      fc.property(close, close, (a, b) => {
        expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b));
      }),
      { numRuns: 1000 },
    );
  });

  test('wipe leaves zeros in each, and only inside the view', () => {
    const whole = of(1, 2, 3, 4);
    const other = of(5);
    wipe(whole.subarray(1, 3), other);
    expect(whole).toEqual(of(1, 0, 0, 4));
    expect(other).toEqual(of(0));
  });
});

test('copyBytes: a copy of its own and a plain array, of a Buffer and of a view too; other kinds are refused', () => {
  const whole = Buffer.from([0, 1, 2, 3]);
  const views: Uint8Array[] = [whole, whole.subarray(1, 3), of(0, 1, 2, 3).subarray(2), of()];
  for (const bytes of views) {
    const before = [...bytes];
    const copy = copyBytes(bytes);
    bytes.fill(9);
    expect([...copy]).toEqual(before);
    expect(copy.constructor).toBe(Uint8Array);
    expect(copy.buffer.byteLength).toBe(copy.length);
    if (bytes === whole) whole.set([0, 1, 2, 3]);
  }
  for (const other of ['ab', [1], 2, null, new ArrayBuffer(2)])
    expect(() => copyBytes(other as unknown as Uint8Array)).toThrow(TypeError);
});
