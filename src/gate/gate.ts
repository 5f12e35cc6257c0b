import { ReceiptError } from '../base/errors.ts';
import { type Clock, systemClock } from '../base/ports.ts';
import { sha256Hex } from '../crypto/hash.ts';
import type { PublicKey } from '../crypto/public-key.ts';
import type { Verifier } from '../crypto/verifier.ts';
import type { Linked, LinkedAt } from '../log/log.ts';
import { canonicalText } from '../receipt/canonical.ts';
import { payloadBytes } from '../receipt/commitment.ts';
import type { EventInput } from '../receipt/event.ts';
import type { Receipt } from '../receipt/receipt.ts';
import { createRedactor, type Redactor } from '../receipt/redaction.ts';
import { createRecorder, type Recorded, type Recorder, type RecordOptions } from '../recorder.ts';
import { Abandoned } from './abandoned.ts';
import { Anomalies } from './anomalies.ts';
import { Callers } from './callers.ts';
import { decide, type Ruling } from './decide.ts';
import { askedEvent, decidedMembers } from './decision-event.ts';
import { GateHistory } from './history.ts';
import type { GateOptions, GateReport } from './options.ts';
import { outcomeEvent, returned, threw } from './outcome.ts';
import type { CallOutcome, Decided, Gate, GateRequest, Policy, SignedRequest, StatementInput } from './port.ts';
import { proveRefusal } from './prove-refusal.ts';
import { rebuild } from './rebuild.ts';
import { type AskedRequest, isTooFarAhead, readRequest } from './request.ts';
import { SnapshotKeeper } from './snapshot-keeper.ts';
import type { GateState, StateEntry } from './state.ts';
import { type Judging, judgeApproval, judgeOpinion } from './statements.ts';

/** How long a call may take before it is given up as abandoned, unless told otherwise. */
const OUTCOME_TIMEOUT_MS = 300_000;

/**
 * Open a gate on a log. Before it is armed, all that it decides by is verified and folded from the log, and it proves that its policy
 * refuses what it forbids. From then on it is the only one to write decisions there; others may append what they record.
 * @throws ReceiptError LOG_READ_ONLY, LOG_DAMAGED, GATE_UNARMED, KEY_UNSUITABLE, and what reading and appending throw: it is not armed.
 */
export async function openGate(options: GateOptions): Promise<LogGate> {
  const { log, keys, agents = null, clock = systemClock } = options;
  const verifier = options.verifier ?? (await (await import('../crypto/engines.ts')).chooseVerifier());
  const callers = new Callers(agents, log.origin, keys, verifier);
  const gate = new LogGate({ ...options, clock, verifier, callers });
  try {
    await gate.arm();
  } catch (error) {
    await gate.close().catch(() => undefined);
    throw error;
  }
  return gate;
}

interface GateParts extends GateOptions {
  readonly clock: Clock;
  readonly verifier: Verifier;
  readonly callers: Callers;
}

/** Thrown at the link, where nothing is recorded any more: the request became malformed while it waited. */
class TooFarAhead extends Error {}

/**
 * A gate over a log, in this process. Order, which is the safety argument: request read → trusted → payload durable → decided when its
 * entry is linked, by all entries before it → durable (in a log of batches signed) → the answer → the call → its outcome durable → the
 * caller. Whatever fails before the answer, nothing runs; when an entry that was decided by may be lost, the gate disarms for good.
 */
export class LogGate implements Gate {
  readonly log: string;
  readonly #parts: GateParts;
  readonly #recorder: Recorder;
  readonly #redactor: Redactor | null;
  readonly #anomalies: Anomalies;
  readonly #abandoned: Abandoned;
  #policy: Policy;
  /** null until armed. */
  #state: GateState | null = null;
  /** Linked while the log was read. */
  #early: Linked[] | null = [];
  #failure: ReceiptError | null = null;
  #closed = false;
  readonly #history: GateHistory;
  /** Decisions whose outcome is on its way to the log. */
  readonly #completing = new Set<string>();
  /** null until armed. */
  #snapshots: SnapshotKeeper | null = null;
  readonly #stopObserving: () => void;
  /** Entries that a snapshot spared reading when the gate was armed. */
  sparedEntries = 0;

