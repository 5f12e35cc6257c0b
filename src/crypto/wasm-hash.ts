import type { SubtreeHash } from './hash.ts';
import { done, startInstance, type VerifierExports } from './wasm.ts';

const HASH_BYTES = 32;

/**
 * Merkle roots by an instance of verifier.wasm, four nodes at a time. A call keeps nothing: any number of trees may share it.
 * Whoever has more leaves than one call takes, appends them by checkpoint/append-many.ts.
 * @param bytes verifier.wasm; the embedded one unless given. @throws whatever WebAssembly throws where it is missing or forbidden.
 */
export function startMerkleKernel(bytes?: Uint8Array): SubtreeHash {
  return subtreesOf(startInstance<VerifierExports>(bytes));
}

/** The same by an instance that does other things too. */
export function subtreesOf(wasm: VerifierExports): SubtreeHash {
  const maxLeaves = wasm.nodeCount();
  // The memory of this ABI never grows, so that this view stays good.
  const nodes = new Uint8Array(wasm.memory.buffer, wasm.nodesAt(), maxLeaves * HASH_BYTES);
  return {
    maxLeaves,
    rootOf(hashes) {
      const count = hashes.length / HASH_BYTES;
      if (!Number.isInteger(count) || count < 1 || count > maxLeaves)
        throw new RangeError(`merkle: expected 1 to ${maxLeaves} hashes of 32 bytes, got ${hashes.length} bytes`);
      nodes.set(hashes);
      done(wasm.merkleRootOfNodes(count));
      return nodes.slice(0, HASH_BYTES);
    },
  };
}
