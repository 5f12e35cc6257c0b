import { utf8 } from '../src/base/bytes.ts';
import { checkpointText, readSignedCheckpoint } from '../src/checkpoint/checkpoint.ts';
import { CompactRange } from '../src/checkpoint/compact-range.ts';
import { formatNote } from '../src/checkpoint/note.ts';
import { noteKeyOf } from '../src/checkpoint/note-keys.ts';
import type { StandAloneReceipt } from '../src/checkpoint/receipt-file.ts';
import { nobleSecretOf, signNoble } from '../src/crypto/engine-noble-sign.ts';
import type { SecretKey } from '../src/crypto/keys.ts';
import { CONTEXTS } from '../src/crypto/verifier.ts';
import { type LogBuilder, rawSignature } from './build.ts';

/** @returns the root of the tree over the first `size` lines of a log, as their stated hashes make it. */
export function rootOf(lines: readonly Uint8Array[], size = lines.length): Uint8Array {
  const range = CompactRange.empty();
  for (const line of lines.slice(0, size)) {
    const stated = /,"hash":"([0-9a-f]{64})","sigs":\[/g;
    const hash = [...new TextDecoder().decode(line).matchAll(stated)].at(-1)![1]!;
    range.append(Uint8Array.from(Buffer.from(hash, 'hex')));
  }
  return range.root();
}

/** What to say in a checkpoint instead of what is so. */
export interface Lie {
  readonly size?: number;
  readonly root?: Uint8Array;
  readonly origin?: string;
  readonly context?: string;
}

/** Sign a checkpoint over the first `size` lines, deterministically. */
export function checkpointOf(
  { lines, log }: Pick<LogBuilder, 'lines' | 'log'>,
  size: number,
  keys: readonly SecretKey[],
  lie: Lie = {},
): Uint8Array {
  const origin = lie.origin ?? log;
  const text = checkpointText({ origin, size: lie.size ?? size, root: lie.root ?? rootOf(lines, size) });
  const signatures = keys.map((key) => {
    // C2SP's Ed25519 signs the text itself.
    const bytes =
      key.publicKey.alg === 'Ed25519'
        ? signNoble(nobleSecretOf(key), { bare: utf8(text) }, new Uint8Array(32))
        : rawSignature(key, utf8(text), lie.context ?? CONTEXTS.checkpoint).bytes;
    return { name: origin, keyId: noteKeyOf(origin, key.publicKey).id, blob: bytes };
  });
  return formatNote(text, signatures);
}

/** @returns the leaf hashes that lines state. */
function leavesOf(lines: readonly Uint8Array[]): Uint8Array[] {
  return lines.map((line) => {
    const stated = [...new TextDecoder().decode(line).matchAll(/,"hash":"([0-9a-f]{64})","sigs":\[/g)].at(-1)![1]!;
    return Uint8Array.from(Buffer.from(stated, 'hex'));
  });
}

/** PATH(m, D_n) by its definition (RFC 9162 section 2.1.3.1), unlike the code it tests. */
export function proofOf(lines: readonly Uint8Array[], index: number, size: number): Uint8Array[] {
  const path = (m: number, leaves: readonly Uint8Array[]): Uint8Array[] => {
    if (leaves.length === 1) return [];
    let k = 1;
    while (2 * k < leaves.length) k *= 2;
    const left = leaves.slice(0, k);
    const right = leaves.slice(k);
    return m < k ? [...path(m, left), mth(right)] : [...path(m - k, right), mth(left)];
  };
  return path(index, leavesOf(lines.slice(0, size)));
}

/** MTH(D_n) by its definition (RFC 9162 section 2.1.1), for leaves that are hashed. */
function mth(leaves: readonly Uint8Array[]): Uint8Array {
  const range = CompactRange.empty();
  for (const leaf of leaves) range.append(leaf);
  return range.root();
}

/** A stand-alone receipt of a built log. @param note checkpoint whose tree it is in. */
export function standAloneOf({ lines }: Pick<LogBuilder, 'lines'>, seq: number, note: Uint8Array): StandAloneReceipt {
  const { size } = readSignedCheckpoint(note).checkpoint;
  const proven = (at: number) => ({ line: lines[at]!.slice(0, -1), path: proofOf(lines, at, size) });
  const rules = lines.slice(0, size).flatMap((line, at) => {
    const type = /"type":"(genesis|rotation)"/.test(new TextDecoder().decode(line));
    return type && at !== seq ? [proven(at)] : [];
  });
  return { before: rules, receipt: proven(seq), checkpoint: note };
}
