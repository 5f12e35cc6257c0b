import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { foldHashes } from '../../src/checkpoint/compact-range.ts';
import { isSubtree, perfectNodes } from '../../src/checkpoint/nodes.ts';
import {
  consistencyPath,
  inclusionPath,
  rootOfInclusion,
  verifyConsistency,
  verifyInclusion,
  verifySubtreeConsistency,
  verifySubtreeInclusion,
} from '../../src/checkpoint/proof.ts';
import { EMPTY_ROOT, hashNode } from '../../src/checkpoint/tree-hash.ts';
import { seeded } from '../twin/kernels.ts';
import { leafHashOf, PlainTree } from './plain-tree.ts';

const tree = new PlainTree(leafHashOf);
const node = (level: number, index: number): Uint8Array => tree.root(index * 2 ** level, (index + 1) * 2 ** level);
const hex = (path: readonly Uint8Array[]): string[] => path.map(toHex);

describe('proofs as the recursive definition makes them', () => {
  it('inclusion: every leaf of every tree to 66, accepted there and nowhere else', async () => {
    for (let size = 1; size <= 66; size++) {
      const root = tree.root(0, size);
      for (let index = 0; index < size; index++) {
        const path = await inclusionPath(index, size, node);
        expect(hex(path)).toEqual(hex(tree.path(index, 0, size)));
        const leaf = leafHashOf(index);
        expect(verifyInclusion(index, size, leaf, path, root)).toBe(true);
        expect(toHex(rootOfInclusion(index, size, leaf, path)!)).toBe(toHex(root));
        for (let other = 0; other <= size; other++)
          if (other !== index) expect(verifyInclusion(other, size, leaf, path, root)).toBe(false);
      }
    }
  });

  it('a log of one entry has a proof: the empty path', async () => {
    const path = await inclusionPath(0, 1, node);
    expect(path).toEqual([]);
    expect(verifyInclusion(0, 1, leafHashOf(0), path, leafHashOf(0))).toBe(true);
  });

  it('consistency: every pair of sizes to 66, accepted for these two and no others', async () => {
    for (let size2 = 1; size2 <= 66; size2++) {
      for (let size1 = 1; size1 <= size2; size1++) {
        const path = await consistencyPath(size1, size2, node);
        expect(hex(path)).toEqual(hex(tree.subproof(size1, 0, size2)));
        const [root1, root2] = [tree.root(0, size1), tree.root(0, size2)];
        expect(verifyConsistency(size1, size2, root1, root2, path)).toBe(true);
        if (size1 === size2) continue;
        expect(verifyConsistency(size1, size2, root2, root2, path)).toBe(false);
        expect(verifyConsistency(size1, size2, root1, root1, path)).toBe(false);
        expect(verifyConsistency(size1, size2, root2, root1, path)).toBe(false);
        expect(verifyConsistency(size1 + 1, size2, tree.root(0, size1 + 1), root2, path)).toBe(
          size1 + 1 === size2 && path.length === 0,
        );
        expect(verifyConsistency(size1, size2, root1, root2, path.slice(1))).toBe(false);
        expect(verifyConsistency(size1, size2, root1, root2, [...path, path[0]!])).toBe(false);
      }
    }
  });

  it('subtrees: every one of every tree to 40, leaf by leaf and against the tree', async () => {
    let count = 0;
    for (let begin = 0; begin < 40; begin++) {
      for (let end = begin + 1; end <= 40; end++) {
        if (!isSubtree(begin, end)) continue;
        count++;
        const root = tree.root(begin, end);
        for (let index = begin; index < end; index++) {
          const path = tree.path(index - begin, begin, end);
          expect(verifySubtreeInclusion(index, begin, end, leafHashOf(index), path, root)).toBe(true);
          expect(verifySubtreeInclusion(index, begin, end, leafHashOf(index + 1), path, root)).toBe(false);
        }
        for (let size = end; size <= 40; size++) {
          const path = tree.subtreeProof(begin, end, 0, size);
          const whole = tree.root(0, size);
          const where = `[${begin}, ${end}) in ${size}`;
          expect(verifySubtreeConsistency(begin, end, size, root, whole, path), where).toBe(true);
          expect(verifySubtreeConsistency(begin, end, size, root, leafHashOf(99), path), where).toBe(false);
          expect(verifySubtreeConsistency(begin, end, size, leafHashOf(99), whole, path), where).toBe(false);
          expect(verifySubtreeConsistency(begin, end, size, root, whole, [...path, root]), where).toBe(false);
          if (path.length > 0)
            expect(verifySubtreeConsistency(begin, end, size, root, whole, path.slice(0, -1)), where).toBe(false);
        }
      }
    }
    expect(count).toBeGreaterThan(100);
  });

  it('a subtree from 0 on is an earlier tree: both verifiers agree', async () => {
    for (let size = 1; size <= 40; size++) {
      for (let end = 1; end <= size; end++) {
        const path = await consistencyPath(end, size, node);
        expect(hex(path)).toEqual(hex(tree.subtreeProof(0, end, 0, size)));
        expect(verifySubtreeConsistency(0, end, size, tree.root(0, end), tree.root(0, size), path)).toBe(true);
      }
    }
  });

  it('asks for perfect subtrees alone, each once, less than two a level', async () => {
    const seed = 0xa5c;
    const random = seeded(seed);
    for (let round = 0; round < 300; round++) {
      const size = 1 + random(2000);
      const index = random(size);
      const asked: string[] = [];
      const counting = (level: number, at: number): Uint8Array => {
        expect((at + 1) * 2 ** level).toBeLessThanOrEqual(size);
        asked.push(`${level} ${at}`);
        return node(level, at);
      };
      await inclusionPath(index, size, counting);
      expect(new Set(asked).size, `seed ${seed}`).toBe(asked.length);
      expect(asked.length).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(size)));
      asked.length = 0;
      await consistencyPath(index + 1, size, counting);
      expect(new Set(asked).size).toBe(asked.length);
      expect(asked.length).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(size)) + 1);
    }
  });

  it('waits for nodes that come later, and passes on what they throw', async () => {
    const later = async (level: number, index: number): Promise<Uint8Array> => node(level, index);
    expect(hex(await inclusionPath(5, 23, later))).toEqual(hex(tree.path(5, 0, 23)));
    await expect(
      inclusionPath(5, 23, () => {
        throw new TypeError('no such node');
      }),
    ).rejects.toThrow(TypeError);
  });

  it('refuses places that do not exist: RangeError', async () => {
    for (const [index, size] of [
      [0, 0],
      [1, 1],
      [-1, 4],
      [0.5, 4],
      [4, 2 ** 53],
      [Number.NaN, 1],
    ] as const)
      await expect(inclusionPath(index, size, node)).rejects.toThrow(RangeError);
    for (const [size1, size2] of [
      [0, 0],
      [0, 4],
      [5, 4],
      [1.5, 4],
      [1, 2 ** 53],
    ] as const)
      await expect(consistencyPath(size1, size2, node)).rejects.toThrow(RangeError);
  });
});

