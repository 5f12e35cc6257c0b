import { concatBytes, equalBytes, toHex } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import type { Disk } from '../base/ports.ts';
import { plainSubtrees } from '../checkpoint/append-many.ts';
import { CompactRange } from '../checkpoint/compact-range.ts';
import { isSize, perfectNodes } from '../checkpoint/nodes.ts';
import { completedTiles, fullTiles, placeOf, TILE_WIDTH, tileWidth } from '../checkpoint/tiles.ts';
import { HASH_BYTES } from '../checkpoint/tree-hash.ts';
import type { SubtreeHash } from '../crypto/hash.ts';
import type { LeafHashes } from './leaf-hashes.ts';
import { TileFiles } from './tile-files.ts';

/** How tiles are kept. */
export interface TileOptions {
  /** Who hashes; the TypeScript reference unless given. */
  readonly subtrees?: SubtreeHash;
  /** False: nothing is written, as a log that was opened for reading wants it. True unless given. */
  readonly writes?: boolean;
  /** Tiles kept in memory, 8 KiB each; 1,024 unless given, which are those of 261,120 entries. */
  readonly cachedTiles?: number;
}

/** Wrong roots that are remembered: each costs a reading of the log when it is first asked for. */
const MAX_REFUTED = 1024;

/** Hashes of a tile, as many as are there. */
interface Held {
  readonly width: number;
  readonly bytes: Promise<Uint8Array>;
}

/**
 * The tree of a log, in tiles beside its segments: any node without reading the log. Tiles are derived from the stated hashes of its
 * lines and are never trusted: one that is missing or has another length is made anew when it is asked for, and written by the next
 * `extend`; a wrong one shows when a root does not come out, and then `range`, and the proofs of prove.ts, have all of them made anew
 * (`rebuild`). Reading writes nothing but in a rebuild. One writer a log.
 */
export class TileStore {
  readonly #files: TileFiles;
  readonly #leaves: LeafHashes;
  readonly #subtrees: SubtreeHash;
  readonly #writes: boolean;
  readonly #cachedTiles: number;
  /** Tiles by level and index, last used last. */
  readonly #held = new Map<string, Held>();
  /** Tiles that were asked for and were not there. */
  readonly #absent = new Map<string, { readonly level: number; readonly index: number }>();
  /** How many full tiles of each level stand on disk before the first that does not. */
  readonly #present: number[] = [];
  /** Whether what stands on disk may be read: no more once it has proved wrong and may not be replaced. */
  #reads = true;
  /** What did not hold after a rebuild either: asked again, it is refused at once. */
  readonly #refuted = new Set<string>();
  /** The last of the writers' turns. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(disk: Disk, leaves: LeafHashes, options: TileOptions) {
    this.#files = new TileFiles(disk);
    this.#leaves = leaves;
    this.#subtrees = options.subtrees ?? plainSubtrees;
    this.#writes = options.writes ?? true;
    this.#cachedTiles = options.cachedTiles ?? 1024;
  }

  /** Take up what is there; nothing is read yet. @param leaves hashes of the log's lines: see leafHashes(). */
  static open(disk: Disk, leaves: LeafHashes, options: TileOptions = {}): TileStore {
    return new TileStore(disk, leaves, options);
  }

  /**
   * Write the tiles that are full at `size` and not there yet, reading the leaves from where the tiles end. One extend at a time.
   * @param size entries that are on disk for good: of one that a power loss takes away, a wrong tile would be left.
   * Order: a tile's bytes synced under a temporary name → renamed; the 256 below a tile before it; at the end, names synced. So a
   * tile that bears its name is whole, and all that is lost by being stopped anywhere are tiles, which are made again.
   * @throws RangeError where it is no size, ReceiptError of the disk and of the leaves; what was written until then stays.
   */
  extend(size: number): Promise<void> {
    checkSize(size);
    if (!this.#writes) return Promise.reject(new TypeError('tiles: expected a store that writes, got one for reading'));
    return this.#inTurn(() => this.#complete(size, false));
  }

  /** Make all tiles up to `size` anew from the segments; only those that differ are written. Reads the whole log. @throws as extend. */
  rebuild(size: number): Promise<void> {
    checkSize(size);
    return this.#inTurn(async () => {
      if (this.#writes) await this.#complete(size, true);
      else this.#reads = false;
      // After it, since somebody may have read a tile while it went on.
      this.#held.clear();
    });
  }

