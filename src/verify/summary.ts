import { follows } from '../chain/chain.ts';
import type { Requirement } from '../receipt/control.ts';
import { type Code, codeOrder } from './codes.ts';
import { joinLeaves, type Leaves, leavesFollow, NO_LEAVES } from './leaves.ts';
import type { Trust } from './trust.ts';

/*
 * A summary says of a run of whole lines everything that their bytes, their hashes and their signatures say, and leaves open what
 * depends on the lines before: whose log it is, what must be signed, whom to trust. Those few things change only at a genesis, a
 * rotation or a close, so a run is kept as items: blocks of ordinary lines grouped by profile, and single lines between them.
 * merge() puts two neighbouring runs together and is associative; judge.ts reads a summary from the log's beginning and decides.
 */

/** Where a line stands. Line and offset are relative to the run: line 1 at offset 0 is the first of it. */
export interface Spot {
  readonly line: number;
  readonly seq: number | null;
  readonly offset: number;
}

/** Something found on a line, or of the log as a whole. */
export interface Finding extends Spot {
  readonly code: Code;
  readonly expected: string | null;
  readonly found: string | null;
}

/** How often something was seen, and where first. */
export interface Tally {
  readonly count: number;
  readonly line: number;
}

/** One signature by a key that someone names: does it hold, and what does outside knowledge say. */
export interface SignatureFact {
  readonly kid: string;
  /** Algorithm of the key, whatever the line claims. */
  readonly alg: string;
  /** The line claims the key's algorithm and the signature verifies. */
  readonly good: boolean;
  readonly trust: Pick<Trust, 'by' | 'problem'> | null;
}

/** All of a line that the lines before may judge differently. Lines with equal profiles are judged alike. */
export interface Profile {
  readonly v: string;
  readonly log: string;
  /** Its type is signed one by one in every mode. */
  readonly individual: boolean;
  /** Something is already known to be invalid on it. */
  readonly broken: boolean;
  readonly signatures: readonly SignatureFact[];
  /** Signatures by keys that nobody names. */
  readonly unnamed: number;
  /** Its signatures were not looked at and count as good (Context.acceptedBelow). */
  readonly accepted: boolean;
}

/** Lines of one profile. */
export interface Bucket {
  readonly profile: Profile;
  count: number;
  /** The first of them, at most as many as problems are listed. */
  spots: Spot[];
}

/** A line that is judged by itself. */
export interface SingleLine {
  readonly kind: 'line' | 'genesis' | 'rotation' | 'close';
  readonly spot: Spot;
  readonly profile: Profile;
  /** What a well-formed genesis or rotation demands. */
  readonly requirement: Requirement | null;
  /** As of a block. */
  readonly under: number | null;
}

/** A run of ordinary lines between single ones, by profile. */
export interface Block {
  readonly kind: 'block';
  /** The smallest size asked for whose tree these lines are in (LeafReader); null when there is none. */
  readonly under: number | null;
  readonly buckets: Map<string, Bucket>;
}

export type Item = SingleLine | Block;

/** What the next line must follow, or the one before must fit. */
export interface Edge {
  readonly spot: Spot;
  readonly seq: number;
  readonly hash: string;
  readonly prev: string;
  readonly time: string;
  readonly v: string;
  readonly log: string;
}

/** Lines that name one sequence, and where the run closes it. */
export interface SequenceTally {
  readonly named: Tally;
  /** The first line that closes it; null when none does. */
  readonly closedAt: number | null;
  /** Lines that name it after it was closed here. */
  readonly after: Tally | null;
}

/** Findings of one kind: the first of them, and how many there are. */
export interface Findings {
  readonly listed: readonly Finding[];
  readonly count: number;
}

/** What a run of whole lines says by itself. */
export interface Summary {
  readonly lines: number;
  readonly bytes: number;
  /** Lines that are no receipts. */
  readonly malformed: Tally | null;
  /** Of them, those after the last line that is one. */
  readonly malformedAtEnd: number;
  /** Findings of check `form`, and all others; a log of another version is judged by form alone. */
  readonly form: Findings;
  readonly other: Findings;
  readonly items: readonly Item[];
  /** The first and the last line that are receipts. */
  readonly first: Edge | null;
  readonly last: Edge | null;
  readonly clockBackwards: Tally | null;
  readonly schema: Tally | null;
  readonly unknownType: Tally | null;
  /** Entries that recovery entries name, and the line of the first recovery entry. */
  readonly recovered: Tally | null;
  /** By name, long ones by their hash. */
  readonly sequences: ReadonlyMap<string, SequenceTally>;
  /** Hashes stated at the seqs that pins ask for; the first where several lines state one. */
  readonly pinned: ReadonlyMap<number, string>;
  /** Its part of the Merkle tree, as far as roots are asked for. */
  readonly leaves: Leaves;
  /** Bytes after the last line end; `line` when they are a receipt, which is then counted above. */
  readonly torn: { readonly bytes: number; readonly line: boolean } | null;
}