describe('sizes beyond 32 bits, by synthetic nodes', () => {
  // All leaves equal: the root of a perfect subtree depends on its level alone, and any tree's root is folded from those.
  const levels: Uint8Array[] = [leafHashOf(0)];
  for (let level = 1; level <= 53; level++) levels.push(hashNode(levels[level - 1]!, levels[level - 1]!));
  const rootOf = (size: number): Uint8Array => foldHashes(perfectNodes(0, size).map(({ level }) => levels[level]!));
  const synthetic = (level: number): Uint8Array => levels[level]!;
  const sizes = [
    2 ** 31 - 1,
    2 ** 31,
    2 ** 31 + 1,
    2 ** 32 - 1,
    2 ** 32 + 1,
    2 ** 40 + 12345,
    2 ** 52 + 1,
    2 ** 53 - 1,
  ];

  it.each(sizes)('inclusion in %d leaves', async (size) => {
    const root = rootOf(size);
    for (const index of new Set(
      [0, 1, 2 ** 31 - 2, Math.floor(size / 3), size - 2, size - 1].filter((i) => i < size),
    )) {
      const path = await inclusionPath(index, size, synthetic);
      expect(verifyInclusion(index, size, levels[0]!, path, root), `leaf ${index}`).toBe(true);
      expect(verifyInclusion(index, size, levels[0]!, path.slice(1), root)).toBe(false);
      expect(verifyInclusion(index, size, levels[0]!, [...path, levels[0]!], root)).toBe(false);
      expect(verifyInclusion(index, size, leafHashOf(1), path, root)).toBe(false);
      // What 32 bits would make of them.
      if (index !== index % 2 ** 32)
        expect(verifyInclusion(index % 2 ** 32, size % 2 ** 32, levels[0]!, path, root)).toBe(false);
    }
  });

  it.each(sizes)('consistency up to %d leaves', async (size2) => {
    for (const size1 of new Set([1, 2 ** 30, 2 ** 31 - 1, Math.floor(size2 / 3), size2 - 1, size2])) {
      const path = await consistencyPath(size1, size2, synthetic);
      const [root1, root2] = [rootOf(size1), rootOf(size2)];
      expect(verifyConsistency(size1, size2, root1, root2, path), `from ${size1}`).toBe(true);
      expect(verifySubtreeConsistency(0, size1, size2, root1, root2, path)).toBe(true);
      expect(verifyConsistency(size1, size2, leafHashOf(1), root2, path)).toBe(false);
      expect(verifyConsistency(size1, size2, root1, leafHashOf(1), path)).toBe(false);
    }
  });
});

