import { GATE_WINDOW_MS } from '../base/limits.ts';

/** The decision that spent a nonce. */
export interface SpentNonce {
  readonly requestedAtMs: number;
  /** Of the decision entry. */
  readonly seq: number;
  /** Of the entry that says what came of it; null as long as there is none. */
  outcomeSeq: number | null;
}

const MINUTE_MS = 60_000;

/**
 * The nonces that decisions have spent, for as long as a replay could pass as fresh: one may be forgotten only when its request would
 * be stale (format section 9), which also bounds how many there are. They are forgotten by the minute, since no faster way is needed.
 */
export class NonceLedger {
  readonly #spent = new Map<string, SpentNonce>();
  readonly #byMinute = new Map<number, string[]>();
  /** H never goes back. */
  #horizonMs = Number.NEGATIVE_INFINITY;
  #forgottenThrough = Number.NEGATIVE_INFINITY;

  /** @returns H = (highest time in the log, or now) − W, or where it stood before. */
  horizon(highestMs: number, nowMs: number): number {
    return Math.max(this.#horizonMs, Math.max(highestMs, nowMs) - GATE_WINDOW_MS);
  }

  /** Move H on and forget what lies before it. */
  advance(highestMs: number): void {
    this.#horizonMs = Math.max(this.#horizonMs, highestMs - GATE_WINDOW_MS);
    const minute = Math.floor(this.#horizonMs / MINUTE_MS);
    if (minute <= this.#forgottenThrough) return;
    this.#forgottenThrough = minute;
    for (const [key, nonces] of this.#byMinute) {
      // Only minutes that lie before H as a whole.
      if (key >= minute) continue;
      for (const nonce of nonces) this.#spent.delete(nonce);
      this.#byMinute.delete(key);
    }
  }

  get(nonce: string): SpentNonce | null {
    return this.#spent.get(nonce) ?? null;
  }

  /** Remember who spent a nonce first; a later decision about a replay of it changes nothing. */
  spend(nonce: string, spent: SpentNonce): void {
    if (spent.requestedAtMs < this.#horizonMs || this.#spent.has(nonce)) return;
    this.#spent.set(nonce, spent);
    const minute = Math.floor(spent.requestedAtMs / MINUTE_MS);
    const nonces = this.#byMinute.get(minute);
    if (nonces === undefined) this.#byMinute.set(minute, [nonce]);
    else nonces.push(nonce);
  }

  *entries(): Iterable<[nonce: string, spent: SpentNonce]> {
    yield* this.#spent;
  }
}
