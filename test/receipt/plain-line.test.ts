import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { call400, callWithPayloads, shortCall } from '../../bench/events.ts';
import { concatBytes, utf8 } from '../../src/base/bytes.ts';
import { nobleSha256Hex } from '../../src/crypto/hash.ts';
import { canonicalBytes } from '../../src/receipt/canonical.ts';
import { entryBytes, entryHash } from '../../src/receipt/entry.ts';
import { ORDINARY_TYPES } from '../../src/receipt/event-shape.ts';
import { PlainLines } from '../../src/receipt/plain-line.ts';
import { lineBytes } from '../../src/receipt/receipt.ts';
import { type LineView, newLineView, scanLine } from '../../src/receipt/scan.ts';

/*
 * The short way may only say yes where the long way says yes, and then it must have found the same. It is asked about lines that are
 * right, about every single-byte change of some of them, and about random damage; a yes to a changed line is compared, not forbidden.
 */

const ORIGIN = 'example.com/test/0123456789ab';
const HASH = 'ab'.repeat(32);
const frame = { id: '01990000-0000-7000-8000-0123456789ab', log: ORIGIN, time: '2026-11-20T20:34:00.123Z' };

function lineOf(eventBytes: Uint8Array, seq: number, prev: string, change: Partial<typeof frame> = {}): Uint8Array {
  const entry = entryBytes(eventBytes, { ...frame, ...change, seq, prev });
  return lineBytes(entry, entryHash(entry, nobleSha256Hex), []);
}

/** `,"hash":"…","sigs":[]}` and LF. */
const AFTER_ENTRY = 9 + 64 + 13;
const BEFORE = lineOf(utf8('{"type":"tool_call"}'), 41, HASH);
const PREV = entryHash(BEFORE.subarray(9, BEFORE.length - AFTER_ENTRY), nobleSha256Hex);

/** A line that follows BEFORE. */
function next(event: object | string, change: Partial<typeof frame> = {}): Uint8Array {
  return lineOf(typeof event === 'string' ? utf8(event) : canonicalBytes(event), 42, PREV, change);
}

/** Ask both ways about what stands behind BEFORE. @returns whether the short way said yes; it throws when the long way differs. */
function ask(rest: Uint8Array, lineBefore: Uint8Array = BEFORE): boolean {
  const bytes = concatBytes(lineBefore, rest);
  const before = newLineView();
  if (!scanLine(bytes, 0, lineBefore.length - 1, before)) throw new Error('the line before is broken');
  const view = newLineView();
  const after = new PlainLines(bytes, bytes.length).read(BEFORE.length, before, view);
  if (after < 0) return false;
  const text = (begin: number, end: number): string => String.fromCharCode(...bytes.subarray(begin, end));
  // The stated hash is left to the caller, who compares it with the computed one.
  if (!/^[0-9a-f]{64}$/.test(text(view.hashBegin, view.hashBegin + 64))) return false;
  const lf = bytes.indexOf(0x0a, BEFORE.length);
  const long = newLineView();
  const ok = scanLine(bytes, BEFORE.length, lf, long);
  const facts = (of: LineView): string =>
    JSON.stringify({ ...of, sigs: [], at: 0, expected: '', event: { ...of.event, failedAt: 0, expected: '' } });
  const agrees =
    ok &&
    after === lf + 1 &&
    facts(view) === facts(long) &&
    !long.event.breach &&
    text(long.vBegin, long.vEnd) === '1' &&
    text(long.logBegin, long.logEnd) === ORIGIN &&
    long.seq === 42 &&
    text(long.prevBegin, long.prevBegin + 64) === PREV &&
    text(long.timeBegin, long.timeBegin + 24) >= frame.time &&
    (ORDINARY_TYPES as readonly string[]).includes(text(long.event.typeBegin, long.event.typeEnd));
  if (agrees) return true;
  throw new Error(`the two ways differ on ${new TextDecoder().decode(rest)}: ${facts(view)} ${facts(long)}`);
}

const DEEP = (depth: number): string => `{"data":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)},"type":"custom"}`;
const DEEP_RESULT = (depth: number): string =>
  `{"outcome":{"result":${'{"a":'.repeat(depth - 2)}1${'}'.repeat(depth - 2)}},"type":"outcome"}`;

