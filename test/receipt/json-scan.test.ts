import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { utf8, utf8Text } from '../../src/base/bytes.ts';
import { canonicalText } from '../../src/receipt/canonical.ts';
import { eventBreaches } from '../../src/receipt/event-shape.ts';
import type { Json, JsonObject } from '../../src/receipt/json.ts';
import { newJsonScan, scanObject } from '../../src/receipt/json-scan.ts';
import { Dice, MUTATIONS, mutate, seedOf } from '../property/mutate.ts';
import { hasShared, sharedJson } from '../shared.ts';
import { readKit } from '../tamper/kit.ts';
import { judgeEvent } from '../twin/line-oracle.ts';

const out = newJsonScan();

type Judged = 'no object' | 'too deep' | 'loose' | 'canonical';

/** Scan bytes that stand in the middle of more; the whole of them must be the object. */
function scanned(bytes: Uint8Array): Judged {
  const buf = new Uint8Array(bytes.length + 32).fill(0x22);
  buf.set(bytes, 16);
  const end = scanObject(buf, 16, 16 + bytes.length, out);
  if (end < 0) {
    expect(out.failedAt).toBeGreaterThanOrEqual(16);
    expect(out.failedAt).toBeLessThanOrEqual(16 + bytes.length);
    expect(out.expected).not.toBe('');
    return out.tooDeep ? 'too deep' : 'no object';
  }
  if (end !== 16 + bytes.length) return 'no object';
  return out.looseAt < 0 ? 'canonical' : 'loose';
}

/** What JSON.parse and our canonical writer say. */
function parsed(bytes: Uint8Array): Judged {
  const judged = judgeEvent(bytes);
  if (judged === 'MALFORMED') return 'no object';
  if (judged === 'too deep') return 'too deep';
  let text: string | null;
  try {
    text = canonicalText(JSON.parse(utf8Text(bytes)));
  } catch {
    text = null; // A lone surrogate or a number beyond the doubles: it has no canonical form.
  }
  return text === utf8Text(bytes) ? 'canonical' : 'loose';
}

/** JSON text as anyone might write it: members in any order, white space, escapes, spellings of numbers. */
function looseText(value: Json, dice: Dice): string {
  const space = (): string => (dice.below(8) === 0 ? dice.pick([' ', '\n', '\t', '\r', '  ']) : '');
  const text = (one: string): string =>
    dice.below(6) > 0
      ? JSON.stringify(one)
      : `"${[...one].map((c) => (dice.below(3) === 0 ? escaped(c, dice) : JSON.stringify(c).slice(1, -1))).join('')}"`;
  if (typeof value === 'string') return text(value);
  if (typeof value === 'number' && dice.below(8) === 0) {
    return dice.pick([value.toExponential(), value.toFixed(3), `${value}`.toUpperCase(), value.toPrecision(17)]);
  }
  if (Array.isArray(value)) return `[${space()}${value.map((item) => looseText(item, dice)).join(`,${space()}`)}]`;
  if (value !== null && typeof value === 'object') {
    const members = Object.entries(value);
    if (dice.below(6) > 0) members.sort(([a], [b]) => (a < b ? -1 : 1));
    if (members.length > 0 && dice.below(12) === 0) members.push(dice.pick(members));
    return `{${space()}${members.map(([name, member]) => `${text(name)}${space()}:${looseText(member, dice)}`).join(',')}${space()}}`;
  }
  return JSON.stringify(value);
}

function escaped(c: string, dice: Dice): string {
  const units = Array.from({ length: c.length }, (_, i) => c.charCodeAt(i).toString(16).padStart(4, '0'));
  return dice.pick([...units.map((hex) => `\\u${hex}`), units.map((hex) => `\\u${hex.toUpperCase()}`).join('')]);
}

const names = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 4 }).filter((text) => !/\p{Surrogate}/u.test(text)),
  fc.constantFrom('', 'a', 'aa', 'a!', '__proto__', '9', '10', '\u{1f600}', '\uff61', '\n', 'type', 'sequence'),
);
const json = fc.letrec<{ value: Json; object: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<Json>(null, true, false, '', [], {}),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    names,
    fc.array(tie('value'), { maxLength: 3 }),
    tie('object'),
  ),
  object: fc.array(fc.tuple(names, tie('value')), { maxLength: 5 }).map((members) => Object.fromEntries(members)),
})).object;

