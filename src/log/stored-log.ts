import { isReceiptError, ReceiptError } from '../base/errors.ts';
import { RECOVERY_ZONE_BYTES } from '../base/limits.ts';
import type { Disk, DiskLock } from '../base/ports.ts';
import { EMPTY_HEAD, type Head } from '../chain/chain.ts';
import type { CanonicalEvent } from '../receipt/canonical.ts';
import type { SigningMode } from '../receipt/control.ts';
import type { JsonObject } from '../receipt/json.ts';
import { readLineHead } from '../receipt/receipt.ts';
import type { Checkpointer } from './checkpointer.ts';
import { readLatest } from './checkpoints.ts';
import { followReceipts } from './follow.ts';
import {
  type Appended,
  type EventAtLink,
  type LinkObserver,
  readEvent,
  readEventOrLater,
  type WaitFor,
} from './link.ts';
import type { Log } from './log.ts';
import type { Metadata } from './metadata.ts';
import { type Payload, PayloadWriter, readPayload } from './payloads.ts';
import { findId, findSeq, type ReadRange, readChunks, readReceipts, type StoredReceipt, sleep } from './reader.ts';
import { linesBackwards } from './rules.ts';
import { type Bound, type Segment, type SegmentWriter, segmentPath, segmentTable } from './segments.ts';
import type { Writer } from './writer.ts';

/** How often a follower in another process looks for more. */
const POLL_MS = 200;

/** What a log opened for writing holds. */
interface Writing {
  readonly writer: Writer;
  readonly segments: SegmentWriter;
  readonly checkpoints: Checkpointer;
  readonly lock: DiskLock;
}

/** A log over a Disk: the disk log and the memory log alike. */
export class StoredLog implements Log {
  readonly origin: string;
  readonly mode: SigningMode;
  readonly readonly: boolean;
  readonly #disk: Disk;
  readonly #writing: Writing | null;
  readonly #payloads: PayloadWriter;
  readonly #openedAt: Head;
  #closed: Promise<void> | null = null;
  readonly #closing = new AbortController();

  private constructor(disk: Disk, { origin, mode }: Metadata, writing: Writing | null, openedAt: Head) {
    this.origin = origin;
    this.mode = mode;
    this.readonly = writing === null;
    this.#disk = disk;
    this.#writing = writing;
    this.#payloads = new PayloadWriter(disk);
    this.#openedAt = openedAt;
  }

  static forWriting(disk: Disk, metadata: Metadata, writing: Writing): StoredLog {
    return new StoredLog(disk, metadata, writing, EMPTY_HEAD);
  }

  static async forReading(disk: Disk, metadata: Metadata): Promise<StoredLog> {
    return new StoredLog(disk, metadata, null, await lastHead(disk));
  }

  head(): Head {
    return this.#writing?.writer.head() ?? this.#openedAt;
  }

  async append(
    event: JsonObject | CanonicalEvent | EventAtLink,
    { waitFor = 'durable' }: { readonly waitFor?: WaitFor } = {},
  ): Promise<Appended> {
    // No await before the writer has it: call order is chain order.
    return this.#forWriting('append').writer.append(readEventOrLater(event), waitFor);
  }

  async appendBatch(
    events: readonly (JsonObject | CanonicalEvent)[],
    { waitFor = 'durable' }: { readonly waitFor?: WaitFor } = {},
  ): Promise<Appended[]> {
    const { writer } = this.#forWriting('appendBatch');
    const ended = await Promise.allSettled(writer.appendBatch(events.map(readEvent), waitFor));
    return ended.map((one) => {
      if (one.status === 'rejected') throw one.reason;
      return one.value;
    });
  }

  observe(observer: LinkObserver): () => void {
    return this.#forWriting('observe').writer.observe(observer);
  }

  async putPayload(commitment: string, salt: Uint8Array, payload: Uint8Array): Promise<void> {
    const { writer } = this.#forWriting('putPayload');
    if (!writer.open)
      throw new ReceiptError('LOG_CLOSED', 'log.putPayload: this log was closed here', { next: ['open it again'] });
    await this.#payloads.put(commitment, salt, payload);
  }

