/**
 * The geometry of the tree: which perfect subtrees cover which leaves. A node is (level, index) and covers the leaves
 * [index * 2^level, (index + 1) * 2^level); leaves are level 0.
 *
 *     level 2              (2,0)
 *     level 1      (1,0)           (1,1)           (1,2)
 *     level 0  (0,0)   (0,1)   (0,2)   (0,3)   (0,4)   (0,5)   (0,6)         [0, 7) = (2,0) (1,2) (0,6)
 *
 * Numbers of leaves go to 2^53 - 1, so that everything here multiplies, divides and takes remainders, all exact for powers of two:
 * the operators << >> & would see 32 bits of them.
 */

/** A perfect subtree. */
export interface Node {
  readonly level: number;
  readonly index: number;
}

/** Leaves [begin, end). */
export interface Leaves {
  readonly begin: number;
  readonly end: number;
}

/** @returns whether `value` is a number of leaves, whatever it is: an integer from 0 to 2^53 - 1. */
export function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** @throws RangeError where it is not 0 <= begin <= end <= 2^53 - 1. */
export function checkLeaves(begin: number, end: number): void {
  if (isSize(begin) && isSize(end) && begin <= end) return;
  throw new RangeError(`tree: expected leaves [begin, end) with 0 <= begin <= end < 2^53, got [${begin}, ${end})`);
}

/** @returns the fewest perfect subtrees whose leaves are [begin, end), left to right: at most two of each level. */
export function perfectNodes(begin: number, end: number): Node[] {
  const nodes: Node[] = [];
  for (let at = begin; at < end; ) {
    let level = 0;
    let width = 1;
    while (at % (2 * width) === 0 && at + 2 * width <= end) {
      level++;
      width *= 2;
    }
    nodes.push({ level, index: at / width });
    at += width;
  }
  return nodes;
}

/** @returns where a tree of n > 1 leaves is split: the largest power of two below n. @see RFC 9162 section 2.1.1 */
export function splitOf(n: number): number {
  let k = 1;
  while (2 * k < n) k *= 2;
  return k;
}

/**
 * Whether [begin, end) is a subtree in the sense of the Merkle Tree Certificates draft: begin is a multiple of the smallest power of
 * two that is at least end - begin. Such leaves hash to one root in every tree that has them.
 * @see draft-ietf-plants-merkle-tree-certs, section "Subtrees"
 */
export function isSubtree(begin: number, end: number): boolean {
  if (!isSize(begin) || !isSize(end) || begin >= end) return false;
  let width = 1;
  while (width < end - begin) width *= 2;
  return begin % width === 0;
}
