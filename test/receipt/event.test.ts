import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { ReceiptError } from '../../src/base/errors.ts';
import { CONTROL_TYPES } from '../../src/receipt/control.ts';
import { type EventInput, eventJsonSchema, judgeEvent } from '../../src/receipt/event.ts';
import {
  EFFECTS,
  EVENT_SHAPE,
  eventBreaches,
  isInstant,
  isKnownType,
  type Kind,
  ORDINARY_TYPES,
  STATUSES,
} from '../../src/receipt/event-shape.ts';
import type { Json, JsonObject } from '../../src/receipt/json.ts';

const HEX = '0123456789abcdef'.repeat(4);

/** Every member that design section 3 names. */
const full = {
  type: 'tool_call',
  agent: 'did:example:build-bot',
  delegate: 'planner',
  target_did: 'did:example:files',
  tenant: 'acme',
  session: 's-1',
  sequence: 'q-1',
  step: 1,
  of: 3,
  invocation: 'i-1',
  trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
  parent: 'p-1',
  action: { tool: 'fs.write', target: '/tmp/x', resource: 'disk', params: { path: '/tmp/x' } },
  effect: 'allow',
  policy: { decision: 'allow', code: 'R1', rule: 'writes', policy_hash: HEX },
  authorization: { role: 'builder', allowed: true },
  decision: HEX,
  request: { nonce: 'n', sig: 's' },
  outcome: { status: 'executed', reason: '', error_commit: HEX, result: [1, 'x'], rows: 0, classification: 'internal' },
  duration_ms: 12.5,
  model: 'm-1',
  prompt_commit: HEX,
  tokens_in: 0,
  tokens_out: 12,
  tool_calls: [{ id: 'c1', tool: 'fs.read' }, { tool: 'fs.list' }],
  nonce: '0190163d-8694-739b-aea5-966c26f8ad91',
  requested_at: '2026-11-20T20:34:00.123Z',
  redacted: 2,
  data: { anything: [null] },
} as const satisfies EventInput;

/** Paths that zod finds, sorted. */
function zodBreaches(event: unknown): string[] {
  try {
    judgeEvent(event);
    return [];
  } catch (error) {
    if (!(error instanceof ReceiptError) || error.code !== 'EVENT_SCHEMA') throw error;
    return (error.at ?? '').split(', ').sort();
  }
}

