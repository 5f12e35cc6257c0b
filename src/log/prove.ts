import { toHex } from '../base/bytes.ts';
import { consistencyPath, inclusionPath, verifyConsistency, verifyInclusion } from '../checkpoint/proof.ts';
import type { TileStore } from './tile-store.ts';

/** That one entry is in a tree: what verifyInclusion takes. Hashes are 32 bytes each, fresh. */
export interface InclusionProof {
  /** The entry's seq. */
  readonly index: number;
  readonly size: number;
  /** The entry's `hash`. */
  readonly leafHash: Uint8Array;
  /** From the leaf up. */
  readonly path: readonly Uint8Array[];
  readonly root: Uint8Array;
}

/** That a tree begins with an earlier one: what verifyConsistency takes. Hashes are 32 bytes each, fresh. */
export interface ConsistencyProof {
  readonly size1: number;
  readonly size2: number;
  readonly root1: Uint8Array;
  readonly root2: Uint8Array;
  readonly path: readonly Uint8Array[];
}

/**
 * Prove that the entry with this seq is in the tree of the log's first `size` entries, from the tiles: nothing near the entry is read.
 * @param root 32 bytes, as a checkpoint of that size states it: tiles that lead elsewhere are made anew. Without it the proof fits the root
 *   that the tiles say, which nobody has vouched for.
 * @throws RangeError where it is not 0 <= seq < size; ReceiptError LOG_DAMAGED where the log has another root, ENTRY_NOT_FOUND, IO.
 */
export async function proveInclusion(
  tiles: TileStore,
  seq: number,
  size: number,
  root?: Uint8Array,
): Promise<InclusionProof> {
  return tiles.checked(
    size,
    async () => {
      const path = await inclusionPath(seq, size, (level, index) => tiles.node(level, index, size));
      const leafHash = await tiles.node(0, seq, size);
      const wanted = root ?? (await tiles.range(size)).root();
      return { index: seq, size, leafHash, path, root: wanted.slice() };
    },
    (proof) => verifyInclusion(seq, size, proof.leafHash, proof.path, proof.root),
    rootNamed(root),
  );
}

/**
 * Prove that the log's first size2 entries begin with its first size1, from the tiles.
 * @param root1 and root2, 32 bytes, as checkpoints of these sizes state them; as in proveInclusion.
 * @throws RangeError where it is not 1 <= size1 <= size2; ReceiptError as proveInclusion.
 */
export async function proveConsistency(
  tiles: TileStore,
  size1: number,
  size2: number,
  root1?: Uint8Array,
  root2?: Uint8Array,
): Promise<ConsistencyProof> {
  return tiles.checked(
    size2,
    async () => {
      const path = await consistencyPath(size1, size2, (level, index) => tiles.node(level, index, size2));
      const [from, to] = [root1 ?? (await tiles.range(size1)).root(), root2 ?? (await tiles.range(size2)).root()];
      return { size1, size2, root1: from.slice(), root2: to.slice(), path };
    },
    (proof) => verifyConsistency(size1, size2, proof.root1, proof.root2, proof.path),
    `${rootNamed(root1)} at size ${size1}, ${rootNamed(root2)}`,
  );
}

function rootNamed(root: Uint8Array | undefined): string {
  return root === undefined ? 'a root' : `root ${toHex(root)}`;
}
