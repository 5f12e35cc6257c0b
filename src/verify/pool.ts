import { ReceiptError } from '../base/errors.ts';
import type { PublicKey } from '../crypto/public-key.ts';
import type { Crew } from './in-order.ts';
import { errorOf, type FromWorker, type Lines, PROTOCOL_VERSION, type Setup, type TaskResult } from './protocol.ts';
import type { ThreadsHere, WorkerPort } from './worker-port.ts';
import { serveHere, type Workshop } from './workshop.ts';

/** Tasks under way for each thread, results that wait for their turn included. */
const TASKS_PER_WORKER = 3;
/** Tasks that a worker has at once: so none waits for mail. The thread of the pool needs none to wait. */
const TASKS_AT_A_WORKER = 2;
const TASKS_HERE = 1;

/** How long a thread that does no share waits for the first worker before it begins by itself, in milliseconds. */
const PATIENCE_MS = 5000;

interface Job {
  readonly lines: Lines;
  readonly named: ReadonlyMap<string, PublicKey>;
  readonly onBatch: (lines: number, bytes: number) => void;
  resolve(result: TaskResult): void;
  reject(error: Error): void;
}

/** A thread. One that `starting` has got no task yet, so that nothing is lost when it never comes. */
interface Hand {
  readonly port: WorkerPort;
  readonly most: number;
  readonly sent: Set<string>;
  readonly jobs: Map<number, Job>;
  state: 'starting' | 'ready' | 'gone';
  /** Whether it ever had a task. */
  worked: boolean;
}

/** What a pool is made of. */
export interface Staff extends Pick<ThreadsHere, 'spawn' | 'shares'> {
  /** Threads that work, at most. */
  readonly most: number;
  readonly setup: Setup;
  /** This thread as a workshop; its engine must be found by the workers too: the verdict names one. */
  readonly here: Workshop;
  readonly signal?: AbortSignal | undefined;
  /** Instead of PATIENCE_MS: for tests. */
  readonly patienceMs?: number;
}

/**
 * The threads of one verification: workers, and the one that asks where it does its share (ThreadsHere). A worker that cannot start
 * is done without, and if none can, the thread that asks does everything. The first failure after that ends all: a verdict needs
 * every part.
 */
export class Pool implements Crew {
  readonly width: number;
  private readonly staff: Staff;
  private readonly here: Hand;
  private readonly workers: Hand[] = [];
  /** Workers to start at most: no more once one could not. */
  private mostWorkers: number;
  /** Tasks that nobody has, in order. */
  private readonly waiting: Job[] = [];
  private impatient: ReturnType<typeof setTimeout> | null = null;
  private patienceOver = false;
  private nextId = 0;
  private failure: Error | null = null;
  private readonly onAbort = (): void => {
    this.fail(new ReceiptError('ABORTED', 'verify: stopped before the end', { cause: this.staff.signal?.reason }));
  };

  constructor(staff: Staff) {
    this.staff = staff;
    this.width = staff.most * TASKS_PER_WORKER;
    this.mostWorkers = staff.shares ? staff.most - 1 : staff.most;
    this.here = handOf(this.portHere(staff.here), TASKS_HERE, 'ready');
    const { signal } = staff;
    if (signal?.aborted) this.onAbort();
    signal?.addEventListener('abort', this.onAbort, { once: true });
  }

  /** Threads that had work so far. */
  get size(): number {
    return [this.here, ...this.workers].filter(({ worked }) => worked).length;
  }

  /** Start all workers at once, for work that is sure to need them: each takes a while until it is ready. */
  start(): void {
    while (this.failure === null && this.workers.length < this.mostWorkers) this.hire();
  }

  /** Whether workers are on their way and none is there yet. */
  get isStarting(): boolean {
    const has = (wanted: Hand['state']): boolean => this.workers.some(({ state }) => state === wanted);
    return this.failure === null && has('starting') && !has('ready');
  }

  run(lines: Lines, named: ReadonlyMap<string, PublicKey>, onBatch: Job['onBatch']): Promise<TaskResult> {
    return new Promise((resolve, reject) => {
      if (this.failure !== null) {
        reject(this.failure);
        return;
      }
      this.waiting.push({ lines, named, onBatch, resolve, reject });
      this.deal();
      const coming = this.workers.filter(({ state }) => state === 'starting').length;
      if (this.waiting.length > coming && this.workers.length < this.mostWorkers) this.hire();
    });
  }

  /** End the workers, whatever they do. Those that are kept and have nothing to do live on. */
  async close(): Promise<void> {
    this.staff.signal?.removeEventListener('abort', this.onAbort);
    const idle =
      this.failure === null ? this.workers.filter(({ state, jobs }) => state === 'ready' && jobs.size === 0) : [];
    this.fail(new ReceiptError('ABORTED', 'verify: stopped before the end'));
    await Promise.all(
      [this.here, ...this.workers].map((hand) =>
        hand.port.release !== undefined && idle.includes(hand) ? hand.port.release() : hand.port.end(),
      ),
    );
  }

