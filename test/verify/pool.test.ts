import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { mergeShards, verify, verifyShard } from '../../src/auditor.ts';
import { concatBytes, utf8 } from '../../src/base/bytes.ts';
import { isReceiptError } from '../../src/base/errors.ts';
import { MAX_LINE_BYTES } from '../../src/base/limits.ts';
import type { Algorithm } from '../../src/crypto/public-key.ts';
import { rotationEvent } from '../../src/receipt/control.ts';
import { chooseEngines } from '../../src/verify/choose-engines.ts';
import { type FromWorker, PROTOCOL_VERSION } from '../../src/verify/protocol.ts';
import type { Engines, Progress, VerifyOptions } from '../../src/verify/source.ts';
import { threadsHere } from '../../src/verify/spawn.ts';
import { type PoolOptions, threadsFor } from '../../src/verify/threads.ts';
import { trustKeys } from '../../src/verify/trust.ts';
import type { Verdict } from '../../src/verify/verdict.ts';
import { verifyWith } from '../../src/verify/verify.ts';
import type { Spawn } from '../../src/verify/worker-port.ts';
import { fixedKey, LogBuilder } from '../../vectors/build.ts';
import { FOLDERS, optionsOf, readKit } from '../tamper/kit.ts';
import { verifyOnce } from '../tamper/run-kit.ts';
import { eventful, hostileLines, ofOtherLog, one, optionSets, outcome, two } from './eventful.ts';
import { pretend, type Reading, sourceOf, verifyThreaded } from './pretend.ts';

let engines: Engines;
beforeAll(async () => {
  engines = await chooseEngines({});
});

const outside = (verdict: Verdict): object => ({ ...verdict, run: null });
const reading = fc.oneof(fc.constant<Reading>('ranges'), fc.integer({ min: 1, max: 5000 }));
const how = fc.record({
  workers: fc.integer({ min: 2, max: 4 }),
  taskBytes: fc.integer({ min: 1, max: 6000 }),
  reading,
});

/** All that one thread says must be said by any number of them. */
async function expectSame(bytes: Uint8Array, options: VerifyOptions, way: Parameters<typeof verifyThreaded>[2]) {
  const threaded = verifyThreaded(bytes, options, way);
  expect(await outcome(threaded), JSON.stringify(way)).toEqual(await outcome(verifyOnce(bytes, options, engines)));
  return threaded;
}

describe('any number of workers, any cuts: the verdict of one pass', () => {
  test.each(FOLDERS)('the kit: %s', async (folder) => {
    const ways = fc.sample(how, { numRuns: readKit(folder).cases.length, seed: 3 });
    for (const [i, one] of readKit(folder).cases.entries()) {
      const taskBytes = Math.ceil((one.bytes.length + 1) / (1 + (i % 9)));
      await expectSame(one.bytes, optionsOf(one), { ...ways[i]!, taskBytes });
    }
  });

  test('hostile lines, in any order, torn at the end', async () => {
    await fc.assert(
      fc.asyncProperty(hostileLines, fc.nat(60), fc.nat(optionSets.length - 1), how, async (lines, cut, which, way) => {
        const bytes = utf8(lines.join(''));
        const kept = bytes.subarray(0, bytes.length - Math.min(cut, bytes.length));
        await expectSame(kept, optionSets[which]!, way).catch(ofOtherLog);
      }),
      { numRuns: 120 },
    );
  });

  test('lines of a megabyte, and longer ones', async () => {
    const filled = (sizeBytes: number): Uint8Array => concatBytes(new Uint8Array(sizeBytes).fill(0x7b), utf8('\n'));
    const lines = eventful();
    const bytes = concatBytes(
      ...lines.slice(0, 2),
      filled(MAX_LINE_BYTES),
      lines[2]!,
      filled(MAX_LINE_BYTES + 1),
      ...lines.slice(3),
      new Uint8Array(MAX_LINE_BYTES + 9),
    );
    for (const way of ['ranges', 70_000] as const) {
      for (const taskBytes of [100_000, 1_500_000]) {
        const verdict = await expectSame(bytes, optionSets[1]!, { workers: 3, taskBytes, reading: way });
        expect(verdict.tail.torn_bytes).toBe(MAX_LINE_BYTES + 9);
      }
    }
  });
});

