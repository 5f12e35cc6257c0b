import type { PublicKey } from '../crypto/public-key.ts';
import type { PayloadInput } from '../receipt/event.ts';
import type { Json, JsonObject } from '../receipt/json.ts';
import type { Receipt } from '../receipt/receipt.ts';

/** What a caller asks of a gate (format section 9). Closed: a member that is not listed makes it malformed. */
export interface GateRequest {
  /** Origin of the log that is to record it. */
  readonly log: string;
  /** Lower-case UUID, the caller's own and fresh for each request; a retry of one bears the same. */
  readonly nonce: string;
  /** When the caller asked, as Date.toISOString prints it. */
  readonly requested_at: string;
  readonly agent: string;
  readonly action: {
    readonly tool: string;
    readonly target?: string;
    readonly resource?: string;
    /** JSON, or instead of it the caller's own commitment to it (in signed requests). */
    readonly params?: Json;
    readonly params_commit?: string;
  };
  readonly delegate?: string;
  readonly tenant?: string;
  readonly role?: string;
  readonly session?: string;
  readonly sequence?: string;
  /** Step `step` of `of`, from 1; both or neither, and only with a sequence. */
  readonly step?: number;
  readonly of?: number;
  readonly invocation?: string;
  readonly trace_id?: string;
  readonly parent?: string;
  /** Labels of the data the call touches, ascending, each once. */
  readonly labels?: readonly string[];
}

/** A request that its agent signed (signRequest). */
export interface SignedRequest {
  /** The agent's public JWK. */
  readonly key: JsonObject;
  /** Over the RFC 8785 bytes of `signed` under perdure/request/v1; base64url. */
  readonly sig: string;
  /** Without params: their commitment stands in it. */
  readonly signed: GateRequest;
  /** What the commitment commits to, for the policy and the payload store; neither is signed again. */
  readonly params?: Json;
  /** 32 bytes, base64url. */
  readonly salt?: string;
}

/** A statement that an agent or an approver signed (signStatement). */
export type StatementInput = Omit<SignedRequest, 'signed' | 'params' | 'salt'> & { readonly signed: JsonObject };

export type Decision = 'ALLOW' | 'DENY' | 'HALT';

/** Why, in the order in which the checks run: the first that fails decides. */
export const DECISION_CODES = [
  'MALFORMED_REQUEST',
  'UNTRUSTED',
  'POLICY_VIOLATION',
  'SEALED_SEQUENCE',
  'REPLAY_NONCE',
  'SEQUENCE_VIOLATION',
  'STALE_TIMESTAMP',
  'RATE_LIMITED',
  'ALLOW',
] as const;
export type DecisionCode = (typeof DECISION_CODES)[number];

/** What a gate decided. */
export interface Decided {
  readonly decision: Decision;
  readonly code: DecisionCode;
  /** Durable, and in a log of batches signed; null for a malformed or untrusted request, which is counted instead. */
  readonly receipt: Receipt | null;
  /** Whether it was decided before: a retry gets the first receipt back. Never execute on it. */
  readonly repeated: boolean;
  /** The rule that decided, or `default`; null where no policy was asked. */
  readonly rule: string | null;
  /** One sentence for people: what was wrong. Never a payload. */
  readonly reason: string;
}

/** How a call ended. */
export interface CallOutcome {
  readonly status: 'verified' | 'rejected' | 'executed' | 'failed';
  readonly reason?: string;
  readonly result?: PayloadInput;
  readonly error?: PayloadInput;
  readonly rows?: number;
  readonly classification?: string;
  readonly duration_ms?: number;
}

/** Decides and records before a tool runs, and records what came of it. */
export interface Gate {
  /** Origin of its log: what requests name. */
  readonly log: string;
  /**
   * Decide a request. @param request an object, or the raw JSON of one (then read strictly).
   * @throws ReceiptError GATE_DISARMED and what the log throws: then nothing may run.
   */
  decide(request: GateRequest | SignedRequest | Uint8Array | string): Promise<Decided>;
  /**
   * Record how an allowed call ended. @param decision the receipt that decide returned.
   * @throws ReceiptError OUTCOME_LATE when the decision has an outcome already, or was given up as abandoned; UNKNOWN_DECISION.
   */
  complete(decision: Receipt, outcome: CallOutcome): Promise<Receipt>;
  /**
   * Decide, run, record. The function runs only on a fresh ALLOW that is on disk, at most once for a nonce.
   * @returns what `run` returned; for a retry the result on record, where it was kept.
   * @throws what `run` threw, unchanged; ReceiptError GATE_REFUSED when it was not allowed, OUTCOME_RECORDED for a retry whose first
   *   call failed or whose result was not kept, OUTCOME_UNKNOWN for one whose first call has no outcome on record.
   */
  run<T>(request: GateRequest | SignedRequest | Uint8Array | string, run: () => T | Promise<T>): Promise<T>;
}

/** What a policy is asked: a request, or what a decision entry says of one. */
export interface PolicyQuestion {
  readonly agent: string;
  readonly tool: string;
  readonly role: string | null;
  readonly tenant: string | null;
  readonly session: string | null;
  readonly sequence: string | null;
  readonly target: string | null;
  readonly resource: string | null;
  /** undefined where they are not known (committed by the caller): a rule on arguments then fails closed. */
  readonly params: Json | undefined;
  readonly labels: readonly string[];
  /** Time of the decision entry. */
  readonly nowMs: number;
  /** @returns whether this approver signed an approval for this very request (its nonce) that is still good. */
  readonly isApprovedBy: (approver: string) => boolean;
}

export type PolicyEffect = 'allow' | 'deny' | 'audit' | 'quarantine' | 'halt';

/** What a policy answers. */
export interface PolicyAnswer {
  readonly effect: PolicyEffect;
  /** Id of the rule that decided, or `default`. */
  readonly rule: string;
  /** One sentence for people, without any value of the request. */
  readonly reason: string;
}

/** A sliding window over allowed calls: at most `max` in `windowMs`, counted by `key`. */
export interface RateWindow {
  /** Rule and what it counts by, so that two windows never share one. */
  readonly key: string;
  readonly rule: string;
  readonly max: number;
  readonly windowMs: number;
}

/** A policy: pure, synchronous, the same answer to the same question. Our YAML and Cedar alike. */
export interface Policy {
  /** SHA-256 of the canonical policy, 64 hex. */
  readonly hash: string;
  decide(question: PolicyQuestion): PolicyAnswer;
  /** @returns the windows that an allowed call of this kind counts in. */
  windows(question: Pick<PolicyQuestion, 'agent' | 'tool' | 'role' | 'tenant'>): readonly RateWindow[];
  /** Halt a sequence after so many refusals in it; null for never. */
  readonly haltAfter: number | null;
  /** The longest window, in milliseconds: how far back allowed calls must be counted after a restart. 0 without windows. */
  readonly longestWindowMs: number;
  /** Public keys of those who may approve, by name, as JWKs of the policy say. */
  readonly approvers: ReadonlyMap<string, PublicKey>;
  /** @returns a call that this policy refuses: what a gate proves itself with before it arms. null when it refuses nothing. */
  forbidden(): (Pick<PolicyQuestion, 'agent' | 'tool'> & Partial<PolicyQuestion>) | null;
}
