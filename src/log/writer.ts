import { concatBytes } from '../base/bytes.ts';
import { isReceiptError, ReceiptError } from '../base/errors.ts';
import { MAX_GROUP_BYTES } from '../base/limits.ts';
import type { Head } from '../chain/chain.ts';
import type { Signer } from '../crypto/signer.ts';
import type { CanonicalEvent } from '../receipt/canonical.ts';
import { isIndividuallySigned, type SigningMode } from '../receipt/control.ts';
import { lineOf, type Signature } from '../receipt/receipt.ts';
import { signEntry } from '../receipt/seal.ts';
import type { Checkpointer } from './checkpointer.ts';
import { closedBy, endedError, REOPEN } from './closed.ts';
import {
  type Appended,
  type Batch,
  type EventAtLink,
  type LinkObserver,
  linkEntry,
  type Pending,
  type Place,
  receiptOf,
  requireOfCaller,
  type WaitFor,
  type Waiting,
} from './link.ts';
import { type InFlight, Room } from './room.ts';
import type { SegmentWriter } from './segments.ts';

/** What a writer is made of. */
export interface WriterParts extends Place {
  readonly mode: SigningMode;
  /** Every key of the requirement, once. */
  readonly signers: readonly Signer[];
  readonly segments: SegmentWriter;
  readonly checkpoints: Checkpointer;
  /** Where the log on disk stands. */
  readonly head: Head;
  /** Whether its last entry closes the log. */
  readonly ended: boolean;
  readonly inFlight?: InFlight;
}

/**
 * The append pipeline (format section 3): link at once in call order → sign in parallel → write in order, one write and one sync
 * a group → acknowledge; one that waits for a checkpoint, once that is on disk too (checkpointer.ts). A signature leaves this class only
 * in a receipt whose entry is on disk.
 */
export class Writer {
  readonly #parts: WriterParts;
  readonly #room: Room;
  /** Head of what is linked: what the next entry states as prev. */
  #linked: Head;
  /** Head of what is on disk for good. */
  #durable: Head;
  #ended: boolean;
  /** Linked and not yet written, in order; the first ones may be signed already. */
  #queue: Pending[] = [];
  #waiting: Waiting[] = [];
  #committing = false;
  /** Those who wait in close. */
  #idle: (() => void)[] = [];
  #closing = false;
  #failure: ReceiptError | null = null;
  #watchers = new Set<() => void>();
  readonly #observers = new Set<LinkObserver>();

  constructor(parts: WriterParts) {
    this.#parts = parts;
    this.#linked = parts.head;
    this.#durable = parts.head;
    this.#ended = parts.ended;
    this.#room = new Room(parts.inFlight);
    parts.checkpoints.onFailure = (cause) => this.#fail(cause, []);
  }

  head(): Head {
    return this.#durable;
  }

  /** @returns whether append can still succeed. */
  get open(): boolean {
    return !this.#closing && this.#failure === null;
  }

  /** Call back after each group that reached the disk, and when the writer closes. @returns a function that stops it. */
  watch(callback: () => void): () => void {
    this.#watchers.add(callback);
    return () => this.#watchers.delete(callback);
  }

  /** Tell of each entry when it is linked. @returns a function that stops it. */
  observe(observer: LinkObserver): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** Append one event of a caller. @throws ReceiptError, see Log.append. */
  async append(event: CanonicalEvent | EventAtLink, waitFor: WaitFor): Promise<Appended> {
    if (typeof event !== 'function') requireOfCaller(event);
    return this.#append(event, waitFor, null);
  }

