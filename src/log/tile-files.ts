import { equalBytes } from '../base/bytes.ts';
import type { Disk } from '../base/ports.ts';
import { TILE_BYTES, TILE_WIDTH, tilePath } from '../checkpoint/tiles.ts';

/** Folder of the tiles below the log folder: what C2SP calls `tile/`. */
export const TILES = 'tiles';
/** No tile has this name. */
const UNFINISHED = `${TILES}/unfinished`;

/** Full tiles as files. Nothing here says whether their hashes are right. */
export class TileFiles {
  readonly #disk: Disk;
  /** Folders that were made, or found made, and whose names are on disk for good. */
  readonly #made = new Set<string>();
  /** Folders with names that are not on disk for good yet. */
  readonly #unsynced = new Set<string>();

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  /** @returns the 8,192 bytes of a full tile, fresh; null where there is no such file or it has another length. */
  async read(level: number, index: number): Promise<Uint8Array | null> {
    const path = pathOf(level, index);
    if ((await this.#disk.size(path)) !== TILE_BYTES) return null;
    const bytes = await this.#disk.read(path, 0, TILE_BYTES);
    return bytes.length === TILE_BYTES ? bytes : null;
  }

  /** @returns whether a file of the right length is there. */
  async has(level: number, index: number): Promise<boolean> {
    return (await this.#disk.size(pathOf(level, index))) === TILE_BYTES;
  }

  /** @returns whether the tile stands there with these bytes. */
  async holds(level: number, index: number, bytes: Uint8Array): Promise<boolean> {
    const stored = await this.read(level, index);
    return stored !== null && equalBytes(stored, bytes);
  }

  /**
   * Write one tile, in place of what bears its name. Order: folders → bytes under a temporary name, synced → renamed. After a failed
   * sync the bytes never get the name. The name itself is on disk for good after syncNames: losing it loses a tile that can be made again.
   * One call at a time, since there is one temporary name.
   */
  async write(level: number, index: number, bytes: Uint8Array): Promise<void> {
    const path = pathOf(level, index);
    const folder = path.slice(0, path.lastIndexOf('/'));
    await this.#makeDir(folder);
    if ((await this.#disk.size(UNFINISHED)) !== null) await this.#disk.remove(UNFINISHED);
    const file = await this.#disk.create(UNFINISHED);
    try {
      await file.write(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await this.#disk.rename(UNFINISHED, path);
    this.#unsynced.add(folder);
  }

  /** Make the names of all tiles written so far survive a power loss. */
  async syncNames(): Promise<void> {
    for (const folder of this.#unsynced) {
      await this.#disk.syncDir(folder);
      this.#unsynced.delete(folder);
    }
  }

  async #makeDir(folder: string): Promise<void> {
    if (this.#made.has(folder)) return;
    const parent = folder.slice(0, Math.max(0, folder.lastIndexOf('/')));
    if (parent !== '') await this.#makeDir(parent);
    await this.#disk.makeDir(folder);
    await this.#disk.syncDir(parent);
    this.#made.add(folder);
  }
}

function pathOf(level: number, index: number): string {
  return `${TILES}/${tilePath({ level, index, width: TILE_WIDTH })}`;
}
