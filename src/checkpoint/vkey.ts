import { concatBytes, decodeBase64, equalBytes, fromHex, toBase64, toHex, utf8 } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { sha256Hex } from '../crypto/hash.ts';
import { type Algorithm, KEY_SIZES, type PublicKey, readPublicKey } from '../crypto/public-key.ts';
import { isKeyName, KEY_ID_BYTES } from './note.ts';

/**
 * Kinds of signatures on a note that we know. The first two sign the text of the note, as a log does; the others put a timestamp before
 * their signature, as a witness does.
 */
export type NoteKeyType =
  | 'perdure-ml-dsa-65'
  | 'ed25519'
  | 'cosignature-ed25519'
  | 'cosignature-ml-dsa-44'
  | 'perdure-cosignature-ml-dsa-65';

/** A key that may have signed a note. */
export interface NoteVerifierKey {
  /** Key name: the origin for a log's own keys. */
  readonly name: string;
  /** Key ID, 4 bytes. */
  readonly id: Uint8Array;
  readonly type: NoteKeyType;
  readonly publicKey: Uint8Array;
  /** RFC 7638 thumbprint; ML-DSA-44 has none here. */
  readonly kid?: string;
}

/** What a kind of signature is made of. */
export interface NoteKeyKind {
  /** What says which kind it is, in key IDs and vkeys: a byte of C2SP, or 0xff and a name that is ours. */
  readonly typeBytes: Uint8Array;
  /** Of our two algorithms; null for ML-DSA-44, which has its own file. */
  readonly alg: Algorithm | null;
  readonly publicKeyBytes: number;
  readonly signatureBytes: number;
  /** Whether the signature is a cosignature, with a timestamp in front. */
  readonly timestamped: boolean;
}

const ownType = (name: string): Uint8Array => concatBytes(Uint8Array.of(0xff), utf8(name));

const kind = (typeBytes: Uint8Array, alg: Algorithm, timestamped: boolean): NoteKeyKind => ({
  typeBytes,
  alg,
  publicKeyBytes: KEY_SIZES[alg].publicKey,
  signatureBytes: KEY_SIZES[alg].signature,
  timestamped,
});

/**
 * The kinds. C2SP has no type for ML-DSA-65, so ours begin with 0xff (signed-note, "Signature types"). Sizes of ML-DSA-44: FIPS 204
 * table 2; said here, since the code that knows them is loaded on demand (test/checkpoint/vkey.test.ts compares).
 */
export const NOTE_KEY_KINDS: Readonly<Record<NoteKeyType, NoteKeyKind>> = {
  'perdure-ml-dsa-65': kind(ownType('perdure.dev/ml-dsa-65/v1'), 'ML-DSA-65', false),
  ed25519: kind(Uint8Array.of(0x01), 'Ed25519', false),
  'cosignature-ed25519': kind(Uint8Array.of(0x04), 'Ed25519', true),
  'cosignature-ml-dsa-44': {
    typeBytes: Uint8Array.of(0x06),
    alg: null,
    publicKeyBytes: 1312,
    signatureBytes: 2420,
    timestamped: true,
  },
  'perdure-cosignature-ml-dsa-65': kind(ownType('perdure.dev/cosignature-ml-dsa-65/v1'), 'ML-DSA-65', true),
};

const TYPES = Object.keys(NOTE_KEY_KINDS) as NoteKeyType[];

/** The kind a log signs with, by the algorithm of its key. */
const LOG_TYPE: Readonly<Record<Algorithm, NoteKeyType>> = { 'ML-DSA-65': 'perdure-ml-dsa-65', Ed25519: 'ed25519' };

/** The kind a witness cosigns with, by the algorithm of its key. */
const COSIGNER_TYPE: Readonly<Record<Algorithm, NoteKeyType>> = {
  'ML-DSA-65': 'perdure-cosignature-ml-dsa-65',
  Ed25519: 'cosignature-ed25519',
};

/** Keys as engines take them, once a NoteVerifierKey: they keep prepared forms by the object. */
const checked = new WeakMap<NoteVerifierKey, PublicKey>();

/**
 * Compute a key ID: SHA-256(name ‖ 0x0A ‖ type ‖ public key), its first 4 bytes. Short, so that it is an identifier and proves nothing.
 * @see C2SP signed-note, "Signatures"; format section 7
 */
export function keyIdOf(name: string, type: NoteKeyType, publicKey: Uint8Array): Uint8Array {
  const hash = sha256Hex(concatBytes(utf8(`${name}\n`), NOTE_KEY_KINDS[type].typeBytes, publicKey));
  return fromHex(hash.slice(0, 2 * KEY_ID_BYTES));
}

/**
 * Name a log's key on its checkpoints. @param name the origin. @param publicKey ML-DSA-65 by our type, Ed25519 by C2SP's 0x01.
 * @throws RangeError when that is no key name
 */
export function noteKeyOf(name: string, publicKey: PublicKey): NoteVerifierKey {
  return keyOf(name, LOG_TYPE[publicKey.alg], publicKey);
}

