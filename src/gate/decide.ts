import { GATE_WINDOW_MS } from '../base/limits.ts';
import type { Json } from '../receipt/json.ts';
import type { Decision, DecisionCode, GateRequest, Policy, PolicyEffect, PolicyQuestion } from './port.ts';
import { breachOfOrder, newSequence } from './sequences.ts';
import type { GateState } from './state.ts';

/** What the rules say of one request. */
export interface Ruling {
  readonly decision: Decision;
  readonly code: DecisionCode;
  /** What the decision entry says as `effect`. */
  readonly effect: 'allow' | 'deny' | 'audit' | 'quarantine';
  readonly rule: string;
  readonly reason: string;
}

/** What is decided about. */
export interface Asked {
  readonly request: GateRequest;
  readonly requestedAtMs: number;
  /** As the policy may look at them; undefined where only a commitment is known. */
  readonly params: Json | undefined;
}

/**
 * Decide a trusted request: pure, and in this order, the first failure deciding (format section 9). Nothing is changed: the state takes
 * the decision when its entry is linked.
 * @param state of all entries before. @param nowMs time of the decision's own entry.
 */
export function decide(state: GateState, asked: Asked, policy: Policy, nowMs: number): Ruling {
  const { request } = asked;
  const answer = policy.decide(questionOf(state, asked, nowMs));
  const refused = refusalOf(answer.effect);
  const sequence = request.sequence === undefined ? null : state.sequences.get(request.sequence);
  const ruling = (
    code: DecisionCode,
    reason: string,
    rule = answer.rule,
    effect: Ruling['effect'] = 'deny',
  ): Ruling => {
    const isHalted = sequence?.halted === true || (code === 'POLICY_VIOLATION' && answer.effect === 'halt');
    const isLast = request.sequence !== undefined && policy.haltAfter === (sequence?.denials ?? 0) + 1;
    return { decision: isHalted || isLast ? 'HALT' : 'DENY', code, effect, rule, reason };
  };
  if (refused !== null) return ruling('POLICY_VIOLATION', answer.reason, answer.rule, refused);
  if (sequence?.closed) return ruling('SEALED_SEQUENCE', 'its sequence is closed');
  if (sequence?.halted) return ruling('SEALED_SEQUENCE', 'its sequence is halted until an approver releases it');
  if (state.nonces.get(request.nonce) !== null) return ruling('REPLAY_NONCE', 'another request has spent its nonce');
  const order = request.sequence === undefined ? null : breachOfOrder(sequence ?? newSequence(), request);
  if (order !== null) return ruling('SEQUENCE_VIOLATION', order);
  const horizon = state.nonces.horizon(state.highestMs, nowMs);
  if (asked.requestedAtMs < horizon || asked.requestedAtMs > nowMs + GATE_WINDOW_MS) {
    const side = asked.requestedAtMs < horizon ? 'before' : 'after';
    return ruling('STALE_TIMESTAMP', `requested_at lies more than ${GATE_WINDOW_MS / 1000} s ${side} the gate's time`);
  }
  const { agent, action, role = null, tenant = null } = request;
  const full = state.rates.full({ timeMs: nowMs, agent, tool: action.tool, role, tenant });
  if (full !== null) return ruling('RATE_LIMITED', 'as many calls as the policy allows were made already', full);
  const effect = answer.effect === 'audit' ? 'audit' : 'allow';
  return { decision: 'ALLOW', code: 'ALLOW', effect, rule: answer.rule, reason: answer.reason };
}

/** @returns how an entry says that a policy refused; null when it did not. */
function refusalOf(effect: PolicyEffect): 'deny' | 'quarantine' | null {
  if (effect === 'allow' || effect === 'audit') return null;
  return effect === 'quarantine' ? 'quarantine' : 'deny';
}

function questionOf(state: GateState, { request, params }: Asked, nowMs: number): PolicyQuestion {
  const { agent, action, role, tenant, session, sequence, labels, nonce } = request;
  return {
    agent,
    tool: action.tool,
    role: role ?? null,
    tenant: tenant ?? null,
    session: session ?? null,
    sequence: sequence ?? null,
    target: action.target ?? null,
    resource: action.resource ?? null,
    params,
    labels: labels ?? [],
    nowMs,
    isApprovedBy: (approver) =>
      state.approvals.get(nonce)?.some((one) => one.approver === approver && one.untilMs >= nowMs) ?? false,
  };
}
