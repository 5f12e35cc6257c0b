import type { Disk } from '../base/ports.ts';
import { nodeDisk } from './node-disk.ts';
import { replaceFile } from './replace.ts';

/** The folder of a log that its gate keeps its snapshot in; the name is reserved (design section 3). */
const FOLDER = 'gate';
const SNAPSHOT = 'snapshot.json';

/** Where a gate keeps what it knew, to start sooner. Whatever is read is judged by its MAC; losing it costs time alone. */
export interface SnapshotStore {
  /** @returns what was written last, fresh; null when there is nothing. */
  read(): Promise<Uint8Array | null>;
  /** Replace it, durably and in one step. @param bytes only read. */
  write(bytes: Uint8Array): Promise<void>;
}

/** @returns the store in the folder of a log on this machine. @param dir of the log. */
export function gateStore(dir: string): SnapshotStore {
  return gateStoreOn(nodeDisk(dir));
}

/** The same on any disk. */
export function gateStoreOn(disk: Disk): SnapshotStore {
  const path = `${FOLDER}/${SNAPSHOT}`;
  return {
    async read() {
      const size = await disk.size(path);
      return size === null ? null : disk.read(path, 0, size);
    },
    async write(bytes) {
      await disk.makeDir(FOLDER);
      await disk.syncDir('');
      await replaceFile(disk, FOLDER, SNAPSHOT, bytes);
    },
  };
}