describe('lines that the short way takes', () => {
  test('what recorders write', () => {
    const events = Array.from({ length: 64 }, (_, n) => [shortCall(n * 37), call400(n), callWithPayloads(n)]).flat();
    expect(events.filter((event) => !ask(next(event)))).toEqual([]);
  });

  test.each([
    '{"type":"tool_call"}',
    '{"data":null,"type":"custom"}',
    '{"data":{"":0,"A":[],"a":{},"b":[true,false,null,-1,"",[1,[2]]]},"type":"custom"}',
    '{"data":"\u2028\ufeff\u007f\\u001f\\b\\t\\n\\f\\r\\"\\\\ü€𝄞","type":"custom"}',
    '{"data":[0,1,999999999999999,0.1,-0.5,0.000001,123456.789012345,1.5],"type":"custom"}',
    '{"nonce":"01990000-0000-4000-8000-0123456789ab","requested_at":"2026-11-20T20:34:00.123Z","type":"decision"}',
    '{"request":{"any":{"thing":1}},"sequence":"q","step":1,"tool_calls":[{"id":"1","tool":"a"},{"tool":"b"}],"type":"decision"}',
    `{"authorization":{"allowed":false},"duration_ms":0,"policy":{"policy_hash":"${HASH}"},"type":"decision"}`,
    DEEP(64),
    DEEP_RESULT(64),
  ])('%s', (event) => {
    expect(ask(next(event))).toBe(true);
  });

  test('the same millisecond, a later one, another minute, the next day', () => {
    for (const time of ['00.123', '00.124', '01.000'].map((end) => `${frame.time.slice(0, 17) + end}Z`)) {
      expect(ask(next(shortCall(1), { time }))).toBe(true);
    }
    expect(ask(next(shortCall(1), { time: '2026-11-20T20:35:00.000Z' }))).toBe(true);
    expect(ask(next(shortCall(1), { time: '2028-02-29T00:00:00.000Z' }))).toBe(true);
  });
});

