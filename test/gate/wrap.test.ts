import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { ReceiptError } from '../../src/base/errors.ts';
import { flush, wrap } from '../../src/gate/index.ts';
import type { Recorder } from '../../src/recorder.ts';
import { CallLog, streamOf } from './calls.ts';

describe('wrap', () => {
  it('records a call of each kind of function, with arguments and result, and the log verifies', async () => {
    const log = await CallLog.start();
    const options = { recorder: log.recorder, tool: 't', agent: 'a' } as const;
    function plus(a: number, b: number) {
      return a + b;
    }
    const add = wrap(plus, options);
    expect([add(1, 2), add.name, add.length]).toEqual([3, 'plus', 2]);
    expect(await wrap(async (x: string) => x, options)('y')).toBe('y');
    const numbers = wrap(function* () {
      yield 1;
      return 2;
    }, options);
    expect([...numbers()]).toEqual([1]);
    const later = wrap(async function* () {
      yield 1;
      yield 2;
    }, options);
    expect(await collect(later())).toEqual([1, 2]);
    const node = wrap(() => Readable.from([Buffer.from('ab'), Buffer.from('c')]), options);
    expect(await collect(node())).toHaveLength(2);
    const web = wrap(async () => new Blob(['xyz']).stream(), options);
    expect(await new Response(await web()).text()).toBe('xyz');
    class Point {
      x = 1;
    }
    expect(new (wrap(Point as unknown as () => Point, options) as unknown as typeof Point)()).toBeInstanceOf(Point);
    const all = await log.calls();
    expect(all.map(({ params, result }) => [params, result])).toEqual([
      [[1, 2], 3],
      [['y'], 'y'],
      [[], { items: [1], returned: 2 }],
      [[], { items: [1, 2] }],
      [[], 'abc'],
      [[], 'xyz'],
      [[], '[Point]'],
    ]);
    expect(all.map(({ event: { agent, duration_ms } }) => [agent, typeof duration_ms])).toEqual(
      all.map(() => ['a', 'number']),
    );
    expect(all.at(-1)?.notes).toEqual({ result: 'in part described, not JSON' });
    expect(await log.rig.verdict()).toBe('valid');
  });

  it('rethrows what was thrown, the same object, and records a failed outcome', async () => {
    const log = await CallLog.start();
    const options = { recorder: log.recorder, tool: 't' } as const;
    const error = new TypeError('no such file');
    const abort = AbortSignal.abort().reason as unknown;
    for (const thrown of [error, abort, 'text', undefined, { a: 1 }]) {
      const sync = wrap(() => {
        throw thrown;
      }, options);
      expect(caught(sync)).toEqual({ thrown });
      const later = wrap(async () => {
        throw thrown;
      }, options);
      await expect(later().then(null, (reason) => Object.is(reason, thrown))).resolves.toBe(true);
      const enforced = wrap(sync, { ...options, mode: 'enforce' });
      await expect(enforced().then(null, (reason: unknown) => Object.is(reason, thrown))).resolves.toBe(true);
    }
    const all = await log.calls();
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set(['failed']));
    expect(all.filter(({ event }) => (event.outcome as { reason?: string }).reason === 'aborted')).toHaveLength(4);
    expect(all[0]?.error).toEqual({ name: 'TypeError', message: 'no such file' });
  });

  it('leaves items lazy, and passes what a consumer sends, throws and stops', async () => {
    const log = await CallLog.start();
    const steps: unknown[] = [];
    function* talk(): Generator<number, string, string> {
      try {
        for (let i = 0; ; i++) {
          try {
            steps.push(yield i);
          } catch (error) {
            steps.push(error);
          }
        }
      } finally {
        steps.push('end');
      }
    }
    const talking = wrap(talk, { recorder: log.recorder, tool: 'talk' })();
    expect(talking).toBeInstanceOf(talk);
    expect(steps).toEqual([]);
    expect([talking.next(), talking.next('a'), talking.throw('b'), talking.return('c')]).toEqual([
      { done: false, value: 0 },
      { done: false, value: 1 },
      { done: false, value: 2 },
      { done: true, value: 'c' },
    ]);
    expect(steps).toEqual(['a', 'b', 'end']);
    const reads: number[] = [];
    const endless = new ReadableStream<number>(
      {
        pull(controller) {
          reads.push(reads.length);
          controller.enqueue(reads.length);
        },
        cancel: (reason) => void steps.push(reason),
      },
      { highWaterMark: 0 },
    );
    const stream = wrap(() => endless, { recorder: log.recorder, tool: 'stream' })();
    expect(reads).toEqual([]);
    const reader = stream.getReader();
    expect([(await reader.read()).value, reads]).toEqual([1, [0]]);
    await reader.cancel('enough');
    expect(steps.at(-1)).toBe('enough');
    expect((await log.calls()).map(({ tool, result, notes }) => [tool, result, notes])).toEqual([
      ['talk', { items: [0, 1, 2], returned: 'c' }, { stopped: 'by its consumer', items: 3 }],
      ['stream', { items: [1] }, { stopped: 'by its consumer', items: 1 }],
    ]);
  });

  it('keeps identity: of promises, thenables, streams and `this`; a lazy thenable is asked once', async () => {
    const log = await CallLog.start();
    const options = { recorder: log.recorder, tool: 't' } as const;
    const promise = Promise.resolve(1);
    expect(wrap(() => promise, options)()).toBe(promise);
    let asked = 0;
    const query = {
      // biome-ignore lint/suspicious/noThenProperty: a query builder is one
      then(onValue: (value: number) => unknown) {
        asked++;
        return Promise.resolve(onValue(7));
      },
    };
    const got = wrap(() => query, options)();
    expect([got, asked]).toEqual([query, 0]);
    expect([await (got as unknown as PromiseLike<number>), asked]).toEqual([7, 1]);
    const stream = Readable.from(['a']);
    expect(wrap(() => stream, options)()).toBe(stream);
    await collect(stream);
    const holder = {
      name: 'holder',
      me: wrap(function (this: { name: string }) {
        return this;
      }, options),
    };
    expect(holder.me()).toBe(holder);
    expect((await log.calls()).map(({ result }) => result)).toEqual([
      1,
      7,
      { items: ['a'] },
      { name: 'holder', me: '[function]' },
    ]);
  });

  it('records what arguments were, not what became of them, and no secret', async () => {
    const log = await CallLog.start();
    const list = ['a'];
    wrap((items: string[], _auth: object) => items.splice(0), { recorder: log.recorder, tool: 't' })(list, {
      api_key: 'sk-12345',
    });
    const [call] = await log.calls();
    expect(call?.params).toEqual([['a'], { api_key: '[redacted]' }]);
    expect(call?.event.redacted).toBe(1);
  });

  it('describes what is no JSON and never fails the tool for it', async () => {
    const log = await CallLog.start();
    const cycle: unknown[] = [];
    cycle.push(cycle);
    const odd = [
      1n,
      Number.NaN,
      undefined,
      () => 1,
      Symbol('x'),
      new Date(0),
      new Map([[1, 2]]),
      cycle,
      '\ud800',
      new Uint8Array(3),
      {
        get a() {
          throw new Error('not to be called');
        },
      },
      new Proxy(
        {},
        {
          getPrototypeOf() {
            throw new Error('trap');
          },
        },
      ),
    ];
    let deep: unknown = 1;
    for (let i = 0; i < 1000; i++) deep = [deep];
    const tool = wrap((..._args: unknown[]) => odd, { recorder: log.recorder, tool: 't' });
    expect(tool(...odd)).toBe(odd);
    tool(deep);
    wrap((..._args: unknown[]) => 1, {
      recorder: log.recorder,
      tool: 'mapped',
      params: () => {
        throw new Error('mapper');
      },
      members: () => ({ step: 0 }),
    })(1);
    const all = await log.calls();
    expect(all[0]?.params).toEqual([
      '[bigint 1]',
      '[NaN]',
      null,
      '[function]',
      '[symbol]',
      '[Date 1970-01-01T00:00:00.000Z]',
      '[Map of 1]',
      ['[circular]'],
      '\ufffd',
      '[Uint8Array of 3 bytes]',
      { a: '[getter]' },
      '[unreadable]',
    ]);
    expect(JSON.stringify(all[1]?.params)).toContain('[deeper]');
    expect(all[2]?.notes).toEqual({ refused: 'EVENT_SCHEMA', at: '/step' });
  });

  it('observe goes on without the disk and reports what was not recorded; enforce hands nothing out', async () => {
    const failing: Recorder = {
      record: () => Promise.reject(new Error('disk full')),
      recordMany: () => Promise.reject(new Error('disk full')),
    };
    const errors: unknown[] = [];
    const observed = wrap(() => 1, { recorder: failing, tool: 't', onError: (error) => errors.push(error) });
    expect(observed()).toBe(1);
    await flush(failing);
    expect(errors).toHaveLength(1);
    const options = { recorder: failing, tool: 't', mode: 'enforce' } as const;
    let ran = 0;
    await expect(wrap(() => ++ran, options)()).rejects.toThrow('disk full');
    expect(ran).toBe(1);
    const items: number[] = [];
    const pull = async (steps: AsyncIterable<number>) => {
      for await (const item of steps) items.push(item);
    };
    await expect(
      pull(
        wrap(function* () {
          yield 1;
        }, options)(),
      ),
    ).rejects.toThrow('disk full');
    await expect(
      pull(
        wrap(async function* () {
          yield 2;
        }, options)(),
      ),
    ).rejects.toThrow('disk full');
    await expect(pull(wrap(() => streamOf(3), options)())).rejects.toThrow('disk full');
    expect(items).toEqual([1, 2, 3]);
  });

  it('says so where an end cannot be followed, or items are too many, or a stream breaks', async () => {
    const log = await CallLog.start();
    const options = { recorder: log.recorder, tool: 't' } as const;
    // biome-ignore lint/suspicious/noThenProperty: a thenable that nothing can be put on
    const frozen = Object.freeze({ then: (onValue: (value: number) => unknown) => onValue(1) });
    expect(wrap(() => frozen, options)()).toBe(frozen);
    const locked = streamOf(1);
    locked.getReader();
    expect(wrap(() => locked, options)()).toBe(locked);
    const many = function* () {
      for (let i = 0; i < 10_001; i++) yield i;
    };
    expect([...wrap(many, options)()]).toHaveLength(10_001);
    const broken = new Readable({ read() {} });
    const error = new Error('broken pipe');
    const read = collect(wrap(() => broken, options)());
    broken.destroy(error);
    await expect(read.then(null, (reason) => reason === error)).resolves.toBe(true);
    const stopped = Readable.from(['a', 'b']);
    const stoppedEarly = Readable.from(['a']);
    // Node itself destroys a stream that a loop leaves with an AbortError.
    for await (const _ of wrap(() => stopped, options)()) break;
    const ended = new Promise((resolve) => stoppedEarly.on('close', resolve));
    wrap(() => stoppedEarly, options)().destroy();
    await ended;
    expect((await log.calls()).map(({ status, notes }) => [status, notes])).toEqual([
      ['executed', { result: 'it goes on where it could not be followed' }],
      ['executed', { result: 'it goes on where it could not be followed' }],
      ['executed', { items: 10_001, result: 'too many items to keep' }],
      ['failed', { items: 0 }],
      ['failed', { items: 1 }],
      ['executed', { items: 0, stopped: 'by its consumer' }],
    ]);
  });

  it('passes a byte stream on as one, into buffers of its reader too', async () => {
    const log = await CallLog.start();
    const bytes = wrap(() => new Blob(['abcdef']).stream(), { recorder: log.recorder, tool: 't' });
    const reader = bytes().getReader({ mode: 'byob' });
    const first = await reader.read(new Uint8Array(4));
    expect(new TextDecoder().decode(first.value)).toBe('abcd');
    expect((await reader.read(new Uint8Array(4))).value).toHaveLength(2);
    expect((await reader.read(new Uint8Array(4))).done).toBe(true);
    expect((await log.calls()).map(({ result }) => result)).toEqual(['abcdef']);
  });

  it('is never silent: without onError, or where that throws, a warning is shown once', async () => {
    const failing = { record: () => Promise.reject(new ReceiptError('IO', 'disk')) } as unknown as Recorder;
    const warnings: string[] = [];
    const heard = (warning: Error): void => void warnings.push(warning.message);
    process.on('warning', heard);
    const deaf = () => {
      throw new Error('deaf');
    };
    wrap(() => 1, { recorder: failing, tool: 't' })();
    wrap(() => 1, { recorder: failing, tool: 't', onError: deaf })();
    await flush(failing);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', heard);
    expect(warnings.map((text) => text.includes('(IO)'))).toEqual([true]);
  });

  it('enforce waits for the disk', async () => {
    const log = await CallLog.start();
    const before = log.rig.log.head().size;
    expect(await wrap((n: number) => n, { recorder: log.recorder, tool: 't', mode: 'enforce' })(1)).toBe(1);
    expect(log.rig.log.head().size).toBe(before + 1);
  });

  it('refuses options of the wrong kind when it wraps', () => {
    const recorder = {} as Recorder;
    expect(() => wrap(() => 1, { recorder, tool: 't' })).toThrow(TypeError);
    expect(() => wrap(() => 1, { recorder, tool: '' })).toThrow(TypeError);
    expect(() => wrap(1 as unknown as () => 1, { recorder, tool: 't' })).toThrow(TypeError);
  });
});

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

function caught(run: () => unknown): { thrown: unknown } | null {
  try {
    run();
    return null;
  } catch (thrown) {
    return { thrown };
  }
}