describe('anything else is false, and nothing throws', () => {
  const size = 23;
  const root = tree.root(0, size);
  const path = tree.path(5, 0, size);
  const leaf = leafHashOf(5);
  const proof = tree.subproof(9, 0, size);
  const root1 = tree.root(0, 9);

  it('each bit of each hash of a proof counts', () => {
    const flips = (hashes: readonly Uint8Array[], judge: (hashes: Uint8Array[]) => boolean): void => {
      expect(judge(hashes.slice())).toBe(true);
      for (let i = 0; i < hashes.length; i++) {
        for (let bit = 0; bit < 256; bit += 5) {
          const changed = hashes.map((hash) => hash.slice());
          changed[i]![bit >> 3]! ^= 1 << (bit & 7);
          expect(judge(changed)).toBe(false);
        }
      }
    };
    flips([leaf, root, ...path], ([l, r, ...p]) => verifyInclusion(5, size, l!, p, r!));
    flips([root1, root, ...proof], ([r1, r2, ...p]) => verifyConsistency(9, size, r1!, r2!, p));
    flips([root1, root, ...proof], ([r1, r2, ...p]) => verifySubtreeConsistency(0, 9, size, r1!, r2!, p));
  });

  it('order and number of the path count', () => {
    for (let i = 0; i < path.length; i++) {
      expect(verifyInclusion(5, size, leaf, path.toSpliced(i, 1), root)).toBe(false);
      for (const one of path) expect(verifyInclusion(5, size, leaf, path.toSpliced(i, 0, one), root)).toBe(false);
    }
    expect(verifyInclusion(5, size, leaf, path.toReversed(), root)).toBe(false);
    for (let i = 0; i < proof.length; i++) {
      expect(verifyConsistency(9, size, root1, root, proof.toSpliced(i, 1))).toBe(false);
      for (const one of proof) expect(verifyConsistency(9, size, root1, root, proof.toSpliced(i, 0, one))).toBe(false);
    }
  });

  it('hashes of other lengths, also where bytes would fit together: 31 and 33 of a pair', () => {
    for (const length of [0, 1, 31, 33, 64, 1000]) {
      const other = new Uint8Array(length);
      expect(verifyInclusion(5, size, other, path, root)).toBe(false);
      expect(verifyInclusion(5, size, leaf, path, other)).toBe(false);
      expect(verifyInclusion(5, size, leaf, path.with(1, other), root)).toBe(false);
      expect(verifyConsistency(9, size, other, root, proof)).toBe(false);
      expect(verifyConsistency(8, size, other, root, tree.subproof(8, 0, size))).toBe(false);
      expect(verifyConsistency(9, size, root1, other, proof)).toBe(false);
      expect(verifyConsistency(9, size, root1, root, proof.with(0, other))).toBe(false);
      expect(verifySubtreeConsistency(8, 16, size, other, root, tree.subtreeProof(8, 16, 0, size))).toBe(false);
    }
    const pair = tree.root(0, 2);
    const [left, right] = [leafHashOf(0), leafHashOf(1)];
    const short = left.subarray(0, 31);
    const long = new Uint8Array([left[31]!, ...right]);
    expect(verifyInclusion(0, 2, left, [right], pair)).toBe(true);
    expect(verifyInclusion(0, 2, short, [long], pair)).toBe(false);
    expect(verifyConsistency(1, 2, short, pair, [long])).toBe(false);
  });

  it('sizes that are none, and a path as long as memory allows', () => {
    const none = [-1, -0.5, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 2 ** 64];
    for (const n of none) {
      expect(verifyInclusion(n, size, leaf, path, root)).toBe(false);
      expect(verifyInclusion(5, n, leaf, path, root)).toBe(false);
      expect(verifyConsistency(n, size, root1, root, proof)).toBe(false);
      expect(verifyConsistency(9, n, root1, root, proof)).toBe(false);
      expect(verifySubtreeInclusion(n, 0, size, leaf, path, root)).toBe(false);
      expect(verifySubtreeInclusion(5, n, size, leaf, path, root)).toBe(false);
      expect(verifySubtreeInclusion(5, 0, n, leaf, path, root)).toBe(false);
      for (const at of [0, 1, 2]) {
        const sizes = [0, 9, size].with(at, n) as [number, number, number];
        expect(verifySubtreeConsistency(...sizes, root1, root, proof)).toBe(false);
      }
    }
    const long = new Array<Uint8Array>(1_000_000).fill(root);
    expect(verifyInclusion(5, 2 ** 53 - 1, leaf, long, root)).toBe(false);
    expect(verifyConsistency(9, 2 ** 53 - 1, root1, root, long)).toBe(false);
  });

  it('size1 = 0 proves nothing: refused whatever stands beside it', () => {
    for (const size2 of [0, 1, 5]) expect(verifyConsistency(0, size2, EMPTY_ROOT, tree.root(0, size2), [])).toBe(false);
  });

  it('values of other types', () => {
    const odd = [null, undefined, 'x', 77, {}, [], [1], new Uint16Array(32), new ArrayBuffer(32), Array(32).fill(0)];
    const call = (judge: (...values: never[]) => boolean, values: readonly unknown[]): void => {
      expect(judge(...(values as never[]))).toBe(true);
      for (const at of values.keys()) {
        for (const value of odd) {
          if (Array.isArray(values[at]) && Array.isArray(value) && value.length === (values[at] as []).length) continue;
          expect(judge(...(values.with(at, value) as never[]))).toBe(false);
        }
      }
    };
    call(verifyInclusion, [5, size, leaf, path, root]);
    call(verifyConsistency, [9, size, root1, root, proof]);
    call(verifySubtreeInclusion, [5, 0, size, leaf, path, root]);
    call(verifySubtreeConsistency, [8, 16, size, tree.root(8, 16), root, tree.subtreeProof(8, 16, 0, size)]);
  });
});
