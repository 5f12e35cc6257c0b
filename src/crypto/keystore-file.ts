import { decodeBase64url, fromBase64url, toBase64url, utf8, utf8Text, wipe } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { type Random, systemRandom } from '../base/ports.ts';
import { requireOwnPublicKey, type SecretKey } from './keys.ts';
import {
  DEFAULT_COST,
  isAffordable,
  NONCE_BYTES,
  SALT_BYTES,
  type ScryptCost,
  seal,
  TAG_BYTES,
  unseal,
} from './passphrase.ts';
import { decodePkcs8, encodePkcs8 } from './pkcs8.ts';
import { type PublicJwk, type PublicKey, parseJwk, toJwk } from './public-key.ts';

/** How a key file guards its secret. */
export type Protection = 'passphrase' | 'none';

/** A passphrase, or a way to ask for one that is called only when it is needed. */
export type Passphrase = string | (() => string | Promise<string>);

/** What a key file says to everybody. */
export interface KeyFile {
  readonly publicKey: PublicKey;
  readonly protection: Protection;
  readonly header: Header;
  /** The header's bytes as they stand in the file: authenticated with the secret. */
  readonly headerBytes: Uint8Array;
  /** Ciphertext and tag, or the bare PKCS#8 of a plain key. */
  readonly secret: Uint8Array;
}

type Header =
  | { readonly format: typeof FORMAT; readonly public: PublicJwk; readonly protection: 'none' }
  | {
      readonly format: typeof FORMAT;
      readonly public: PublicJwk;
      readonly protection: 'passphrase';
      readonly kdf: 'scrypt';
      readonly n: number;
      readonly r: number;
      readonly p: number;
      readonly salt: string;
      readonly cipher: 'XChaCha20-Poly1305';
      readonly nonce: string;
    };

const FORMAT = 'perdure/key/v1';

/**
 * Write a key file.
 *
 *     {"format":"perdure/key/v1","public":{…JWK…},"protection":"passphrase","kdf":"scrypt","n":131072,"r":8,"p":1,
 *      "salt":"…","cipher":"XChaCha20-Poly1305","nonce":"…"}                                                    one line, LF
 *     <base64url of the encrypted PKCS#8, header line as associated data>                                       one line, LF
 *
 * The public half stands outside the encryption, so that listing asks for no passphrase; being associated data it cannot be changed
 * without the secret failing to open. Without a passphrase the second line is the bare PKCS#8.
 * @param passphrase null for a plain file. @param cost for tests, which have no minute to spare.
 * @returns fresh bytes; secret when plain.
 */
export async function encodeKeyFile(
  key: SecretKey,
  passphrase: string | null,
  { cost = DEFAULT_COST, random = systemRandom }: { cost?: ScryptCost; random?: Random } = {},
): Promise<Uint8Array> {
  const pkcs8 = encodePkcs8(key, key.seed === null ? 'expanded' : 'seed');
  try {
    const base = { format: FORMAT, public: toJwk(key.publicKey) } as const;
    if (passphrase === null) return join({ ...base, protection: 'none' }, pkcs8);
    const salt = random.bytes(SALT_BYTES);
    const nonce = random.bytes(NONCE_BYTES);
    const header: Header = {
      ...base,
      protection: 'passphrase',
      kdf: 'scrypt',
      ...{ n: cost.n, r: cost.r, p: cost.p },
      salt: toBase64url(salt),
      cipher: 'XChaCha20-Poly1305',
      nonce: toBase64url(nonce),
    };
    return join(header, await seal(pkcs8, passphrase, { cost, salt, nonce, header: utf8(JSON.stringify(header)) }));
  } finally {
    wipe(pkcs8);
  }
}

function join(header: Header, secret: Uint8Array): Uint8Array {
  return utf8(`${JSON.stringify(header)}\n${toBase64url(secret)}\n`);
}

/**
 * Read the public part of a key file. One spelling only: exactly the members above, in that order, two lines.
 * @param at names the file in messages. @throws ReceiptError KEY_MALFORMED, UNSUPPORTED (another format, or an unaffordable scrypt)
 */
