import { equalBytes, fromHex } from '../base/bytes.ts';
import { isReceiptError, ReceiptError } from '../base/errors.ts';
import type { Disk } from '../base/ports.ts';
import type { Head } from '../chain/chain.ts';
import { type Checkpoint, readSignedCheckpoint, type SignedCheckpoint } from '../checkpoint/checkpoint.ts';
import type { CompactRange } from '../checkpoint/compact-range.ts';
import { judgeSignatures, noteKeyOf } from '../checkpoint/note-keys.ts';
import type { PublicKey } from '../crypto/public-key.ts';
import type { Verifier } from '../crypto/verifier.ts';
import type { Requirement } from '../receipt/control.ts';
import { type LineHead, readLineHead } from '../receipt/receipt.ts';
import { CHECKPOINT, keptSizes, readKept, readLatest } from './checkpoints.ts';
import { readLines } from './reader.ts';
import { linesBackwards, readRules } from './rules.ts';
import { seek } from './seek.ts';
import type { Segment } from './segments.ts';

/** What a log is, besides its bytes. */
export interface TreeOf {
  readonly origin: string;
  /** Of its genesis entry. */
  readonly genesis: Requirement;
  /** Judges checkpoints, and the entries behind them. */
  readonly verifier: Verifier;
  readonly source: TreeSource;
}

/** Where the tree of a log comes from. */
export interface TreeSource {
  /** @returns the tree over the first `size` entries, from tiles where there are any: to be held against a root. */
  range(size: number): Promise<CompactRange>;
  /** @returns the same from the stated hashes of the segments alone; tiles that say otherwise are written anew. */
  rebuild(size: number): Promise<CompactRange>;
}

/** A checkpoint of the log folder that is believed. */
export interface Believed {
  readonly persisted: Checkpoint;
  readonly note: Uint8Array;
  /** The tree it speaks of. */
  readonly base: CompactRange;
  /** Its size, and the hash of the last entry it covers. */
  readonly head: Head;
  /** What rules behind it. */
  readonly requirement: Requirement;
}

/**
 * Find the newest checkpoint of the log folder that the log itself signed. A note that it did not sign, whatever is wrong with it, is
 * passed over: then less is covered, and a recovery entry says so. One that it did sign must hold.
 * @param table whole good lines only. @param head where they end.
 * @returns null when there is none. @throws ReceiptError LOG_DAMAGED when the log is shorter than its checkpoint, or has another root.
 */
export async function believedCheckpoint(
  disk: Disk,
  table: readonly Segment[],
  head: Head,
  of: TreeOf,
): Promise<Believed | null> {
  const latest = await readLatest(disk);
  const candidates = (await keptSizes(disk)).map((size) => ({ size, read: () => readKept(disk, size) }));
  const stated = latest === null ? null : parse(latest);
  // The latest goes before its own copy: cosignatures may have been added to it.
  if (stated !== null) candidates.push({ size: stated.checkpoint.size, read: async () => latest });
  candidates.sort((a, b) => a.size - b.size);
  for (const { size, read } of candidates.reverse()) {
    const note = await read();
    const signed = note === null ? null : parse(note);
    if (note === null || signed === null || signed.checkpoint.size !== size || size === 0) continue;
    if (signed.checkpoint.origin !== of.origin) continue;
    const prefix = await tableBefore(disk, table, size);
    const requirement = await signedUnder(disk, prefix, signed, of);
    if (requirement === null) continue;
    if (size > head.size) throw contradicted(size, `${size} entries`, `${head.size}`);
    const { base, hash } = await treeBelow(disk, prefix, signed.checkpoint, of);
    return { persisted: signed.checkpoint, note, base, head: { size, hash }, requirement };
  }
  return null;
}

function parse(note: Uint8Array): SignedCheckpoint | null {
  try {
    return readSignedCheckpoint(note);
  } catch (error) {
    if (isReceiptError(error, 'CHECKPOINT_MALFORMED')) return null;
    throw error;
  }
}

/** @returns what rules behind a checkpoint that bears every line it asks for; null when it does not. */
async function signedUnder(
  disk: Disk,
  prefix: readonly Segment[],
  signed: SignedCheckpoint,
  of: TreeOf,
): Promise<Requirement | null> {
  const byGenesis = await isCheckpointSignedByAll(signed, of.genesis.keys, of.verifier);
  const { requirement } = await readRules(disk, prefix, of.genesis, of.verifier, { keysKnown: byGenesis });
  return byGenesis || (await isCheckpointSignedByAll(signed, requirement.keys, of.verifier)) ? requirement : null;
}

/** @returns whether every one of `keys` has a good line on it, and none a bad one. */
export async function isCheckpointSignedByAll(
  { checkpoint, note }: SignedCheckpoint,
  keys: readonly PublicKey[],
  verifier: Verifier,
): Promise<boolean> {
  const known = keys.map((key) => noteKeyOf(checkpoint.origin, key));
  const { good, bad } = await judgeSignatures(note, known, verifier);
  return bad.length === 0 && good.length === keys.length;
}

/** Reproduce the tree of a checkpoint, its last leaf from the line itself. @throws ReceiptError LOG_DAMAGED when the root differs. */
async function treeBelow(
  disk: Disk,
  prefix: readonly Segment[],
  { size, root }: Checkpoint,
  { source }: TreeOf,
): Promise<{ base: CompactRange; hash: string }> {
  const hash = await lastHash(disk, prefix, size);
  for (const read of [source.range, source.rebuild]) {
    const below = await read.call(source, size - 1);
    below.append(fromHex(hash));
    if (equalBytes(below.root(), root)) return { base: below, hash };
  }
  throw contradicted(size, 'entries that give its root', 'others');
}

async function lastHash(disk: Disk, prefix: readonly Segment[], size: number): Promise<string> {
  for await (const line of linesBackwards(disk, prefix)) {
    const head = readable(line);
    if (head !== null && head.seq === size - 1) return head.hash;
    break;
  }
  throw contradicted(size, `a line of seq ${size - 1} as its last`, 'another');
}

/** @returns the table up to where the line of `seq` begins. */
async function tableBefore(disk: Disk, table: readonly Segment[], seq: number): Promise<Segment[]> {
  const place = await seek(disk, table, seq);
  for await (const lines of readLines(disk, table, place)) {
    for (const { bytes, segment, segmentOffset } of lines) {
      const head = bytes === null ? null : readable(bytes);
      if (head === null || head.seq < seq) continue;
      const row = table.findIndex(({ name }) => name === segment);
      return [...table.slice(0, row), { ...table[row]!, bytes: segmentOffset }];
    }
  }
  return table.slice();
}

function readable(line: Uint8Array): LineHead | null {
  try {
    return readLineHead(line);
  } catch (error) {
    if (isReceiptError(error, 'LINE_MALFORMED')) return null;
    throw error;
  }
}

function contradicted(size: number, expected: string, found: string): ReceiptError {
  return new ReceiptError(
    'LOG_DAMAGED',
    `log: ${CHECKPOINT} of size ${size}, signed by this log: expected ${expected}, got ${found}; nothing is signed`,
    { at: CHECKPOINT, expected, found, next: ['perdure verify', 'put back the segments as they were'] },
  );
}
