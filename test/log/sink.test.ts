import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ReceiptError } from '../../src/base/errors.ts';
import type { Appended, Log } from '../../src/log/log.ts';
import { createMemoryLog } from '../../src/log/memory.ts';
import { logSink, type Sink, tee } from '../../src/log/sink.ts';
import type { JsonObject } from '../../src/receipt/json.ts';
import type { Verdict } from '../../src/verify/verdict.ts';
import { verdictOf } from './derive.ts';
import { codeOf, collect, folderPlace, pause } from './places.ts';
import { fastSigner, fastVerifier } from './signers.ts';

const event = (n: number): JsonObject => ({ type: 'custom', data: n });
const { publicKey } = fastSigner();
const judge = (log: Log): Promise<Verdict> => verdictOf(log, publicKey, fastVerifier);

/** One sink under test, and the logs below it. */
interface Bench {
  readonly sink: Sink<unknown, unknown>;
  readonly logs: readonly Log[];
  readonly dispose: () => void;
}

async function diskBench(): Promise<Bench> {
  const place = folderPlace();
  const log = await place.create();
  return { sink: logSink(log, judge), logs: [log], dispose: place.dispose };
}

async function memoryBench(): Promise<Bench> {
  const log = await createMemoryLog({ origin: 'example.com/memory', signer: fastSigner() });
  return { sink: logSink(log, judge), logs: [log], dispose: () => undefined };
}

async function teeBench(): Promise<Bench> {
  const [disk, memory] = [await diskBench(), await memoryBench()];
  return { sink: tee(disk.sink, memory.sink), logs: [...disk.logs, ...memory.logs], dispose: disk.dispose };
}

async function nestedBench(): Promise<Bench> {
  const [one, two] = [await teeBench(), await memoryBench()];
  return { sink: tee(one.sink, two.sink), logs: [...one.logs, ...two.logs], dispose: one.dispose };
}

const eventsIn = async (log: Log): Promise<unknown[]> =>
  (await collect(log.receipts({ from: 1 }))).map(({ receipt }) => receipt.entry.event);

describe.each([
  ['memory log', memoryBench],
  ['disk log', diskBench],
  ['tee', teeBench],
  ['tee of a tee', nestedBench],
])('the sink contract: %s', (_name, make) => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await make();
  });
  afterEach(async () => {
    await bench.sink.close();
    bench.dispose();
  });

  it('write resolves when the event is recorded for good, everywhere', async () => {
    await bench.sink.write(event(1));
    for (const log of bench.logs) {
      expect(log.head().size).toBe(2);
      expect(await eventsIn(log)).toEqual([event(1)]);
    }
  });

  it('writes keep call order, single and batched', async () => {
    const many = Array.from({ length: 50 }, (_, n) => event(n));
    await Promise.all([
      ...many.slice(0, 10).map((one) => bench.sink.write(one)),
      bench.sink.writeBatch(many.slice(10, 40)),
      ...many.slice(40).map((one) => bench.sink.write(one)),
    ]);
    for (const log of bench.logs) expect(await eventsIn(log)).toEqual(many);
  });

  it('writeBatch answers for each event in order', async () => {
    const written = await bench.sink.writeBatch([event(1), event(2), event(3)]);
    expect(written.length).toBe(3);
    expect(await bench.sink.writeBatch([])).toEqual([]);
    const seqs = written.map((one) =>
      ([one].flat(Number.POSITIVE_INFINITY) as Appended[]).map(({ receipt }) => receipt.entry.seq),
    );
    expect(seqs).toEqual([1, 2, 3].map((seq) => bench.logs.map(() => seq)));
  });

  it('what goes wrong is thrown at the call it went wrong for, and nothing else suffers', async () => {
    const good = bench.sink.write(event(1));
    expect(await codeOf(bench.sink.write({ type: 'genesis' }))).toBe('EVENT_SCHEMA');
    expect(await codeOf(bench.sink.write({ type: 'custom', data: 'x'.repeat(70_000) }))).toBe('ENTRY_TOO_LARGE');
    expect(await codeOf(bench.sink.writeBatch([event(8), { type: 'recovery' }, event(9)]))).toBe('EVENT_SCHEMA');
    const large = { type: 'custom', data: 'x'.repeat(70_000) };
    expect(await codeOf(bench.sink.writeBatch([event(2), large, event(3)]))).toBe('ENTRY_TOO_LARGE');
    await good;
    await bench.sink.write(event(4));
    // Of a batch never a later event without those before it.
    for (const log of bench.logs) expect(await eventsIn(log)).toEqual([event(1), event(2), event(4)]);
  });

  it('an event is read once, at the call', async () => {
    let reads = 0;
    const shifting = {
      type: 'custom',
      get data() {
        return ++reads;
      },
    };
    const later = { type: 'custom', data: ['as called'] };
    const writing = [bench.sink.write(shifting), bench.sink.writeBatch([later])];
    later.data[0] = 'as changed';
    await Promise.all(writing);
    expect(reads).toBe(1);
    for (const log of bench.logs) {
      expect(await eventsIn(log)).toEqual([event(1), { type: 'custom', data: ['as called'] }]);
    }
  });

  it('verify judges what is recorded', async () => {
    await bench.sink.writeBatch([event(1), event(2)]);
    const verdicts = [await bench.sink.verify()].flat(Number.POSITIVE_INFINITY) as Verdict[];
    expect(verdicts.map(({ verdict, head }) => [verdict, head.size])).toEqual(bench.logs.map(() => ['valid', 3]));
  });

  it('close records what was taken before; a second call does nothing; later writes throw', async () => {
    const writing = bench.sink.write(event(1));
    await bench.sink.close();
    await writing;
    await bench.sink.close();
    expect(await codeOf(bench.sink.write(event(2)))).toBe('LOG_CLOSED');
    expect(await codeOf(bench.sink.writeBatch([event(2)]))).toBe('LOG_CLOSED');
    for (const log of bench.logs) expect(await eventsIn(log)).toEqual([event(1)]);
  });
});