  /**
   * The hash of a perfect subtree of a tree of `size` leaves. @returns 32 bytes, fresh.
   * @throws RangeError where it is not within `size`; ReceiptError of the disk and of the leaves.
   */
  async node(level: number, index: number, size: number): Promise<Uint8Array> {
    checkSize(size);
    if (!isSize(level) || !isSize(index) || (index + 1) * 2 ** level > size)
      throw new RangeError(`tiles: expected a node within ${size} leaves, got level ${level}, index ${index}`);
    const place = placeOf(level, index);
    const tile = await this.#hashes(place.level, place.index, tileWidth(place.level, place.index, size));
    const hashes = tile.subarray(place.begin * HASH_BYTES, (place.begin + place.count) * HASH_BYTES);
    return place.count === 1 ? hashes.slice() : this.#subtrees.rootOf(hashes);
  }

  /**
   * The first `size` leaves as a compact range. @param root 32 bytes: what the range must come out as; tiles that say otherwise are made
   * anew. @throws ReceiptError LOG_DAMAGED where the log itself has another root; as node.
   */
  async range(size: number, root?: Uint8Array): Promise<CompactRange> {
    const expected = root === undefined ? 'a root' : `root ${toHex(root)}`;
    return this.checked(
      size,
      async () => {
        const nodes = perfectNodes(0, size).map(({ level, index }) => this.node(level, index, size));
        return CompactRange.of(0, size, await Promise.all(nodes));
      },
      (range) => root === undefined || equalBytes(range.root(), root),
      expected,
    );
  }

