import { ReceiptError } from '../base/errors.ts';
import { decide } from './decide.ts';
import type { GateRequest, Policy } from './port.ts';
import { GateState } from './state.ts';

/** No caller's: a nonce is random. */
const NONCE = '00000000-0000-4000-8000-000000000000';

/**
 * Make a gate prove, before it arms, that a call which its policy forbids is refused: by the same function that will decide the calls to
 * come. A gate whose policy was not attached, or refuses nothing, must not look like one that guards.
 * @throws ReceiptError GATE_UNARMED.
 */
export function proveRefusal(policy: Policy, log: string, nowMs: number): void {
  const call = policy.forbidden();
  if (call === null) throw unarmed('a policy that refuses something', 'one that refuses nothing');
  const { agent, tool, role, tenant, session, sequence, target, resource, labels, params } = call;
  const request: GateRequest = {
    log,
    nonce: NONCE,
    requested_at: new Date(nowMs).toISOString(),
    agent,
    action: { tool, ...given({ target, resource }) },
    ...given({ role, tenant, session, sequence }),
    ...(labels === undefined ? {} : { labels }),
  };
  const state = new GateState();
  state.use(policy);
  const { decision } = decide(state, { request, requestedAtMs: nowMs, params }, policy, call.nowMs ?? nowMs);
  if (decision === 'ALLOW') throw unarmed('a call that the policy forbids to be refused', decision);
}

/** @returns those that are there. */
function given(members: Readonly<Record<string, string | null | undefined>>): Record<string, string> {
  const there = Object.entries(members).filter((member): member is [string, string] => typeof member[1] === 'string');
  return Object.fromEntries(there);
}

function unarmed(expected: string, found: string): ReceiptError {
  return new ReceiptError('GATE_UNARMED', `gate: expected ${expected}, got ${found}; it does not arm`, {
    expected,
    found,
    next: ['perdure policy check FILE', 'set default: deny in the policy'],
  });
}