  /**
   * Append several of a caller: where one fails, those after it are not linked either.
   * @returns one promise each. @throws ReceiptError where one may not be appended at all; then nothing was.
   */
  appendBatch(events: readonly CanonicalEvent[], waitFor: WaitFor): Promise<Appended>[] {
    for (const event of events) requireOfCaller(event);
    const batch: Batch = { failed: null };
    return events.map((event) => this.#append(event, waitFor, batch));
  }

  /** Append one event, also one that only the log writes. */
  appendOwn(event: CanonicalEvent): Promise<Appended> {
    return this.#append(event, 'durable', null);
  }

  #append(event: CanonicalEvent | EventAtLink, waitFor: WaitFor, batch: Batch | null): Promise<Appended> {
    return new Promise((resolve, rejectOne) => {
      const reject = (error: Error): void => {
        // At once, unlike the promise: the next of the batch may be linked in this same turn.
        if (batch !== null) batch.failed ??= error;
        rejectOne(error);
      };
      const refusal = batch?.failed ?? this.#refusal();
      if (refusal !== null) reject(refusal);
      else if (this.#waiting.length === 0 && this.#room.free) this.#link({ event, waitFor, batch, resolve, reject });
      else if (this.#waiting.length < this.#room.maxWaiting)
        this.#waiting.push({ event, waitFor, batch, resolve, reject });
      else
        reject(
          new ReceiptError(
            'BACKPRESSURE',
            `log.append: ${this.#waiting.length} appends wait for room already; await some of them`,
          ),
        );
    });
  }

  /**
   * Wait until everything appended so far is on disk or has failed, make the last checkpoint, and refuse more. The caller closes the
   * segments, also when this throws. @throws ReceiptError as Checkpointer.close.
   */
  async close(): Promise<void> {
    this.#closing = true;
    while (this.#queue.length > 0 || this.#waiting.length > 0 || this.#committing) {
      await new Promise<void>((wake) => this.#idle.push(wake));
    }
    try {
      await this.#parts.checkpoints.close();
    } finally {
      for (const callback of this.#watchers) callback();
    }
  }

  #wakeIdle(): void {
    for (const wake of this.#idle.splice(0)) wake();
  }

  #refusal(): ReceiptError | null {
    if (this.#failure !== null) return closedBy(this.#failure, 'nothing of this append was written');
    if (this.#closing)
      return new ReceiptError('LOG_CLOSED', 'log.append: this log was closed here', { next: ['open it again'] });
    return this.#ended ? endedError() : null;
  }

  /** Give the next place in the chain to an event. Synchronous: call order is chain order. */
  #link(waiting: Waiting): void {
    const { mode, signers } = this.#parts;
    let pending: Pending;
    try {
      // One that waited for room, and whose batch has failed meanwhile.
      if (waiting.batch?.failed) throw waiting.batch.failed;
      if (this.#ended) throw endedError();
      pending = linkEntry(this.#linked, this.#parts, waiting);
    } catch (error) {
      waiting.reject(error as Error);
      return;
    }
    this.#linked = { size: pending.frame.seq + 1, hash: pending.hash };
    this.#ended = pending.closesLog;
    this.#queue.push(pending);
    this.#room.enter(pending.entry);
    const { event, hash, frame, timeMs } = pending;
    for (const one of this.#observers) one.linked({ event, hash, seq: frame.seq, time: frame.time, timeMs });
    if (mode === 'each' || isIndividuallySigned(pending.event.type)) {
      signEntry(pending.entry, signers).then(
        (signatures) => this.#signed(pending, signatures),
        (error: unknown) => this.#signFailed(pending, error),
      );
    } else this.#signed(pending, []);
  }

  #signed(pending: Pending, signatures: readonly Signature[]): void {
    pending.signatures = signatures;
    pending.line = lineOf(pending.entry, pending.hash, signatures);
    if (this.#queue[0] === pending) this.#startCommit();
  }

  /** Take back entry k and all after it, none of which was written; the chain goes on after k − 1. */
  #signFailed(pending: Pending, cause: unknown): void {
    const at = this.#queue.indexOf(pending);
    if (at < 0) return; // Taken back with an earlier one.
    const { seq, prev } = pending.frame;
    const dropped = this.#queue.splice(at);
    this.#linked = { size: seq, hash: prev };
    this.#ended = false;
    for (const one of this.#observers) one.lost(cause instanceof Error ? cause : new Error(String(cause)));
    for (const each of dropped) {
      const own = each === pending;
      this.#room.leave(each.entry);
      each.reject(
        own && isReceiptError(cause, 'SIGN_FAILED')
          ? cause
          : new ReceiptError(
              'SIGN_FAILED',
              `log.append: ${own ? 'signing failed' : `entry ${seq} before this one could not be signed`}; nothing was written`,
              { cause },
            ),
      );
    }
    this.#admit();
    this.#wakeIdle();
  }

  #admit(): void {
    while (this.#waiting.length > 0 && this.#room.free) this.#link(this.#waiting.shift()!);
  }

  #startCommit(): void {
    if (this.#committing || this.#failure !== null) return;
    this.#committing = true;
    void this.#commitAll();
  }

  /** Synchronous with the look at the queue that ended the commit, so that no entry signed meanwhile is left standing. */
  #endCommit(): void {
    this.#committing = false;
    this.#wakeIdle();
  }

  /** Write groups until the first of the queue is not signed yet or nothing is left. Never rejects. */
  async #commitAll(): Promise<void> {
    for (;;) {
      await this.#gather();
      if (!(await this.#coverBeforeEnd())) continue;
      const group = this.#takeGroup();
      if (group.length === 0) return this.#endCommit();
      try {
        await this.#parts.segments.append(
          group.length === 1 ? group[0]!.line! : concatBytes(...group.map(({ line }) => line!)),
        );
      } catch (cause) {
        this.#fail(cause, group);
        return this.#endCommit();
      }
      const last = group[group.length - 1]!;
      this.#durable = { size: last.frame.seq + 1, hash: last.hash };
      this.#parts.checkpoints.durable(group.map(({ hash }) => hash));
      for (const pending of group) this.#acknowledge(pending);
      this.#admit();
      for (const callback of this.#watchers) callback();
    }
  }

  /** Resolve an append whose entry is on disk, or let it wait for the checkpoint that signs it: it keeps its room until then. */
  #acknowledge(pending: Pending): void {
    const signed = pending.signatures.length > 0;
    if (signed || pending.waitFor === 'durable') {
      this.#room.leave(pending.entry);
      pending.resolve({ receipt: receiptOf(pending), signed });
      return;
    }
    const go = (): void => {
      this.#room.leave(pending.entry);
      this.#admit();
      this.#wakeIdle();
    };
    this.#parts.checkpoints.cover(pending.frame.seq + 1).then(
      () => {
        go();
        pending.resolve({ receipt: receiptOf(pending), signed: true });
      },
      (error: Error) => {
        go();
        pending.reject(error);
      },
    );
  }

  /**
   * Nothing may follow an entry that closes the log, a recovery entry neither: so what stands before it is covered first. A signer that
   * fails there fails the close entry, and the log stays open. @returns whether the first of the queue may be written now.
   */
  async #coverBeforeEnd(): Promise<boolean> {
    const [first] = this.#queue;
    if (!first?.closesLog || first.line === null || this.#parts.mode !== 'batch') return true;
    try {
      await this.#parts.checkpoints.cover(this.#durable.size);
    } catch (error) {
      this.#signFailed(first, error);
    }
    return this.#queue[0] === first && this.#failure === null;
  }

  /**
   * Let those who append in this same turn, or were just acknowledged and append again, join the group. No timer: a few turns of
   * the microtask queue, as long as somebody joins; under a microsecond for a lone appender.
   */
  async #gather(): Promise<void> {
    let before: number;
    do {
      before = this.#queue.length;
      for (let turn = 0; turn < 8; turn++) await null;
    } while (this.#queue.length > before);
  }

  #takeGroup(): Pending[] {
    let bytes = 0;
    let count = 0;
    for (const { line, closesLog } of this.#queue) {
      if (line === null || (count > 0 && (closesLog || bytes + line.length > MAX_GROUP_BYTES))) break;
      bytes += line.length;
      count++;
    }
    return this.#queue.splice(0, count);
  }

  /** A write, sync or rename failed: what is on disk is no longer known, so nothing more is written by this writer, ever. */
  #fail(cause: unknown, group: readonly Pending[]): void {
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.#failure ??= new ReceiptError('LOG_CLOSED', `log: closed for good after a failed write: ${reason}`, {
      cause,
      next: REOPEN,
    });
    for (const one of this.#observers) one.lost(this.#failure);
    this.#parts.checkpoints.stop(closedBy(this.#failure, 'this entry is on disk; no checkpoint covers it yet'));
    for (const { reject } of group)
      reject(closedBy(this.#failure, 'this entry may or may not be there after reopening'));
    for (const { reject } of [...this.#queue.splice(0), ...this.#waiting.splice(0)]) {
      reject(closedBy(this.#failure, 'nothing of this append was written'));
    }
    for (const callback of this.#watchers) callback();
  }
}
