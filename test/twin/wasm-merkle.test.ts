import { createHash } from 'node:crypto';
import { sha256 } from '@noble/hashes/sha2.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { concatBytes, equalBytes, fromHex, toHex } from '../../src/base/bytes.ts';
import { appendMany, plainSubtrees } from '../../src/checkpoint/append-many.ts';
import { CompactRange } from '../../src/checkpoint/compact-range.ts';
import type { SubtreeHash } from '../../src/crypto/hash.ts';
import { startMerkleKernel } from '../../src/crypto/wasm-hash.ts';
import { packedLeaves } from '../checkpoint/plain-tree.ts';
import { hasShared, sharedJson } from '../shared.ts';
import { compileKernels, guarded, Kernels, RELEASE, seeded } from './kernels.ts';

let wasms: Uint8Array<ArrayBuffer>[];
let builds: Kernels[];
beforeAll(async () => {
  wasms = [await compileKernels(), await compileKernels(RELEASE)];
  builds = wasms.map((wasm) => new Kernels(wasm));
});

const random = seeded(0x9162);
const randomBytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => random(256));

const digest = (...parts: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(
    createHash('sha256')
      .update(concatBytes(...parts))
      .digest(),
  );

/** MTH of RFC 9162 section 2.1.1 over leaf hashes, word for word; roots of parts are kept, for they come again in every larger tree. */
class Tree {
  readonly #leaves: Uint8Array;
  readonly #known = new Map<string, Uint8Array>();

  constructor(leaves: Uint8Array) {
    this.#leaves = leaves;
  }

  root(begin: number, end: number): Uint8Array {
    const n = end - begin;
    if (n === 0) return digest();
    if (n === 1) return this.#leaves.subarray(32 * begin, 32 * end);
    const name = `${begin}-${end}`;
    let root = this.#known.get(name);
    if (root === undefined) {
      // "Let k be the largest power of two less than n."
      let k = 1;
      while (2 * k < n) k *= 2;
      root = digest(Uint8Array.of(1), this.root(begin, begin + k), this.root(begin + k, end));
      this.#known.set(name, root);
    }
    return root;
  }
}

describe('nodes', () => {
  const pairsOf = (count: number): Uint8Array => randomBytes(64 * count);
  const nodesOf = (pairs: Uint8Array): Uint8Array =>
    concatBytes(
      ...Array.from({ length: pairs.length / 64 }, (_, i) => {
        const node = concatBytes(Uint8Array.of(1), pairs.subarray(64 * i, 64 * i + 64));
        expect(equalBytes(sha256(node), digest(node))).toBe(true);
        return sha256(node);
      }),
    );

  it('none to nine pairs and hundreds, in place and elsewhere, at every alignment, nothing else written', () => {
    for (const k of builds) {
      for (const count of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 250, 511]) {
        const pairs = pairsOf(count);
        const expected = nodesOf(pairs);
        for (const to of ['in place', 'elsewhere']) {
          const from = k.at('MESSAGE') + 1 + random(60);
          const out = to === 'in place' ? from : k.at('NODES') + random(60);
          k.bytes.set(pairs, from);
          const behind = k.read(out + 32 * count, 200);
          const before = k.read(out - 1, 1);
          guarded(k, () => k.call('hashPairs', from, out, count));
          expect(equalBytes(k.read(out, 32 * count), expected)).toBe(true);
          if (to === 'elsewhere') expect(equalBytes(k.read(from, 64 * count), pairs)).toBe(true);
          expect(
            equalBytes(k.read(out + 32 * count, 200), to === 'in place' ? pairsBehind(pairs, count, behind) : behind),
          ).toBe(true);
          expect(k.read(out - 1, 1)).toEqual(before);
        }
      }
    }
  });

  /** What stands behind nodes made in place: the pairs that were there, then what was behind those. */
  function pairsBehind(pairs: Uint8Array, count: number, behind: Uint8Array): Uint8Array {
    return concatBytes(pairs.subarray(32 * count, 32 * count + 200), behind.subarray(32 * count)).subarray(0, 200);
  }

  it('each of the 256 last bytes, in each lane', () => {
    for (const k of builds) {
      for (let shift = 0; shift < 4; shift++) {
        const pairs = pairsOf(256);
        for (let i = 0; i < 256; i++) pairs[64 * i + 63] = (i + shift) & 255;
        k.bytes.set(pairs, k.at('NODES'));
        expect(k.call('hashNodePairs', 256)).toBe(1);
        expect(equalBytes(k.read(k.at('NODES'), 256 * 32), nodesOf(pairs))).toBe(true);
      }
    }
  });
});

