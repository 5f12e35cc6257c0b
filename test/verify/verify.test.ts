import { describe, expect, test } from 'vitest';
import { verify } from '../../src/auditor.ts';
import { concatBytes, utf8 } from '../../src/base/bytes.ts';
import { closeEvent, recoveryEvent, rotationEvent } from '../../src/receipt/control.ts';
import type { Verdict } from '../../src/verify/verdict.ts';
import { call, fixedKey, LogBuilder, textOf } from '../../vectors/build.ts';

const alice = fixedKey('alice');
const bob = fixedKey('bob');
const carol = fixedKey('carol');
const ed = fixedKey('ed', 'Ed25519');
const pk = (key: typeof alice) => key.publicKey;

/** Code and line of every problem, in order. */
const codes = (verdict: Verdict): string[] => verdict.problems.map(({ code, line }) => `${code}@${line ?? '-'}`);

describe('a good log', () => {
  const log = new LogBuilder([alice]).genesis().calls(4);
  test('is valid under its key, tail unknown', async () => {
    const verdict = await verify(log.bytes(), { keys: [{ name: 'alice', key: pk(alice) }] });
    expect(codes(verdict)).toEqual([]);
    expect(verdict.verdict).toBe('valid');
    expect(verdict.tail.status).toBe('unknown');
    expect(verdict.head).toEqual({ size: 5, hash: log.head, genesis: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(verdict.counts).toMatchObject({ lines: 5, valid: 5, invalid: 0, unverifiable: 0, intact_through_line: 5 });
    expect(verdict.signatures).toEqual({
      required: 5,
      valid: 5,
      invalid: 0,
      missing: 0,
      unknown: 0,
      by_alg: { 'ML-DSA-65': 5 },
    });
    expect(verdict.keys).toEqual([
      { kid: pk(alice).kid, alg: 'ML-DSA-65', name: 'alice', trusted_by: 'key', through_seq: null, receipts: 5 },
    ]);
    expect(verdict.subject).toEqual({ kind: 'log', name: 'bytes', origin: log.log, mode: 'each' });
  });
  test('is unverifiable without a key: anyone can make such a log', async () => {
    const verdict = await verify(log.bytes());
    expect(verdict.verdict).toBe('unverifiable');
    expect(codes(verdict)).toEqual(['UNKNOWN_SIGNER@1']);
    expect(verdict.problems[0]!.count).toBe(5);
  });
  test('is valid under a pinned kid whose JWK stands in the genesis', async () => {
    expect((await verify(log.bytes(), { keys: [pk(alice).kid] })).verdict).toBe('valid');
  });
  test('is unverifiable under a stranger’s key', async () => {
    const verdict = await verify(log.bytes(), { keys: [pk(bob)] });
    expect(codes(verdict)).toEqual(['UNKNOWN_SIGNER@1']);
  });
  test('reads the same from a stream, a Blob and any chunks', async () => {
    const bytes = log.bytes();
    const stream = async function* () {
      for (let at = 0; at < bytes.length; at += 777) yield bytes.subarray(at, at + 777);
    };
    const outside = ({ run, subject, ...rest }: Verdict) => rest;
    const expected = outside(await verify(bytes, { keys: [pk(alice)] }));
    expect(outside(await verify(stream(), { keys: [pk(alice)] }))).toEqual(expected);
    expect(outside(await verify(new Blob([bytes as BlobPart]), { keys: [pk(alice).kid] }))).toMatchObject({
      verdict: 'valid',
    });
    expect((await verify(stream(), { keys: [pk(alice).kid] })).verdict).toBe('valid');
  });
});

describe('tampering shows where it is', () => {
  const build = () => new LogBuilder([alice]).genesis().calls(5);
  const lines = textOf(build().lines);
  const check = async (changed: readonly string[]) => verify(utf8(changed.join('')), { keys: [pk(alice)] });
  test('edit', async () => {
    const changed = lines.map((line, i) => (i === 3 ? line.replace('build-bot', 'built-bot') : line));
    expect(codes(await check(changed))).toEqual(['HASH_MISMATCH@4', 'SIGNATURE_INVALID@4']);
  });
  test('delete', async () => {
    expect(codes(await check(lines.filter((_, i) => i !== 2)))).toEqual(['SEQ_BROKEN@3', 'CHAIN_BROKEN@3']);
  });
  test('reorder', async () => {
    const changed = [lines[0]!, lines[2]!, lines[1]!, ...lines.slice(3)];
    expect(codes(await check(changed))).toEqual([
      'SEQ_BROKEN@2',
      'CHAIN_BROKEN@2',
      'SEQ_BROKEN@3',
      'CHAIN_BROKEN@3',
      'SEQ_BROKEN@4',
      'CHAIN_BROKEN@4',
    ]);
  });
  test('insert by a stranger', async () => {
    const stranger = new LogBuilder([bob]).genesis().calls(5, { by: [bob] });
    const changed = [...lines.slice(0, 3), textOf(stranger.lines)[3]!, ...lines.slice(3)];
    expect(codes(await check(changed))).toEqual([
      'CHAIN_BROKEN@4',
      'SIGNATURE_MISSING@4',
      'SEQ_BROKEN@5',
      'CHAIN_BROKEN@5',
    ]);
  });
  test('every signature stripped', async () => {
    const changed = lines.map((line) => line.replace(/"sigs":\[.*\]/, '"sigs":[]'));
    const verdict = await check(changed);
    expect(codes(verdict)).toEqual(lines.map((_, i) => `SIGNATURE_MISSING@${i + 1}`));
    expect(verdict.counts.intact_through_line).toBe(0);
  });
  test('problems are counted also where none is to be listed', async () => {
    const changed = lines.map((line, i) => (i === 3 ? line.replace('build-bot', 'built-bot') : line));
    const verdict = await verify(utf8(changed.join('')), { keys: [pk(bob)], maxProblems: 0 });
    expect([verdict.verdict, verdict.problems, verdict.problems_truncated]).toEqual(['invalid', [], true]);
    expect(verdict.problem_count).toBe(3);
  });
  test('cut in the middle of the last line', async () => {
    const bytes = build().bytes();
    const verdict = await verify(bytes.subarray(0, bytes.length - 10), { keys: [pk(alice)] });
    expect(verdict.verdict).toBe('unverifiable');
    expect(codes(verdict)).toEqual(['TORN_TAIL@-']);
    expect(verdict.counts.lines).toBe(5);
  });
  test('only the last line end missing: the line counts, the tail is open', async () => {
    const log = build();
    const bytes = log.bytes();
    const head = { size: 6, hash: log.head };
    const verdict = await verify(bytes.subarray(0, bytes.length - 1), { keys: [pk(alice)], expect: { head } });
    expect(verdict.verdict).toBe('valid');
    expect(verdict.tail).toEqual({ status: 'open', pinned_by: 'head', pinned_size: 6, torn_bytes: 0 });
    expect(verdict.notes).toContainEqual({ code: 'TORN_TAIL', line: null, count: 1 });
  });
});

describe('pins', () => {
  const log = new LogBuilder([alice]).genesis().calls(5);
  const hashes = log.lines.map((line) => /"hash":"([0-9a-f]{64})"/.exec(new TextDecoder().decode(line))![1]!);
  const at = async (count: number, expectation: object) =>
    verify(concatBytes(...log.lines.slice(0, count)), { keys: [pk(alice)], expect: expectation });
  test('a head says complete, open, truncated or forked', async () => {
    const head = { size: 4, hash: hashes[3]! };
    expect((await at(4, { head })).tail).toMatchObject({ status: 'complete', pinned_by: 'head', pinned_size: 4 });
    expect((await at(6, { head })).tail.status).toBe('open');
    const truncated = await at(3, { head });
    expect([truncated.verdict, truncated.tail.status, ...codes(truncated)]).toEqual([
      'invalid',
      'truncated',
      'TAIL_TRUNCATED@-',
    ]);
    const forked = await at(5, { head: { size: 4, hash: hashes[2]! } });
    expect([forked.verdict, forked.tail.status, ...codes(forked)]).toEqual(['invalid', 'forked', 'TAIL_FORKED@-']);
  });
  test('sizes and genesis', async () => {
    expect((await at(6, { size: 6 })).tail.status).toBe('complete');
    expect((await at(6, { size: 5 })).tail.status).toBe('open');
    expect((await at(6, { size: 7 })).tail.status).toBe('truncated');
    expect((await at(6, { minSize: 6 })).tail.status).toBe('unknown');
    expect((await at(5, { minSize: 6 })).tail).toMatchObject({ status: 'truncated', pinned_by: 'min-size' });
    expect((await at(6, { genesis: hashes[0]! })).tail.status).toBe('unknown');
    expect((await at(6, { genesis: hashes[1]! })).tail.status).toBe('forked');
  });
  test('an empty log is unverifiable, and truncated under any pin', async () => {
    const empty = await verify(new Uint8Array(0), { keys: [pk(alice)] });
    expect([empty.verdict, ...codes(empty)]).toEqual(['unverifiable', 'EMPTY@-']);
    for (const pin of [{ minSize: 1 }, { size: 3 }, { genesis: hashes[0]! }, { head: { size: 1, hash: hashes[0]! } }]) {
      const verdict = await verify(new Uint8Array(0), { expect: pin });
      expect([verdict.verdict, verdict.tail.status]).toEqual(['invalid', 'truncated']);
    }
  });
  test('a pinned line that cannot be read leaves the pin unchecked', async () => {
    const lines = textOf(log.lines);
    lines[3] = `${lines[3]!.slice(0, 30)}\n`;
    const verdict = await verify(utf8(lines.join('')), {
      keys: [pk(alice)],
      expect: { head: { size: 4, hash: hashes[3]! } },
    });
    expect(codes(verdict)).toEqual(['MALFORMED@4', 'PIN_UNCHECKED@-']);
  });
});

describe('keys over time', () => {
  const rotated = () => {
    const log = new LogBuilder([alice]).genesis().calls(2);
    log.add(rotationEvent({ mode: 'each', keys: [pk(bob)] }), { by: [alice, bob] });
    log.keys = [bob];
    return log.calls(2);
  };
  test('a rotation is followed: OLD covers what its rotation names', async () => {
    const verdict = await verify(rotated().bytes(), { keys: [pk(alice)] });
    expect(codes(verdict)).toEqual([]);
    expect(verdict.verdict).toBe('valid');
    expect(verdict.keys.find((key) => key.kid === pk(bob).kid)).toMatchObject({
      trusted_by: 'chain',
      through_seq: null,
      receipts: 3,
    });
    expect(verdict.keys.find((key) => key.kid === pk(alice).kid)).toMatchObject({
      trusted_by: 'key',
      through_seq: 3,
      receipts: 4,
    });
  });
  test('NEW alone leaves the entries before it to unknown signers', async () => {
    const verdict = await verify(rotated().bytes(), { keys: [pk(bob)] });
    expect(codes(verdict)).toEqual(['UNKNOWN_SIGNER@1']);
    expect(verdict.problems[0]!.count).toBe(3);
  });
  test('a kid pinned before its JWK appears counts everywhere, also from a stream', async () => {
    const log = new LogBuilder([alice]).genesis().calls(1, { by: [alice, bob] });
    log.add(rotationEvent({ mode: 'each', keys: [pk(bob)] }), { by: [alice, bob] });
    log.keys = [bob];
    log.calls(1);
    for (const evidence of [
      log.bytes(),
      (async function* () {
        yield log.bytes();
      })(),
    ]) {
      const verdict = await verify(evidence, { keys: [pk(bob).kid] });
      expect(codes(verdict)).toEqual(['UNKNOWN_SIGNER@1']);
      expect(verdict.problems[0]!.count).toBe(1);
      expect(verdict.signatures.unknown).toBe(0);
    }
  });
  test('a retired key makes a later line invalid, even beside good ones', async () => {
    const log = rotated().calls(1, { by: [alice, bob] });
    expect(codes(await verify(log.bytes(), { keys: [pk(alice)] }))).toEqual(['KEY_RETIRED@7']);
  });
  test('a rotation without the old key’s signature changes nothing', async () => {
    const log = new LogBuilder([alice]).genesis();
    log.add(rotationEvent({ mode: 'each', keys: [bob.publicKey] }), { by: [bob] });
    log.calls(1, { by: [bob] });
    const verdict = await verify(log.bytes(), { keys: [pk(alice)] });
    expect(codes(verdict)).toEqual(['SIGNATURE_MISSING@2', 'SIGNATURE_MISSING@3']);
    expect(verdict.signatures.unknown).toBe(1);
  });
  test('a retired key that a later rotation names again is in force again', async () => {
    const log = rotated();
    log.add(rotationEvent({ mode: 'each', keys: [pk(alice)] }), { by: [alice, bob] });
    log.keys = [alice];
    log.calls(1);
    expect(codes(await verify(log.bytes(), { keys: [pk(alice)] }))).toEqual([]);
  });
  test('dropping an algorithm or signing less is reported and never valid', async () => {
    const log = new LogBuilder([alice, ed]).genesis().calls(1);
    log.add(rotationEvent({ mode: 'each', keys: [pk(alice)] }), { by: [alice, ed] });
    log.keys = [alice];
    log.calls(1);
    const verdict = await verify(log.bytes(), { keys: [pk(alice)] });
    expect([verdict.verdict, ...codes(verdict)]).toEqual(['unverifiable', 'REQUIREMENT_LOWERED@3']);
  });
  test('old and new keys together are at most 8', async () => {
    const many = Array.from({ length: 8 }, (_, i) => fixedKey(`ed${i}`, 'Ed25519'));
    const log = new LogBuilder([alice]).genesis();
    log.add(rotationEvent({ mode: 'each', keys: many.map(pk) }), { by: many });
    expect(codes(await verify(log.bytes(), { keys: [pk(alice)] }))).toContain('CONTROL_SCHEMA@2');
  });
});

describe('what must be signed', () => {
  test('hybrid: both keys, and the post-quantum one cannot be stripped', async () => {
    const log = new LogBuilder([alice, ed])
      .genesis()
      .calls(1)
      .calls(1, { by: [ed] });
    const verdict = await verify(log.bytes(), { keys: [pk(alice), pk(ed)] });
    expect(codes(verdict)).toEqual(['SIGNATURE_MISSING@3']);
  });
  test('where only a classical key vouches: unverifiable, or valid with that note', async () => {
    const log = new LogBuilder([alice, ed]).genesis().calls(2);
    const strict = await verify(log.bytes(), { keys: [pk(ed)] });
    expect([strict.verdict, ...codes(strict)]).toEqual(['unverifiable', 'CLASSICAL_ONLY@1']);
    const allowed = await verify(log.bytes(), { keys: [pk(ed)], allowClassical: true });
    expect(allowed.verdict).toBe('valid');
    expect(allowed.notes).toContainEqual({ code: 'CLASSICAL_ONLY', line: 1, count: 3 });
  });
  test('another algorithm claimed for a known key', async () => {
    const log = new LogBuilder([alice]).genesis().calls(1);
    const lines = textOf(log.lines);
    lines[1] = lines[1]!.replace('"alg":"ML-DSA-65"', '"alg":"ML-DSA-87"');
    expect(codes(await verify(utf8(lines.join('')), { keys: [pk(alice)] }))).toEqual(['SIGNATURE_INVALID@2']);
  });
  test('a signature under another context is no signature of the entry', async () => {
    const log = new LogBuilder([alice]).genesis().calls(1, { context: 'perdure/request/v1' });
    expect(codes(await verify(log.bytes(), { keys: [pk(alice)] }))).toEqual(['SIGNATURE_INVALID@2']);
  });
  test('an unknown key’s signature moves the verdict neither way', async () => {
    const log = new LogBuilder([alice]).genesis().calls(1, { by: [alice, carol] });
    const verdict = await verify(log.bytes(), { keys: [pk(alice)] });
    expect(verdict.verdict).toBe('valid');
    expect(verdict.signatures.unknown).toBe(1);
  });
  test('batch: ordinary entries wait for a checkpoint, control entries do not', async () => {
    const log = new LogBuilder([alice]).genesis('batch').calls(3, { by: [] }).calls(1);
    const strict = await verify(log.bytes(), { keys: [pk(alice)] });
    expect([strict.verdict, ...codes(strict)]).toEqual(['unverifiable', 'UNSIGNED_TAIL@2']);
    expect(strict.problems[0]!.count).toBe(3);
    const allowed = await verify(log.bytes(), { keys: [pk(alice)], allowUnsignedTail: true });
    expect([allowed.verdict, allowed.counts.unsigned_tail]).toEqual(['valid', 3]);
    const unsignedClose = new LogBuilder([alice]).genesis('batch').add(closeEvent({ scope: 'log' }), { by: [] });
    expect(codes(await verify(unsignedClose.bytes(), { keys: [pk(alice)] }))).toEqual(['SIGNATURE_MISSING@2']);
  });
  test('without a genesis only outside ML-DSA keys speak', async () => {
    const log = new LogBuilder([alice])
      .genesis()
      .calls(2)
      .calls(1, { by: [bob] });
    const part = concatBytes(...log.lines.slice(1));
    expect(codes(await verify(part, { keys: [pk(alice)] }))).toEqual(['PARTIAL@1', 'SIGNATURE_MISSING@3']);
    expect(codes(await verify(part))).toEqual(['PARTIAL@1', 'UNKNOWN_SIGNER@1']);
  });
});

describe('close, recovery, time, versions, sequences', () => {
  test('a signed close completes the tail, and nothing may follow it', async () => {
    const log = new LogBuilder([alice])
      .genesis()
      .calls(1)
      .add(closeEvent({ scope: 'log' }));
    const closed = await verify(log.bytes(), { keys: [pk(alice)] });
    expect(closed.tail).toMatchObject({ status: 'complete', pinned_by: 'close' });
    const after = await verify(log.calls(1).bytes(), { keys: [pk(alice)] });
    expect([after.tail.status, ...codes(after)]).toEqual(['unknown', 'AFTER_CLOSE@4']);
    const unvouched = await verify(concatBytes(...log.lines.slice(0, 3)));
    expect(unvouched.tail.status).toBe('unknown');
  });
  test('recovery entries are checked and reported for ever', async () => {
    const log = new LogBuilder([alice]).genesis('batch').calls(2, { by: [] });
    const recovery = {
      firstSeq: 1,
      count: 2,
      lastHash: log.head,
      tornBytes: 0,
      tornSha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    };
    const bytes = new LogBuilder([alice])
      .genesis('batch')
      .calls(2, { by: [] })
      .add(recoveryEvent({ ...recovery, count: 1 }))
      .bytes();
    expect(codes(await verify(bytes, { keys: [pk(alice)], allowUnsignedTail: true }))).toEqual(['RECOVERY_MISMATCH@4']);
    const good = await verify(log.add(recoveryEvent(recovery)).bytes(), { keys: [pk(alice)], allowUnsignedTail: true });
    expect([good.verdict, good.counts.recovered]).toEqual(['valid', 2]);
    expect(good.notes).toContainEqual({ code: 'RECOVERED', line: 4, count: 2 });
  });
  test('claimed times: a window is judged, a clock that goes back is noted', async () => {
    const log = new LogBuilder([alice])
      .genesis()
      .calls(1)
      .calls(1, { frame: { time: '2020-02-29T00:00:00.000Z' } });
    const verdict = await verify(log.bytes(), { keys: [pk(alice)], notBefore: '2026-01-01T00:00:00.000Z' });
    expect(codes(verdict)).toEqual(['TIME_OUT_OF_WINDOW@3']);
    expect(verdict.notes).toContainEqual({ code: 'CLOCK_BACKWARDS', line: 3, count: 1 });
  });
  test('another version: unverifiable as a whole, mixed: invalid', async () => {
    const newer = new LogBuilder([alice]).genesis('each', { v: '2' }).calls(2, { v: '2' });
    const verdict = await verify(newer.bytes(), { keys: [pk(alice)], expect: { minSize: 9 } });
    expect([verdict.verdict, ...codes(verdict)]).toEqual(['unverifiable', 'UNSUPPORTED_VERSION@1']);
    expect(verdict.counts.not_judged).toBe(3);
    const mixed = new LogBuilder([alice]).genesis('each', { v: '2' }).calls(1).calls(1, { v: '2' });
    expect(codes(await verify(mixed.bytes()))).toEqual(['UNSUPPORTED_VERSION@1', 'VERSION_MIXED@2']);
    const later = new LogBuilder([alice]).genesis().calls(1, { v: '2' });
    expect(codes(await verify(later.bytes(), { keys: [pk(alice)] }))).toEqual(['VERSION_MIXED@2']);
  });
  test('another log’s line, a false beginning', async () => {
    const log = new LogBuilder([alice]).genesis().calls(1, { frame: { log: 'example.com/other' } });
    expect(codes(await verify(log.bytes(), { keys: [pk(alice)] }))).toEqual(['WRONG_LOG@2']);
    const zero = new LogBuilder([alice]).genesis().calls(1, { frame: { prev: '0'.repeat(64) } });
    expect(codes(await verify(zero.bytes(), { keys: [pk(alice)] }))).toEqual(['GENESIS_RULE@2', 'CHAIN_BROKEN@2']);
  });
  test('schema breaches, unknown types and closed sequences are notes', async () => {
    const log = new LogBuilder([alice]).genesis();
    log.add({ type: 'tool_call', sequence: 'q' }).add(closeEvent({ scope: 'sequence', sequence: 'q' }));
    log
      .add({ type: 'tool_call', sequence: 'q' })
      .add({ type: 'teleport', to: 1 })
      .add({ type: 'tool_call', agent: 7 })
      .add(call(1));
    const verdict = await verify(log.bytes(), { keys: [pk(alice)] });
    expect(verdict.verdict).toBe('valid');
    expect(verdict.notes).toEqual([
      { code: 'SEQUENCE_CLOSED', line: 4, count: 1 },
      { code: 'SCHEMA_NOTE', line: 6, count: 1 },
      { code: 'UNKNOWN_TYPE', line: 5, count: 1 },
    ]);
  });
});
