import * as z from 'zod';
import { fromBase64url, utf8 } from '../base/bytes.ts';
import { isReceiptError } from '../base/errors.ts';
import { fieldPath } from '../base/field-path.ts';
import { MAX_REQUEST_AHEAD_MS, MAX_REQUEST_BYTES } from '../base/limits.ts';
import type { Sha256Hex } from '../crypto/hash.ts';
import { canonicalBytes, guardedCopy, parseStrict } from '../receipt/canonical.ts';
import { commit, payloadBytes } from '../receipt/commitment.ts';
import { isInstant } from '../receipt/event-shape.ts';
import type { Json, JsonObject } from '../receipt/json.ts';
import { parseStatement, type SignedStatement } from '../receipt/request.ts';
import type { GateRequest, SignedRequest } from './port.ts';

const text = z.string().min(1);
const uuid = z.string().regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
const action = z.strictObject({
  tool: text,
  target: text.optional(),
  resource: text.optional(),
  params: z.unknown().optional(),
  params_commit: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
});

const requestSchema = z
  .strictObject({
    log: text,
    nonce: uuid,
    requested_at: z.string().refine(isInstant),
    agent: text,
    action,
    delegate: text.optional(),
    tenant: text.optional(),
    role: text.optional(),
    session: text.optional(),
    sequence: text.optional(),
    step: z.int().min(1).optional(),
    of: z.int().min(1).optional(),
    invocation: text.optional(),
    trace_id: text.optional(),
    parent: text.optional(),
    labels: z.array(text).min(1).optional(),
  })
  .superRefine((request, context) => {
    const breach = (...path: PropertyKey[]): void => context.addIssue({ code: 'custom', path });
    const { step, of, sequence, labels = [], action: call } = request;
    if ((step === undefined) !== (of === undefined)) breach(step === undefined ? 'step' : 'of');
    if (step !== undefined && sequence === undefined) breach('sequence');
    if (step !== undefined && of !== undefined && step > of) breach('step');
    if (!labels.every((label, i) => i === 0 || labels[i - 1]! < label)) breach('labels');
    if (call.params !== undefined && call.params_commit !== undefined) breach('action', 'params_commit');
  });

const ENVELOPE = new Set(['key', 'sig', 'signed', 'params', 'salt']);

/** A request that can be decided. */
export interface AskedRequest {
  readonly request: GateRequest;
  readonly requestedAtMs: number;
  /** The agent's signature over it; not judged yet. */
  readonly statement: SignedStatement | null;
  /** What a caller committed to itself, and handed over beside it. */
  readonly opened: { readonly salt: Uint8Array; readonly params: Json } | null;
  /** Equal for equal requests: what tells a retry from another request with its nonce. */
  readonly digest: string;
}

/** @returns the request, or one sentence that says where it is malformed, without any value. */
export type ReadRequest = { readonly asked: AskedRequest } | { readonly malformed: string };

/**
 * Read a request: an object, once, into our own copy; or raw JSON, strictly (duplicate names, integers that would be rounded and deep
 * nesting are malformed). The schema only judges.
 */
export function readRequest(
  input: GateRequest | SignedRequest | Uint8Array | string,
  nowMs: number,
  sha256Hex: Sha256Hex,
): ReadRequest {
  try {
    return readWhole(rawOrObject(input), nowMs, sha256Hex);
  } catch (error) {
    if (isReceiptError(error)) return { malformed: error.message };
    throw error;
  }
}

function rawOrObject(input: GateRequest | SignedRequest | Uint8Array | string): Json {
  if (typeof input !== 'string' && !(input instanceof Uint8Array)) return guardedCopy(input);
  const raw = typeof input === 'string' ? utf8(input) : input;
  if (raw.length <= MAX_REQUEST_BYTES) return parseStrict(typeof input === 'string' ? input : raw);
  return null;
}

function readWhole(value: Json, nowMs: number, sha256Hex: Sha256Hex): ReadRequest {
  if (!isObject(value)) return { malformed: `request: expected an object of at most ${MAX_REQUEST_BYTES} bytes` };
  const envelope = Object.hasOwn(value, 'signed');
  if (envelope && !Object.keys(value).every((name) => ENVELOPE.has(name))) {
    return { malformed: 'request: expected no member but key, sig, signed, params, salt beside a signature' };
  }
  const { key, sig, signed, params, salt } = value;
  const statement = envelope ? parseStatement({ key: key!, sig: sig!, signed: signed! }) : null;
  if (envelope && statement === null)
    return { malformed: 'request: expected a public JWK, a signature of its width and what was signed' };
  const body = statement?.signed ?? value;
  const breaches = breachesOf(body);
  if (breaches !== null)
    return { malformed: `request: expected the request schema to hold, got a breach at ${breaches}` };
  const request = body as unknown as GateRequest;
  if (statement !== null && request.action.params !== undefined) {
    return { malformed: 'request: expected params_commit in a signed request, got params: they could never be erased' };
  }
  const requestedAtMs = Date.parse(request.requested_at);
  if (isTooFarAhead(requestedAtMs, nowMs))
    return { malformed: 'request: requested_at: expected no more than 24 hours ahead' };
  const opened = openedBy(request, params, salt, sha256Hex);
  if (typeof opened === 'string') return { malformed: opened };
  const digest = sha256Hex(canonicalBytes(statement === null ? body : [statement.key.kid, body]));
  return { asked: { request, requestedAtMs, statement, opened, digest } };
}

/** @returns whether a request is from so far ahead that it is malformed. */
export function isTooFarAhead(requestedAtMs: number, nowMs: number): boolean {
  return requestedAtMs > nowMs + MAX_REQUEST_AHEAD_MS;
}

/** @returns the params behind a commitment, when they were handed over; or what is wrong with them. */
function openedBy(
  { action }: GateRequest,
  params: Json | undefined,
  salt: Json | undefined,
  sha256Hex: Sha256Hex,
): AskedRequest['opened'] | string {
  if (params === undefined && salt === undefined) return null;
  const bytes = typeof salt === 'string' ? saltBytes(salt) : null;
  if (params === undefined || bytes === null || action.params_commit === undefined) {
    return 'request: expected params and a salt of 32 bytes (base64url) together, beside a params_commit';
  }
  const { form, bytes: payload } = payloadBytes(params);
  if (commit('params', form, payload, bytes, sha256Hex) !== action.params_commit) {
    return 'request: params: expected what params_commit commits to';
  }
  return { salt: bytes, params };
}

function saltBytes(text: string): Uint8Array | null {
  try {
    const bytes = fromBase64url(text);
    return bytes.length === 32 ? bytes : null;
  } catch {
    return null;
  }
}

function breachesOf(body: JsonObject): string | null {
  const judged = requestSchema.safeParse(body);
  if (judged.success) return null;
  const paths = new Set<string>();
  for (const issue of judged.error.issues) {
    if (issue.code === 'unrecognized_keys') for (const name of issue.keys) paths.add(fieldPath([...issue.path, name]));
    else paths.add(fieldPath(issue.path));
  }
  return [...paths].join(', ');
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
