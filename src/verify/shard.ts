import { concatBytes } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { DEFAULT_MAX_PROBLEMS } from '../base/limits.ts';
import { VERSION } from '../base/version.ts';
import type { PublicKey } from '../crypto/public-key.ts';
import { linesOf, type Part, partOf, type ReadRange } from './batch.ts';
import type { CheckpointNote } from './checkpoints.ts';
import { collectKeys } from './collect-keys.ts';
import type { Context } from './context.ts';
import { type Crew, summariesInOrder } from './in-order.ts';
import type { EngineWish } from './make-engines.ts';
import type { Setup } from './protocol.ts';
import { rangeReader } from './ranges.ts';
import type { Engines, SegmentSpan, Source, VerifyOptions } from './source.ts';
import { EMPTY_SUMMARY, merge, type Summary } from './summary.ts';
import { partTasks, setupOf, type Threads, taskBytesFor } from './threads.ts';
import type { OutsideKey } from './trust.ts';
import { checkOptions, makeContext, prepareNamedKeys, rememberedOf } from './verify.ts';
import { openWorkshop } from './workshop.ts';

/** Which part of a verification: shard `index` of `of`, from 1 on. */
export interface ShardWish {
  readonly index: number;
  readonly of: number;
}

/** What must be the same for all shards of one verification: the evidence, and what it is verified against. */
export interface ShardGround {
  readonly sizeBytes: number;
  /** SHA-256 of the first bytes: two logs do not begin alike. */
  readonly startsWith: string;
  readonly segments: readonly SegmentSpan[];
  readonly keys: readonly OutsideKey[];
  /** Those that lie with the evidence. */
  readonly checkpoints: readonly CheckpointNote[];
  readonly options: Omit<VerifyOptions, 'trust' | 'onProgress' | 'signal' | 'spool'> & { readonly maxProblems: number };
  readonly crossCheck: boolean;
}

/** A part of a verification: what its lines say by themselves, and all that a verdict needs beside them. Nothing is judged yet. */
export interface Shard extends ShardWish {
  readonly tool: string;
  readonly subject: Pick<Source, 'kind' | 'name'>;
  readonly ground: ShardGround;
  /** Keys of kids that were pinned without them, found in the evidence. */
  readonly found: readonly PublicKey[];
  readonly summary: Summary;
  readonly run: {
    readonly engine: string;
    readonly moduleSha256: string | null;
    readonly crossCheckedWith: string | null;
    readonly workers: number;
    readonly elapsedMs: number;
  };
}

/** The tool as shards and verdicts name it. */
export const TOOL = `perdure ${VERSION}`;

/** How much of the evidence tells it from another. */
const START_BYTES = 64 << 10;
/** Evidence that names more keys is not sharded: each shard would have to keep them all, since none knows which came into force. */
const MOST_NAMED_KEYS = 10_000;

/** Summarise one shard of evidence. */
export async function summariseShard({
  source,
  options,
  engines,
  wish,
  threads,
  shard,
}: {
  readonly source: Source;
  readonly options: VerifyOptions;
  readonly engines: Engines;
  readonly wish: EngineWish;
  readonly threads: Threads | null;
  readonly shard: ShardWish;
}): Promise<Shard> {
  const startedAt = Date.now();
  checkOptions(options);
  const context = makeContext(options, engines, rememberedOf(source, options));
  const setup = setupOf(source, context, wish);
  if (setup === null) throw unsupported('outside knowledge that is keys alone', 'another source of trust');
  if (setup.evidence === null)
    throw unsupported('a log folder, a file or a Blob', 'what can be read only from its beginning');
  const { sizeBytes } = setup.evidence;
  const part = partOf(sizeBytes, shard.index - 1, shard.of);
  await prepareNamedKeys(source, options, context);
  const found = [...context.named.values()];
  const read = rangeReader(setup.evidence.ranges);
  const start = await firstBytes(read, sizeBytes);
  // The first line names the keys that most lines are signed by.
  await collectKeys([start], context.named, undefined, () => true);
  const summary = await summarisePart({ part, sizeBytes, setup, context, engines, threads, options, read });
  const { verifier, moduleSha256, crossCheckedWith } = engines;
  const {
    expect,
    checkpoints,
    resume,
    witnessPolicy,
    notBefore,
    notAfter,
    allowUnsignedTail,
    allowClassical,
    maxProblems,
  } = options;
  return {
    ...shard,
    tool: TOOL,
    subject: { kind: source.kind, name: source.name },
    ground: {
      sizeBytes,
      startsWith: engines.sha256Hex(start.subarray(0, START_BYTES)),
      segments: (await source.segments?.()) ?? [],
      keys: setup.keys,
      checkpoints: [...(source.checkpoints ?? []), ...(options.logCheckpoints ?? [])],
      options: {
        expect,
        checkpoints,
        resume,
        witnessPolicy,
        notBefore,
        notAfter,
        allowUnsignedTail,
        allowClassical,
        maxProblems: maxProblems ?? DEFAULT_MAX_PROBLEMS,
      },
      crossCheck: wish.crossCheck === true,
    },
    found,
    summary,
    run: {
      engine: verifier.engine,
      moduleSha256: moduleSha256 ?? null,
      crossCheckedWith: crossCheckedWith ?? null,
      workers: threads?.used ?? 1,
      elapsedMs: Date.now() - startedAt,
    },
  };
}

