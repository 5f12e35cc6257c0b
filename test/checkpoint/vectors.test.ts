import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../src/base/bytes.ts';
import { CompactRange } from '../../src/checkpoint/compact-range.ts';
import {
  consistencyPath,
  inclusionPath,
  verifyConsistency,
  verifyInclusion,
  verifySubtreeConsistency,
  verifySubtreeInclusion,
} from '../../src/checkpoint/proof.ts';
import { EMPTY_ROOT, hashLeaf } from '../../src/checkpoint/tree-hash.ts';
import { hasShared, sharedJson } from '../shared.ts';
import { PlainTree } from './plain-tree.ts';

type Vector<T> = T & { file: string; desc: string; wantErr: boolean; proof: string[] | null };
type Base64 = string;

interface File<T> {
  tests: Vector<T>[];
}

const bytes = (text: Base64 | null): Uint8Array => new Uint8Array(Buffer.from(text ?? '', 'base64'));
const path = (proof: string[] | null): Uint8Array[] => (proof ?? []).map(bytes);

/** Every case gives the answer that is wanted, counted as the README of the vectors counts them. */
function judgeAll<T>(name: string, counts: { valid: number; invalid: number }, judge: (test: Vector<T>) => boolean) {
  const { tests } = sharedJson<File<T>>(`vectors/merkle/${name}.json`);
  const found = tests.map((test) => `${test.file}: ${judge(test)}`);
  expect(found).toEqual(tests.map(({ file, wantErr }) => `${file}: ${!wantErr}`));
  expect(tests.filter(({ wantErr }) => !wantErr)).toHaveLength(counts.valid);
  expect(tests.filter(({ wantErr }) => wantErr)).toHaveLength(counts.invalid);
}

describe.skipIf(!hasShared)('third-party vectors', () => {
  it('98 inclusion proofs: 6 valid, 92 refused', () => {
    judgeAll<{ leafIdx: number; treeSize: number; root: Base64; leafHash: Base64 }>(
      'inclusion',
      { valid: 6, invalid: 92 },
      ({ leafIdx, treeSize, root, leafHash, proof }) =>
        verifyInclusion(leafIdx, treeSize, bytes(leafHash), path(proof), bytes(root)),
    );
  });

  it('98 consistency proofs: 6 valid, 92 refused', () => {
    judgeAll<{ size1: number; size2: number; root1: Base64; root2: Base64 }>(
      'consistency',
      { valid: 6, invalid: 92 },
      ({ size1, size2, root1, root2, proof }) =>
        verifyConsistency(size1, size2, bytes(root1), bytes(root2), path(proof)),
    );
  });

  it('204 inclusion proofs in subtrees: 12 valid, 192 refused', () => {
    judgeAll<{ leafIdx: number; start: number; end: number; root: Base64; leafHash: Base64 }>(
      'subtreeinclusion',
      { valid: 12, invalid: 192 },
      ({ leafIdx, start, end, root, leafHash, proof }) =>
        verifySubtreeInclusion(leafIdx, start, end, bytes(leafHash), path(proof), bytes(root)),
    );
  });

  it('118 consistency proofs of subtrees: 12 valid, 106 refused', () => {
    judgeAll<{ start: number; end: number; size: number; root1: Base64; root2: Base64 }>(
      'subtreeconsistency',
      { valid: 12, invalid: 106 },
      ({ start, end, size, root1, root2, proof }) =>
        verifySubtreeConsistency(start, end, size, bytes(root1), bytes(root2), path(proof)),
    );
  });

  it('the reference tree: leaves, nine roots, 36 inclusion and 36 consistency proofs', async () => {
    const file = sharedJson<{
      leaves: string[];
      leafHashes: string[];
      roots: string[];
      inclusion: { index: number; size: number; proof: string[] }[];
      consistency: { size1: number; size2: number; proof: string[] }[];
    }>('vectors/merkle/reference-tree.json');
    expect([file.roots, file.inclusion, file.consistency].map(({ length }) => length)).toEqual([9, 36, 36]);
    const leaves = file.leaves.map((leaf) => hashLeaf(fromHex(leaf)));
    expect(leaves.map(toHex)).toEqual(file.leafHashes);
    const range = CompactRange.empty();
    const roots = [toHex(range.root())];
    for (const leaf of leaves) {
      range.append(leaf);
      roots.push(toHex(range.root()));
    }
    expect(roots).toEqual(file.roots);
    expect(toHex(EMPTY_ROOT)).toBe(file.roots[0]);
    const tree = new PlainTree((index) => leaves[index]!);
    const node = (level: number, index: number) => tree.root(index << level, (index + 1) << level);
    for (const { index, size, proof } of file.inclusion) {
      expect((await inclusionPath(index, size, node)).map(toHex)).toEqual(proof);
      expect(verifyInclusion(index, size, leaves[index]!, proof.map(fromHex), fromHex(roots[size]!))).toBe(true);
    }
    for (const { size1, size2, proof } of file.consistency) {
      expect((await consistencyPath(size1, size2, node)).map(toHex)).toEqual(proof);
      const [root1, root2] = [fromHex(roots[size1]!), fromHex(roots[size2]!)];
      expect(verifyConsistency(size1, size2, root1, root2, proof.map(fromHex))).toBe(true);
    }
  });
});