describe('scanObject beside JSON.parse', () => {
  test('10,000 texts, loose and canonical, as they are and mutated', { timeout: 180_000 }, () => {
    const dice = new Dice(seedOf('JSON texts'));
    const seen = { 'no object': 0, 'too deep': 0, loose: 0, canonical: 0 };
    fc.assert(
      fc.property(json, (value) => {
        const text = utf8(dice.below(3) === 0 ? canonicalText(value) : looseText(value, dice));
        const other = utf8(looseText(value, dice));
        for (const bytes of [text, mutate(dice, text, other, MUTATIONS).bytes]) {
          const expected = parsed(bytes);
          seen[expected]++;
          expect(scanned(bytes), Buffer.from(bytes).toString('latin1')).toBe(expected);
        }
      }),
      { numRuns: 5000, seed: dice.seed | 0 },
    );
    expect(seen.canonical).toBeGreaterThan(1000);
    expect(seen.loose).toBeGreaterThan(500);
    expect(seen['no object']).toBeGreaterThan(500);
  });

  test('what it says of a canonical object is what JSON.parse says', () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = canonicalText(value);
        expect(scanned(utf8(text))).toBe('canonical');
        const { type, sequence } = value as JsonObject;
        const at = (begin: number, end: number): unknown =>
          end === 0 ? undefined : JSON.parse(`"${utf8Text(utf8(text).subarray(begin - 16, end - 16))}"`);
        expect(at(out.typeBegin, out.typeEnd)).toBe(typeof type === 'string' ? type : undefined);
        expect(at(out.sequenceBegin, out.sequenceEnd)).toBe(typeof sequence === 'string' ? sequence : undefined);
      }),
      { numRuns: 2000 },
    );
  });

  test('the first byte that is not canonical is named', () => {
    const at = (text: string): number => {
      scanned(utf8(text));
      return out.looseAt - 16;
    };
    expect(at('{"a":1.0}')).toBe(5);
    expect(at('{"a":1 }')).toBe(6);
    expect(at('{"b":1,"a":2}')).toBe(8);
    expect(at('{"a":1,"a":2}')).toBe(8);
    expect(at('{"a":"x\\/y"}')).toBe(7);
  });

  test('depth: 64 is fine, 65 is not, in objects and arrays', () => {
    const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
    const mixed = (depth: number): string => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
    expect([scanned(utf8(nested(64))), scanned(utf8(mixed(64)))]).toEqual(['canonical', 'canonical']);
    expect([scanned(utf8(nested(65))), scanned(utf8(mixed(65)))]).toEqual(['too deep', 'too deep']);
    expect(scanned(utf8(`{"a":${'['.repeat(1_000_000)}`))).toBe('too deep');
  });

  test('one million digits are read, and are not canonical', () => {
    expect(scanned(utf8(`{"a":${'1'.repeat(1_000_000)}}`))).toBe('loose');
  });
});

describe.skipIf(!hasShared)('numbers', () => {
  test('the 10,000 of the JCS vectors are canonical, and their other spellings are not', () => {
    const { tests } = sharedJson<{ tests: [string, string][] }>('vectors/jcs/numbers.json');
    expect(tests).toHaveLength(10_000);
    let others = 0;
    for (const [, text] of tests) {
      expect(scanned(utf8(`{"n":${text}}`)), text).toBe('canonical');
      const n = Number(text);
      for (const token of [
        n.toExponential(),
        n.toPrecision(17),
        n.toPrecision(21),
        text.replace('e', 'E'),
        text.replace('e+', 'e'),
        `${text}0`,
        `-${text}`,
      ]) {
        if (!/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(token)) continue;
        const canonical = Number.isFinite(Number(token)) && String(Number(token)) === token;
        expect(scanned(utf8(`{"n":${token}}`)), token).toBe(canonical ? 'canonical' : 'loose');
        if (!canonical) others++;
      }
    }
    expect(others).toBeGreaterThan(10_000);
  });
});

describe('breach of the event schema', () => {
  /** The event of the kit that has every member. */
  const full = ((): JsonObject => {
    const { bytes } = readKit('receipts').cases.find(({ name }) => name === 'event-every-member')!;
    const line = utf8Text(bytes.slice(bytes.indexOf(0x0a) + 1)).split('\n')[0]!;
    return (JSON.parse(line) as { entry: { event: JsonObject } }).entry.event;
  })();
  const hex = 'ab'.repeat(32);
  const near = fc.constantFrom<Json>(
    '',
    'x',
    hex,
    hex.toUpperCase(),
    '2026-11-20T20:34:00.000Z',
    '2026-02-30T20:34:00.000Z',
    'allow',
    'executed',
    0,
    1,
    -1,
    0.5,
    2 ** 53,
    9007199254740991,
    -0.5,
    1e21,
    null,
    true,
    [],
    {},
    [{}],
    [{ tool: 't' }],
    [{ tool: '' }],
    { tool: 't' },
    'é',
    '\n',
  );
  const member = fc.oneof(
    fc.constantFrom(
      'params',
      'params_commit',
      'params_encrypted',
      'result',
      'result_commit',
      'error',
      'error_encrypted',
      'tool',
      'type',
      'rows',
      '__proto__',
      'constructor',
      '',
      'é',
      'policy_hash',
    ),
    names,
  );
  /** [object, name] of every member, anywhere. */
  function places(value: Json): [Record<string, Json>, string][] {
    if (typeof value !== 'object' || value === null) return [];
    return Object.keys(value).flatMap((name) => {
      const holder = value as unknown as Record<string, Json>;
      return [[holder, name] as [Record<string, Json>, string], ...places(holder[name]!)];
    });
  }

  test('is what eventBreaches finds, on events changed in one member or left with a few', () => {
    const seen = { kept: 0, broken: 0 };
    fc.assert(
      fc.property(
        fc.subarray(Object.keys(full)),
        fc.nat(),
        fc.oneof(near, json),
        member,
        fc.constantFrom('leave', 'set', 'drop', 'add'),
        (chosen, pick, value, name, how) => {
          const event = Object.fromEntries(
            Object.entries(structuredClone(full)).filter(([one]) => one === 'type' || chosen.includes(one)),
          ) as JsonObject;
          const all = places(event);
          const [holder, at] = all[pick % all.length]!;
          const put = (where: string): void => {
            Object.defineProperty(holder, where, { value, enumerable: true, configurable: true, writable: true });
          };
          if (how === 'set') put(at);
          else if (how === 'drop' && !Array.isArray(holder)) delete holder[at];
          else if (how === 'add' && !Array.isArray(holder)) put(name);
          expect(scanned(utf8(canonicalText(event)))).toBe('canonical');
          const breaches = eventBreaches(event);
          expect(out.breach, breaches.join(', ')).toBe(breaches.length > 0);
          seen[breaches.length > 0 ? 'broken' : 'kept']++;
        },
      ),
      { numRuns: 6000 },
    );
    expect(seen.broken).toBeGreaterThan(1500);
    expect(seen.kept).toBeGreaterThan(1500);
  });
});