describe('keys that the log names on the way', () => {
  /** Each rotation hands on to a key that only it names. */
  function relay(alg: Algorithm): LogBuilder {
    const log = new LogBuilder([fixedKey('k0', alg)]).genesis().calls(3);
    for (let i = 1; i < 4; i++) {
      const next = fixedKey(`k${i}`, alg);
      log.add(rotationEvent({ mode: 'each', keys: [next.publicKey] }), { by: [...log.keys, next] });
      log.keys = [next];
      log.calls(4);
    }
    return log;
  }

  test.each(['Ed25519', 'ML-DSA-65'] as const)(
    '%s: what was summarised before its key was known is done again',
    async (alg) => {
      const bytes = relay(alg).bytes();
      const trust = trustKeys([{ key: fixedKey('k0', alg).publicKey }]);
      const taskBytes = Math.ceil(bytes.length / 11);
      for (const way of ['ranges', 300] as const) {
        const verdict = await expectSame(
          bytes,
          { trust, allowClassical: true },
          { workers: 4, taskBytes, reading: way },
        );
        expect(verdict).toMatchObject({ verdict: 'valid', signatures: { unknown: 0 } });
        for (const of of [2, 5]) {
          const shards = Array.from({ length: of }, (_, i) =>
            verifyShard(
              new Blob([bytes as BlobPart]),
              { index: i + 1, of },
              { trust, allowClassical: true, name: 'log' },
            ),
          );
          const merged = await mergeShards((await Promise.all(shards)).map((shard) => utf8(JSON.stringify(shard))));
          expect(outside(merged)).toEqual(outside(verdict));
        }
      }
    },
  );

  test('a kid pinned without its key is found wherever it stands', async () => {
    const log = relay('Ed25519');
    const pinned = trustKeys([{ key: fixedKey('k3', 'Ed25519').publicKey.kid }]);
    const bytes = concatBytes(...log.lines.slice(-3), ...log.lines);
    await expectSame(bytes, { trust: pinned, allowClassical: true }, { workers: 2, taskBytes: 700, reading: 'ranges' });
  });
});

