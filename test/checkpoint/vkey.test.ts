import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { concatBytes, fromHex, toBase64, toHex, utf8 } from '../../src/base/bytes.ts';
import { cosignerKeyOf, mlDsa44KeyOf, noteKeyOf } from '../../src/checkpoint/note-keys.ts';
import {
  formatVkey,
  isPostQuantum,
  keyIdOf,
  NOTE_KEY_KINDS,
  type NoteKeyType,
  parseVkey,
} from '../../src/checkpoint/vkey.ts';
import { sha256Hex } from '../../src/crypto/hash.ts';
import { ML_DSA_44_SIZES } from '../../src/crypto/ml-dsa-44-verify.ts';
import { cosigners, ed25519, mlDsa44Keys, mlDsa65 } from './keys.ts';
import { EXAMPLES } from './notes.ts';

const NAME = 'example.com/log';
const KEYS = {
  'perdure-ml-dsa-65': noteKeyOf(NAME, mlDsa65.publicKey),
  ed25519: noteKeyOf(NAME, ed25519.publicKey),
  'cosignature-ed25519': cosignerKeyOf(NAME, ed25519.publicKey),
  'cosignature-ml-dsa-44': mlDsa44KeyOf(NAME, mlDsa44Keys.publicKey),
  'perdure-cosignature-ml-dsa-65': cosignerKeyOf(NAME, mlDsa65.publicKey),
};
const types = Object.keys(KEYS) as NoteKeyType[];

test('the key of the specification reads, and writes back byte for byte', () => {
  const key = parseVkey(EXAMPLES.messageKey);
  expect(key).toMatchObject({ name: 'example.com/foo', type: 'ed25519', id: fromHex('530d903a') });
  expect(key.kid).toHaveLength(43);
  expect(formatVkey(key)).toBe(EXAMPLES.messageKey);
});

describe.each(types)('%s', (type) => {
  const key = KEYS[type];
  it('vkey: reading undoes writing', () => {
    expect(parseVkey(formatVkey(key))).toEqual(key);
    expect(key.type).toBe(type);
  });
  it('key ID: SHA-256(name ‖ LF ‖ type ‖ key), four bytes', () => {
    const type_ = {
      'perdure-ml-dsa-65': utf8('\u00ffperdure.dev/ml-dsa-65/v1').subarray(1).with(0, 0xff),
      ed25519: Uint8Array.of(1),
      'cosignature-ed25519': Uint8Array.of(4),
      'cosignature-ml-dsa-44': Uint8Array.of(6),
      'perdure-cosignature-ml-dsa-65': utf8('\u00ffperdure.dev/cosignature-ml-dsa-65/v1').subarray(1).with(0, 0xff),
    }[type];
    const id = sha256Hex(concatBytes(utf8(NAME), Uint8Array.of(0x0a), type_, key.publicKey)).slice(0, 8);
    expect(toHex(key.id)).toBe(id);
    expect(formatVkey(key)).toBe(`${NAME}+${id}+${toBase64(concatBytes(type_, key.publicKey))}`);
  });
  it('a changed name, ID, type or key is refused: the ID holds them together', () => {
    const text = formatVkey(key);
    for (const changed of [text.replace('log+', 'lag+'), text.replace(/\+([0-9a-f]{8})\+/, '+00000000+')])
      expect(() => parseVkey(changed)).toThrow(expect.objectContaining({ code: 'KEY_MALFORMED' }));
  });
});

test('sizes of ML-DSA-44 are those of the code that verifies it', () => {
  const { publicKeyBytes: publicKey, signatureBytes: signature } = NOTE_KEY_KINDS['cosignature-ml-dsa-44'];
  expect({ publicKey, signature }).toEqual({ ...ML_DSA_44_SIZES });
  expect({ publicKey, signature }).toEqual({ publicKey: 1312, signature: 2420 });
  expect(cosigners.mlDsa44.key.publicKey).toHaveLength(1312);
});