/** Name a witness's key. @param name of the witness. @param publicKey ML-DSA-65 by our type, Ed25519 by C2SP's 0x04. @throws RangeError */
export function cosignerKeyOf(name: string, publicKey: PublicKey): NoteVerifierKey {
  return keyOf(name, COSIGNER_TYPE[publicKey.alg], publicKey);
}

/** Name a witness's ML-DSA-44 key, C2SP's 0x06. @param publicKey 1312 bytes, copied. @throws RangeError on another name or length */
export function mlDsa44KeyOf(name: string, publicKey: Uint8Array): NoteVerifierKey {
  const type = 'cosignature-ml-dsa-44';
  const expected = NOTE_KEY_KINDS[type].publicKeyBytes;
  if (publicKey.length !== expected)
    throw new RangeError(`note key: expected ${expected} bytes, got ${publicKey.length}`);
  checkName(name);
  return { name, id: keyIdOf(name, type, publicKey), type, publicKey: publicKey.slice() };
}

function keyOf(name: string, type: NoteKeyType, publicKey: PublicKey): NoteVerifierKey {
  checkName(name);
  const key: NoteVerifierKey = {
    name,
    id: keyIdOf(name, type, publicKey.bytes),
    type,
    publicKey: publicKey.bytes,
    kid: publicKey.kid,
  };
  checked.set(key, publicKey);
  return key;
}

function checkName(name: string): void {
  if (!isKeyName(name)) throw new RangeError('note key: expected a name without spaces, plus and control characters');
}

/** @returns the key as engines take it; null for ML-DSA-44. @throws ReceiptError KEY_MALFORMED for a record that was put together by hand */
export function checkedKeyOf(key: NoteVerifierKey): PublicKey | null {
  const { alg } = NOTE_KEY_KINDS[key.type];
  if (alg === null) return null;
  const known = checked.get(key);
  if (known !== undefined) return known;
  const publicKey = readPublicKey(alg, key.publicKey);
  checked.set(key, publicKey);
  return publicKey;
}

/** @returns whether two records mean one key used in one way, whatever their names. */
export function isSameKey(a: NoteVerifierKey, b: NoteVerifierKey): boolean {
  return a.type === b.type && equalBytes(a.publicKey, b.publicKey);
}

/** @returns whether the key is post-quantum: an Ed25519 line never stands in for an ML-DSA one. */
export function isPostQuantum({ type }: NoteVerifierKey): boolean {
  return NOTE_KEY_KINDS[type].alg !== 'Ed25519';
}

/**
 * Write a verifier key: the inverse of parseVkey.
 *
 *     <name>+<8 hex of the key ID>+<base64 of type ‖ public key>
 *
 * @see C2SP signed-note, "Verifier keys"
 */
export function formatVkey({ name, id, type, publicKey }: NoteVerifierKey): string {
  return `${name}+${toHex(id)}+${toBase64(concatBytes(NOTE_KEY_KINDS[type].typeBytes, publicKey))}`;
}

/**
 * Read a verifier key: one spelling only, and the key ID must be the one that name, type and key give.
 * @param at names it in messages. @throws ReceiptError KEY_MALFORMED; UNSUPPORTED for a type that we do not know
 */
export function parseVkey(text: string, at = 'vkey'): NoteVerifierKey {
  const bad = (expected: string): ReceiptError =>
    new ReceiptError('KEY_MALFORMED', `${at}: expected ${expected}, got something else`, { at, expected });
  // A name has no plus, base64 may have: the first two part it.
  const [, name = '', id = '', base64 = ''] = /^([^+]*)\+([^+]*)\+(.*)$/s.exec(text) ?? [];
  if (!isKeyName(name)) throw bad('<name>+<8 hex>+<base64>, the name without spaces');
  if (!/^[0-9a-f]{8}$/.test(id)) throw bad('a key ID of 8 lower-case hex digits');
  const bytes = decodeBase64(base64);
  if (bytes === null || bytes.length === 0) throw bad('strict padded base64 after the key ID');
  const type = TYPES.find((one) => isOfType(bytes, NOTE_KEY_KINDS[one]));
  if (type === undefined) throw unknownType(bytes, at);
  const publicKey = bytes.slice(NOTE_KEY_KINDS[type].typeBytes.length);
  const key = { name, id: fromHex(id), type, publicKey };
  if (toHex(keyIdOf(name, type, publicKey)) !== id) throw bad('the key ID that its name, type and key give');
  const whole = checkedKeyOf(key);
  return whole === null ? key : keyOf(name, type, whole);
}

function isOfType(bytes: Uint8Array, { typeBytes, publicKeyBytes }: NoteKeyKind): boolean {
  return (
    bytes.length === typeBytes.length + publicKeyBytes && equalBytes(bytes.subarray(0, typeBytes.length), typeBytes)
  );
}

function unknownType(bytes: Uint8Array, at: string): ReceiptError {
  const found = `type 0x${toHex(bytes.subarray(0, 1))} with ${bytes.length - 1} bytes`;
  const expected = `ML-DSA-65 of perdure.dev, Ed25519 (0x01, 0x04) or ML-DSA-44 (0x06)`;
  return new ReceiptError('UNSUPPORTED', `${at}: expected ${expected}, got ${found}`, { at, expected, found });
}
