import { createHash } from 'node:crypto';
import { toHex } from '../../src/base/bytes.ts';
import type { Disk } from '../../src/base/ports.ts';
import { readSignedCheckpoint } from '../../src/checkpoint/checkpoint.ts';
import { judgeSignatures, noteKeyOf } from '../../src/checkpoint/note-keys.ts';
import type { PublicKey } from '../../src/crypto/public-key.ts';
import type { Verifier } from '../../src/crypto/verifier.ts';

/** The root of RFC 9162 section 2.1.1, by its definition and nothing else. @param leaves hashes of the lines, 64 hex each. */
export function naiveRoot(leaves: readonly string[]): string {
  if (leaves.length === 1) return leaves[0]!;
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  const node = createHash('sha256').update(Uint8Array.of(1));
  for (const half of [leaves.slice(0, split), leaves.slice(split)]) node.update(Buffer.from(naiveRoot(half), 'hex'));
  return node.digest('hex');
}

/** A checkpoint that has been held against the keys of its log. */
export interface Checked {
  readonly origin: string;
  readonly size: number;
  /** 64 hex. */
  readonly root: string;
}

/** @returns what a note says. @throws unless each of `keys` signed it, once, and nobody else did. */
export async function checkNote(note: Uint8Array, keys: readonly PublicKey[], verifier: Verifier): Promise<Checked> {
  const { checkpoint, note: parsed } = readSignedCheckpoint(note);
  const known = keys.map((key) => noteKeyOf(checkpoint.origin, key));
  const { good, bad, unknown } = await judgeSignatures(parsed, known, verifier);
  if (good.length !== keys.length || bad.length > 0 || unknown > 0)
    throw new Error(
      `checkpoint of size ${checkpoint.size}: ${good.length} good, ${bad.length} bad, ${unknown} unknown`,
    );
  return { origin: checkpoint.origin, size: checkpoint.size, root: toHex(checkpoint.root) };
}

/** All checkpoints of a log folder as they stand there: the latest, and all that were kept, by the sizes of their names. */
export async function notesOn(disk: Disk): Promise<{ latest: Uint8Array | null; kept: Map<number, Uint8Array> }> {
  const read = async (path: string) => disk.read(path, 0, (await disk.size(path)) ?? 0);
  const kept = new Map<number, Uint8Array>();
  for (const name of await disk.list('checkpoints'))
    if (/^[0-9]{16}$/.test(name)) kept.set(Number(name), await read(`checkpoints/${name}`));
  return { latest: (await disk.size('checkpoint')) === null ? null : await read('checkpoint'), kept };
}
