import type { Decided } from './port.ts';

/** Requests whose answers are kept at hand for retries; older ones are looked up in the log. */
const MOST = 4_096;

interface Recent {
  readonly digest: string;
  readonly decided: Promise<Decided>;
}

/** What was asked lately, answered or still being decided: a retry that comes meanwhile waits for the first answer. */
export class RecentRequests {
  readonly #byNonce = new Map<string, Recent>();

  get(nonce: string): Recent | null {
    return this.#byNonce.get(nonce) ?? null;
  }

  /** Keep the first request of a nonce. One that failed is forgotten: it was not recorded. */
  add(nonce: string, digest: string, decided: Promise<Decided>): void {
    if (this.#byNonce.has(nonce)) return;
    this.#byNonce.set(nonce, { digest, decided });
    decided.then(
      ({ receipt }) => {
        if (receipt === null) this.#byNonce.delete(nonce);
      },
      () => this.#byNonce.delete(nonce),
    );
    if (this.#byNonce.size <= MOST) return;
    const [oldest] = this.#byNonce.keys();
    this.#byNonce.delete(oldest!);
  }
}
