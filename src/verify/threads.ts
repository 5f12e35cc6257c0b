import { BATCH_BUFFER_BYTES, type LineBatch, lineBatches } from '../receipt/lines.ts';
import { type Part, tasksOf } from './batch.ts';
import type { Context } from './context.ts';
import { type Ahead, summariesInOrder } from './in-order.ts';
import type { EngineWish } from './make-engines.ts';
import { Pool } from './pool.ts';
import type { Lines, Setup } from './protocol.ts';
import type { Engines, Source } from './source.ts';
import { threadsHere } from './spawn.ts';
import { roomOf, summariseBatch } from './summarise.ts';
import type { Summary } from './summary.ts';
import { outsideKeysOf } from './trust.ts';
import type { ThreadsHere } from './worker-port.ts';
import { openWorkshop } from './workshop.ts';

/**
 * Workers are started when the thread that asks seems to be busy for so long with what is left. How fast it goes is measured over the
 * first batches: signed entries take ten times as long as unsigned ones, and engines differ. Those first batches are slow, before code
 * is optimised, so that 500 ms of them are about 300 in truth; and a worker costs 140 ms of processor time, of which its start is 40 and
 * the rest is getting as fast as this thread. From there on two threads win; sooner they tie at best (one thread against two, shared
 * from an estimate of 350 ms on: 289 and 294 ms; from 500 on: 322 and 315, 369 and 336, 398 and 346, 504 and 431 ms; medians of 7, Node
 * 20 on two cores of a busy virtual machine).
 */
const LEAST_SHARED_MS = 500;
const LEAST_MEASURED_MS = 40;
/** For a shard, of which no batch is measured before: about as long for unsigned entries, and longer for signed ones. */
const LEAST_SHARED_BYTES = 128 << 20;
/** So much takes about as long with the fastest engine: nothing need be measured, and workers start while this thread begins. */
const SURELY_SHARED_BYTES = 256 << 20;
/** The same two in a page, whose thread has better things to do. */
const LEAST_SHARED_MS_ON_PAGE = 100;
const SURELY_SHARED_BYTES_ON_PAGE = 48 << 20;
/** Bytes of a task: beside so many, opening files and waiting for the first of their bytes cost little (8 MiB: 6 % more). */
const MOST_TASK_BYTES = 32 << 20;
const LEAST_TASK_BYTES = 1 << 20;

/** How a pool is made; what has no default here is for tests, which cannot wait for megabytes. */
export interface PoolOptions {
  /** Threads that work, at most: the one that asks among them, where it does its share. Default: as many as run at once here. */
  readonly workers?: number | undefined;
  readonly engines: EngineWish;
  /** Instead of those of this runtime. */
  readonly spawn?: ThreadsHere['spawn'];
  readonly shares?: boolean;
  readonly patienceMs?: number;
  /** Instead of LEAST_SHARED_MS; 0 starts workers at once. */
  readonly leastMs?: number;
  /** Instead of SURELY_SHARED_BYTES. */
  readonly sureBytes?: number;
  readonly taskBytes?: number;
}

/** Threads for one verification, started as they are needed. */
export interface Threads {
  /** Threads that worked on it, but for the first moments; 1 where none was started. */
  readonly used: number;
  /**
   * Make a pool, yours to close. @param context of the thread that asks.
   * @returns null where the evidence cannot cross to a thread.
   */
  open(setup: Setup, context: Context, engines: Engines, signal: AbortSignal | undefined): Pool | null;
  /** Whether so many bytes, of which nothing is known but their number, are worth several threads. */
  shares(sizeBytes: number): boolean;
  /** @returns how many bytes the next task has when so many are left. */
  taskBytes(leftBytes: number): number;
  /**
   * Summarise all of the evidence in order.
   * @returns null where outside knowledge cannot cross to another thread. Little evidence is summarised in this one.
   */
  summaries(work: SharedWork): AsyncIterable<Summary> | null;
}

