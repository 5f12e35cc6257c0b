import { MAX_DISPUTABLE_OUTCOMES } from '../base/limits.ts';
import { EMPTY_HEAD, type Head } from '../chain/chain.ts';
import type { Json, JsonObject } from '../receipt/json.ts';
import { parseStatement } from '../receipt/request.ts';
import { NonceLedger } from './nonces.ts';
import type { Policy } from './port.ts';
import { type AllowedCall, RateCounter } from './rates.ts';
import { newSequence, type SequenceState } from './sequences.ts';

/** An entry, as far as a gate looks at it. */
export interface StateEntry {
  readonly seq: number;
  readonly hash: string;
  readonly timeMs: number;
  readonly event: JsonObject;
}

/** A call that was allowed and of which no outcome is recorded. */
export interface OpenCall {
  readonly seq: number;
  readonly timeMs: number;
  readonly nonce: string;
  readonly agent: string;
  readonly tool: string;
  /** Members that its outcome repeats. */
  readonly repeated: JsonObject;
  /** Who signed the request; null when nobody did. */
  readonly kid: string | null;
}

/** An approval of one request. */
export interface Approval {
  readonly approver: string;
  readonly untilMs: number;
}

/** An outcome that its agent can still agree to or dispute. */
export interface RecentOutcome {
  readonly agent: string;
  readonly decision: string;
  /** Who signed the request; null when nobody did. */
  readonly kid: string | null;
}

/** From here on expired approvals are looked for. */
const MANY_APPROVALS = 1024;

/** Members of a decision that its outcome repeats, beside the agent and the tool. */
const REPEATED = ['tenant', 'session', 'sequence', 'step', 'of', 'invocation', 'trace_id', 'parent'] as const;

/**
 * All that a gate decides by, folded from the entries of its log: the same function takes each entry when it is linked and when the log
 * is read after a restart, so that both know the same.
 */
export class GateState {
  head: Head = EMPTY_HEAD;
  /** Highest claimed time of the log. */
  highestMs = 0;
  readonly nonces = new NonceLedger();
  readonly sequences = new Map<string, SequenceState>();
  /** By the hash of the decision. */
  readonly open = new Map<string, OpenCall>();
  /** By the nonce of the request approved. */
  readonly approvals = new Map<string, Approval[]>();
  /** By hash, the newest ones. */
  readonly outcomes = new Map<string, RecentOutcome>();
  readonly rates = new RateCounter();
  /** What the last policy_change entry says; null when there is none. */
  change: { readonly policyHash: Json; readonly data: Json } | null = null;

  /** Count by this policy from now on. */
  use(policy: Policy): void {
    this.rates.use(policy);
  }

  /** Take the next entry of the log, whoever wrote it. */
  take(entry: StateEntry): void {
    const { seq, hash, timeMs, event } = entry;
    this.head = { size: seq + 1, hash };
    switch (event.type) {
      case 'decision':
        this.#decision(entry);
        break;
      case 'outcome':
        this.#outcome(entry);
        break;
      case 'approval':
        this.#approval(entry);
        break;
      case 'close':
        if (event.scope === 'sequence') this.sequence(String(event.sequence)).closed = true;
        break;
      case 'policy_change':
        this.change = { policyHash: memberOf(event.policy, 'policy_hash'), data: event.data ?? null };
        break;
    }
    if (timeMs > this.highestMs) {
      this.highestMs = timeMs;
      this.nonces.advance(timeMs);
    }
  }

  /** @returns what is known of a sequence, to be changed only here. */
  sequence(name: string): SequenceState {
    let known = this.sequences.get(name);
    if (known === undefined) {
      known = newSequence();
      this.sequences.set(name, known);
    }
    return known;
  }

  #decision({ seq, hash, timeMs, event }: StateEntry): void {
    const decision = memberOf(event.policy, 'decision');
    const { nonce, requested_at: requestedAt } = event;
    if (typeof decision !== 'string' || typeof nonce !== 'string' || typeof requestedAt !== 'string') return;
    const requestedAtMs = Date.parse(requestedAt);
    const known = this.nonces.get(nonce);
    this.nonces.spend(nonce, { requestedAtMs, seq, outcomeSeq: null });
    if (known === null) this.approvals.delete(nonce);
    if (typeof event.sequence === 'string') this.#inSequence(event.sequence, decision, event.of);
    if (decision !== 'ALLOW') return;
    const call = allowedCall(event, timeMs);
    this.rates.add(call);
    const repeated: Record<string, Json> = { agent: call.agent, action: { tool: call.tool } };
    for (const name of REPEATED) if (event[name] !== undefined) repeated[name] = event[name];
    const kid = parseStatement(event.request)?.key.kid ?? null;
    this.open.set(hash, { seq, timeMs, nonce, agent: call.agent, tool: call.tool, repeated, kid });
  }

  #inSequence(name: string, decision: string, of: Json | undefined): void {
    const state = this.sequence(name);
    if (decision === 'ALLOW') {
      state.allowed++;
      state.of ??= typeof of === 'number' ? of : 0;
      return;
    }
    state.denials++;
    if (decision === 'HALT') state.halted = true;
  }

  #outcome({ seq, hash, event }: StateEntry): void {
    const { decision } = event;
    const call = typeof decision === 'string' ? this.open.get(decision) : undefined;
    if (call === undefined) return;
    this.open.delete(String(decision));
    const spent = this.nonces.get(call.nonce);
    if (spent !== null && spent.seq === call.seq) spent.outcomeSeq = seq;
    this.outcomes.set(hash, { agent: call.agent, decision: String(decision), kid: call.kid });
    if (this.outcomes.size > MAX_DISPUTABLE_OUTCOMES) {
      const [oldest] = this.outcomes.keys();
      this.outcomes.delete(oldest!);
    }
  }

  #approval({ timeMs, event }: StateEntry): void {
    const signed = memberOf(event.request, 'signed');
    const until = memberOf(signed, 'until');
    const untilMs = typeof until === 'string' ? Date.parse(until) : Number.NaN;
    if (!(untilMs >= timeMs)) return;
    const nonce = memberOf(signed, 'nonce');
    const sequence = memberOf(signed, 'sequence');
    if (typeof nonce === 'string') {
      if (this.approvals.size >= MANY_APPROVALS) this.#forgetApprovals(timeMs);
      const known = this.approvals.get(nonce) ?? [];
      this.approvals.set(nonce, [...known, { approver: String(event.agent), untilMs }]);
    } else if (typeof sequence === 'string') {
      const state = this.sequence(sequence);
      state.halted = false;
      state.denials = 0;
    }
  }

  /** Approvals of requests that never came. */
  #forgetApprovals(nowMs: number): void {
    for (const [nonce, given] of this.approvals) {
      if (given.every(({ untilMs }) => untilMs < nowMs)) this.approvals.delete(nonce);
    }
  }
}

/** @returns what windows count of a decision entry or of a request in its form. */
export function allowedCall(event: JsonObject, timeMs: number): AllowedCall {
  const text = (value: Json): string | null => (typeof value === 'string' ? value : null);
  return {
    timeMs,
    agent: text(event.agent ?? null) ?? '',
    tool: text(memberOf(event.action, 'tool')) ?? '',
    role: text(memberOf(event.authorization, 'role')),
    tenant: text(event.tenant ?? null),
  };
}

/** @returns a member of what may be an object; null when it is none or has no such member. */
export function memberOf(value: Json | undefined, name: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  return Object.hasOwn(value, name) ? ((value as JsonObject)[name] ?? null) : null;
}
