import { MAX_CLOSED_SEQUENCES } from '../base/limits.ts';
import { mergeTally, type Summary, type Tally } from './summary.ts';

/** Sequences that were closed, and the lines that name one of them after that. */
export class ClosedSequences {
  /** More were closed than are remembered. */
  isFull = false;
  private readonly names = new Set<string>();

  /**
   * Take those of the next run, in the order of their closes: which of them are remembered when the memory is full must not depend on
   * where runs are cut. @returns lines that name one that was closed before.
   */
  take(sequences: Summary['sequences']): Tally | null {
    let named: Tally | null = null;
    const closing: { name: string; closedAt: number; after: Tally | null }[] = [];
    for (const [name, tally] of sequences) {
      if (this.names.has(name)) named = mergeTally(named, tally.named);
      else if (tally.closedAt !== null) closing.push({ name, closedAt: tally.closedAt, after: tally.after });
    }
    closing.sort((a, b) => a.closedAt - b.closedAt);
    for (const { name, after } of closing) {
      if (this.names.size >= MAX_CLOSED_SEQUENCES) this.isFull = true;
      else {
        this.names.add(name);
        named = mergeTally(named, after);
      }
    }
    return named;
  }
}
