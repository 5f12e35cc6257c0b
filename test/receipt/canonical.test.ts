import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex, utf8, utf8Text } from '../../src/base/bytes.ts';
import { ReceiptError } from '../../src/base/errors.ts';
import {
  canonicalBytes,
  canonicalEvent,
  canonicalText,
  isCanonicalEvent,
  parseStrict,
} from '../../src/receipt/canonical.ts';
import { hasShared, sharedJson } from '../shared.ts';

function failure(act: () => unknown): ReceiptError {
  try {
    act();
  } catch (error) {
    if (error instanceof ReceiptError) return error;
    throw error;
  }
  throw new Error('expected a ReceiptError, got none');
}

/** [code, at] of what `act` throws. */
const refused = (act: () => unknown): [string, string | undefined] => {
  const { code, at } = failure(act);
  return [code, at];
};

describe.skipIf(!hasShared)('RFC 8785 vectors', () => {
  it('forms the 6 documents', () => {
    const { tests } = sharedJson<{
      tests: { name: string; inputHex: string; outputHex: string; outputSha256: string }[];
    }>('vectors/jcs/documents.json');
    expect(tests).toHaveLength(6);
    for (const { inputHex, outputHex, outputSha256, name } of tests) {
      const output = canonicalBytes(parseStrict(fromHex(inputHex)));
      expect(toHex(output), name).toBe(outputHex);
      expect(createHash('sha256').update(output).digest('hex')).toBe(outputSha256);
    }
  });

  interface Numbers {
    tests: [string, string][];
    sha256OfFirstLines: Record<string, string>;
    rfc8785AppendixB: { accept: [string, string][]; reject: [string, string][] };
  }
  const double = (hex: string): number => new DataView(fromHex(hex).buffer).getFloat64(0);

  it('forms 10,000 + 24 numbers and refuses 2', () => {
    const { tests, sha256OfFirstLines, rfc8785AppendixB } = sharedJson<Numbers>('vectors/jcs/numbers.json');
    expect([tests.length, rfc8785AppendixB.accept.length, rfc8785AppendixB.reject.length]).toEqual([10_000, 24, 2]);
    const wrong = [...tests, ...rfc8785AppendixB.accept].filter(([hex, text]) => canonicalText(double(hex)) !== text);
    expect(wrong).toEqual([]);
    for (const [hex] of rfc8785AppendixB.reject)
      expect(refused(() => canonicalText(double(hex)))).toEqual(['NOT_REPRESENTABLE', '(root)']);

    // The checksums published with the sequence, over lines with our text instead of the expected one.
    const lines = tests.map(([hex]) => `${hex.replace(/^0{1,15}/, '')},${canonicalText(double(hex))}\n`);
    for (const count of [1000, 10_000]) {
      expect(createHash('sha256').update(lines.slice(0, count).join('')).digest('hex')).toBe(sha256OfFirstLines[count]);
    }
  });
});

describe('traps: bytes', () => {
  it('integer-like keys sort as text: "10" before "9"', () => {
    expect(canonicalText({ 9: 1, 10: 2, 1: 3 })).toBe('{"1":3,"10":2,"9":1}');
  });
  it('__proto__ and the empty name survive, at any depth', () => {
    const value = parseStrict('{"a":{"__proto__":{"x":1},"":2},"__proto__":null}');
    expect(canonicalText(value)).toBe('{"__proto__":null,"a":{"":2,"__proto__":{"x":1}}}');
    expect((value as { x?: unknown }).x).toBeUndefined();
  });
  it('nulls are not stripped', () => {
    expect(canonicalText({ b: null, a: [null, { c: null }] })).toBe('{"a":[null,{"c":null}],"b":null}');
  });
  it('every nested member is in the bytes: no allow-list of names', () => {
    expect(canonicalText({ a: { z: 1 }, z: { a: { q: 2 } } })).toBe('{"a":{"z":1},"z":{"a":{"q":2}}}');
  });
  it("forms numbers as RFC 8785, not as another language's dumper: 1, 1e-7, -0", () => {
    expect(canonicalText(parseStrict('[1.0,1e-07,-0,-0.0,1E30,4.50]'))).toBe('[1,1e-7,0,0,1e+30,4.5]');
  });
  it('astral names sort by UTF-16 unit', () => {
    expect(canonicalText({ '\u{ff61}': 1, '\u{1f600}': 2 })).toBe('{"\u{1f600}":2,"\u{ff61}":1}');
  });
});

