import { beforeAll, describe, expect, it } from 'vitest';
import { concatBytes, toHex } from '../../src/base/bytes.ts';
import type { Disk } from '../../src/base/ports.ts';
import { verifyConsistency, verifyInclusion } from '../../src/checkpoint/proof.ts';
import { parseTilePath, TILE_BYTES, tilePath } from '../../src/checkpoint/tiles.ts';
import type { SubtreeHash } from '../../src/crypto/hash.ts';
import { startMerkleKernel } from '../../src/crypto/wasm-hash.ts';
import type { LeafHashes } from '../../src/log/leaf-hashes.ts';
import { memoryDisk } from '../../src/log/memory.ts';
import { proveConsistency, proveInclusion } from '../../src/log/prove.ts';
import { TileStore } from '../../src/log/tile-store.ts';
import { PlainTree, packedLeaves } from '../checkpoint/plain-tree.ts';
import { seeded } from '../twin/kernels.ts';

const MOST = 70_000;
let packed: Uint8Array;
let tree: PlainTree;
let subtrees: SubtreeHash;
beforeAll(() => {
  packed = packedLeaves(0, MOST);
  tree = new PlainTree((i) => packed.slice(32 * i, 32 * (i + 1)));
  subtrees = startMerkleKernel();
});

/** Leaves in pieces of odd sizes; counts how many were asked for. */
function source(): { leaves: LeafHashes; asked: () => number } {
  let asked = 0;
  return {
    asked: () => asked,
    async *leaves(begin, end) {
      asked += end - begin;
      for (let at = begin; at < end; ) {
        const next = Math.min(end, at + 1 + ((at * 7) % 1500));
        yield packed.subarray(32 * at, 32 * next);
        at = next;
      }
    },
  };
}

async function emptyDisk(): Promise<Disk> {
  const disk = memoryDisk();
  await disk.makeDir('');
  return disk;
}

/** Every tile file there is, by its C2SP path; anything that is no tile by its name. */
async function filesOf(disk: Disk, folder = 'tiles'): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  for (const name of await disk.list(folder)) {
    const path = `${folder}/${name}`;
    const size = await disk.size(path);
    if (size !== null) found.set(path.slice('tiles/'.length), await disk.read(path, 0, size));
    else for (const [below, bytes] of await filesOf(disk, path)) found.set(below, bytes);
  }
  return found;
}

/** What the specification wants in the full tiles of `size` leaves. */
function expectedFiles(size: number): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (let level = 0; 256 ** (level + 1) <= size; level++) {
    const leaves = 256 ** level;
    for (let index = 0; (index + 1) * 256 * leaves <= size; index++) {
      const hashes = Array.from({ length: 256 }, (_, i) => {
        const first = (index * 256 + i) * leaves;
        return tree.root(first, first + leaves);
      });
      files.set(tilePath({ level, index, width: 256 }), concatBytes(...hashes));
    }
  }
  return files;
}

async function replace(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  await disk.remove(path);
  const file = await disk.create(path);
  await file.write(bytes);
  await file.close();
}

const flipped = (bytes: Uint8Array, at: number): Uint8Array => {
  const out = bytes.slice();
  out[at]! ^= 1;
  return out;
};

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'nothing thrown',
    (error: { code?: string; name: string }) => error.code ?? error.name,
  );

