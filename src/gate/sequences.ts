import type { GateRequest } from './port.ts';

/** What is known of a sequence: steps in order, closed or halted. */
export interface SequenceState {
  /** Requests of it that were allowed. */
  allowed: number;
  /** `of` that the first allowed one declared; 0 when it declared no steps, null when none was allowed yet. */
  of: number | null;
  /** Refusals since it began or was released. */
  denials: number;
  halted: boolean;
  closed: boolean;
}

/** @returns what is known of a sequence that nobody named yet. */
export function newSequence(): SequenceState {
  return { allowed: 0, of: null, denials: 0, halted: false, closed: false };
}

/**
 * @returns what is wrong with the order of a request, null when nothing is: the first allowed request of a sequence declares step 1 or no
 * step at all, and each later one the next step of the same `of`, or none either.
 */
export function breachOfOrder(state: SequenceState, { step, of }: Pick<GateRequest, 'step' | 'of'>): string | null {
  if (state.of === null)
    return step === undefined || step === 1 ? null : `expected step 1 of a new sequence, got step ${step}`;
  const declared = of ?? 0;
  if (state.of !== declared) {
    const kind = (n: number): string => (n === 0 ? 'no declared steps' : `${n} steps`);
    return `expected a sequence of ${kind(state.of)}, got ${kind(declared)}`;
  }
  if (step === undefined) return null;
  if (step === state.allowed + 1) return null;
  return `expected step ${state.allowed + 1} of ${declared}, got step ${step}`;
}