describe('a pool', () => {
  const bytes = concatBytes(...eventful());
  const options = { trust: trustKeys([{ key: one.publicKey }, { key: two.publicKey }]), allowClassical: true };
  const pool = (spawn: Spawn, workers = 2, more: Partial<PoolOptions> = {}) =>
    threadsFor({ workers, engines: {}, spawn, leastMs: 0, taskBytes: 900, ...more });
  const start = (spawn: Spawn, more: Partial<VerifyOptions> = {}, poolMore: Partial<PoolOptions> = {}) =>
    verifyWith(sourceOf(bytes, 'ranges'), { ...options, ...more }, engines, pool(spawn, 2, poolMore));

  test('starts when what is left is worth it, and goes on where one thread was', async () => {
    // Longer than a batch, so that there is something to measure; and every batch is said to take long.
    const long = concatBytes(...Array.from({ length: 400 }, () => bytes));
    const once = await verifyOnce(long, options, engines);
    for (const way of ['ranges', 1 << 20] as const) {
      const threads = threadsFor({ workers: 2, engines: {}, spawn: pretend, leastMs: 1e-9, taskBytes: 1 << 20 });
      const verdict = await verifyWith(sourceOf(long, way), options, engines, threads);
      expect(outside(verdict)).toEqual(outside(once));
      expect(verdict.run.workers).toBe(2);
    }
  });

  test('starts at once when there is surely enough, and begins no task before the keys of the first line are known', async () => {
    const long = concatBytes(...Array.from({ length: 400 }, () => bytes));
    const pinned = { trust: trustKeys([{ key: one.publicKey.kid }]), allowClassical: true };
    const once = await verifyOnce(long, pinned, engines);
    const source = sourceOf(long, 'ranges');
    let workers = 0;
    let before = 0;
    const tasks: (readonly object[])[] = [];
    const spawn: Spawn = (...listeners) => {
      workers++;
      const worker = pretend(...listeners);
      return {
        ...worker,
        post(message, transfer) {
          if (message.op === 'task') tasks.push(message.task.keys);
          worker.post(message, transfer);
        },
      };
    };
    const watched = {
      ...source,
      *chunks() {
        before = workers;
        yield* source.chunks() as Iterable<Uint8Array>;
      },
    };
    const threads = threadsFor({ workers: 3, engines: {}, spawn, sureBytes: long.length, taskBytes: 1 << 20 });
    const verdict = await verifyWith(watched, pinned, engines, threads);
    expect(outside(verdict)).toEqual(outside(once));
    expect(before).toBe(2);
    expect(tasks.length).toBeGreaterThan(1);
    for (const keys of tasks.slice(0, 2)) expect(keys).not.toHaveLength(0);
    const less = threadsFor({ workers: 3, engines: {}, spawn, sureBytes: long.length + 1 });
    workers = 0;
    await verifyWith(watched, pinned, engines, less);
    expect(before).toBe(0);
  });

  test('says how many threads there were; little evidence and custom trust take one', async () => {
    const threads = pool(pretend, 3);
    expect((await verifyWith(sourceOf(bytes, 'ranges'), options, engines, threads)).run.workers).toBe(3);
    const small = threadsFor({ workers: 3, engines: {}, spawn: pretend });
    expect((await verifyWith(sourceOf(bytes, 'ranges'), options, engines, small)).run.workers).toBe(1);
    const custom = { ...options, trust: { ...options.trust } };
    expect((await verifyWith(sourceOf(bytes, 'ranges'), custom, engines, pool(pretend))).run.workers).toBe(1);
    expect(threadsFor({ workers: 1, engines: {} })).toBeNull();
    await expect(verify(bytes, { workers: 0 })).rejects.toThrow(RangeError);
  });

  test('tells progress across its workers, never backwards, to the end', async () => {
    const seen: Progress[] = [];
    await start(pretend, { onProgress: (progress) => seen.push(progress) });
    expect(seen.map(({ bytes: read }) => read)).toEqual(seen.map(({ bytes: read }) => read).sort((a, b) => a - b));
    expect(seen.at(-1)).toEqual({ lines: eventful().length, bytes: bytes.length, totalBytes: bytes.length });
  });

  test('a worker that ends, fails or is another build: an error, and no worker is left', async () => {
    let running = 0;
    const counted =
      (spoil: (post: () => void, onMessage: Parameters<Spawn>[0], onEnd: Parameters<Spawn>[1]) => void): Spawn =>
      (onMessage, onEnd, withNoble) => {
        running++;
        const worker = pretend(onMessage, onEnd, withNoble);
        let tasks = 0;
        return {
          post: (message, transfer) => {
            const post = (): void => worker.post(message, transfer);
            if (message.op === 'task' && ++tasks === 2) spoil(post, onMessage, onEnd);
            else post();
          },
          end: () => {
            running--;
            return worker.end();
          },
        };
      };
    const spoiled = [
      counted((_, __, onEnd) => onEnd(new Error('it ended with exit code 1'))),
      counted((_, __, onEnd) => onEnd('something that is no error')),
      counted((_, onMessage) => onMessage({ op: 'ready', version: 0, engine: 'wasm' })),
      counted((_, onMessage) => onMessage({ op: 'ready', version: 1, engine: 'abacus' })),
    ];
    for (const spawn of spoiled) {
      await expect(start(spawn)).rejects.toSatisfy((error) => isReceiptError(error, 'WORKER_FAILED'));
      expect(running).toBe(0);
    }
    const error = { code: 'IO', message: 'm', at: 'a', expected: undefined, found: 'f', next: ['n'] } as const;
    const failing = start(counted((_, onMessage) => onMessage({ op: 'failed', error })));
    await expect(failing).rejects.toMatchObject({ code: 'IO', message: 'm', at: 'a', found: 'f', next: ['n'] });
    const other = counted((_, onMessage) => onMessage({ op: 'failed', error: { ...error, code: null } }));
    await expect(start(other)).rejects.toThrow('m');
  });

  test('an abort ends it while its workers work', async () => {
    const abort = new AbortController();
    const silent: Spawn = () => ({ post: () => abort.abort(), end: async () => {} });
    await expect(start(silent, { signal: abort.signal })).rejects.toSatisfy((e) => isReceiptError(e, 'ABORTED'));
    await expect(start(pretend, { signal: AbortSignal.abort() })).rejects.toSatisfy((e) =>
      isReceiptError(e, 'ABORTED'),
    );
  });

  test('real threads: the same verdict, and one that is killed is an error', async () => {
    const { spawn } = threadsHere()!;
    const once = await verifyOnce(bytes, options, engines);
    // All of it, however long they take to start: this thread would be done before.
    const apart = { shares: false, patienceMs: 50_000 };
    expect(outside(await start(spawn, {}, apart))).toEqual(outside(once));
    const mortal: Spawn = (onMessage, onEnd, withNoble) => {
      const worker = spawn(onMessage, onEnd, withNoble);
      return {
        ...worker,
        post: (message, transfer) => {
          worker.post(message, transfer);
          if (message.op === 'task') void worker.end();
        },
      };
    };
    await expect(start(mortal, {}, apart)).rejects.toSatisfy((error) => isReceiptError(error, 'WORKER_FAILED'));
  });

  describe('that cannot start, or not all of it: the verdict all the same', () => {
    const never =
      (cause: unknown): Spawn =>
      (_, onEnd) => {
        setImmediate(() => onEnd(cause));
        return { post: () => {}, end: async () => {} };
      };
    const refusing: Spawn = () => {
      throw new Error('no threads here');
    };
    const silent: Spawn = () => ({ post: () => {}, end: async () => {} });
    const failed = { code: 'ENGINE_UNAVAILABLE', message: 'm', at: 'a', expected: 'e', found: 'f', next: [] } as const;
    /** Says something in place of its first word. */
    const saying =
      (first: FromWorker): Spawn =>
      (onMessage) => {
        setImmediate(() => onMessage(first));
        return { post: () => {}, end: async () => {} };
      };
    const spawns: readonly (readonly [string, Spawn])[] = [
      ['an error before it is ready', never(new Error('it was not loaded'))],
      ['no worker at all', refusing],
      ['an engine that is not there', saying({ op: 'failed', error: failed })],
      ['another engine', saying({ op: 'ready', version: PROTOCOL_VERSION, engine: 'abacus' })],
      ['no word from it for too long', silent],
    ];
    test.each(spawns)('%s', async (_, spawn) => {
      const once = await verifyOnce(bytes, options, engines);
      for (const shares of [true, false]) {
        for (const way of ['ranges', 500] as const) {
          const threads = pool(spawn, 3, { shares, patienceMs: 20 });
          const verdict = await verifyWith(sourceOf(bytes, way), options, engines, threads);
          expect(outside(verdict)).toEqual(outside(once));
          expect(verdict.run.workers).toBe(1);
        }
      }
    });

    test('one of three does not come: the others do its part', async () => {
      let started = 0;
      const some: Spawn = (...args) => (++started === 2 ? never(null) : pretend)(...args);
      const once = await verifyOnce(bytes, options, engines);
      const threads = pool(some, 3, { shares: false });
      const verdict = await verifyWith(sourceOf(bytes, 'ranges'), options, engines, threads);
      expect(outside(verdict)).toEqual(outside(once));
      expect(started).toBe(3);
      expect(verdict.run.workers).toBe(2);
    });

    test('another build is an error, also as its first word', async () => {
      const other = saying({ op: 'ready', version: PROTOCOL_VERSION + 1, engine: 'wasm' });
      await expect(start(other, {}, { shares: false })).rejects.toSatisfy((e) => isReceiptError(e, 'WORKER_FAILED'));
    });
  });

  test('a thread that does no share is left alone: the workers do it all', async () => {
    const used = new Set<boolean>();
    const seen: Spawn = (onMessage, onEnd, withNoble) => {
      used.add(withNoble);
      return pretend(onMessage, onEnd, withNoble);
    };
    const one = await verifyWith(sourceOf(bytes, 'ranges'), options, engines, pool(seen, 1, { shares: false }));
    expect(one.run.workers).toBe(1);
    expect([...used]).toEqual([false]);
    // The JavaScript engine has a worker of its own, and so has a cross-check.
    const noble = await chooseEngines({ engine: 'noble' });
    const threads = pool(seen, 2, { shares: false, engines: { engine: 'noble' } });
    const two = await verifyWith(sourceOf(bytes, 'ranges'), options, noble, threads);
    expect(outside(two)).toEqual(outside(one));
    expect(two.run).toMatchObject({ engine: 'noble', workers: 2 });
    expect([...used]).toEqual([false, true]);
  });
});