describe('files', () => {
  it('the full tiles of C2SP and nothing else, however the log grew to 70,000', async () => {
    const random = seeded(0x7111);
    for (const steps of [1, 2, 40]) {
      const disk = await emptyDisk();
      const { leaves, asked } = source();
      let store = TileStore.open(disk, leaves, { subtrees });
      const sizes = Array.from({ length: steps - 1 }, () => random(MOST)).sort((a, b) => a - b);
      for (const size of [...sizes, MOST]) {
        await store.extend(size);
        // Another process goes on now and then.
        if (random(3) === 0) store = TileStore.open(disk, leaves, { subtrees });
      }
      const files = await filesOf(disk);
      const expected = expectedFiles(MOST);
      expect([...files.keys()].sort()).toEqual([...expected.keys()].sort());
      expect(files.size).toBe(274);
      for (const [path, bytes] of files) {
        expect(parseTilePath(path)).not.toBeNull();
        expect(toHex(bytes)).toBe(toHex(expected.get(path)!));
      }
      // Each leaf is read once, when its tile becomes full.
      expect(asked()).toBe(273 * 256);
    }
  });

  it('extend again, or to less, writes and reads nothing', async () => {
    const disk = await emptyDisk();
    const { leaves, asked } = source();
    const store = TileStore.open(disk, leaves);
    await store.extend(1000);
    const before = asked();
    await Promise.all([store.extend(1000), store.extend(3), store.extend(0), store.extend(1023)]);
    expect(asked()).toBe(before);
    await store.extend(1024);
    expect(asked()).toBe(1024);
  });

  it('extends called at once are done one after the other', async () => {
    const disk = await emptyDisk();
    const { leaves, asked } = source();
    const store = TileStore.open(disk, leaves);
    await Promise.all([300, 2000, 700, 5000].map((size) => store.extend(size)));
    expect([...(await filesOf(disk)).keys()].sort()).toEqual([...expectedFiles(5000).keys()].sort());
    expect(asked()).toBe(19 * 256);
  });

  it('a store for reading writes nothing, whatever it is asked', async () => {
    const disk = await emptyDisk();
    const store = TileStore.open(disk, source().leaves, { writes: false });
    expect(await codeOf(store.extend(1000))).toBe('TypeError');
    expect(toHex((await store.range(1000)).root())).toBe(toHex(tree.root(0, 1000)));
    await store.rebuild(1000);
    expect(await disk.list('')).toEqual([]);
  });
});

describe('nodes', () => {
  it('the same from tiles, from leaves alone, and from both, at sizes around every border', async () => {
    const disk = await emptyDisk();
    await TileStore.open(disk, source().leaves, { subtrees }).extend(66_000);
    const random = seeded(0x40de);
    const stores = [
      TileStore.open(disk, source().leaves, { subtrees, writes: false }),
      TileStore.open(await emptyDisk(), source().leaves, { subtrees, writes: false }),
      TileStore.open(disk, source().leaves, { writes: false, cachedTiles: 3 }),
    ];
    for (const size of [1, 2, 255, 256, 257, 511, 65_535, 65_536, 65_537, 65_792, 66_000, MOST]) {
      for (const store of stores) {
        expect(toHex((await store.range(size)).root()), `size ${size}`).toBe(toHex(tree.root(0, size)));
        for (let round = 0; round < 8; round++) {
          const level = random(Math.floor(Math.log2(size)) + 1);
          const index = random(Math.floor(size / 2 ** level));
          const node = await store.node(level, index, size);
          expect(toHex(node)).toBe(toHex(tree.root(index * 2 ** level, (index + 1) * 2 ** level)));
          node.fill(0);
        }
      }
    }
  });

  it('what is given out is the caller’s own', async () => {
    const store = TileStore.open(await emptyDisk(), source().leaves);
    for (const level of [0, 3]) {
      (await store.node(level, 0, 300)).fill(0);
      expect(toHex(await store.node(level, 0, 300))).toBe(toHex(tree.root(0, 2 ** level)));
    }
  });

  it('refuses nodes that are not perfect at that size: RangeError', async () => {
    const store = TileStore.open(await emptyDisk(), source().leaves);
    const bad = [
      [0, 0, 0],
      [0, 5, 5],
      [3, 0, 7],
      [1, 2, 5],
      [-1, 0, 5],
      [0, -1, 5],
      [0.5, 0, 5],
      [0, 0, -1],
      [0, 0, 2 ** 53],
    ] as const;
    for (const [level, index, size] of bad) expect(await codeOf(store.node(level, index, size))).toBe('RangeError');
  });

  it('a growing log reads its last leaves once', async () => {
    const { leaves, asked } = source();
    const store = TileStore.open(await emptyDisk(), leaves);
    for (let size = 1; size <= 600; size++)
      expect(toHex((await store.range(size)).root())).toBe(toHex(tree.root(0, size)));
    expect(asked()).toBe(600);
  });

  it('leaves that fail are asked for again the next time', async () => {
    let broken = true;
    const { leaves } = source();
    const store = TileStore.open(await emptyDisk(), (begin, end) => {
      if (broken) throw new TypeError('no leaves today');
      return leaves(begin, end);
    });
    expect(await codeOf(store.range(10))).toBe('TypeError');
    expect(await codeOf(store.extend(300))).toBe('TypeError');
    broken = false;
    expect(toHex((await store.range(10)).root())).toBe(toHex(tree.root(0, 10)));
    await store.extend(300);
  });

  it('leaves that end early are an error, not zeros', async () => {
    const short = TileStore.open(await emptyDisk(), async function* () {
      yield packed.subarray(0, 64);
    });
    expect(await codeOf(short.range(3))).toBe('RangeError');
    expect(await codeOf(short.extend(256))).toBe('RangeError');
  });
});

