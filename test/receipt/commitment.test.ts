import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { concatBytes, fromHex, toHex, utf8 } from '../../src/base/bytes.ts';
import { nobleSha256Hex, sha256Hex } from '../../src/crypto/hash.ts';
import {
  commit,
  matchPayload,
  PAYLOAD_FORMS,
  PAYLOAD_MEMBERS,
  payloadBytes,
  payloadFile,
} from '../../src/receipt/commitment.ts';

const SALT = fromHex('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f');

/** The same by hand: hex of each part as format section 4 lists them, node:crypto over it. */
function byHand(labelHex: string, payloadHex: string): string {
  const prefix = `02${'706572647572652f636f6d6d69742f7631'}00`; // 0x02, "perdure/commit/v1", 0x00
  return createHash('sha256')
    .update(Buffer.from(`${prefix}${labelHex}00${toHex(SALT)}${payloadHex}`, 'hex'))
    .digest('hex');
}

describe('commitments', () => {
  it('are what format section 4 says, byte by byte', () => {
    const vectors: [Parameters<typeof commit>[0], Parameters<typeof commit>[1], string, string][] = [
      ['params', 'json', '706172616d732f6a736f6e', '7b2261223a317d'],
      ['result', 'text', '726573756c742f74657874', 'c3a9'],
      ['error', 'bytes', '6572726f722f6279746573', '00ff'],
      ['params', 'bytes', '706172616d732f6279746573', ''],
    ];
    for (const [member, form, labelHex, payloadHex] of vectors) {
      expect(commit(member, form, fromHex(payloadHex), SALT, sha256Hex)).toBe(byHand(labelHex, payloadHex));
      expect(commit(member, form, fromHex(payloadHex), SALT, nobleSha256Hex)).toBe(byHand(labelHex, payloadHex));
    }
  });
  it('have these values for ever', () => {
    expect(commit('params', 'json', utf8('{"a":1}'), SALT, sha256Hex)).toBe(
      'b60565d67430661e44391a6bf4a6c3a99695a7e019389dcf04bedfa22fc93335',
    );
    expect(commit('result', 'text', utf8('é'), SALT, sha256Hex)).toBe(
      '0a19ef472764516a438b253666f6c6397923a97fac2b279be1c03d4faeb99452',
    );
    expect(commit('error', 'bytes', fromHex('00ff'), SALT, sha256Hex)).toBe(
      'c1113d9a2c22f6d2b343c57b8722ed6af183e6fd56b2fccaf00b5d4680f98190',
    );
  });
  it('take 32 bytes of salt only', () => {
    for (const length of [0, 31, 33]) {
      expect(() => commit('params', 'json', utf8('1'), new Uint8Array(length), sha256Hex)).toThrow(RangeError);
      expect(() => payloadFile(new Uint8Array(length), utf8('1'))).toThrow(RangeError);
    }
  });
});

describe('payloadBytes', () => {
  it('tells json, text and bytes apart', () => {
    expect(payloadBytes({ b: 1, a: [null] })).toEqual({ form: 'json', bytes: utf8('{"a":[null],"b":1}') });
    expect(payloadBytes(null)).toEqual({ form: 'json', bytes: utf8('null') });
    expect(payloadBytes(1.0)).toEqual({ form: 'json', bytes: utf8('1') });
    expect(payloadBytes('{"a": 1}')).toEqual({ form: 'text', bytes: utf8('{"a": 1}') });
    expect(payloadBytes('')).toEqual({ form: 'text', bytes: new Uint8Array() });
    expect(payloadBytes(fromHex('7b7d'))).toEqual({ form: 'bytes', bytes: fromHex('7b7d') });
  });
  it('refuses text that UTF-8 cannot say', () => {
    expect(() => payloadBytes('a\ud800')).toThrow(expect.objectContaining({ code: 'NOT_REPRESENTABLE' }));
  });
});

describe('matchPayload', () => {
  const payload = utf8('[1]');
  const file = payloadFile(SALT, payload);

  it('finds the form back, for every member and form', () => {
    for (const member of PAYLOAD_MEMBERS) {
      for (const form of PAYLOAD_FORMS) {
        const commitment = commit(member, form, payload, SALT, sha256Hex);
        expect(matchPayload(file, member, commitment, sha256Hex)).toEqual({ form, salt: SALT, payload });
        for (const other of PAYLOAD_MEMBERS.filter((one) => one !== member)) {
          expect(matchPayload(file, other, commitment, sha256Hex)).toBeNull();
        }
      }
    }
  });
  it('does not match a changed bit anywhere, a cut or a longer file', () => {
    const commitment = commit('params', 'json', payload, SALT, sha256Hex);
    for (let at = 0; at < file.length; at++) {
      const changed = file.slice();
      changed[at]! ^= 1;
      expect(matchPayload(changed, 'params', commitment, sha256Hex)).toBeNull();
    }
    for (let length = 0; length < file.length; length++) {
      expect(matchPayload(file.subarray(0, length), 'params', commitment, sha256Hex)).toBeNull();
    }
    expect(matchPayload(concatBytes(file, Uint8Array.of(0)), 'params', commitment, sha256Hex)).toBeNull();
  });
});
