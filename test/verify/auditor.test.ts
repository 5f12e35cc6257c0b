import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { hasNativeMlDsa } from '../../src/crypto/engine-native-verify.ts';
import { VERIFIER_SHA256 } from '../../src/crypto/engine-wasm-verify.ts';
import { crossCheck } from '../../src/crypto/engines.ts';
import { nobleSha256Hex, sha256Hex } from '../../src/crypto/hash.ts';
import type { Verifier } from '../../src/crypto/verifier.ts';
import {
  isReceiptError,
  openEvidence,
  prepareVerification,
  type TrustProvider,
  VERSION,
  type Verdict,
  verify,
  verifyReceipt,
} from '../../src/index.ts';
import { CODES } from '../../src/verify/codes.ts';
import { EXPLANATIONS } from '../../src/verify/explain.ts';
import { trustKeys } from '../../src/verify/trust.ts';
import { verifyWith } from '../../src/verify/verify.ts';
import { fixedKey, LogBuilder } from '../../vectors/build.ts';

const alice = fixedKey('alice');
const bob = fixedKey('bob');
const log = new LogBuilder([alice]).genesis().calls(3);
const keys = [alice.publicKey];

test('prepareVerification: in Node there is nothing to wait for, but what cannot work is said at once', async () => {
  expect(await prepareVerification()).toBe(0);
  expect(await prepareVerification({ engine: 'noble', workers: 4 })).toBe(0);
  await expect(prepareVerification({ workers: 0.5 })).rejects.toThrow(RangeError);
  await expect(prepareVerification({ engine: 'abacus' as 'noble' })).rejects.toThrow(TypeError);
  if (!hasNativeMlDsa()) {
    await expect(prepareVerification({ engine: 'native' })).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
  }
});

describe('verifyReceipt', () => {
  test('one line, with or without its LF, as bytes or text', async () => {
    const line = log.lines[2]!;
    for (const given of [line, line.subarray(0, line.length - 1), new TextDecoder().decode(line)]) {
      const verdict = await verifyReceipt(given, alice.publicKey);
      expect(verdict.verdict).toBe('valid');
      expect(verdict.subject.kind).toBe('receipt');
      expect(verdict.not_proven).toEqual(
        expect.arrayContaining(['place in the log not proven', 'later rotations not excluded']),
      );
    }
  });
  test('several lines are not one receipt', async () => {
    await expect(verifyReceipt(log.bytes(), alice.publicKey)).rejects.toThrow(RangeError);
  });
  test('another key, a changed byte, no line at all', async () => {
    expect((await verifyReceipt(log.lines[2]!, bob.publicKey)).problems.map((p) => p.code)).toEqual([
      'SIGNATURE_MISSING',
    ]);
    const changed = log.lines[2]!.slice();
    changed[60]! ^= 1;
    expect((await verifyReceipt(changed, alice.publicKey)).verdict).toBe('invalid');
    expect((await verifyReceipt('', alice.publicKey)).verdict).not.toBe('valid');
  });
});

test('a stream that reuses one Buffer is kept for its second reading as it was: a kid pin needs both', async () => {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    const reused = Buffer.alloc(1000);
    const bytes = log.bytes();
    for (let at = 0; at < bytes.length; at += reused.length) {
      const piece = bytes.subarray(at, at + reused.length);
      reused.set(piece);
      yield reused.subarray(0, piece.length);
    }
  }
  expect(await verify(chunks(), { keys: [alice.publicKey.kid] })).toMatchObject({
    verdict: 'valid',
    counts: { lines: 4 },
  });
});

