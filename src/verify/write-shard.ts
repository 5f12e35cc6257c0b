import { toBase64url, toHex } from '../base/bytes.ts';
import { type PublicJwk, toJwk } from '../crypto/public-key.ts';
import type { Requirement } from '../receipt/control.ts';
import type { CheckpointNote } from './checkpoints.ts';
import type { Shard } from './shard.ts';
import type { Edge, Finding, Findings, Item, Profile, SequenceTally, Spot, Summary, Tally } from './summary.ts';
import type { OutsideKey } from './trust.ts';

/** `[line, seq, offset]` of a line; there may be many. */
export type SpotJson = readonly [line: number, seq: number | null, offset: number];

/** A key given from outside: its JWK, or only its kid where that is all that was given. */
export interface KeyJson {
  readonly kid: string;
  readonly name: string | null;
  readonly jwk: PublicJwk | null;
}

export interface RequirementJson {
  readonly mode: string;
  readonly suite: readonly string[];
  readonly keys: readonly PublicJwk[];
}

export type ItemJson =
  | {
      readonly kind: 'block';
      readonly under: number | null;
      readonly lines: readonly { profile: Profile; count: number; spots: SpotJson[] }[];
    }
  | {
      readonly kind: 'line' | 'genesis' | 'rotation' | 'close';
      readonly spot: SpotJson;
      readonly profile: Profile;
      readonly requirement: RequirementJson | null;
      readonly under: number | null;
    };

/** A summary, its maps as lists in one order. */
export interface SummaryJson {
  readonly lines: number;
  readonly bytes: number;
  readonly malformed: Tally | null;
  readonly malformed_at_end: number;
  readonly form: Findings;
  readonly other: Findings;
  readonly items: readonly ItemJson[];
  readonly first: Edge | null;
  readonly last: Edge | null;
  readonly clock_backwards: Tally | null;
  readonly schema: Tally | null;
  readonly unknown_type: Tally | null;
  readonly recovered: Tally | null;
  readonly sequences: readonly (SequenceTally & { readonly name: string })[];
  readonly pinned: readonly { readonly seq: number; readonly hash: string }[];
  readonly leaves: LeavesJson;
  readonly torn: { readonly bytes: number; readonly line: boolean } | null;
}

/** Perfect subtrees of the Merkle tree, their roots in hex. */
export interface LeavesJson {
  readonly stretches: readonly { readonly begin: number; readonly end: number; readonly hashes: readonly string[] }[];
  readonly broken: boolean;
}

/** A checkpoint: the bytes of its note in base64url. */
export interface CheckpointJson {
  readonly name: string;
  readonly note: string;
}

/** What `verify --shard --json` prints and `merge` reads (cli.md). */
export interface ShardJson {
  readonly schema: 'perdure/shard/v1';
  readonly tool: string;
  readonly shard: { readonly index: number; readonly of: number };
  readonly subject: { readonly kind: string; readonly name: string };
  /** The same in all shards of one verification. */
  readonly ground: GroundJson;
  readonly found: readonly PublicJwk[];
  readonly summary: SummaryJson;
  readonly run: {
    readonly engine: string;
    readonly module_sha256: string | null;
    readonly cross_checked_with: string | null;
    readonly workers: number;
    readonly elapsed_ms: number;
  };
}

export interface GroundJson {
  readonly size_bytes: number;
  readonly starts_with: string;
  readonly segments: readonly { readonly name: string; readonly offset: number }[];
  readonly keys: readonly KeyJson[];
  readonly checkpoints: readonly CheckpointJson[];
  readonly log_checkpoints: readonly CheckpointJson[];
  /** Null where pins were not spoken of at all. */
  readonly expect: {
    readonly head: { readonly size: number; readonly hash: string } | null;
    readonly genesis: string | null;
    readonly size: number | null;
    readonly min_size: number | null;
  } | null;
  /** What was verified up to it is not verified again. */
  readonly resume: CheckpointJson | null;
  /** A tlog-policy: its bytes in base64url. */
  readonly witness_policy: { readonly name: string; readonly bytes: string } | null;
  readonly not_before: string | null;
  readonly not_after: string | null;
  readonly allow_unsigned_tail: boolean;
  readonly allow_classical: boolean;
  readonly max_problems: number;
  readonly cross_check: boolean;
}

/** Write a shard as one JSON document: equal shards give equal documents, `run` apart. @see read-shard.ts, the inverse */
export function writeShard(shard: Shard): ShardJson {
  const { index, of, tool, subject, found, summary, run } = shard;
  return {
    schema: 'perdure/shard/v1',
    tool,
    shard: { index, of },
    subject: { kind: subject.kind, name: subject.name },
    ground: writeGround(shard.ground),
    found: found.map(toJwk),
    summary: writeSummary(summary),
    run: {
      engine: run.engine,
      module_sha256: run.moduleSha256,
      cross_checked_with: run.crossCheckedWith,
      workers: run.workers,
      elapsed_ms: run.elapsedMs,
    },
  };
}

