import { describe, expect, test } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { isReceiptError } from '../../src/base/errors.ts';
import { readObjects } from '../../src/cli/json-input.ts';
import { checkRules, mapObject, parseRule, SHORT_FIELDS } from '../../src/cli/mapping.ts';
import { parseCount, parseHash, parseHead, parseTime } from '../../src/cli/values.ts';
import type { JsonObject } from '../../src/receipt/json.ts';

async function read(text: string | Uint8Array, step = 7): Promise<{ value: JsonObject; line: number }[]> {
  const bytes = typeof text === 'string' ? utf8(text) : text;
  const chunks = (async function* () {
    for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
  })();
  const found: { value: JsonObject; line: number }[] = [];
  for await (const one of readObjects(chunks, 'stdin')) found.push(one);
  return found;
}

async function refusal(text: string | Uint8Array): Promise<string> {
  try {
    await read(text);
  } catch (error) {
    if (isReceiptError(error, 'NOT_JSON')) return error.message;
    throw error;
  }
  throw new Error('expected NOT_JSON');
}

describe('JSON or JSON Lines', () => {
  test('lines, blank ones skipped, the last without its end, however the bytes are cut', async () => {
    const text = '\n{"a":1}\r\n  \n{"b":"ü\\n"}\n{"c":[]}';
    for (const step of [1, 2, 3, 1000]) {
      expect(await read(text, step)).toEqual([
        { value: { a: 1 }, line: 2 },
        { value: { b: 'ü\n' }, line: 4 },
        { value: { c: [] }, line: 5 },
      ]);
    }
  });

  test('one object over several lines, and nothing at all', async () => {
    expect(await read('\n {\n "a": {\n "b": 1 }\n}\n')).toEqual([{ value: { a: { b: 1 } }, line: 1 }]);
    expect(await read('')).toEqual([]);
    expect(await read(' \n\n')).toEqual([]);
  });

  test.each([
    ['a bad line', '{"a":1}\n{"a":x}\n', 'stdin line 2, byte 13: expected a JSON value, got 0x78'],
    [
      'a line cut short among lines',
      '{"a":1}\n{"a":\n',
      'stdin line 2, byte 13: expected a JSON value, got end of line',
    ],
    ['the last line cut short', '{"a":1}\n{"a":', 'stdin line 2, byte 13: expected a JSON value, got end of input'],
    ['a document with a fault', '{\n"a": 1,\n"a": 2}', 'stdin line 3, byte 10: expected each name once in an object'],
    ['several documents over lines', '{\n}\n{\n}\n', 'stdin line 3, byte 4: expected nothing after the value'],
    ['a duplicate name', '{"a":1,"a":2}', 'stdin line 1, byte 7: expected each name once'],
    ['an unsafe integer', '{"a":9007199254740993}', 'stdin line 1, byte 5: expected an integer within'],
    ['an array', '[{"a":1}]', 'stdin line 1: expected a JSON object, got an array'],
    ['a bare value', '7\n', 'stdin line 1: expected a JSON object, got another JSON value'],
    ['a byte order mark', '\ufeff{"a":1}', 'stdin line 1, byte 0: expected JSON without a byte order mark'],
  ])('%s is named by line and byte', async (_name, text, message) => {
    expect(await refusal(text)).toContain(message);
  });

  test('bytes that are no UTF-8 are named, and what stood before was handed on', async () => {
    const bytes = Uint8Array.of(...utf8('{"a":1}\n{"b":"'), 0xff, ...utf8('"}\n'));
    expect(await refusal(bytes)).toContain('stdin line 2, byte 14: expected UTF-8, got 0xff');
    const taken: JsonObject[] = [];
    await expect(
      (async () => {
        for await (const { value } of readObjects(one(bytes), 'stdin')) taken.push(value);
      })(),
    ).rejects.toThrow('line 2');
    expect(taken).toEqual([{ a: 1 }]);
  });

  test('a message never quotes the input', async () => {
    expect(await refusal('{"password":"hunter2" x}')).not.toContain('hunter2');
  });
});

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function map(specs: readonly string[], input: JsonObject, errorPrefix?: string): JsonObject {
  const rules = specs.map(parseRule);
  checkRules(rules);
  return mapObject(input, { rules, errorPrefix }, () => undefined);
}