describe('event schema', () => {
  it('has a member for each that the design names, and full fills all but the alternatives', () => {
    const alternatives = new Set([
      'params_commit',
      'params_encrypted',
      'error',
      'error_encrypted',
      'result_commit',
      'result_encrypted',
    ]);
    const names = (kind: Kind, value: unknown): void => {
      if (kind.kind !== 'object') return;
      const wanted = Object.keys(kind.members).filter((name) => !alternatives.has(name));
      expect(Object.keys(value as object).sort()).toEqual(wanted.sort());
      for (const name of wanted) names(kind.members[name]!, (value as Record<string, unknown>)[name]);
    };
    names(EVENT_SHAPE, full);
    expect([...eventBreaches(full), ...zodBreaches(full)]).toEqual([]);
  });

  it.each(ORDINARY_TYPES)('takes type %s alone', (type) => {
    expect([...eventBreaches({ type }), ...zodBreaches({ type })]).toEqual([]);
    expect(isKnownType(type)).toBe(true);
  });

  it('refuses control types and unknown ones: the log alone writes the former', () => {
    for (const type of [...CONTROL_TYPES, 'mine', '']) expect(zodBreaches({ type })).toEqual(['/type']);
    for (const type of CONTROL_TYPES) expect([isKnownType(type), eventBreaches({ type })]).toEqual([true, []]);
    expect(isKnownType('mine')).toBe(false);
    expect(isKnownType(null)).toBe(false);
    expect(isKnownType('constructor')).toBe(false);
  });

  const breaches: [string, unknown, string[]][] = [
    ['no type', { agent: 'a' }, ['/type']],
    ['unknown member', { type: 'custom', extra: 1 }, ['/extra']],
    [
      'unknown nested members',
      { type: 'custom', action: { params: 1, x: 1 }, outcome: { y: 1 } },
      ['/action/x', '/outcome/y'],
    ],
    [
      'names of Object.prototype',
      { type: 'custom', constructor: 1, action: { toString: 1 } },
      ['/action/toString', '/constructor'],
    ],
    [
      '__proto__',
      JSON.parse('{"type":"custom","__proto__":1,"action":{"__proto__":{}}}'),
      ['/__proto__', '/action/__proto__'],
    ],
    ['empty agent', { type: 'custom', agent: '' }, ['/agent']],
    ['step 0', { type: 'custom', step: 0, of: 1.5 }, ['/of', '/step']],
    ['unsafe integer', { type: 'custom', tokens_in: 2 ** 53 }, ['/tokens_in']],
    ['effect', { type: 'custom', effect: 'permit' }, ['/effect']],
    ['status', { type: 'custom', outcome: { status: 'ok' } }, ['/outcome/status']],
    ['upper-case hash', { type: 'custom', decision: HEX.toUpperCase() }, ['/decision']],
    ['upper-case nonce', { type: 'custom', nonce: '0190163D-8694-739B-AEA5-966C26F8AD91' }, ['/nonce']],
    ['offset time', { type: 'custom', requested_at: '2026-11-20T20:34:00.123+00:00' }, ['/requested_at']],
    ['30 February', { type: 'custom', requested_at: '2026-02-30T00:00:00.000Z' }, ['/requested_at']],
    ['negative duration', { type: 'custom', duration_ms: -1 }, ['/duration_ms']],
    ['two forms of params', { type: 'custom', action: { params: 1, params_commit: HEX } }, ['/action/params_commit']],
    [
      'three forms of a result, two of an error',
      {
        type: 'custom',
        outcome: { result: 1, result_commit: HEX, result_encrypted: {}, error: 1, error_encrypted: {} },
      },
      ['/outcome/error_encrypted', '/outcome/result_commit', '/outcome/result_encrypted'],
    ],
    [
      'told apart by name, never by shape',
      { type: 'custom', action: { params_commit: { x: 1 } } },
      ['/action/params_commit'],
    ],
    [
      'two forms beside another breach',
      { type: 'custom', action: { params: 1, params_commit: 'x', tool: 1 } },
      ['/action/params_commit', '/action/tool'],
    ],
    ['call without a tool', { type: 'llm_request', tool_calls: [{ tool: 't' }, { id: 'x' }] }, ['/tool_calls/1/tool']],
    ['tool_calls of another shape', { type: 'llm_request', tool_calls: {} }, ['/tool_calls']],
    ['null', { type: 'custom', agent: null, action: null, policy: [] }, ['/action', '/agent', '/policy']],
  ];
  it.each(breaches)('lists every field of: %s', (_, event, paths) => {
    expect(zodBreaches(event)).toEqual(paths);
    expect([...eventBreaches(event as JsonObject)].sort()).toEqual(paths);
  });

  it('names fields, never values', () => {
    try {
      judgeEvent({ type: 'custom', agent: ['hunter2'], nonce: 'hunter2' });
      expect.unreachable();
    } catch (error) {
      expect(JSON.stringify([error, (error as Error).stack])).not.toContain('hunter2');
    }
  });

  it('takes times as Date.toISOString prints them only', () => {
    const good = ['1970-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z', '2024-02-29T23:59:59.000Z'];
    const bad = [
      '1969-12-31T23:59:59.999Z',
      '2023-02-29T00:00:00.000Z',
      '2026-01-01T24:00:00.000Z',
      '2026-01-01T00:00:60.000Z',
      '2026-01-01T00:00:00Z',
      '2026-01-01T00:00:00.000z',
      '+010000-01-01T00:00:00.000Z',
      '2026-01-01T00:00:00.000Z\n',
    ];
    expect([good.map(isInstant), bad.map(isInstant)]).toEqual([good.map(() => true), bad.map(() => false)]);
  });

  it('types say what the schema takes', () => {
    expectTypeOf<EventInput>().not.toBeAny();
    expectTypeOf<EventInput['type']>().toEqualTypeOf<(typeof ORDINARY_TYPES)[number]>();
    expectTypeOf<EventInput['agent']>().toEqualTypeOf<string | undefined>();
    expectTypeOf<{ type: 'custom'; action: { params: Uint8Array } }>().toExtend<EventInput>();
    expectTypeOf<{ type: 'custom'; extra: { params: Uint8Array } }>().not.toEqualTypeOf<EventInput>();
    expectTypeOf<{ type: 'genesis' }>().not.toExtend<EventInput>();
  });
});

