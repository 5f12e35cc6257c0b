import { ReceiptError } from '../../src/base/errors.ts';
import type { AppendFile, Disk } from '../../src/base/ports.ts';

/** When an operation fails: without effect, with all of it, or, for a write, with a first part of it. */
export type When = 'before' | 'after' | 'half';

/** Which operation fails. */
export interface Fault {
  /** 1-based, counted over all operations of the kind. */
  readonly operation: number;
  readonly when: When;
}

/** Operations that change the disk, or those that only look. */
export type Kind = 'changes' | 'reads';

/** A Disk whose n-th operation of one kind fails once, and that keeps a list of them. */
export interface FaultyDisk extends Disk {
  /** Names of these operations so far, as `write segments/000000.jsonl`. */
  readonly operations: readonly string[];
}

/** What the fault throws, as the node disk would. */
export function diskError(what: string, found = 'EIO'): ReceiptError {
  return new ReceiptError('IO', `disk: ${what}: ${found}`, { at: what, found });
}

/** Wrap a disk. @param fault null for none: to count. */
export function faultyDisk(inner: Disk, fault: Fault | null, kind: Kind = 'changes'): FaultyDisk {
  const operations: string[] = [];
  async function operate<T>(
    name: string,
    run: () => Promise<T>,
    half: (() => Promise<unknown>) | null = null,
    of: Kind = 'changes',
  ): Promise<T> {
    if (of !== kind) return run();
    operations.push(name);
    if (fault === null || operations.length !== fault.operation) return run();
    if (fault.when === 'after') await run();
    if (fault.when === 'half') await half?.();
    throw diskError(name);
  }
  const look = <T>(name: string, run: () => Promise<T>): Promise<T> => operate(name, run, null, 'reads');
  const wrapFile = (file: AppendFile, path: string): AppendFile => ({
    write: (bytes) =>
      operate(
        `write ${path}`,
        () => file.write(bytes),
        () => file.write(bytes.subarray(0, bytes.length >> 1)),
      ),
    sync: () => operate(`sync ${path}`, () => file.sync()),
    close: () => operate(`close ${path}`, () => file.close()),
  });
  return {
    name: inner.name,
    operations,
    list: (folder) => look(`list ${folder}`, () => inner.list(folder)),
    size: (path) => look(`size ${path}`, () => inner.size(path)),
    read: (path, begin, end) => look(`read ${path}`, () => inner.read(path, begin, end)),
    create: async (path) => wrapFile(await operate(`create ${path}`, () => inner.create(path)), path),
    open: async (path) => wrapFile(await operate(`open ${path}`, () => inner.open(path)), path),
    truncate: (path, size) => operate(`truncate ${path}`, () => inner.truncate(path, size)),
    rename: (from, to) => operate(`rename ${from}`, () => inner.rename(from, to)),
    remove: (path) => operate(`remove ${path}`, () => inner.remove(path)),
    makeDir: (folder) => operate(`makeDir ${folder}`, () => inner.makeDir(folder)),
    syncDir: (folder) => operate(`syncDir ${folder}`, () => inner.syncDir(folder)),
    async lock() {
      const lock = await operate('lock', () => inner.lock());
      return { release: () => operate('release', () => lock.release()) };
    },
  };
}