describe('--map', () => {
  const INPUT = {
    session: 's',
    step: 3,
    agent: 'a',
    tool: 't',
    args: { p: [1, { q: 2 }] },
    result: 'Error: no',
    'x.y': 1,
  };

  test('the calls of the data set', () => {
    const specs = ['tool=tool', 'params=args', 'result=result', 'agent=agent', 'session=session', 'step=step'];
    expect(map(specs, INPUT)).toEqual({
      type: 'tool_call',
      action: { tool: 't', params: { p: [1, { q: 2 }] } },
      outcome: { result: 'Error: no', status: 'executed' },
      agent: 'a',
      session: 's',
      step: 3,
    });
    expect(map(specs, INPUT, 'Error:').outcome).toEqual({ result: 'Error: no', status: 'failed' });
    expect(map(specs, { ...INPUT, result: 'fine' }, 'Error:').outcome).toEqual({ result: 'fine', status: 'executed' });
  });

  test('status: an error fails, null is none, a mapped status stands', () => {
    expect(map(['error=e'], { e: 'x' }).outcome).toEqual({ error: 'x', status: 'failed' });
    expect(map(['error=e', 'result=r'], { e: null, r: null }).outcome).toEqual({ result: null, status: 'executed' });
    expect(map(['status=s', 'error=e'], { e: 'x', s: 'rejected' }).outcome).toEqual({ error: 'x', status: 'rejected' });
    expect(map(['tool=tool'], INPUT).outcome).toBeUndefined();
  });

  test('paths: nested, indices, pointers, the whole object; what is not there is left out', () => {
    const mapped = map(['data.q=args.p.1.q', 'data.xy=/x.y', 'data.all=.', 'data.none=args.p.7', 'type=kind'], INPUT);
    expect(mapped).toEqual({ type: 'tool_call', data: { q: 2, xy: 1, all: INPUT } });
    expect(map(['data.l=args.p.length', 'data.c=constructor'], INPUT)).toEqual({ type: 'tool_call' });
    expect(map(['data.s=/a~1b~0'], { 'a/b~': 1 })).toEqual({ type: 'tool_call', data: { s: 1 } });
  });

  test('time is brought into the spelling of an event; what is no time is left for the schema', () => {
    expect(map(['time=at'], { at: '2026-11-20T21:34:00+01:00' }).requested_at).toBe('2026-11-20T20:34:00.000Z');
    expect(map(['time=at'], { at: 'yesterday' }).requested_at).toBe('yesterday');
  });

  test.each([
    'tool',
    '=tool',
    'tool=',
    'nope=x',
    'action.nope=x',
    'data.__proto__=x',
    'data..x=y',
    'tool=a..b',
    'type.x=y',
  ])('%s is a usage error', (spec) => {
    expect(() => parseRule(spec)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  test('two rules for one member are refused; every short name is a member of events', () => {
    for (const [a, b] of [
      ['tool=a', 'action.tool=b'],
      ['data=.', 'data.x=y'],
    ]) {
      expect(() => checkRules([parseRule(a), parseRule(b)])).toThrow(expect.objectContaining({ code: 'USAGE' }));
    }
    for (const name of Object.keys(SHORT_FIELDS)) expect(parseRule(`${name}=x`).field.length).toBeGreaterThan(0);
  });
});

describe('values of options', () => {
  test.each([
    ['2026-11-20T20:34:00Z', '2026-11-20T20:34:00.000Z'],
    ['2026-11-20t20:34:00.5z', '2026-11-20T20:34:00.500Z'],
    ['2026-11-20T21:34:00.1234+01:00', '2026-11-20T20:34:00.124Z'],
    ['2026-11-20T20:34:00.1230Z', '2026-11-20T20:34:00.123Z'],
    ['2028-02-29T00:00:00Z', '2028-02-29T00:00:00.000Z'],
  ])('time %s', (text, time) => {
    expect(parseTime(text)).toBe(time);
  });

  test.each([
    '2026-11-20',
    '2026-11-20T20:34Z',
    '2026-11-20T20:34:00',
    '2026-02-30T00:00:00Z',
    '2026-11-20T25:00:00Z',
    '2026-11-20T20:34:60Z',
    '9999-12-31T23:59:59.9999Z',
    '0000-01-01T00:00:00+01:00',
    'now',
    '',
  ])('no time: %s', (text) => {
    expect(() => parseTime(text)).toThrow();
  });

  test('counts, hashes and heads take one spelling', () => {
    const hash = 'ab'.repeat(32);
    expect(parseCount('0')).toBe(0);
    expect(parseHash(hash)).toBe(hash);
    expect(parseHead(`12:${hash}`)).toEqual({ size: 12, hash });
    for (const text of ['', '-1', '1.5', '1e3', '0x1', '9007199254740993', ' 1'])
      expect(() => parseCount(text)).toThrow();
    for (const text of ['', hash.toUpperCase(), hash.slice(1), `${hash}0`]) expect(() => parseHash(text)).toThrow();
    for (const text of [hash, `0:${hash}`, `01:${hash}`, `1:${hash}:`, `1:${hash.slice(2)}`, `-1:${hash}`])
      expect(() => parseHead(text)).toThrow();
  });
});
