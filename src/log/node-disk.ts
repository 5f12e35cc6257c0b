import * as fs from 'node:fs';
import * as path from 'node:path';
import { ReceiptError } from '../base/errors.ts';
import type { AppendFile, Disk } from '../base/ports.ts';
import { acquireLock } from './lock.ts';

/** Logs may quote what agents saw: for their owner only. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** Up to this many bytes a write is made in place: it lands in the page cache in microseconds, a thread's round trip takes longer. */
const WRITE_IN_PLACE_BYTES = 65_536;

/** Word an error of the system. Its own message may hold the whole path; `at` is what the log calls it. */
function ioError(root: string, action: string, relative: string, cause: unknown): ReceiptError {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code ?? 'unknown error';
  const at = relative === '' ? root : relative;
  return new ReceiptError('IO', `disk: ${action} ${path.join(root, relative)}: ${code}`, { at, found: code, cause });
}

/** A folder of this machine as a Disk. @param root need not exist. */
export function nodeDisk(root: string): Disk {
  const full = (relative: string): string => path.join(root, relative);
  const attempt = async <T>(action: string, relative: string, run: () => Promise<T>): Promise<T> => {
    try {
      return await run();
    } catch (cause) {
      throw cause instanceof ReceiptError ? cause : ioError(root, action, relative, cause);
    }
  };
  const openFile = (action: string, relative: string, flags: number): Promise<AppendFile> =>
    attempt(action, relative, async () =>
      appendFile(root, relative, await fs.promises.open(full(relative), flags, FILE_MODE)),
    );
  const { O_WRONLY, O_APPEND, O_CREAT, O_EXCL } = fs.constants;
  return {
    name: root,
    list: (folder) =>
      attempt('list', folder, async () => {
        try {
          return (await fs.promises.readdir(full(folder))).sort();
        } catch (error) {
          if (isMissing(error)) return [];
          throw error;
        }
      }),
    size: (relative) =>
      attempt('stat', relative, async () => {
        try {
          return (await fs.promises.stat(full(relative))).size;
        } catch (error) {
          if (isMissing(error)) return null;
          throw error;
        }
      }),
    read: (relative, begin, end) => attempt('read', relative, () => readRange(full(relative), begin, end)),
    create: (relative) => openFile('create', relative, O_WRONLY | O_APPEND | O_CREAT | O_EXCL),
    open: (relative) => openFile('open', relative, O_WRONLY | O_APPEND),
    truncate: (relative, size) =>
      attempt('truncate', relative, async () => {
        const file = await fs.promises.open(full(relative), fs.constants.O_RDWR);
        try {
          await file.truncate(size);
          await file.sync();
        } finally {
          await file.close();
        }
      }),
    rename: (from, to) => attempt('rename', from, () => fs.promises.rename(full(from), full(to))),
    remove: (relative) => attempt('remove', relative, () => fs.promises.unlink(full(relative))),
    makeDir: (folder) => attempt('create', folder, () => (folder === '' ? makeRoot(root) : makeFolder(full(folder)))),
    syncDir: (folder) => attempt('sync', folder, () => syncFolder(full(folder))),
    lock: () => attempt('lock', 'lock', () => acquireLock(root)),
  };
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

async function readRange(file: string, begin: number, end: number): Promise<Uint8Array> {
  const handle = await fs.promises.open(file, 'r');
  try {
    const out = new Uint8Array(Math.max(0, end - begin));
    let length = 0;
    while (length < out.length) {
      const { bytesRead } = await handle.read(out, length, out.length - length, begin + length);
      if (bytesRead === 0) return out.subarray(0, length);
      length += bytesRead;
    }
    return out;
  } finally {
    await handle.close();
  }
}

function appendFile(root: string, relative: string, handle: fs.promises.FileHandle): AppendFile {
  return {
    async write(bytes) {
      try {
        for (let at = 0; at < bytes.length; ) {
          if (bytes.length - at <= WRITE_IN_PLACE_BYTES) at += fs.writeSync(handle.fd, bytes, at);
          else at += (await handle.write(bytes, at)).bytesWritten;
        }
      } catch (cause) {
        throw ioError(root, 'write', relative, cause);
      }
    },
    // fdatasync writes the length too, which is all of the metadata that reading back needs.
    sync: () =>
      new Promise((resolve, reject) => {
        fs.fdatasync(handle.fd, (cause) =>
          cause === null ? resolve() : reject(ioError(root, 'sync', relative, cause)),
        );
      }),
    async close() {
      try {
        await handle.close();
      } catch (cause) {
        throw ioError(root, 'close', relative, cause);
      }
    },
  };
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await fs.promises.mkdir(folder, { mode: FOLDER_MODE });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !(await fs.promises.stat(folder)).isDirectory())
      throw error;
  }
}

/**
 * Create the root and what is above it, and make the names durable, from the outermost on; also of folders that were there: a process
 * killed in here, or the caller's own mkdir, may have left them in memory only.
 */
async function makeRoot(root: string): Promise<void> {
  const target = path.resolve(root);
  const first = await fs.promises.mkdir(target, { recursive: true, mode: FOLDER_MODE });
  const parents: string[] = [];
  for (let folder = path.dirname(target); ; folder = path.dirname(folder)) {
    parents.unshift(folder);
    if (folder === path.dirname(folder)) break;
  }
  const outermost = first === undefined ? parents.length : parents.indexOf(path.dirname(first));
  for (const [depth, folder] of parents.entries()) {
    // Above what was made here a folder may be closed to us, or on a file system that syncs none: then its names are not ours to keep.
    await (depth < outermost ? syncFolder(folder).catch(() => undefined) : syncFolder(folder));
  }
}

async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folder for syncing; there NTFS's own journal orders names.
  if (process.platform === 'win32') return;
  const handle = await fs.promises.open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
