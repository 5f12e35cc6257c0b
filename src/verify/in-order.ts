import type { PublicKey } from '../crypto/public-key.ts';
import type { Lines, TaskResult } from './protocol.ts';
import type { Summary } from './summary.ts';

/** Who does tasks, several at a time. */
export interface Crew {
  /** Tasks to have under way at once; their results are held until their turn comes, so this bounds memory. */
  readonly width: number;
  /** @param named keys that may be in force, by kid. @param onBatch told of each batch of lines on the way. */
  run(
    lines: Lines,
    named: ReadonlyMap<string, PublicKey>,
    onBatch: (lines: number, bytes: number) => void,
  ): Promise<TaskResult>;
}

/** How far the tasks that are not yet handed on have come. */
export interface Ahead {
  lines: number;
  bytes: number;
}

interface UnderWay extends Ahead {
  readonly task: Lines | null;
  result: Promise<TaskResult>;
}

/** What a run of in-order work is made of. */
export interface InOrder {
  /** Lines to summarise, in their order; a summary among them is handed on as it is. */
  readonly tasks: AsyncIterable<Lines | Summary> | Iterable<Lines | Summary>;
  readonly crew: Crew;
  /** Keys in force, by kid: whoever takes the summaries adds to it and removes from it before asking for the next. */
  readonly named: Map<string, PublicKey>;
  /** Asked before a result is handed on when it met unnamed keys: adds to `named` what else is known of them. */
  readonly learn?: ((strangers: readonly string[]) => Promise<void>) | undefined;
  /** Takes back the bytes that came with a task. */
  readonly recycle?: ((bytes: Uint8Array) => void) | undefined;
  /** Kept up to date. */
  readonly ahead: Ahead;
  /** Called when `ahead` has grown. */
  readonly onAhead?: (() => void) | undefined;
}

/**
 * Summarise tasks several at a time and hand the summaries on in order. A task is begun with the keys that are known by then; if by
 * the time its turn comes a key that it lacked is in force, because a task before it held the rotation, it is done again. So no pass
 * over the evidence is needed to find keys first, and the answer is that of one thread.
 */
export async function* summariesInOrder({
  tasks,
  crew,
  named,
  learn,
  recycle,
  ahead,
  onAhead,
}: InOrder): AsyncGenerator<Summary> {
  const queue: UnderWay[] = [];
  const begin = (task: Lines | Summary): UnderWay => {
    if ('items' in task) {
      const result = Promise.resolve({ summary: task, strangers: [], bytes: null });
      return { task: null, lines: 0, bytes: 0, result };
    }
    const come: Ahead = { lines: 0, bytes: 0 };
    const result = crew.run(task, named, (lines, bytes) => {
      for (const sum of [come, ahead]) {
        sum.lines += lines;
        sum.bytes += bytes;
      }
      onAhead?.();
    });
    result.catch(() => undefined); // Thrown below, when its turn comes.
    return Object.assign(come, { task, result });
  };
  const source = Symbol.asyncIterator in tasks ? tasks[Symbol.asyncIterator]() : tasks[Symbol.iterator]();
  let more = true;
  try {
    for (;;) {
      while (more && queue.length < crew.width) {
        const { done, value } = await source.next();
        if (done) more = false;
        else queue.push(begin(value));
      }
      const job = queue[0];
      if (job === undefined) return;
      const { summary, bytes } = await settled(job, named, crew, learn);
      if (bytes !== null) recycle?.(bytes);
      queue.shift();
      ahead.lines -= job.lines;
      ahead.bytes -= job.bytes;
      for (const item of summary.items) {
        if (item.kind === 'block') continue;
        for (const key of item.requirement?.keys ?? []) if (!named.has(key.kid)) named.set(key.kid, key);
      }
      yield summary;
    }
  } finally {
    await source.return?.();
  }
}

/** Wait for a result that lacks no key in force. */
async function settled(
  job: UnderWay,
  named: Map<string, PublicKey>,
  crew: Crew,
  learn: InOrder['learn'],
): Promise<TaskResult> {
  for (;;) {
    const result = await job.result;
    const { strangers, bytes } = result;
    if (strangers.length > 0) await learn?.(strangers);
    // What is done again gets all of `named`, so that these are no strangers then.
    if (!strangers.some((kid) => named.has(kid))) return result;
    const { task } = job;
    const lines = bytes === null ? task! : { bytes, torn: 'torn' in task! && task.torn };
    job.result = crew.run(lines, named, () => undefined);
  }
}
