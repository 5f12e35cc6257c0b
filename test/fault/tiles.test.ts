import { beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { isReceiptError } from '../../src/base/errors.ts';
import type { Disk } from '../../src/base/ports.ts';
import { parseTilePath, TILE_BYTES } from '../../src/checkpoint/tiles.ts';
import type { SubtreeHash } from '../../src/crypto/hash.ts';
import { startMerkleKernel } from '../../src/crypto/wasm-hash.ts';
import type { LeafHashes } from '../../src/log/leaf-hashes.ts';
import { proveInclusion } from '../../src/log/prove.ts';
import { TileStore } from '../../src/log/tile-store.ts';
import { PlainTree, packedLeaves } from '../checkpoint/plain-tree.ts';
import { diskError, faultyDisk, type When } from './faulty-disk.ts';
import { ModelDisk, type Moment, POWER_LOSSES } from './model-disk.ts';

/*
 * Tiles after a kill, a power loss or a failed operation at any moment of extend and of rebuild: what bears a tile's name is that tile,
 * byte for byte; every answer is right; and the next extend brings the missing ones back.
 */

/** Sizes of the growth: up to the first tile of level 1 and a little beyond, where folders and levels begin. */
const STEPS = [100, 600, 65_000, 65_600];
const LAST = STEPS.at(-1)!;

let packed: Uint8Array;
let tree: PlainTree;
let subtrees: SubtreeHash;
beforeAll(() => {
  packed = packedLeaves(0, LAST);
  tree = new PlainTree((i) => packed.slice(32 * i, 32 * (i + 1)));
  subtrees = startMerkleKernel();
});

const leaves: LeafHashes = async function* (begin, end) {
  yield packed.subarray(32 * begin, 32 * end);
};

const open = (disk: Disk, writes = true): TileStore => TileStore.open(disk, leaves, { subtrees, writes });

async function grow(disk: Disk, steps: readonly number[]): Promise<void> {
  const store = open(disk);
  for (const size of steps) await store.extend(size);
}

/** Every file below a folder, its bytes and its path. */
async function* filesOf(disk: Disk, folder = 'tiles'): AsyncGenerator<[path: string, bytes: Uint8Array]> {
  for (const name of await disk.list(folder)) {
    const path = `${folder}/${name}`;
    const size = await disk.size(path);
    if (size === null) yield* filesOf(disk, path);
    else yield [path.slice('tiles/'.length), await disk.read(path, 0, size)];
  }
}

/** @returns how many tiles there are; each is whole and right. */
async function tilesAreRight(disk: Disk, where: string): Promise<number> {
  let count = 0;
  for await (const [path, bytes] of filesOf(disk)) {
    if (path === 'unfinished') continue;
    const tile = parseTilePath(path);
    if (tile === null || bytes.length !== TILE_BYTES) throw new Error(`${where}: ${path} is no tile`);
    const leavesBelow = 256 ** (tile.level + 1);
    const expected = tree.root(tile.index * leavesBelow, (tile.index + 1) * leavesBelow);
    if (toHex(subtrees.rootOf(bytes)) !== toHex(expected)) throw new Error(`${where}: ${path} is wrong`);
    count++;
  }
  return count;
}

async function answersAreRight(disk: Disk, where: string): Promise<void> {
  const store = open(disk, false);
  for (const size of [600, LAST]) {
    const root = tree.root(0, size);
    expect(toHex((await store.range(size)).root()), where).toBe(toHex(root));
    expect(toHex((await proveInclusion(store, 300, size, root)).root), where).toBe(toHex(root));
  }
}

/** All moments at which the power may fail while `run` works, thinned where hundreds are alike. */
async function moments(disk: ModelDisk, run: () => Promise<void>): Promise<{ moment: Moment; operation: string }[]> {
  const all: { moment: Moment; operation: string }[] = [];
  let alike = 0;
  disk.onMoment = (moment, operation) => {
    // Of the 250 tiles of level 0 in one go, some; folders, levels, name syncs and what stands around them always.
    if (!/unfinished/.test(operation) || alike++ % 97 < 9) all.push({ moment, operation });
  };
  await run();
  disk.onMoment = null;
  return all;
}

async function modelDisk(): Promise<ModelDisk> {
  const disk = new ModelDisk();
  await disk.makeDir('');
  return disk;
}

describe('tiles and faults', () => {
  it('a power loss or a kill at any moment of extend: right answers, whole tiles, and all of them after the next extend', async () => {
    const disk = await modelDisk();
    const all = await moments(disk, () => grow(disk, STEPS));
    expect(all.length).toBeGreaterThan(100);
    let fewer = 0;
    for (const [i, { moment, operation }] of all.entries()) {
      const losses = POWER_LOSSES.filter(({ contents }) => contents !== 'kept');
      // Each moment in one of three ways, next to it in another.
      const after = [
        () => ModelDisk.after(moment, losses[Math.floor(i / 3) % losses.length]!),
        () => ModelDisk.after(moment, { contents: 'zeros', names: 'as seen' }),
        () => ModelDisk.afterKill(moment, i % 2 === 0 ? 'kept' : 'first half'),
      ][i % 3]!();
      const where = `${operation}, moment ${i}`;
      if ((await tilesAreRight(after, where)) < 257) fewer++;
      if (i % 4 === 0) await answersAreRight(after, where);
      await grow(after, [LAST]);
      expect(await tilesAreRight(after, where), where).toBe(257);
      expect(await after.list('tiles'), where).toEqual(['0', '1']);
    }
    // The model does take tiles away.
    expect(fewer).toBeGreaterThan(50);
  });

  it('the same of a rebuild over spoiled tiles', async () => {
    const disk = await modelDisk();
    await grow(disk, [2000]);
    for (const name of ['001', '004']) {
      await disk.remove(`tiles/0/${name}`);
      const file = await disk.create(`tiles/0/${name}`);
      await file.write(new Uint8Array(TILE_BYTES).fill(5));
      await file.sync();
    }
    await disk.syncDir('tiles/0');
    const root = tree.root(0, 2000);
    const all = await moments(disk, async () => void (await open(disk).range(2000, root)));
    expect(all.length).toBeGreaterThan(8);
    expect(await tilesAreRight(disk, 'at the end')).toBe(7);
    for (const { moment } of all) {
      for (const loss of POWER_LOSSES) {
        const after = ModelDisk.after(moment, loss);
        expect(toHex((await open(after).range(2000, root)).root())).toBe(toHex(root));
        expect(await tilesAreRight(after, 'made anew')).toBe(7);
      }
    }
  });

  it('an operation that fails, before it did anything, half way, or after: the same store goes on, and so does a new one', async () => {
    const count = async (): Promise<number> => {
      const disk = faultyDisk(await modelDisk(), null);
      await grow(disk, [100, 600, 1500]);
      return disk.operations.length;
    };
    const operations = await count();
    expect(operations).toBeGreaterThan(20);
    for (let operation = 1; operation <= operations; operation++) {
      for (const when of ['before', 'half', 'after'] satisfies When[]) {
        const where = `operation ${operation} failed ${when}`;
        const model = await modelDisk();
        const disk = faultyDisk(model, { operation, when });
        const store = open(disk);
        let failures = 0;
        for (const size of [100, 600, 1500]) {
          await store.extend(size).catch((error: unknown) => {
            if (!isReceiptError(error, 'IO')) throw error;
            failures++;
          });
        }
        expect(failures, where).toBe(1);
        await tilesAreRight(model, where);
        expect(toHex((await store.range(1500)).root()), where).toBe(toHex(tree.root(0, 1500)));
        await store.extend(1500);
        expect(await tilesAreRight(model, where), where).toBe(5);
        await grow(model, [1600]);
        expect(await tilesAreRight(model, where), where).toBe(6);
        // On disk for good: a power loss now takes nothing.
        const after = ModelDisk.after(model.moment(), { contents: 'dropped', names: 'as synced' });
        expect(await tilesAreRight(after, where), where).toBe(6);
      }
    }
  });

  it('a read that fails is an error, never an answer', async () => {
    const disk = await modelDisk();
    await grow(disk, [1000]);
    const failing: Disk = {
      ...boundTo(disk),
      read: async (path) => {
        throw diskError(path);
      },
    };
    const store = open(failing, false);
    await expect(store.node(0, 0, 1000)).rejects.toMatchObject({ code: 'IO' });
    await expect(proveInclusion(store, 0, 1000, tree.root(0, 1000))).rejects.toMatchObject({ code: 'IO' });
  });
});

/** The methods of a class instance as an object's own. */
function boundTo(disk: ModelDisk): Disk {
  return {
    name: disk.name,
    list: (folder) => disk.list(folder),
    size: (path) => disk.size(path),
    read: (path, begin, end) => disk.read(path, begin, end),
    create: (path) => disk.create(path),
    open: (path) => disk.open(path),
    truncate: (path, size) => disk.truncate(path, size),
    rename: (from, to) => disk.rename(from, to),
    remove: (path) => disk.remove(path),
    makeDir: (folder) => disk.makeDir(folder),
    syncDir: (folder) => disk.syncDir(folder),
    lock: () => disk.lock(),
  };
}
