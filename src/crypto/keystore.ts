import { constants } from 'node:fs';
import { type FileHandle, link, mkdir, open, readdir, realpath, stat, unlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { toHex, wipe } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { type Random, systemRandom } from '../base/ports.ts';
import type { SecretKey } from './keys.ts';
import {
  decodeKeyFile,
  encodeKeyFile,
  type KeyFile,
  openKeyFile,
  type Passphrase,
  type Protection,
} from './keystore-file.ts';
import type { ScryptCost } from './passphrase.ts';
import type { PublicKey } from './public-key.ts';
import { encodePublicKey, MAX_KEY_FILE_BYTES, type PublicKeyFormat } from './public-key-file.ts';

/** 1–64 of `A-Z a-z 0-9 . _ -`, no leading dot: a file name everywhere, and never a path. */
export const KEY_NAME_PATTERN = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/;

const SUFFIX = '.key';

/** What the keystore says about a key without opening it. */
export interface KeyInfo {
  readonly name: string;
  readonly publicKey: PublicKey;
  readonly protection: Protection;
}

/** One name in a listing: a key, or why it cannot be read. */
export type KeyListing = KeyInfo | { readonly name: string; readonly error: ReceiptError };

/** How a new key is kept: under a passphrase, or plain because somebody said so. */
export type Guard = { readonly passphrase: string } | { readonly plain: true };

/**
 * @returns `$XDG_DATA_HOME/perdure/keys`, else `~/.local/share/perdure/keys`. A relative XDG_DATA_HOME is ignored, as the XDG Base
 * Directory Specification wants. @param env process.env unless given.
 */
export function defaultKeyFolder(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const data = env.XDG_DATA_HOME;
  const base = data !== undefined && isAbsolute(data) ? data : join(env.HOME ?? homedir(), '.local', 'share');
  return join(base, 'perdure', 'keys');
}

/**
 * Key files in one folder. The folder is 0700 and each file 0600, regular and no symbolic link; looser ones are refused on every use,
 * since somebody else may have read or planted them. Nothing here prints, and no error names more than a file and a key id.
 */
export class Keystore {
  readonly folder: string;
  readonly #random: Random;
  readonly #cost: ScryptCost | undefined;

  /** @param options.cost of scrypt and @param options.random are for tests. */
  constructor(
    folder: string = defaultKeyFolder(),
    options: { readonly cost?: ScryptCost; readonly random?: Random } = {},
  ) {
    this.folder = folder;
    this.#random = options.random ?? systemRandom;
    this.#cost = options.cost;
  }

  /**
   * Write a new key. Order: temporary file, exclusive and 0600 → written → fsync → linked under its name, which fails where the name
   * is taken and is never seen half → temporary name removed → fsync of the folder. After a crash there is a whole key or none, and
   * perhaps a leftover `.new-*`.
   * @param key only read. @throws ReceiptError KEY_EXISTS, KEY_FILE_MODE, IO; RangeError on a bad name; TypeError on an empty passphrase
   */
  async create(name: string, key: SecretKey, guard: Guard): Promise<KeyInfo> {
    const file = `${requireName(name)}${SUFFIX}`;
    const passphrase = 'plain' in guard ? null : guard.passphrase;
    if (passphrase === '' || passphrase === undefined)
      throw new TypeError('keystore: expected a passphrase, or plain: true');
    await io(this.folder, () => mkdir(this.folder, { recursive: true, mode: 0o700 }));
    const folder = await this.#checkedFolder();
    if (folder === null) throw notFound(this.folder, 'a folder');
    if ((await namesIn(folder)).includes(name)) throw exists(name);
    const bytes = await encodeKeyFile(key, passphrase, {
      random: this.#random,
      ...(this.#cost === undefined ? {} : { cost: this.#cost }),
    });
    try {
      await writeNew(folder, file, bytes, name, this.#random);
    } finally {
      wipe(bytes);
    }
    return { name, publicKey: key.publicKey, protection: passphrase === null ? 'none' : 'passphrase' };
  }

  /** List every key by name, ascending, without a passphrase. @returns none where the folder is not there. @throws ReceiptError KEY_FILE_MODE, IO */
  async list(): Promise<readonly KeyListing[]> {
    const folder = await this.#checkedFolder();
    if (folder === null) return [];
    const listing: KeyListing[] = [];
    for (const name of (await namesIn(folder)).sort()) {
      try {
        listing.push(infoOf(name, await readKeyFile(folder, name)));
      } catch (error) {
        if (!(error instanceof ReceiptError)) throw error;
        listing.push({ name, error });
      }
    }
    return listing;
  }

  /** Describe one key without a passphrase. @throws ReceiptError KEY_NOT_FOUND, KEY_FILE_MODE, KEY_MALFORMED, UNSUPPORTED, IO */
  async show(name: string): Promise<KeyInfo> {
    return infoOf(name, await this.#read(name));
  }

  /** Write out the public half (encodePublicKey), without a passphrase. @returns fresh bytes. @throws as show. */
  async exportPublic(name: string, format: PublicKeyFormat = 'jwk'): Promise<Uint8Array> {
    return encodePublicKey((await this.#read(name)).publicKey, format);
  }

  /**
   * Open a secret key. @param passphrase asked for only when the file is protected. @returns the key, yours to wipe.
   * @throws ReceiptError as show, and PASSPHRASE_NEEDED, PASSPHRASE_WRONG, KEY_MISMATCH.
   */
  async load(name: string, passphrase?: Passphrase): Promise<SecretKey> {
    return openKeyFile(await this.#read(name), passphrase, `key ${name}`);
  }

  async #read(name: string): Promise<KeyFile> {
    requireName(name);
    const folder = await this.#checkedFolder();
    if (folder === null) throw notFound(`key ${name}`, `a key of that name in ${this.folder}`);
    return readKeyFile(folder, name);
  }

  /** @returns the real path of the folder once its mode is right, null when there is none. */
  async #checkedFolder(): Promise<string | null> {
    return io(this.folder, async () => {
      let folder: string;
      try {
        folder = await realpath(this.folder);
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return null;
        throw error;
      }
      const { mode, uid } = await stat(folder);
      requirePrivate(this.folder, mode, uid, 0o700);
      return folder;
    });
  }
}

function requireName(name: string): string {
  if (typeof name !== 'string') throw new TypeError('keystore: expected a key name');
  if (!KEY_NAME_PATTERN.test(name))
    throw new RangeError('keystore: expected a key name of 1-64 of A-Z a-z 0-9 . _ - without a leading dot');
  return name;
}

function infoOf(name: string, { publicKey, protection }: KeyFile): KeyInfo {
  return { name, publicKey, protection };
}

async function namesIn(folder: string): Promise<string[]> {
  const files = await io(folder, () => readdir(folder));
  return files
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length))
    .filter((name) => KEY_NAME_PATTERN.test(name));
}

/** Open without following a link, then judge and read the very file that was opened. */
async function readKeyFile(folder: string, name: string): Promise<KeyFile> {
  const at = `key ${name}`;
  const bytes = await io(at, async () => {
    const handle = await openPlainFile(join(folder, `${name}${SUFFIX}`), at, folder);
    try {
      const { mode, uid, size } = await handle.stat();
      requirePrivate(at, mode, uid, 0o600);
      if (size > MAX_KEY_FILE_BYTES) {
        throw new ReceiptError('KEY_MALFORMED', `${at}: expected at most ${MAX_KEY_FILE_BYTES} bytes, got ${size}`, {
          at,
        });
      }
      const buffer = await handle.readFile();
      return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
    } finally {
      await handle.close();
    }
  });
  try {
    return decodeKeyFile(bytes, at);
  } finally {
    wipe(bytes);
  }
}

async function openPlainFile(path: string, at: string, folder: string): Promise<FileHandle> {
  try {
    // O_NONBLOCK: a FIFO planted under a key's name must not hang us; regular files do not care.
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw notFound(at, `a key of that name in ${folder}`);
    if (codeOf(error) !== 'ELOOP') throw error;
  }
  throw new ReceiptError('KEY_FILE_MODE', `${at}: expected a regular file, got a link or something else`, {
    at,
    expected: 'a regular file',
    found: 'a symbolic link or a special file',
    next: ['put the key file itself into the folder'],
  });
}

async function writeNew(folder: string, file: string, bytes: Uint8Array, name: string, random: Random): Promise<void> {
  const temporary = join(folder, `.new-${toHex(random.bytes(8))}`);
  await io(`key ${name}`, async () => {
    const handle = await open(
      temporary,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      0o600,
    );
    try {
      try {
        await handle.writeFile(bytes);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await link(temporary, join(folder, file));
    } catch (error) {
      if (codeOf(error) === 'EEXIST') throw exists(name);
      throw error;
    } finally {
      await unlink(temporary);
    }
    const handleOfFolder = await open(folder, constants.O_RDONLY);
    try {
      await handleOfFolder.sync();
    } finally {
      await handleOfFolder.close();
    }
  });
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

function exists(name: string): ReceiptError {
  return new ReceiptError('KEY_EXISTS', `key ${name}: expected a free name, got one that is taken`, {
    at: `key ${name}`,
    expected: 'a free name',
    next: ['choose another name', 'perdure key list'],
  });
}

function notFound(at: string, expected: string): ReceiptError {
  return new ReceiptError('KEY_NOT_FOUND', `${at}: expected ${expected}, got none`, {
    at,
    expected,
    next: ['perdure key list'],
  });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

async function io<T>(at: string, work: () => Promise<T>): Promise<T> {
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
