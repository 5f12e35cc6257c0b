import type { Policy } from './port.ts';

/** An allowed call, as far as windows count by it. */
export interface AllowedCall {
  readonly timeMs: number;
  readonly agent: string;
  readonly tool: string;
  readonly role: string | null;
  readonly tenant: string | null;
}

/** Calls are remembered for at least as long, so that a policy loaded later finds them counted. */
const REMEMBERED_MS = 3_600_000;

/** Counts allowed calls in sliding windows. */
export class RateCounter {
  #policy: Policy | null = null;
  /** Oldest first. */
  #calls: AllowedCall[] = [];
  /** Times by window, oldest first. */
  #windows = new Map<string, number[]>();

  /** Count by another policy from now on, what was allowed before included. */
  use(policy: Policy): void {
    this.#policy = policy;
    this.#windows = new Map();
    for (const call of this.#calls) this.#count(call);
  }

  add(call: AllowedCall): void {
    this.#calls.push(call);
    this.#count(call);
    const from = call.timeMs - Math.max(REMEMBERED_MS, this.#policy?.longestWindowMs ?? 0);
    // In lumps: shifting one by one would cost as much as all the rest.
    const kept = this.#calls.findIndex(({ timeMs }) => timeMs > from);
    if (kept > 1024 || kept * 2 > this.#calls.length) this.#calls = this.#calls.slice(kept);
  }

  /** @returns the rule whose window is full, null when there is room in all. */
  full(call: AllowedCall): string | null {
    for (const { key, rule, max, windowMs } of this.#policy?.windows(call) ?? []) {
      if (this.#inWindow(key, call.timeMs - windowMs) >= max) return rule;
    }
    return null;
  }

  calls(): readonly AllowedCall[] {
    return this.#calls;
  }

  #inWindow(key: string, fromMs: number): number {
    const times = this.#windows.get(key);
    if (times === undefined) return 0;
    let stale = 0;
    while (stale < times.length && times[stale]! <= fromMs) stale++;
    if (stale > 0) times.splice(0, stale);
    return times.length;
  }

  #count(call: AllowedCall): void {
    for (const { key } of this.#policy?.windows(call) ?? []) {
      const times = this.#windows.get(key);
      if (times === undefined) this.#windows.set(key, [call.timeMs]);
      else times.push(call.timeMs);
    }
  }
}
