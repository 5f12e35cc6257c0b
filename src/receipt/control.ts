import { toHex } from '../base/bytes.ts';
import { MAX_KEYS } from '../base/limits.ts';
import { type Algorithm, KEY_SIZES, type PublicKey, parseJwk, toJwk } from '../crypto/public-key.ts';
import { ORIGIN_PATTERN } from './entry.ts';
import type { Json, JsonObject } from './json.ts';

/** How a log signs: every entry, or batches under a checkpoint (format section 3). */
export type SigningMode = 'each' | 'batch';

/** What entries must carry from here on: a signature by every key. */
export interface Requirement {
  readonly mode: SigningMode;
  /** Algorithms, ascending; exactly those of `keys`. */
  readonly suite: readonly Algorithm[];
  /** Ascending by kid, 1 to 8. */
  readonly keys: readonly PublicKey[];
}

/** Event types whose schema is closed and judged by verification (format section 4). */
export const CONTROL_TYPES = ['genesis', 'rotation', 'close', 'recovery', 'erasure', 'anchor'] as const;
export type ControlType = (typeof CONTROL_TYPES)[number];

/** Control entries that carry their own signatures in every mode (format section 3). */
const INDIVIDUAL: ReadonlySet<string> = new Set(['genesis', 'rotation', 'close', 'erasure', 'recovery']);

/** @returns whether entries of this type are signed one by one even in a batch log. */
export function isIndividuallySigned(type: string | null): boolean {
  return type !== null && INDIVIDUAL.has(type);
}

/** @returns whether this is a control type. */
export function isControlType(type: string | null): type is ControlType {
  return (CONTROL_TYPES as readonly string[]).includes(type ?? '');
}

/** Make the requirement that these keys and this mode say. @throws RangeError on no key, more than 8, or one key twice. */
export function requirementOf(mode: SigningMode, keys: readonly PublicKey[]): Requirement {
  const sorted = [...keys].sort((a, b) => (a.kid < b.kid ? -1 : 1));
  if (sorted.length === 0 || sorted.length > MAX_KEYS)
    throw new RangeError(`requirementOf: expected 1 to ${MAX_KEYS} keys, got ${sorted.length}`);
  if (new Set(sorted.map((key) => key.kid)).size !== sorted.length)
    throw new RangeError('requirementOf: expected each key once');
  return { mode, suite: [...new Set(sorted.map((key) => key.alg))].sort(), keys: sorted };
}

function requirementMembers({ mode, suite, keys }: Requirement): JsonObject {
  return { keys: keys.map((key) => ({ ...toJwk(key) })), mode, suite };
}

/** What a log continues when it was started to follow another (format section 4). */
export interface Continues {
  readonly origin: string;
  readonly genesis: string;
  readonly size: number;
  readonly root: string;
}

/** Make a `genesis` event. @param random 32 fresh bytes, so that two logs never start alike. */
export function genesisEvent(options: {
  readonly random: Uint8Array;
  readonly mode: SigningMode;
  readonly keys: readonly PublicKey[];
  readonly continues?: Continues;
}): JsonObject {
  const event = {
    type: 'genesis',
    random: toHex(options.random),
    ...requirementMembers(requirementOf(options.mode, options.keys)),
  };
  return options.continues === undefined ? event : { ...event, continues: { ...options.continues } };
}

/** Make a `rotation` event: from the next entry on these keys and this mode rule. */
export function rotationEvent(options: {
  readonly mode: SigningMode;
  readonly keys: readonly PublicKey[];
}): JsonObject {
  return { type: 'rotation', ...requirementMembers(requirementOf(options.mode, options.keys)) };
}

/** Make a `close` event: nothing may follow in the log, or in the sequence. */
export function closeEvent(
  what: { readonly scope: 'log' } | { readonly scope: 'sequence'; readonly sequence: string },
): JsonObject {
  return { type: 'close', ...what };
}