  private hire(): void {
    const { spawn, setup, here, shares, patienceMs = PATIENCE_MS } = this.staff;
    if (!shares) {
      this.impatient ??= setTimeout(() => {
        this.patienceOver = true;
        this.deal();
      }, patienceMs);
    }
    let hand: Hand | null = null;
    try {
      const port = spawn(
        (message) => hand !== null && this.receive(hand, message),
        (cause) => (hand === null ? undefined : this.ended(hand, cause)),
        here.engine === 'noble' || setup.engines.crossCheck === true,
      );
      hand = handOf(port, TASKS_AT_A_WORKER, 'starting');
      this.workers.push(hand);
      port.post({ op: 'start', version: PROTOCOL_VERSION, setup }, []);
    } catch {
      if (hand !== null) this.ended(hand, null);
      else this.doWithout();
    }
  }

  /** Hand out what waits, to the thread with the least to do, this one last. */
  private deal(): void {
    while (this.waiting.length > 0) {
      const hand = this.freest();
      if (hand === null) return;
      const job = this.waiting.shift()!;
      const keys = [...job.named.values()].filter(({ kid }) => !hand.sent.has(kid));
      for (const { kid } of keys) hand.sent.add(kid);
      const id = this.nextId++;
      hand.jobs.set(id, job);
      hand.worked = true;
      const { lines } = job;
      hand.port.post(
        { op: 'task', id, task: { lines, keys } },
        'bytes' in lines ? [lines.bytes.buffer as ArrayBuffer] : [],
      );
    }
  }

  private freest(): Hand | null {
    const free = this.workers.filter(({ state, jobs, most }) => state === 'ready' && jobs.size < most);
    if (this.hasToWork() && this.here.jobs.size < this.here.most) free.push(this.here);
    return free.reduce<Hand | null>(
      (least, hand) => (least === null || hand.jobs.size < least.jobs.size ? hand : least),
      null,
    );
  }

  /** Whether this thread takes tasks: it does its share, or nobody else is there to do it. */
  private hasToWork(): boolean {
    if (this.staff.shares) return true;
    const { workers, mostWorkers, patienceOver } = this;
    if (workers.some(({ state }) => state === 'ready')) return false;
    return patienceOver || (workers.length >= mostWorkers && workers.every(({ state }) => state === 'gone'));
  }

  /** This thread as one more worker: its messages are passed on uncloned. */
  private portHere(workshop: Workshop): WorkerPort {
    let open = true;
    const take = serveHere(workshop, (message) => open && this.receive(this.here, message));
    return {
      post: take,
      end: async () => {
        open = false;
      },
    };
  }

  private receive(hand: Hand, message: FromWorker): void {
    if (hand.state === 'gone') return;
    if (message.op === 'failed') {
      if (hand.state === 'starting') this.ended(hand, errorOf(message.error));
      else this.fail(errorOf(message.error));
    } else if (message.op === 'ready') this.welcome(hand, message);
    else if (message.op === 'here') return;
    else if (message.op === 'progress') hand.jobs.get(message.id)?.onBatch(message.lines, message.bytes);
    else {
      const job = hand.jobs.get(message.id);
      if (job === undefined) return;
      hand.jobs.delete(message.id);
      job.resolve(message.result);
      this.deal();
    }
  }

  /** A worker of another build is an error; one that finds another engine than this thread is done without. */
  private welcome(hand: Hand, { version, engine }: Extract<FromWorker, { op: 'ready' }>): void {
    if (version !== PROTOCOL_VERSION) this.fail(lost(new Error('it is of another version')));
    else if (engine !== this.staff.here.engine) this.ended(hand, new Error(`it found engine ${engine}`));
    else {
      hand.state = 'ready';
      this.deal();
    }
  }

  private ended(hand: Hand, cause: unknown): void {
    if (hand.state === 'gone') return;
    const began = hand.state === 'ready';
    hand.state = 'gone';
    if (began) this.fail(lost(cause));
    else {
      void hand.port.end();
      this.doWithout();
    }
  }

  private doWithout(): void {
    this.mostWorkers = this.workers.length;
    this.deal();
  }

  private fail(error: Error): void {
    this.failure ??= error;
    if (this.impatient !== null) clearTimeout(this.impatient);
    const hands = [this.here, ...this.workers];
    for (const { reject } of [...hands.flatMap(({ jobs }) => [...jobs.values()]), ...this.waiting])
      reject(this.failure);
    for (const { jobs } of hands) jobs.clear();
    this.waiting.length = 0;
  }
}

function handOf(port: WorkerPort, most: number, state: Hand['state']): Hand {
  return { port, most, state, sent: new Set(), jobs: new Map(), worked: false };
}

function lost(cause: unknown): ReceiptError {
  const why = cause instanceof Error ? cause.message : 'no reason is known';
  return new ReceiptError('WORKER_FAILED', `verify: expected a worker to do its part, got none: ${why}`, {
    at: 'verify worker',
    expected: 'a worker that does its part',
    found: why,
    next: ['run it again with --workers 1'],
    cause,
  });
}