/** What threads share. */
export interface SharedWork {
  readonly source: Source;
  /** Of the thread that asks: summaries are handed on with the keys of its `named` (InOrder.named). */
  readonly context: Context;
  readonly engines: Engines;
  readonly signal: AbortSignal | undefined;
  /** Kept up to date with what is summarised and not yet handed on. */
  readonly ahead: Ahead;
  /** Called when that has grown. */
  readonly onAhead: () => void;
}

/** @returns null where there is nothing to share: this runtime has no other thread, or the one that asks is all that was asked for. */
export function threadsFor(options: PoolOptions): Threads | null {
  const here = threadsHere();
  const spawn = options.spawn ?? here?.spawn;
  const shares = options.shares ?? here?.shares ?? true;
  const workers = options.workers ?? here?.parallelism ?? 1;
  if (spawn === undefined || (shares && workers < 2)) return null;
  const { patienceMs, leastMs = shares ? LEAST_SHARED_MS : LEAST_SHARED_MS_ON_PAGE } = options;
  const { sureBytes = shares ? SURELY_SHARED_BYTES : SURELY_SHARED_BYTES_ON_PAGE } = options;
  let pool: Pool | null = null;
  const open: Threads['open'] = (setup, context, engines, signal) => {
    if (!crosses(setup)) return null;
    pool = new Pool({
      spawn,
      shares,
      most: workers,
      setup,
      here: openWorkshop(context, engines, setup.evidence),
      signal,
      ...(patienceMs === undefined ? {} : { patienceMs }),
    });
    return pool;
  };
  const taskBytes = (leftBytes: number): number => options.taskBytes ?? taskBytesFor(leftBytes, workers);
  return {
    get used() {
      return Math.max(pool?.size ?? 1, 1);
    },
    open,
    shares: (sizeBytes) => leastMs === 0 || sizeBytes >= LEAST_SHARED_BYTES,
    taskBytes,
    summaries({ source, context, engines, signal, ahead, onAhead }) {
      const { named } = context;
      const setup = setupOf(source, context, options.engines);
      if (setup === null) return null;
      return (async function* () {
        const room = roomOf(context.lines);
        const batches = lineBatches(source.chunks(room?.buffers), room);
        let crew: Pool | null = null;
        // Tasks are parts of the evidence where it can be read from any byte on and its ranges cross; else they bring their bytes.
        let evidence = setup.evidence;
        const openCrew = (): Pool => {
          const byRanges = open(setup, context, engines, signal);
          if (byRanges === null) evidence = null;
          return byRanges ?? open({ ...setup, evidence: null }, context, engines, signal)!;
        };
        try {
          const sure = (source.sizeBytes ?? 0) >= sureBytes;
          if (sure) {
            crew = openCrew();
            crew.start();
          }
          // At least one batch is for this thread: its first line names keys in force, and tasks begun without those are done twice.
          const least = sure ? { measuredMs: 0, leftMs: 0 } : { measuredMs: LEAST_MEASURED_MS, leftMs: leastMs };
          const left = leastMs === 0 ? { bytes: 0 } : yield* whileShort(batches, context, source.sizeBytes, least);
          if (left === null) return;
          crew ??= openCrew();
          // Nothing stands still meanwhile: workers take a tenth of a second to start, and more where they come over a network.
          if (!shares && leastMs > 0) {
            crew.start();
            const done = yield* whileStarting(batches, context, crew);
            if (done === null) return;
            left.bytes += done.bytes;
          }
          // Buffers go round: a worker's garbage collector would take its time with them.
          const spare: Uint8Array[] = [];
          const recycle = (bytes: Uint8Array): void => void spare.push(bytes);
          if (evidence !== null) await batches.return(undefined); // What was read ahead is not needed.
          const tasks =
            evidence !== null
              ? partTasks({ begin: left.bytes, end: evidence.sizeBytes }, taskBytes)
              : batchTasks(batches, context, spare);
          yield* summariesInOrder({ tasks, crew, named, recycle, ahead, onAhead });
        } finally {
          await batches.return(undefined);
          await crew?.close();
        }
      })();
    },
  };
}

