import { v7 } from 'uuid';
import { ReceiptError } from '../base/errors.ts';
import type { Clock, Random } from '../base/ports.ts';
import { type Head, nextFrame } from '../chain/chain.ts';
import { type CanonicalEvent, canonicalEvent, isCanonicalEvent } from '../receipt/canonical.ts';
import { isControlType, judgeControl } from '../receipt/control.ts';
import { entryBytes, FORMAT_VERSION, type Frame } from '../receipt/entry.ts';
import type { JsonObject } from '../receipt/json.ts';
import type { Receipt, Signature } from '../receipt/receipt.ts';
import { hashEntry } from '../receipt/seal.ts';

/** An acknowledged append: it survives a crash and a power loss. */
export interface Appended {
  readonly receipt: Receipt;
  /** False for an ordinary entry of a batch log, until a checkpoint covers it. */
  readonly signed: boolean;
}

/** What `append` waits for: on disk, or on disk and signed. */
export type WaitFor = 'durable' | 'signed';

/** Appends that were asked for together: once one has failed, none after it is linked. */
export interface Batch {
  failed: Error | null;
}

/** Where an entry will stand: what is known of it when it is linked. */
export interface LinkedAt {
  readonly seq: number;
  /** Its claimed time, as the entry says it. */
  readonly time: string;
  readonly timeMs: number;
}

/**
 * An event that depends on where it stands, as a decision does on the time of its own entry: called once, when the entry is linked, in
 * the order of the chain. Where it throws, nothing is linked, and the append fails with what it threw.
 */
export type EventAtLink = (at: LinkedAt) => CanonicalEvent;

/** An entry that was given its place; whether it will reach the disk is open. */
export interface Linked extends LinkedAt {
  readonly event: CanonicalEvent;
  readonly hash: string;
}

/** Somebody who must know every entry before the next is linked, and not only once it is on disk: who decides by what is in the chain. */
export interface LinkObserver {
  /** Called for each entry of whoever appends, in chain order, right when it is linked; must not throw. */
  linked(entry: Linked): void;
  /** Called when linked entries were taken back or a write failed: what was told last may not be in the log. */
  lost(cause: Error): void;
}

/** One append that waits for room: not linked, so it has no place yet. */
export interface Waiting {
  readonly event: CanonicalEvent | EventAtLink;
  /** `durable` unless given. */
  readonly waitFor?: WaitFor;
  /** What it was asked for together with. */
  readonly batch?: Batch | null;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: Error) => void;
}

/** One linked entry on its way to the disk. */
export interface Pending extends Waiting {
  readonly event: CanonicalEvent;
  readonly waitFor: WaitFor;
  readonly frame: Frame;
  readonly entry: Uint8Array;
  readonly hash: string;
  /** What its time says. */
  readonly timeMs: number;
  readonly closesLog: boolean;
  /** null until it is signed. */
  line: Uint8Array | null;
  signatures: readonly Signature[];
}

/** What places an entry besides the head. */
export interface Place {
  readonly origin: string;
  readonly clock: Clock;
  /** Fresh ids. */
  readonly ids: IdSource;
}

/** Bytes of randomness an id takes, and how many ids are served from one draw: a draw costs more than all else of an id. */
const ID_BYTES = 16;
const IDS_PER_DRAW = 256;

/** UUIDs of version 7 from the two ports. */
export class IdSource {
  readonly #random: Random;
  #pool: Uint8Array = new Uint8Array(0);
  #used = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  next(nowMs: number): string {
    if (this.#used === this.#pool.length) {
      this.#pool = this.#random.bytes(ID_BYTES * IDS_PER_DRAW);
      this.#used = 0;
    }
    this.#used += ID_BYTES;
    return v7({ msecs: nowMs, random: this.#pool.subarray(this.#used - ID_BYTES, this.#used) });
  }
}

/** First millisecond of the year 10000, which `time` cannot say. */
const END_OF_TIME_MS = 253_402_300_800_000;

/** The instant last written: entries of one millisecond share theirs. */
let lastMs = 0;
let lastInstant = new Date(0).toISOString();

function instantOf(ms: number): string {
  if (ms !== lastMs) {
    lastInstant = new Date(ms).toISOString();
    lastMs = ms;
  }
  return lastInstant;
}

/**
 * Give an event the place after `head`: id, time, prev, seq; and judge what only then can be judged.
 * @throws ReceiptError ENTRY_TOO_LARGE; EVENT_SCHEMA for a control event that verification would refuse. RangeError on a clock
 *   outside 1970 to 9999.
 */
export function linkEntry(head: Head, { origin, clock, ids }: Place, waiting: Waiting): Pending {
  const now = clock.nowMs();
  if (!(now >= 0 && now < END_OF_TIME_MS)) throw new RangeError(`log: expected a clock of 1970 to 9999, got ${now} ms`);
  const frame = nextFrame(head, origin, ids.next(now), instantOf(now));
  const event = eventAt(waiting.event, { seq: frame.seq, time: frame.time, timeMs: now });
  const closesLog = isControlType(event.type) && judgeOwn(event, frame);
  const entry = entryBytes(event.bytes, frame);
  const hash = hashEntry(entry);
  return {
    event,
    waitFor: waiting.waitFor ?? 'durable',
    resolve: waiting.resolve,
    reject: waiting.reject,
    frame,
    entry,
    hash,
    timeMs: now,
    closesLog,
    line: null,
    signatures: [],
  };
}

function eventAt(event: CanonicalEvent | EventAtLink, at: LinkedAt): CanonicalEvent {
  if (typeof event !== 'function') return event;
  const made = event(at);
  requireOfCaller(made);
  return made;
}

/** Entries only the log itself writes. */
const OWN_TYPES: ReadonlySet<string> = new Set(['genesis', 'rotation', 'recovery']);

/** @throws ReceiptError for what a caller may not append, whatever the state of the log. */
export function requireOfCaller({ type }: CanonicalEvent): void {
  if (type !== null && OWN_TYPES.has(type)) {
    throw new ReceiptError(
      'EVENT_SCHEMA',
      `log.append: expected an event of a caller, got a ${type} event, which only the log writes`,
      { at: 'type', found: type },
    );
  }
}

/** @returns a caller's event with its bytes, read now. @throws as canonicalEvent. */
export function readEvent(event: JsonObject | CanonicalEvent): CanonicalEvent {
  return isCanonicalEvent(event) ? event : canonicalEvent(event);
}

/** The same where the event may be made when it is linked. */
export function readEventOrLater(event: JsonObject | CanonicalEvent | EventAtLink): CanonicalEvent | EventAtLink {
  return typeof event === 'function' ? event : readEvent(event);
}

/** @returns whether the event closes the log. @throws ReceiptError EVENT_SCHEMA for a control event that verification would refuse. */
function judgeOwn({ event, type }: CanonicalEvent, frame: Frame): boolean {
  const judged = judgeControl(event, frame);
  if (judged.ok) return judged.closes === 'log';
  throw new ReceiptError('EVENT_SCHEMA', `log.append: ${type}: expected ${judged.expected}, got ${judged.found}`, {
    at: type ?? '',
    expected: judged.expected,
    found: judged.found,
  });
}

/** @returns the receipt of a linked and, where it must be, signed entry. */
export function receiptOf({ frame, event, hash, signatures }: Pending): Receipt {
  return { entry: { event: event.event, ...frame, v: FORMAT_VERSION }, hash, sigs: signatures };
}
