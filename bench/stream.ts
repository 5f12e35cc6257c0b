import { hash } from 'node:crypto';
import { EMPTY_HEAD } from '../src/chain/chain.ts';
import { createSigner } from '../src/crypto/signers.ts';
import { IdSource, linkEntry } from '../src/log/link.ts';
import { canonicalEvent } from '../src/receipt/canonical.ts';
import { genesisEvent } from '../src/receipt/control.ts';
import { lineOf } from '../src/receipt/receipt.ts';
import { signEntry } from '../src/receipt/seal.ts';
import { benchKey, fixedClock, fixedRandom, shortCall } from './events.ts';
import { assertThat } from './result.ts';

/*
 * An unsigned log as a stream that is never on a disk: the lines of make-log.ts, put together from pieces, since the functions that
 * write a log take ten times as long as verification. What comes out is held to verify(), which must find it valid.
 */

const ORIGIN = 'example.com/bench/0123456789ab';
const START_MS = Date.UTC(2026, 10, 20, 20, 34);
/** Calls after which the first part of an event comes again. */
const PERIOD = 1024;
/** Calls of one millisecond. */
const SAME_TIME = 64;
/** Lines are made ahead, so many bytes at a time, while the clock of the verification stands still. */
const BURST_BYTES = 128 << 20;
const MOST_LINE_BYTES = 16 << 10;
const CHUNK_BYTES = 2 << 20;
/** What verify() may hold back for the rest of a line: its buffer. */
const HELD_BYTES = (2 << 20) + 1;
const STUCK_MS = 20_000;

/** A stopwatch. */
export class Stopwatch {
  #spent = 0;
  #since = 0;

  start(): void {
    this.#since = performance.now();
  }

  stop(): void {
    this.#spent += performance.now() - this.#since;
  }

  get ms(): number {
    return this.#spent;
  }
}

/** The stream, and who watches what is done with it. */
export class LineStream {
  readonly generating: Stopwatch = new Stopwatch();
  head: string = '0'.repeat(64);
  private made = 0;
  private readonly calls: number;
  private readonly buffer: Buffer & { latin1Write(text: string, at: number): number };
  private filled = 0;
  private readonly heads: readonly Uint8Array[];
  private summarised = 0;

  private constructor(calls: number, burstBytes: number, genesis: { line: Uint8Array; hash: string }) {
    this.calls = calls;
    this.buffer = Buffer.allocUnsafeSlow(burstBytes) as LineStream['buffer'];
    const decoder = new TextDecoder();
    this.heads = Array.from({ length: PERIOD }, (_, n) => {
      const event = decoder.decode(canonicalEvent(shortCall(n)).bytes);
      return Buffer.from(event.slice(0, event.indexOf(',"session":')));
    });
    this.buffer.set(genesis.line);
    this.filled = genesis.line.length;
    this.head = genesis.hash;
    this.make();
  }

  /** @param calls entries after genesis. @param burstBytes made ahead at a time; less than BURST_BYTES only for tests. */
  static async open(calls: number, burstBytes: number = BURST_BYTES): Promise<LineStream> {
    const key = benchKey('ML-DSA-65');
    const signer = await createSigner(key, { engine: 'wasm', deterministicForTests: true });
    const random = fixedRandom('bench log');
    const event = genesisEvent({ random: random.bytes(32), mode: 'batch', keys: [key.publicKey] });
    const ignore = (): void => undefined;
    const place = { origin: ORIGIN, clock: fixedClock(START_MS), ids: new IdSource(random) };
    const { entry, hash: of } = linkEntry(EMPTY_HEAD, place, {
      event: canonicalEvent(event),
      resolve: ignore,
      reject: ignore,
    });
    const line = lineOf(entry, of, await signEntry(entry, [signer]));
    await signer.close();
    return new LineStream(calls, burstBytes, { line, hash: of });
  }

  /** Told of how many bytes are summarised: the onProgress of verify(). */
  readonly onProgress = ({ bytes }: { readonly bytes: number }): void => {
    this.summarised = bytes;
  };

  /**
   * All bytes. Before more lines are made, what was handed out must be summarised by all threads, so that none of them works while
   * the clock stands still. @param clock runs while lines are read, stands still while they are made.
   */
  async *chunks(clock: Stopwatch): AsyncGenerator<Uint8Array> {
    let handedOut = 0;
    for (;;) {
      for (let at = 0; at < this.filled; at += CHUNK_BYTES) {
        yield this.buffer.subarray(at, Math.min(at + CHUNK_BYTES, this.filled));
      }
      handedOut += this.filled;
      this.filled = 0;
      if (this.made === this.calls) return;
      await this.untilSummarised(handedOut - HELD_BYTES);
      clock.stop();
      this.make();
      clock.start();
    }
  }

  private async untilSummarised(bytes: number): Promise<void> {
    const begin = performance.now();
    while (this.summarised < bytes) {
      assertThat(performance.now() - begin < STUCK_MS, 'the verification to go on with what it has');
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Fill the buffer with lines. */
  private make(): void {
    this.generating.start();
    const { buffer, heads } = this;
    let at = this.filled;
    let prev = this.head;
    let time = '';
    let idTime = '';
    for (; this.made < this.calls && at < buffer.length - MOST_LINE_BYTES; this.made++) {
      const n = this.made;
      if (n % SAME_TIME === 0 || time === '') {
        const ms = START_MS + 7 * (n - (n % SAME_TIME));
        time = new Date(ms).toISOString();
        const hex = ms.toString(16).padStart(12, '0');
        idTime = `${hex.slice(0, 8)}-${hex.slice(8)}`;
      }
      const begin = at;
      at += buffer.latin1Write('{"entry":{"event":', at);
      const head = heads[n % PERIOD]!;
      buffer.set(head, at);
      at += head.length;
      const id = `${idTime}-7000-8000-${n.toString(16).padStart(12, '0')}`;
      at += buffer.latin1Write(
        `,"session":"s-${n >>> 8}","step":${(n & 255) + 1},"type":"tool_call"},"id":"${id}","log":"${ORIGIN}","prev":"${prev}","seq":${n + 1},"time":"${time}","v":1}`,
        at,
      );
      // The leaf prefix stands where the colon before the entry comes, for as long as a hash takes.
      const colon = begin + '{"entry"'.length;
      buffer[colon] = 0;
      prev = hash('sha256', buffer.subarray(colon, at), 'hex');
      buffer[colon] = 0x3a;
      at += buffer.latin1Write(`,"hash":"${prev}","sigs":[]}\n`, at);
    }
    this.filled = at;
    this.head = prev;
    this.generating.stop();
  }
}