describe('guard', () => {
  class Point {
    x = 1;
  }
  const cyclic: { self?: unknown } = {};
  cyclic.self = { deeper: [cyclic] };
  const holed = [1, 2, 3];
  delete holed[1];
  const holedWithMember: unknown[] = Object.assign([1, 2, 3], { name: 0 });
  delete holedWithMember[1];
  const hidden = Object.defineProperty({ a: 1 }, 'b', { value: 2, enumerable: false });

  const cases: [string, unknown, string][] = [
    ['undefined', undefined, ''],
    ['undefined member', { a: undefined }, '/a'],
    ['undefined item', [1, undefined], '/1'],
    ['hole', holed, ''],
    ['hole beside a named member', holedWithMember, ''],
    ['array with a member', Object.assign([1], { extra: 1 }), ''],
    ['array of a subclass', new (class extends Array {})(), ''],
    ['function', () => 1, ''],
    ['function member', { a: [() => 1] }, '/a/0'],
    ['toJSON function', { toJSON: () => 'else' }, '/toJSON'],
    ['symbol', Symbol('s'), ''],
    ['symbol name', { [Symbol('s')]: 1 }, ''],
    ['hidden member', hidden, ''],
    ['bigint', { n: 1n }, '/n'],
    ['NaN', { n: Number.NaN }, '/n'],
    ['Infinity', { n: [-Infinity] }, '/n/0'],
    ['Map', { m: new Map([[1, 2]]) }, '/m'],
    ['Set', { m: new Set() }, '/m'],
    ['Date', { at: new Date() }, '/at'],
    ['RegExp', { re: /x/ }, '/re'],
    ['class instance', { p: new Point() }, '/p'],
    ['object made from another', { p: Object.create({ inherited: 1 }) }, '/p'],
    ['boxed string', { s: Object('text') }, '/s'],
    ['boxed number', { s: Object(1) }, '/s'],
    ['typed array', { b: new Uint8Array(2) }, '/b'],
    ['error', { e: new Error('x') }, '/e'],
    ['promise', { e: Promise.resolve() }, '/e'],
    ['lone high surrogate', { s: 'a\ud800' }, '/s'],
    ['lone low surrogate', { s: '\udc00a' }, '/s'],
    ['lone surrogate in a name', { a: { '\ud800': 1 } }, '/a/\u{fffd}'],
    ['cycle', { a: cyclic }, '/a/self/deeper/0'],
    ['name that needs escapes', { 'a/b~': { c: undefined } }, '/a~1b~0/c'],
  ];
  it.each(cases)('refuses %s', (_, value, at) => {
    expect(refused(() => canonicalBytes(value))).toEqual(['NOT_REPRESENTABLE', at === '' ? '(root)' : `${at}`]);
  });

  it('takes 64 levels, not 65', () => {
    const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
    expect(canonicalText(nested(64))).toBe(`${'['.repeat(64)}1${']'.repeat(64)}`);
    expect(refused(() => canonicalText(nested(65)))[0]).toBe('NOT_REPRESENTABLE');
  });
  it('takes one object in two places: that is no cycle', () => {
    const shared = { x: 1 };
    expect(canonicalText({ a: shared, b: [shared] })).toBe('{"a":{"x":1},"b":[{"x":1}]}');
  });
  it('takes objects without a prototype, and a toJSON member that is data', () => {
    expect(canonicalText(Object.assign(Object.create(null), { toJSON: 'x', constructor: 1 }))).toBe(
      '{"constructor":1,"toJSON":"x"}',
    );
  });
  it('reads a getter once, and a proxy once', () => {
    let reads = 0;
    const lying = {
      get type() {
        reads++;
        return reads === 1 ? 'tool_call' : 'changed';
      },
    };
    const { bytes, event, type } = canonicalEvent(lying);
    expect([utf8Text(bytes), event, type, reads]).toEqual([
      '{"type":"tool_call"}',
      { type: 'tool_call' },
      'tool_call',
      1,
    ]);

    const asked: string[] = [];
    const proxy = new Proxy<Record<string, unknown>>(
      { a: 1, b: 2 },
      {
        get(target, name) {
          asked.push(String(name));
          return target[String(name)];
        },
      },
    );
    expect(canonicalText(proxy)).toBe('{"a":1,"b":2}');
    expect(asked).toEqual(['a', 'b']);
  });
  it('names the member whose getter throws, and keeps the error out: it may quote the value', () => {
    const hostile = {
      deep: { er: [{ x: 1 }] },
      outer: {
        get bad(): never {
          throw new Error('hunter2');
        },
      },
    };
    const error = failure(() => canonicalBytes(hostile));
    expect([error.code, error.at, error.cause]).toEqual(['NOT_REPRESENTABLE', '/outer/bad', undefined]);
    expect(`${error.stack}`).not.toContain('hunter2');
  });
  it('never quotes a value, and makes a name fit for a terminal', () => {
    const error = failure(() => canonicalBytes({ secret: 'hunter2\ud800' }));
    expect(error.message).not.toContain('hunter2');
    expect(failure(() => canonicalBytes({ '\u001b[2J\u202e': undefined })).at).toBe('/\u{fffd}[2J\u{fffd}');
    expect(failure(() => canonicalBytes({ ['n'.repeat(500)]: undefined })).at).toHaveLength(66);
  });
  it('shares nothing with the caller', () => {
    const mine = { type: 'custom', data: { list: [1] } };
    const { bytes, event } = canonicalEvent(mine);
    mine.data.list.push(2);
    expect(event).toEqual({ type: 'custom', data: { list: [1] } });
    expect(parseStrict(bytes)).toEqual(event);
  });
  it("a member that Object.prototype was given by somebody else is nobody's member", () => {
    Object.defineProperty(Object.prototype, 'type', { value: 'inherited', configurable: true, writable: true });
    try {
      const { bytes, type } = canonicalEvent({ a: {} });
      expect([utf8Text(bytes), type]).toEqual(['{"a":{}}', null]);
    } finally {
      Reflect.deleteProperty(Object.prototype, 'type');
    }
  });
});

