import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { wipe } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { type Random, systemRandom } from '../base/ports.ts';
import type { SecretKey } from './keys.ts';
import { io, makePrivateFolder, privateFolder, readPrivateFile, writeNewFile } from './keystore-disk.ts';
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
   * Write a new key, whole or not at all (writeNewFile), and on disk once this resolves, the folders made for it included.
   * @param key only read. @throws ReceiptError KEY_EXISTS, KEY_FILE_MODE, IO; RangeError on a bad name; TypeError on another guard
   */
  async create(name: string, key: SecretKey, guard: Guard): Promise<KeyInfo> {
    const file = `${requireName(name)}${SUFFIX}`;
    const passphrase = passphraseOf(guard);
    await io(this.folder, () => makePrivateFolder(this.folder));
    const folder = await this.#checkedFolder();
    if (folder === null) throw notFound(this.folder, 'a folder');
    if ((await namesIn(folder)).includes(name)) throw exists(name);
    const bytes = await encodeKeyFile(key, passphrase, {
      random: this.#random,
      ...(this.#cost === undefined ? {} : { cost: this.#cost }),
    });
    try {
      if (!(await io(`key ${name}`, () => writeNewFile(folder, file, bytes, this.#random)))) throw exists(name);
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
    return encodePublicKey((await this.show(name)).publicKey, format);
  }

  /**
   * Open a secret key. @param passphrase asked for only when the file is protected. @returns the key, yours to wipe.
   * @throws ReceiptError as show, and PASSPHRASE_NEEDED, PASSPHRASE_WRONG, KEY_MISMATCH.
   */
  async load(name: string, passphrase?: Passphrase): Promise<SecretKey> {
    const file = await this.#read(name);
    try {
      return await openKeyFile(file, passphrase, `key ${name}`);
    } finally {
      wipe(file.secret);
    }
  }

  async #read(name: string): Promise<KeyFile> {
    requireName(name);
    const folder = await this.#checkedFolder();
    if (folder === null) throw notFound(`key ${name}`, `a key of that name in ${this.folder}`);
    return readKeyFile(folder, name);
  }

  /** @returns the real path of the folder once its mode is right, null when there is none. */
  async #checkedFolder(): Promise<string | null> {
    return io(this.folder, () => privateFolder(this.folder));
  }
}

/** One or the other, never both: what only looks like `plain: true` must not end in a plain file. */
function passphraseOf(guard: Guard): string | null {
  const { plain, passphrase } = guard as { readonly plain?: unknown; readonly passphrase?: unknown };
  if (plain === true && passphrase === undefined) return null;
  if ((plain === undefined || plain === false) && typeof passphrase === 'string' && passphrase !== '')
    return passphrase;
  throw new TypeError('keystore: expected a passphrase, or plain: true');
}

function requireName(name: string): string {
  if (typeof name !== 'string') throw new TypeError('keystore: expected a key name');
  if (!KEY_NAME_PATTERN.test(name))
    throw new RangeError('keystore: expected a key name of 1-64 of A-Z a-z 0-9 . _ - without a leading dot');
  return name;
}

/** What may be told; the secret of a plain file is wiped, since nobody asked for it. */
function infoOf(name: string, { publicKey, protection, secret }: KeyFile): KeyInfo {
  wipe(secret);
  return { name, publicKey, protection };
}

async function namesIn(folder: string): Promise<string[]> {
  const files = await io(folder, () => readdir(folder));
  return files
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length))
    .filter((name) => KEY_NAME_PATTERN.test(name));
}

async function readKeyFile(folder: string, name: string): Promise<KeyFile> {
  const at = `key ${name}`;
  const bytes = await io(at, () => readPrivateFile(join(folder, `${name}${SUFFIX}`), at, MAX_KEY_FILE_BYTES));
  if (bytes === null) throw notFound(at, `a key of that name in ${folder}`);
  try {
    return decodeKeyFile(bytes, at);
  } finally {
    wipe(bytes);
  }
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
