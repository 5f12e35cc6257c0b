import * as z from 'zod';
import { ReceiptError } from '../base/errors.ts';
import { fieldPath } from '../base/field-path.ts';
import { isControlType } from './control.ts';
import { EFFECTS, isInstant, ORDINARY_TYPES, STATUSES } from './event-shape.ts';
import type { Json, JsonObject } from './json.ts';

const text = z.string().min(1);
const hex64 = z.string().regex(/^[0-9a-f]{64}$/);
const uuid = z.string().regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
/** What a pattern can say of an instant of 1970 to 9999: all but which months have how many days, which `date-time` says. */
const INSTANT_PATTERN =
  '^(?:19[7-9]|[2-9]\\d\\d)\\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])T(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d\\.\\d{3}Z$';
const instant = z.string().refine(isInstant).meta({ format: 'date-time', pattern: INSTANT_PATTERN });
/** Any JSON value: the guard has made sure that it is one. */
const any = z.unknown();
const free = z.record(z.string(), z.unknown());
const integer = (min: number) => z.int().min(min);

/** Refuse the second and later of members that exclude each other, whatever else is wrong with the object. */
function oneOf(...names: readonly string[]) {
  return z.superRefine<Record<string, unknown>>(
    (value, context) => {
      for (const name of names.filter((one) => Object.hasOwn(value, one)).slice(1)) {
        context.addIssue({ code: 'custom', path: [name] });
      }
    },
    { when: ({ value }) => typeof value === 'object' && value !== null && !Array.isArray(value) },
  );
}

const action = z
  .strictObject({
    tool: text.optional(),
    target: text.optional(),
    resource: text.optional(),
    params: any.optional(),
    params_commit: hex64.optional(),
    params_encrypted: free.optional(),
  })
  .check(oneOf('params', 'params_commit', 'params_encrypted'));

const outcome = z
  .strictObject({
    status: z.enum(STATUSES).optional(),
    reason: z.string().optional(),
    error: any.optional(),
    error_commit: hex64.optional(),
    error_encrypted: free.optional(),
    result: any.optional(),
    result_commit: hex64.optional(),
    result_encrypted: free.optional(),
    rows: integer(0).optional(),
    classification: text.optional(),
  })
  .check(oneOf('error', 'error_commit', 'error_encrypted'))
  .check(oneOf('result', 'result_commit', 'result_encrypted'));

const eventSchema = z.strictObject({
  type: z.enum(ORDINARY_TYPES),
  agent: text.optional(),
  delegate: text.optional(),
  target_did: text.optional(),
  tenant: text.optional(),
  session: text.optional(),
  sequence: text.optional(),
  step: integer(1).optional(),
  of: integer(1).optional(),
  invocation: text.optional(),
  trace_id: text.optional(),
  parent: text.optional(),
  action: action.optional(),
  effect: z.enum(EFFECTS).optional(),
  policy: z
    .strictObject({
      decision: text.optional(),
      code: text.optional(),
      rule: text.optional(),
      policy_hash: hex64.optional(),
    })
    .optional(),
  authorization: z.strictObject({ role: text.optional(), allowed: z.boolean().optional() }).optional(),
  decision: hex64.optional(),
  request: free.optional(),
  outcome: outcome.optional(),
  duration_ms: z.number().min(0).optional(),
  model: text.optional(),
  prompt_commit: hex64.optional(),
  tokens_in: integer(0).optional(),
  tokens_out: integer(0).optional(),
  tool_calls: z.array(z.strictObject({ id: text.optional(), tool: text })).optional(),
  nonce: uuid.optional(),
  requested_at: instant.optional(),
  redacted: integer(0).optional(),
  data: any.optional(),
});

type Schema = z.input<typeof eventSchema>;
/** Optional means absent: the guard refuses undefined. */
type Written<T> = T extends readonly (infer Item)[]
  ? readonly Written<Item>[]
  : T extends object
    ? { readonly [Name in keyof T]: Written<Exclude<T[Name], undefined>> }
    : T;
type Inside<Name extends keyof Schema> = Written<Exclude<Schema[Name], undefined>>;

/** What callers may give as params, result or error: JSON, or raw bytes as received. */
export type PayloadInput = Json | Uint8Array;

/** An event as callers write it. Closed: anything that has no member of its own goes under `data`. */
export interface EventInput extends Omit<Written<Schema>, 'action' | 'outcome' | 'request' | 'data'> {
  readonly action?: Omit<Inside<'action'>, 'params'> & { readonly params?: PayloadInput };
  readonly outcome?: Omit<Inside<'outcome'>, 'error' | 'result'> & {
    readonly error?: PayloadInput;
    readonly result?: PayloadInput;
  };
  readonly request?: JsonObject;
  readonly data?: Json;
}

/**
 * Judge an event against the schema. zod only judges: its output is dropped, bytes are made from the guarded input.
 * After it, parsed JSON has the type that the recorder takes.
 * @param event guarded; payloads may be bytes. @throws ReceiptError EVENT_SCHEMA that lists every bad field path, no value.
 */
export function judgeEvent(event: unknown): asserts event is EventInput {
  const judged = eventSchema.safeParse(event);
  if (judged.success) return;
  const paths = new Set<string>();
  for (const issue of judged.error.issues) {
    if (issue.code === 'unrecognized_keys') for (const name of issue.keys) paths.add(fieldPath([...issue.path, name]));
    else paths.add(fieldPath(issue.path));
  }
  const at = [...paths].join(', ');
  throw new ReceiptError('EVENT_SCHEMA', `event: expected the event schema to hold, got a breach at ${at}`, {
    at,
    expected: 'the event schema (vectors/event.schema.json)',
    found: paths.size === 1 ? 'a breach at 1 field' : `breaches at ${paths.size} fields`,
    next: advice(event, paths),
  });
}

function advice(event: unknown, paths: ReadonlySet<string>): string[] {
  if (!paths.has('/type')) return ['put members of your own under data'];
  const type: unknown = (event as { type?: unknown } | null)?.type;
  return typeof type === 'string' && isControlType(type)
    ? ['control entries are written by the log itself: open, rotate, close, erase']
    : [`use one of the types ${ORDINARY_TYPES.join(', ')}`];
}

/** Write the schema as JSON Schema 2020-12, for publication. @returns a fresh object. */
export function eventJsonSchema(): Record<string, unknown> {
  const exclusive = new Map<unknown, string[]>([
    [action, ['params']],
    [outcome, ['error', 'result']],
  ]);
  const { $schema, ...schema } = z.toJSONSchema(eventSchema, {
    target: 'draft-2020-12',
    override: ({ zodSchema, jsonSchema }) => {
      const names = exclusive.get(zodSchema);
      if (names === undefined) return;
      const pairs = names.flatMap((name) => [
        [name, `${name}_commit`],
        [name, `${name}_encrypted`],
        [`${name}_commit`, `${name}_encrypted`],
      ]);
      jsonSchema.allOf = pairs.map((required) => ({ not: { required } }));
    },
  });
  return {
    $schema,
    title: 'Perdure event, format 1',
    description:
      'What callers record: the `event` member of an entry. Control types have schemas of their own. Strings are Unicode text without lone surrogates; nesting is at most 64 deep.',
    ...schema,
  };
}