describe('engines and ports', () => {
  test('both hashes give one verdict', async () => {
    const outside = ({ run, ...rest }: Verdict) => rest;
    const all = await Promise.all(
      [sha256Hex, nobleSha256Hex].map(async (hash) => {
        const { nobleVerifier } = await import('../../src/crypto/engine-noble-verify.ts');
        const source = { kind: 'log', name: 'log', chunks: () => [log.bytes()] } as const;
        return outside(
          await verifyWith(
            source,
            { trust: trustKeys([{ key: alice.publicKey }]) },
            { verifier: nobleVerifier, sha256Hex: hash },
          ),
        );
      }),
    );
    expect(all[0]).toEqual(all[1]);
  });
  test('a cross-check that disagrees stops verification', async () => {
    const yes: Verifier = { engine: 'noble', verify: () => true };
    const no: Verifier = { engine: 'native', verify: () => false };
    const source = { kind: 'log', name: 'log', chunks: () => [log.bytes()] } as const;
    const run = verifyWith(
      source,
      { trust: trustKeys([{ key: alice.publicKey }]) },
      { verifier: crossCheck(yes, no), sha256Hex },
    );
    await expect(run).rejects.toSatisfy((error) => isReceiptError(error, 'ENGINES_DISAGREE'));
  });
  test('a cross-check without a second engine is said, not skipped in silence', async () => {
    vi.stubGlobal('WebAssembly', undefined);
    vi.resetModules();
    try {
      const fresh = await import('../../src/auditor.ts');
      const verdict = await fresh.verify(log.bytes(), { keys, crossCheck: true });
      const second = verdict.run.cross_checked_with;
      expect(verdict.verdict).toBe('valid');
      expect(second).toBe(hasNativeMlDsa() ? 'noble' : null);
      expect(verdict.not_checked.some(({ what }) => what === 'cross-check')).toBe(second === null);
    } finally {
      vi.unstubAllGlobals();
      vi.resetModules();
    }
  });
  test('two engines are there in every Node: each choice is cross-checked with another', async () => {
    for (const [engine, second] of [
      ['auto', 'noble'],
      ['wasm', 'noble'],
      ['noble', 'wasm'],
    ] as const) {
      const verdict = await verify(log.bytes(), { keys, engine, crossCheck: true });
      expect([verdict.verdict, verdict.run.cross_checked_with]).toEqual(['valid', second]);
      expect(verdict.not_checked.some(({ what }) => what === 'cross-check')).toBe(false);
    }
  });
  test('the verdict names the module that computed, where one did', async () => {
    const { run } = await verify(log.bytes(), { keys, engine: 'wasm' });
    expect(run).toMatchObject({ engine: 'wasm', module_sha256: VERIFIER_SHA256 });
    expect((await verify(log.bytes(), { keys, engine: 'noble' })).run.module_sha256).toBeNull();
  });
  test('an engine that is not there says so', async () => {
    const run = verify(log.bytes(), { keys, engine: 'native' });
    if (hasNativeMlDsa()) expect((await run).run.engine).toBe('native');
    else await expect(run).rejects.toSatisfy((e) => isReceiptError(e, 'ENGINE_UNAVAILABLE'));
  });
});

