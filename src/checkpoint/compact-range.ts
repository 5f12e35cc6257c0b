import { copyBytes } from '../base/bytes.ts';
import { checkLeaves, perfectNodes } from './nodes.ts';
import { checkHash, emptyRoot, hashNode, type NodeHash } from './tree-hash.ts';

/** Told of each node that an append completes, from below. @param hash only to be read; it may be kept. */
export type VisitNode = (level: number, index: number, hash: Uint8Array) => void;

/**
 * Leaves [begin, end) of a tree as the hashes of the fewest perfect subtrees that cover them: all that is needed to go on appending, to
 * join two neighbours, and, from 0 on, to say the root. At most 2 * 53 hashes, whatever the size.
 *
 *     [3, 9)   (0,3) (2,1) (0,8)       with [0, 3) before it:  (3,0) (0,8)
 *
 * The roots are those of RFC 9162 section 2.1.1, however the leaves came in. After transparency-dev/merkle, compact/range.go.
 */
export class CompactRange {
  readonly begin: number;
  readonly #hashNode: NodeHash;
  #end: number;
  #hashes: Uint8Array[];

  private constructor(begin: number, end: number, hashes: Uint8Array[], hash: NodeHash) {
    this.begin = begin;
    this.#end = end;
    this.#hashes = hashes;
    this.#hashNode = hash;
  }

  /** Start without leaves, before leaf `begin`. @throws RangeError where `begin` is no size. */
  static empty(begin = 0, hash: NodeHash = hashNode): CompactRange {
    checkLeaves(begin, begin);
    return new CompactRange(begin, begin, [], hash);
  }

  /**
   * Take up what `hashes` gave out. @param hashes of the perfect subtrees of [begin, end), left to right, 32 bytes each; copied.
   * @throws RangeError on another number of them, another length, or begin > end.
   */
  static of(begin: number, end: number, hashes: readonly Uint8Array[], hash: NodeHash = hashNode): CompactRange {
    checkLeaves(begin, end);
    const expected = perfectNodes(begin, end).length;
    if (hashes.length !== expected)
      throw new RangeError(`tree: expected ${expected} hashes for [${begin}, ${end}), got ${hashes.length}`);
    hashes.forEach(checkHash);
    return new CompactRange(begin, end, hashes.map(copyBytes), hash);
  }

  /** After the last leaf. */
  get end(): number {
    return this.#end;
  }

  /** Hashes of the perfect subtrees, left to right: fresh copies. */
  get hashes(): Uint8Array[] {
    return this.#hashes.map((hash) => hash.slice());
  }

  /** Append one leaf: two node hashes on average, log2(size) at most. @param leafHash 32 bytes, copied. @throws RangeError on another length. */
  append(leafHash: Uint8Array, visit?: VisitNode): void {
    this.appendNode(0, leafHash, visit);
  }

  /**
   * Append the 2^level leaves of a perfect subtree. @param hash its root, 32 bytes, copied.
   * @throws RangeError where `end` is no multiple of 2^level, so that they would be no subtree there, or sizes pass 2^53 - 1.
   */
  appendNode(level: number, hash: Uint8Array, visit?: VisitNode): void {
    checkHash(hash);
    let width = 2 ** level;
    if (!Number.isInteger(level) || level < 0 || this.#end % width !== 0)
      throw new RangeError(`tree: expected a level whose subtrees begin at ${this.#end}, got ${level}`);
    checkLeaves(this.begin, this.#end + width);
    let index = this.#end / width;
    let height = level;
    let node: Uint8Array = copyBytes(hash);
    visit?.(height, index, node);
    // A right child whose left one is ours too: then that one is the last of our hashes.
    while (index % 2 === 1 && (index - 1) * width >= this.begin) {
      node = this.#hashNode(this.#hashes.pop()!, node);
      index = (index - 1) / 2;
      height++;
      width *= 2;
      visit?.(height, index, node);
    }
    this.#hashes.push(node);
    this.#end += 2 ** level;
  }

  /**
   * Append all leaves of a neighbour, which is left as it is. Associative: however leaves were split into ranges, and in whatever order
   * neighbours are joined, the same hashes come out. @throws RangeError where `other` does not begin where this ends.
   */
  appendRange(other: CompactRange, visit?: VisitNode): void {
    if (other.begin !== this.#end)
      throw new RangeError(`tree: expected a range that begins at ${this.#end}, got one that begins at ${other.begin}`);
    // Taken before the first append, since `other` may be this one while it is empty.
    const hashes = other.#hashes;
    for (const [i, { level }] of perfectNodes(other.begin, other.#end).entries())
      this.appendNode(level, hashes[i]!, visit);
  }

  /** @returns the root of [0, end), 32 bytes, fresh: EMPTY_ROOT where that is nothing. @throws RangeError where it begins later. */
  root(): Uint8Array {
    if (this.begin !== 0)
      throw new RangeError(`tree: expected a range from 0 on to have a root, got begin ${this.begin}`);
    return foldHashes(this.#hashes, this.#hashNode);
  }

  /** @returns the same range; what is appended to either does not change the other. */
  clone(): CompactRange {
    return new CompactRange(this.begin, this.#end, this.#hashes.slice(), this.#hashNode);
  }
}

/**
 * The root over perfect subtrees whose sizes go down: each with all that is right of it, from the right. @param hashes left to right.
 * @returns 32 bytes, fresh.
 */
export function foldHashes(hashes: readonly Uint8Array[], hash: NodeHash = hashNode): Uint8Array {
  const last = hashes.length - 1;
  if (last < 0) return emptyRoot();
  let root = hashes[last]!;
  for (let i = last - 1; i >= 0; i--) root = hash(hashes[i]!, root);
  return last === 0 ? root.slice() : root;
}
