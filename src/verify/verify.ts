import { copyBytes } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { DEFAULT_MAX_PROBLEMS } from '../base/limits.ts';
import { parseWitnessPolicy, type WitnessPolicy } from '../checkpoint/witness-policy.ts';
import type { LineVerifier } from '../crypto/line-verifier.ts';
import type { PublicKey } from '../crypto/public-key.ts';
import { judgeCheckpoints, type Remembered, readOfLog, readRemembered, treeSizesOf } from './checkpoints.ts';
import { collectKeys } from './collect-keys.ts';
import type { Context } from './context.ts';
import { Judge } from './judge.ts';
import { openLines } from './make-engines.ts';
import { paceOfPage } from './pause.ts';
import type { Engines, Source, Spool, VerifyOptions } from './source.ts';
import { placeOf, summariseLines } from './stand-alone.ts';
import { summariseEach } from './summarise.ts';
import type { Threads } from './threads.ts';
import type { Verdict } from './verdict.ts';
import { writeVerdict } from './write-verdict.ts';

/**
 * Verify evidence: read it once, judge every line, and say what holds, what does not and what was not shown. Memory does not grow
 * with the evidence. Whatever the bytes are, the answer is a verdict; it throws only when reading or computing fails.
 * @throws ReceiptError ABORTED, IO from the source, ENGINE_UNAVAILABLE, ENGINES_DISAGREE; RangeError for malformed options.
 */
export async function verifyWith(
  source: Source,
  options: VerifyOptions,
  engines: Engines,
  threads: Threads | null = null,
): Promise<Verdict> {
  const startedAt = Date.now();
  checkOptions(options);
  const remembered = rememberedOf(source, options);
  const policy = policyOf(options);
  // For a single line it is not worth its memory.
  const lines = source.kind === 'receipt' ? null : openLines(engines, acceptedBelow(options, remembered));
  try {
    return await verifyIn({ source, options, engines, threads, lines, remembered, policy, startedAt });
  } finally {
    lines?.release();
  }
}

/** @returns all checkpoints of a verification: those given, and those that lie with the log. @throws ReceiptError CHECKPOINT_MALFORMED. */
export function rememberedOf(source: Pick<Source, 'checkpoints'>, options: VerifyOptions): Remembered[] {
  const { checkpoints = [], logCheckpoints = [], resume } = options;
  const given = resume === undefined ? checkpoints : [resume, ...checkpoints];
  return [...readRemembered(given), ...readOfLog([...(source.checkpoints ?? []), ...logCheckpoints])];
}

/** @returns the witness policy of a verification. @throws ReceiptError POLICY_MALFORMED, KEY_MALFORMED, UNSUPPORTED. */
export function policyOf({ witnessPolicy }: VerifyOptions): WitnessPolicy | null {
  return witnessPolicy === undefined ? null : parseWitnessPolicy(witnessPolicy.bytes, witnessPolicy.name);
}

async function verifyIn({
  source,
  options,
  engines,
  threads,
  lines,
  remembered,
  policy,
  startedAt,
}: {
  readonly source: Source;
  readonly options: VerifyOptions;
  readonly engines: Engines;
  readonly threads: Threads | null;
  readonly lines: LineVerifier | null;
  readonly remembered: readonly Remembered[];
  readonly policy: WitnessPolicy | null;
  readonly startedAt: number;
}): Promise<Verdict> {
  const context = makeContext(options, engines, remembered, lines);
  const maxProblems = context.maxProblems;
  const spool = await prepareNamedKeys(source, options, context);
  try {
    const judge = new Judge(
      options.trust,
      context.named,
      { allowUnsignedTail: options.allowUnsignedTail ?? false, allowClassical: options.allowClassical ?? false },
      maxProblems,
      context,
      source.kind === 'receipt',
    );
    const { onProgress, signal } = options;
    const read: Source = spool === null ? source : { ...source, chunks: () => spool.chunks() };
    // What threads have summarised and could not hand on yet.
    const ahead = { lines: 0, bytes: 0 };
    const tell = (): void =>
      onProgress?.({
        lines: judge.lines + ahead.lines,
        bytes: judge.bytes + ahead.bytes,
        totalBytes: source.sizeBytes,
      });
    const { standAlone } = source;
    const place = standAlone === undefined ? null : placeOf(standAlone);
    const summaries =
      (standAlone && summariseLines(standAlone, context, place!)) ??
      threads?.summaries({ source: read, context, engines, signal, ahead, onAhead: tell }) ??
      summariseEach((buffers) => read.chunks(buffers), context);
    const pace = paceOfPage();
    for await (const summary of summaries) {
      throwIfAborted(signal);
      judge.absorb(summary);
      forgetStrangers(context.named, judge);
      tell();
      await pace();
    }
    throwIfAborted(options.signal);
    if (place !== null) judge.tree.prove(place.size, place.findings.length === 0 ? place.root : null);
    const { verifier } = engines;
    const rules = { trust: options.trust, found: context.named, verifier, policy, nowMs: startedAt };
    const checkpoints = await judgeCheckpoints(judge, remembered, rules);
    const segments = (await source.segments?.()) ?? [];
    const elapsedMs = Date.now() - startedAt;
    const workers = threads?.used ?? 1;
    const findings = place?.findings ?? [];
    return writeVerdict({ source, options, judge, checkpoints, findings, segments, engines, workers, elapsedMs });
  } finally {
    await spool?.dispose();
  }
}

