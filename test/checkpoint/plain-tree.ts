import { hash } from 'node:crypto';
import { concatBytes } from '../../src/base/bytes.ts';
import { isSize } from '../../src/checkpoint/nodes.ts';

/*
 * The tree of RFC 9162 section 2.1, word for word and by recursion, over node:crypto and bigint: slow, and sharing nothing with what it
 * judges.
 */

export function digest(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(hash('sha256', concatBytes(...parts), 'buffer'));
}

const NODE = Uint8Array.of(1);

/** Proofs and roots over leaf hashes. Roots of parts are kept: they come again in every larger tree. */
export class PlainTree {
  readonly #leafHash: (index: number) => Uint8Array;
  readonly #known = new Map<number, Uint8Array>();

  constructor(leafHash: (index: number) => Uint8Array) {
    this.#leafHash = leafHash;
  }

  /** MTH(D[begin:end]). */
  root(begin: number, end: number): Uint8Array {
    const n = end - begin;
    if (n === 0) return digest();
    if (n === 1) return this.#leafHash(begin);
    // Of trees below 2^26 leaves: one number for both.
    const name = begin * 2 ** 26 + end;
    let root = this.#known.get(name);
    if (root === undefined) {
      const k = largestPowerBelow(n);
      root = digest(NODE, this.root(begin, begin + k), this.root(begin + k, end));
      this.#known.set(name, root);
    }
    return root;
  }

  /** PATH(m, D[begin:end]). */
  path(m: number, begin: number, end: number): Uint8Array[] {
    const n = end - begin;
    if (n === 1) return [];
    const k = largestPowerBelow(n);
    return m < k
      ? [...this.path(m, begin, begin + k), this.root(begin + k, end)]
      : [...this.path(m - k, begin + k, end), this.root(begin, begin + k)];
  }

  /** SUBPROOF(m, D[begin:end], b). */
  subproof(m: number, begin: number, end: number, b = true): Uint8Array[] {
    const n = end - begin;
    if (m === n) return b ? [] : [this.root(begin, end)];
    const k = largestPowerBelow(n);
    return m <= k
      ? [...this.subproof(m, begin, begin + k, b), this.root(begin + k, end)]
      : [...this.subproof(m - k, begin + k, end, false), this.root(begin, begin + k)];
  }

  /** SUBTREE_SUBPROOF(start, end, D[begin:to], b) of the Merkle Tree Certificates draft; start and end counted from `begin`. */
  subtreeProof(start: number, end: number, begin: number, to: number, b = true): Uint8Array[] {
    const n = to - begin;
    if (start === 0 && end === n) return b ? [] : [this.root(begin, to)];
    const k = largestPowerBelow(n);
    if (end <= k) return [...this.subtreeProof(start, end, begin, begin + k, b), this.root(begin + k, to)];
    if (k <= start) return [...this.subtreeProof(start - k, end - k, begin + k, to, b), this.root(begin, begin + k)];
    // start < k < end means start = 0.
    return [...this.subtreeProof(0, end - k, begin + k, to, false), this.root(begin, begin + k)];
  }
}

function largestPowerBelow(n: number): number {
  if (!isSize(n) || n < 2) throw new RangeError(`plain tree: no split of ${n}`);
  let k = 1n;
  while (2n * k < BigInt(n)) k *= 2n;
  return Number(k);
}

/** Distinct leaf hashes, the same in every run. */
export function leafHashOf(index: number): Uint8Array {
  const entry = new Uint8Array(9);
  new DataView(entry.buffer).setBigUint64(1, BigInt(index));
  return digest(entry);
}

/** Leaf hashes [begin, end) one behind the other, 32 bytes each. */
export function packedLeaves(begin: number, end: number): Uint8Array {
  const out = new Uint8Array(32 * (end - begin));
  for (let i = begin; i < end; i++) out.set(leafHashOf(i), 32 * (i - begin));
  return out;
}
