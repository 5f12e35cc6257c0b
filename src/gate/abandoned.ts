import type { Clock } from '../base/ports.ts';
import type { GateState } from './state.ts';

/** How often open calls are looked at, at most. */
const LEAST_MS = 50;

/** Gives up calls of which no outcome came in time: one crashed between run and record, or its caller forgot it. */
export class Abandoned {
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #giveUp: (decision: string) => Promise<void>;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #stopped = false;

  /** @param giveUp records the outcome; must not reject. */
  constructor(timeoutMs: number, clock: Clock, giveUp: (decision: string) => Promise<void>) {
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
    this.#giveUp = giveUp;
  }

  /** Give up what is due now, and look again in time for what is not. */
  async watch(state: GateState): Promise<void> {
    const before = this.#clock.nowMs() - this.#timeoutMs;
    // In the order of their entries: the first that is not due ends the look.
    for (const [hash, { timeMs }] of state.open) {
      if (timeMs > before) break;
      await this.#giveUp(hash);
    }
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.watch(state), Math.max(LEAST_MS, Math.min(this.#timeoutMs / 4, 60_000)));
    (this.#timer as { unref?: () => void }).unref?.();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }
}