describe('canonicalEvent', () => {
  it('is told apart from an event that only looks like one', () => {
    const made = canonicalEvent({ type: 'custom' });
    expect(isCanonicalEvent(made)).toBe(true);
    expect(isCanonicalEvent({ ...made })).toBe(false);
  });
  it('takes an object only', () => {
    for (const value of [null, 1, 'x', true, [], [{ type: 'custom' }]]) {
      expect(refused(() => canonicalEvent(value))).toEqual(['NOT_REPRESENTABLE', '(root)']);
    }
  });
  it('has type null where the event has none or it is no string', () => {
    expect(canonicalEvent({}).type).toBeNull();
    expect(canonicalEvent({ type: 1 }).type).toBeNull();
  });
});

describe('parseStrict', () => {
  const accepted: [string, string][] = [
    [' \t\r\n{ "a" : [ 1 , true , false , null , "x" ] } \n', '{"a":[1,true,false,null,"x"]}'],
    ['""', '""'],
    ['-0', '0'],
    ['0.1e1', '1'],
    ['9007199254740991', '9007199254740991'],
    ['-9007199254740991', '-9007199254740991'],
    ['9007199254740993.0', '9007199254740992'],
    ['1e20', '100000000000000000000'],
    ['"\\u0041\\/\\"\\\\\\b\\f\\n\\r\\t\\u001F"', '"A/\\"\\\\\\b\\f\\n\\r\\t\\u001f"'],
    ['"\\ud83d\\ude00"', '"\u{1f600}"'],
    ['"\ufeff\u007f\u2028\uffff"', '"\ufeff\u007f\u2028\uffff"'],
    ['{"toString":1,"constructor":2,"hasOwnProperty":3}', '{"constructor":2,"hasOwnProperty":3,"toString":1}'],
    ['[]', '[]'],
    ['{}', '{}'],
  ];
  it.each(accepted)('reads %j', (text, canonical) => {
    expect(canonicalText(parseStrict(text))).toBe(canonical);
    expect(canonicalText(parseStrict(utf8(text)))).toBe(canonical);
  });

  const refusals: [string, string, number, string][] = [
    ['nothing', '', 0, 'end of input'],
    ['white space only', '  ', 2, 'end of input'],
    ['byte order mark', '\ufeff{}', 0, '0xef'],
    ['trailing text', '{} x', 3, '0x78'],
    ['two values', '1 2', 2, '0x32'],
    ['trailing comma in an object', '{"a":1,}', 7, '0x7d'],
    ['trailing comma in an array', '[1,]', 3, '0x5d'],
    ['missing colon', '{"a" 1}', 5, '0x31'],
    ['name without quotes', '{a:1}', 1, '0x61'],
    ['single quotes', "{'a':1}", 1, '0x27'],
    ['open object', '{"a":1', 6, 'end of input'],
    ['open array', '[1', 2, 'end of input'],
    ['open string', '"abc', 4, 'end of input'],
    ['raw line feed in a string', '"a\nb"', 2, '0x0a'],
    ['unknown escape', '"\\x41"', 2, '0x78'],
    ['short \\u', '"\\u12g4"', 3, '0x31'],
    ['lone high surrogate', '["\\ud800"]', 1, 'an escaped lone surrogate'],
    ['lone low surrogate', '"\\udc00"', 0, 'an escaped lone surrogate'],
    ['lone surrogate in a name', '{"\\udfff":1}', 1, 'an escaped lone surrogate'],
    ['duplicate name', '{"a":1,"b":2,"a":3}', 13, 'a duplicate name'],
    ['duplicate name behind an escape', '{"a":1,"\\u0061":3}', 7, 'a duplicate name'],
    ['duplicate __proto__', '{"__proto__":1,"__proto__":2}', 15, 'a duplicate name'],
    ['offset in bytes, not characters', '["é\u{1f600}", x]', 11, '0x78'],
    ['leading zero', '01', 1, '0x31'],
    ['plus', '+1', 0, '0x2b'],
    ['minus alone', '-', 1, 'end of input'],
    ['point without digits', '1.', 1, '0x2e'],
    ['exponent without digits', '1e', 1, '0x65'],
    ['hex number', '0x1', 1, '0x78'],
    ['integer beyond 2^53-1', '[9007199254740992]', 1, 'one beyond it'],
    ['negative integer beyond', '-9007199254740993', 0, 'one beyond it'],
    ['overflow', '1e400', 0, 'one beyond them'],
    ['NaN', 'NaN', 0, '0x4e'],
    ['Infinity', '-Infinity', 1, '0x49'],
    ['misspelt word', 'nul', 3, 'end of input'],
    ['comment', '/* */ 1', 0, '0x2f'],
    ['no-break space', '\u00a0{}', 0, '0xc2'],
    ['vertical tab', '\u000b1', 0, '0x0b'],
    ['65 levels', `${'['.repeat(65)}${']'.repeat(65)}`, 64, 'deeper nesting'],
  ];
  it.each(refusals)('refuses %s', (_, text, offset, found) => {
    for (const input of [text, utf8(text)]) {
      const error = failure(() => parseStrict(input));
      expect([error.code, error.at, error.found]).toEqual(['NOT_JSON', `byte ${offset}`, found]);
    }
  });
  it('a raw lone surrogate in text is named by byte', () => {
    expect(refused(() => parseStrict('["é\u{1f600}\ud800"]'))).toEqual(['NOT_JSON', 'byte 8']);
  });

  const notUtf8: [string, string, number, string][] = [
    ['stray continuation', '2280', 1, '0x80'],
    ['overlong slash', '22c0af22', 1, '0xc0'],
    ['overlong three bytes', '22e080af22', 1, '0xe0'],
    ['overlong four bytes', '22f0808080', 1, '0xf0'],
    ['encoded surrogate', '22eda08022', 1, '0xed'],
    ['beyond U+10FFFF', '22f490808022', 1, '0xf4'],
    ['0xff', '22c3a9ff22', 3, '0xff'],
    ['cut character', '2261e282', 2, '0xe2'],
  ];
  it.each(notUtf8)('refuses %s', (_, hex, offset, found) => {
    const error = failure(() => parseStrict(fromHex(hex)));
    expect([error.code, error.at, error.found]).toEqual(['NOT_JSON', `byte ${offset}`, found]);
  });

  it('is not slow or deep on hostile text', () => {
    expect(refused(() => parseStrict('['.repeat(1_000_000)))).toEqual(['NOT_JSON', 'byte 64']);
    expect(refused(() => parseStrict(`"${'\\"'.repeat(500_000)}`))).toEqual(['NOT_JSON', 'byte 1000001']);
    expect(refused(() => parseStrict('1'.repeat(1_000_000)))).toEqual(['NOT_JSON', 'byte 0']);
  });
});

