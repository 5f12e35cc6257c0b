import { ReceiptError } from '../base/errors.ts';
import type { PublicKey } from '../crypto/public-key.ts';
import type { Verifier } from '../crypto/verifier.ts';
import { isStatementGood } from '../receipt/request.ts';
import type { AskedRequest } from './request.ts';

/** Agents that a gate listens to, by id: with the key that must sign their requests, or null for one that need not sign. */
export type Agents = Readonly<Record<string, PublicKey | null>>;

/** Who may ask a gate. */
export class Callers {
  readonly #agents: ReadonlyMap<string, PublicKey | null> | null;
  readonly #log: string;
  readonly #verifier: Verifier;

  /**
   * @param agents null listens to anyone, as long as a signature that is there holds.
   * @param keys of the log: an agent that has one of them could sign what the gate says (format section 7 of the design).
   * @throws ReceiptError KEY_UNSUITABLE.
   */
  constructor(agents: Agents | null, log: string, keys: readonly PublicKey[], verifier: Verifier) {
    this.#agents = agents && new Map(Object.entries(agents));
    this.#log = log;
    this.#verifier = verifier;
    const own = new Set(keys.map(({ kid }) => kid));
    for (const [agent, key] of this.#agents ?? []) if (key !== null && own.has(key.kid)) throw sameKey(agent, key.kid);
  }

  /** @returns agents by the kid that must sign for them, as policy_change entries say it. */
  kids(): Record<string, string> {
    const kids: Record<string, string> = {};
    for (const [agent, key] of this.#agents ?? []) if (key !== null) kids[agent] = key.kid;
    return kids;
  }

  /** @returns the key that must sign for an agent; null when none is known. */
  keyOf(agent: string): PublicKey | null {
    return this.#agents?.get(agent) ?? null;
  }

  /**
   * @param own kids of the log's keys. @returns why a request is not trusted; null when it is. At once where no signature is to be
   * verified, so that requests without one keep the order in which they were made.
   */
  distrust({ request, statement }: AskedRequest, own: ReadonlySet<string>): string | null | Promise<string | null> {
    if (request.log !== this.#log) return 'it names another log';
    const known = this.#agents === null ? null : this.#agents.get(request.agent);
    if (known === undefined) return 'its agent is not one that this gate listens to';
    if (statement === null) return known === null ? null : 'its agent must sign, and it is not signed';
    if (known !== null && known.kid !== statement.key.kid) return 'it is signed by another key than its agent has';
    if (own.has(statement.key.kid)) return 'it is signed by a key of the log itself';
    return isStatementGood(statement, this.#verifier).then((good) => (good ? null : 'its signature does not verify'));
  }
}

function sameKey(agent: string, kid: string): ReceiptError {
  return new ReceiptError(
    'KEY_UNSUITABLE',
    `gate: agent ${agent}: expected another key than the log signs with, got the same`,
    {
      at: kid,
      next: ['perdure key new NAME', 'give the agent a key of its own'],
    },
  );
}
