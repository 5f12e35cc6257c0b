import type { SubtreeHash } from '../crypto/hash.ts';
import { CompactRange } from './compact-range.ts';
import { perfectNodes } from './nodes.ts';
import { HASH_BYTES } from './tree-hash.ts';

/**
 * Append many leaves to a range: perfect subtrees of up to `maxLeaves` by `subtrees`, what is above and between them by the range itself.
 * The same range as by single appends. With the kernel (crypto/wasm-hash.ts) it is several times as fast.
 * @param hashes leaf hashes one behind the other, 32 bytes each, any number; only read.
 * @throws RangeError where `hashes` is no multiple of 32 bytes, or sizes pass 2^53 - 1; the range is then as it was.
 */
export function appendMany(range: CompactRange, hashes: Uint8Array, subtrees: SubtreeHash = plainSubtrees): void {
  if (hashes.length % HASH_BYTES !== 0)
    throw new RangeError(`tree: expected a multiple of ${HASH_BYTES} bytes, got ${hashes.length}`);
  const first = range.end;
  const end = first + hashes.length / HASH_BYTES;
  if (!Number.isSafeInteger(end)) throw new RangeError(`tree: expected a size below 2^53, got ${end}`);
  for (const { level, index } of perfectNodes(first, end)) {
    const last = (index + 1) * 2 ** level;
    const height = Math.min(level, Math.log2(subtrees.maxLeaves));
    const width = 2 ** height;
    for (let at = index * 2 ** level; at < last; at += width) {
      const leaves = hashes.subarray((at - first) * HASH_BYTES, (at - first + width) * HASH_BYTES);
      range.appendNode(height, height === 0 ? leaves : subtrees.rootOf(leaves));
    }
  }
}

/** The reference, in TypeScript: one node after the other. */
export const plainSubtrees: SubtreeHash = {
  maxLeaves: 2048,
  rootOf(hashes) {
    const count = hashes.length / HASH_BYTES;
    if (!Number.isInteger(count) || count < 1 || count > 2048)
      throw new RangeError(`tree: expected 1 to 2048 hashes of ${HASH_BYTES} bytes, got ${hashes.length} bytes`);
    const range = CompactRange.empty();
    for (let at = 0; at < hashes.length; at += HASH_BYTES) range.append(hashes.subarray(at, at + HASH_BYTES));
    return range.root();
  },
};
