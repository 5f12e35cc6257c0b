import { ReceiptError } from '../base/errors.ts';
import type { AppendFile, Disk } from '../base/ports.ts';
import { type CreateOptions, createLogOn } from './lifecycle.ts';
import type { Log } from './log.ts';

/** A growing byte array. */
class MemoryFile {
  #bytes = new Uint8Array(1024);
  length = 0;

  append(bytes: Uint8Array): void {
    if (this.length + bytes.length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.length + bytes.length, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, this.length));
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  slice(begin: number, end: number): Uint8Array {
    return this.#bytes.slice(begin, Math.max(begin, Math.min(end, this.length)));
  }
}

/**
 * A Disk in memory: the same contract, gone with the process. Sync does nothing, since there is nothing to survive. It keeps
 * everything; a log that dropped its oldest entries would be no log.
 */
export function memoryDisk(name = 'memory'): Disk {
  const files = new Map<string, MemoryFile>();
  const folders = new Set<string>();
  let locked = false;
  const fail = (what: string, path: string): ReceiptError =>
    new ReceiptError('IO', `${name}: ${path}: ${what}`, { at: path });
  const file = (path: string): MemoryFile => {
    const found = files.get(path);
    if (found === undefined) throw fail('no such file', path);
    return found;
  };
  const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
  const appendTo = (target: MemoryFile): AppendFile => ({
    async write(bytes) {
      target.append(bytes);
    },
    async sync() {},
    async close() {},
  });
  return {
    name,
    async list(folder) {
      const prefix = folder === '' ? '' : `${folder}/`;
      const names = [...files.keys(), ...folders].filter((path) => path !== '' && path.startsWith(prefix));
      return [...new Set(names.map((path) => path.slice(prefix.length).split('/')[0]!))].sort();
    },
    size: async (path) => files.get(path)?.length ?? null,
    read: async (path, begin, end) => file(path).slice(begin, end),
    async create(path) {
      if (files.has(path) || folders.has(path)) throw fail('the name is taken', path);
      if (!folders.has(parentOf(path))) throw fail('no such folder', path);
      const fresh = new MemoryFile();
      files.set(path, fresh);
      return appendTo(fresh);
    },
    open: async (path) => appendTo(file(path)),
    async truncate(path, size) {
      file(path).length = Math.min(file(path).length, size);
    },
    async rename(from, to) {
      files.set(to, file(from));
      files.delete(from);
    },
    async remove(path) {
      file(path);
      files.delete(path);
    },
    async makeDir(folder) {
      if (folder !== '' && !folders.has(parentOf(folder))) throw fail('no such folder', folder);
      folders.add(folder);
    },
    async syncDir(folder) {
      if (!folders.has(folder)) throw fail('no such folder', folder);
    },
    async lock() {
      if (locked) {
        throw new ReceiptError('LOG_LOCKED', `log: ${name}: expected no other writer, found one in this process`, {
          at: name,
          next: ['close the log that is open'],
        });
      }
      locked = true;
      let released = false;
      return {
        async release() {
          if (!released) locked = false;
          released = true;
        },
      };
    },
  };
}

/** Start a log in memory and open it for writing: for tests, short-lived agents and as one side of a tee. @throws as createLog. */
export function createMemoryLog(options: CreateOptions): Promise<Log> {
  return createLogOn(memoryDisk(), options);
}
