import { constants } from 'node:fs';
import { type FileHandle, link, mkdir, open, realpath, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { toHex } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import type { Random } from '../base/ports.ts';

/**
 * Create a folder and what is above it, all that is new 0700, and make the names durable up to the root. @throws the system's errors,
 * of syncing only where something was made: folders above may be closed to us, and their names were there before.
 */
export async function makePrivateFolder(folder: string): Promise<void> {
  const target = resolve(folder);
  const first = await mkdir(target, { recursive: true, mode: 0o700 });
  for (let child = target; dirname(child) !== child; child = dirname(child)) {
    const made = first !== undefined && child.length >= first.length;
    await (made ? syncFolder(dirname(child)) : syncFolder(dirname(child)).catch(() => undefined));
  }
}

/** @returns the real path of `folder` once its mode is right, null when there is none. @throws ReceiptError KEY_FILE_MODE; the system's errors */
export async function privateFolder(folder: string): Promise<string | null> {
  let real: string;
  try {
    real = await realpath(folder);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
  const { mode, uid } = await stat(real);
  requirePrivate(folder, mode, uid, 0o700);
  return real;
}

/**
 * Read a file that is nobody else's: opened without following a link, then judged and read, the very file that was opened.
 * @param at names it in messages. @returns fresh bytes, null when there is no such file.
 * @throws ReceiptError KEY_FILE_MODE, KEY_MALFORMED above `maxBytes`; the system's errors
 */
export async function readPrivateFile(path: string, at: string, maxBytes: number): Promise<Uint8Array | null> {
  const handle = await openPlainFile(path, at);
  if (handle === null) return null;
  try {
    const { mode, uid, size } = await handle.stat();
    requirePrivate(at, mode, uid, 0o600);
    if (size > maxBytes) {
      throw new ReceiptError('KEY_MALFORMED', `${at}: expected at most ${maxBytes} bytes, got ${size}`, { at });
    }
    const buffer = await handle.readFile();
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
  } finally {
    await handle.close();
  }
}

/**
 * Write a new file. Order: temporary file, exclusive and 0600 → written → fsync → linked under its name, which fails where the name is
 * taken and is never seen half → temporary name removed → fsync of the folder. After a crash there is a whole file or none, and perhaps
 * a leftover `.new-*`.
 * @returns false when the name was taken. @throws the system's errors
 */
export async function writeNewFile(folder: string, name: string, bytes: Uint8Array, random: Random): Promise<boolean> {
  const temporary = await writeTemporary(folder, bytes, random);
  try {
    await link(temporary, join(folder, name));
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(temporary);
  }
  await syncFolder(folder);
  return true;
}

/**
 * Write a file, in place of one that may be there: as writeNewFile does, but renamed. Not made durable: for what can be found out again.
 * @param mode of the file, less the umask. @throws the system's errors
 */
export async function replaceFile(
  folder: string,
  name: string,
  bytes: Uint8Array,
  random: Random,
  mode = 0o600,
): Promise<void> {
  const temporary = await writeTemporary(folder, bytes, random, mode);
  try {
    await rename(temporary, join(folder, name));
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
}

/** @returns the path of a new file, exclusive, whose bytes are on disk; none is left behind when that fails. */
async function writeTemporary(folder: string, bytes: Uint8Array, random: Random, mode = 0o600): Promise<string> {
  const temporary = join(folder, `.new-${toHex(random.bytes(8))}`);
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const handle = await open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  try {
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  return temporary;
}

/** Run `work`. @throws ReceiptError IO at `at` in place of what the system threw; its own ReceiptErrors as they are */
export async function io<T>(at: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof ReceiptError) throw cause;
    throw new ReceiptError(
      'IO',
      `${at}: expected the file system to answer, got ${String(codeOf(cause) ?? 'an error')}`,
      { at, cause },
    );
  }
}

async function openPlainFile(path: string, at: string): Promise<FileHandle | null> {
  try {
    // O_NONBLOCK: a FIFO planted under a key's name must not hang us; regular files do not care.
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    if (codeOf(error) !== 'ELOOP') throw error;
  }
  throw new ReceiptError('KEY_FILE_MODE', `${at}: expected a regular file, got a link or something else`, {
    at,
    expected: 'a regular file',
    found: 'a symbolic link or a special file',
    next: ['put the key file itself into the folder'],
  });
}

async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folder for syncing; there NTFS's own journal orders names.
  if (process.platform === 'win32') return;
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Modes say nothing on Windows, where the folder's access list decides. */
function requirePrivate(at: string, mode: number, uid: number, wanted: number): void {
  const self = process.geteuid?.();
  if (self === undefined) return;
  const found = mode & 0o777;
  const foreign = self !== 0 && uid !== self;
  if ((found & 0o077) === 0 && !foreign) return;
  const expected = `mode ${octal(wanted)} and you as its owner`;
  throw new ReceiptError(
    'KEY_FILE_MODE',
    `${at}: expected ${expected}, got mode ${octal(found)}${foreign ? ' and another owner' : ''}`,
    {
      at,
      expected,
      found: `mode ${octal(found)}${foreign ? ', another owner' : ''}`,
      next: [`chmod ${octal(wanted).slice(1)} it, after asking who may have read it`],
    },
  );
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