describe('tee: one side fails', () => {
  /** A sink that fails when told to, after a while. */
  function failing(inner: Sink<Appended, Verdict>) {
    const state = { fails: false, writes: 0, closed: 0 };
    const act = async <T>(run: () => Promise<T>): Promise<T> => {
      await pause(2);
      if (state.fails) throw new ReceiptError('IO', 'sink: the disk is full');
      return run();
    };
    const sink: Sink<Appended, Verdict> = {
      write: (one) => act(() => inner.write(one)),
      writeBatch: (many) => act(() => inner.writeBatch(many)),
      verify: () => act(() => inner.verify()),
      close: async () => {
        state.closed++;
        await act(() => inner.close());
      },
    };
    return { state, sink };
  }

  it.each([
    ['first', 0],
    ['second', 1],
  ] as const)('the %s: its error reaches the caller, after the other side has ended', async (_which, broken) => {
    const logs = [0, 1].map(() => createMemoryLog({ origin: 'a.b/c', signer: fastSigner() }));
    const both = (await Promise.all(logs)).map((log) => ({ log, ...failing(logSink(log, judge)) }));
    const sink = tee(both[0]!.sink, both[1]!.sink);
    await sink.write(event(1));
    both[broken]!.state.fails = true;
    expect(await codeOf(sink.write(event(2)))).toBe('IO');
    expect(await codeOf(sink.writeBatch([event(3)]))).toBe('IO');
    expect(await codeOf(sink.verify())).toBe('IO');
    // The other side has what it was given: nothing is undone, nothing is hidden.
    expect(await eventsIn(both[1 - broken]!.log)).toEqual([event(1), event(2), event(3)]);
    expect(await eventsIn(both[broken]!.log)).toEqual([event(1)]);
    both[1 - broken]!.state.fails = true;
    const error = (await sink.write(event(4)).catch((cause: unknown) => cause)) as ReceiptError;
    expect([error.code, (error.cause as AggregateError).errors.length]).toEqual(['IO', 2]);
    both[1 - broken]!.state.fails = false;
    expect(await codeOf(sink.close())).toBe('IO');
    expect(both.map(({ state }) => state.closed)).toEqual([1, 1]);
  });

  it('a sink that throws before it returns a promise is a sink that fails: the other side is waited for', async () => {
    const log = await createMemoryLog({ origin: 'a.b/c', signer: fastSigner() });
    const broken: Sink<Appended, Verdict> = {
      write() {
        throw new ReceiptError('IO', 'sink: no disk');
      },
      writeBatch: () => Promise.reject(new Error('not called')),
      verify: () => judge(log),
      close: async () => undefined,
    };
    for (const sink of [tee(broken, logSink(log, judge)), tee(logSink(log, judge), broken)]) {
      const before = log.head().size;
      expect(await codeOf(sink.write(event(1)))).toBe('IO');
      expect(log.head().size).toBe(before + 1);
    }
  });
});
