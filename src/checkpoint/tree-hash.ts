import { concatBytes } from '../base/bytes.ts';
import { sha256 } from '../crypto/hash.ts';

/** Bytes of every hash of the tree. */
export const HASH_BYTES = 32;

/** The hash of a node from those of its children, 32 bytes each, only read. @returns 32 bytes, fresh. */
export type NodeHash = (left: Uint8Array, right: Uint8Array) => Uint8Array;

/** 0x01 ‖ left ‖ right; hashing is synchronous, so one is enough. */
const pair = new Uint8Array(1 + 2 * HASH_BYTES);
pair[0] = 0x01;

/**
 * Hash two children: SHA-256(0x01 ‖ left ‖ right), so that no leaf can be passed off as a node.
 * @throws RangeError where a child is not 32 bytes: with other lengths two pairs could have one hash. @see RFC 9162 section 2.1.1
 */
export const hashNode: NodeHash = (left, right) => {
  checkHash(left);
  checkHash(right);
  pair.set(left, 1);
  pair.set(right, 1 + HASH_BYTES);
  return sha256(pair);
};

/** Hash a leaf: SHA-256(0x00 ‖ entry), what a line states as `hash`. @param entry any length, only read. @returns 32 bytes, fresh. @see RFC 9162 section 2.1.1 */
export function hashLeaf(entry: Uint8Array): Uint8Array {
  return sha256(concatBytes(Uint8Array.of(0x00), entry));
}

/** @returns the root of a tree without leaves: SHA-256 of nothing, 32 bytes, fresh. @see RFC 9162 section 2.1.1 */
export function emptyRoot(): Uint8Array {
  return EMPTY_ROOT.slice();
}

/** The root of a tree without leaves, 32 bytes; not to be written to: emptyRoot() gives a copy. */
export const EMPTY_ROOT: Uint8Array = sha256(new Uint8Array(0));

/** @returns whether `value` can be a hash of the tree, whatever it is. */
export function isHash(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length === HASH_BYTES;
}

/** @throws RangeError where `hash` is not 32 bytes. */
export function checkHash(hash: Uint8Array): void {
  if (isHash(hash)) return;
  const found = (hash as { readonly length?: unknown } | null | undefined)?.length;
  throw new RangeError(`tree: expected a hash of ${HASH_BYTES} bytes, got length ${found}`);
}
