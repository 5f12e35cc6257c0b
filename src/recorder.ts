import { ReceiptError } from './base/errors.ts';
import { MAX_ENTRY_BYTES, MAX_WAITING_APPENDS } from './base/limits.ts';
import { pooledRandom, type Random, systemRandom } from './base/ports.ts';
import { sha256Hex as runtimeSha256Hex, type Sha256Hex } from './crypto/hash.ts';
import type { EventAtLink, LinkedAt } from './log/log.ts';
import { type CanonicalEvent, canonicalEvent, guardedCopyWithBytes, type JsonOrBytes } from './receipt/canonical.ts';
import { commit, type PayloadMember, payloadBytes, SALT_BYTES } from './receipt/commitment.ts';
import { entryBytes, ZERO_HASH } from './receipt/entry.ts';
import { type EventInput, judgeEvent } from './receipt/event.ts';
import type { Json, JsonObject } from './receipt/json.ts';
import type { Receipt } from './receipt/receipt.ts';
import { createRedactor, type RedactionRules, type Redactor, redactEvent } from './receipt/redaction.ts';

/** What the recorder asks of a log; every Log is one. */
export interface RecorderLog {
  readonly origin: string;
  /** Append one event. Calls are chained in the order they are made; resolves when the entry is durable. */
  append(
    event: JsonObject | CanonicalEvent | EventAtLink,
    options?: { readonly waitFor?: 'durable' | 'signed' },
  ): Promise<Recorded>;
  /** Keep a payload; durable when it resolves. */
  putPayload(commitment: string, salt: Uint8Array, payload: Uint8Array): Promise<void>;
}

/**
 * What becomes of params, result and error: `keep` commits to them and keeps them beside the log, `discard` commits and keeps
 * nothing, `inline` writes them into the entry itself (and refuses an entry above 65,535 bytes).
 */
export type PayloadMode = 'keep' | 'inline' | 'discard';

/** How to record. */
export interface RecorderOptions {
  readonly log: RecorderLog;
  /** `keep` unless given. */
  readonly payloads?: PayloadMode;
  /** Further rules; false records what it is given, secrets included. */
  readonly redaction?: RedactionRules | false;
  readonly random?: Random;
  readonly sha256Hex?: Sha256Hex;
}

/** How to record one event. */
export interface RecordOptions {
  readonly payloads?: PayloadMode;
  /** `durable` (fsync) unless given; `signed` waits, in a batch log, for the checkpoint that covers the entry. */
  readonly waitFor?: 'durable' | 'signed';
  /**
   * More members of the event, for what depends on its place in the chain: called once, when the entry is linked, in chain order. They
   * are neither redacted nor committed, so they hold no payload. Where it throws, nothing is recorded and record fails with that.
   */
  readonly atLink?: (at: LinkedAt) => Omit<EventInput, 'type' | 'action' | 'outcome' | 'data'>;
}

/** A durable receipt. */
export interface Recorded {
  readonly receipt: Receipt;
  /** False for an ordinary entry of a batch log, until a checkpoint covers it. */
  readonly signed: boolean;
}

/** The write spine: event in, durable receipt out. */
export interface Recorder {
  /**
   * Record one event. It is read at once, so a later change of the argument changes nothing, and calls keep their order in the
   * chain however long their payloads take. Await it before you call what depends on it, and for back-pressure.
   * @throws ReceiptError NOT_REPRESENTABLE, EVENT_SCHEMA, ENTRY_TOO_LARGE, BACKPRESSURE (65,536 events wait for their payloads or
   *   for the log): nothing was written; what log.append and log.putPayload throw: no entry, but a payload that no entry names may
   *   be left behind.
   */
  record(event: EventInput, options?: RecordOptions): Promise<Recorded>;
  /**
   * Record several events in their order. All are judged, and room for all of them taken, before the first is written; if the log or
   * the disk then fails one, those before it stand, and those after it may.
   * @returns in the same order, once every append has ended. @throws the first error.
   */
  recordMany(events: readonly EventInput[], options?: RecordOptions): Promise<readonly Recorded[]>;
}

/** Payloads of an event: where they stand before they are committed to. */
const PAYLOAD_PLACES = [
  ['action', 'params'],
  ['outcome', 'error'],
  ['outcome', 'result'],
] as const satisfies readonly (readonly [string, PayloadMember])[];

/** Payloads written at once: enough to keep a disk busy, few enough open files. */
const MAX_PUTS = 16;

type Members = Readonly<Record<string, JsonOrBytes>>;

interface KeptPayload {
  readonly commitment: string;
  readonly salt: Uint8Array;
  readonly payload: Uint8Array;
}

/** An event that nothing but the world can refuse any more. */
interface Prepared {
  readonly event: CanonicalEvent;
  readonly payloads: readonly KeptPayload[];
}

/**
 * Make a recorder. The order of what it does is the argument for its safety:
 *
 *     read once into our own copy → redact → judge by the schema → commit to payloads → form the bytes, judge their size
 *       → payloads durable → entry linked, signed, durable → receipt
 *
 * Nothing is hashed before it is redacted, nothing is written before everything is judged, and no entry that names a payload
 * reaches the log before that payload is on disk.
 */
export function createRecorder(options: RecorderOptions): Recorder {
  return new LogRecorder(options);
}

class LogRecorder implements Recorder {
  readonly #log: RecorderLog;
  readonly #payloads: PayloadMode;
  readonly #redactor: Redactor | null;
  readonly #random: Random;
  readonly #sha256Hex: Sha256Hex;
  readonly #puts = new Slots(MAX_PUTS);
  /** Resolves, never rejects, when the calls before have handed their entries to the log or failed. */
  #turn: Promise<void> = Promise.resolve();
  /** Events taken that are not durable yet. */
  #underWay = 0;

