import { fieldPath } from '../base/field-path.ts';
import { CONTROL_TYPES } from './control.ts';
import type { Json, JsonObject } from './json.ts';

/**
 * Event types that callers record, beside the control types. Other types are bytes to verification (note UNKNOWN_TYPE); `custom`
 * with its content under `data` is the place for anything of one's own.
 */
export const ORDINARY_TYPES = [
  'tool_call',
  'tool_blocked',
  'decision',
  'outcome',
  'agreement',
  'dispute',
  'approval',
  'llm_request',
  'policy_evaluation',
  'policy_violation',
  'policy_change',
  'tools_change',
  'agent_invocation',
  'anomaly',
  'custom',
] as const;
export type OrdinaryType = (typeof ORDINARY_TYPES)[number];

const KNOWN_TYPES: ReadonlySet<string> = new Set([...ORDINARY_TYPES, ...CONTROL_TYPES]);

/** @returns whether format 1 knows this type, ordinary or control; if not, verification notes UNKNOWN_TYPE. */
export function isKnownType(type: string | null): boolean {
  return type !== null && KNOWN_TYPES.has(type);
}

/** Spellings a string member may be bound to: `hex64` 64 lower-case hex digits · `uuid` lower case, any version · `time` as Date.toISOString. */
export type Pattern = 'hex64' | 'uuid' | 'time';

/** What a member may be, as data: walked by eventBreaches over values, and by a scanner over bytes. */
export type Kind =
  | { readonly kind: 'string'; readonly min?: number; readonly pattern?: Pattern; readonly oneOf?: readonly string[] }
  | { readonly kind: 'integer'; readonly min: number; readonly max: number }
  | { readonly kind: 'number'; readonly min?: number }
  | { readonly kind: 'boolean' }
  /** Any JSON value. */
  | { readonly kind: 'any' }
  /** Any object, its members free. */
  | { readonly kind: 'free' }
  | ObjectKind
  | { readonly kind: 'array'; readonly items: Kind };

/** A closed object: a member that is not listed breaks it; of each `exclusive` group at most one may stand. */
export interface ObjectKind {
  readonly kind: 'object';
  /** Without a prototype, so that `constructor` or `__proto__` name nothing. */
  readonly members: Readonly<Record<string, Kind>>;
  readonly required?: readonly string[];
  readonly exclusive?: readonly (readonly string[])[];
}

/** Values of `effect`. */
export const EFFECTS = ['allow', 'deny', 'audit', 'quarantine', 'warning'] as const;
/** Values of `outcome.status`. */
export const STATUSES = ['verified', 'rejected', 'executed', 'failed'] as const;

const text: Kind = { kind: 'string', min: 1 };
const anyText: Kind = { kind: 'string' };
const hex64: Kind = { kind: 'string', pattern: 'hex64' };
const boolean: Kind = { kind: 'boolean' };
const any: Kind = { kind: 'any' };
const free: Kind = { kind: 'free' };
const from = (min: number): Kind => ({ kind: 'integer', min, max: Number.MAX_SAFE_INTEGER });

function object(members: Record<string, Kind>, rules: Pick<ObjectKind, 'required' | 'exclusive'> = {}): ObjectKind {
  return { kind: 'object', members: Object.assign(Object.create(null) as object, members), ...rules };
}

/** A payload stands inline, as a commitment or encrypted, told apart by name, never by shape; or not at all. */
const payload = (name: string): readonly string[] => [name, `${name}_commit`, `${name}_encrypted`];
const payloadMembers = (name: string): Record<string, Kind> => ({
  [name]: any,
  [`${name}_commit`]: hex64,
  // The recipients and the ciphertext: an object that payload encryption closes; free to the event.
  [`${name}_encrypted`]: free,
});