/** @returns the first line and START_BYTES of the evidence, or more; all of it where it is short. */
async function firstBytes(read: ReadRange, sizeBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of read(0, Math.min(sizeBytes, 2 << 20))) parts.push(chunk.slice());
  return concatBytes(...parts);
}

async function summarisePart({
  part,
  sizeBytes,
  setup,
  context,
  engines,
  threads,
  options,
  read,
}: {
  readonly part: Part;
  readonly sizeBytes: number;
  readonly setup: Setup;
  readonly context: Context;
  readonly engines: Engines;
  readonly threads: Threads | null;
  readonly options: VerifyOptions;
  readonly read: ReadRange;
}): Promise<Summary> {
  const { onProgress, signal } = options;
  const { named } = context;
  const most = setup.maxProblems;
  const size = part.end - part.begin;
  const shared = threads?.shares(size) ? threads : null;
  const pool = shared?.open(setup, context, engines, signal) ?? null;
  const tasks = partTasks(part, (leftBytes) => threads?.taskBytes(leftBytes) ?? taskBytesFor(leftBytes, 1));
  // A key that a rotation before this part named: looked for only when a signature asks for one that is not known. The line before
  // this part may end in it.
  const before = (): AsyncIterable<Uint8Array> => linesOf({ begin: 0, end: part.begin }, sizeBytes, read);
  let looked = false;
  const learn = async (): Promise<void> => {
    if (!looked) await collectKeys(before(), named, undefined, () => named.size > MOST_NAMED_KEYS);
    looked = true;
    mustBeFew(named);
  };
  let whole = EMPTY_SUMMARY;
  const ahead = { lines: 0, bytes: 0 };
  const tell = (): void =>
    onProgress?.({ lines: whole.lines + ahead.lines, bytes: whole.bytes + ahead.bytes, totalBytes: size });
  try {
    const crew = pool ?? crewOfOne(context, engines, setup);
    for await (const summary of summariesInOrder({ tasks, crew, named, learn, ahead, onAhead: tell })) {
      if (signal?.aborted)
        throw new ReceiptError('ABORTED', 'verify: stopped before the end', { cause: signal.reason });
      mustBeFew(named);
      if (summary.lines > 0 || summary.torn !== null) whole = merge(whole, summary, most, context.treeSizes);
      tell();
    }
    return whole;
  } finally {
    await pool?.close();
  }
}

function mustBeFew(named: ReadonlyMap<string, PublicKey>): void {
  if (named.size > MOST_NAMED_KEYS) throw unsupported(`at most ${MOST_NAMED_KEYS} keys that the log names`, 'more');
}

function crewOfOne(context: Context, engines: Engines, setup: Setup): Crew {
  const workshop = openWorkshop(context, engines, setup.evidence);
  return {
    width: 1,
    run: (lines, named, onBatch) => workshop.do({ lines, keys: [...named.values()] }, onBatch),
  };
}

function unsupported(expected: string, found: string): ReceiptError {
  return new ReceiptError('UNSUPPORTED', `verify: a shard needs ${expected}, got ${found}`, {
    expected,
    found,
    next: ['verify it in one piece, without --shard'],
  });
}