/** The summary of no lines at all: merging with it changes nothing. */
export const EMPTY_SUMMARY: Summary = {
  lines: 0,
  bytes: 0,
  malformed: null,
  malformedAtEnd: 0,
  form: { listed: [], count: 0 },
  other: { listed: [], count: 0 },
  items: [],
  first: null,
  last: null,
  clockBackwards: null,
  schema: null,
  unknownType: null,
  recovered: null,
  sequences: new Map(),
  pinned: new Map(),
  leaves: NO_LEAVES,
  torn: null,
};

/** @returns a name for a profile: equal exactly for equal profiles. */
export function profileKey(profile: Profile): string {
  return JSON.stringify(profile);
}

/** Put a line (or lines) of one profile into a block. @param most spots to keep. */
export function addToBlock(
  block: Block,
  key: string,
  profile: Profile,
  count: number,
  spots: readonly Spot[],
  most: number,
): void {
  const bucket = block.buckets.get(key);
  if (bucket === undefined) block.buckets.set(key, { profile, count, spots: spots.slice(0, most) });
  else {
    bucket.count += count;
    if (bucket.spots.length < most) bucket.spots = bucket.spots.concat(spots.slice(0, most - bucket.spots.length));
  }
}

/** Findings in the order of a verdict: by line, then by check. */
export function compareFindings(a: Finding, b: Finding): number {
  return a.line - b.line || codeOrder(a.code) - codeOrder(b.code);
}

/** @returns both, in order; at most `most` of them listed. */
export function mergeFindings(a: Findings, b: Findings, most: number): Findings {
  if (b.count === 0) return a;
  return { listed: [...a.listed, ...b.listed].sort(compareFindings).slice(0, most), count: a.count + b.count };
}

/**
 * @returns both, with the earlier line. Counts stop at 2^53−1: recovery entries may claim as many, and beyond it sums would depend on
 * the order in which they are formed.
 */
export function mergeTally(a: Tally | null, b: Tally | null): Tally | null {
  if (a === null || b === null) return a ?? b;
  return { count: Math.min(a.count + b.count, Number.MAX_SAFE_INTEGER), line: Math.min(a.line, b.line) };
}

/** The findings about the link between two neighbouring lines, the second of which is `next`. */
export function linkFindings(before: Edge, next: Edge): Finding[] {
  const link = follows(before, next);
  const findings: Finding[] = [];
  if (!link.seq) {
    findings.push({ ...next.spot, code: 'SEQ_BROKEN', expected: String(before.seq + 1), found: String(next.seq) });
  }
  if (!link.prev) findings.push({ ...next.spot, code: 'CHAIN_BROKEN', expected: before.hash, found: next.prev });
  return findings;
}

/**
 * Judge what two neighbouring runs leave open: whether the first line of the second follows the last of the first.
 * @param given already moved behind `before`. @returns the second run with that settled: its first line is an ordinary line now.
 */
export function settleSeam(before: Summary, given: Summary, most: number): Summary {
  const next = leavesFollow(before.leaves, given.leaves) ? given : { ...given, items: given.items.map(underNone) };
  const { last } = before;
  const { first, items } = next;
  if (last === null || first === null) return next;
  let { clockBackwards, other } = next;
  if (first.time < last.time) clockBackwards = mergeTally(clockBackwards, { count: 1, line: first.spot.line });
  const adjacent = before.malformedAtEnd === 0 && first.spot.line === before.lines + 1;
  const findings = adjacent ? linkFindings(last, first) : [];
  other = mergeFindings(other, { listed: findings, count: findings.length }, most);
  const head = items[0] as SingleLine;
  const profile = findings.length === 0 || head.profile.broken ? head.profile : { ...head.profile, broken: true };
  if (head.kind !== 'line') return { ...next, clockBackwards, other, items: [{ ...head, profile }, ...items.slice(1)] };
  const block: Block = { kind: 'block', under: head.under, buckets: new Map() };
  addToBlock(block, profileKey(profile), profile, 1, [head.spot], most);
  return { ...next, clockBackwards, other, items: joinItems([block], items.slice(1), most) };
}

