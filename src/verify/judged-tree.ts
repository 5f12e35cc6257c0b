import type { KeyRing, Standing } from './key-ring.ts';
import { joinSpans, type Leaves, leavesFollow, NO_LEAVES, rangeOf, stretchOf } from './leaves.ts';

/** The Merkle tree of the lines that are judged, and who ruled at the sizes that roots are asked for at. */
export class JudgedTree {
  leaves: Leaves = NO_LEAVES;
  /** At the sizes asked for and reached. */
  readonly roots = new Map<number, Uint8Array>();
  /** Entries that the log of a receipt has at least. */
  provenSize = 0;
  private readonly standings = new Map<number, Standing>();
  private readonly sizes: readonly number[];
  private readonly keys: KeyRing;

  /** @param sizes ascending. */
  constructor(sizes: readonly number[], keys: KeyRing) {
    this.sizes = sizes;
    this.keys = keys;
  }

  /** Lines under `under` come next: what the lines before say of keys is what checkpoints of smaller sizes are judged by. */
  standAt(under: number | null): void {
    for (const size of this.sizes) {
      if (under !== null && size >= under) return;
      if (!this.standings.has(size)) this.standings.set(size, this.keys.standing());
    }
  }

  /** @returns who must have signed a checkpoint of this size, and who is trusted there: as the last line before it leaves them. */
  standing(size: number): Standing {
    return this.standings.get(size) ?? this.keys.standing();
  }

  /** Add the leaves of a run. */
  grow(next: Leaves): void {
    if (!leavesFollow(this.leaves, next)) {
      this.leaves = { ...this.leaves, broken: true };
      return;
    }
    const [before] = this.leaves.stretches;
    let range = before === undefined ? null : rangeOf(before);
    for (const stretch of next.stretches) {
      if (range === null) range = rangeOf(stretch);
      else range.appendRange(rangeOf(stretch));
      if (range.begin === 0 && this.sizes.includes(range.end)) this.roots.set(range.end, range.root());
    }
    const span = joinSpans(this.leaves, next);
    this.leaves = { span, stretches: range === null ? [] : [stretchOf(range)], broken: next.broken };
  }

  /** The log of a receipt has so many entries at least. @param root of its tree, where the paths of its lines lead there; else null. */
  prove(size: number, root: Uint8Array | null): void {
    this.provenSize = size;
    if (root !== null) this.roots.set(size, root);
  }
}
