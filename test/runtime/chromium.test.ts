import { createHash } from 'node:crypto';
import { openAsBlob, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeLog } from '../../bench/make-log.ts';
import { type Verdict, verify } from '../../src/auditor.ts';
import { parseJwk, toJwk } from '../../src/crypto/public-key.ts';
import { root } from '../house/tree.ts';
import { compared, FOLDERS, optionsOf, readKit } from '../tamper/kit.ts';
import { IN_CHROMIUM, pageOptions, SKIP, Stage, type VerifyTab } from './chromium.ts';
import { logKey, withOneByteChanged, writeSignedLog } from './logs.ts';
import { peakMemoryOfPages } from './peak-memory.ts';

/*
 * perdure/verify in a page, as an application has it: bundled by vite as it comes, under a policy that forbids every connection, and
 * with the network off.
 */

const keys = [{ jwk: toJwk(logKey.publicKey) }];
interface ProofIndex {
  readonly keys: { readonly alice: { readonly jwk: unknown } };
}

const outside = (verdict: Verdict): object => JSON.parse(JSON.stringify({ ...verdict, run: null })) as object;
/** The same in this process: with the engines and threads of Node. */
const inNode = async (file: string, more: object = {}): Promise<Verdict> =>
  verify(await openAsBlob(file), { keys: [logKey.publicKey], name: file.split('/').at(-1)!, ...more });

