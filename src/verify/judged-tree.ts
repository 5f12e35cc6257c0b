import type { KeyRing, Standing } from './key-ring.ts';
import { joinLeaves, type Leaves, NO_LEAVES, rangeOf } from './leaves.ts';

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
    for (const stretch of next.stretches) {
      this.leaves = joinLeaves(this.leaves, { stretches: [stretch], broken: false }, []);
      // None where the tree was broken before its first leaf.
      const tree = this.leaves.stretches[0];
      if (tree?.begin === 0 && this.sizes.includes(tree.end)) this.roots.set(tree.end, rangeOf(tree).root());
    }
    if (next.broken) this.leaves = { ...this.leaves, broken: true };
  }

  /** The log of a receipt has so many entries at least. @param root of its tree, where the paths of its lines lead there; else null. */
  prove(size: number, root: Uint8Array | null): void {
    this.provenSize = size;
    if (root !== null) this.roots.set(size, root);
  }
}
