import { concatBytes } from './base/bytes.ts';
import { MAX_PROOF_BYTES } from './base/limits.ts';
import type { PublicKey } from './crypto/public-key.ts';
import type { CheckpointNote } from './verify/checkpoints.ts';
import { chooseEngines } from './verify/choose-engines.ts';
import type { EngineWish } from './verify/make-engines.ts';
import { readBlob } from './verify/ranges.ts';
import type { ShardWish } from './verify/shard.ts';
import type { Source, VerifyOptions } from './verify/source.ts';
import { threadsHere } from './verify/spawn.ts';
import { isStandAlone, START_BYTES } from './verify/stand-alone.ts';
import type { Pins } from './verify/tail.ts';
import { type Threads, threadsFor } from './verify/threads.ts';
import { type OutsideKey, type TrustProvider, trustKeys } from './verify/trust.ts';
import type { Verdict } from './verify/verdict.ts';
import { verifyWith } from './verify/verify.ts';
import type { ShardJson } from './verify/write-shard.ts';

export { type PublicJwk, type PublicKey, parseJwk, readPublicKey } from './crypto/public-key.ts';
export type { CheckpointNote } from './verify/checkpoints.ts';
export { CODES, type Code } from './verify/codes.ts';
export { EXPLANATIONS } from './verify/explain.ts';
export { openEvidence } from './verify/files.ts';
export type { ShardWish } from './verify/shard.ts';
export type { Progress, SegmentSpan, Source, Spool } from './verify/source.ts';
export type { Pins } from './verify/tail.ts';
export { type NamedKey, type OutsideKey, type Trust, type TrustProvider, trustKeys } from './verify/trust.ts';
export type { KeyReport, Note, Problem, TailStatus, Verdict } from './verify/verdict.ts';
export type { ShardJson } from './verify/write-shard.ts';

/** What can be verified: an opened log; a log or a stand-alone receipt as a file, a Blob or bytes; a log as a stream of bytes. */
export type Evidence = ReadableLog | Blob | Uint8Array | AsyncIterable<Uint8Array> | Source;

/** What verification needs of an opened log. */
export interface ReadableLog {
  readonly origin: string;
  chunks(): AsyncIterable<Uint8Array>;
  segments(): Promise<readonly { readonly name: string; readonly offset: number; readonly bytes: number }[]>;
  /** Its newest checkpoint, a signed note; null when there is none. */
  latestCheckpoint?(): Promise<Uint8Array | null>;
}

/** What to verify against, and how. */
export interface AuditOptions extends Omit<VerifyOptions, 'trust' | 'checkpoints' | 'resume'>, EngineWish {
  /** Outside keys: public keys, kids to pin, or either with a name. Nothing inside the evidence is ever trusted by itself. */
  readonly keys?: readonly (PublicKey | string | OutsideKey)[] | undefined;
  /** Instead of keys: another source of outside knowledge. */
  readonly trust?: TrustProvider | undefined;
  /** What was remembered of the log: its head, size or genesis. */
  readonly expect?: Pins | undefined;
  /**
   * Checkpoints of the log that were kept outside of it (C2SP signed notes): they say whether its end is there and its history the same.
   */
  readonly checkpoints?: readonly (Uint8Array | CheckpointNote)[] | undefined;
  /**
   * The checkpoint up to which the log was verified before. It counts as one of `checkpoints`, and the signatures of the entries before it
   * are not verified again; everything else of them is.
   */
  readonly resume?: Uint8Array | CheckpointNote | undefined;
  /**
   * Threads to use at most; default: as many as the machine runs at once. Little evidence takes one, and so does another source of
   * outside knowledge than keys, since functions do not cross to a thread. The verdict says how many there were.
   */
  readonly workers?: number | undefined;
  /** How the verdict names the evidence. */
  readonly name?: string | undefined;
}

/**
 * Verify evidence. No evidence makes it throw: what does not hold stands in the verdict, every problem of it.
 * @param evidence read once, from its beginning. A log that is being written to is verified as far as it stands.
 * @returns `valid`, `invalid` or `unverifiable`, and all that goes with it (cli.md).
 * @throws ReceiptError IO when reading fails, ENGINE_UNAVAILABLE, ENGINES_DISAGREE, WORKER_FAILED, ABORTED; RangeError for malformed
 *   options.
 */
