import type { EventInput } from '../receipt/event.ts';

/** At most one entry in so many milliseconds (format section 9). */
const EVERY_MS = 1_000;

/**
 * Counts requests that get no receipt of their own, so that a stranger cannot fill the log with them, and records how many there were.
 */
export class Anomalies {
  #malformed = 0;
  #untrusted = 0;
  #lastMs = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | null = null;
  readonly #record: (event: EventInput) => Promise<unknown>;
  readonly #nowMs: () => number;

  /** @param record must report a failure itself. */
  constructor(record: (event: EventInput) => Promise<unknown>, nowMs: () => number) {
    this.#record = record;
    this.#nowMs = nowMs;
  }

  malformed(): void {
    this.#malformed++;
    this.#due();
  }

  untrusted(): void {
    this.#untrusted++;
    this.#due();
  }

  /** Record what was counted. */
  async flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#malformed + this.#untrusted === 0) return;
    const gate = { malformed: this.#malformed, untrusted: this.#untrusted };
    this.#malformed = 0;
    this.#untrusted = 0;
    this.#lastMs = this.#nowMs();
    await this.#record({ type: 'anomaly', data: { gate } });
  }

  #due(): void {
    if (this.#timer !== null) return;
    const wait = Math.min(EVERY_MS, this.#lastMs + EVERY_MS - this.#nowMs());
    if (wait <= 0) void this.flush();
    else {
      this.#timer = setTimeout(() => void this.flush(), wait);
      // A process that has nothing else to do may end; close() flushes.
      (this.#timer as { unref?: () => void }).unref?.();
    }
  }
}
