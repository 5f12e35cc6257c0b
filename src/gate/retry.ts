import { sha256Hex } from '../crypto/hash.ts';
import type { Log } from '../log/log.ts';
import { canonicalText } from '../receipt/canonical.ts';
import { commit, formOfPayload, payloadBytes } from '../receipt/commitment.ts';
import type { Json, JsonObject } from '../receipt/json.ts';
import { type Redactor, redactEvent } from '../receipt/redaction.ts';
import { parseStatement } from '../receipt/request.ts';
import { askedEvent } from './decision-event.ts';
import type { AskedRequest } from './request.ts';
import { memberOf } from './state.ts';

/** Members of a decision that say what was decided, not what was asked, and those that are compared by themselves. */
const NOT_ASKED = new Set(['effect', 'policy', 'authorization', 'request', 'redacted', 'action']);

/**
 * Tell a retry from another request with the same nonce, by what the log kept of the first one: everything that was asked is the same,
 * params included, which a commitment answers for as long as its payload was not erased; without it the request is no retry.
 * @param recorded event of the first decision. @param redactor what the recorder does to an event before anything is hashed.
 */
export async function sameRequest(
  log: Log,
  recorded: JsonObject,
  asked: AskedRequest,
  redactor: Redactor | null,
): Promise<boolean> {
  const plain = JSON.parse(canonicalText(askedEvent(asked))) as JsonObject;
  const now = (redactor === null ? plain : redactEvent(plain, redactor).value) as JsonObject;
  if (canonicalText(asMembers(now)) !== canonicalText(asMembers(recorded))) return false;
  if ((asked.request.role ?? null) !== memberOf(recorded.authorization, 'role')) return false;
  const signer = parseStatement(recorded.request)?.key.kid;
  if (signer !== asked.statement?.key.kid) return false;
  return sameParams(log, recorded.action as JsonObject, now.action as JsonObject);
}

/** @returns what was asked, without params in any form. */
function asMembers(event: JsonObject): JsonObject {
  const { params: _params, params_commit: _commit, ...action } = event.action as JsonObject;
  const members = Object.entries(event).filter(([name]) => !NOT_ASKED.has(name));
  return { ...Object.fromEntries(members), action };
}

async function sameParams(log: Log, recorded: JsonObject, now: JsonObject): Promise<boolean> {
  const { params, params_commit: commitment } = recorded;
  if (now.params_commit !== undefined) return now.params_commit === commitment;
  if (now.params === undefined || params !== undefined) return sameJson(now.params, params) && commitment === undefined;
  if (typeof commitment !== 'string') return false;
  const kept = await log.readPayload(commitment);
  if (kept === null || formOfPayload('params', commitment, kept, sha256Hex) === null) return false;
  const { form, bytes } = payloadBytes(now.params);
  return commit('params', form, bytes, kept.salt, sha256Hex) === commitment;
}

function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return canonicalText(a) === canonicalText(b);
}