describe('reading', () => {
  let dir = '';
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'perdure-auditor-'));
    await mkdir(join(dir, 'audit', 'segments'), { recursive: true });
    await writeFile(join(dir, 'audit', 'segments', '000000.jsonl'), log.lines[0]!);
    await writeFile(join(dir, 'audit', 'segments', '000001.jsonl'), Buffer.concat(log.lines.slice(1, 3)));
    const edited = new TextDecoder().decode(log.lines[3]!).replace('build-bot', 'built-bot');
    await writeFile(join(dir, 'audit', 'segments', '000002.jsonl'), edited);
    await writeFile(join(dir, 'one-file.jsonl'), log.bytes());
  });
  afterAll(() => rm(dir, { recursive: true }));

  test('a log folder: a problem is located in its segment', async () => {
    const verdict = await verify(await openEvidence(join(dir, 'audit')), { keys });
    const offset = log.lines.slice(0, 3).reduce((sum, line) => sum + line.length, 0);
    expect(verdict.problems[0]).toMatchObject({
      code: 'HASH_MISMATCH',
      line: 4,
      seq: 3,
      offset,
      segment: '000002.jsonl',
      segment_offset: 0,
    });
    expect(verdict.problems[0]!.next[0]).toBe(`perdure show ${join(dir, 'audit')}/ 3`);
  });
  test('a single file, and one that is not there', async () => {
    expect((await verify(await openEvidence(join(dir, 'one-file.jsonl')), { keys })).verdict).toBe('valid');
    await expect(openEvidence(join(dir, 'none'))).rejects.toSatisfy((e) => isReceiptError(e, 'LOG_NOT_FOUND'));
    await expect(openEvidence(dir)).rejects.toSatisfy((e) => isReceiptError(e, 'LOG_NOT_FOUND'));
  });
  test('a folder whose segments cannot be listed is a failure to read, not a folder without them', async () => {
    await mkdir(join(dir, 'circle'));
    await symlink('segments', join(dir, 'circle', 'segments'));
    await expect(openEvidence(join(dir, 'circle'))).rejects.toSatisfy((e) => isReceiptError(e, 'IO'));
  });
  test('progress is told, and an abort stops', async () => {
    const seen: number[] = [];
    await verify(log.bytes(), { keys, onProgress: ({ lines }) => seen.push(lines) });
    expect(seen.at(-1)).toBe(4);
    await expect(verify(log.bytes(), { keys, signal: AbortSignal.abort() })).rejects.toSatisfy((e) =>
      isReceiptError(e, 'ABORTED'),
    );
  });
  test('the caller’s bytes are as they were', async () => {
    const bytes = log.bytes();
    const copy = bytes.slice();
    await verify(bytes, { keys });
    expect(bytes).toEqual(copy);
  });
  test('a line without end is counted, not held: memory stays flat', async () => {
    const block = new Uint8Array(1 << 20).fill(0x61);
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    const endless = function* () {
      yield log.lines[0]!;
      for (let i = 0; i < 200; i++) {
        most = Math.max(most, process.memoryUsage().arrayBuffers - before);
        yield block;
      }
      yield Uint8Array.of(0x0a);
    };
    const verdict = await verify({ kind: 'log', name: 'log', chunks: endless }, { keys });
    expect(verdict.problems.map(({ code, line }) => [code, line])).toEqual([['TOO_LARGE', 2]]);
    expect(most).toBeLessThan(32 << 20);
  });
  test('malformed options are the caller’s mistake', async () => {
    await expect(verify(log.bytes(), { expect: { head: { size: 0, hash: log.head } } })).rejects.toThrow(RangeError);
    await expect(verify(log.bytes(), { expect: { genesis: 'AB' } })).rejects.toThrow(RangeError);
    await expect(verify(new Uint8Array(0), { expect: { size: 0 } })).rejects.toThrow(RangeError);
    await expect(verify(new Uint8Array(0), { expect: { minSize: 0 } })).rejects.toThrow(RangeError);
    await expect(verify(log.bytes(), { notBefore: 'yesterday' })).rejects.toThrow(RangeError);
    await expect(verify(log.bytes(), { keys: ['not a kid'] })).rejects.toThrow(RangeError);
    // Spare bits set: no thumbprint is spelt so, and a pin that can match nothing is a mistake.
    await expect(verify(log.bytes(), { keys: [`${'A'.repeat(42)}B`] })).rejects.toThrow(RangeError);
  });
});

describe('another source of trust', () => {
  test('is asked for each signature with kid, seq, time and context, and what it says counts', async () => {
    const asked: string[][] = [];
    const named = { kid: alice.publicKey.kid, by: 'trust_bundle', name: 'alice', key: alice.publicKey } as const;
    const trust: TrustProvider = {
      keys: [named],
      trust(kid, seq, time, context) {
        asked.push([kid, String(seq), time, context]);
        if (kid !== named.kid) return null;
        return { ...named, problem: seq === 2 ? 'KEY_REVOKED' : null };
      },
    };
    const verdict = await verify(log.bytes(), { trust });
    expect(verdict.problems.map(({ code, line }) => [code, line])).toEqual([['KEY_REVOKED', 3]]);
    expect(verdict.keys[0]).toMatchObject({ name: 'alice', trusted_by: 'trust_bundle' });
    expect(asked[1]).toEqual([named.kid, '1', expect.stringMatching(/^2026-11-20T/), 'perdure/entry/v1']);
  });
});

test('the version is that of the package', async () => {
  const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  expect(VERSION).toBe(manifest.version);
});

test('the list of problems is cut where asked, the count never', async () => {
  const lines = log.lines.map((line) => new TextDecoder().decode(line).replace(/"sigs":\[.*\]/, '"sigs":[]'));
  const verdict = await verify(new TextEncoder().encode(lines.join('')), { keys, maxProblems: 2 });
  expect(verdict.problems).toHaveLength(2);
  expect([verdict.problem_count, verdict.problems_truncated]).toEqual([4, true]);
});

test('every code has its explanation', () => {
  expect(Object.keys(EXPLANATIONS).sort()).toEqual(Object.keys(CODES).sort());
});
