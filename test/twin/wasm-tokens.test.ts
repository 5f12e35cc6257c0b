import { beforeAll, describe, expect, it } from 'vitest';
import { decodeBase64url, toBase64url } from '../../src/base/bytes.ts';
import * as twin from '../../src/receipt/frame-tokens.ts';
import { compileKernels, Kernels, seeded } from './kernels.ts';

let k: Kernels;
let chunk: number;
beforeAll(async () => {
  k = new Kernels(await compileKernels());
  chunk = k.at('CHUNK');
});

const random = seeded(0x70c3);
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
/** Put bytes into CHUNK, a LF before and behind them. @returns their address. */
function put(bytes: Uint8Array, offset = 100): number {
  const at = chunk + offset;
  k.bytes.fill(0x0a, at - 1, at + bytes.length + 100);
  k.bytes.set(bytes, at);
  return at;
}

describe('the end of a line', () => {
  it('wherever it stands, however the line lies, and wherever the lines end', () => {
    k.bytes.fill(0x61, chunk, chunk + 1000);
    for (let begin = 0; begin < 70; begin++) {
      for (let lf = begin; lf < begin + 200; lf++) {
        k.bytes[chunk + lf] = 0x0a;
        // Neither another LF behind it nor one before changes the answer.
        k.bytes[chunk + lf + 1 + random(80)] = 0x0a;
        expect(k.call('findNewline', chunk + begin, chunk + 900)).toBe(chunk + lf);
        const end = begin + random(lf - begin + 1);
        expect(k.call('findNewline', chunk + begin, chunk + end)).toBe(chunk + end);
        k.bytes.fill(0x61, chunk + lf, chunk + lf + 100);
      }
    }
  });

  it('is the byte 0x0a and no other', () => {
    for (let byte = 0; byte < 256; byte++) {
      for (const at of [0, 15, 16, 31, 32, 47, 48, 63, 64]) {
        k.bytes.fill(0x61, chunk, chunk + 256);
        k.bytes[chunk + at] = byte;
        expect(k.call('findNewline', chunk, chunk + 200)).toBe(chunk + (byte === 0x0a ? at : 200));
      }
    }
  });
});

describe('tokens of fixed width, every byte in every place', () => {
  const HEX = '0123456789abcdef'.repeat(4);
  const UUID = '01990f3a-5bc7-7d89-8e0f-a1b2c3d4e5f6';
  it.each([
    ['isHex64', HEX, (buf: Uint8Array) => twin.isHex64(buf, 0, 64)],
    ['isUuid', UUID, (buf: Uint8Array) => twin.isUuid(buf, 0, 36)],
    ['isUuid7', UUID, (buf: Uint8Array) => twin.isUuid7(buf, 0, 36)],
    ['isInstant', '2028-02-29T23:59:59.999Z', (buf: Uint8Array) => twin.isInstant(buf, 0, 24)],
    ['isInstant', '1970-12-01T00:00:00.000Z', (buf: Uint8Array) => twin.isInstant(buf, 0, 24)],
  ] as const)('%s beside its twin, from %s on', (name, text, judge) => {
    let good = 0;
    for (let i = 0; i < text.length; i++) {
      for (let byte = 0; byte < 256; byte++) {
        const changed = ascii(text).with(i, byte);
        const found = k.call(name, put(changed, 100 + (byte & 15))) !== 0;
        expect([i, byte, found]).toEqual([i, byte, judge(changed)]);
        if (found) good++;
      }
    }
    expect(good).toBeGreaterThan(text.length);
  });

  it('isInstant: every day of 1968 to 2105, and of 9999', () => {
    const two = (n: number): string => String(n).padStart(2, '0');
    for (const year of [...Array.from({ length: 138 }, (_, i) => 1968 + i), 9999]) {
      for (let month = 0; month <= 13; month++) {
        for (let day = 0; day <= 32; day++) {
          const text = ascii(`${year}-${two(month)}-${two(day)}T12:00:00.000Z`);
          expect(k.call('isInstant', put(text)) !== 0).toBe(twin.isInstant(text, 0, 24));
        }
      }
    }
  });

  it('isInstantNear answers as isInstant does, near or not', () => {
    const near = put(ascii('2028-02-29T23:59:00.000Z'), 400);
    for (let i = 0; i < 24; i++) {
      for (let byte = 0; byte < 256; byte++) {
        const at = put(ascii('2028-02-29T23:59:59.999Z').with(i, byte));
        expect(k.call('isInstantNear', at, near)).toBe(k.call('isInstant', at));
      }
    }
  });

  it('isEarlier and sameBytes', () => {
    for (let run = 0; run < 3000; run++) {
      const a = Uint8Array.from({ length: 64 }, () => random(256));
      const i = random(24);
      const b = a.with(i, random(256));
      const [atA, atB] = [put(a, 100), put(b, 300)];
      put(a, 100);
      k.bytes.set(b, atB);
      expect(k.call('isEarlier', atA, atB) !== 0).toBe(a[i] < b[i]);
      const length = 16 + random(49);
      expect(k.call('sameBytes', atA, atB, length) !== 0).toBe(a[i] === b[i] || i >= length);
    }
  });
});

describe('base64url of a signature', () => {
  const SIZE = 3309;
  const decode = (text: Uint8Array, lane = 0): Uint8Array | null => {
    const to = k.call('signatureAt', lane);
    k.bytes.fill(0xee, to, to + 3312);
    const good = k.call('decodeSignature', put(text, 1000), to) !== 0;
    expect([...k.read(to + SIZE, 3)], 'bytes behind it').toEqual([0xee, 0xee, 0xee]);
    return good ? k.read(to, SIZE) : null;
  };
  const signature = Uint8Array.from({ length: SIZE }, () => random(256));
  const text = ascii(toBase64url(signature));

  it('decodes what was encoded, into either place', () => {
    expect(text).toHaveLength(4412);
    for (const lane of [0, 1]) {
      for (const bytes of [signature, new Uint8Array(SIZE), new Uint8Array(SIZE).fill(255)]) {
        expect(decode(ascii(toBase64url(bytes)), lane)).toEqual(bytes);
      }
    }
  });

  it('every byte in every place of the first, a middle and the last steps', () => {
    const places = [...Array(36).keys(), ...Array.from({ length: 16 }, (_, i) => 2000 + i)];
    places.push(...Array.from({ length: 36 }, (_, i) => 4412 - 36 + i));
    for (const at of places) {
      for (let byte = 0; byte < 256; byte++) {
        const changed = text.with(at, byte);
        // The twin is slow: of a changed character only its own group of four is decoded.
        const group = at & ~3;
        const four = decodeBase64url(changed.subarray(group, group + 4));
        const found = decode(changed);
        if (four === null) expect([at, byte, found]).toEqual([at, byte, null]);
        else expect([at, byte, ...found!.subarray((group / 4) * 3, (group / 4) * 3 + 3)]).toEqual([at, byte, ...four]);
      }
    }
  });

  it('a flaw anywhere is found', () => {
    for (let at = 0; at < text.length; at++) {
      const byte = [0x2b, 0x2f, 0x3d, 0x0a, 0x00, 0x80, 0xff, 0x22][at % 8];
      expect(decode(text.with(at, byte))).toBe(null);
    }
  });
});
