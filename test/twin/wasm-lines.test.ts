import { beforeAll, describe, expect, it } from 'vitest';
import { shortCall } from '../../bench/events.ts';
import { concatBytes, utf8 } from '../../src/base/bytes.ts';
import { nobleSha256Hex } from '../../src/crypto/hash.ts';
import { LINE_FLAGS, type LineBefore, RECORD, RECORD_WORDS } from '../../src/crypto/line-verifier.ts';
import type { LineKernel } from '../../src/crypto/wasm-lines.ts';
import { entryHash } from '../../src/receipt/entry.ts';
import { isKnownType } from '../../src/receipt/event-shape.ts';
import { type LineView, newLineView, scanLine } from '../../src/receipt/scan.ts';
import { ascii, computedHash, isLater, sameLogAndVersion, says } from '../../src/verify/checks.ts';
import { fixedKey, LogBuilder } from '../../vectors/build.ts';
import { attackLines, openKernel } from '../property/line-attack.ts';
import { lineLogs } from '../property/line-logs.ts';
import { Dice, seedOf } from '../property/mutate.ts';
import { compileKernels, Kernels, seeded } from './kernels.ts';

/*
 * The line kernel compiled with assertions: there are guard bytes between its regions, and nothing may change them, nor may anything
 * beyond the lines change an answer.
 */

let kernel: LineKernel;
let regions: Kernels;
let all: Uint8Array;
beforeAll(async () => {
  const module = await compileKernels();
  regions = new Kernels(module);
  kernel = openKernel(module);
  all = new Uint8Array(kernel.bytes.buffer);
});

const NAMES = 'LANES WORDS LANE_JOBS JOBS SAVED NODES KIDS PREFIX SCHEMA RECORDS CHUNK'.split(' ');
const GUARD = 64;

/** Bytes between the regions, and those behind the last. */
function guards(): Uint8Array[] {
  const end = regions.at('END');
  const between = NAMES.map((name) => all.subarray(regions.at(name) - GUARD, regions.at(name)));
  const slack = [all.subarray(regions.at('CHUNK') - GUARD - 128, regions.at('CHUNK')), all.subarray(end - GUARD - 128)];
  return [...between, ...slack];
}

interface Answer {
  readonly count: number;
  readonly records: readonly number[];
}

/** Read lines at a place of CHUNK, surrounded by one filler after the other. @returns the one answer. */
function read(lines: Uint8Array, before: Uint8Array, atEnd: boolean): Answer {
  const { bytes } = kernel;
  const size = before.length + lines.length;
  const at = atEnd ? bytes.length - size : 5;
  const answers = [0x22, 0x0a].map((filler): Answer => {
    bytes.fill(filler);
    for (const guard of guards()) guard.fill(filler ^ 0x55);
    bytes.set(before, at);
    bytes.set(lines, at + before.length);
    const view = newLineView();
    expect(scanLine(bytes, at, at + before.length - 1, view)).toBe(true);
    const count = kernel.read(at + before.length, at + size, view);
    for (const [i, guard] of guards().entries())
      expect([i, guard.every((byte) => byte === (filler ^ 0x55))]).toEqual([i, true]);
    expect(Buffer.compare(bytes.subarray(at, at + size), concatBytes(before, lines))).toBe(0);
    return { count, records: [...kernel.records.slice(0, count * 16)].filter((_, i) => i % 16 < 3) };
  });
  expect(answers[1]).toEqual(answers[0]);
  return answers[0];
}