/** What a `recovery` entry says: which whole entries a reopened log took over, and which torn bytes it set aside. */
export interface Recovery {
  readonly firstSeq: number;
  readonly count: number;
  /** `hash` of the entry before the recovery entry. */
  readonly lastHash: string;
  readonly tornBytes: number;
  readonly tornSha256: string;
}

/** SHA-256 of nothing: `torn_sha256` where no bytes were torn. */
export const SHA256_OF_NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** Make a `recovery` event. */
export function recoveryEvent({ firstSeq, count, lastHash, tornBytes, tornSha256 }: Recovery): JsonObject {
  return {
    type: 'recovery',
    first_seq: firstSeq,
    count,
    last_hash: lastHash,
    torn_bytes: tornBytes,
    torn_sha256: tornSha256,
  };
}

/** What the closed schema of a control event says about it: what it means, or the first member that breaks it. */
export type ControlJudgement =
  | {
      readonly ok: true;
      readonly requirement: Requirement | null;
      readonly closes: 'log' | 'sequence' | null;
      readonly recovered: number;
    }
  | {
      readonly ok: false;
      readonly code: 'CONTROL_SCHEMA' | 'RECOVERY_MISMATCH';
      readonly expected: string;
      readonly found: string;
    };

/**
 * Judge a control event against its closed schema and, for `recovery` and `erasure`, against the frame it stands in.
 * @param event of a control type. @param frame of its entry.
 */
export function judgeControl(
  event: JsonObject,
  frame: { readonly seq: number; readonly prev: string },
): ControlJudgement {
  switch (event.type) {
    case 'genesis':
    case 'rotation':
      return judgeRequirement(event);
    case 'close':
      return judgeClose(event);
    case 'recovery':
      return judgeRecovery(event, frame);
    case 'erasure':
      return judgeErasure(event, frame);
    case 'anchor':
      return closed(event, { type: isText, checkpoint: isCheckpointNote }) ?? fine();
    default:
      return breach('a control type', 'another type');
  }
}

function fine(
  requirement: Requirement | null = null,
  closes: 'log' | 'sequence' | null = null,
  recovered = 0,
): ControlJudgement {
  return { ok: true, requirement, closes, recovered };
}

function breach(expected: string, found: string): ControlJudgement {
  return { ok: false, code: 'CONTROL_SCHEMA', expected, found };
}

type Check = (value: Json) => boolean;

/** @returns the breach, or null when exactly the members of `required` (and perhaps `optional`) stand there and pass. */
function closed(
  event: JsonObject,
  required: Record<string, Check>,
  optional: Record<string, Check> = {},
): ControlJudgement | null {
  for (const name of Object.keys(event)) {
    if (!Object.hasOwn(required, name) && !Object.hasOwn(optional, name))
      return breach('no other member', 'an unknown member');
  }
  for (const [name, check] of Object.entries(required)) {
    if (!Object.hasOwn(event, name)) return breach(`member ${name}`, 'no such member');
    if (!check(event[name]!)) return breach(`a well-formed ${name}`, 'another value');
  }
  for (const [name, check] of Object.entries(optional)) {
    if (Object.hasOwn(event, name) && !check(event[name]!)) return breach(`a well-formed ${name}`, 'another value');
  }
  return null;
}