/**
 * Summarise batches in this thread, as long as it is not worth while to share what is left.
 * @param least milliseconds before it can be told, and that must be left.
 * @returns the bytes done when it is; null when nothing is left.
 */
async function* whileShort(
  batches: AsyncGenerator<LineBatch>,
  context: Context,
  sizeBytes: number | undefined,
  least: { readonly measuredMs: number; readonly leftMs: number },
): AsyncGenerator<Summary, { bytes: number } | null> {
  const startedAt = performance.now();
  let bytes = 0;
  for (;;) {
    // Not for-await: it would close what is to be read on.
    const { done, value } = await batches.next();
    if (done) return null;
    const summary = await summariseBatch(value, context);
    bytes += summary.bytes;
    yield summary;
    const spentMs = performance.now() - startedAt;
    // Of what has no known size there may be as much left as was read.
    const leftMs = sizeBytes === undefined ? spentMs : (spentMs / bytes) * (sizeBytes - bytes);
    if (spentMs >= least.measuredMs && leftMs >= least.leftMs) return { bytes };
  }
}

/** Summarise batches in this thread until a worker is there, or none will be. @returns as whileShort does. */
async function* whileStarting(
  batches: AsyncGenerator<LineBatch>,
  context: Context,
  crew: Pool,
): AsyncGenerator<Summary, { bytes: number } | null> {
  let bytes = 0;
  while (crew.isStarting) {
    const { done, value } = await batches.next();
    if (done) return null;
    const summary = await summariseBatch(value, context);
    bytes += summary.bytes;
    yield summary;
  }
  return { bytes };
}

/** @returns what crosses to workers, or null when outside knowledge is more than keys. */
export function setupOf(source: Source, context: Context, engines: EngineWish): Setup | null {
  const keys = outsideKeysOf(context.trust);
  if (keys === null) return null;
  const { ranges, sizeBytes } = source;
  return {
    keys,
    pinnedSeqs: [...context.pinnedSeqs],
    treeSizes: context.treeSizes,
    acceptedBelow: context.acceptedBelow,
    notBefore: context.notBefore,
    notAfter: context.notAfter,
    maxProblems: context.maxProblems,
    // The one found here, not a wish for the best: a worker may find another, and the verdict names one.
    engines: { ...engines, engine: context.verifier.engine },
    evidence: ranges === undefined || sizeBytes === undefined ? null : { ranges, sizeBytes },
  };
}

/** Whether another thread can get it: Node clones no Blob that stands for a file. */
function crosses(setup: Setup): boolean {
  try {
    structuredClone(setup);
    return true;
  } catch {
    return false;
  }
}

/** @returns bytes of the next task: each thread has several, and the last ones are small, so that all end at about the same time. */
export function taskBytesFor(leftBytes: number, workers: number): number {
  return Math.min(Math.max(Math.ceil(leftBytes / (4 * workers)), LEAST_TASK_BYTES), MOST_TASK_BYTES);
}

/** @returns a part as tasks. */
export function* partTasks(part: Part, taskBytes: (leftBytes: number) => number): Generator<Lines> {
  for (const task of tasksOf(part, taskBytes)) yield { part: task };
}

/** Hand on what can only be read in order, batch by batch. @param spare buffers to fill; taken from it while there are any. */
async function* batchTasks(
  batches: AsyncGenerator<LineBatch>,
  context: Context,
  spare: Uint8Array[],
): AsyncGenerator<Lines | Summary> {
  for await (const batch of batches) {
    if (batch.oversize) yield await summariseBatch(batch, context);
    else yield { bytes: copyOf(batch.bytes, batch.begin, batch.end, spare), torn: batch.torn };
  }
}

/** Copy [begin, end) into a spare buffer, or into a new one, which holds any batch. */
function copyOf(bytes: Uint8Array, begin: number, end: number, spare: Uint8Array[]): Uint8Array {
  const buffer = spare.pop()?.buffer ?? new ArrayBuffer(BATCH_BUFFER_BYTES);
  const copy = new Uint8Array(buffer, 0, end - begin);
  copy.set(bytes.subarray(begin, end));
  return copy;
}
