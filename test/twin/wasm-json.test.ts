import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { canonicalBytes } from '../../src/receipt/canonical.ts';
import { EVENT_SHAPE, isKnownType, type Kind, ORDINARY_TYPES } from '../../src/receipt/event-shape.ts';
import type { Json, JsonObject } from '../../src/receipt/json.ts';
import { newJsonScan, scanObject } from '../../src/receipt/json-scan.ts';
import { eventShapeBytes } from '../../src/receipt/shape-bytes.ts';
import { rawBytes, rawText } from '../../vectors/edit.ts';
import { Dice, MUTATIONS, mutate, seedOf } from '../property/mutate.ts';
import { readKit } from '../tamper/kit.ts';
import { compileKernels, Kernels } from './kernels.ts';

/*
 * assembly/json.ts beside scanObject: where it answers, the answers are the same; and it answers for every canonical object without
 * rare things in it, so that "cannot judge" never grows unseen.
 */

let k: Kernels;
let chunk: number;
beforeAll(async () => {
  k = new Kernels(await compileKernels());
  chunk = k.at('CHUNK');
  k.bytes.set(eventShapeBytes(), k.at('SCHEMA'));
});

const scan = newJsonScan();
const CLASSES = { none: 0, ordinary: 1, control: 2, naming: 3, unknown: 4 };

/** Read an object both ways. @param behind what stands after it on its line. @returns whether the kernel could judge it. */
function judge(object: Uint8Array, behind = ',"id":"'): boolean {
  const bytes = new Uint8Array([...object, ...utf8(behind), 0x0a]);
  // What lies behind the line must not matter: full of things that would go on with a token.
  const offset = 64 + (object.length & 15);
  const at = chunk + offset;
  k.bytes.fill(0x22, at + bytes.length, at + bytes.length + 128);
  k.bytes.set(bytes, at);
  const found = k.call('readEvent', at);
  const end = scanObject(bytes, 0, bytes.length - 1, scan);
  const text = rawText(object);
  if (found === 0) {
    // Not canonical, or one of the rare things.
    if (end === object.length && scan.looseAt < 0 && !isRare(text)) throw new Error(`cannot judge ${text}`);
    return false;
  }
  expect([found - at, -1], text).toEqual([end, scan.looseAt]);
  const offsetOf = (name: string): number => Math.max(0, k.call(name) - at);
  expect(
    {
      typeBegin: offsetOf('eventTypeBegin'),
      typeEnd: offsetOf('eventTypeEnd'),
      sequenceBegin: offsetOf('eventSequenceBegin'),
      sequenceEnd: offsetOf('eventSequenceEnd'),
      breach: k.call('eventBreach') !== 0,
    },
    text,
  ).toMatchObject({
    typeBegin: scan.typeBegin,
    typeEnd: scan.typeEnd,
    sequenceBegin: scan.sequenceBegin,
    sequenceEnd: scan.sequenceEnd,
    breach: scan.breach,
  });
  expect(k.call('eventTypeClass'), text).toBe(classOf(bytes.subarray(scan.typeBegin, scan.typeEnd)));
  return true;
}

function classOf(type: Uint8Array): number {
  const text = rawText(type);
  if (scan.typeEnd === 0) return CLASSES.none;
  if ((ORDINARY_TYPES as readonly string[]).includes(text)) return CLASSES.ordinary;
  if (!isKnownType(text)) return CLASSES.unknown;
  return text === 'genesis' || text === 'rotation' ? CLASSES.naming : CLASSES.control;
}

/** A name with an escape or a byte above 0x7f, or a number of more than 15 digits or with an exponent. */
function isRare(text: string): boolean {
  const strings = /"(?:[^"\\]|\\.)*"/gs;
  for (const { 0: found, index } of text.matchAll(strings)) {
    if (text[index + found.length] === ':' && /[\\\x80-\xff]/.test(found)) return true;
  }
  const numbers = text.replace(strings, '""').match(/-?[0-9][0-9.eE+-]*/g) ?? [];
  return numbers.some((number) => /e/i.test(number) || number.replace(/[-.]/g, '').length > 15);
}