const isText: Check = (value) => typeof value === 'string' && value !== '';
const isHex64: Check = (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
const isSeq: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isMode: Check = (value) => value === 'each' || value === 'batch';
const isObject = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A C2SP checkpoint without extension lines: origin, size, root, blank line, signature lines. @see C2SP tlog-checkpoint, signed-note */
const CHECKPOINT_NOTE =
  /^[^\n\0]+\n(?:0|[1-9][0-9]{0,15})\n(?:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)\n\n(?:\u2014 [^\s+]+ (?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\n)+$/;
const isCheckpointNote: Check = (value) => typeof value === 'string' && CHECKPOINT_NOTE.test(value);

const isContinues: Check = (value) =>
  isObject(value) &&
  closed(value, {
    origin: (origin) => typeof origin === 'string' && ORIGIN_PATTERN.test(origin),
    genesis: isHex64,
    size: isSeq,
    root: isHex64,
  }) === null;

function judgeRequirement(event: JsonObject): ControlJudgement {
  const members = { type: isText, mode: isMode, suite: Array.isArray, keys: Array.isArray } as Record<string, Check>;
  const problem =
    event.type === 'genesis'
      ? closed(event, { ...members, random: isHex64 }, { continues: isContinues })
      : closed(event, members);
  if (problem !== null) return problem;
  const suite = event.suite as readonly Json[];
  const jwks = event.keys as readonly Json[];
  if (
    !ascending(suite) ||
    suite.length === 0 ||
    !suite.every((alg) => typeof alg === 'string' && Object.hasOwn(KEY_SIZES, alg))
  ) {
    return breach('a suite of known algorithms, strictly ascending', 'another suite');
  }
  if (jwks.length === 0 || jwks.length > MAX_KEYS) return breach(`1 to ${MAX_KEYS} keys`, `${jwks.length} keys`);
  const keys: PublicKey[] = [];
  for (const jwk of jwks) {
    try {
      keys.push(parseJwk(jwk));
    } catch {
      return breach('public JWKs of known algorithms with good keys', 'another value');
    }
  }
  if (!ascending(keys.map((key) => key.kid))) return breach('keys strictly ascending by kid', 'another order');
  const algs = new Set<string>(keys.map((key) => key.alg));
  if (algs.size !== suite.length || !suite.every((alg) => algs.has(alg as string)))
    return breach('a suite of exactly the algorithms of keys', 'another suite');
  return fine({ mode: event.mode as SigningMode, suite: suite as readonly Algorithm[], keys });
}

function ascending(texts: readonly Json[]): boolean {
  return texts.every((text, i) => i === 0 || (texts[i - 1] as string) < (text as string));
}

function judgeClose(event: JsonObject): ControlJudgement {
  if (event.scope === 'sequence') {
    return closed(event, { type: isText, scope: isText, sequence: isText }) ?? fine(null, 'sequence');
  }
  return closed(event, { type: isText, scope: (scope) => scope === 'log' }) ?? fine(null, 'log');
}

function judgeRecovery(event: JsonObject, frame: { readonly seq: number; readonly prev: string }): ControlJudgement {
  const problem = closed(event, {
    type: isText,
    first_seq: isSeq,
    count: isSeq,
    last_hash: isHex64,
    torn_bytes: isSeq,
    torn_sha256: isHex64,
  });
  if (problem !== null) return problem;
  const firstSeq = event.first_seq as number;
  const count = event.count as number;
  const mismatch = (expected: string, found: string): ControlJudgement => ({
    ok: false,
    code: 'RECOVERY_MISMATCH',
    expected,
    found,
  });
  if (firstSeq + count !== frame.seq) return mismatch(`first_seq + count = ${frame.seq}`, `${firstSeq} + ${count}`);
  if (event.last_hash !== frame.prev) return mismatch(`last_hash ${frame.prev}`, String(event.last_hash));
  if (event.torn_bytes === 0 && event.torn_sha256 !== SHA256_OF_NOTHING) {
    return mismatch(`torn_sha256 ${SHA256_OF_NOTHING} for no bytes`, String(event.torn_sha256));
  }
  return fine(null, null, count);
}

function judgeErasure(event: JsonObject, frame: { readonly seq: number }): ControlJudgement {
  const isMember: Check = (value) => value === 'params' || value === 'result' || value === 'error';
  const problem = closed(event, {
    type: isText,
    seq: isSeq,
    hash: isHex64,
    member: isMember,
    reason: isText,
    authority: isText,
  });
  if (problem !== null) return problem;
  return (event.seq as number) < frame.seq ? fine() : breach(`seq earlier than ${frame.seq}`, String(event.seq));
}
