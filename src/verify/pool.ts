import { ReceiptError } from '../base/errors.ts';
import type { PublicKey } from '../crypto/public-key.ts';
import type { Crew } from './in-order.ts';
import { errorOf, type FromWorker, type Lines, PROTOCOL_VERSION, type Setup, type TaskResult } from './protocol.ts';
import type { Spawn, WorkerPort } from './spawn.ts';
import { serveHere, type Workshop } from './workshop.ts';

/** Tasks under way for each thread, results that wait for their turn included. */
const TASKS_PER_WORKER = 3;

interface Job {
  readonly worker: number;
  readonly onBatch: (lines: number, bytes: number) => void;
  resolve(result: TaskResult): void;
  reject(error: Error): void;
}

interface Hand {
  readonly port: WorkerPort;
  readonly sent: Set<string>;
  busy: number;
}

/**
 * The threads of one verification: the one that asks, warm already from the first batches, and workers beside it. The first failure
 * of any of them ends all: a verdict needs every part.
 */
export class Pool implements Crew {
  readonly width: number;
  private readonly spawn: Spawn;
  private readonly setup: Setup;
  private readonly most: number;
  private readonly engine: string;
  private readonly signal: AbortSignal | undefined;
  private readonly hands: Hand[] = [];
  private readonly jobs = new Map<number, Job>();
  private nextId = 0;
  private failure: Error | null = null;
  private readonly onAbort = (): void => {
    this.fail(new ReceiptError('ABORTED', 'verify: stopped before the end', { cause: this.signal?.reason }));
  };

  /** @param most threads. @param here this one as a workshop; its engine must be found by the workers too: the verdict names one. */
  constructor(spawn: Spawn, setup: Setup, most: number, here: Workshop, signal?: AbortSignal) {
    this.spawn = spawn;
    this.setup = setup;
    this.most = most;
    this.width = most * TASKS_PER_WORKER;
    this.engine = here.engine;
    this.hands.push({ port: this.portHere(here), sent: new Set(), busy: 0 });
    this.signal = signal;
    if (signal?.aborted) this.onAbort();
    signal?.addEventListener('abort', this.onAbort, { once: true });
  }

  /** Threads so far. */
  get size(): number {
    return this.hands.length;
  }

  /** Start all workers at once, for work that is sure to need them: each takes a while until it is ready. */
  start(): void {
    while (this.failure === null && this.hands.length < this.most) this.hire();
  }

  run(lines: Lines, named: ReadonlyMap<string, PublicKey>, onBatch: Job['onBatch']): Promise<TaskResult> {
    return new Promise((resolve, reject) => {
      const worker = this.failure === null ? this.freest() : 0;
      if (this.failure !== null) {
        reject(this.failure);
        return;
      }
      const hand = this.hands[worker]!;
      const keys = [...named.values()].filter(({ kid }) => !hand.sent.has(kid));
      for (const { kid } of keys) hand.sent.add(kid);
      const id = this.nextId++;
      this.jobs.set(id, { worker, onBatch, resolve, reject });
      hand.busy++;
      const transfer = 'bytes' in lines ? [lines.bytes.buffer as ArrayBuffer] : [];
      hand.port.post({ op: 'task', id, task: { lines, keys } }, transfer);
    });
  }

  /** End the workers, whatever they do. */
  async close(): Promise<void> {
    this.signal?.removeEventListener('abort', this.onAbort);
    this.fail(new ReceiptError('ABORTED', 'verify: stopped before the end'));
    await Promise.all(this.hands.map(({ port }) => port.end()));
  }

  /** @returns the thread with the least to do, this one last; a new one while all have something and there may be more. */
  private freest(): number {
    let least = 0;
    for (let i = 1; i < this.hands.length; i++) if (this.hands[i]!.busy <= this.hands[least]!.busy) least = i;
    if (this.hands.length === this.most || this.hands[least]?.busy === 0) return least;
    return this.hire();
  }

  private hire(): number {
    const port = this.spawn(
      (message) => this.receive(message),
      (cause) => this.fail(ended(cause)),
    );
    this.hands.push({ port, sent: new Set(), busy: 0 });
    port.post({ op: 'start', version: PROTOCOL_VERSION, setup: this.setup }, []);
    return this.hands.length - 1;
  }

  /** This thread as one more worker: its messages are passed on uncloned. */
  private portHere(workshop: Workshop): WorkerPort {
    let open = true;
    const take = serveHere(workshop, (message) => open && this.receive(message));
    return {
      post: take,
      end: async () => {
        open = false;
      },
    };
  }

  private receive(message: FromWorker): void {
    if (message.op === 'failed') this.fail(errorOf(message.error));
    else if (message.op === 'ready') {
      if (message.version !== PROTOCOL_VERSION) this.fail(ended(new Error('it is of another version')));
      else if (message.engine !== this.engine) this.fail(ended(new Error(`it found engine ${message.engine}`)));
    } else if (message.op === 'progress') this.jobs.get(message.id)?.onBatch(message.lines, message.bytes);
    else {
      const job = this.jobs.get(message.id);
      if (job === undefined) return;
      this.jobs.delete(message.id);
      this.hands[job.worker]!.busy--;
      job.resolve(message.result);
    }
  }

  private fail(error: Error): void {
    this.failure ??= error;
    for (const { reject } of this.jobs.values()) reject(this.failure);
    this.jobs.clear();
  }
}

function ended(cause: unknown): ReceiptError {
  const why = cause instanceof Error ? cause.message : 'no reason is known';
  return new ReceiptError('WORKER_FAILED', `verify: expected a worker to do its part, got none: ${why}`, {
    at: 'verify worker',
    expected: 'a worker that does its part',
    found: why,
    next: ['run it again with --workers 1'],
    cause,
  });
}
