import { concatBytes } from '../base/bytes.ts';
import type { Disk } from '../base/ports.ts';
import { TILE_WIDTH } from '../checkpoint/tiles.ts';
import type { TreeSource } from './believe.ts';
import type { GrowingTiles } from './checkpointer.ts';
import { type LeafHashes, leafHashes } from './leaf-hashes.ts';
import { TileStore } from './tile-store.ts';

/** Hashes of new entries kept until a tile holds them: 2 MiB. Where a log goes on longer without a checkpoint they are read from it. */
const MAX_RECENT = 65_536;

/**
 * @returns the tree of a log in its folder: from its tiles, which are written as it grows, and from its segments where they are not.
 * Tiles of new entries are made of the hashes that their writer hands over, so nothing is read back.
 */
export function treeOnDisk(disk: Disk): TreeSource & GrowingTiles {
  const stored = leafHashes(disk);
  let first = 0;
  let recent: Uint8Array[] = [];
  const leaves: LeafHashes = (begin, end) =>
    begin < first || end > first + recent.length
      ? stored(begin, end)
      : (async function* () {
          yield concatBytes(...recent.slice(begin - first, end - first));
        })();
  const tiles = TileStore.open(disk, leaves);
  return {
    range: (size) => tiles.range(size),
    async rebuild(size) {
      await tiles.rebuild(size);
      return tiles.range(size);
    },
    take(seq, hashes) {
      if (seq !== first + recent.length || recent.length + hashes.length > MAX_RECENT) {
        first = seq;
        recent = [];
      }
      for (const hash of hashes) recent.push(hash);
    },
    async extend(size) {
      await tiles.extend(size);
      const tiled = size - (size % TILE_WIDTH);
      if (tiled <= first) return;
      recent = recent.slice(tiled - first);
      first = tiled;
    },
  };
}