export async function verify(evidence: Evidence, options: AuditOptions = {}): Promise<Verdict> {
  const threads = threadsOf(options);
  const source = await sourceOf(evidence, options.name);
  return verifyWith(source, toVerifyOptions(options), await chooseEngines(options), threads);
}

/**
 * Verify one part of evidence: a document for mergeShards, which forms the verdict when it has those of all parts. So many machines
 * can share one log. Nothing is judged yet, and the document is not signed: whoever merges trusts the machines that made the parts.
 * @param evidence a log folder or file (openEvidence), or a Blob; it must not grow meanwhile. @param shard which part: index 1 … of.
 * @throws as verify does; ReceiptError UNSUPPORTED for evidence that can be read only from its beginning, and for custom trust.
 */
export async function verifyShard(
  evidence: Evidence,
  shard: ShardWish,
  options: AuditOptions = {},
): Promise<ShardJson> {
  const threads = threadsOf(options);
  const [{ summariseShard }, { writeShard }] = await Promise.all([
    import('./verify/shard.ts'),
    import('./verify/write-shard.ts'),
  ]);
  const { engine, crossCheck } = options;
  const made = await summariseShard({
    source: await sourceOf(evidence, options.name),
    options: toVerifyOptions(options),
    engines: await chooseEngines(options),
    wish: { engine, crossCheck },
    threads,
    shard,
  });
  return writeShard(made);
}

/**
 * Judge the shards of one verification. @param documents what verifyShard made, as JSON text, in any order; nothing in them is
 * trusted to be well formed. @param nameOf what messages call each. @returns the verdict of one that was not sharded.
 * @throws ReceiptError SHARD_MALFORMED; SHARDS_DIFFER when one is missing or they are not parts of one verification.
 */
export async function mergeShards(
  documents: readonly Uint8Array[],
  nameOf: (index: number) => string = (index) => `document ${index + 1}`,
): Promise<Verdict> {
  const [{ parseShard }, { mergeShards: merge }] = await Promise.all([
    import('./verify/read-shard.ts'),
    import('./verify/merge-shards.ts'),
  ]);
  return merge(
    documents.map((bytes, i) => parseShard(bytes, nameOf(i))),
    nameOf,
    async () => (await chooseEngines({})).verifier,
  );
}

/**
 * Load now what `verify` would load when it needs it: the engine and, in a browser, its workers, which then wait for the next
 * verifications. After that those work with the network off. In Node, where nothing comes over a network, there is nothing to wait for.
 * @returns how many workers wait; 0 where verification does without.
 * @throws ReceiptError ENGINE_UNAVAILABLE; RangeError for malformed options.
 */
export async function prepareVerification(
  options: Pick<AuditOptions, 'engine' | 'crossCheck' | 'workers'> = {},
): Promise<number> {
  threadsOf(options);
  const { verifier } = await chooseEngines(options);
  const here = threadsHere();
  if (here?.prepare === undefined) return 0;
  const threads = options.workers ?? here.parallelism;
  const withNoble = verifier.engine === 'noble' || options.crossCheck === true;
  return here.prepare(here.shares ? threads - 1 : threads, withNoble);
}

function threadsOf({ workers, engine, crossCheck }: AuditOptions): Threads | null {
  if (workers !== undefined && !(Number.isSafeInteger(workers) && workers >= 1)) {
    throw new RangeError(`verify: expected workers to be an integer of at least 1, got ${workers}`);
  }
  return threadsFor({ workers, engines: { engine, crossCheck } });
}

/**
 * Verify one line by itself: its form, its hash, and its signatures by the given key. Its place in the log is not proven by that.
 * @param line one receipt, with or without its LF; several are a RangeError. @param key the public key, or a kid that the line itself must name.
 */