describe.skipIf(SKIP)(`${IN_CHROMIUM}, the network off`, () => {
  let stage: Stage;
  let tab: VerifyTab;
  let asked: number;
  beforeAll(async () => {
    stage = await Stage.open();
    tab = await stage.tab();
    expect(await tab.prepare({ workers: 2 })).toBe(2);
    await tab.tab.goOffline();
    asked = tab.tab.requests.length;
    expect(asked).toBeGreaterThan(2);
  });
  afterAll(() => stage.close());

  test.each(FOLDERS)('the conformance kit, %s: the verdict of Node, to the letter', async (folder) => {
    const { cases } = readKit(folder);
    expect(cases.length).toBeGreaterThan(10);
    for (const one of cases) {
      const found = await tab.bytes(one.bytes, pageOptions(one));
      const both = compared(one, found);
      expect(both.found, one.name).toEqual(both.expected);
      expect(found.run.engine, one.name).toBe('wasm');
      const here = await verify(one.bytes, { ...optionsOf(one), name: 'log' });
      expect(outside(found), one.name).toEqual(outside(here));
    }
  });

  test('receipts that stand without their log: the verdict of Node', async () => {
    const folder = join(root, 'vectors', 'proofs');
    const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as ProofIndex;
    const alice = parseJwk(index.keys.alice.jwk);
    for (const name of ['receipt.tlog-proof', 'receipt-after-rotation.json', 'path-hash-changed.tlog-proof']) {
      const bytes = readFileSync(join(folder, name));
      const found = await tab.bytes(bytes, { keys: [{ jwk: toJwk(alice) }] });
      const here = await verify(bytes, { keys: [alice], name: 'log' });
      expect(outside(found), name).toEqual(outside(here));
      expect(found.verdict, name).toBe(name.startsWith('path') ? 'invalid' : 'valid');
    }
  });

  test('the module is that of dist, and small', async () => {
    const recording = await stage.tab(recordModules);
    const { run } = await recording.bytes(new Uint8Array(0), { keys });
    const module = Buffer.from(await recording.tab.page.evaluate(recordedModule), 'base64');
    const sha256 = createHash('sha256').update(module).digest('hex');
    expect(module.equals(readFileSync(join(root, 'dist', 'verifier.wasm')))).toBe(true);
    expect(run).toMatchObject({ engine: 'wasm', module_sha256: sha256, cross_checked_with: null });
    expect(module.length).toBeLessThanOrEqual(110 * 1024);
    expect(brotliCompressSync(module).length).toBeLessThanOrEqual(30 * 1024);
    await recording.tab.close();
  });

  test('a signed file of 50 MB: two workers, one worker and Node say the same, of it and of a forged one', async () => {
    const file = join(stage.folder, 'signed.jsonl');
    const head = await writeSignedLog(file, 10_000);
    expect(statSync(file).size).toBeGreaterThan(50e6);
    const options = { keys, expect: { head } };
    const two = await tab.file(file, { ...options, workers: 2 });
    expect(two.verdict).toMatchObject({ verdict: 'valid', tail: { status: 'complete' }, head, problems: [] });
    expect(two.verdict.signatures).toMatchObject({ required: head.size, valid: head.size });
    expect(two.verdict.run).toMatchObject({ engine: 'wasm', workers: 2 });
    const one = await tab.file(file, { ...options, workers: 1 });
    expect(one.verdict.run.workers).toBe(1);
    const here = await inNode(file, { expect: { head } });
    for (const { verdict } of [one, two]) expect(outside(verdict)).toEqual(outside(here));

    const forged = withOneByteChanged(file, 40_000_000);
    const bad = await tab.file(forged, { ...options, workers: 2 });
    expect(bad.verdict.verdict).toBe('invalid');
    expect(bad.verdict.problems.map(({ code }) => code)).toEqual(['HASH_MISMATCH', 'SIGNATURE_INVALID']);
    expect(outside(bad.verdict)).toEqual(outside(await inNode(forged, { expect: { head } })));
  });

  test('an unsigned file of 140 MB is streamed: workers do it, the page stays alive, memory stays flat', async () => {
    const options = { keys, allowUnsignedTail: true };
    const small = join(stage.folder, 'small.jsonl');
    await makeLog(small, 40_000);
    const large = join(stage.folder, 'large.jsonl');
    const made = await makeLog(large, 240_000);
    expect(made.bytes).toBeGreaterThan(140e6);

    const first = await tab.file(small, { ...options, workers: 2 });
    expect(first.verdict.verdict).toBe('valid');
    const before = await peakMemoryOfPages(stage.browser);
    const { verdict, thread, ms } = await tab.file(large, { ...options, workers: 2 });
    const after = await peakMemoryOfPages(stage.browser);
    expect(verdict).toMatchObject({ verdict: 'valid', head: made.head, counts: { lines: made.entries } });
    expect(verdict.run.workers).toBe(2);
    // A frame is 16 ms and a batch of lines takes less; the rest is what a busy machine adds.
    expect(thread.longest).toBeLessThan(300);
    expect(thread.ticks).toBeGreaterThan(ms / 100);
    // Without streaming it would be the 120 MB that one file is larger than the other.
    if (before !== null && after !== null) expect(after - before).toBeLessThan(60e6);

    const changed = withOneByteChanged(large, 100_000_000);
    const [two, one, here] = [
      (await tab.file(changed, { ...options, workers: 2 })).verdict,
      (await tab.file(changed, { ...options, workers: 1 })).verdict,
      await inNode(changed, { allowUnsignedTail: true }),
    ];
    expect(two).toMatchObject({ verdict: 'invalid', problem_count: 1, problems: [{ code: 'HASH_MISMATCH' }] });
    expect(outside(two)).toEqual(outside(here));
    expect(outside(one)).toEqual(outside(here));
  });

  test('the code of the README says what it is said to say', async () => {
    const file = join(stage.folder, 'small-signed.jsonl');
    await writeSignedLog(file, 200);
    const [{ jwk }] = keys;
    const fresh = await stage.tab();
    expect(await fresh.readme(file, jwk!)).toBe('valid (wasm, workers: 1)');
    const bad = await fresh.readme(withOneByteChanged(file, 300_000), jwk!);
    expect(bad.split('\n').map((line) => line.slice(0, 22))).toEqual([
      'invalid (wasm, workers',
      expect.stringMatching(/^HASH_MISMATCH line \d+:/),
      expect.stringMatching(/^SIGNATURE_INVALID line/),
    ]);
    await fresh.tab.close();
  });

  test('all of this without one request, and without a complaint of the browser', () => {
    expect(tab.tab.requests.slice(asked)).toEqual([]);
    expect(tab.tab.said).toEqual([]);
  });
});

/** Runs in the page, before its scripts: keep the bytes of every module that is compiled. */
function recordModules(): void {
  const kept: Uint8Array[] = [];
  Object.assign(globalThis, { kept });
  WebAssembly.Module = new Proxy(WebAssembly.Module, {
    construct(target, args: [Uint8Array<ArrayBuffer>]) {
      kept.push(args[0].slice());
      return new target(...args);
    },
  });
}

/** Runs in the page. */
function recordedModule(): string {
  const { kept } = globalThis as unknown as { kept: Uint8Array[] };
  if (kept.length !== 1) throw new Error(`expected one module, got ${kept.length}`);
  let text = '';
  for (const byte of kept[0]!) text += String.fromCharCode(byte);
  return btoa(text);
}