/** The root of all leaves in the pieces, appended one piece after the other. */
function rootOf(subtrees: SubtreeHash, pieces: readonly Uint8Array[]): Uint8Array {
  const range = CompactRange.empty();
  for (const piece of pieces) appendMany(range, piece, subtrees);
  return range.root();
}

describe('roots beside the recursive definition', () => {
  const kernels = (): SubtreeHash[] => [
    plainSubtrees,
    startMerkleKernel(),
    ...wasms.map((wasm) => startMerkleKernel(wasm)),
  ];

  it('one region: every number of leaves from 1 to 2,048', () => {
    const leaves = randomBytes(32 * 2048);
    const tree = new Tree(leaves);
    for (const k of builds) {
      for (let n = 1; n <= 2048; n++) {
        k.bytes.set(leaves.subarray(0, 32 * n), k.at('NODES'));
        const behind = k.read(k.at('NODES') + 32 * n, 64);
        guarded(k, () => expect(k.call('merkleRootOfNodes', n)).toBe(1));
        expect(toHex(k.read(k.at('NODES'), 32))).toBe(toHex(tree.root(0, n)));
        expect(equalBytes(k.read(k.at('NODES') + 32 * n, 64), behind)).toBe(true);
      }
    }
  });

  it('any number: none, around one, two and three regions, and random ones to 2^17, in pieces of any size', () => {
    const leaves = randomBytes(32 * 2 ** 17);
    const tree = new Tree(leaves);
    const sizes = [0, 1, 2, 2047, 2048, 2049, 4095, 4096, 4097, 6143, 6144, 6145, 2 ** 16, 2 ** 17 - 1, 2 ** 17];
    for (const kernel of kernels()) {
      for (const n of [...sizes, ...Array.from({ length: 12 }, () => random(2 ** 17))]) {
        const pieces: Uint8Array[] = [];
        for (let at = 0; at < n; ) {
          const end = Math.min(n, at + random(random(2) === 0 ? 5000 : 50));
          pieces.push(leaves.subarray(32 * at, 32 * end));
          at = end;
        }
        expect(toHex(rootOf(kernel, pieces))).toBe(toHex(tree.root(0, n)));
      }
    }
  });

  it('2^22 leaves and some more, their perfect part by doubling', () => {
    const piece = new Uint8Array(32 * 2 ** 16).fill(7);
    let perfect: Uint8Array = piece.subarray(0, 32);
    for (let i = 0; i < 22; i++) perfect = digest(Uint8Array.of(1), perfect, perfect);
    const kernel = startMerkleKernel();
    const range = CompactRange.empty();
    for (let i = 0; i < 2 ** 6; i++) appendMany(range, piece, kernel);
    expect(toHex(range.root())).toBe(toHex(perfect));
    const rest = randomBytes(32 * 3);
    appendMany(range, rest, kernel);
    const right = new Tree(rest).root(0, 3);
    expect(toHex(range.root())).toBe(toHex(digest(Uint8Array.of(1), perfect, right)));
  });

  it('ranges side by side, whose roots are asked for between appends, do not meet', () => {
    const leaves = randomBytes(32 * 9000);
    const tree = new Tree(leaves);
    const kernel = startMerkleKernel();
    const sides = [0, 1, 2].map((begin) => ({ range: CompactRange.empty(), begin, end: begin }));
    for (let round = 0; round < 200; round++) {
      const one = sides[random(3)];
      const count = Math.min(random(120), 9000 - one.end);
      appendMany(one.range, leaves.subarray(32 * one.end, 32 * (one.end + count)), kernel);
      one.end += count;
      if (random(3) === 0) expect(toHex(one.range.root())).toBe(toHex(tree.root(one.begin, one.end)));
    }
    for (const { range, begin, end } of sides) expect(toHex(range.root())).toBe(toHex(tree.root(begin, end)));
  });

  it('a range that begins anywhere: the hashes of single appends, whatever the pieces', () => {
    const kernel = startMerkleKernel();
    for (const begin of [0, 1, 7, 2047, 2048, 2049, 2 ** 31 - 1, 2 ** 40 + 1000]) {
      const leaves = packedLeaves(begin, begin + 5000);
      const single = CompactRange.empty(begin);
      const many = [plainSubtrees, kernel].map((subtrees) => ({ subtrees, range: CompactRange.empty(begin) }));
      for (let at = 0; at < 5000; ) {
        const end = Math.min(5000, at + random(2500));
        for (let i = at; i < end; i++) single.append(leaves.subarray(32 * i, 32 * (i + 1)));
        for (const { range, subtrees } of many) {
          appendMany(range, leaves.subarray(32 * at, 32 * end), subtrees);
          expect(range.hashes.map(toHex)).toEqual(single.hashes.map(toHex));
          expect(range.end).toBe(begin + end);
        }
        at = end;
      }
    }
  });

  it('leaves that are no whole number of hashes, none, or too many for one call, are refused', () => {
    for (const subtrees of kernels()) {
      for (const length of [1, 31, 33, 65]) {
        const range = CompactRange.empty();
        expect(() => appendMany(range, new Uint8Array(length), subtrees)).toThrow(RangeError);
        expect(range.end).toBe(0);
      }
      for (const length of [0, 31, 33, 32 * (subtrees.maxLeaves + 1)])
        expect(() => subtrees.rootOf(new Uint8Array(length))).toThrow(RangeError);
      const range = CompactRange.empty(2 ** 53 - 2);
      expect(() => appendMany(range, new Uint8Array(64), subtrees)).toThrow(RangeError);
      expect([range.end, range.hashes]).toEqual([2 ** 53 - 2, []]);
    }
  });

  it.skipIf(!hasShared)('the reference tree: nine roots, leaves hashed by four lanes', () => {
    const file = sharedJson<{ leaves: string[]; leafHashes: string[]; roots: string[] }>(
      'vectors/merkle/reference-tree.json',
    );
    expect(file.roots).toHaveLength(9);
    for (const [i, k] of builds.entries()) {
      const view = new DataView(k.bytes.buffer, k.at('JOBS'));
      for (const [j, leaf] of file.leaves.entries()) {
        const message = concatBytes(Uint8Array.of(0), fromHex(leaf));
        const at = k.at('MESSAGE') + 200 * j;
        k.bytes.set(message, at);
        const padding = k.call('pad', at + message.length, message.length, k.at('SAVED'));
        const job = [at, (message.length + padding) / 64, k.at('NODES') + 32 * j];
        for (const [word, value] of job.entries()) view.setUint32(12 * j + 4 * word, value, true);
      }
      expect(k.call('hashJobs', 8)).toBe(1);
      const hashes = k.read(k.at('NODES'), 8 * 32);
      expect(toHex(hashes)).toBe(file.leafHashes.join(''));
      const kernel = startMerkleKernel(wasms[i]);
      for (const [n, root] of file.roots.entries())
        expect(toHex(rootOf(kernel, [hashes.subarray(0, 32 * n)]))).toBe(root);
    }
  });
});