/**
 * Forget the keys of entries that came not into force. Anyone can write rotations, with eight keys on each line, and all of them
 * kept would be most of the evidence. What they sign later is by a key that nobody names, whether they are kept or not.
 */
function forgetStrangers(named: Map<string, PublicKey>, judge: Judge): void {
  for (const kid of named.keys()) if (!judge.keys.knows(kid)) named.delete(kid);
}

/**
 * @returns what the summaries of this verification share. @param remembered its checkpoints, the one to resume from first (rememberedOf).
 * @param lines reads the lines that are put into its memory.
 */
export function makeContext(
  options: VerifyOptions,
  engines: Engines,
  remembered: readonly Remembered[] = [],
  lines: LineVerifier | null = null,
): Context {
  const named = new Map<string, PublicKey>();
  return {
    trust: options.trust,
    named,
    verifier: engines.verifier,
    sha256Hex: engines.sha256Hex,
    lines,
    pinnedSeqs: new Set(options.expect?.head === undefined ? [] : [options.expect.head.size - 1]),
    treeSizes: treeSizesOf(remembered),
    acceptedBelow: acceptedBelow(options, remembered),
    notBefore: options.notBefore ?? null,
    notAfter: options.notAfter ?? null,
    // At least one: judging needs to know where lines of a kind stand, also when nothing is to be listed.
    maxProblems: Math.max(1, options.maxProblems ?? DEFAULT_MAX_PROBLEMS),
  };
}

/** @returns how many entries are not verified again: those that the checkpoint to resume from covers, which comes first. */
export function acceptedBelow({ resume }: VerifyOptions, [first]: readonly Remembered[]): number {
  return resume === undefined ? 0 : first!.signed!.checkpoint.size;
}

/**
 * A kid pinned without its key means the key of that thumbprint wherever its JWK is found, the evidence included (format, head):
 * also where it is named only after the lines it signed. So such evidence is read for its keys first, and then verified.
 */
export async function prepareNamedKeys(
  source: Source,
  options: VerifyOptions,
  context: Context,
): Promise<Spool | null> {
  const pinned = new Set(options.trust.keys.filter(({ key }) => key === null).map(({ kid }) => kid));
  if (pinned.size === 0) return null;
  const spool = source.once ? await (options.spool ?? spoolInMemory)(source.chunks()) : null;
  const { named } = context;
  await collectKeys(
    (spool ?? source).chunks(),
    named,
    (kid) => pinned.has(kid),
    () => named.size === pinned.size,
  );
  return spool;
}

async function spoolInMemory(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Spool> {
  const kept: Uint8Array[] = [];
  for await (const chunk of chunks) kept.push(copyBytes(chunk));
  return { chunks: () => kept, dispose: async () => {} };
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new ReceiptError('ABORTED', 'verify: stopped before the end', { cause: signal.reason });
}

const HEX64 = /^[0-9a-f]{64}$/;

/** @throws RangeError for options that say nothing. */
export function checkOptions({ expect, notBefore, notAfter, maxProblems }: VerifyOptions): void {
  const size = (value: number | undefined, name: string, least: number): void => {
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= least)) {
      throw new RangeError(`verify: expected ${name} to be an integer of at least ${least}, got ${value}`);
    }
  };
  size(expect?.head?.size, 'expect.head.size', 1);
  size(expect?.size, 'expect.size', 1);
  size(expect?.minSize, 'expect.minSize', 1);
  size(maxProblems, 'maxProblems', 0);
  for (const hash of [expect?.head?.hash, expect?.genesis]) {
    if (hash !== undefined && !HEX64.test(hash))
      throw new RangeError('verify: expected a pinned hash of 64 lower-case hex digits');
  }
  for (const time of [notBefore, notAfter]) {
    if (time !== undefined && (Number.isNaN(Date.parse(time)) || new Date(time).toISOString() !== time)) {
      throw new RangeError('verify: expected a time as Date.toISOString prints it');
    }
  }
}
