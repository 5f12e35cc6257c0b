import { fromHex } from '../base/bytes.ts';
import { sha256Hex } from './hash.ts';
import { done, startInstance, type VerifierExports } from './wasm.ts';

const HASH_BYTES = 32;

/** A Merkle root in the making, RFC 9162 section 2.1.1: 64 KiB of memory for each factor of 2,048 in the number of leaves. */
export interface MerkleFold {
  /** Take the next leaves. @param hashes leaf hashes one behind the other, any number; only read. @throws RangeError where it is no multiple of 32 bytes. */
  add(hashes: Uint8Array): void;
  /** @returns the root of all leaves so far, 32 bytes, yours: SHA-256 of nothing where there are none. More may be added after it. */
  root(): Uint8Array;
}

/** Merkle trees by one instance of verifier.wasm, any number of them at a time. */
export interface MerkleKernel {
  startFold(): MerkleFold;
  /** The root of all leaves in `pieces`, each taken as MerkleFold.add takes it. */
  merkleRootOf(pieces: Iterable<Uint8Array>): Uint8Array;
}

/** Start an instance. @param bytes verifier.wasm; the embedded one unless given. @throws whatever WebAssembly throws where it is missing or forbidden. */
export function startMerkleKernel(bytes?: Uint8Array): MerkleKernel {
  const wasm = startInstance<VerifierExports>(bytes);
  const nodes = new Uint8Array(wasm.memory.buffer, wasm.nodesAt(), wasm.nodeCount() * HASH_BYTES);
  const rootOf = (hashes: Uint8Array): Uint8Array => {
    nodes.set(hashes);
    done(wasm.merkleRootOfNodes(hashes.length / HASH_BYTES));
    return nodes.slice(0, HASH_BYTES);
  };
  const startFold = (): MerkleFold => foldOf(nodes.length, rootOf);
  return {
    startFold,
    merkleRootOf(pieces) {
      const fold = startFold();
      for (const piece of pieces) fold.add(piece);
      return fold.root();
    },
  };
}

/** Hashes of one level that do not fill a region yet: each is the root of a full region of the level below. */
interface Level {
  readonly bytes: Uint8Array;
  filled: number;
}

/**
 * A region holds a power of two of hashes, so that full regions, and a last one that is not full, are the leaves of the tree above them
 * (assembly/merkle.ts says why). @param regionBytes how much of it `rootOf` takes at once.
 */
function foldOf(regionBytes: number, rootOf: (hashes: Uint8Array) => Uint8Array): MerkleFold {
  const levels: Level[] = [];
  const put = (hashes: Uint8Array, height: number): void => {
    levels[height] ??= { bytes: new Uint8Array(regionBytes), filled: 0 };
    const level = levels[height];
    for (let at = 0; at < hashes.length; ) {
      const piece = hashes.subarray(at, at + regionBytes - level.filled);
      level.bytes.set(piece, level.filled);
      level.filled += piece.length;
      at += piece.length;
      if (level.filled < regionBytes) continue;
      level.filled = 0;
      put(rootOf(level.bytes), height + 1);
    }
  };
  return {
    add(hashes) {
      if (hashes.length % HASH_BYTES !== 0)
        throw new RangeError(`merkle: expected a multiple of 32 bytes, got ${hashes.length}`);
      put(hashes, 0);
    },
    root() {
      // From below, the root of what is pending is one hash more of the level above: there is room, since no level stays full.
      let last: Uint8Array | null = null;
      for (const { bytes, filled } of levels) {
        if (last !== null) bytes.set(last, filled);
        const length: number = filled + (last === null ? 0 : HASH_BYTES);
        if (length > 0) last = rootOf(bytes.subarray(0, length));
      }
      return last ?? fromHex(sha256Hex(new Uint8Array(0)));
    },
  };
}
