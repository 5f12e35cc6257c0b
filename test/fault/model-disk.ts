import { concatBytes } from '../../src/base/bytes.ts';
import type { AppendFile, Disk } from '../../src/base/ports.ts';
import { diskError } from './faulty-disk.ts';

/** A file: what programs see, and what a power loss leaves. Both arrays are never changed in place. */
interface Inode {
  data: Uint8Array;
  durable: Uint8Array;
}

/** What becomes of bytes that were written and not synced. */
export const CONTENTS = [
  'dropped',
  'kept',
  'first half',
  'last byte missing',
  'zeros',
  'hole at the start',
  'hole in the middle',
] as const;
/** What becomes of names that were created, renamed or removed in a folder that was not synced. */
export const NAMES = ['as synced', 'as seen'] as const;

/** One way in which the power can fail. */
export interface PowerLoss {
  readonly contents: (typeof CONTENTS)[number];
  readonly names: (typeof NAMES)[number];
}

/** Every way. */
export const POWER_LOSSES: readonly PowerLoss[] = CONTENTS.flatMap((contents) =>
  NAMES.map((names) => ({ contents, names })),
);

/** A moment: everything the disk holds then, cheap to keep. */
export interface Moment {
  readonly names: ReadonlyMap<string, Inode>;
  readonly durableNames: ReadonlyMap<string, Inode>;
  readonly folders: ReadonlySet<string>;
  readonly durableFolders: ReadonlySet<string>;
}

/**
 * A disk that forgets whatever was not synced: the bytes of files since their last sync, and names since the last sync of their
 * folder. `onMoment` is told of each moment at which the power may fail: before and after every operation that changes anything.
 */
export class ModelDisk implements Disk {
  readonly name = 'model';
  onMoment: ((moment: Moment, operation: string) => void) | null = null;
  #names = new Map<string, Inode>();
  #durableNames = new Map<string, Inode>();
  #folders = new Set<string>();
  #durableFolders = new Set<string>();
  #locked = false;