/** The event schema as data (design section 3); event.ts says the same in zod, and a twin test holds the two together. */
export const EVENT_SHAPE: ObjectKind = object(
  {
    type: text,
    // who: an id, a DID or a name each
    agent: text,
    delegate: text,
    target_did: text,
    tenant: text,
    // where it belongs
    session: text,
    sequence: text,
    step: from(1),
    of: from(1),
    invocation: text,
    trace_id: text,
    parent: text,
    // what
    action: object(
      { tool: text, target: text, resource: text, ...payloadMembers('params') },
      { exclusive: [payload('params')] },
    ),
    // who allowed it
    effect: { kind: 'string', oneOf: EFFECTS },
    policy: object({ decision: text, code: text, rule: text, policy_hash: hex64 }),
    authorization: object({ role: text, allowed: boolean }),
    decision: hex64,
    request: free,
    // how it ended
    outcome: object(
      {
        status: { kind: 'string', oneOf: STATUSES },
        reason: anyText,
        ...payloadMembers('error'),
        ...payloadMembers('result'),
        rows: from(0),
        classification: text,
      },
      { exclusive: [payload('error'), payload('result')] },
    ),
    duration_ms: { kind: 'number', min: 0 },
    // the model behind it
    model: text,
    prompt_commit: hex64,
    tokens_in: from(0),
    tokens_out: from(0),
    // Which calls the model asked for; their params stand, committed, in the tool_call events.
    tool_calls: { kind: 'array', items: object({ id: text, tool: text }, { required: ['tool'] }) },
    // replay protection, from the caller
    nonce: { kind: 'string', pattern: 'uuid' },
    requested_at: { kind: 'string', pattern: 'time' },
    // members that were replaced before anything was hashed
    redacted: from(0),
    // anything else
    data: any,
  },
  { required: ['type'] },
);

const HEX64 = /^[0-9a-f]{64}$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const TIME = /^(?:19[7-9]|[2-9]\d\d)\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** @returns whether `value` is spelt as the pattern says. */
export function matchesPattern(pattern: Pattern, value: string): boolean {
  switch (pattern) {
    case 'hex64':
      return HEX64.test(value);
    case 'uuid':
      return UUID.test(value);
    case 'time':
      return isInstant(value);
  }
}

/** @returns whether `value` is exactly what Date.toISOString prints for a real instant of 1970 to 9999. */
export function isInstant(value: string): boolean {
  if (!TIME.test(value)) return false;
  const ms = Date.parse(value);
  return !Number.isNaN(ms) && new Date(ms).toISOString() === value;
}

/**
 * List where an event breaks the schema.
 * @param event as read, only read. @returns field paths, in the order of the event's members (missing ones first); empty when it keeps it.
 */
export function eventBreaches(event: JsonObject): readonly string[] {
  const breaches: string[] = [];
  walk(EVENT_SHAPE, event, [], breaches);
  return breaches;
}

function walk(kind: Kind, value: Json, path: PropertyKey[], breaches: string[]): void {
  if (kind.kind === 'object' && isObject(value)) walkObject(kind, value, path, breaches);
  else if (kind.kind === 'array' && Array.isArray(value)) {
    value.forEach((item: Json, index) => {
      path.push(index);
      walk(kind.items, item, path, breaches);
      path.pop();
    });
  } else if (!keeps(kind, value)) breaches.push(fieldPath(path));
}

function walkObject(kind: ObjectKind, value: JsonObject, path: PropertyKey[], breaches: string[]): void {
  const breach = (name: string): void => {
    breaches.push(fieldPath([...path, name]));
  };
  for (const name of kind.required ?? []) if (!Object.hasOwn(value, name)) breach(name);
  for (const name of Object.keys(value)) {
    const member = kind.members[name];
    if (member === undefined) breach(name);
    else {
      path.push(name);
      walk(member, value[name]!, path, breaches);
      path.pop();
    }
  }
  // The second and later members of an exclusive group are the ones too many.
  for (const group of kind.exclusive ?? []) {
    for (const name of group.filter((one) => Object.hasOwn(value, one)).slice(1)) {
      if (!breaches.includes(fieldPath([...path, name]))) breach(name);
    }
  }
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Judge one value that is not taken apart any further. */
function keeps(kind: Kind, value: Json): boolean {
  switch (kind.kind) {
    case 'string':
      return (
        typeof value === 'string' &&
        value.length >= (kind.min ?? 0) &&
        (kind.pattern === undefined || matchesPattern(kind.pattern, value)) &&
        (kind.oneOf === undefined || kind.oneOf.includes(value))
      );
    case 'integer':
      return Number.isSafeInteger(value) && (value as number) >= kind.min && (value as number) <= kind.max;
    case 'number':
      return typeof value === 'number' && value >= (kind.min ?? Number.NEGATIVE_INFINITY);
    case 'boolean':
      return typeof value === 'boolean';
    case 'any':
      return true;
    case 'free':
      return isObject(value);
    case 'object':
    case 'array':
      return false;
  }
}