test('only Ed25519 is not post-quantum', () => {
  expect(types.filter((type) => !isPostQuantum(KEYS[type]))).toEqual(['ed25519', 'cosignature-ed25519']);
});

test('one key in two uses has two key IDs', () => {
  expect(new Set(types.map((type) => toHex(KEYS[type].id))).size).toBe(types.length);
});

describe('must reject', () => {
  const good = EXAMPLES.messageKey;
  const raw = (bytes: Uint8Array): string => `${NAME}+00000000+${toBase64(bytes)}`;
  it.each<[why: string, vkey: string, code?: string]>([
    ['nothing', ''],
    ['no parts', 'example.com/foo'],
    ['two parts', good.replace('+', '-')],
    ['no name', good.replace('example.com/foo', '')],
    ['a space in the name', good.replace('/foo', ' foo')],
    ['upper-case hex', good.replace('530d903a', '530D903A')],
    ['seven digits', good.replace('530d903a', '530d903')],
    ['nine digits', good.replace('530d903a', '0530d903a')],
    ['a space at the end', `${good} `],
    ['a LF at the end', `${good}\n`],
    ['padding that is not needed', `${good}=`],
    ['base64url', good.replace('yQR4', 'yQ_4')],
    ['no key', good.replace(/\+[^+]*$/, '+')],
    ['a type without a key', raw(Uint8Array.of(1)), 'UNSUPPORTED'],
    ['ECDSA', raw(concatBytes(Uint8Array.of(2), new Uint8Array(91))), 'UNSUPPORTED'],
    ['a type that nobody assigned', raw(concatBytes(Uint8Array.of(0x40), new Uint8Array(32))), 'UNSUPPORTED'],
    ['another 0xff', raw(concatBytes(Uint8Array.of(0xff), utf8('example.com/v1'), new Uint8Array(32))), 'UNSUPPORTED'],
    ['an Ed25519 key of 31 bytes', raw(concatBytes(Uint8Array.of(1), new Uint8Array(31))), 'UNSUPPORTED'],
    ['an ML-DSA-44 key of 1313 bytes', raw(concatBytes(Uint8Array.of(6), new Uint8Array(1313))), 'UNSUPPORTED'],
  ])('%s', (_, vkey, code = 'KEY_MALFORMED') => {
    expect(() => parseVkey(vkey)).toThrow(expect.objectContaining({ code }));
  });
  it('an Ed25519 point of small order, under a fitting ID', () => {
    const identity = Uint8Array.of(1, ...new Uint8Array(31));
    for (const [type, byte] of [
      ['ed25519', 1],
      ['cosignature-ed25519', 4],
    ] as const) {
      const id = toHex(keyIdOf(NAME, type, identity));
      const vkey = `${NAME}+${id}+${toBase64(concatBytes(Uint8Array.of(byte), identity))}`;
      expect(() => parseVkey(vkey)).toThrow(expect.objectContaining({ code: 'KEY_MALFORMED' }));
    }
  });
  it('any one character changed', () => {
    const text = EXAMPLES.messageKey;
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, char) => {
        fc.pre(text[at] !== char);
        expect(() => parseVkey(text.slice(0, at) + char + text.slice(at + 1))).toThrow();
      }),
    );
  });
});

test('a key without a fitting name is not made', () => {
  for (const name of ['', 'a b', 'a+b', 'a\n', '\ud800']) {
    expect(() => noteKeyOf(name, mlDsa65.publicKey)).toThrow(RangeError);
    expect(() => cosignerKeyOf(name, ed25519.publicKey)).toThrow(RangeError);
    expect(() => mlDsa44KeyOf(name, mlDsa44Keys.publicKey)).toThrow(RangeError);
  }
  expect(() => mlDsa44KeyOf(NAME, new Uint8Array(1311))).toThrow(RangeError);
});
