import type { EventInput } from '../receipt/event.ts';
import type { Ruling } from './decide.ts';
import type { Policy } from './port.ts';
import type { AskedRequest } from './request.ts';

/** Members of a request that its decision repeats as they are. */
const COPIED = [
  'agent',
  'delegate',
  'tenant',
  'session',
  'sequence',
  'step',
  'of',
  'invocation',
  'trace_id',
  'parent',
  'nonce',
  'requested_at',
] as const;

/** @returns of a decision entry what the request says: all of it but what is decided when the entry is linked. */
export function askedEvent({ request, statement }: AskedRequest): EventInput {
  const event: Record<string, unknown> = { type: 'decision', action: request.action };
  for (const name of COPIED) if (request[name] !== undefined) event[name] = request[name];
  if (request.labels !== undefined) event.data = { labels: request.labels };
  if (statement !== null) event.request = statement.json;
  return event as unknown as EventInput;
}

/** @returns what was decided, as the entry says it. */
export function decidedMembers({ decision, code, effect, rule }: Ruling, role: string | undefined, policy: Policy) {
  return {
    effect,
    policy: { decision, code, rule, policy_hash: policy.hash },
    authorization: { ...(role === undefined ? {} : { role }), allowed: decision === 'ALLOW' },
  };
}
