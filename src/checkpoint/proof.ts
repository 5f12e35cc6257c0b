import { equalBytes } from '../base/bytes.ts';
import { isSize, isSubtree } from './nodes.ts';
import { EMPTY_ROOT, hashNode, isHash } from './tree-hash.ts';

/*
 * Proofs, verified step by step as the standards write them down; names of variables are theirs. Every verifier answers false, and
 * throws nothing, whatever it is given: sizes that are none, hashes of other lengths, paths of any length.
 * `>> 1` of the standards is half() here, since sizes go to 2^53 - 1. Proofs are made in paths.ts.
 */

const half = (n: number): number => Math.floor(n / 2);
const isOdd = (n: number): boolean => n % 2 === 1;

/** No path is longer: a node for each of 53 levels, and the first one of a consistency proof. */
const MAX_PATH = 54;

function isPath(path: unknown): path is readonly Uint8Array[] {
  return Array.isArray(path) && path.length <= MAX_PATH && path.every(isHash);
}

/**
 * Verify that a leaf is the one at `index` of the tree of `size` leaves that has this root.
 * @param leafHash the line's `hash`, 32 bytes. @param path from the leaf up, 32 bytes each. @see RFC 9162 section 2.1.3.2
 */
export function verifyInclusion(
  index: number,
  size: number,
  leafHash: Uint8Array,
  path: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  const found = rootOfInclusion(index, size, leafHash, path);
  return found !== null && isHash(root) && equalBytes(found, root);
}

/** The root that an inclusion proof leads to. @returns 32 bytes, fresh; null where index, size and path do not fit. @see RFC 9162 section 2.1.3.2 */
export function rootOfInclusion(
  index: number,
  size: number,
  leafHash: Uint8Array,
  path: readonly Uint8Array[],
): Uint8Array | null {
  if (!isSize(index) || !isSize(size) || index >= size || !isHash(leafHash) || !isPath(path)) return null;
  let fn = index;
  let sn = size - 1;
  let r: Uint8Array = leafHash.slice();
  for (const p of path) {
    if (sn === 0) return null;
    if (isOdd(fn) || fn === sn) {
      r = hashNode(p, r);
      while (!isOdd(fn) && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      r = hashNode(r, p);
    }
    fn = half(fn);
    sn = half(sn);
  }
  return sn === 0 ? r : null;
}

/**
 * Verify that the tree of size2 leaves begins with the leaves of the tree of size1. Equal sizes take an empty path and equal roots.
 * size1 = 0 is refused: every tree begins with nothing, so such a proof proves nothing. @see RFC 9162 section 2.1.4.2
 */
export function verifyConsistency(
  size1: number,
  size2: number,
  root1: Uint8Array,
  root2: Uint8Array,
  path: readonly Uint8Array[],
): boolean {
  if (!isSize(size1) || !isSize(size2) || !isPath(path) || size1 === 0 || size1 > size2) return false;
  if (size1 === size2) return path.length === 0 && areSame(root1, root2);
  if (!isHash(root1) || !isHash(root2) || path.length === 0) return false;
  const [first, ...rest] = isPowerOfTwo(size1) ? [root1, ...path] : path;
  let fn = size1 - 1;
  let sn = size2 - 1;
  while (isOdd(fn)) {
    fn = half(fn);
    sn = half(sn);
  }
  let fr = first!;
  let sr = first!;
  for (const c of rest) {
    if (sn === 0) return false;
    if (isOdd(fn) || fn === sn) {
      fr = hashNode(c, fr);
      sr = hashNode(c, sr);
      while (!isOdd(fn) && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      sr = hashNode(sr, c);
    }
    fn = half(fn);
    sn = half(sn);
  }
  return sn === 0 && equalBytes(fr, root1) && equalBytes(sr, root2);
}

/** Two names of one tree: nothing is hashed, so that their length does not matter, and the vectors have some that are no hashes. */
function areSame(root1: unknown, root2: unknown): boolean {
  return root1 instanceof Uint8Array && root2 instanceof Uint8Array && equalBytes(root1, root2);
}

function isPowerOfTwo(n: number): boolean {
  let power = 1;
  while (power < n) power *= 2;
  return power === n;
}

/**
 * Verify that a leaf is the one at `index` of a subtree: leaves [begin, end) of some larger tree, as isSubtree() wants them.
 * @param index counted from leaf 0 of that tree. @param root of the subtree. @see draft-ietf-plants-merkle-tree-certs, "Subtree Inclusion Proofs"
 */
export function verifySubtreeInclusion(
  index: number,
  begin: number,
  end: number,
  leafHash: Uint8Array,
  path: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!isSubtree(begin, end) || !isSize(index) || index < begin || index >= end) return false;
  return verifyInclusion(index - begin, end - begin, leafHash, path, root);
}

/**
 * Verify that the tree of `size` leaves with this root holds the subtree [begin, end). No leaves are in every tree: then only the root
 * of nothing and an empty path are right, and `root` is not looked at. @see draft-ietf-plants-merkle-tree-certs, "Subtree Consistency Proofs"
 */
export function verifySubtreeConsistency(
  begin: number,
  end: number,
  size: number,
  subtreeRoot: Uint8Array,
  root: Uint8Array,
  path: readonly Uint8Array[],
): boolean {
  if (![begin, end, size].every(isSize) || end > size || !isPath(path)) return false;
  if (begin === end) return path.length === 0 && areSame(subtreeRoot, EMPTY_ROOT);
  if (begin === 0 && end === size) return path.length === 0 && areSame(subtreeRoot, root);
  if (!isSubtree(begin, end) || !isHash(subtreeRoot) || !isHash(root)) return false;
  let fn = begin;
  let sn = end - 1;
  let tn = size - 1;
  const shift = (): void => {
    fn = half(fn);
    sn = half(sn);
    tn = half(tn);
  };
  if (sn === tn) while (fn !== sn) shift();
  else while (fn !== sn && isOdd(sn)) shift();
  const isWhole = fn === sn;
  if (!isWhole && path.length === 0) return false;
  let fr = isWhole ? subtreeRoot : path[0]!;
  let sr = fr;
  for (const c of isWhole ? path : path.slice(1)) {
    if (tn === 0) return false;
    if (isOdd(sn) || sn === tn) {
      if (fn < sn) fr = hashNode(c, fr);
      sr = hashNode(c, sr);
      // sn = 0 here means tn = 0, which was refused above.
      while (!isOdd(sn)) shift();
    } else {
      sr = hashNode(sr, c);
    }
    shift();
  }
  return tn === 0 && equalBytes(fr, subtreeRoot) && equalBytes(sr, root);
}

export { consistencyPath, inclusionPath, type NodeAt } from './paths.ts';
