import { equalBytes } from '../base/bytes.ts';
import { MAX_NOTE_BYTES } from '../base/limits.ts';
import type { Disk } from '../base/ports.ts';
import { replaceFile } from './replace.ts';

/** The newest checkpoint of a log, below the log folder: a C2SP note as signCheckpoint made it, perhaps with cosignatures added. */
export const CHECKPOINT = 'checkpoint';

/** Folder of all of them, one file each. */
export const CHECKPOINTS = 'checkpoints';

/** Digits of 2^53 − 1, so that names sort as the sizes do. */
const SIZE_DIGITS = 16;

/** @returns the file name of the checkpoint of a size: the size itself, padded with zeros, as `0000000000000256`. */
export function checkpointName(size: number): string {
  return String(size).padStart(SIZE_DIGITS, '0');
}

/** @returns the size in a checkpoint's file name, null for any other name. */
export function checkpointSize(name: string): number | null {
  const size = /^[0-9]{16}$/.test(name) ? Number(name) : Number.NaN;
  return Number.isSafeInteger(size) ? size : null;
}

/** @returns the newest checkpoint as it stands on the disk, fresh and unjudged; null when there is none. */
export function readLatest(disk: Disk): Promise<Uint8Array | null> {
  return readNote(disk, CHECKPOINT);
}

/** @returns the checkpoint of a size as it stands among all of them, fresh and unjudged; null when there is none. */
export function readKept(disk: Disk, size: number): Promise<Uint8Array | null> {
  return readNote(disk, `${CHECKPOINTS}/${checkpointName(size)}`);
}

/** @returns the sizes of all checkpoints kept, ascending. */
export async function keptSizes(disk: Disk): Promise<number[]> {
  return (await disk.list(CHECKPOINTS)).map(checkpointSize).filter((size) => size !== null);
}

async function readNote(disk: Disk, path: string): Promise<Uint8Array | null> {
  // One byte more than a note may have: a longer file is then refused as one, not cut to something that parses.
  return (await disk.size(path)) === null ? null : disk.read(path, 0, MAX_NOTE_BYTES + 1);
}

/** Writes the checkpoints of one log; only its writer, which holds the lock, has one. */
export class CheckpointFiles {
  readonly #disk: Disk;
  #folderMade = false;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  /**
   * Persist a checkpoint: in the place of the latest and, side by side with that, among all. Each of the two is whole and durable or not
   * there (replaceFile); stopped anywhere, the newer one of both is what a reopened log must extend, and `restore` makes up for the
   * other. The caller releases it after both.
   * @param note of this size. @throws ReceiptError IO: whether it is persisted is then unknown.
   */
  async persist(size: number, note: Uint8Array): Promise<void> {
    await allDone([replaceFile(this.#disk, '', CHECKPOINT, note), this.keep(size, note)]);
  }

  /** Put a persisted checkpoint among all of them. @throws ReceiptError IO. */
  async keep(size: number, note: Uint8Array): Promise<void> {
    if (!this.#folderMade) {
      await this.#disk.makeDir(CHECKPOINTS);
      await this.#disk.syncDir('');
      this.#folderMade = true;
    }
    await replaceFile(this.#disk, CHECKPOINTS, checkpointName(size), note);
  }

  /** Put back what an interrupted `persist`, or somebody else, left undone or took away. @param note believed, the newest of the log. */
  async restore(size: number, note: Uint8Array): Promise<void> {
    const latest = await readLatest(this.#disk);
    if (latest === null || !equalBytes(latest, note)) await this.persist(size, note);
    else if ((await readKept(this.#disk, size)) === null) await this.keep(size, note);
  }
}

/** Wait for all, also where one fails: nothing is still being written when this is over. @throws the first error in their order. */
export async function allDone<T extends readonly unknown[]>(
  work: {
    readonly [K in keyof T]: Promise<T[K]>;
  },
): Promise<T> {
  const ended = await Promise.allSettled(work);
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
  return Promise.all(work) as unknown as Promise<T>;
}
