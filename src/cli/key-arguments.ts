import { open, stat } from 'node:fs/promises';
import { wipe } from '../base/bytes.ts';
import { isReceiptError, ReceiptError } from '../base/errors.ts';
import type { SecretKey } from '../crypto/keys.ts';
import { defaultKeyFolder, KEY_NAME_PATTERN, Keystore } from '../crypto/keystore.ts';
import { decodeKeyFile, openKeyFile } from '../crypto/keystore-file.ts';
import type { PublicKey } from '../crypto/public-key.ts';
import { MAX_KEY_FILE_BYTES, readPublicKeyFile } from '../crypto/public-key-file.ts';
import type { OutsideKey } from '../verify/trust.ts';
import type { Io } from './io.ts';
import { existingPassphrase } from './passphrase-source.ts';
import { printable } from './printable.ts';

/** RFC 7638 thumbprint: 43 base64url characters with zero spare bits. */
const KID = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;
/** How a key file of a keystore begins. */
const CONTAINER = '{"format":"perdure/key/';

/** @returns the keystore of `--keys`, else the user's own. */
export function keystoreOf(io: Pick<Io, 'env'>, folder: string | undefined): Keystore {
  return new Keystore(folder ?? defaultKeyFolder(io.env));
}

/**
 * Find the public halves that `--key` of a verifier names. No passphrase is ever asked for.
 *
 * What looks like a kid is one: a file of that name, perhaps planted beside the evidence, must not take its place. Else the
 * keystore's names come first, then files. Of a secret key file its public half is taken, and the user is told to leave it at home.
 */
export async function outsideKeys(io: Io, values: readonly string[], store: Keystore): Promise<OutsideKey[]> {
  const keys: OutsideKey[] = [];
  for (const value of values) {
    if (KID.test(value)) {
      keys.push({ key: value });
      continue;
    }
    const named = await fromStore(store, value);
    const key = named ?? (await fromFile(value, (bytes) => publicOf(io, value, bytes)));
    if (key === null) throw notFound(value, store);
    keys.push({ name: value, key });
  }
  return keys;
}

/** Load the secret halves that `--key` of a writer names: from the keystore by name or kid, or from a file. Yours to wipe. */
export async function secretKeys(io: Io, values: readonly string[], store: Keystore): Promise<SecretKey[]> {
  const keys: SecretKey[] = [];
  try {
    for (const value of values) keys.push(await secretKey(io, value, store));
    return keys;
  } catch (error) {
    for (const key of keys) key.wipe();
    throw error;
  }
}

async function secretKey(io: Io, value: string, store: Keystore): Promise<SecretKey> {
  const name = KID.test(value)
    ? await nameOfKid(store, value)
    : (await fromStore(store, value)) === null
      ? null
      : value;
  if (name !== null) return store.load(name, () => existingPassphrase(io, `key ${name}`));
  const key = KID.test(value) ? null : await fromFile(value, (bytes) => secretOf(io, value, bytes));
  if (key === null) throw notFound(value, store);
  return key;
}

/** @returns under which name the keystore has a key, null when it has not. */
export async function nameOfKid(store: Keystore, kid: string): Promise<string | null> {
  for (const entry of await store.list()) if ('publicKey' in entry && entry.publicKey.kid === kid) return entry.name;
  return null;
}

async function fromStore(store: Keystore, name: string): Promise<PublicKey | null> {
  if (!KEY_NAME_PATTERN.test(name)) return null;
  try {
    return (await store.show(name)).publicKey;
  } catch (error) {
    if (isReceiptError(error, 'KEY_NOT_FOUND')) return null;
    throw error;
  }
}

/** @returns null when there is no such file. @throws ReceiptError IO, and what `read` throws, naming the file. */
async function fromFile<T>(path: string, read: (bytes: Uint8Array) => T | Promise<T>): Promise<T | null> {
  let bytes: Uint8Array;
  try {
    bytes = await readSmallFile(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'an error';
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new ReceiptError('IO', `--key ${path}: cannot be read (${code})`, { at: path, found: code, cause });
  }
  try {
    return await read(bytes);
  } catch (error) {
    if (!(error instanceof ReceiptError) || error.code.startsWith('PASSPHRASE')) throw error;
    const { code, message, expected, found, next } = error;
    throw new ReceiptError(code, `--key ${path}: ${message}`, {
      at: path,
      ...(expected === undefined ? {} : { expected }),
      ...(found === undefined ? {} : { found }),
      next,
      cause: error,
    });
  } finally {
    wipe(bytes);
  }
}

async function readSmallFile(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const buffer = new Uint8Array(MAX_KEY_FILE_BYTES + 1);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    const bytes = buffer.slice(0, length);
    wipe(buffer);
    return bytes;
  } finally {
    await file.close();
  }
}

function isContainer(bytes: Uint8Array): boolean {
  return [...CONTAINER].every((char, i) => bytes[i] === char.charCodeAt(0));
}

async function publicOf(io: Io, path: string, bytes: Uint8Array): Promise<PublicKey> {
  if (isContainer(bytes)) return decodeKeyFile(bytes, path).publicKey;
  try {
    return readPublicKeyFile(bytes);
  } catch (error) {
    if (!isReceiptError(error, 'KEY_UNSUITABLE')) throw error;
    const { readSecretKeyFile } = await import('../crypto/secret-key-file.ts');
    const secret = readSecretKeyFile(bytes);
    const { publicKey } = secret;
    secret.wipe();
    await io.stderr.write(
      `warning: --key ${printable(path)} is a SECRET key; its public half was used. Give verifiers the public half alone.\n`,
    );
    return publicKey;
  }
}

async function secretOf(io: Io, path: string, bytes: Uint8Array): Promise<SecretKey> {
  const key = isContainer(bytes)
    ? await openKeyFile(decodeKeyFile(bytes, path), () => existingPassphrase(io, `key ${path}`), path)
    : (await import('../crypto/secret-key-file.ts')).readSecretKeyFile(bytes);
  const { mode } = await stat(path);
  // Refused in a keystore; elsewhere whoever mounts or copies key files has reasons that we cannot know.
  if (process.geteuid !== undefined && (mode & 0o077) !== 0) {
    const bits = (mode & 0o777).toString(8).padStart(4, '0');
    await io.stderr.write(`warning: --key ${printable(path)} is open to others (mode ${bits}); chmod 600 it\n`);
  }
  return key;
}

function notFound(value: string, store: Keystore): ReceiptError {
  return new ReceiptError(
    'KEY_NOT_FOUND',
    `--key ${value}: expected a NAME in ${store.folder}, a file, or a 43-character kid that fits; found none`,
    {
      at: `--key ${value}`,
      expected: `a NAME in ${store.folder}, a file, or a 43-character kid`,
      found: 'none of them',
      next: ['perdure key list'],
    },
  );
}