/** Of what does not follow the lines before nothing is in their tree. */
function underNone(item: Item): Item {
  return { ...item, under: null };
}

/** Put items together; blocks that meet become one, unless they lie under different sizes. */
function joinItems(a: readonly Item[], b: readonly Item[], most: number): Item[] {
  const left = a.at(-1);
  const right = b[0];
  if (left?.kind !== 'block' || right?.kind !== 'block' || left.under !== right.under) return [...a, ...b];
  const block: Block = { kind: 'block', under: left.under, buckets: new Map() };
  for (const part of [left, right]) {
    for (const [key, { profile, count, spots }] of part.buckets) addToBlock(block, key, profile, count, spots, most);
  }
  return [...a.slice(0, -1), block, ...b.slice(1)];
}

/** Move a run behind `lines` lines of `bytes` bytes. */
export function shift(summary: Summary, lines: number, bytes: number): Summary {
  if (lines === 0 && bytes === 0) return summary;
  const spot = <T extends Spot>(at: T): T => ({ ...at, line: at.line + lines, offset: at.offset + bytes });
  const tally = (t: Tally | null): Tally | null => t && { ...t, line: t.line + lines };
  const edge = (e: Edge | null): Edge | null => e && { ...e, spot: spot(e.spot) };
  const findings = (f: Findings): Findings => ({ listed: f.listed.map(spot), count: f.count });
  return {
    ...summary,
    malformed: tally(summary.malformed),
    form: findings(summary.form),
    other: findings(summary.other),
    items: summary.items.map((item) =>
      item.kind === 'block'
        ? {
            ...item,
            buckets: new Map([...item.buckets].map(([key, b]) => [key, { ...b, spots: b.spots.map(spot) }])),
          }
        : { ...item, spot: spot(item.spot) },
    ),
    first: edge(summary.first),
    last: edge(summary.last),
    clockBackwards: tally(summary.clockBackwards),
    schema: tally(summary.schema),
    unknownType: tally(summary.unknownType),
    recovered: tally(summary.recovered),
    sequences: new Map(
      [...summary.sequences].map(([name, { named, closedAt, after }]) => [
        name,
        { named: tally(named)!, closedAt: closedAt && closedAt + lines, after: tally(after) },
      ]),
    ),
  };
}

/**
 * Put two neighbouring runs together. Associative: merge(merge(a, b), c) and merge(a, merge(b, c)) lead to the same verdict, so a
 * log can be cut at any line ends and its parts summarised anywhere.
 * @param a the run before; must not end in torn bytes. @param b the run right behind it. @param most problems and spots kept.
 * @param treeSizes sizes that roots are asked for at.
 */
export function merge(a: Summary, b: Summary, most: number, treeSizes: readonly number[]): Summary {
  if (a.torn !== null) throw new RangeError('merge: expected only the last run to end in torn bytes');
  const next = settleSeam(a, shift(b, a.lines, a.bytes), most);
  return {
    lines: a.lines + next.lines,
    bytes: a.bytes + next.bytes,
    malformed: mergeTally(a.malformed, next.malformed),
    malformedAtEnd: next.last === null ? a.malformedAtEnd + next.malformedAtEnd : next.malformedAtEnd,
    form: mergeFindings(a.form, next.form, most),
    other: mergeFindings(a.other, next.other, most),
    items: joinItems(a.items, next.items, most),
    first: a.first ?? next.first,
    last: next.last ?? a.last,
    clockBackwards: mergeTally(a.clockBackwards, next.clockBackwards),
    schema: mergeTally(a.schema, next.schema),
    unknownType: mergeTally(a.unknownType, next.unknownType),
    recovered: mergeTally(a.recovered, next.recovered),
    sequences: mergeSequences(a.sequences, next.sequences),
    pinned: new Map([...next.pinned, ...a.pinned]),
    leaves: joinLeaves(a.leaves, next.leaves, treeSizes),
    torn: next.torn,
  };
}

function mergeSequences(
  a: ReadonlyMap<string, SequenceTally>,
  b: ReadonlyMap<string, SequenceTally>,
): Map<string, SequenceTally> {
  const merged = new Map(a);
  for (const [name, right] of b) {
    const left = merged.get(name);
    if (left === undefined) merged.set(name, right);
    else {
      merged.set(name, {
        named: mergeTally(left.named, right.named)!,
        closedAt: left.closedAt ?? right.closedAt,
        after: left.closedAt !== null ? mergeTally(left.after, right.named) : right.after,
      });
    }
  }
  return merged;
}