describe('hostile lines', () => {
  const MIB = 1 << 20;
  const genesis = lineLogs()[0].bytes.slice(0, lineLogs()[0].bytes.indexOf(0x0a) + 1);
  const good = new TextDecoder().decode(lineLogs()[0].bytes.slice(genesis.length)).split('\n')[0];
  const [open, close] = [good.slice(0, 18), good.slice(good.indexOf(',"id":"'))];
  const signature = `{"alg":"ML-DSA-65","kid":"${'A'.repeat(43)}","sig":"${'A'.repeat(4412)}"}`;
  const line = (text: string): Uint8Array => utf8(`${text}\n`);
  const cases: readonly (readonly [name: string, lines: Uint8Array, count: number])[] = [
    ['nothing', new Uint8Array(0), 0],
    ['no line end', utf8('x'.repeat(1000)), 0],
    ['a good line and half of it', utf8(`${good}\n${good.slice(0, 300)}`), 1],
    ['empty lines, more than there are records', new Uint8Array(5000).fill(0x0a), 1024],
    ['1 MiB of NUL', line('\0'.repeat(MIB)), 1],
    ['more than 1 MiB', line(`${open}${'x'.repeat(MIB)}`), 1],
    ['1 MiB of 0xff', concatBytes(new Uint8Array(MIB).fill(255), line('')), 1],
    ['1 MiB of quotes', line('"'.repeat(MIB)), 1],
    ['a frame around 1 MiB of an open string', line(`${open}{"a":"${'x'.repeat(MIB - 1000)}${close}`), 1],
    ['a frame around objects without end', line(`${open}${'{"a":'.repeat(10_000)}${close}`), 1],
    ['a frame around arrays without end', line(`${open}{"a":${'['.repeat(60_000)}${close}`), 1],
    ['a frame around digits without end', line(`${open}{"a":${'1'.repeat(60_000)}${close}`), 1],
    ['a frame around nothing', line(`${open}${close}`), 1],
    ['an end without a beginning', line(close), 1],
    ['a beginning without an end', line(open), 1],
    ['signatures without a line', line(`${signature},`.repeat(20)), 1],
    [
      'a line of nine signatures',
      line(good.replace('"sigs":[]', `"sigs":[${`${signature},`.repeat(8)}${signature}]`)),
      1,
    ],
    ['a line of eight', line(good.replace('"sigs":[]', `"sigs":[${`${signature},`.repeat(7)}${signature}]`)), 1],
    ['digits up to the beginning', line(`${'9'.repeat(200)}${close.slice(close.indexOf(',"time"'))}`), 1],
    ['an origin up to the beginning', line(`${'a'.repeat(300)}${close.slice(close.indexOf('","prev"'))}`), 1],
    ['a string that ends with the line', line(`${open}{"a":"`), 1],
    ['an escape that ends with the line', line(`${open}{"a":"\\`), 1],
    [
      'a sequence that ends with the line',
      concatBytes(utf8(`${open}{"a":"`), Uint8Array.of(0xf0, 0x9f, 0x98, 0x0a)),
      1,
    ],
  ];

  it.each(cases)('%s', (name, lines, count) => {
    for (const atEnd of [false, true]) {
      const answer = read(lines, genesis, atEnd);
      expect(answer.count).toBe(count);
      // All but the good one are for the caller to judge.
      const looks = answer.records.filter((_, i) => i % 3 === 2).map((flags) => flags & 1);
      expect(looks).toEqual(new Array(count).fill(name.startsWith('a good line') ? 0 : 1));
    }
  });

  it('cut at every byte, with a line end there', () => {
    const whole = utf8(good);
    for (let at = 0; at < whole.length; at++) {
      const { count, records } = read(concatBytes(whole.subarray(0, at), line('')), genesis, at % 2 === 0);
      expect([count, records[2] & 1]).toEqual([1, 1]);
    }
    expect(read(line(good), genesis, true).records[2]).toBe(0);
  });

  it('calls that cannot be meant are refused', () => {
    const before: LineBefore = { hashBegin: 100, logBegin: 30, logEnd: 40, timeBegin: 60, seq: 1 };
    const size = kernel.bytes.length;
    const refused = (begin: number, end: number, change: Partial<LineBefore>): void => {
      expect(() => kernel.read(begin, end, { ...before, ...change }), JSON.stringify([begin, end, change])).toThrow(
        TypeError,
      );
    };
    for (const [begin, end] of [
      [-1, 5],
      [6, 5],
      [0, size + 1],
      [2 ** 31 - 1, 2 ** 31 - 1],
    ])
      refused(begin, end, {});
    for (const hashBegin of [-1, size - 63, 2 ** 31 - 1]) refused(0, 0, { hashBegin });
    for (const timeBegin of [-1, size - 23]) refused(0, 0, { timeBegin });
    for (const logBegin of [-1, 8, 40, 41]) refused(0, 0, { logBegin });
    for (const logEnd of [size - 9, 231]) refused(0, 0, { logEnd });
    for (const seq of [-1, 2 ** 53, Number.NaN]) refused(0, 0, { seq });
    expect(kernel.read(0, 0, before)).toBe(0);
  });
});

/** Lay lines into CHUNK. @returns what the kernel says of all but the first: their flags. */
function flagsOf(lines: Uint8Array, first: LineView): number[] {
  kernel.bytes.set(lines);
  const genesis = lines.indexOf(0x0a);
  expect(scanLine(kernel.bytes, 0, genesis, first)).toBe(true);
  const count = kernel.read(genesis + 1, lines.length, first);
  return Array.from({ length: count }, (_, i) => kernel.records[i * RECORD_WORDS + RECORD.FLAGS]);
}