describe('properties', () => {
  const text = fc.string({ unit: 'binary' });
  const number = fc.double({ noNaN: true, noDefaultInfinity: true });
  const json = fc.jsonValue({ stringUnit: 'binary', maxDepth: 6 });
  /** Doubles whose canonical text is an integer literal beyond ±(2^53−1), which the strict reader refuses. */
  const literalTooBig = (n: number): boolean => Number.isInteger(n) && !Number.isSafeInteger(n) && Math.abs(n) < 1e21;
  const readable = (value: unknown): boolean =>
    typeof value === 'number'
      ? !literalTooBig(value)
      : typeof value !== 'object' || value === null || Object.values(value).every(readable);
  /** -0 is 0 in JSON; toEqual tells them apart. */
  const positive = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

  it('parseStrict gives back what canonicalBytes was given, and canonicalBytes is idempotent', () => {
    fc.assert(
      fc.property(fc.oneof(json, fc.dictionary(text, fc.oneof(number, text))).filter(readable), (value) => {
        const bytes = canonicalBytes(value);
        const back = parseStrict(bytes);
        expect(back).toEqual(positive(value));
        expect(canonicalBytes(back)).toEqual(bytes);
      }),
      { numRuns: 2000 },
    );
  });
  it('agrees with JSON.parse on what JSON.stringify writes', () => {
    fc.assert(
      fc.property(json.filter(readable), fc.nat(4), (value, space) => {
        const written = JSON.stringify(value, null, space);
        expect(parseStrict(written)).toEqual(JSON.parse(written));
      }),
      { numRuns: 1000 },
    );
  });
  it('accepts no text that JSON.parse refuses', () => {
    const mutated = fc.tuple(
      json,
      fc.nat(),
      fc.constantFrom('', '"', '\\', '{', '}', '[', ']', ',', ':', '0', '-', 'e', '.', '\u0000', ' '),
    );
    fc.assert(
      fc.property(mutated, fc.nat(2), ([value, at, insert], cut) => {
        const whole = JSON.stringify(value);
        const place = at % (whole.length + 1);
        const changed = whole.slice(0, place) + insert + whole.slice(place + cut);
        try {
          parseStrict(changed);
        } catch (error) {
          expect(error).toBeInstanceOf(ReceiptError);
          return;
        }
        expect(() => JSON.parse(changed)).not.toThrow();
      }),
      { numRuns: 3000 },
    );
  });
  it('a double that needs a longer literal is written, and named when it is read as user text', () => {
    expect(canonicalText(1e20)).toBe('100000000000000000000');
    expect(refused(() => parseStrict(canonicalBytes(1e20)))).toEqual(['NOT_JSON', 'byte 0']);
  });
});
