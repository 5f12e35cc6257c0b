import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../src/base/bytes.ts';
import { verifyConsistency, verifyInclusion } from '../../src/checkpoint/proof.ts';
import { hashLeaf } from '../../src/checkpoint/tree-hash.ts';
import { leafHashes } from '../../src/log/leaf-hashes.ts';
import type { Log } from '../../src/log/log.ts';
import { openTiles } from '../../src/log/open.ts';
import { proveConsistency, proveInclusion } from '../../src/log/prove.ts';
import { TileStore } from '../../src/log/tile-store.ts';
import { readLineHead } from '../../src/receipt/receipt.ts';
import { PlainTree } from '../checkpoint/plain-tree.ts';
import { verdictOf } from './derive.ts';
import { asWriter, folderPlace, withoutCheckpoints } from './places.ts';
import { fastSigner, fastVerifier } from './signers.ts';

/*
 * A log in a folder of this machine, its tiles and its proofs, with nothing made up between the line and the proof.
 */

let place: ReturnType<typeof folderPlace>;
let log: Log;
beforeEach(async () => {
  place = folderPlace();
  log = await place.create({ mode: 'batch', segmentBytes: 30_000, ...asWriter, ...withoutCheckpoints });
});
afterEach(async () => {
  await log.close();
  place.dispose();
});

async function grow(count: number): Promise<void> {
  for (let at = 0; at < count; at += 50)
    await log.appendBatch(
      Array.from({ length: Math.min(50, count - at) }, (_, i) => ({ type: 'custom', data: at + i })),
    );
}

/** Entry bytes of every line: what somebody who has one receipt has. */
async function entries(): Promise<Uint8Array[]> {
  const out: Uint8Array[] = [];
  for await (const { line } of log.receipts()) out.push(readLineHead(line).entryBytes);
  return out;
}

describe('proofs of a log on a disk', () => {
  it('of every entry of 600 at several sizes, checked from the entry’s own bytes', async () => {
    await grow(599);
    const all = await entries();
    const tree = new PlainTree((i) => hashLeaf(all[i]!));
    await TileStore.open(place.disk, leafHashes(place.disk)).extend(600);
    expect(await place.disk.list('tiles/0')).toEqual(['000', '001']);
    const tiles = await openTiles(place.dir);
    for (const size of [1, 2, 255, 256, 257, 511, 512, 600]) {
      const root = tree.root(0, size);
      for (let seq = 0; seq < size; seq += 1 + (size >> 5)) {
        const { path, leafHash } = await proveInclusion(tiles, seq, size, root);
        expect(verifyInclusion(seq, size, hashLeaf(all[seq]!), path, root)).toBe(true);
        expect(toHex(leafHash)).toBe((await log.get(seq))!.receipt.hash);
      }
      const { path } = await proveConsistency(tiles, size, 600, root, tree.root(0, 600));
      expect(verifyConsistency(size, 600, root, tree.root(0, 600), path)).toBe(true);
    }
  });

  it('while the log grows: a store that was there before, and one that a writer extends', async () => {
    const tiles = await openTiles(place.dir);
    const written = TileStore.open(place.disk, leafHashes(place.disk));
    let size1 = 0;
    let root1: Uint8Array = new Uint8Array(32);
    for (const count of [1, 100, 155, 300, 500]) {
      await grow(count);
      const { size, hash } = log.head();
      await written.extend(size);
      const { path, leafHash, root } = await proveInclusion(tiles, size - 1, size);
      expect(toHex(leafHash)).toBe(hash);
      expect(verifyInclusion(size - 1, size, fromHex(hash), path, root)).toBe(true);
      expect(toHex((await written.range(size)).root())).toBe(toHex(root));
      if (size1 > 0) {
        const growth = await proveConsistency(tiles, size1, size, root1, root);
        expect(verifyConsistency(size1, size, root1, root, growth.path)).toBe(true);
      }
      [size1, root1] = [size, root];
    }
  });

  it('a log without tiles has proofs, and proving writes nothing', async () => {
    await grow(300);
    const before = await place.disk.list('');
    const { path, leafHash, root } = await proveInclusion(await openTiles(place.dir), 7, 300);
    expect(verifyInclusion(7, 300, leafHash, path, root)).toBe(true);
    expect(await place.disk.list('')).toEqual(before);
  });

  it('tiles do not stand in the way of opening, recovering and verifying the log', async () => {
    await grow(300);
    await TileStore.open(place.disk, leafHashes(place.disk)).extend(300);
    await log.close();
    log = await place.open(asWriter);
    await grow(1);
    expect((await verdictOf(log, fastSigner().publicKey, fastVerifier)).verdict).toBe('valid');
  });

  it('an entry that is not there, a root of another log, and a folder that is none', async () => {
    await grow(10);
    const tiles = await openTiles(place.dir);
    await expect(proveInclusion(tiles, 11, 12)).rejects.toMatchObject({ code: 'ENTRY_NOT_FOUND' });
    await expect(proveInclusion(tiles, 3, 11, new Uint8Array(32))).rejects.toMatchObject({
      code: 'LOG_DAMAGED',
      next: ['perdure verify'],
    });
    await expect(openTiles(`${place.dir}/segments`)).rejects.toMatchObject({ code: 'LOG_NOT_FOUND' });
  });
});