/** Evaluate the keywords of JSON Schema 2020-12 that the published schema uses; `format` is not asserted, as by default. */
function keepsSchema(schema: Record<string, unknown>, value: Json): boolean {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const names = isObject ? Object.keys(value) : [];
  const inside = (name: string): Json => (value as JsonObject)[name]!;
  return Object.entries(schema).every(([keyword, rule]) => {
    const sub = rule as Record<string, Record<string, unknown>>;
    switch (keyword) {
      case 'type':
        if (rule === 'object') return isObject;
        if (rule === 'array') return Array.isArray(value);
        return rule === 'integer' ? Number.isInteger(value) : typeof value === rule;
      case 'enum':
        return (rule as Json[]).includes(value);
      case 'pattern':
        return typeof value !== 'string' || new RegExp(rule as string, 'u').test(value);
      case 'minLength':
        return typeof value !== 'string' || [...value].length >= (rule as number);
      case 'minimum':
        return typeof value !== 'number' || value >= (rule as number);
      case 'maximum':
        return typeof value !== 'number' || value <= (rule as number);
      case 'required':
        return !isObject || (rule as string[]).every((name) => Object.hasOwn(value, name));
      case 'properties':
        return names.every((name) => !Object.hasOwn(sub, name) || keepsSchema(sub[name]!, inside(name)));
      case 'additionalProperties': {
        const listed = (schema.properties ?? {}) as object;
        const others = names.filter((name) => !Object.hasOwn(listed, name));
        return others.every((name) => rule !== false && keepsSchema(sub, inside(name)));
      }
      case 'propertyNames':
        return names.every((name) => keepsSchema(sub, name));
      case 'items':
        return !Array.isArray(value) || value.every((item: Json) => keepsSchema(sub, item));
      case 'allOf':
        return (rule as Record<string, unknown>[]).every((one) => keepsSchema(one, value));
      case 'not':
        return !keepsSchema(sub, value);
      default:
        expect(['$schema', 'title', 'description', 'format']).toContain(keyword);
        return true;
    }
  });
}

describe('published JSON Schema', () => {
  // After a change of the schema: npx vitest run --config test/vitest.config.ts test/receipt/event.test.ts -u
  it('vectors/event.schema.json is up to date', async () => {
    await expect(`${JSON.stringify(eventJsonSchema(), null, 2)}\n`).toMatchFileSnapshot(
      '../../vectors/event.schema.json',
    );
  });
  it.each([
    '1969-12-31T23:59:59.999Z',
    '2026-13-01T00:00:00.000Z',
    '2026-00-01T00:00:00.000Z',
    '2026-01-32T00:00:00.000Z',
    '2026-01-01T24:00:00.000Z',
    '2026-01-01T00:60:00.000Z',
    '2026-01-01T00:00:60.000Z',
    '2026-01-01T00:00:00Z',
    '10000-01-01T00:00:00.000Z',
  ])('refuses %s as zod does, also where formats are not asserted', (requested_at) => {
    const event = { type: 'custom', requested_at };
    expect([keepsSchema(eventJsonSchema(), event), zodBreaches(event)]).toEqual([false, ['/requested_at']]);
  });
  it('is closed, requires type, and says that forms of a payload exclude each other', () => {
    const schema = eventJsonSchema() as {
      required: string[];
      additionalProperties: boolean;
      properties: Record<string, { allOf?: unknown[]; additionalProperties?: boolean }>;
    };
    expect([schema.required, schema.additionalProperties]).toEqual([['type'], false]);
    expect([schema.properties.action?.allOf?.length, schema.properties.outcome?.allOf?.length]).toEqual([3, 6]);
    expect([schema.properties.action?.additionalProperties, schema.properties.policy?.additionalProperties]).toEqual([
      false,
      false,
    ]);
  });
});