export async function verifyReceipt(
  line: Uint8Array | string,
  key: PublicKey | string | OutsideKey,
  options: Omit<AuditOptions, 'keys' | 'trust' | 'expect' | 'checkpoints' | 'resume' | 'workers'> = {},
): Promise<Verdict> {
  const bytes = typeof line === 'string' ? new TextEncoder().encode(line) : line;
  const lf = bytes.indexOf(0x0a);
  if (lf >= 0 && lf !== bytes.length - 1) throw new RangeError('verifyReceipt: expected one line, got several');
  const whole = bytes.at(-1) === 0x0a ? bytes : concatBytes(bytes, Uint8Array.of(0x0a));
  const source: Source = {
    kind: 'receipt',
    name: options.name ?? 'receipt',
    chunks: () => [whole],
    sizeBytes: whole.length,
  };
  const all = { ...options, keys: [key] };
  return verifyWith(source, toVerifyOptions(all), await chooseEngines(all));
}

/**
 * Verify a checkpoint by itself, a C2SP signed note: its form, and that given keys signed it. What it says of a log is compared when
 * the log is verified with it (`checkpoints`). @throws ReceiptError CHECKPOINT_MALFORMED; and what verify throws for its engine.
 */
export async function verifyCheckpoint(
  checkpoint: Uint8Array | CheckpointNote,
  options: Pick<AuditOptions, 'keys' | 'trust' | 'witnessPolicy' | 'engine' | 'crossCheck' | 'allowClassical'> = {},
): Promise<Verdict> {
  const note = checkpoint instanceof Uint8Array ? { name: 'checkpoint', note: checkpoint } : checkpoint;
  const { verifyLoneCheckpoint } = await import('./verify/lone-checkpoint.ts');
  return verifyLoneCheckpoint(note, toVerifyOptions(options), await chooseEngines(options));
}

function toVerifyOptions(options: AuditOptions): VerifyOptions {
  const keys = (options.keys ?? []).map((key) => (typeof key === 'string' || 'alg' in key ? { key } : key));
  const named = (one: Uint8Array | CheckpointNote, name: string): CheckpointNote =>
    one instanceof Uint8Array ? { name, note: one } : one;
  const checkpoints = (options.checkpoints ?? []).map((one, i) => named(one, `checkpoint ${i + 1}`));
  const resume = options.resume && named(options.resume, 'the checkpoint to resume from');
  return { ...options, checkpoints, resume, trust: options.trust ?? trustKeys(keys) };
}

async function sourceOf(evidence: Evidence, name: string | undefined): Promise<Source> {
  if (evidence instanceof Uint8Array) {
    if (isStandAlone(evidence)) return (await loadReader()).standAloneSource(name ?? 'receipt', evidence);
    return { kind: 'log', name: name ?? 'bytes', chunks: () => [evidence], sizeBytes: evidence.length };
  }
  if (typeof Blob !== 'undefined' && evidence instanceof Blob) {
    const file = 'name' in evidence && typeof evidence.name === 'string' ? evidence.name : 'blob';
    const start = new Uint8Array(await evidence.slice(0, START_BYTES).arrayBuffer());
    if (isStandAlone(start)) {
      const whole = await evidence.slice(0, MAX_PROOF_BYTES + 1).arrayBuffer();
      return (await loadReader()).standAloneSource(name ?? file, new Uint8Array(whole));
    }
    const ranges = { blob: evidence };
    return { kind: 'log', name: name ?? file, chunks: () => readBlob(evidence), sizeBytes: evidence.size, ranges };
  }
  if ('kind' in evidence) return name === undefined ? evidence : { ...evidence, name };
  if ('segments' in evidence) {
    // Before its lines, so that a log that is being written to is not shorter than its checkpoint.
    const note = await evidence.latestCheckpoint?.();
    return {
      ...(note ? { checkpoints: [{ name: 'checkpoint', note }] } : {}),
      kind: 'log',
      name: name ?? evidence.origin,
      chunks: () => evidence.chunks(),
      segments: () => evidence.segments(),
    };
  }
  return { kind: 'stream', name: name ?? 'stream', chunks: () => evidence as AsyncIterable<Uint8Array>, once: true };
}

/** Most evidence is a log: what reads receipts that stand alone is loaded when there is one. */
function loadReader(): Promise<typeof import('./verify/stand-alone-file.ts')> {
  return import('./verify/stand-alone-file.ts');
}
