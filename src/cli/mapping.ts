import { EVENT_SHAPE, type Kind } from '../receipt/event-shape.ts';
import type { Json, JsonObject } from '../receipt/json.ts';
import { usage } from './error-report.ts';

/** Short names of `--map FIELD=PATH`; every other FIELD is a dotted member of an event. */
export const SHORT_FIELDS: Readonly<Record<string, string>> = {
  tool: 'action.tool',
  target: 'action.target',
  resource: 'action.resource',
  params: 'action.params',
  status: 'outcome.status',
  reason: 'outcome.reason',
  result: 'outcome.result',
  error: 'outcome.error',
  rows: 'outcome.rows',
  classification: 'outcome.classification',
  trace: 'trace_id',
  time: 'requested_at',
};

/** One `--map`. */
export interface Rule {
  /** As written, for messages. */
  readonly spec: string;
  readonly field: readonly string[];
  /** Member names and array indices; empty for the whole object. */
  readonly path: readonly string[];
}

/** How inputs become events. */
export interface Mapping {
  readonly rules: readonly Rule[];
  /** A text result that begins so means that the call failed. */
  readonly errorPrefix?: string | undefined;
}

/**
 * Read `FIELD=PATH`. FIELD: a short name or a dotted member of an event, also below `data`. PATH: names and indices with dots between
 * (`args.path`, `items.0`), a JSON pointer (`/a.b/c`) for names with dots, or `.` for the whole object.
 * @throws ReceiptError USAGE
 */
export function parseRule(spec: string): Rule {
  const equals = spec.indexOf('=');
  const [name, from] = [spec.slice(0, equals), spec.slice(equals + 1)];
  if (equals <= 0 || from === '') throw usage(`--map ${spec}: expected FIELD=PATH, as tool=name or params=call.args`);
  const field = (Object.hasOwn(SHORT_FIELDS, name) ? SHORT_FIELDS[name]! : name).split('.');
  if (!isField(field)) {
    throw usage(
      `--map ${spec}: expected a member of an event before the equals sign`,
      `short names: ${Object.keys(SHORT_FIELDS).join(', ')}`,
      'anything that has no member of its own: --map data.NAME=PATH',
    );
  }
  return { spec, field, path: parsePath(from, spec) };
}

/** Judge rules together. @throws ReceiptError USAGE where two fill one member. */
export function checkRules(rules: readonly Rule[]): void {
  for (const [i, a] of rules.entries()) {
    for (const b of rules.slice(i + 1)) {
      const length = Math.min(a.field.length, b.field.length);
      if (a.field.slice(0, length).join('.') === b.field.slice(0, length).join('.')) {
        throw usage(`--map ${b.spec}: expected each member once, but --map ${a.spec} fills it too`);
      }
    }
  }
}

function isField(field: readonly string[]): boolean {
  let kind: Kind | undefined = EVENT_SHAPE;
  for (const name of field) {
    if (name === '' || name === '__proto__') return false;
    if (kind.kind === 'object') kind = kind.members[name];
    else if (kind.kind !== 'any' && kind.kind !== 'free') return false;
    if (kind === undefined) return false;
  }
  return true;
}

function parsePath(path: string, spec: string): string[] {
  if (path === '.') return [];
  const names = path.startsWith('/')
    ? path
        .slice(1)
        .split('/')
        .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))
    : path.split('.');
  if (names.includes('') && !path.startsWith('/')) throw usage(`--map ${spec}: expected a path without empty names`);
  return names;
}

/**
 * Make an event of an input object: each rule copies what stands at its PATH; what is not there is left out, an `error` of null too.
 *
 * - `type` is `tool_call` unless a rule gives another.
 * - `outcome.status`, unless a rule gives one: `failed` where an error was copied or the result is a text that begins with
 *   `errorPrefix`, else `executed` where a result was copied.
 * - `requested_at` (`time`) is brought into the one spelling of an event when it is an RFC 3339 time.
 * @param used is told of each rule that found something.
 */
export function mapObject(input: JsonObject, { rules, errorPrefix }: Mapping, used: (rule: Rule) => void): JsonObject {
  const event: Record<string, Json> = {};
  for (const rule of rules) {
    const found = at(input, rule.path);
    if (found === undefined) continue;
    used(rule);
    const field = rule.field.join('.');
    if (field === 'outcome.error' && found === null) continue;
    put(event, rule.field, field === 'requested_at' ? normalTime(found) : found);
  }
  return withDefaults(event, errorPrefix);
}

/** Fill in what goes without saying; see mapObject. @param event changed. */
export function withDefaults(event: Record<string, Json>, errorPrefix?: string): JsonObject {
  if (!Object.hasOwn(event, 'type')) event.type = 'tool_call';
  const outcome = Object.hasOwn(event, 'outcome') ? event.outcome : undefined;
  if (!isObject(outcome) || Object.hasOwn(outcome, 'status')) return event;
  const { error, result } = outcome as { error?: Json; result?: Json };
  const failed =
    error !== undefined || (errorPrefix !== undefined && typeof result === 'string' && result.startsWith(errorPrefix));
  if (failed) event.outcome = { ...outcome, status: 'failed' };
  else if (result !== undefined) event.outcome = { ...outcome, status: 'executed' };
  return event;
}

function at(input: JsonObject, path: readonly string[]): Json | undefined {
  let value: Json = input;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    // An array's own `length` is no element of it.
    if (Array.isArray(value) && !/^\d+$/.test(name)) return undefined;
    value = (value as Record<string, Json>)[name]!;
  }
  return value;
}

function put(event: Record<string, Json>, field: readonly string[], value: Json): void {
  let holder = event;
  for (const name of field.slice(0, -1)) {
    if (!Object.hasOwn(holder, name)) holder[name] = {};
    holder = holder[name] as Record<string, Json>;
  }
  holder[field.at(-1)!] = value;
}

function normalTime(value: Json): Json {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i.test(value))
    return value;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? value : new Date(ms).toISOString();
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
