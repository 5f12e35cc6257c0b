import { isSize } from './nodes.ts';
import { HASH_BYTES } from './tree-hash.ts';

/**
 * Where hashes stand in tiles of 256, as C2SP tlog-tiles lays them out: the n-th tile of tile level l holds the roots of 256 perfect
 * subtrees of 256^l leaves each, from leaf n * 256^(l + 1) on. Of the levels of the tree every eighth is stored.
 *
 *     tree level 16   tile level 2   one hash for 65,536 leaves
 *     tree level  8   tile level 1   one hash for 256 leaves: the root of a full tile of level 0
 *     tree level  0   tile level 0   leaf hashes
 *
 * Paths are C2SP's without the leading `tile/`: the log folder keeps them under `tiles/`, and whoever serves a log maps one folder. Entry
 * bundles are not part of it: the segments are the entries.
 * @see https://c2sp.org/tlog-tiles, section "Merkle Tree"
 */

/** Hashes of a full tile. */
export const TILE_WIDTH = 256;
/** Bytes of a full tile. */
export const TILE_BYTES = TILE_WIDTH * HASH_BYTES;
/** Levels of the tree in one tile: 2^8 = 256. */
const TILE_HEIGHT = 8;
/** The highest tile level of a tree of 2^53 - 1 leaves; C2SP allows 63. */
const MAX_TILE_LEVEL = 6;

/** A tile, full or the first `width` hashes of one. */
export interface Tile {
  /** Tile level, 0 the leaves. */
  readonly level: number;
  /** Place within its level. */
  readonly index: number;
  /** 1 to 256; 256 is a full tile. */
  readonly width: number;
}

/** Where a node of the tree stands: it is the root of `count` hashes of a tile, from the `begin`-th on; count 1 is the hash itself. */
export interface Place {
  readonly level: number;
  readonly index: number;
  readonly begin: number;
  readonly count: number;
}

/** @returns the C2SP path without `tile/`, as `0/x001/x234/067` or `1/000.p/17`. @throws RangeError where no tile has these numbers. */
export function tilePath({ level, index, width }: Tile): string {
  if (!isTile(level, index, width)) throw new RangeError(`tile: expected a tile, got (${level}, ${index}, ${width})`);
  const groups: string[] = [];
  for (let rest = index; groups.length === 0 || rest > 0; rest = Math.floor(rest / 1000))
    groups.unshift(String(rest % 1000).padStart(3, '0'));
  const last = groups.length - 1;
  const name = groups.map((group, i) => (i < last ? `x${group}` : group)).join('/');
  return `${level}/${name}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

/** Read what tilePath writes. @returns null for anything else: leading zeros, groups of zeros in front, a width of 0 or 256, and so on. */
export function parseTilePath(path: string): Tile | null {
  const match = /^([0-9]{1,2})\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/.exec(path);
  if (match === null) return null;
  const level = Number(match[1]);
  const index = Number(match[2]!.replace(/[x/]/g, ''));
  const width = match[3] === undefined ? TILE_WIDTH : Number(match[3]);
  if (!isTile(level, index, width)) return null;
  const tile = { level, index, width };
  // One spelling: whatever else the pattern lets through differs from what tilePath writes.
  return tilePath(tile) === path ? tile : null;
}

/** Whether it is a tile of some tree below 2^53 leaves. */
function isTile(level: number, index: number, width: number): boolean {
  if (!isSize(level) || level > MAX_TILE_LEVEL || !isSize(index)) return false;
  if (!Number.isInteger(width) || width < 1 || width > TILE_WIDTH) return false;
  return isSize((index * TILE_WIDTH + width) * leavesOf(level));
}

/** @returns leaves below one hash of a tile. */
function leavesOf(level: number): number {
  return TILE_WIDTH ** level;
}

/** @returns where the node (level, index) of the tree stands. */
export function placeOf(level: number, index: number): Place {
  const tileLevel = Math.floor(level / TILE_HEIGHT);
  const count = 2 ** (level % TILE_HEIGHT);
  const first = index * count;
  const tileIndex = Math.floor(first / TILE_WIDTH);
  return { level: tileLevel, index: tileIndex, begin: first - tileIndex * TILE_WIDTH, count };
}

/** @returns how many hashes of that tile a tree of `size` leaves has: 0 to 256. */
export function tileWidth(level: number, index: number, size: number): number {
  const hashes = Math.floor(size / leavesOf(level)) - index * TILE_WIDTH;
  return Math.max(0, Math.min(TILE_WIDTH, hashes));
}

/** @returns how many full tiles of that level a tree of `size` leaves has. */
export function fullTiles(level: number, size: number): number {
  return Math.floor(size / leavesOf(level) / TILE_WIDTH);
}

/** Tell the tiles that become full while a tree grows from size1 to size2, in that order: each after the 256 below it. */
export function* completedTiles(size1: number, size2: number): Generator<Tile> {
  for (let at = fullTiles(0, size1); at < fullTiles(0, size2); at++) {
    yield { level: 0, index: at, width: TILE_WIDTH };
    let [level, count] = [1, at + 1];
    for (; count % TILE_WIDTH === 0; level++) {
      count /= TILE_WIDTH;
      yield { level, index: count - 1, width: TILE_WIDTH };
    }
  }
}
