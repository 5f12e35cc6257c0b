import { RE2JS } from 're2js';
import * as z from 'zod';
import { parseJwk } from '../crypto/public-key.ts';
import { normalPath } from './normal-path.ts';

const text = z.string().min(1).max(1_000);
const texts = z.array(text).min(1).max(1_000);

/** @returns a schema that also asks `holds`, told as the sentence of a breach. */
function asked<T extends z.ZodType>(schema: T, holds: (value: z.output<T>) => boolean, message: string): T {
  return schema.refine(holds as (value: unknown) => boolean, { error: message }) as T;
}

const basePath = asked(
  text,
  (path) => normalPath(path) === path,
  'expected an absolute path without . or .. or a final slash',
);
const host = asked(
  text,
  (name) => /^(?:\*\.)?[a-z0-9.-]+(?::[0-9]+)?$|^\[[0-9a-f:]+\]$/.test(name),
  'expected a host in lower case, as api.example.com or *.example.com',
);
const pattern = asked(text, compiles, 'expected a regular expression of RE2: no back-references, no look-around');

function compiles(source: string): boolean {
  try {
    RE2JS.compile(source);
    return true;
  } catch {
    return false;
  }
}

const argument = asked(
  z.strictObject({
    path_under: z.array(basePath).min(1).optional(),
    host_in: z.array(host).min(1).optional(),
    schemes: z
      .array(z.string().regex(/^[a-z][a-z0-9+.-]*$/))
      .min(1)
      .optional(),
    min: z.number().optional(),
    max: z.number().optional(),
    one_of: z
      .array(z.union([z.string(), z.number(), z.boolean(), z.null()]))
      .min(1)
      .optional(),
    matches: pattern.optional(),
  }),
  ({ schemes, ...conditions }) =>
    Object.keys(conditions).length > 0 && (schemes === undefined || conditions.host_in !== undefined),
  'expected at least one condition, and schemes only beside host_in',
);
/** A condition on one argument of a call. */
export type ArgumentRule = z.output<typeof argument>;

const clock = z.string().regex(/^(?:[01][0-9]|2[0-3]):[0-5][0-9]$/, 'expected a time of day as 08:00');
export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
const times = z.strictObject({
  days: z.array(z.enum(DAYS)).min(1).optional(),
  from: clock.optional(),
  to: clock.optional(),
  zone: asked(text, isZone, 'expected a time zone as UTC or Europe/Berlin').optional(),
});
/** When a rule holds. */
export type TimesRule = z.output<typeof times>;

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

const rate = z.strictObject({
  max: z.int().min(1),
  seconds: z.int().min(1).max(86_400),
  by: z.enum(['agent', 'tool', 'agent+tool', 'all']),
});

const effect = z.enum(['allow', 'deny', 'audit', 'quarantine', 'halt']);
const pointer = z.string().regex(/^(?:\/(?:[^~/]|~[01])*)+$/, 'expected a JSON pointer into params, as /path');

const rule = asked(
  z.strictObject({
    id: z.string().regex(/^[A-Za-z0-9._-]{1,100}$/, 'expected 1 to 100 of A-Z a-z 0-9 . _ -'),
    effect,
    tools: texts.optional(),
    tools_except: texts.optional(),
    agents: texts.optional(),
    roles: texts.optional(),
    tenants: texts.optional(),
    labels_any: texts.optional(),
    labels_only: texts.optional(),
    args: z.record(pointer, argument).optional(),
    times: times.optional(),
    rate: rate.optional(),
    require_approval: texts.optional(),
  }),
  ({ effect: what, rate: limit, require_approval: by }) =>
    what === 'allow' || what === 'audit' || (limit === undefined && by === undefined),
  'expected rate and require_approval only in a rule that allows',
);
/** One rule of a policy. */
export type RuleDocument = z.output<typeof rule>;

const jwk = z.record(z.string(), z.string()).refine(isKey, 'expected a public JWK of ML-DSA-65 (AKP) or Ed25519 (OKP)');

function isKey(value: unknown): boolean {
  try {
    parseJwk(value);
    return true;
  } catch {
    return false;
  }
}

const call = z.strictObject({
  agent: text,
  tool: text,
  role: text.optional(),
  tenant: text.optional(),
  labels: texts.optional(),
  params: z.json().optional(),
  at: z.iso.datetime().optional(),
  approved_by: texts.optional(),
});
/** A call to ask a policy about. */
export type PolicyCall = z.output<typeof call>;

const testCase = z.strictObject({ name: text, call, expect: effect, rule: text.optional() });
/** A case that a policy brings along. */
export type PolicyCase = z.output<typeof testCase>;

/** A policy file. Closed. */
export const policySchema = z
  .strictObject({
    version: z.literal(1),
    default: z.enum(['allow', 'deny']),
    halt_after: z.int().min(1).optional(),
    approvers: z.record(z.string().regex(/^[A-Za-z0-9._@-]{1,100}$/), jwk).optional(),
    rules: z.array(rule).max(10_000),
    tests: z.array(testCase).max(10_000).optional(),
  })
  .superRefine(({ rules, approvers = {}, tests = [] }, context) => {
    const breach = (message: string, ...path: PropertyKey[]): void =>
      context.addIssue({ code: 'custom', path, message });
    const ids = new Set<string>(['default']);
    rules.forEach(({ id, require_approval: by = [] }, i) => {
      if (ids.has(id)) breach('expected an id of its own, other than default', 'rules', i, 'id');
      ids.add(id);
      by.forEach((name, k) => {
        if (!Object.hasOwn(approvers, name)) breach('expected one of the approvers', 'rules', i, 'require_approval', k);
      });
    });
    tests.forEach(({ rule: id }, i) => {
      if (id !== undefined && !ids.has(id)) breach('expected the id of a rule, or default', 'tests', i, 'rule');
    });
  });
/** What a policy file says. */
export type PolicyDocument = z.output<typeof policySchema>;

/** What `policy explain` takes. */
export const callSchema = call;
