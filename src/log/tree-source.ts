import type { Disk } from '../base/ports.ts';
import type { TreeSource } from './believe.ts';
import type { GrowingTiles } from './checkpointer.ts';
import { leafHashes } from './leaf-hashes.ts';
import { TileStore } from './tile-store.ts';

/** @returns the tree of a log in its folder: from its tiles, which are written as it grows, and from its segments where they are not. */
export function treeOnDisk(disk: Disk): TreeSource & GrowingTiles {
  const tiles = TileStore.open(disk, leafHashes(disk));
  return {
    range: (size) => tiles.range(size),
    async rebuild(size) {
      await tiles.rebuild(size);
      return tiles.range(size);
    },
    extend: (size) => tiles.extend(size),
  };
}