  /**
   * Make something of the tiles; where it does not hold, once more after a rebuild, which is done once for one wrong question.
   * @param expected for the message. @throws ReceiptError LOG_DAMAGED where it does not hold either when made from the log itself.
   */
  async checked<T>(size: number, make: () => Promise<T>, holds: (made: T) => boolean, expected: string): Promise<T> {
    const made = await make();
    if (holds(made)) return made;
    const asked = `${expected} at ${size}`;
    if (!this.#refuted.has(asked)) {
      await this.rebuild(size);
      const again = await make();
      if (holds(again)) return again;
      if (this.#refuted.size >= MAX_REFUTED) this.#refuted.clear();
      this.#refuted.add(asked);
    }
    throw new ReceiptError('LOG_DAMAGED', `log: expected ${expected} of its first ${size} entries, found another`, {
      at: `size ${size}`,
      expected,
      next: ['perdure verify'],
    });
  }

  /** @returns at least the first `width` hashes of a tile, not to be written to. */
  #hashes(level: number, index: number, width: number): Promise<Uint8Array> {
    const key = `${level} ${index}`;
    const held = this.#held.get(key);
    this.#held.delete(key);
    const now =
      held !== undefined && held.width >= width ? held : { width, bytes: this.#load(level, index, width, held) };
    this.#held.set(key, now);
    // Whoever waits for it is told; the next one tries again.
    now.bytes.catch(() => {
      if (this.#held.get(key) === now) this.#held.delete(key);
    });
    for (const oldest of this.#held.keys()) {
      if (this.#held.size <= this.#cachedTiles) break;
      this.#held.delete(oldest);
    }
    return now.bytes;
  }

  /** From disk, else from below, going on from what is held. */
  async #load(level: number, index: number, width: number, held: Held | undefined): Promise<Uint8Array> {
    const stored = this.#reads ? await this.#files.read(level, index) : null;
    if (stored !== null) return stored;
    if (width === TILE_WIDTH) this.#absent.set(`${level} ${index}`, { level, index });
    const begin = held?.width ?? 0;
    const more = await this.#fromBelow(level, index * TILE_WIDTH + begin, index * TILE_WIDTH + width);
    return held === undefined ? more : concatBytes((await held.bytes).subarray(0, begin * HASH_BYTES), more);
  }

  /** Make hashes [begin, end) of a level: of lines, or of the tiles below. */
  async #fromBelow(level: number, begin: number, end: number): Promise<Uint8Array> {
    const bytes = new Uint8Array((end - begin) * HASH_BYTES);
    if (level === 0) {
      let at = 0;
      for await (const hashes of this.#leaves(begin, end)) {
        bytes.set(hashes, at);
        at += hashes.length;
      }
      if (at !== bytes.length)
        throw new RangeError(`tiles: expected leaves [${begin}, ${end}), got ${at} bytes of them`);
      return bytes;
    }
    for (let i = begin; i < end; i++) {
      const below = await this.#below(level - 1, i);
      bytes.set(this.#subtrees.rootOf(below), (i - begin) * HASH_BYTES);
    }
    return bytes;
  }

  /** A full tile that is wanted once: it is not kept, and what is kept stays. */
  #below(level: number, index: number): Promise<Uint8Array> {
    if (this.#held.has(`${level} ${index}`)) return this.#hashes(level, index, TILE_WIDTH);
    return this.#load(level, index, TILE_WIDTH, undefined);
  }

  /** @param anew from the first tile on, whatever stands there. */
  async #complete(size: number, anew: boolean): Promise<void> {
    const stored = anew ? 0 : await this.#findPresent(0, fullTiles(0, size));
    const roots = new Map<string, Uint8Array>();
    // Parents that a writer which was stopped owes to tiles that it had written.
    for (let level = 1; fullTiles(level, stored * TILE_WIDTH) > 0; level++) {
      const count = fullTiles(level, stored * TILE_WIDTH);
      for (let index = await this.#findPresent(level, count); index < count; index++)
        await this.#files.write(level, index, await this.#parent(level, index, roots));
    }
    const leaves = this.#tilesOfLeaves(stored, fullTiles(0, size));
    for (const { level, index } of completedTiles(stored * TILE_WIDTH, size)) {
      const bytes = level === 0 ? (await leaves.next()).value : await this.#parent(level, index, roots);
      if (bytes === undefined) throw new RangeError(`tiles: expected leaves up to ${size}, got none for tile ${index}`);
      roots.set(`${level} ${index}`, this.#subtrees.rootOf(bytes));
      if (!anew || !(await this.#files.holds(level, index, bytes))) await this.#files.write(level, index, bytes);
      this.#present[level] = Math.max(this.#present[level] ?? 0, index + 1);
    }
    await this.#fillGaps();
    await this.#files.syncNames();
  }

  /** Write what was missing before the end of its level. */
  async #fillGaps(): Promise<void> {
    for (const [key, { level, index }] of this.#absent) {
      if (index < (this.#present[level] ?? 0) && !(await this.#files.has(level, index)))
        await this.#files.write(level, index, await this.#hashes(level, index, TILE_WIDTH));
      this.#absent.delete(key);
    }
  }

  /** The 256 roots of the tiles below: those made just now, which are then no longer needed, and those on disk. */
  async #parent(level: number, index: number, roots: Map<string, Uint8Array>): Promise<Uint8Array> {
    const bytes = new Uint8Array(TILE_WIDTH * HASH_BYTES);
    for (let i = 0; i < TILE_WIDTH; i++) {
      const key = `${level - 1} ${index * TILE_WIDTH + i}`;
      const root = roots.get(key) ?? (await this.#fromBelow(level, index * TILE_WIDTH + i, index * TILE_WIDTH + i + 1));
      bytes.set(root, i * HASH_BYTES);
      roots.delete(key);
    }
    return bytes;
  }

  /** Read full tiles [begin, end) of level 0 from the log, in one go. */
  async *#tilesOfLeaves(begin: number, end: number): AsyncGenerator<Uint8Array, undefined> {
    if (begin >= end) return;
    let tile = new Uint8Array(TILE_WIDTH * HASH_BYTES);
    let filled = 0;
    for await (const hashes of this.#leaves(begin * TILE_WIDTH, end * TILE_WIDTH)) {
      for (let at = 0; at < hashes.length; ) {
        const piece = hashes.subarray(at, at + tile.length - filled);
        tile.set(piece, filled);
        at += piece.length;
        filled += piece.length;
        if (filled < tile.length) continue;
        yield tile;
        tile = new Uint8Array(TILE_WIDTH * HASH_BYTES);
        filled = 0;
      }
    }
  }

  /** How many of `count` tiles of a level are there before the first that is not: found by bisection, since they are written in order. */
  async #findPresent(level: number, count: number): Promise<number> {
    let begin = Math.min(this.#present[level] ?? 0, count);
    for (let end = count; begin < end; ) {
      const middle = begin + Math.floor((end - begin) / 2);
      if (await this.#files.has(level, middle)) begin = middle + 1;
      else end = middle;
    }
    this.#present[level] = Math.max(this.#present[level] ?? 0, begin);
    return begin;
  }

  /** Writers take turns; one that fails does not stop the next. */
  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(run);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }
}

function checkSize(size: number): void {
  if (!isSize(size)) throw new RangeError(`tiles: expected a size from 0 to 2^53 - 1, got ${size}`);
}
