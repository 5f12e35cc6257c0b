import type { Level } from './key-ring.ts';
import type { Finding } from './summary.ts';

/** What a checkpoint that verifies covers: the entries before `size`. */
export interface Cover {
  readonly size: number;
  /** Who vouches for it. */
  readonly level: Level;
  /** Of the keys that signed it (Standing). */
  readonly generation: number;
}

/** Ordinary lines of a batch log that wait for a checkpoint, those alike together. */
export interface Uncovered {
  /** The smallest size asked for whose tree they are in; null when there is none. */
  readonly under: number | null;
  readonly generation: number;
  first: Finding;
  count: number;
  /** Of them, those of which nothing else speaks. */
  otherwiseGood: number;
}

/** What becomes of lines: covered by somebody who vouches so well, or by nobody. */
export interface Covered extends Uncovered {
  readonly by: 'pq' | 'classical' | 'unknown signer' | 'nothing';
}

/** Lines of a batch log until it is known which checkpoints cover them. Its size does not depend on the log's. */
export class Coverage {
  private readonly groups = new Map<string, Uncovered>();

  /** @param first the finding that no checkpoint covers them. @returns the group they are in. */
  wait(first: Finding, count: number, under: number | null, generation: number): Uncovered {
    const name = `${under} ${generation}`;
    const before = this.groups.get(name);
    const group = before ?? { under, generation, first, count: 0, otherwiseGood: 0 };
    if (before === undefined) this.groups.set(name, group);
    if (first.line < group.first.line) group.first = first;
    group.count += count;
    return group;
  }

  /**
   * Say which checkpoints verify and have the roots of this log; once, when all lines are read. Lines before a rotation from keys that
   * nobody trusts are not vouched for by those that it brings (format section 5).
   */
  settle(covers: readonly Cover[]): Covered[] {
    return [...this.groups.values()].map((group) => {
      const those = covers.filter(({ size }) => group.under !== null && size >= group.under);
      const levels = those.map(({ generation, level }) => (generation === group.generation ? level : null));
      const best = levels.find((one) => one === 'pq') ?? levels.find((one) => one === 'classical') ?? 'unknown signer';
      return { ...group, by: those.length === 0 ? 'nothing' : best };
    });
  }
}

/** What a covering checkpoint lacks. */
export const NOT_ENOUGH = {
  'unknown signer': {
    code: 'UNKNOWN_SIGNER',
    expected: 'a checkpoint signed by a key that is trusted from outside',
    found: 'none',
  },
  classical: {
    code: 'CLASSICAL_ONLY',
    expected: 'a checkpoint with an ML-DSA-65 signature by a trusted key',
    found: 'only Ed25519 vouches',
  },
} as const;