describe('proofs', () => {
  it('from tiles, for random entries and sizes, accepted by the verifiers', async () => {
    const disk = await emptyDisk();
    await TileStore.open(disk, source().leaves, { subtrees }).extend(MOST);
    const { leaves, asked } = source();
    const store = TileStore.open(disk, leaves, { subtrees, writes: false });
    const random = seeded(0x94);
    for (let round = 0; round < 60; round++) {
      const size = 1 + random(MOST);
      const seq = random(size);
      const root = tree.root(0, size);
      const proof = await proveInclusion(store, seq, size, round % 2 === 0 ? root : undefined);
      expect(toHex(proof.root)).toBe(toHex(root));
      expect(proof.path.map(toHex)).toEqual(tree.path(seq, 0, size).map(toHex));
      expect(verifyInclusion(seq, size, packed.slice(32 * seq, 32 * seq + 32), proof.path, root)).toBe(true);
      const size1 = 1 + random(size);
      const consistency = await proveConsistency(store, size1, size);
      expect(consistency.path.map(toHex)).toEqual(tree.subproof(size1, 0, size).map(toHex));
      expect(verifyConsistency(size1, size, tree.root(0, size1), root, consistency.path)).toBe(true);
    }
    // Nothing but the tile at the end, which is not full at 70,000, comes from the log.
    expect(asked()).toBeLessThan(256);
  });

  it('refuses places that do not exist: RangeError', async () => {
    const store = TileStore.open(await emptyDisk(), source().leaves);
    for (const [seq, size] of [
      [0, 0],
      [5, 5],
      [-1, 5],
      [0.5, 5],
    ] as const)
      expect(await codeOf(proveInclusion(store, seq, size))).toBe('RangeError');
    for (const [size1, size2] of [
      [0, 5],
      [6, 5],
      [1, 2 ** 53],
    ] as const)
      expect(await codeOf(proveConsistency(store, size1, size2))).toBe('RangeError');
  });
});

