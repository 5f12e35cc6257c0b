import { createHash } from 'node:crypto';
import Benchmark from 'benchmark';
import { systemClock, systemRandom } from '../src/base/ports.ts';
import { EMPTY_HEAD, type Head } from '../src/chain/chain.ts';
import { IdSource, linkEntry, receiptOf } from '../src/log/link.ts';
import { canonicalBytes, canonicalEvent } from '../src/receipt/canonical.ts';
import type { EventInput } from '../src/receipt/event.ts';
import type { JsonObject } from '../src/receipt/json.ts';
import { lineOf, parseReceipt } from '../src/receipt/receipt.ts';
import { createRecorder, type Recorded, type RecorderLog } from '../src/recorder.ts';
import { call400, callWithPayloads } from './events.ts';
import { assertThat, median, progress, QUICK, quantile, report, rounded } from './result.ts';

/*
 * What an event costs before the disk: no signature, no fsync. benchmark.js times the synchronous pipeline; the recorder, whose calls
 * are promises, is timed by hand. Contenders take turns.
 */

const ROUNDS = QUICK ? 1 : 9;
const TURN_SECONDS = QUICK ? 0.01 : 0.5;
const CALLS_A_TURN = QUICK ? 50 : 4000;
const events = Array.from({ length: 64 }, (_, n) => call400(n * 11));
const large = Array.from({ length: 64 }, (_, n) => callWithPayloads(n * 11) as unknown as EventInput);
const place = { origin: 'example.com/bench/0123456789ab', clock: systemClock, ids: new IdSource(systemRandom) };
let head: Head = EMPTY_HEAD;
let lastLine: Uint8Array = new Uint8Array(0);

const ignore = (): void => undefined;

/** Guard, canonicalise, frame, hash, line: the functions that append runs, in its order. */
function link(event: JsonObject) {
  const pending = linkEntry(head, place, { event: canonicalEvent(event), resolve: ignore, reject: ignore });
  lastLine = lineOf(pending.entry, pending.hash, []);
  head = { size: head.size + 1, hash: pending.hash };
  return pending;
}

/** A log that links and forgets: what the recorder does besides writing. */
const log: RecorderLog = {
  origin: place.origin,
  async append(event): Promise<Recorded> {
    const pending = linkEntry(head, place, { event: canonicalOf(event), resolve: ignore, reject: ignore });
    lastLine = lineOf(pending.entry, pending.hash, []);
    head = { size: head.size + 1, hash: pending.hash };
    return { receipt: receiptOf(pending), signed: false };
  },
  async putPayload() {},
};

function canonicalOf(event: Parameters<RecorderLog['append']>[0]) {
  return 'bytes' in event ? (event as ReturnType<typeof canonicalEvent>) : canonicalEvent(event as JsonObject);
}

/** What one writes first: no guard, no order of members, no id. */
let naiveSeq = 0;
let naivePrev = '0'.repeat(64);
function naive(event: JsonObject): void {
  const entry = JSON.stringify({ event, log: place.origin, prev: naivePrev, seq: naiveSeq++, time: new Date() });
  naivePrev = createHash('sha256').update(entry).digest('hex');
  lastLine = Buffer.from(`{"entry":${entry},"hash":"${naivePrev}","sigs":[]}\n`);
}

// Correct before fast: the line reads back as the event, and the recorder committed to what it was given.
link(events[3]!);
const back = parseReceipt(lastLine.subarray(0, -1));
assertThat(
  canonicalBytes(back.entry.event).join() === canonicalBytes(events[3]).join(),
  'the line to read back as its event',
);
const recorder = createRecorder({ log, payloads: 'discard' });
const { receipt } = await recorder.record(large[3]!);
const { action, outcome } = receipt.entry.event as { action: JsonObject; outcome: JsonObject };
assertThat(
  /^[0-9a-f]{64}$/.test(String(action.params_commit)) && /^[0-9a-f]{64}$/.test(String(outcome.result_commit)),
  'two commitments',
);
assertThat(!('params' in action) && !('result' in outcome), 'no payload inline');

let next = 0;
const turns = { link: [] as number[], naive: [] as number[], canonicalise: [] as number[], record: [] as number[] };
const perCall: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  progress(`pipeline: round ${round + 1} of ${ROUNDS}`);
  turns.link.push(turn(() => link(events[next++ & 63]!)));
  turns.naive.push(turn(() => naive(events[next++ & 63]!)));
  turns.canonicalise.push(turn(() => canonicalEvent(events[next++ & 63]!)));
  const begin = performance.now();
  for (let n = 0; n < CALLS_A_TURN; n++) {
    const before = performance.now();
    await recorder.record(large[n & 63]!);
    perCall.push((performance.now() - before) * 1000);
  }
  turns.record.push(((performance.now() - begin) * 1000) / CALLS_A_TURN);
}

const bytesOf = (list: readonly unknown[]): number =>
  Math.round(list.reduce<number>((sum, event) => sum + canonicalBytes(event).length, 0) / list.length);
const us = (list: readonly number[]): number => rounded(median(list));
report({
  parameters: { event_bytes: bytesOf(events), rounds: ROUNDS, turn_seconds: TURN_SECONDS, calls_a_turn: CALLS_A_TURN },
  rows: [
    { name: 'guard + canonicalise + hash + line', us: us(turns.link), event_bytes: bytesOf(events) },
    { name: 'of that, guard + canonicalise', us: us(turns.canonicalise), event_bytes: bytesOf(events) },
    { name: 'JSON.stringify + createHash + line', us: us(turns.naive), event_bytes: bytesOf(events) },
    {
      name: 'schema + redaction + two 1 KB commitments + all of the first',
      us: us(turns.record),
      us_p50: rounded(quantile(perCall, 0.5)),
      us_p99: rounded(quantile(perCall, 0.99)),
      event_bytes: bytesOf(large),
    },
  ],
  ratios: [
    { name: 'guard + canonicalise + hash + line, µs an event', value: us(turns.link), at_most: 25 },
    { name: 'pipeline / JSON.stringify + createHash + line', value: rounded(median(turns.link) / median(turns.naive)) },
  ],
});

/** One turn of one synchronous contender. @returns microseconds an operation. */
function turn(run: () => unknown): number {
  const bench = new Benchmark(run, { maxTime: TURN_SECONDS, minSamples: 3, minTime: QUICK ? 0.001 : 0 });
  bench.run();
  const { error } = bench as unknown as { error?: unknown };
  if (error !== undefined) throw error;
  return bench.stats.mean * 1e6;
}