/** Write what all shards of one verification share. */
export function writeGround({
  sizeBytes,
  startsWith,
  segments,
  keys,
  checkpoints,
  options,
  crossCheck,
}: Shard['ground']): GroundJson {
  const { expect } = options;
  return {
    size_bytes: sizeBytes,
    starts_with: startsWith,
    segments: segments.map(({ name, offset }) => ({ name, offset })),
    keys: keys.map(writeKey),
    checkpoints: (options.checkpoints ?? []).map(writeCheckpoint),
    log_checkpoints: checkpoints.map(writeCheckpoint),
    expect:
      expect === undefined
        ? null
        : {
            head: expect.head === undefined ? null : { size: expect.head.size, hash: expect.head.hash },
            genesis: expect.genesis ?? null,
            size: expect.size ?? null,
            min_size: expect.minSize ?? null,
          },
    resume: options.resume === undefined ? null : writeCheckpoint(options.resume),
    witness_policy:
      options.witnessPolicy === undefined
        ? null
        : { name: options.witnessPolicy.name, bytes: toBase64url(options.witnessPolicy.bytes) },
    not_before: options.notBefore ?? null,
    not_after: options.notAfter ?? null,
    allow_unsigned_tail: options.allowUnsignedTail ?? false,
    allow_classical: options.allowClassical ?? false,
    max_problems: options.maxProblems,
    cross_check: crossCheck,
  };
}

function writeKey({ name: given, key }: OutsideKey): KeyJson {
  const name = given ?? null;
  return typeof key === 'string' ? { kid: key, name, jwk: null } : { kid: key.kid, name, jwk: toJwk(key) };
}

function writeCheckpoint({ name, note }: CheckpointNote): CheckpointJson {
  return { name, note: toBase64url(note) };
}

function writeSummary(summary: Summary): SummaryJson {
  return {
    lines: summary.lines,
    bytes: summary.bytes,
    malformed: tally(summary.malformed),
    malformed_at_end: summary.malformedAtEnd,
    form: findings(summary.form),
    other: findings(summary.other),
    items: summary.items.map(writeItem),
    first: edge(summary.first),
    last: edge(summary.last),
    clock_backwards: tally(summary.clockBackwards),
    schema: tally(summary.schema),
    unknown_type: tally(summary.unknownType),
    recovered: tally(summary.recovered),
    sequences: [...summary.sequences]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { named, closedAt, after }]) => ({ name, named: tally(named)!, closedAt, after: tally(after) })),
    pinned: [...summary.pinned].sort(([a], [b]) => a - b).map(([seq, hash]) => ({ seq, hash })),
    leaves: {
      stretches: summary.leaves.stretches.map(({ begin, end, hashes }) => ({ begin, end, hashes: hashes.map(toHex) })),
      broken: summary.leaves.broken,
    },
    torn: summary.torn && { bytes: summary.torn.bytes, line: summary.torn.line },
  };
}

function writeItem(item: Item): ItemJson {
  if (item.kind !== 'block') {
    const { kind, requirement } = item;
    return {
      kind,
      spot: spot(item.spot),
      profile: profile(item.profile),
      requirement: requirement && demand(requirement),
      under: item.under,
    };
  }
  const lines = [...item.buckets.values()].map((bucket) => ({
    profile: profile(bucket.profile),
    count: bucket.count,
    spots: bucket.spots.map(spot),
  }));
  return { kind: 'block', under: item.under, lines };
}

/*
 * Each of these names its members, so that what is written is what is meant and nothing else an object happens to carry: summaries
 * of neighbouring runs are put together from the members of their parts.
 */

function demand({ mode, suite, keys }: Requirement): RequirementJson {
  return { mode, suite: [...suite], keys: keys.map(toJwk) };
}

function spot({ line, seq, offset }: Spot): SpotJson {
  return [line, seq, offset];
}

function tally(value: Tally | null): Tally | null {
  return value && { count: value.count, line: value.line };
}

function findings({ listed, count }: Findings): Findings {
  const finding = ({ line, seq, offset, code, expected, found }: Finding): Finding => {
    return { line, seq, offset, code, expected, found };
  };
  return { listed: listed.map(finding), count };
}

function edge(value: Edge | null): Edge | null {
  if (value === null) return null;
  const { seq, hash, prev, time, v, log } = value;
  return {
    spot: { line: value.spot.line, seq: value.spot.seq, offset: value.spot.offset },
    seq,
    hash,
    prev,
    time,
    v,
    log,
  };
}

function profile({ v, log, individual, broken, signatures, unnamed, accepted }: Profile): Profile {
  return {
    v,
    log,
    individual,
    broken,
    signatures: signatures.map(({ kid, alg, good, trust }) => {
      return { kid, alg, good, trust: trust && { by: trust.by, problem: trust.problem } };
    }),
    unnamed,
    accepted,
  };
}
