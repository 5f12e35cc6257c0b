import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeLog } from '../../bench/make-log.ts';
import { type Verdict, verify } from '../../src/auditor.ts';
import { toJwk } from '../../src/crypto/public-key.ts';
import { fixedKey, LogBuilder } from '../../vectors/build.ts';
import { edited } from '../../vectors/edit.ts';
import { IN_CHROMIUM, SKIP, STRICT, Stage } from './chromium.ts';
import { logKey, withOneByteChanged } from './logs.ts';

/*
 * What a browser may lack or forbid costs time, never the verdict: workers, WebAssembly, compiling at once. And what does end a
 * verification says so.
 */

const alice = fixedKey('alice');
const log = new LogBuilder([alice]).genesis().calls(12);
const changed = edited(log.bytes(), '"data":{"n":1}', '"data":{"n":0}');
const keys = [{ jwk: toJwk(alice.publicKey) }];
const fileKeys = { keys: [{ jwk: toJwk(logKey.publicKey) }], allowUnsignedTail: true, workers: 2 };
const outside = (verdict: Verdict): object => JSON.parse(JSON.stringify({ ...verdict, run: null })) as object;

describe.skipIf(SKIP)(`${IN_CHROMIUM}, with less than there could be`, () => {
  let stage: Stage;
  let file: string;
  let forged: string;
  let expected: Verdict;
  beforeAll(async () => {
    stage = await Stage.open();
    file = join(stage.folder, 'log.jsonl');
    await makeLog(file, 120_000);
    forged = withOneByteChanged(file, 40_000_000);
    expected = await verify(changed, { keys: [alice.publicKey], name: 'log' });
    expect(expected).toMatchObject({ verdict: 'invalid', problems: [{ code: 'HASH_MISMATCH', line: 2 }, {}] });
  });
  afterAll(() => stage.close());

  /** A forged log and a large file: the right verdict of both. @param ready workers to load ahead. @returns the runs. */
  async function check(
    on: Stage,
    before?: () => void,
    offline = false,
    ready = 0,
  ): Promise<{ runs: Verdict['run'][]; tab: string[] }> {
    const tab = await on.tab(before);
    if (offline) await tab.tab.goOffline();
    const one = await tab.bytes(changed, { keys });
    expect(outside(one)).toEqual(outside(expected));
    if (ready > 0) expect(await tab.prepare({ workers: ready })).toBe(ready);
    const whole = await tab.file(file, fileKeys);
    expect(whole.verdict).toMatchObject({ verdict: 'valid', counts: { lines: 120_001 } });
    const bad = await tab.file(forged, fileKeys);
    expect(bad.verdict).toMatchObject({ verdict: 'invalid', problems: [{ code: 'HASH_MISMATCH' }] });
    // Whoever computes: the page is never still for long.
    expect(whole.thread.longest).toBeLessThan(500);
    await tab.tab.close();
    return { runs: [one.run, whole.verdict.run, bad.verdict.run], tab: tab.tab.requests };
  }
  const wasmAlone = { engine: 'wasm', workers: 1 };
  const loadsNoble = (requests: readonly string[]): boolean => requests.some((url) => url.includes('noble-verifier'));

  test('no Worker at all, and streams that fill no buffer of ours', async () => {
    const { runs, tab } = await check(stage, () => {
      Reflect.deleteProperty(globalThis, 'Worker');
      const { getReader } = ReadableStream.prototype;
      ReadableStream.prototype.getReader = function (this: ReadableStream, options?: { mode?: string }) {
        if (options?.mode === 'byob') throw new TypeError('not a byte stream');
        return getReader.call(this);
      } as typeof getReader;
    });
    for (const run of runs) expect(run).toMatchObject(wasmAlone);
    expect(loadsNoble(tab)).toBe(false);
  });

  test('a Worker that throws when it is made', async () => {
    const { runs } = await check(stage, () => {
      Object.assign(globalThis, {
        Worker: function Worker() {
          throw new DOMException('not from here', 'SecurityError');
        },
      });
    });
    for (const run of runs) expect(run).toMatchObject(wasmAlone);
  });

  test('workers that were not loaded when the network went', async () => {
    const { runs, tab } = await check(stage, undefined, true);
    for (const run of runs) expect(run).toMatchObject(wasmAlone);
    expect(tab.some((url) => url.includes('worker'))).toBe(true);
  });

  test('a policy that forbids workers', async () => {
    const strict = await Stage.open(STRICT.replace("worker-src 'self'", "worker-src 'none'"));
    try {
      const { runs, tab } = await check(strict);
      for (const run of runs) expect(run).toMatchObject(wasmAlone);
      expect(tab.filter((url) => url.includes('worker'))).toEqual([]);
    } finally {
      await strict.close();
    }
  });

  test('a page that may not compile more than 4 KB at once, as Chromium before 115', async () => {
    const refuse = (): void => {
      const refused = (): never => {
        throw new RangeError(
          'WebAssembly.Compile is disallowed on the main thread, if the buffer size is larger than 4KB.',
        );
      };
      WebAssembly.Module = new Proxy(WebAssembly.Module, { construct: refused });
      WebAssembly.Instance = new Proxy(WebAssembly.Instance, { construct: refused });
    };
    const { runs } = await check(stage, refuse, false, 2);
    for (const run of runs) expect(run.engine).toBe('wasm');
    expect(runs[1]!.workers).toBe(2);
  });

  describe('no WebAssembly: the JavaScript engine, loaded when it is needed', () => {
    const none = (): void => void Reflect.deleteProperty(globalThis, 'WebAssembly');

    test('absent', async () => {
      const tab = await stage.tab(none);
      expect(loadsNoble(tab.tab.requests)).toBe(false);
      const one = await tab.bytes(changed, { keys });
      expect(outside(one)).toEqual(outside(expected));
      expect(one.run).toMatchObject({ engine: 'noble', module_sha256: null });
      expect(loadsNoble(tab.tab.requests)).toBe(true);
      // Its workers have it, too.
      const { verdict } = await tab.file(file, fileKeys);
      expect(verdict).toMatchObject({ verdict: 'valid', run: { engine: 'noble', workers: 2 } });
      expect(tab.tab.requests.some((url) => url.includes('worker-noble'))).toBe(true);
      await tab.tab.close();
    });

    test('forbidden by the policy', async () => {
      const strict = await Stage.open(STRICT.replace(" 'wasm-unsafe-eval'", ''));
      try {
        const tab = await strict.tab();
        const one = await tab.bytes(changed, { keys });
        expect(outside(one)).toEqual(outside(expected));
        expect(one.run).toMatchObject({ engine: 'noble', module_sha256: null });
        expect(await tab.failure(changed, { keys, engine: 'wasm' })).toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
      } finally {
        await strict.close();
      }
    });

    test('and the network off: an error that says so; loaded before, it works', async () => {
      const tab = await stage.tab(none);
      await tab.tab.goOffline();
      expect(await tab.failure(changed, { keys })).toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
      await tab.tab.close();
      const prepared = await stage.tab(none);
      expect(await prepared.prepare({ workers: 2 })).toBe(2);
      await prepared.tab.goOffline();
      expect(outside(await prepared.bytes(changed, { keys }))).toEqual(outside(expected));
      const { run } = (await prepared.file(file, fileKeys)).verdict;
      expect(run).toMatchObject({ engine: 'noble', workers: 2 });
      await prepared.tab.close();
    });
  });

  test('a cross-check runs the JavaScript engine beside the kernels, in workers that have both', async () => {
    const tab = await stage.tab();
    const one = await tab.bytes(changed, { keys, crossCheck: true });
    expect(outside(one)).toEqual(outside(expected));
    expect(one.run).toMatchObject({ engine: 'wasm', cross_checked_with: 'noble' });
    // Loaded ahead: on a busy machine the page is done before a worker has come.
    expect(await tab.prepare({ workers: 2, crossCheck: true })).toBe(2);
    const { verdict } = await tab.file(file, { ...fileKeys, crossCheck: true });
    expect(verdict.run).toMatchObject({ engine: 'wasm', cross_checked_with: 'noble', workers: 2 });
    await tab.tab.close();
  });

  test('a worker that dies at its work ends the verification: WORKER_FAILED', async () => {
    const tab = await stage.tab(() => {
      const { Worker: Real } = globalThis;
      let tasks = 0;
      globalThis.Worker = class extends Real {
        override postMessage(message: { op?: string }, transfer?: unknown): void {
          if (message.op === 'task' && ++tasks === 3) {
            this.terminate();
            this.dispatchEvent(new ErrorEvent('error', { message: 'out of memory' }));
          } else super.postMessage(message, transfer as Transferable[]);
        }
      };
    });
    expect(await tab.prepare({ workers: 2 })).toBe(2);
    const failed = await tab.file(file, fileKeys).then(
      () => null,
      (error: unknown) => String(error),
    );
    expect(failed).toContain('expected a worker to do its part, got none: out of memory');
    await tab.tab.close();
  });
});