const character = fc.oneof(
  fc.constantFrom(...'"\\/\b\f\n\r\t\u0000\u001f\u007f\u0080é\u07ff\u0800\u2028\ud7ff\ue000\uffff\u{10000}\u{10ffff}'),
  fc.constantFrom(...'abcxyz {}[]:,0129'),
);
const text = fc.oneof(
  fc.string({ unit: character, maxLength: 8 }),
  fc.string({ unit: character, minLength: 14, maxLength: 50 }),
);
const name = fc.oneof(
  fc.stringMatching(/^[a-z_~ ]{0,20}$/),
  fc.constantFrom(...Object.keys(EVENT_SHAPE.members)),
  text,
);
const number = fc.oneof(
  fc.integer({ min: -3, max: 1000 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(
    0.1,
    0.000001,
    1e-7,
    1e21,
    123456789012345,
    1234567890123456,
    0.00000123,
    12345678901234.5,
    2 ** 53 - 1,
  ),
  fc.integer({ min: 1, max: 999_999 }).map((n) => n / 1000),
);
const { json } = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 3 },
    fc.oneof(text, number, fc.boolean(), fc.constant(null)),
    fc.array(tie('json'), { maxLength: 4 }),
    fc.dictionary(name, tie('json'), { maxKeys: 4 }),
  ) as fc.Arbitrary<Json>,
}));

/** A value that keeps its kind, or is near to. */
function valuesOf(kind: Kind): fc.Arbitrary<unknown> {
  switch (kind.kind) {
    case 'string': {
      const patterns = {
        hex64: fc.stringMatching(/^[0-9a-f]{64}$/),
        uuid: fc.constantFrom('01990f3a-5bc7-4d89-8e0f-a1b2c3d4e5f6', '01990f3a-5bc7-4d89-8e0fa-1b2c3d4e5f6'),
        time: fc.constantFrom('2026-11-20T20:34:00.123Z', '2026-02-29T20:34:00.123Z', '2026-11-20T20:34:00.123'),
      };
      if (kind.pattern !== undefined) return fc.oneof({ weight: 5, arbitrary: patterns[kind.pattern] }, text);
      if (kind.oneOf !== undefined) return fc.constantFrom(...kind.oneOf, `${kind.oneOf[0]}s`, '');
      return text;
    }
    case 'integer':
      return fc.oneof(fc.integer({ min: -1, max: 3 }), fc.nat(), fc.constant(0.5));
    case 'number':
      return number;
    case 'boolean':
      return fc.oneof(fc.boolean(), fc.constant(null));
    case 'any':
      return json;
    case 'free':
      return fc.oneof(fc.dictionary(name, json, { maxKeys: 3 }), json);
    case 'array':
      return fc.oneof(fc.array(valuesOf(kind.items), { maxLength: 3 }), json);
    case 'object':
      return objectOf(kind.members);
  }
}

function objectOf(members: Readonly<Record<string, Kind>>): fc.Arbitrary<unknown> {
  const known = Object.fromEntries(Object.entries(members).map(([key, kind]) => [key, valuesOf(kind)]));
  return fc
    .tuple(fc.record(known, { requiredKeys: [] }), fc.dictionary(name, json, { maxKeys: 1 }), fc.nat(20), fc.nat(9))
    .map(([own, other, most, wild]) => ({
      ...Object.fromEntries(Object.entries(own).slice(0, most)),
      ...(wild === 0 ? other : {}),
    }));
}
const type = fc.constantFrom(
  ...ORDINARY_TYPES,
  'genesis',
  'rotation',
  'close',
  'anchor',
  'mine',
  'tool_calls',
  'tool_cal',
);
const event = fc.tuple(objectOf(EVENT_SHAPE.members), type, fc.nat(9)).map(([members, one, keep]) => {
  return (keep === 0 ? members : { ...(members as object), type: one }) as JsonObject;
});