describe('lines that it leaves to the long way', () => {
  test.each([
    '{}',
    '{"type":"genesis"}',
    '{"type":"tool_calls"}',
    '{"agent":"a"}',
    '{"agent":"","type":"tool_call"}',
    '{"type":"tool_call","agent":"a"}',
    '{"agent":"a","agent":"a","type":"tool_call"}',
    '{"type":"tool_call","zzz":1}',
    `{"action":{"params":1,"params_commit":"${HASH}"},"type":"tool_call"}`,
    `{"action":{"params_commit":"${HASH.toUpperCase()}"},"type":"tool_call"}`,
    `{"action":{"params_commit":"${HASH.slice(1)}"},"type":"tool_call"}`,
    '{"duration_ms":-1,"type":"tool_call"}',
    '{"step":0,"type":"tool_call"}',
    '{"step":01,"type":"tool_call"}',
    '{"step":1.5,"type":"tool_call"}',
    '{"data":-0,"type":"custom"}',
    '{"data":1.0,"type":"custom"}',
    '{"data":0.0000001,"type":"custom"}',
    '{"data":1e3,"type":"custom"}',
    '{"data":1.,"type":"custom"}',
    '{"data":.5,"type":"custom"}',
    '{"data":00,"type":"custom"}',
    '{"data":tru,"type":"custom"}',
    '{"data": 1,"type":"custom"}',
    '{"data":{"b":1,"a":1},"type":"custom"}',
    '{"data":{"a":1,"a":1},"type":"custom"}',
    '{"data":"\\/","type":"custom"}',
    '{"data":"\\u000a","type":"custom"}',
    '{"data":"\\u001F","type":"custom"}',
    '{"data":"\t","type":"custom"}',
    '{"data":"\n","type":"custom"}',
    '{"type":"tool_call"},"smuggled":{}',
    DEEP(65),
    DEEP_RESULT(65),
  ])('%s', (event) => {
    expect(ask(next(event))).toBe(false);
  });

  test('bytes that are no UTF-8', () => {
    for (const bad of [[0x80], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]]) {
      const event = concatBytes(utf8('{"data":"'), Uint8Array.from(bad), utf8('","type":"custom"}'));
      expect(ask(lineOf(event, 42, PREV))).toBe(false);
    }
  });

  test('lines that do not follow the one before', () => {
    const event = utf8('{"type":"tool_call"}');
    expect(ask(lineOf(event, 43, PREV))).toBe(false);
    expect(ask(lineOf(event, 41, PREV))).toBe(false);
    expect(ask(lineOf(event, 42, HASH))).toBe(false);
    // A zero prev that is indeed what the line before states: GENESIS_RULE is for the long way.
    const zero = '0'.repeat(64);
    const zeroHash = new TextDecoder().decode(BEFORE).replace(/(?<="hash":")[0-9a-f]+/, zero);
    expect(ask(lineOf(event, 42, zero), utf8(zeroHash))).toBe(false);
    for (const v of ['2', '0', '11']) {
      const other = new TextDecoder().decode(BEFORE).replace('"v":1}', `"v":${v}}`);
      expect(ask(lineOf(event, 42, PREV), utf8(other))).toBe(false);
    }
    for (const log of [ORIGIN.slice(0, -1), `${ORIGIN}0`, `X${ORIGIN.slice(1)}`]) {
      expect(ask(next('{"type":"tool_call"}', { log }))).toBe(false);
    }
    for (const time of ['2026-11-20T20:34:00.122Z', '2026-11-20T20:33:59.999Z', '2026-02-29T00:00:00.000Z']) {
      expect(ask(next('{"type":"tool_call"}', { time }))).toBe(false);
    }
  });

  test('an entry above its cap, which the long way calls TOO_LARGE', () => {
    const room = 65_535 - (next('{"data":"","type":"custom"}').length - 9 - AFTER_ENTRY);
    const of = (length: number): string => `{"data":"${'x'.repeat(length)}","type":"custom"}`;
    expect(ask(next(of(room)))).toBe(true);
    const line = new TextDecoder().decode(next(of(room)));
    expect(ask(utf8(line.replace('xxx', 'xxxx')))).toBe(false);
  });
});

test('every change of one byte: a yes is the yes of the long way', () => {
  let yes = 0;
  for (const event of [shortCall(0), shortCall(2)]) {
    const line = next(event);
    for (let at = 0; at < line.length; at++) {
      for (const byte of at % 7 === 0
        ? Array.from({ length: 256 }, (_, i) => i)
        : [0x00, 0x0a, 0x22, 0x2c, 0x30, 0x5c, 0x7d, 0xc3]) {
        const changed = line.slice();
        changed[at] = byte;
        if (ask(changed)) yes++;
      }
    }
  }
  expect(yes).toBeGreaterThan(1000);
});

test('a buffer that ends anywhere is no error', () => {
  const line = next(shortCall(2));
  for (let length = 0; length < line.length; length++) expect(ask(line.subarray(0, length))).toBe(false);
  expect(ask(line)).toBe(true);
});

test('random damage', () => {
  const pieces = [
    '"',
    ',',
    '{',
    '}',
    '\\',
    '\\u00',
    '1',
    '0.',
    'e',
    '-',
    'null',
    '"a":',
    '"type":"outcome"',
    'é',
    '\n',
    ' ',
  ];
  const edit = fc.record({
    at: fc.nat(1000),
    cut: fc.nat(6),
    put: fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 4, unit: 'grapheme' })),
  });
  const any = fc.jsonValue({ maxDepth: 3 });
  const events = fc.oneof(
    fc.nat(5000).map(shortCall),
    any.map((data) => ({ type: 'custom', data, sequence: 'q' })),
    any.map((result) => ({ type: 'outcome', outcome: { result, status: 'executed' } })),
  );
  let yes = 0;
  fc.assert(
    fc.property(events, fc.array(edit, { maxLength: 3 }), (event, edits) => {
      let line = next(event);
      for (const { at, cut, put } of edits) {
        const from = at % line.length;
        line = concatBytes(line.subarray(0, from), utf8(put), line.subarray(Math.min(line.length, from + cut)));
      }
      if (ask(line)) yes++;
    }),
    { numRuns: 10_000 },
  );
  expect(yes).toBeGreaterThan(1000);
});
