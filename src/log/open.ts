import type { SubtreeHash } from '../crypto/hash.ts';
import { leafHashes } from './leaf-hashes.ts';
import { type CreateOptions, createLogOn, type OpenOptions, openLogOn } from './lifecycle.ts';
import type { Log } from './log.ts';
import { readMetadata } from './metadata.ts';
import { nodeDisk } from './node-disk.ts';
import { TileStore } from './tile-store.ts';

export type { CreateOptions, LogTuning, OpenOptions } from './lifecycle.ts';

/**
 * Start a log in a folder of this machine and open it for writing.
 * @param dir created with mode 0700 where it is missing, and what is above it. @param options origin prefix, signers, mode.
 * @throws ReceiptError LOG_EXISTS, LOG_LOCKED, ORIGIN_INVALID, SIGN_FAILED, IO.
 */
export function createLog(dir: string, options: CreateOptions): Promise<Log> {
  return createLogOn(nodeDisk(dir), options);
}

/**
 * Open the log in a folder of this machine: with signers to write (takes the lock, recovers what an interrupted writer left),
 * without them to read (changes nothing on the disk, and needs no right to).
 * @throws ReceiptError LOG_NOT_FOUND, LOG_LOCKED at once when another writer holds it, LOG_DAMAGED, KEY_UNSUITABLE, IO.
 */
export async function openLog(dir: string, options: OpenOptions = {}): Promise<Log> {
  const writes = options.signer !== undefined || options.signers !== undefined;
  if (!writes || options.verifier !== undefined) return openLogOn(nodeDisk(dir), options);
  const { chooseVerifier } = await import('../crypto/engines.ts');
  return openLogOn(nodeDisk(dir), { ...options, verifier: await chooseVerifier() });
}

/**
 * Open the tree of the log in a folder of this machine, to prove what is in it (prove.ts). Nothing is written: tiles that are missing are
 * made in memory. Hashed by the WASM kernel where it runs. @throws ReceiptError LOG_NOT_FOUND, LOG_DAMAGED, IO.
 */
export async function openTiles(dir: string): Promise<TileStore> {
  const disk = nodeDisk(dir);
  await readMetadata(disk);
  const subtrees = await fastestSubtrees();
  return TileStore.open(disk, leafHashes(disk), { writes: false, ...(subtrees === null ? {} : { subtrees }) });
}

/** @returns the kernel; null where this runtime has no WebAssembly for it. */
async function fastestSubtrees(): Promise<SubtreeHash | null> {
  const { startMerkleKernel } = await import('../crypto/wasm-hash.ts');
  try {
    return startMerkleKernel();
  } catch {
    return null;
  }
}
