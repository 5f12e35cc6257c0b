import { ReceiptError } from '../base/errors.ts';
import { MAX_NOTE_BYTES } from '../base/limits.ts';
import type { Disk, DiskLock } from '../base/ports.ts';
import { readForeignCheckpoint } from '../checkpoint/checkpoint.ts';
import { originHash, type WitnessStore } from '../checkpoint/witness.ts';
import { replaceFile } from './replace.ts';

/** A witness's memory on a disk, held by one process. */
export interface OpenWitnessStore extends WitnessStore {
  /** Let another process have it. */
  close(): Promise<void>;
}

const nameOf = (origin: string): string => `${originHash(origin)}.checkpoint`;

/**
 * Open the memory of a witness: a folder with one file a log, `<SHA-256 of the origin, 64 hex>.checkpoint`, its latest cosigned note.
 * One process at a time, by the lock of the folder. Order of a write: the note into a new name, synced; renamed over the old one; the
 * folder synced; only then does `store` resolve. A crash leaves the old note or the new one, whole. After a failed write nobody knows
 * which, so that the store takes no more and says so until it is opened again.
 * @throws ReceiptError LOG_LOCKED when another process holds it, IO
 */
export async function openWitnessStore(disk: Disk): Promise<OpenWitnessStore> {
  await disk.makeDir('');
  const lock: DiskLock = await disk.lock();
  let failed: unknown = null;
  const usable = (): void => {
    if (failed === null) return;
    throw new ReceiptError(
      'LOG_CLOSED',
      `${disk.name}: expected a store that can be relied on, got one whose write failed`,
      {
        at: disk.name,
        next: ['look at the disk', 'start the witness again'],
        cause: failed,
      },
    );
  };
  return {
    async latest(origin) {
      usable();
      return readLatest(disk, origin);
    },
    async store(origin, note) {
      usable();
      try {
        await replaceFile(disk, '', nameOf(origin), note);
      } catch (error) {
        failed = error;
        throw error;
      }
    },
    close: () => lock.release(),
  };
}

/**
 * Read the latest note of a log from a witness's folder, without its lock. @returns null when there is none.
 * @throws ReceiptError LOG_DAMAGED when the file is no checkpoint of that log: a witness must not forget, so that it is never taken for
 * none; IO
 */
export async function readLatest(disk: Disk, origin: string): Promise<Uint8Array | null> {
  const name = nameOf(origin);
  const size = await disk.size(name);
  if (size === null) return null;
  const bytes = await disk.read(name, 0, Math.min(size, MAX_NOTE_BYTES + 1));
  try {
    if (readForeignCheckpoint(bytes).checkpoint.origin === origin) return bytes;
  } catch (cause) {
    throw damaged(disk, name, cause);
  }
  throw damaged(disk, name, undefined);
}

function damaged(disk: Disk, name: string, cause: unknown): ReceiptError {
  return new ReceiptError(
    'LOG_DAMAGED',
    `${disk.name}/${name}: expected the latest checkpoint of its log, got something else`,
    {
      at: name,
      expected: 'a signed checkpoint',
      next: ['restore the file from a copy: without it this witness could be shown a fork'],
      cause,
    },
  );
}
