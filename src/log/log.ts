import type { Head } from '../chain/chain.ts';
import type { CanonicalEvent } from '../receipt/canonical.ts';
import type { SigningMode } from '../receipt/control.ts';
import type { JsonObject } from '../receipt/json.ts';
import type { Appended, EventAtLink, LinkObserver, WaitFor } from './link.ts';
import type { Payload } from './payloads.ts';
import type { ReadRange, StoredReceipt } from './reader.ts';
import type { Segment } from './segments.ts';

export type { Appended, EventAtLink, Linked, LinkedAt, LinkObserver, WaitFor } from './link.ts';
export type { Payload } from './payloads.ts';
export type { DamagedLine, ReadRange, StoredReceipt } from './reader.ts';
export type { InFlight } from './room.ts';
export type { Segment } from './segments.ts';

/** A log: an append-only chain of receipts with an origin name, on a disk or in memory. */
export interface Log {
  readonly origin: string;
  readonly mode: SigningMode;
  /** Whether it was opened without signers: nothing it does then changes the disk. */
  readonly readonly: boolean;
  /** Where the acknowledged log stands. Of a log opened for reading: where it stood when opened. */
  head(): Head;
  /**
   * Append one event as a signed, chained entry; calls keep their order. Resolves when the entry is on disk (fsync), never before;
   * with `waitFor: 'signed'` in a log of batches when a checkpoint that covers it is on disk too, which then is made at once and shared
   * by all who wait. With too much in flight it first waits for room; it never drops anything.
   * @param event a JSON object, read at once (a later change of it changes nothing), or the CanonicalEvent made from one; or a function
   *   that makes one when the entry is linked, for what depends on its place: then what it throws fails the append.
   * @throws ReceiptError LOG_READ_ONLY, LOG_CLOSED (closed, ended by a `close` entry, or an earlier write failed), SIGN_FAILED,
   *   ENTRY_TOO_LARGE, EVENT_SCHEMA (an entry only the log itself writes, or a control entry whose schema does not hold),
   *   BACKPRESSURE, and what canonicalEvent throws. Only LOG_CLOSED after a failed write leaves open whether the entry is there, and
   *   SIGN_FAILED of a checkpoint means that it is there and the next checkpoint covers it; the message says which.
   */
  append(event: JsonObject | CanonicalEvent | EventAtLink, options?: { readonly waitFor?: WaitFor }): Promise<Appended>;
  /**
   * Append several events in their order, each read at once. When it throws, some of them may be in the log: the first ones, never a
   * later one without those before it.
   * @returns in the same order, once every append has ended. @throws the first error, as append; nothing was written when one of
   *   them cannot be represented or is an entry only the log itself writes.
   */
  appendBatch(
    events: readonly (JsonObject | CanonicalEvent)[],
    options?: { readonly waitFor?: WaitFor },
  ): Promise<Appended[]>;
  /**
   * Be told of every entry when it is linked, whoever appends it, before the next one is. @returns a function that ends it.
   * @throws ReceiptError LOG_READ_ONLY.
   */
  observe(observer: LinkObserver): () => void;
  /**
   * Keep a payload beside the log: `payloads/<2 hex>/<commitment>`, 32 bytes of salt, then the payload. On disk when it resolves,
   * so call it before the append that names the commitment.
   * @param commitment 64 hex. @param salt 32 bytes. @param payload any length; both only read, and read at once.
   */
  putPayload(commitment: string, salt: Uint8Array, payload: Uint8Array): Promise<void>;
  /** @returns what is kept under a commitment, fresh and unchecked; null when nothing is (discarded, erased, lost). */
  readPayload(commitment: string): Promise<Payload | null>;
  /** Iterate over receipts, reading little before `from`. Ends where the acknowledged (or, read-only, the finished) lines end. */
  receipts(range?: ReadRange): AsyncIterable<StoredReceipt>;
  /** @returns the receipt with that seq, null when there is none. */
  get(seq: number): Promise<StoredReceipt | null>;
  /** @returns the receipt with that id, null when there is none. Reads the log from its start. */
  getById(id: string): Promise<StoredReceipt | null>;
  /** Iterate like `receipts`, then wait for more until the signal ends it (without an error) or the log is closed here. */
  follow(options?: {
    readonly from?: number;
    readonly signal?: AbortSignal;
    readonly pollMs?: number;
  }): AsyncIterable<StoredReceipt>;
  /** All bytes of all segments as they stand now, in order and unjudged: what verification reads. Chunks are fresh. */
  chunks(options?: { readonly signal?: AbortSignal }): AsyncIterable<Uint8Array>;
  /** The table of segments as it stands now: what `chunks` reads when called at the same moment. */
  segments(): Promise<readonly Segment[]>;
  /**
   * Make a checkpoint of every acknowledged entry now, in a log of either mode; where the last one covers them already, none is made.
   * In a log that signs each entry the first one reads the log from the last checkpoint on and verifies what it covers.
   * @returns the note (C2SP signed-note), fresh. @throws ReceiptError LOG_READ_ONLY, LOG_CLOSED, SIGN_FAILED (the log goes on),
   *   LOG_DAMAGED when the log on disk is not what its last checkpoint says.
   */
  checkpoint(): Promise<Uint8Array>;
  /** @returns the newest checkpoint as it stands in the log folder, fresh and unjudged; null when there is none. */
  latestCheckpoint(): Promise<Uint8Array | null>;
  /**
   * Wait for pending appends, make the last checkpoint where the log's policy asks for one, close files, release the lock. A second call
   * does nothing. Reading goes on to work. @throws ReceiptError SIGN_FAILED, LOG_CLOSED when that checkpoint failed; all is released.
   */
  close(): Promise<void>;
}