  readPayload(commitment: string): Promise<Payload | null> {
    return readPayload(this.#disk, commitment);
  }

  receipts(range?: ReadRange): AsyncIterable<StoredReceipt> {
    return readReceipts(this.#disk, this.#bound(), range);
  }

  get(seq: number): Promise<StoredReceipt | null> {
    return findSeq(this.#disk, this.#bound(), seq);
  }

  getById(id: string): Promise<StoredReceipt | null> {
    return findId(this.#disk, this.#bound(), id);
  }

  follow(
    options: { readonly from?: number; readonly signal?: AbortSignal; readonly pollMs?: number } = {},
  ): AsyncIterable<StoredReceipt> {
    const { from = 0, signal, pollMs = POLL_MS } = options;
    const closing = this.#closing.signal;
    const until = signal === undefined ? closing : AbortSignal.any([signal, closing]);
    const more = (seen: Bound | null) => this.#more(seen, pollMs, until);
    const ended = () => closing.aborted;
    return followReceipts(this.#disk, { bound: () => this.#bound(), more, ended }, from, signal);
  }

  chunks({ signal }: { readonly signal?: AbortSignal } = {}): AsyncIterable<Uint8Array> {
    return readChunks(this.#disk, this.#bound(), signal);
  }

  segments(): Promise<readonly Segment[]> {
    return segmentTable(this.#disk, this.#bound());
  }

  async checkpoint(): Promise<Uint8Array> {
    const { writer, checkpoints } = this.#forWriting('checkpoint');
    if (!writer.open)
      throw new ReceiptError('LOG_CLOSED', 'log.checkpoint: this log was closed here', { next: ['open it again'] });
    return (await checkpoints.checkpoint()).slice();
  }

  latestCheckpoint(): Promise<Uint8Array | null> {
    return readLatest(this.#disk);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    try {
      if (this.#writing === null) return;
      const { writer, segments, lock } = this.#writing;
      try {
        await writer.close();
      } finally {
        await segments.close().finally(() => lock.release());
      }
    } finally {
      this.#closing.abort();
    }
  }

  #bound(): Bound | null {
    return this.#writing?.segments.bound() ?? null;
  }

  #forWriting(method: string): Writing {
    if (this.#writing !== null) return this.#writing;
    throw new ReceiptError('LOG_READ_ONLY', `log.${method}: this log was opened for reading`, {
      next: ['open it with its signers'],
    });
  }

  /** Wait for this process's writer, or look again after a while where another process may write. */
  async #more(seen: Bound | null, pollMs: number, until: AbortSignal): Promise<void> {
    const { writer, segments } = this.#writing ?? {};
    if (writer === undefined || segments === undefined || seen === null) return sleep(pollMs, until);
    const now = segments.bound();
    if (now.index !== seen.index || now.bytes !== seen.bytes || until.aborted) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        stop();
        until.removeEventListener('abort', done);
        resolve();
      };
      const stop = writer.watch(done);
      until.addEventListener('abort', done);
    });
  }
}

/** @returns where the last finished line says the log stands; the empty head when none says so. What it is worth is judged elsewhere. */
async function lastHead(disk: Disk): Promise<Head> {
  for (const segment of (await segmentTable(disk, null)).reverse()) {
    const end = await finishedBytes(disk, segment);
    if (end === 0) continue;
    try {
      for await (const line of linesBackwards(disk, [{ ...segment, bytes: end }])) {
        const { seq, hash } = readLineHead(line);
        return { size: seq + 1, hash };
      }
    } catch (error) {
      if (isReceiptError(error, 'IO')) throw error;
      return EMPTY_HEAD;
    }
  }
  return EMPTY_HEAD;
}

/** @returns bytes up to the last LF of a segment, looking no further back than a torn write can reach. */
async function finishedBytes(disk: Disk, { name, bytes }: Segment): Promise<number> {
  for (let size = 65_536; ; size = RECOVERY_ZONE_BYTES) {
    const begin = Math.max(0, bytes - size);
    const lf = (await disk.read(segmentPath(name), begin, bytes)).lastIndexOf(0x0a);
    if (lf >= 0) return begin + lf + 1;
    if (begin === 0 || size === RECOVERY_ZONE_BYTES) return 0;
  }
}