describe('the event, beside scanObject', () => {
  it('20,000 canonical events, with and without breaches', () => {
    let good = 0;
    const counted = { keeps: 0, breaks: 0 };
    fc.assert(
      fc.property(event, (one) => {
        if (!judge(canonicalBytes(one))) return;
        good++;
        counted[scan.breach ? 'breaks' : 'keeps']++;
      }),
      { numRuns: 20_000 },
    );
    expect(good).toBeGreaterThan(8000);
    expect(counted.keeps).toBeGreaterThan(1000);
    expect(counted.breaks).toBeGreaterThan(1000);
  });

  it('any objects, at any depth', () => {
    fc.assert(
      fc.property(fc.dictionary(name, json), (one) => void judge(canonicalBytes(one as JsonObject))),
      { numRuns: 5000 },
    );
    for (let depth = 60; depth < 70; depth++) {
      const [arrays, objects] = ['[', '{"a":'].map((open) => open.repeat(depth - 1));
      expect(judge(utf8(`{"a":${arrays}${']'.repeat(depth - 1)}}`))).toBe(depth <= 64);
      expect(judge(utf8(`{"a":${objects}1${'}'.repeat(depth - 1)}}`))).toBe(depth <= 64);
    }
  });

  it('each token of a schema alone, and as a part of a longer one', () => {
    const names = [...Object.keys(EVENT_SHAPE.members), 'params', 'result_encrypted', 'classification'];
    for (const one of names) {
      for (const changed of [one, `${one}s`, one.slice(0, -1), `${one}_encrypted`]) {
        for (const inner of ['"x"', '{}', '[]', '1', 'true', 'null', '{"tool":"t"}', '[{"tool":"t"}]']) {
          judge(utf8(`{"${changed}":${inner}}`));
          judge(utf8(`{"action":{"${changed}":${inner}},"type":"custom"}`));
          judge(utf8(`{"outcome":{"${changed}":${inner}},"type":"custom"}`));
        }
      }
    }
  });

  it('every byte in every place of events of the kit', { timeout: 120_000 }, () => {
    const events = [
      '{"action":{"params":{"a":[1.5,-2,0]},"tool":"t"},"agent":"é\\n","sequence":"q","step":1,"type":"tool_call"}',
      `{"data":{"":null,"a":true},"decision":"${'ab'.repeat(32)}","duration_ms":0.25,"effect":"deny","type":"x"}`,
      '{"nonce":"01990f3a-5bc7-4d89-8e0f-a1b2c3d4e5f6","requested_at":"2026-11-20T20:34:00.123Z","tool_calls":[{"tool":"t"}],"type":"outcome"}',
    ].map(utf8);
    let good = 0;
    for (const one of events) {
      for (let i = 0; i < one.length; i++) {
        for (let byte = 0; byte < 256; byte++) if (judge(one.with(i, byte))) good++;
      }
    }
    expect(good).toBeGreaterThan(5000);
  });

  it('every escape, and UTF-8 sequences of every first and second byte', { timeout: 120_000 }, () => {
    const within = (content: Uint8Array): boolean => {
      return judge(new Uint8Array([...utf8('{"a":"'), ...content, ...utf8('.","type":"custom"}')]));
    };
    const good: string[] = [];
    for (let byte = 0; byte < 256; byte++) {
      const text = `\\${String.fromCharCode(byte)}`;
      if (byte !== 0x75 && within(rawBytes(text))) good.push(text);
    }
    for (let code = 0; code < 0x300; code++) {
      for (const digits of [code.toString(16), code.toString(16).toUpperCase()]) {
        const text = `\\u${digits.padStart(4, '0')}`;
        if (within(utf8(text))) good.push(text);
      }
    }
    // \" \\ \b \f \n \r \t, and 27 control characters; 18 of them have no letter and are met in both cases.
    expect(good.length).toBe(7 + 27 + 18);
    let sequences = 0;
    for (let first = 0x80; first < 256; first++) {
      for (let second = 0; second < 256; second++) {
        if (second === 0x0a) continue;
        for (const rest of [
          [],
          [0x80],
          [0xbf],
          [0x7f],
          [0xc0],
          [0x80, 0x80],
          [0xbf, 0xbf],
          [0xbf, 0x7f],
          [0x80, 0xc0],
        ]) {
          if (within(Uint8Array.of(first, second, ...rest))) sequences++;
        }
      }
    }
    expect(sequences).toBeGreaterThan(30 * 64);
  });

  it('20,000 mutated events', () => {
    const dice = new Dice(seedOf('mutated events'));
    const events = readKit('receipts')
      .cases.flatMap(({ bytes }) => rawText(bytes).match(/(?<="event":)\{[^\n]*?\}(?=,"id")/g) ?? [])
      .filter((one) => one.length < 2000)
      .map(rawBytes);
    expect(events.length).toBeGreaterThan(100);
    let good = 0;
    for (let run = 0; run < 20_000; run++) {
      const { bytes } = mutate(dice, dice.pick(events), dice.pick(events), MUTATIONS);
      // A line holds no LF: the event ends before it.
      const lf = bytes.indexOf(0x0a);
      if (judge(lf < 0 ? bytes : bytes.slice(0, lf), dice.pick(['', ',', '}', ',"id":"', '"', '0', 'é']))) good++;
    }
    expect(good).toBeGreaterThan(1000);
  });
});
