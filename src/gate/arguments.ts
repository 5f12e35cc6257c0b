import { RE2JS } from 're2js';
import type { Json, JsonObject } from '../receipt/json.ts';
import { normalPath } from './normal-path.ts';
import type { ArgumentRule } from './policy-schema.ts';

/** Whether a condition on an argument holds; null when it cannot be said: no such argument, or of another kind. */
export type ArgumentTest = (params: Json | undefined) => { readonly all: boolean | null; readonly any: boolean | null };

type ValueTest = (value: Json) => boolean | null;

/**
 * Make the test of the condition on one argument. A list holds as a whole when each of its items does (`all`, for a rule that allows), and
 * in part when one does (`any`, for a rule that refuses). @param pointer RFC 6901, from params.
 */
export function argumentTest(pointer: string, rule: ArgumentRule): ArgumentTest {
  const path = pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const tests = valueTests(rule);
  const holds = (value: Json): boolean | null => and(tests.map((test) => test(value)));
  return (params) => {
    const value = params === undefined ? undefined : valueAt(params, path);
    if (value === undefined) return { all: null, any: null };
    if (!Array.isArray(value)) {
      const one = holds(value);
      return { all: one, any: one };
    }
    const each = (value as readonly Json[]).map(holds);
    return { all: each.length === 0 ? null : and(each), any: each.length === 0 ? null : or(each) };
  };
}

/** Three-valued: false wins, then what cannot be said. */
function and(values: readonly (boolean | null)[]): boolean | null {
  if (values.includes(false)) return false;
  return values.includes(null) ? null : true;
}

function or(values: readonly (boolean | null)[]): boolean | null {
  if (values.includes(true)) return true;
  return values.includes(null) ? null : false;
}

function valueAt(params: Json, path: readonly string[]): Json | undefined {
  let at: Json | undefined = params;
  for (const name of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as JsonObject)[name];
  }
  return at;
}

function valueTests(rule: ArgumentRule): ValueTest[] {
  const tests: ValueTest[] = [];
  if (rule.path_under !== undefined) {
    const bases = rule.path_under.map((base) => normalPath(base)!);
    tests.push(ofText((text) => isUnder(normalPath(text), bases)));
  }
  if (rule.host_in !== undefined) {
    const { host_in: hosts, schemes = ['https'] } = rule;
    tests.push(ofText((text) => isHostIn(text, hosts, schemes)));
  }
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY, one_of: oneOf, matches } = rule;
  if (rule.min !== undefined || rule.max !== undefined) {
    tests.push((value) => (typeof value === 'number' ? value >= min && value <= max : null));
  }
  if (oneOf !== undefined) {
    tests.push((value) => (typeof value === 'object' && value !== null ? null : oneOf.some((one) => one === value)));
  }
  if (matches !== undefined) {
    // RE2: its time grows with the text alone, whatever the pattern.
    const pattern = RE2JS.compile(matches);
    tests.push(ofText((text) => pattern.matcher(text).find()));
  }
  return tests;
}

function ofText(test: (text: string) => boolean | null): ValueTest {
  return (value) => (typeof value === 'string' ? test(value) : null);
}

function isUnder(path: string | null, bases: readonly string[]): boolean | null {
  if (path === null) return null;
  return bases.some((base) => path === base || path.startsWith(base === '/' ? '/' : `${base}/`));
}

/** @returns whether a URL goes to one of the hosts; null for what is none, bears a user name, or is of another scheme. */
function isHostIn(text: string, hosts: readonly string[], schemes: readonly string[]): boolean | null {
  // What the parser would silently drop or turn round, another parser may not.
  if (/[\s\\]/.test(text) || !URL.canParse(text)) return null;
  const { protocol, username, password, hostname, port } = new URL(text);
  if (username !== '' || password !== '' || !schemes.includes(protocol.slice(0, -1))) return null;
  const name = hostname.endsWith('.') ? hostname.slice(0, -1) : hostname;
  const host = port === '' ? name : `${name}:${port}`;
  return hosts.some((one) =>
    one.startsWith('*.') ? host.endsWith(one.slice(1)) && host.length > one.length - 1 : host === one,
  );
}