  constructor({
    log,
    payloads = 'keep',
    redaction = {},
    random = pooledRandom(systemRandom),
    sha256Hex = runtimeSha256Hex,
  }: RecorderOptions) {
    this.#log = log;
    this.#payloads = checkedMode(payloads);
    this.#redactor = redaction === false ? null : createRedactor(redaction);
    this.#random = random;
    this.#sha256Hex = sha256Hex;
  }

  async record(event: EventInput, options: RecordOptions = {}): Promise<Recorded> {
    const prepared = this.#prepare(event, options);
    this.#takeRoom(1);
    return this.#submit(prepared, options);
  }

  async recordMany(events: readonly EventInput[], options: RecordOptions = {}): Promise<readonly Recorded[]> {
    const prepared = events.map((event) => this.#prepare(event, options));
    this.#takeRoom(prepared.length);
    const ended = await Promise.allSettled(prepared.map((one) => this.#submit(one, options)));
    return ended.map((one) => {
      if (one.status === 'rejected') throw one.reason;
      return one.value;
    });
  }

  /** Everything that can refuse the event, and no effect. */
  #prepare(input: EventInput, { payloads = this.#payloads }: RecordOptions): Prepared {
    const mode = checkedMode(payloads);
    const copy = guardedCopyWithBytes(input, PAYLOAD_PLACES);
    const clean = this.#redactor !== null && isMembers(copy) ? redactEvent(copy, this.#redactor).value : copy;
    judgeEvent(clean);
    const { event, kept } = mode === 'inline' ? { event: clean, kept: [] } : this.#commit(clean as Members);
    const made = canonicalEvent(event);
    judgeSize(made, this.#log.origin);
    return { event: made, payloads: mode === 'keep' ? kept : [] };
  }

  /** @throws ReceiptError BACKPRESSURE, and takes nothing. */
  #takeRoom(events: number): void {
    if (this.#underWay + events > MAX_WAITING_APPENDS) {
      throw new ReceiptError(
        'BACKPRESSURE',
        `recorder: expected at most ${MAX_WAITING_APPENDS} events under way, got ${this.#underWay + events}; await some of them`,
      );
    }
    this.#underWay += events;
  }

  /** Put commitments where payloads stand. */
  #commit(event: Members): { event: Members; kept: readonly KeptPayload[] } {
    let out = event;
    const kept: KeptPayload[] = [];
    for (const [place, member] of PAYLOAD_PLACES) {
      const holder = out[place];
      if (!isMembers(holder) || !Object.hasOwn(holder, member)) continue;
      const { [member]: value, ...rest } = holder;
      const { form, bytes: payload } = payloadBytes(value as Json | Uint8Array);
      const salt = this.#random.bytes(SALT_BYTES);
      const commitment = commit(member, form, payload, salt, this.#sha256Hex);
      out = { ...out, [place]: { ...rest, [`${member}_commit`]: commitment } };
      kept.push({ commitment, salt, payload });
    }
    return { event: out, kept };
  }

  /** An event that gets its last members when it is linked, and is judged again with them. */
  #completed({ event }: CanonicalEvent, atLink: NonNullable<RecordOptions['atLink']>): EventAtLink {
    return (at) => {
      const whole = { ...event, ...atLink(at) };
      judgeEvent(whole);
      const made = canonicalEvent(whole);
      judgeSize(made, this.#log.origin);
      return made;
    };
  }

  /** Payloads side by side, entries one after the other: each waits for its own payloads and for its turn. */
  #submit({ event, payloads }: Prepared, { waitFor = 'durable', atLink }: RecordOptions): Promise<Recorded> {
    const kept = Promise.all(
      payloads.map(({ commitment, salt, payload }) =>
        this.#puts.run(() => this.#log.putPayload(commitment, salt, payload)),
      ),
    );
    // A failure is reported below, when the turn comes; until then it is not an unhandled one.
    kept.catch(() => undefined);
    const ready = this.#turn.then(() => kept);
    const entry = atLink === undefined ? event : this.#completed(event, atLink);
    const recorded = ready.then(() => this.#log.append(entry, { waitFor }));
    // Registered after the append above, so that the next turn begins when this entry is in the log's hands, not when it is durable.
    this.#turn = ready.then(
      () => undefined,
      () => undefined,
    );
    const leave = (): void => {
      this.#underWay--;
    };
    recorded.then(leave, leave);
    return recorded;
  }
}

/** Refuse what cannot become an entry wherever it may land in the log: judged with the longest frame there is. */
function judgeSize({ bytes }: CanonicalEvent, origin: string): void {
  // Frames are shorter than this even with the longest origin.
  if (bytes.length + 1024 <= MAX_ENTRY_BYTES) return;
  entryBytes(bytes, {
    id: '00000000-0000-7000-8000-000000000000',
    log: origin,
    prev: ZERO_HASH,
    seq: Number.MAX_SAFE_INTEGER,
    time: '1970-01-01T00:00:00.000Z',
  });
}

function checkedMode(mode: PayloadMode): PayloadMode {
  if (mode !== 'keep' && mode !== 'inline' && mode !== 'discard') {
    throw new TypeError('recorder: expected payloads to be keep, inline or discard');
  }
  return mode;
}

function isMembers(value: JsonOrBytes | undefined): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** Runs at most so many at once, the others in the order they came. */
class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