describe('tiles are never trusted', () => {
  /** Ways to spoil a file; the name says how it is found. */
  const SPOILS: [string, (bytes: Uint8Array) => Uint8Array | null][] = [
    ['removed', () => null],
    ['empty', () => new Uint8Array(0)],
    ['truncated', (bytes) => bytes.slice(0, -1)],
    ['longer', (bytes) => concatBytes(bytes, Uint8Array.of(0))],
    ['first bit changed', (bytes) => flipped(bytes, 0)],
    ['last bit changed', (bytes) => flipped(bytes, TILE_BYTES - 1)],
    ['zeros', () => new Uint8Array(TILE_BYTES)],
    ['another tile', () => packed.slice(32 * 1000, 32 * 1256)],
  ];

  it.each(SPOILS)('%s: found by a given root, made anew, and on disk again as it was', async (_, spoil) => {
    const size = 66_500;
    const root = tree.root(0, size);
    const good = await emptyDisk();
    await TileStore.open(good, source().leaves, { subtrees }).extend(size);
    const files = await filesOf(good);
    for (const path of ['0/000', '0/131', '0/258', '1/000']) {
      for (const writes of [true, false]) {
        const bytes = files.get(path)!;
        const spoiled = spoil(bytes);
        if (spoiled === null) await good.remove(`tiles/${path}`);
        else await replace(good, `tiles/${path}`, spoiled);
        const store = TileStore.open(good, source().leaves, { subtrees, writes });
        const proof = await proveInclusion(store, 131 * 256 + 9, size, root);
        expect(verifyInclusion(131 * 256 + 9, size, proof.leafHash, proof.path, root)).toBe(true);
        expect(toHex((await store.range(size, root)).root())).toBe(toHex(root));
        expect((await proveConsistency(store, 300, size, tree.root(0, 300), root)).path.length).toBeGreaterThan(3);
        if (writes) {
          await store.extend(size);
          if ((await good.size(`tiles/${path}`)) !== TILE_BYTES || !(await same(good, path, bytes))) {
            // What no proof of these needed stays as it is until somebody finds it: all of them are checked here.
            await store.rebuild(size);
          }
          expect(await same(good, path, bytes), path).toBe(true);
        } else {
          // Opened for reading: right answers, nothing changed on disk. For the next round it is put right.
          const left = await good.size(`tiles/${path}`);
          expect(left).toBe(spoiled === null ? null : spoiled.length);
          if (spoiled === null) await (await good.create(`tiles/${path}`)).write(bytes);
          else await replace(good, `tiles/${path}`, bytes);
        }
      }
    }
    expect([...(await filesOf(good)).keys()].sort()).toEqual([...files.keys()].sort());
  });

  async function same(disk: Disk, path: string, bytes: Uint8Array): Promise<boolean> {
    const size = (await disk.size(`tiles/${path}`)) ?? 0;
    return toHex(await disk.read(`tiles/${path}`, 0, size)) === toHex(bytes);
  }

  it('without a root: a tile that does not fit the one above it is found all the same', async () => {
    const disk = await emptyDisk();
    await TileStore.open(disk, source().leaves, { subtrees }).extend(66_500);
    const bytes = await disk.read('tiles/0/131', 0, TILE_BYTES);
    await replace(disk, 'tiles/0/131', flipped(bytes, 40));
    const store = TileStore.open(disk, source().leaves, { subtrees });
    const proof = await proveInclusion(store, 131 * 256 + 9, 66_500);
    expect(toHex(proof.root)).toBe(toHex(tree.root(0, 66_500)));
    expect(await same(disk, '0/131', bytes)).toBe(true);
  });

  it('only what differs is written', async () => {
    const disk = await emptyDisk();
    await TileStore.open(disk, source().leaves, { subtrees }).extend(66_500);
    await replace(disk, 'tiles/0/007', new Uint8Array(TILE_BYTES));
    const renamed: string[] = [];
    const watched: Disk = {
      ...disk,
      async rename(from, to) {
        renamed.push(to);
        await disk.rename(from, to);
      },
    };
    await TileStore.open(watched, source().leaves, { subtrees }).rebuild(66_500);
    expect(renamed).toEqual(['tiles/0/007']);
  });

  it('a root that is not the log’s: LOG_DAMAGED after a look at the whole log, the next time at once; tiles that go bad later are still found', async () => {
    const disk = await emptyDisk();
    const { leaves, asked } = source();
    const store = TileStore.open(disk, leaves, { subtrees });
    await store.extend(5000);
    const before = asked();
    const other = tree.root(0, 4999);
    for (let round = 0; round < 3; round++) {
      expect(await codeOf(proveInclusion(store, 7, 5000, other))).toBe('LOG_DAMAGED');
      expect(await codeOf(store.range(5000, other))).toBe('LOG_DAMAGED');
      expect(await codeOf(proveConsistency(store, 300, 5000, other))).toBe('LOG_DAMAGED');
    }
    // Two questions read the log: this root at 5,000, and at 300.
    expect(asked() - before).toBeLessThan(2 * 5000 + 3 * 256);
    await replace(disk, 'tiles/0/000', new Uint8Array(TILE_BYTES));
    const later = TileStore.open(disk, leaves, { subtrees, cachedTiles: 1 });
    expect(await codeOf(later.range(5000, other))).toBe('LOG_DAMAGED');
    for (const tile of ['0/000', '0/003', '0/000']) {
      await replace(disk, `tiles/${tile}`, new Uint8Array(TILE_BYTES));
      for (let seq = 0; seq < 1024; seq += 256)
        expect((await proveInclusion(later, seq, 5000, tree.root(0, 5000))).index).toBe(seq);
    }
    expect(toHex((await store.range(5000)).root())).toBe(toHex(tree.root(0, 5000)));
  });
});