describe('twins: zod and the table', () => {
  // Without a comma: zodBreaches takes the list of paths apart at commas.
  const text = fc.string({ minLength: 1, maxLength: 8 }).filter((value) => !value.includes(','));
  const json = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>;
  const hex64 = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 64, maxLength: 64 });

  /** An arbitrary that keeps a kind. */
  function keeping(kind: Kind): fc.Arbitrary<Json> {
    switch (kind.kind) {
      case 'string':
        if (kind.oneOf) return fc.constantFrom(...kind.oneOf);
        if (kind.pattern === 'hex64') return hex64;
        if (kind.pattern === 'uuid') return fc.uuid();
        if (kind.pattern === 'time') {
          return fc
            .date({ min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true })
            .map((date) => date.toISOString());
        }
        return kind.min ? text : fc.string();
      case 'integer':
        return fc.integer({ min: kind.min, max: kind.max });
      case 'number':
        return fc.double({ min: kind.min ?? -1e300, noNaN: true, noDefaultInfinity: true });
      case 'boolean':
        return fc.boolean();
      case 'any':
        return json;
      case 'free':
        return fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('constructor', 'toString')), json);
      case 'array':
        return fc.array(keeping(kind.items), { maxLength: 3 });
      case 'object': {
        const dropped = new Set((kind.exclusive ?? []).flat());
        const members = Object.entries(kind.members).filter(([name]) => !dropped.has(name));
        const base = fc.record(Object.fromEntries(members.map(([name, member]) => [name, keeping(member)])), {
          requiredKeys: [...(kind.required ?? [])],
        }) as fc.Arbitrary<JsonObject>;
        const groups = (kind.exclusive ?? []).map((group) =>
          fc.option(
            fc
              .constantFrom(...group)
              .chain((name) => keeping(kind.members[name]!).map((value): JsonObject => ({ [name]: value }))),
            { nil: {} as JsonObject },
          ),
        );
        return fc.tuple(base, ...groups).map((parts) => Object.assign({}, ...parts) as JsonObject);
      }
    }
  }

  const event = fc
    .tuple(keeping(EVENT_SHAPE), fc.constantFrom(...ORDINARY_TYPES))
    .map(([value, type]) => ({ ...(value as JsonObject), type }) as JsonObject);

  /** Places a mutation can change: [object, name] of every member, anywhere. */
  function places(value: Json): [Record<string, Json>, string][] {
    if (typeof value !== 'object' || value === null) return [];
    return Object.keys(value).flatMap((name) => {
      const holder = value as unknown as Record<string, Json>;
      return [[holder, name] as [Record<string, Json>, string], ...places(holder[name]!)];
    });
  }
  const near = fc.constantFrom<Json>(
    '',
    'x',
    HEX,
    HEX.toUpperCase(),
    0,
    1,
    -1,
    0.5,
    2 ** 53,
    null,
    true,
    [],
    {},
    [{}],
    { tool: 't' },
    ...EFFECTS,
    ...STATUSES,
  );
  const names = fc.oneof(
    fc.constantFrom(
      '__proto__',
      'constructor',
      '',
      'params',
      'params_commit',
      'result',
      'result_encrypted',
      'error_commit',
      'type',
      'tool',
      'data',
    ),
    text,
  );

  it('accept every event made from the table', () => {
    fc.assert(
      fc.property(event, (value) => {
        expect([...eventBreaches(value), ...zodBreaches(value)]).toEqual([]);
        expect(keepsSchema(eventJsonSchema(), value)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('find the same breaches in mutated events, and the published schema refuses what breaks', () => {
    const published = eventJsonSchema();
    let broken = 0;
    fc.assert(
      fc.property(
        event,
        fc.nat(),
        fc.oneof(near, json),
        names,
        fc.constantFrom('set', 'drop', 'add'),
        (value, pick, changed, name, how) => {
          const mutated = structuredClone(value);
          const all = places(mutated);
          const [holder, member] = all[pick % all.length]!;
          if (how === 'set') holder[member] = structuredClone(changed);
          else if (how === 'drop' && !Array.isArray(holder)) delete holder[member];
          else if (!Array.isArray(holder)) {
            Object.defineProperty(holder, name, {
              value: structuredClone(changed),
              enumerable: true,
              configurable: true,
              writable: true,
            });
          }
          const expected = new Set(eventBreaches(mutated));
          // The table leaves unknown types to UNKNOWN_TYPE; writing refuses them.
          if (!(ORDINARY_TYPES as readonly unknown[]).includes(mutated.type)) expected.add('/type');
          // A message joins paths with ', ', and a name may hold that: both sides are cut the same way.
          expect(zodBreaches(mutated)).toEqual([...expected].flatMap((path) => path.split(', ')).sort());
          expect(keepsSchema(published, mutated)).toBe(expected.size === 0);
          if (expected.size > 0) broken++;
        },
      ),
      { numRuns: 2000, examples: [[{ policy: {}, type: 'custom' }, 0, { ', ': 0 }, '', 'set']] },
    );
    expect(broken).toBeGreaterThan(300);
  });
});