  /** The disk after the power failed at `moment`: what it holds now is on the platter, and nobody holds the lock. */
  static after({ names, durableNames, folders, durableFolders }: Moment, loss: PowerLoss): ModelDisk {
    const disk = new ModelDisk();
    const seen = loss.names === 'as seen';
    for (const folder of seen ? folders : durableFolders)
      if (isUnder(folder, seen ? folders : durableFolders)) disk.#folders.add(folder);
    for (const [path, { data, durable }] of seen ? names : durableNames) {
      if (!disk.#folders.has(parentOf(path))) continue;
      const left = survive(durable, data, loss.contents);
      disk.#names.set(path, { data: left, durable: left });
    }
    disk.#durableNames = new Map(disk.#names);
    disk.#durableFolders = new Set(disk.#folders);
    return disk;
  }

  /**
   * The disk after the process was killed at `moment`, the power on: programs see what they saw, nothing more is on the platter, and
   * nobody holds the lock. @param contents a write may have been cut short: 'kept', or a first part of what was not synced.
   */
  static afterKill(
    { names, durableNames, folders, durableFolders }: Moment,
    contents: PowerLoss['contents'],
  ): ModelDisk {
    const disk = new ModelDisk();
    const copy = copyInodes();
    const cut = (inode: Inode): Inode => {
      const own = copy(inode);
      own.data = survive(inode.durable, inode.data, contents);
      return own;
    };
    for (const [path, inode] of names) disk.#names.set(path, cut(inode));
    for (const [path, inode] of durableNames) disk.#durableNames.set(path, cut(inode));
    disk.#folders = new Set(folders);
    disk.#durableFolders = new Set(durableFolders);
    return disk;
  }

  /** @returns the whole of a file as programs see it; null when there is none. */
  peek(path: string): Uint8Array | null {
    return this.#names.get(path)?.data ?? null;
  }

  async list(folder: string): Promise<string[]> {
    const all = [...this.#names.keys(), ...this.#folders].filter((path) => path !== '' && parentOf(path) === folder);
    return all.map((path) => path.slice(path.lastIndexOf('/') + 1)).sort();
  }

  async size(path: string): Promise<number | null> {
    return this.#names.get(path)?.data.length ?? null;
  }

  async read(path: string, begin: number, end: number): Promise<Uint8Array> {
    return this.#file(path).data.slice(begin, end);
  }

  create(path: string): Promise<AppendFile> {
    return this.#operate(`create ${path}`, () => {
      if (this.#names.has(path)) throw diskError(path, 'EEXIST');
      this.#folder(parentOf(path));
      const inode = { data: new Uint8Array(0), durable: new Uint8Array(0) };
      this.#names.set(path, inode);
      return this.#append(path, inode);
    });
  }

  async open(path: string): Promise<AppendFile> {
    return this.#append(path, this.#file(path));
  }

  truncate(path: string, size: number): Promise<void> {
    return this.#operate(`truncate ${path}`, () => {
      const inode = this.#replace(path, this.#file(path).data.slice(0, size));
      inode.durable = inode.data;
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#operate(`rename ${from}`, () => {
      this.#names.set(to, this.#file(from));
      this.#names.delete(from);
    });
  }

  remove(path: string): Promise<void> {
    return this.#operate(`remove ${path}`, () => {
      this.#file(path);
      this.#names.delete(path);
    });
  }

  makeDir(folder: string): Promise<void> {
    return this.#operate(`makeDir ${folder}`, () => {
      if (folder !== '') this.#folder(parentOf(folder));
      this.#folders.add(folder);
      // The contract: creating the root is durable by itself.
      if (folder === '') this.#durableFolders.add('');
    });
  }

  syncDir(folder: string): Promise<void> {
    return this.#operate(`syncDir ${folder}`, () => {
      this.#folder(folder);
      for (const path of this.#durableNames.keys()) if (parentOf(path) === folder) this.#durableNames.delete(path);
      for (const [path, inode] of this.#names) if (parentOf(path) === folder) this.#durableNames.set(path, inode);
      for (const path of this.#folders) if (path !== '' && parentOf(path) === folder) this.#durableFolders.add(path);
    });
  }

  async lock() {
    if (this.#locked) throw diskError('lock', 'LOG_LOCKED');
    this.#locked = true;
    return {
      release: async () => {
        this.#locked = false;
      },
    };
  }

  /** Copy of the inodes, so that a kept moment does not change; names that share one still do. */
  moment(): Moment {
    const own = copyInodes();
    const copy = (names: ReadonlyMap<string, Inode>): Map<string, Inode> =>
      new Map([...names].map(([path, inode]) => [path, own(inode)]));
    return {
      names: copy(this.#names),
      durableNames: copy(this.#durableNames),
      folders: new Set(this.#folders),
      durableFolders: new Set(this.#durableFolders),
    };
  }

  #append(path: string, inode: Inode): AppendFile {
    return {
      write: (bytes) =>
        this.#operate(`write ${path}`, () => {
          inode.data = concatBytes(inode.data, bytes);
        }),
      sync: () =>
        this.#operate(`sync ${path}`, () => {
          inode.durable = inode.data;
        }),
      close: async () => undefined,
    };
  }

  async #operate<T>(operation: string, run: () => T): Promise<T> {
    this.onMoment?.(this.moment(), `before ${operation}`);
    const result = run();
    this.onMoment?.(this.moment(), `after ${operation}`);
    return result;
  }

  #file(path: string): Inode {
    const inode = this.#names.get(path);
    if (inode === undefined) throw diskError(path, 'ENOENT');
    return inode;
  }

  #replace(path: string, data: Uint8Array): Inode {
    const inode = this.#file(path);
    inode.data = data;
    return inode;
  }

  #folder(folder: string): void {
    if (!this.#folders.has(folder)) throw diskError(folder, 'ENOENT');
  }
}

/** @returns a function that copies inodes, the same one always to the same copy: names may share one. */
function copyInodes(): (inode: Inode) => Inode {
  const copies = new Map<Inode, Inode>();
  return (inode) => {
    const own = copies.get(inode) ?? { ...inode };
    copies.set(inode, own);
    return own;
  };
}

/** Whether a power loss at this moment can take anything away. */
export function hasUnsynced({ names, durableNames, folders, durableFolders }: Moment): boolean {
  if (names.size !== durableNames.size || folders.size !== durableFolders.size) return true;
  return [...names].some(([path, inode]) => durableNames.get(path) !== inode || inode.data !== inode.durable);
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function isUnder(folder: string, folders: ReadonlySet<string>): boolean {
  return folder === '' || (folders.has(folder) && isUnder(parentOf(folder), folders));
}

/** What is left of a file whose last sync left `durable` and to which more was appended since. */
function survive(durable: Uint8Array, data: Uint8Array, contents: PowerLoss['contents']): Uint8Array {
  const fresh = data.length - durable.length;
  if (fresh <= 0) return durable;
  const end = durable.length + (fresh >> 1);
  const left = data.slice();
  switch (contents) {
    case 'dropped':
      return durable;
    case 'kept':
      return data;
    case 'first half':
      return data.slice(0, end);
    case 'last byte missing':
      return data.slice(0, -1);
    case 'zeros':
      return left.fill(0, durable.length);
    case 'hole at the start':
      return left.fill(0, durable.length, durable.length + Math.min(fresh, 100));
    case 'hole in the middle':
      return left.fill(0, end, Math.min(end + 200, data.length));
  }
}