it('every byte in every place of a line, its hash made to fit: what is taken for good is good', {
  timeout: 120_000,
}, () => {
  const log = new LogBuilder([fixedKey('alice')], 'example.com/a/0').genesis('batch').add(shortCall(0), { by: [] });
  const [genesis, line] = log.lines;
  const [before, view] = [newLineView(), newLineView()];
  const hashAt = new TextDecoder('latin1').decode(line).indexOf(',"hash":"') + 9;
  const random = seeded(0x11e5);
  let good = 0;
  for (let at = 0; at < line.length - 1; at++) {
    for (const byte of [line[at] ^ 1, line[at] + 1, 0x22, 0x2c, 0x30, 0x7d, 0x5c, 0xe2, 0x20, 1 + random(255)]) {
      const changed = line.with(at, byte === 0x0a ? 0x0b : byte);
      const entry = changed.slice(9, hashAt - 9);
      if (at < hashAt - 9) changed.set(utf8(entryHash(entry, nobleSha256Hex)), hashAt);
      const [flags] = flagsOf(concatBytes(genesis, changed), before);
      if ((flags & LINE_FLAGS.LOOK) !== 0) continue;
      good++;
      const begin = genesis.length;
      expect([at, byte, scanLine(kernel.bytes, begin, begin + line.length - 1, view)]).toEqual([at, byte, true]);
      expect([view.seq, ascii(kernel.bytes, view.prevBegin, view.prevBegin + 64)]).toEqual([
        1,
        ascii(kernel.bytes, before.hashBegin, before.hashBegin + 64),
      ]);
      expect(
        says(kernel.bytes, view.hashBegin, computedHash(kernel.bytes, view.entryBegin, view.entryEnd, nobleSha256Hex)),
      ).toBe(true);
      expect((flags & LINE_FLAGS.EARLIER) !== 0).toBe(isLater(kernel.bytes, before.timeBegin, view.timeBegin));
      const { typeBegin, typeEnd } = view.event;
      const isUnknown = typeEnd > 0 && !isKnownType(ascii(kernel.bytes, typeBegin, typeEnd));
      expect((flags & LINE_FLAGS.UNKNOWN_TYPE) !== 0).toBe(isUnknown);
      if ((flags & LINE_FLAGS.UNKNOWN_TYPE) === 0) expect((flags & LINE_FLAGS.BREACH) !== 0).toBe(view.event.breach);
      expect([view.vEnd - view.vBegin, kernel.bytes[view.vBegin], view.sigCount]).toEqual([1, 0x31, 0]);
      expect(sameLogAndVersion(kernel.bytes, before, view)).toBe(true);
    }
  }
  expect(good).toBeGreaterThan(1000);
});

it('a signature that does not hold, on each line in turn: that line and no other is left to the caller', () => {
  for (const keys of [['alice'], ['alice', 'bob']]) {
    const secret = keys.map((name) => fixedKey(name)).sort((a, b) => (a.publicKey.kid < b.publicKey.kid ? -1 : 1));
    const log = new LogBuilder(secret).genesis().calls(5);
    for (const { publicKey } of secret) kernel.know(publicKey);
    const view = newLineView();
    expect(flagsOf(log.bytes(), view)).toEqual([0, 0, 0, 0, 0]);
    for (let i = 1; i <= 5; i++) {
      for (let which = 0; which < keys.length; which++) {
        const lines = [...log.lines];
        const text = new TextDecoder().decode(lines[i]);
        const sig = [...text.matchAll(/"sig":"/g)][which].index + 7 + 100;
        lines[i] = lines[i].with(sig, text[sig] === 'A' ? 0x42 : 0x41);
        const expected = [0, 0, 0, 0, 0].with(i - 1, 1);
        expect(flagsOf(concatBytes(...lines), view), `line ${i}, signature ${which}`).toEqual(expected);
      }
    }
    // The slots of the good ones say whose they are.
    flagsOf(log.bytes(), view);
    const slots = new Uint8Array(kernel.records.buffer, kernel.records.byteOffset + 4 * RECORD.SLOTS, 8);
    expect([...slots.subarray(0, keys.length)].map((slot) => kernel.keyIn(slot).kid)).toEqual(
      secret.map((key) => key.publicKey.kid),
    );
  }
});

it('300 mutated logs: the verdict of the reference, and no guard byte changed', { timeout: 180_000 }, async () => {
  for (const guard of guards()) guard.fill(0x5a);
  const verdicts = await attackLines(300, new Dice(seedOf('mutated lines in the debug kernel')), kernel);
  expect(verdicts.get('invalid')).toBeGreaterThan(50);
  for (const guard of guards()) expect(guard.every((byte) => byte === 0x5a)).toBe(true);
});