  constructor(parts: GateParts) {
    const { log, policy, payloads, redaction = {}, clock } = parts;
    this.#parts = parts;
    this.#policy = policy;
    this.log = log.origin;
    this.#recorder = createRecorder({ log, redaction, ...(payloads === undefined ? {} : { payloads }) });
    this.#redactor = redaction === false ? null : createRedactor(redaction);
    this.#history = new GateHistory(log, this.#redactor);
    this.#anomalies = new Anomalies(
      (event) => this.#record(event).catch(() => undefined),
      () => clock.nowMs(),
    );
    this.#abandoned = new Abandoned(parts.outcomeTimeoutMs ?? OUTCOME_TIMEOUT_MS, clock, (hash) => this.#abandon(hash));
    this.#stopObserving = log.observe({
      linked: (entry) => this.#linked(entry),
      lost: (cause) => this.#disarm(cause),
    });
  }

  /** Verify, fold, prove, and record under what policy it decides from now on. Called once, by openGate. */
  async arm(): Promise<void> {
    const { log, keys, verifier, clock, snapshot = null } = this.#parts;
    proveRefusal(this.#policy, log.origin, clock.nowMs());
    const { state, sparedEntries } = await rebuild({ log, keys, policy: this.#policy, verifier, snapshot });
    for (const entry of this.#early ?? []) if (entry.seq >= state.head.size) state.take(entryOf(entry));
    this.#early = null;
    this.#state = state;
    this.sparedEntries = sparedEntries;
    this.#snapshots = new SnapshotKeeper(log, snapshot, sparedEntries, (cause) =>
      this.#report({ kind: 'snapshot_failed', cause }),
    );
    await this.#recordPolicy(this.#policy);
    await this.#abandoned.watch(state);
    this.#snapshots.look(state);
  }

  async decide(input: GateRequest | SignedRequest | Uint8Array | string): Promise<Decided> {
    this.#armed();
    const read = readRequest(input, this.#parts.clock.nowMs(), sha256Hex);
    if ('malformed' in read) return this.#uncounted('MALFORMED_REQUEST', read.malformed);
    const { asked } = read;
    const own = new Set(this.#parts.keys.map(({ kid }) => kid));
    const doubt = this.#parts.callers.distrust(asked, own);
    // No await where none is needed: requests are linked in the order in which they were made.
    const distrust = doubt instanceof Promise ? await doubt : doubt;
    if (distrust !== null) return this.#uncounted('UNTRUSTED', distrust);
    const earlier = this.#history.answerTo(asked, this.#armed());
    const first = earlier === null ? null : await earlier;
    if (first !== null) return { ...first, repeated: true };
    const decided = this.#decide(asked);
    if (earlier === null) this.#history.add(asked, decided);
    return decided;
  }

  async complete({ hash, entry }: Receipt, outcome: CallOutcome): Promise<Receipt> {
    const state = this.#armed();
    const call = state.open.get(hash);
    if (call === undefined || this.#completing.has(hash)) throw await this.#history.noOpenCall(hash, entry.seq);
    this.#completing.add(hash);
    try {
      const { receipt } = await this.#record(outcomeEvent(hash, call, outcome));
      return receipt;
    } finally {
      this.#completing.delete(hash);
    }
  }

  async run<T>(input: GateRequest | SignedRequest | Uint8Array | string, run: () => T | Promise<T>): Promise<T> {
    const decided = await this.decide(input);
    const { decision, receipt, repeated } = decided;
    if (decision !== 'ALLOW' || receipt === null) throw refusal(decided);
    // What the first call returned is what this one returns; its type is the caller's word, as it is for the function.
    if (repeated) return (await this.#history.resultOf(receipt, this.#armed())) as T;
    const began = performance.now();
    const took = (): number => Math.round((performance.now() - began) * 1000) / 1000;
    let value: T;
    try {
      value = await run();
    } catch (error) {
      // The caller gets what its function threw; that this could not be recorded has disarmed the gate and was reported.
      await this.complete(receipt, { ...threw(error), duration_ms: took() }).catch(() => undefined);
      throw error;
    }
    await this.complete(receipt, { ...returned(value), duration_ms: took() });
    return value;
  }

  /**
   * Record what an agent says of an outcome. @param statement as signStatement makes it: an agreement or a dispute.
   * @throws ReceiptError STATEMENT_REFUSED: nothing was recorded.
   */
  async attest(statement: StatementInput): Promise<Receipt> {
    const event = await judgeOpinion(statement, this.#judging());
    return (await this.#record(event)).receipt;
  }

  /**
   * Record an approval: of a request to come, by its nonce, or of a sequence that was halted.
   * @param statement as signStatement makes it. @throws ReceiptError STATEMENT_REFUSED: nothing was recorded.
   */
  async approve(statement: StatementInput): Promise<Receipt> {
    const event = await judgeApproval(statement, this.#judging());
    return (await this.#record(event)).receipt;
  }

  /**
   * Decide by another policy from its policy_change entry on: what is linked before it is decided by the old one, what is linked after it
   * by the new one. @throws ReceiptError GATE_UNARMED when it refuses nothing: the old one stays.
   */
  async reload(policy: Policy): Promise<void> {
    this.#armed();
    proveRefusal(policy, this.log, this.#parts.clock.nowMs());
    await this.#recordPolicy(policy);
  }

  /** Record what is counted, write down what is known, and let go of the log, which stays open. A second call does nothing. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#abandoned.stop();
    try {
      if (this.#failure === null && this.#state !== null) await this.#anomalies.flush();
      if (this.#failure === null && this.#state !== null) await this.#snapshots?.close(this.#state);
    } finally {
      this.#stopObserving();
    }
  }

  #armed(): GateState {
    if (this.#failure !== null) throw this.#failure;
    if (this.#closed || this.#state === null) {
      throw new ReceiptError('GATE_DISARMED', 'gate: it is closed; nothing may run', { next: ['open it again'] });
    }
    return this.#state;
  }

  #disarm(cause: Error): void {
    if (this.#failure !== null) return;
    this.#failure = new ReceiptError(
      'GATE_DISARMED',
      `gate: disarmed, since an entry it decided by may not be in the log: ${cause.message}`,
      { cause, next: ['open the gate again; it reads what the log holds'] },
    );
    this.#abandoned.stop();
    this.#report({ kind: 'disarmed', cause });
  }

  #linked(entry: Linked): void {
    if (this.#early !== null) this.#early.push(entry);
    else this.#state?.take(entryOf(entry));
  }

  #record(event: EventInput, options: RecordOptions = {}): Promise<Recorded> {
    const waitFor = this.#parts.log.mode === 'batch' ? 'signed' : 'durable';
    return this.#recorder.record(event, { ...options, waitFor });
  }

  #uncounted(code: 'MALFORMED_REQUEST' | 'UNTRUSTED', reason: string): Decided {
    if (code === 'UNTRUSTED') this.#anomalies.untrusted();
    else this.#anomalies.malformed();
    return { decision: 'DENY', code, receipt: null, repeated: false, rule: null, reason };
  }

  async #decide(asked: AskedRequest): Promise<Decided> {
    const state = this.#armed();
    const { request, opened, requestedAtMs } = asked;
    if (opened !== null) await this.#keepOpened(asked);
    const params = opened?.params ?? request.action.params;
    let ruling: Ruling | null = null;
    const atLink = ({ timeMs }: LinkedAt) => {
      if (isTooFarAhead(requestedAtMs, timeMs)) throw new TooFarAhead();
      ruling = decide(state, { request, requestedAtMs, params }, this.#policy, timeMs);
      return decidedMembers(ruling, request.role, this.#policy);
    };
    try {
      const { receipt } = await this.#record(askedEvent(asked), { atLink });
      const { decision, code, rule, reason } = ruling!;
      this.#snapshots?.look(state);
      return { decision, code, receipt, repeated: false, rule, reason };
    } catch (error) {
      if (error instanceof TooFarAhead)
        return this.#uncounted('MALFORMED_REQUEST', 'request: requested_at: too far ahead');
      throw error;
    }
  }

  /** Keep params that the caller committed to, before the entry that names them; not what holds a secret. */
  async #keepOpened({ request, opened }: AskedRequest): Promise<void> {
    const { payloads = 'keep', log } = this.#parts;
    const commitment = request.action.params_commit;
    if (opened === null || commitment === undefined || payloads !== 'keep') return;
    if (this.#redactor !== null && this.#redactor.redact(opened.params).count > 0) return;
    await log.putPayload(commitment, opened.salt, payloadBytes(opened.params).bytes);
  }

  async #abandon(hash: string): Promise<void> {
    const call = this.#state?.open.get(hash);
    if (call === undefined || this.#completing.has(hash) || this.#failure !== null) return;
    this.#completing.add(hash);
    try {
      await this.#record(outcomeEvent(hash, call, { status: 'failed', reason: 'abandoned' }));
      this.#report({ kind: 'abandoned', decision: hash, seq: call.seq, tool: call.tool });
    } catch (cause) {
      this.#disarm(cause as Error);
    } finally {
      this.#completing.delete(hash);
    }
  }

  /** Say in the log under what policy and for which agents it decides from here on, unless the last such entry says so. */
  async #recordPolicy(policy: Policy): Promise<void> {
    const approvers = Object.fromEntries([...policy.approvers].map(([name, { kid }]) => [name, kid]));
    const data = { agents: this.#parts.callers.kids(), approvers };
    const last = this.#armed().change;
    const use = (): Record<string, never> => {
      this.#policy = policy;
      this.#state?.use(policy);
      return {};
    };
    const same = last?.policyHash === policy.hash && canonicalText(last.data) === canonicalText(data);
    if (same) use();
    else await this.#record({ type: 'policy_change', policy: { policy_hash: policy.hash }, data }, { atLink: use });
  }

  #judging(): Judging {
    const { callers, verifier, clock } = this.#parts;
    const keyOf = (agent: string): PublicKey | null => callers.keyOf(agent);
    const state = this.#armed();
    return { log: this.log, state, policy: this.#policy, verifier, keyOf, nowMs: clock.nowMs() };
  }

  #report(report: GateReport): void {
    this.#parts.onReport?.(report);
  }
}

function entryOf({ seq, hash, timeMs, event }: Linked): StateEntry {
  return { seq, hash, timeMs, event: event.event };
}

function refusal({ decision, code, receipt, reason, rule }: Decided): ReceiptError {
  const where = receipt === null ? 'not recorded by itself' : `seq ${receipt.entry.seq}`;
  return new ReceiptError('GATE_REFUSED', `gate.run: ${decision} ${code}: ${reason} (${where}); nothing was run`, {
    ...(receipt === null ? {} : { at: `seq ${receipt.entry.seq}` }),
    expected: 'ALLOW',
    found: code,
    next: rule === null ? [] : [`perdure policy explain FILE (rule ${rule})`],
  });
}
