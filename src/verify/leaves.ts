import { appendMany } from '../checkpoint/append-many.ts';
import { CompactRange } from '../checkpoint/compact-range.ts';
import { HASH_BYTES } from '../checkpoint/tree-hash.ts';
import type { SubtreeHash } from '../crypto/hash.ts';

/*
 * What a run of lines is of the log's Merkle tree (RFC 9162 section 2.1). The leaf of a line is its stated hash, its place the seq:
 * so one edit shows once, as a hash that does not fit, and a line that was taken out leaves a gap. Roots are asked for at a few
 * sizes, those of checkpoints; leaves behind the last of them are not kept.
 */

/** Neighbouring leaves [begin, end): the roots of the perfect subtrees they make up, left to right. Plain, so that it crosses to threads. */
export interface Stretch {
  readonly begin: number;
  readonly end: number;
  readonly hashes: readonly Uint8Array[];
}

/** The leaves of a run of lines. */
export interface Leaves {
  /** Side by side, cut at the sizes asked for. */
  readonly stretches: readonly Stretch[];
  /** A line stands in the run whose seq does not follow: it and those after it are in no tree. */
  readonly broken: boolean;
}

export const NO_LEAVES: Leaves = { stretches: [], broken: false };

/** @returns whether `b` goes on where `a` ends, or one of them says nothing of the place. */
export function leavesFollow(a: Leaves, b: Leaves): boolean {
  const last = a.stretches.at(-1);
  const first = b.stretches[0];
  return !a.broken && (last === undefined || first === undefined || last.end === first.begin);
}

/** Put the leaves of two neighbouring runs together; associative. @param sizes asked for: there stretches stay apart. */
export function joinLeaves(a: Leaves, b: Leaves, sizes: readonly number[]): Leaves {
  if (!leavesFollow(a, b)) return { stretches: a.stretches, broken: true };
  const last = a.stretches.at(-1);
  const first = b.stretches[0];
  const { broken } = b;
  if (last === undefined || first === undefined || sizes.includes(last.end)) {
    return { stretches: [...a.stretches, ...b.stretches], broken };
  }
  const range = rangeOf(last);
  range.appendRange(rangeOf(first));
  return { stretches: [...a.stretches.slice(0, -1), stretchOf(range), ...b.stretches.slice(1)], broken };
}

/** @returns the same as something that grows. */
export function rangeOf({ begin, end, hashes }: Stretch): CompactRange {
  return CompactRange.of(begin, end, hashes);
}

function stretchOf(range: CompactRange): Stretch {
  return { begin: range.begin, end: range.end, hashes: range.hashes };
}

/** Leaves that are put into the tree at once. */
const PACKED = 2048;

/** Value of a lower-case hex digit. */
const DIGIT = new Uint8Array(128);
for (let i = 0; i < 16; i++) DIGIT['0123456789abcdef'.charCodeAt(i)] = i;

/** Takes the leaves of a run, line by line. */
export class LeafReader {
  private readonly sizes: readonly number[];
  private readonly subtrees: SubtreeHash | undefined;
  private readonly done: Stretch[] = [];
  private range: CompactRange | null = null;
  private broken = false;
  /** Seq that the next line must have; null before the first. */
  private next: number | null = null;
  /** What the line before was told. */
  private under: number | null = null;
  private readonly packed = new Uint8Array(PACKED * HASH_BYTES);
  private filled = 0;

  /** @param sizes ascending. @param subtrees who hashes; the reference unless given. */
  constructor(sizes: readonly number[], subtrees?: SubtreeHash) {
    this.sizes = sizes;
    this.subtrees = subtrees;
  }

  /** Whether the line with this seq, right behind the one before, is told another size than that one. */
  cutsAt(seq: number): boolean {
    return this.under !== null && seq >= this.under;
  }

  /**
   * Take the leaf of a line. @param at where the 64 hex digits of its hash stand in `buf`.
   * @returns the smallest size asked for whose tree it is in; null when there is none.
   */
  take(seq: number, buf: Uint8Array, at: number): number | null {
    if (this.broken) return null;
    if (this.next !== null && seq !== this.next) {
      this.broken = true;
      this.under = null;
      return null;
    }
    if (this.next === null || this.cutsAt(seq)) this.under = this.sizes.find((size) => size > seq) ?? null;
    this.next = seq + 1;
    if (this.under === null) return null;
    this.range ??= CompactRange.empty(seq);
    this.put(buf, at);
    if (this.next === this.under) this.cut();
    return this.under;
  }

  private put(buf: Uint8Array, at: number): void {
    const { packed } = this;
    const begin = this.filled * HASH_BYTES;
    for (let i = 0; i < HASH_BYTES; i++) {
      packed[begin + i] = (DIGIT[buf[at + 2 * i]!]! << 4) | DIGIT[buf[at + 2 * i + 1]!]!;
    }
    if (++this.filled === PACKED) this.fold();
  }

  private fold(): void {
    appendMany(this.range!, this.packed.subarray(0, this.filled * HASH_BYTES), this.subtrees);
    this.filled = 0;
  }

  private cut(): void {
    if (this.range === null) return;
    this.fold();
    this.done.push(stretchOf(this.range));
    this.range = null;
  }

  finish(): Leaves {
    this.cut();
    return { stretches: this.done, broken: this.broken };
  }
}