export function decodeKeyFile(bytes: Uint8Array, at: string): KeyFile {
  const bad = (expected: string): ReceiptError =>
    new ReceiptError('KEY_MALFORMED', `${at}: expected ${expected}, got something else`, { at, expected });
  const end = bytes.indexOf(0x0a);
  let header: Header;
  // Decoded from the bytes: text of a plain secret could never be wiped.
  const secret = end < 0 || end === bytes.length - 1 ? null : decodeBase64url(bytes, end + 1, bytes.length - 1);
  try {
    if (secret === null || bytes.at(-1) !== 0x0a) throw bad('two lines');
    header = JSON.parse(utf8Text(bytes.subarray(0, end))) as Header;
  } catch {
    throw bad('a key file of two lines: a JSON header and base64url');
  }
  if (header === null || typeof header !== 'object') throw bad('a JSON header');
  if (header.format !== FORMAT) {
    throw new ReceiptError('UNSUPPORTED', `${at}: expected format ${FORMAT}, got another`, { at, expected: FORMAT });
  }
  const publicKey = parseJwk(header.public);
  const headerBytes = bytes.slice(0, end);
  const expected = canonicalHeader(header, publicKey);
  if (expected === null || utf8Text(headerBytes) !== JSON.stringify(expected))
    throw bad('exactly the header members of its protection');
  if (expected.protection === 'passphrase') {
    if (!isAffordable(expected)) {
      throw new ReceiptError(
        'UNSUPPORTED',
        `${at}: expected scrypt within 256 MiB and p 4, got N ${expected.n}, r ${expected.r}, p ${expected.p}`,
        {
          at,
          expected: 'at most 256 MiB, p at most 4',
        },
      );
    }
    if (secret.length <= TAG_BYTES) throw bad('a ciphertext with its tag');
  }
  return { publicKey, protection: expected.protection, header: expected, headerBytes, secret };
}

/** Rebuild the header from its checked members, so that comparing texts refuses any other member, order or spelling. */
function canonicalHeader(header: Header, publicKey: PublicKey): Header | null {
  const base = { format: FORMAT, public: toJwk(publicKey) } as const;
  if (header.protection === 'none') return { ...base, protection: 'none' };
  const { protection, kdf, n, r, p, salt, cipher, nonce } = header;
  if (protection !== 'passphrase' || kdf !== 'scrypt' || cipher !== 'XChaCha20-Poly1305') return null;
  if (![n, r, p].every(Number.isSafeInteger)) return null;
  if (!isBase64urlOf(salt, SALT_BYTES) || !isBase64urlOf(nonce, NONCE_BYTES)) return null;
  return { ...base, protection, kdf, n, r, p, salt, cipher, nonce };
}

function isBase64urlOf(text: unknown, length: number): text is string {
  try {
    return typeof text === 'string' && fromBase64url(text).length === length;
  } catch {
    return false;
  }
}

/**
 * Open the secret of a key file. @param passphrase asked only for a protected file. @returns the key, its public half checked.
 * @throws ReceiptError PASSPHRASE_NEEDED, PASSPHRASE_WRONG, KEY_MISMATCH (plain file with another public half), KEY_MALFORMED
 */
export async function openKeyFile(file: KeyFile, passphrase: Passphrase | undefined, at: string): Promise<SecretKey> {
  const pkcs8 =
    file.header.protection === 'none' ? file.secret.slice() : await decrypt(file, file.header, passphrase, at);
  let key: SecretKey | undefined;
  try {
    key = decodePkcs8(pkcs8);
    requireOwnPublicKey(key, file.publicKey, at);
    return key;
  } catch (error) {
    key?.wipe();
    throw error;
  } finally {
    wipe(pkcs8);
  }
}

async function decrypt(
  file: KeyFile,
  header: Extract<Header, { protection: 'passphrase' }>,
  passphrase: Passphrase | undefined,
  at: string,
): Promise<Uint8Array> {
  const text = typeof passphrase === 'function' ? await passphrase() : passphrase;
  if (text === undefined || text === '') {
    throw new ReceiptError('PASSPHRASE_NEEDED', `${at}: expected its passphrase, got none`, {
      at,
      expected: 'a passphrase',
      next: ['set PERDURE_PASSPHRASE, PERDURE_PASSPHRASE_FILE or PERDURE_PASSPHRASE_COMMAND', 'or run in a terminal'],
    });
  }
  const salt = fromBase64url(header.salt);
  const nonce = fromBase64url(header.nonce);
  return unseal(file.secret, text, { cost: header, salt, nonce, header: file.headerBytes }, at);
}
