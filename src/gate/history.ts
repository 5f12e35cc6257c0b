import { ReceiptError } from '../base/errors.ts';
import type { Log } from '../log/log.ts';
import type { Receipt } from '../receipt/receipt.ts';
import type { Redactor } from '../receipt/redaction.ts';
import { recordedResult } from './outcome.ts';
import type { Decided } from './port.ts';
import { RecentRequests } from './recent.ts';
import type { AskedRequest } from './request.ts';
import { sameRequest } from './retry.ts';
import { type GateState, memberOf } from './state.ts';

/** What was decided before, and what came of it: at hand for the newest requests, from the log for the others. */
export class GateHistory {
  readonly #log: Log;
  readonly #redactor: Redactor | null;
  readonly #recent = new RecentRequests();

  /** @param redactor what the recorder does to an event before anything is hashed. */
  constructor(log: Log, redactor: Redactor | null) {
    this.#log = log;
    this.#redactor = redactor;
  }

  /** Remember a request that is being decided, so that a retry of it waits for the same answer. */
  add({ request, digest }: AskedRequest, decided: Promise<Decided>): void {
    this.#recent.add(request.nonce, digest, decided);
  }

  /**
   * @returns null when nobody spent its nonce. Else the answer that this very request got before; or null when it is another request,
   * which then is decided like any, and refused.
   */
  answerTo(asked: AskedRequest, state: GateState): Promise<Decided | null> | null {
    const recent = this.#recent.get(asked.request.nonce);
    if (recent !== null) return recent.digest === asked.digest ? recent.decided : Promise.resolve(null);
    const spent = state.nonces.get(asked.request.nonce);
    return spent === null ? null : this.#recorded(spent.seq, asked);
  }

  async #recorded(seq: number, asked: AskedRequest): Promise<Decided | null> {
    const stored = await this.#log.get(seq);
    if (stored === null) return null;
    const { receipt } = stored;
    const { event } = receipt.entry;
    if (!(await sameRequest(this.#log, event, asked, this.#redactor))) return null;
    const { decision, code, rule } = event.policy as unknown as Pick<Decided, 'decision' | 'code' | 'rule'>;
    return { decision, code, receipt, repeated: true, rule, reason: `decided before, at seq ${receipt.entry.seq}` };
  }

  /** @returns what the first call of a request returned. @throws ReceiptError OUTCOME_UNKNOWN, OUTCOME_RECORDED. */
  async resultOf({ entry }: Receipt, state: GateState): Promise<unknown> {
    const spent = state.nonces.get(String(entry.event.nonce));
    const stored = spent?.outcomeSeq == null ? null : await this.#log.get(spent.outcomeSeq);
    if (stored !== null) return recordedResult(this.#log, stored.receipt);
    throw new ReceiptError(
      'OUTCOME_UNKNOWN',
      `gate.run: this request was allowed before (seq ${entry.seq}), and no outcome is recorded yet; it was not run again`,
      { at: `seq ${entry.seq}`, next: ['look whether the tool has done its work, then ask with a fresh nonce'] },
    );
  }

  /** @returns why an outcome cannot be recorded for a decision that has no open call. */
  async noOpenCall(hash: string, seq: number): Promise<ReceiptError> {
    const stored = await this.#log.get(seq);
    const at = { at: `seq ${seq}` };
    const allowed =
      stored?.receipt.hash === hash && memberOf(stored.receipt.entry.event.policy, 'decision') === 'ALLOW';
    return allowed
      ? new ReceiptError(
          'OUTCOME_LATE',
          `gate.complete: decision ${seq}: expected no outcome yet, got a second one`,
          at,
        )
      : new ReceiptError('UNKNOWN_DECISION', `gate.complete: seq ${seq}: expected an allowed decision of this log`, at);
  }
}
