import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { type Pins, verify } from '../../src/auditor.ts';
import { demo } from '../../src/cli/demo.ts';
import { demoGate } from '../../src/cli/demo-gate.ts';
import { fold } from '../../src/cli/demo-print.ts';
import type { Io, Out } from '../../src/cli/io.ts';
import { readPublicKeyFile } from '../../src/crypto/public-key-file.ts';
import { openLog } from '../../src/log/open.ts';
import { openEvidence } from '../../src/verify/files.ts';

const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'perdure-demo-test-')));
const { TMPDIR } = process.env;
beforeAll(() => {
  process.env.TMPDIR = scratch;
});
afterEach(() => {
  vi.doUnmock('../../src/auditor.ts');
  vi.resetModules();
});
afterAll(() => {
  if (TMPDIR === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = TMPDIR;
  rmSync(scratch, { recursive: true, force: true });
});

const WAYS = ['edit', 'delete', 'reorder', 'insert', 'cut', 'foreign-key'];

/** Run the demo against an output that keeps what it is given. */
async function watch(run: typeof demo, { color = false, columns = 80 } = {}): Promise<{ code: number; text: string }> {
  let text = '';
  const stdout: Out = {
    write: async (data) => {
      text += typeof data === 'string' ? data : new TextDecoder().decode(data);
    },
    isTTY: color,
    terminal: null,
    columns,
    color,
    closed: false,
    failure: null,
  };
  const silent: Out = {
    ...stdout,
    write: async () => {
      throw new Error('nothing to say on standard error');
    },
  };
  const stdin = {
    isTTY: false,
    chunks: () => {
      throw new Error('nothing to read');
    },
    askSecret: async () => null,
  };
  const io: Io = { stdin, stdout, stderr: silent, env: {}, interruption: () => new AbortController().signal };
  return { code: await run(io), text };
}

test('the demo does what it tells: real calls, receipts that verify, six ways to tamper, each caught', async () => {
  const { code, text } = await watch(demo);
  expect(text).toContain('AS TOLD');
  expect(code).toBe(0);

  // Readable: no colour where there is none, and only what a reader copies is wider than a terminal.
  expect(stripVTControlCharacters(text)).toBe(text);
  const wide = text.split('\n').filter((line) => line.length > 80);
  expect(wide.filter((line) => !/^ {3,5}(node |--)/.test(line))).toEqual([]);
  for (const name of WAYS) expect(text).toMatch(new RegExp(`^ {3}${name} {2}\\S`, 'm'));

  // What it leaves behind is what it showed: another process could go on with it.
  const folder = /^ {3}folder +(\S+)$/m.exec(text)![1]!;
  expect(folder.startsWith(scratch)).toBe(true);
  const key = readPublicKeyFile(readFileSync(join(folder, 'demo-agent.jwk')));
  const log = await openLog(join(folder, 'log'));
  const head = log.head();
  expect(text).toContain(`--expect-head ${head.size}:${head.hash}`);
  const judge = async (path: string, expect: Pins = {}) => {
    const { verdict, tail, problems } = await verify(await openEvidence(join(folder, path)), { keys: [key], expect });
    return [verdict, tail.status, [...new Set(problems.map((problem) => problem.code))].join(' ')];
  };
  expect(await judge('log', { head })).toEqual(['valid', 'complete', '']);
  expect(readdirSync(join(folder, 'tampered')).sort()).toEqual(WAYS.map((name) => `${name}.jsonl`).sort());
  expect(await Promise.all(WAYS.map((name) => judge(`tampered/${name}.jsonl`)))).toEqual([
    ['invalid', 'unknown', 'HASH_MISMATCH SIGNATURE_INVALID'],
    ['invalid', 'unknown', 'SEQ_BROKEN CHAIN_BROKEN'],
    ['invalid', 'unknown', 'SEQ_BROKEN CHAIN_BROKEN'],
    ['invalid', 'unknown', 'SIGNATURE_INVALID SEQ_BROKEN CHAIN_BROKEN'],
    ['valid', 'unknown', ''],
    ['unverifiable', 'unknown', 'UNKNOWN_SIGNER'],
  ]);
  expect(await judge('tampered/cut.jsonl', { head })).toEqual(['invalid', 'truncated', 'TAIL_TRUNCATED']);
  expect(await judge('tampered/foreign-key.jsonl', { head })).toEqual([
    'invalid',
    'forked',
    'UNKNOWN_SIGNER TAIL_FORKED',
  ]);

  // The calls were real: the receipts hold what the tools gave.
  const statuses: unknown[] = [];
  for await (const { receipt } of log.receipts({ from: 1 })) {
    const { action, outcome } = receipt.entry.event as Record<string, Record<string, unknown>>;
    statuses.push(`${action!.tool} ${outcome!.status}`);
  }
  expect(statuses).toHaveLength(10);
  expect(new Set(statuses)).toEqual(
    new Set([
      'fs.list executed',
      'fs.read executed',
      'fs.hash executed',
      'fs.search executed',
      'proc.run executed',
      'fs.read rejected',
      'fs.read failed',
    ]),
  );
  const read = (await log.get(3))!.receipt.entry.event.outcome as { readonly result_commit: string };
  const kept = await log.readPayload(read.result_commit);
  expect(new TextDecoder().decode(kept!.payload)).toBe(readFileSync('package.json', 'utf8'));
});

test('in colour it says the same', async () => {
  const { code, text } = await watch(demo, { color: true, columns: 200 });
  expect(code).toBe(0);
  expect(stripVTControlCharacters(text)).not.toBe(text);
  for (const name of WAYS) expect(stripVTControlCharacters(text)).toMatch(new RegExp(`^ {3}${name} {2}\\S`, 'm'));
});

test('it is a self-test: with a verifier that lets a forgery pass it says so and fails', async () => {
  vi.doMock('../../src/auditor.ts', async (original) => ({
    ...(await original<typeof import('../../src/auditor.ts')>()),
    // Blind to signatures of strangers: everything else is judged as ever.
    verify: async (...args: Parameters<typeof verify>) => {
      const verdict = await verify(...args);
      return verdict.verdict === 'unverifiable'
        ? { ...verdict, verdict: 'valid', problems: [], problem_count: 0 }
        : verdict;
    },
  }));
  vi.resetModules();
  const blind = (await import('../../src/cli/demo.ts')).demo;
  const { code, text } = await watch(blind);
  expect(code).toBe(1);
  const [, said] = text.split('NOT AS TOLD');
  expect(said!.replaceAll(/\s+/g, ' ').trim()).toBe(
    'tampered/foreign-key.jsonl: expected unverifiable, tail unknown, UNKNOWN_SIGNER at line 1; got valid, tail unknown, no problem',
  );
});

test('text is broken at spaces, never inside a word, and colours take no room', () => {
  expect(fold('one two three', 7, 2)).toEqual(['one two', '  three']);
  expect(fold('a-word-longer-than-that b', 7, 0)).toEqual(['a-word-longer-than-that', 'b']);
  expect(fold('  kept   apart', 20, 0)).toEqual(['  kept   apart']);
  expect(fold('\u001b[1mone\u001b[22m two', 7, 0)).toEqual(['\u001b[1mone\u001b[22m two']);
  expect(fold('', 7, 0)).toEqual(['']);
});

test('demo gate: an allowed, a denied, a replayed, a stale and an out-of-order call, and what a restart keeps', async () => {
  const { code, text } = await watch(demoGate);
  expect([code, text]).toEqual([0, expect.stringContaining('AS TOLD')]);
  const told = text.split('\n').filter((line) => /^ {3}\S.*(?:ran once|not run); line \d+ of the log$/.test(line));
  expect(told.map((line) => line.trim().replace(/, .*/, ''))).toEqual([
    'allowed  ALLOW ALLOW',
    'denied  DENY POLICY_VIOLATION',
    'replayed  DENY REPLAY_NONCE',
    'stale  DENY STALE_TIMESTAMP',
    'out of order  DENY SEQUENCE_VIOLATION',
    'next step  ALLOW ALLOW',
    'shell  HALT POLICY_VIOLATION',
    'after halt  HALT SEALED_SEQUENCE',
  ]);
  expect(text).toMatch(/VALID 12 receipts/);
});

test('demo gate says so when the gate answers otherwise than told', async () => {
  vi.doMock('../../src/gate/decide.ts', () => ({
    decide: (_state: unknown, { request }: { request: { action: { tool: string } } }) => {
      const open = request.action.tool === 'fs.read';
      const policy = { rule: 'r', reason: 'mocked' };
      return open
        ? { decision: 'ALLOW', code: 'ALLOW', effect: 'allow', ...policy }
        : { decision: 'DENY', code: 'POLICY_VIOLATION', effect: 'deny', ...policy };
    },
  }));
  vi.resetModules();
  const { demoGate: lax } = await import('../../src/cli/demo-gate.ts');
  const { code, text } = await watch(lax);
  vi.doUnmock('../../src/gate/decide.ts');
  expect([code, text]).toEqual([
    1,
    expect.stringMatching(/NOT AS TOLD[\s\S]*denied: expected POLICY_VIOLATION, got ALLOW/),
  ]);
});
