import type { LoadNoble } from '../crypto/choose-verify.ts';
import type { PublicKey } from '../crypto/public-key.ts';
import { linesOf, type ReadRange } from './batch.ts';
import type { Context } from './context.ts';
import { makeEngines, openLines } from './make-engines.ts';
import { paceOfPage, pause } from './pause.ts';
import {
  type FromWorker,
  type Lines,
  noteOf,
  PROTOCOL_VERSION,
  type Setup,
  type Task,
  type TaskResult,
  type ToWorker,
} from './protocol.ts';
import { rangeReader } from './ranges.ts';
import type { Engines } from './source.ts';
import { summariseBatch, summariseEach } from './summarise.ts';
import { EMPTY_SUMMARY, merge, type Summary } from './summary.ts';
import { trustKeys } from './trust.ts';

/** Told after each batch of lines: how many there were, and their bytes. */
export type OnBatch = (lines: number, bytes: number) => void;

/** Where tasks are done, one after the other: in a worker, and in the thread of a verification that has none. */
export interface Workshop {
  readonly engine: string;
  do(task: Task, onBatch: OnBatch): Promise<TaskResult>;
}

/**
 * Make ready to work. @param context what the summaries share; its `named` and its `lines` are left alone.
 * @param evidence where tasks of bytes by their offsets are read.
 */
export function openWorkshop(context: Context, engines: Engines, evidence: Setup['evidence']): Workshop {
  const read = evidence === null ? null : rangeReader(evidence.ranges);
  const known = new Map<string, PublicKey>();
  return {
    engine: context.verifier.engine,
    async do({ lines, keys }, onBatch) {
      for (const key of keys) known.set(key.kid, key);
      // Keys that this run of lines names are not known to the next task: whether they are in force is not for us to say.
      const strangers = new Set<string>();
      const reader = openLines(engines, context.acceptedBelow);
      try {
        const own = { ...context, named: new Map(known), strangers, lines: reader };
        const summary = await summariseLines(lines, own, read, evidence?.sizeBytes ?? 0, onBatch);
        return { summary, strangers: [...strangers], bytes: 'bytes' in lines ? lines.bytes : null };
      } finally {
        reader?.release();
      }
    },
  };
}

/** Make ready in another thread than the one that made the setup. */
async function workshopOf(setup: Setup, loadNoble: LoadNoble): Promise<Workshop> {
  const engines = await makeEngines(setup.engines, loadNoble);
  const { verifier, sha256Hex } = engines;
  const context: Context = {
    trust: trustKeys(setup.keys),
    named: new Map(),
    verifier,
    sha256Hex,
    lines: null,
    pinnedSeqs: new Set(setup.pinnedSeqs),
    treeSizes: setup.treeSizes,
    acceptedBelow: setup.acceptedBelow,
    notBefore: setup.notBefore,
    notAfter: setup.notAfter,
    maxProblems: setup.maxProblems,
  };
  return openWorkshop(context, engines, setup.evidence);
}

async function summariseLines(
  lines: Lines,
  context: Context,
  read: ReadRange | null,
  sizeBytes: number,
  onBatch: OnBatch,
): Promise<Summary> {
  if ('bytes' in lines) {
    const { torn } = lines;
    const end = lines.bytes.length;
    // Where the line verifier reads them; it has room for any batch.
    const bytes = context.lines?.bytes ?? lines.bytes;
    if (bytes !== lines.bytes) bytes.set(lines.bytes);
    const summary = await summariseBatch({ bytes, begin: 0, end, torn, oversize: false }, context);
    onBatch(summary.lines, summary.bytes);
    return summary;
  }
  let whole = EMPTY_SUMMARY;
  const pace = paceOfPage();
  for await (const summary of summariseEach((into) => linesOf(lines.part, sizeBytes, read!, into), context)) {
    whole = merge(whole, summary, context.maxProblems, context.treeSizes);
    onBatch(summary.lines, summary.bytes);
    await pace();
  }
  return whole;
}

/** Send a message to whoever started this side. @param transfer buffers that change hands. */
export type Post = (message: FromWorker, transfer: readonly ArrayBuffer[]) => void;

/** Say that this worker is there. @returns what takes the messages of a pool: its setup, then one task at a time. Answers go to `post`. */
export function serve(post: Post, loadNoble: LoadNoble): (message: ToWorker) => void {
  let workshop: Workshop | null = null;
  const inTurn = oneByOne(post);
  post({ op: 'here' }, []);
  return (message) => {
    if (message.op === 'task') {
      inTurn(async () => {
        if (workshop === null) throw new Error('a task before the start');
        await work(workshop, message, post);
      });
    } else if (message.op === 'rest') {
      inTurn(async () => {
        workshop = null;
      });
    } else {
      inTurn(async () => {
        const { version, setup } = message;
        if (version === PROTOCOL_VERSION) workshop = await workshopOf(setup, loadNoble);
        post({ op: 'ready', version: PROTOCOL_VERSION, engine: workshop?.engine ?? '' }, []);
      });
    }
  };
}

/**
 * @returns the same for a workshop of the thread that has the pool. Each task waits until whatever else this thread has to do is done:
 * handing out work to the others comes first.
 */
export function serveHere(workshop: Workshop, post: Post): (message: ToWorker) => void {
  const inTurn = oneByOne(post);
  return (message) => {
    if (message.op !== 'task') return;
    inTurn(async () => {
      await pause();
      await work(workshop, message, post);
    });
  };
}

async function work(workshop: Workshop, { id, task }: Extract<ToWorker, { op: 'task' }>, post: Post): Promise<void> {
  const result = await workshop.do(task, (lines, bytes) => post({ op: 'progress', id, lines, bytes }, []));
  post({ op: 'done', id, result }, result.bytes === null ? [] : [result.bytes.buffer as ArrayBuffer]);
}

/** Messages arrive while a task pauses; they wait for it. */
function oneByOne(post: Post): (job: () => Promise<void>) => void {
  let turn: Promise<void> = Promise.resolve();
  return (job) => {
    turn = turn.then(job).catch((error) => post({ op: 'failed', error: noteOf(error) }, []));
  };
}
