import { equalBytes, fromHex } from '../base/bytes.ts';
import { isReceiptError, ReceiptError } from '../base/errors.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { CompactRange } from '../checkpoint/compact-range.ts';
import { signCheckpoint } from '../checkpoint/note-keys.ts';
import type { Signer } from '../crypto/signer.ts';
import type { CheckpointPolicy } from './checkpoint-policy.ts';
import { allDone, type CheckpointFiles } from './checkpoints.ts';
import type { LogTree } from './tree.ts';

/** Tiles of the tree: derived data, brought up to a size before the checkpoint of that size is released. */
export interface GrowingTiles {
  /** Take note of entries that reached the disk. @param seq of the first. @param hashes theirs, 32 bytes each; not to be written to. */
  take(seq: number, hashes: readonly Uint8Array[]): void;
  extend(size: number): Promise<void>;
}

/** What a checkpointer is made of. */
export interface CheckpointerParts {
  readonly origin: string;
  /** Every key of the requirement, once. */
  readonly signers: readonly Signer[];
  readonly files: CheckpointFiles;
  readonly tiles: GrowingTiles;
  readonly policy: CheckpointPolicy;
  /** The tree as it stands at `size` entries, or how to read it from the disk when it is first asked for. */
  readonly tree: LogTree | ((size: number) => Promise<LogTree>);
  /** Entries on disk. */
  readonly size: number;
}

