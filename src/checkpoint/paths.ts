import { foldHashes } from './compact-range.ts';
import { isSize, type Leaves, perfectNodes, splitOf } from './nodes.ts';

/** Where a path gets its hashes from. @param index within its level; asked only for perfect subtrees of the tree. @returns 32 bytes, only read. */
export type NodeAt = (level: number, index: number) => Uint8Array | Promise<Uint8Array>;

/**
 * Make the proof that leaf `index` is in the tree of `size` leaves. @returns from the leaf up: what verifyInclusion takes.
 * @throws RangeError where it is not 0 <= index < size < 2^53; and whatever `node` throws. @see RFC 9162 section 2.1.3.1
 */
export async function inclusionPath(index: number, size: number, node: NodeAt): Promise<Uint8Array[]> {
  return rootsOf(inclusionLeaves(index, size), node);
}

/**
 * Make the proof that the tree of size2 leaves begins with that of size1. @returns what verifyConsistency takes; empty for equal sizes.
 * @throws RangeError where it is not 1 <= size1 <= size2 < 2^53; and whatever `node` throws. @see RFC 9162 section 2.1.4.1
 */
export async function consistencyPath(size1: number, size2: number, node: NodeAt): Promise<Uint8Array[]> {
  return rootsOf(consistencyLeaves(size1, size2), node);
}

/** PATH(m, D_n) of the RFC, before anything is hashed. @returns the leaves whose root each step of the path is. @throws as inclusionPath. */
export function inclusionLeaves(index: number, size: number): Leaves[] {
  if (!isSize(size) || !isSize(index) || index >= size)
    throw new RangeError(`proof: expected an index below the size, got index ${index} and size ${size}`);
  const path: Leaves[] = [];
  let begin = 0;
  let end = size;
  while (end - begin > 1) {
    const middle = begin + splitOf(end - begin);
    if (index < middle) {
      path.push({ begin: middle, end });
      end = middle;
    } else {
      path.push({ begin, end: middle });
      begin = middle;
    }
  }
  return path.reverse();
}

/** PROOF(m, D_n) of the RFC, before anything is hashed. @returns the leaves whose root each step of the path is. @throws as consistencyPath. */
export function consistencyLeaves(size1: number, size2: number): Leaves[] {
  if (!isSize(size1) || !isSize(size2) || size1 < 1 || size1 > size2)
    throw new RangeError(`proof: expected sizes 1 <= size1 <= size2, got ${size1} and ${size2}`);
  const path: Leaves[] = [];
  let begin = 0;
  let end = size2;
  // SUBPROOF: the flag of the RFC, whether these leaves are those of the first tree from 0 on, is begin === 0.
  while (end !== size1) {
    const middle = begin + splitOf(end - begin);
    if (size1 <= middle) {
      path.push({ begin: middle, end });
      end = middle;
    } else {
      path.push({ begin, end: middle });
      begin = middle;
    }
  }
  if (begin !== 0) path.push({ begin, end });
  return path.reverse();
}

/**
 * At most one step of a path is no perfect subtree, the one where it leaves the right border of the tree; there sizes go down from left
 * to right. So a path asks for less than two nodes a level. All are asked for at once.
 */
function rootsOf(steps: readonly Leaves[], node: NodeAt): Promise<Uint8Array[]> {
  return Promise.all(
    steps.map(async ({ begin, end }) => {
      const nodes = perfectNodes(begin, end).map(({ level, index }) => node(level, index));
      return foldHashes(await Promise.all(nodes));
    }),
  );
}