/** One who waits for a checkpoint of at least this size. */
interface Waiter {
  readonly size: number;
  readonly resolve: (note: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Makes the checkpoints of one writer, one at a time. Those who wait while one is made share the next. What it signs is the tree over
 * entries that this process linked, or that stood behind the last checkpoint and were judged when the log was opened (log/tree.ts).
 */
export class Checkpointer {
  readonly #parts: CheckpointerParts;
  /** Told once when the disk failed while a checkpoint was written: then nothing more may be written. */
  onFailure: ((cause: unknown) => void) | null = null;
  /** Entries on disk. */
  #size: number;
  #tree: LogTree | null;
  /** Entries that reached the disk while a checkpoint was being made, or the tree read. */
  #next: CompactRange | null = null;
  #waiters: Waiter[] = [];
  #running: Promise<void> | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #stopped: ReceiptError | null = null;

  constructor(parts: CheckpointerParts) {
    this.#parts = parts;
    this.#size = parts.size;
    this.#tree = typeof parts.tree === 'function' ? null : parts.tree;
  }

  /** @returns entries that the last persisted checkpoint covers; 0 before there is one, or before the tree was read. */
  get covered(): number {
    return this.#tree?.persisted?.size ?? 0;
  }

  /** Take note of entries that reached the disk, and make a checkpoint if it is time. @param hashes theirs, in order. */
  durable(hashes: readonly string[]): void {
    const range = this.#next ?? this.#tree?.since;
    if (range !== undefined) {
      const leaves = hashes.map(fromHex);
      for (const leaf of leaves) range.append(leaf);
      this.#parts.tiles.take(this.#size, leaves);
    }
    this.#size += hashes.length;
    const { every, intervalMs } = this.#parts.policy;
    if (this.#size - this.covered >= every) this.#start();
    else if (intervalMs !== Number.POSITIVE_INFINITY) this.#arm(intervalMs);
  }

  /**
   * Wait for a checkpoint of at least `size` entries, all of them on disk; make it if there is none. @returns its note.
   * @throws ReceiptError SIGN_FAILED when it could not be signed: nothing is lost, the next one covers the same entries; LOG_CLOSED
   *   after a failed write; LOG_DAMAGED when the log on disk is not what it was.
   */
  cover(size: number): Promise<Uint8Array> {
    const { persisted = null, note = null } = this.#tree ?? {};
    if (persisted !== null && note !== null && persisted.size >= size) return Promise.resolve(note);
    if (this.#stopped !== null) return Promise.reject(this.#stopped);
    return new Promise((resolve, reject) => {
      this.#waiters.push({ size, resolve, reject });
      this.#start();
    });
  }

  /** Cover everything that is on disk. @throws as cover. */
  checkpoint(): Promise<Uint8Array> {
    return this.cover(this.#size);
  }

  /** Make no new one: the writer failed. One that is being made is finished, for it speaks of what was durable before. */
  stop(reason: ReceiptError): void {
    this.#stopped ??= reason;
    this.#disarm();
    if (this.#running === null) this.#rejectAll(reason);
  }

  /** Make the last one, if the policy wants it, and wait for what is under way. @throws as cover. */
  async close(): Promise<void> {
    this.#disarm();
    try {
      if (this.#stopped === null && this.#parts.policy.onClose) await this.checkpoint();
    } finally {
      while (this.#running !== null) await this.#running;
      this.#disarm();
    }
  }

  /** One timer at a time: from the first entry that is not covered. It does not keep the process alive. */
  #arm(ms: number): void {
    if (this.#timer !== null || this.#stopped !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#start();
    }, ms);
    (this.#timer as { unref?: () => void }).unref?.();
  }

  #disarm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #start(): void {
    if (this.#running !== null || this.#stopped !== null) return;
    this.#disarm();
    this.#running = this.#run().then((made) => {
      this.#running = null;
      if (this.#stopped !== null) this.#rejectAll(this.#stopped);
      else if (this.#waiters.length > 0) this.#start();
      else this.#goOn(made);
    });
  }

  /** Look after entries that reached the disk meanwhile. After a failure not at once: the signer may need a while. */
  #goOn(made: boolean): void {
    const { every, intervalMs } = this.#parts.policy;
    const uncovered = this.#size - this.covered;
    if (made && uncovered >= every) this.#start();
    else if (uncovered > 0 && intervalMs !== Number.POSITIVE_INFINITY) this.#arm(intervalMs);
  }

  #rejectAll(reason: Error): void {
    for (const { reject } of this.#waiters.splice(0)) reject(reason);
  }

  /** Make one checkpoint of what is on disk now, and release those it covers. Never rejects. @returns whether it was made. */
  async #run(): Promise<boolean> {
    let tree: LogTree;
    try {
      tree = this.#tree ?? (await this.#load());
    } catch (cause) {
      if (isReceiptError(cause, 'LOG_DAMAGED')) this.#fail(cause);
      else this.#rejectAll(cause as Error);
      return false;
    }
    const size = this.#size;
    try {
      const note = await this.#make(tree, size);
      this.#release(size, ({ resolve }) => resolve(note));
      return true;
    } catch (cause) {
      if (isReceiptError(cause, 'SIGN_FAILED')) this.#release(size, ({ reject }) => reject(cause));
      else this.#fail(cause);
      return false;
    }
  }

  #release(size: number, tell: (waiter: Waiter) => void): void {
    const due = this.#waiters.filter((waiter) => waiter.size <= size);
    this.#waiters = this.#waiters.filter((waiter) => waiter.size > size);
    due.forEach(tell);
  }

  /** Read the tree of what is on disk now; what comes meanwhile is added behind it. */
  async #load(): Promise<LogTree> {
    const { tree } = this.#parts;
    if (typeof tree !== 'function') throw new TypeError('checkpointer: expected a way to read the tree');
    const next = CompactRange.empty(this.#size);
    this.#next = next;
    try {
      const read = await tree(next.begin);
      read.since.appendRange(next);
      this.#tree = read;
      return read;
    } finally {
      this.#next = null;
    }
  }

  /**
   * Sign the tree of what is on disk. Order, which is the safety argument (format section 3): entries on disk, by the caller's word →
   * the tree extends the one whose root was persisted last → signed → the checkpoint on disk, its tiles too → released. Stopped between any
   * two, the log on disk stands behind its last persisted checkpoint, and a reopened one names what no checkpoint covers before it
   * signs: so no two checkpoints of one size ever say different roots.
   */
  async #make(tree: LogTree, size: number): Promise<Uint8Array> {
    const { origin, signers, files, tiles } = this.#parts;
    const { persisted, since } = tree;
    if (persisted !== null && tree.note !== null && since.end === persisted.size) return tree.note;
    const grown = extended(tree);
    const root = grown.root();
    const next = CompactRange.empty(size);
    this.#next = next;
    try {
      // Side by side, since tiles are derived from what is on disk; what the disk says goes before what the signer says.
      const tiled = tiles.extend(size);
      const kept = signed({ origin, size, root }, signers).then(async (fresh) => {
        await files.persist(size, fresh);
        return fresh;
      });
      const [, note] = await allDone([tiled, kept]);
      this.#tree = { persisted: { origin, size, root }, note, base: grown, since: next };
      return note;
    } catch (error) {
      since.appendRange(next);
      throw error;
    } finally {
      this.#next = null;
    }
  }

  #fail(cause: unknown): void {
    this.#stopped ??= new ReceiptError(
      isReceiptError(cause, 'LOG_DAMAGED') ? 'LOG_DAMAGED' : 'LOG_CLOSED',
      `log: no checkpoint could be made: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause, next: ['close this log and open it again: it then recovers', 'perdure verify'] },
    );
    this.onFailure?.(cause);
  }
}

/** @returns the tree over all entries on disk: the one that was persisted last, and what came since. */
function extended({ persisted, base, since }: LogTree): CompactRange {
  const at = persisted?.size ?? 0;
  if (base.end !== at || since.begin !== at || (persisted !== null && !equalBytes(base.root(), persisted.root)))
    throw new ReceiptError('LOG_DAMAGED', `log: the tree in memory does not extend the checkpoint of size ${at}`);
  const grown = base.clone();
  grown.appendRange(since);
  return grown;
}

/** @throws ReceiptError SIGN_FAILED whatever the signer threw. */
async function signed(checkpoint: Checkpoint, signers: readonly Signer[]): Promise<Uint8Array> {
  try {
    return await signCheckpoint(checkpoint, signers);
  } catch (cause) {
    throw new ReceiptError(
      'SIGN_FAILED',
      `log: the checkpoint of size ${checkpoint.size} could not be signed; the entries are on disk, and the next checkpoint covers them`,
      { cause },
    );
  }
}
