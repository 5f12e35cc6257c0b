import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AuditOptions, verify, verifyCheckpoint } from '../../src/auditor.ts';
import { concatBytes, utf8 } from '../../src/base/bytes.ts';
import { rotationEvent } from '../../src/receipt/control.ts';
import type { Verdict } from '../../src/verify/verdict.ts';
import { fixedKey, LogBuilder } from '../../vectors/build.ts';
import { checkpointOf, rootOf } from '../../vectors/checkpoint.ts';

const key = fixedKey('checkpoints');
const next = fixedKey('checkpoints, next');
const stranger = fixedKey('checkpoints, stranger');

/** A batch log of `size` entries. */
function batch(size: number): LogBuilder {
  return new LogBuilder([key]).genesis('batch').calls(size - 1, { by: [] });
}

/** A log that signs each entry. */
function each(size: number): LogBuilder {
  return new LogBuilder([key]).genesis().calls(size - 1);
}

const judged = (lines: readonly Uint8Array[], options: AuditOptions): Promise<Verdict> =>
  verify(concatBytes(...lines), { keys: [key.publicKey], ...options });

/** Codes with their counts, and the tail: what a verdict comes to. */
function gist({ verdict, problems, tail, counts }: Verdict): object {
  return {
    verdict,
    tail: tail.status,
    by: tail.pinned_by,
    size: tail.pinned_size,
    codes: problems.map(({ code, count, check, line }) => `${code} ${check} ${line ?? 'log'} ${count}`),
    valid: counts.valid,
    unsigned: counts.unsigned_tail,
  };
}

describe('the tail, by checkpoints that were kept outside', () => {
  const log = each(9);
  const at = (size: number): Uint8Array => checkpointOf(log, size, [key]);

  test('complete at its size, open beyond it, unknown without one', async () => {
    expect(gist(await judged(log.lines, { checkpoints: [at(9)] }))).toMatchObject({
      verdict: 'valid',
      tail: 'complete',
      by: 'checkpoint',
      size: 9,
    });
    expect(gist(await judged(log.lines, { checkpoints: [at(5)] }))).toMatchObject({
      verdict: 'valid',
      tail: 'open',
      size: 5,
    });
    expect(gist(await judged(log.lines, { checkpoints: [at(5), at(9), at(1)] }))).toMatchObject({
      tail: 'complete',
      size: 9,
    });
    expect(gist(await judged(log.lines, {}))).toMatchObject({ verdict: 'valid', tail: 'unknown' });
  });

  test('truncated: shorter than one, with the interval since the newest that matches', async () => {
    const verdict = await judged(log.lines.slice(0, 7), { checkpoints: [at(9), at(5), at(8), at(2)] });
    expect(gist(verdict)).toMatchObject({
      verdict: 'invalid',
      tail: 'truncated',
      size: 9,
      codes: ['TAIL_TRUNCATED checkpoint log 1'],
    });
    expect(verdict.problems[0]!.found).toContain('of size 5');
    expect(verdict.problems[0]!.found).toContain('entries 5 to 6');
  });

  test('an empty log too', async () => {
    const verdict = await judged([], { checkpoints: [at(1)] });
    expect(gist(verdict)).toMatchObject({ verdict: 'invalid', tail: 'truncated' });
  });

  test('forked: another history behind the newest that matches', async () => {
    const other = each(4)
      .calls(1, { frame: { time: '2026-11-21T00:00:00.000Z' } })
      .calls(4);
    const verdict = await judged(other.lines, { checkpoints: [2, 4, 6, 9].map(at) });
    expect(gist(verdict)).toMatchObject({
      verdict: 'invalid',
      tail: 'forked',
      size: 6,
      codes: ['TAIL_FORKED checkpoint log 1'],
    });
    expect(verdict.problems[0]!.found).toContain('entries 4 to 5');
  });

  test('an edit shows once, where it is: the stated hashes are the leaves', async () => {
    const lines = [...log.lines];
    lines[3] = utf8(new TextDecoder().decode(lines[3]).replace('fs.', 'fz.'));
    const { problems, tail } = await judged(lines, { checkpoints: [at(9)] });
    expect(problems.map(({ code, line }) => [code, line])).toEqual([
      ['HASH_MISMATCH', 4],
      ['SIGNATURE_INVALID', 4],
    ]);
    expect(tail.status).toBe('complete');
  });

  test('a line cut out or unreadable: the roots behind it cannot be compared, those before it can', async () => {
    for (const lines of [
      log.lines.filter((_, i) => i !== 5),
      log.lines.map((line, i) => (i === 5 ? utf8('{"entry":nothing}\n') : line)),
    ]) {
      const verdict = await judged(lines, { checkpoints: [at(4), at(8)] });
      expect(verdict.verdict).toBe('invalid');
      expect(verdict.problems.map(({ code }) => code)).toContain('PIN_UNCHECKED');
      expect(verdict.tail).toMatchObject({ status: 'open', pinned_size: 4 });
    }
  });

  test('two different ones of one size cannot both be right', async () => {
    const other = checkpointOf(log, 9, [key], { root: new Uint8Array(32) });
    for (const checkpoints of [
      [at(9), other],
      [other, at(9)],
    ])
      expect(gist(await judged(log.lines, { checkpoints }))).toMatchObject({
        verdict: 'invalid',
        tail: 'forked',
        size: 9,
      });
  });

  test('one that is not signed as the log must sign lifts nothing', async () => {
    const cases: [string, Uint8Array][] = [
      ['by a stranger', checkpointOf(log, 9, [stranger])],
      ['for another use', checkpointOf(log, 9, [key], { context: 'perdure/entry/v1' })],
      ['by nobody', checkpointOf(log, 9, [stranger], { root: new Uint8Array(32) })],
    ];
    for (const [name, note] of cases) {
      expect(gist(await judged(log.lines, { checkpoints: [note] })), name).toMatchObject({
        verdict: 'unverifiable',
        tail: 'unknown',
        codes: ['CHECKPOINT_UNTRUSTED checkpoint log 1'],
      });
    }
  });

  test("it counts when only the log's own key signed it and nothing else is trusted", async () => {
    const verdict = await verify(log.bytes(), { checkpoints: [at(9)] });
    expect(verdict.tail.status).toBe('complete');
    expect(verdict.problems.map(({ code }) => code)).toEqual(['UNKNOWN_SIGNER']);
  });

  test('a log made anew by a stranger is forked for who knows the key', async () => {
    const forged = new LogBuilder([stranger]).genesis().calls(8);
    const verdict = await judged(forged.lines, { checkpoints: [at(9), at(5)] });
    expect(verdict).toMatchObject({ verdict: 'invalid', tail: { status: 'forked', pinned_size: 5 } });
  });

  test('of another log, or none at all: an error before anything is said', async () => {
    const foreign = checkpointOf(log, 9, [key], { origin: 'example.com/other/0123456789ab' });
    await expect(judged(log.lines, { checkpoints: [foreign] })).rejects.toMatchObject({
      code: 'CHECKPOINT_OF_OTHER_LOG',
    });
    for (const note of [utf8(''), utf8('no note\n'), at(9).slice(0, -3)])
      await expect(judged(log.lines, { checkpoints: [note] })).rejects.toMatchObject({ code: 'CHECKPOINT_MALFORMED' });
  });
});

describe('entries of a batch log, by a checkpoint', () => {
  const log = batch(9);

  test('covered ones are valid, those behind it an unsigned tail', async () => {
    expect(gist(await judged(log.lines, { checkpoints: [checkpointOf(log, 9, [key])] }))).toMatchObject({
      verdict: 'valid',
      valid: 9,
      unsigned: 0,
      codes: [],
    });
    const some = checkpointOf(log, 6, [key]);
    expect(gist(await judged(log.lines, { checkpoints: [some] }))).toMatchObject({
      verdict: 'unverifiable',
      valid: 6,
      unsigned: 3,
      codes: ['UNSIGNED_TAIL requirement 7 3'],
    });
    expect(gist(await judged(log.lines, { checkpoints: [some], allowUnsignedTail: true }))).toMatchObject({
      verdict: 'valid',
      valid: 9,
      unsigned: 3,
    });
    expect(gist(await judged(log.lines, {}))).toMatchObject({ codes: ['UNSIGNED_TAIL requirement 2 8'], valid: 1 });
  });

  test('one that lies with the log covers, and never completes the tail', async () => {
    const source = (note: Uint8Array) => ({
      kind: 'log' as const,
      name: 'log',
      chunks: () => [log.bytes()],
      checkpoints: [{ name: 'checkpoint', note }],
    });
    const options = { keys: [key.publicKey] };
    expect(gist(await verify(source(checkpointOf(log, 9, [key])), options))).toMatchObject({
      verdict: 'valid',
      tail: 'unknown',
      valid: 9,
    });
    for (const note of [
      utf8('nothing'),
      checkpointOf(log, 9, [stranger]),
      checkpointOf(log, 9, [key], { origin: 'x' }),
    ]) {
      expect(gist(await verify(source(note), options))).toMatchObject({
        verdict: 'unverifiable',
        codes: ['UNSIGNED_TAIL requirement 2 8', 'CHECKPOINT_UNTRUSTED checkpoint log 1'],
      });
    }
    // What its own keys signed speaks against it.
    const lines = log.lines.slice(0, 5);
    const cut = { ...source(checkpointOf(log, 9, [key])), chunks: () => lines };
    expect(gist(await verify(cut, options))).toMatchObject({ verdict: 'invalid', tail: 'truncated' });
  });

  test('a rewritten entry is covered by nothing', async () => {
    const other = batch(4)
      .calls(1, { by: [], frame: { time: '2026-11-21T00:00:00.000Z' } })
      .calls(4, { by: [] });
    expect(
      gist(await judged(other.lines, { checkpoints: [checkpointOf(log, 4, [key]), checkpointOf(log, 9, [key])] })),
    ).toMatchObject({
      verdict: 'invalid',
      tail: 'forked',
      valid: 4,
      unsigned: 5,
    });
  });

  test('a checkpoint by a key that nothing vouches for leaves them unknown', async () => {
    const verdict = await verify(log.bytes(), { checkpoints: [checkpointOf(log, 9, [key])] });
    expect(gist(verdict)).toMatchObject({
      verdict: 'unverifiable',
      tail: 'complete',
      codes: ['UNKNOWN_SIGNER requirement 1 9'],
      valid: 0,
    });
  });

  test('by every key of the requirement, or by none: an Ed25519 line never stands in', async () => {
    const classical = fixedKey('checkpoints, classical', 'Ed25519');
    const two = new LogBuilder([key, classical]).genesis('batch').calls(4, { by: [] });
    for (const by of [[key], [classical], [stranger, key]]) {
      expect(gist(await judged(two.lines, { checkpoints: [checkpointOf(two, 5, by)] }))).toMatchObject({
        verdict: 'unverifiable',
        tail: 'unknown',
        unsigned: 4,
      });
    }
    expect(gist(await judged(two.lines, { checkpoints: [checkpointOf(two, 5, [key, classical])] }))).toMatchObject({
      verdict: 'valid',
      tail: 'complete',
    });
  });

  test('after a rotation the new keys sign, and reach back only as far as they are trusted', async () => {
    const rotated = batch(3).add(rotationEvent({ mode: 'batch', keys: [next.publicKey] }), { by: [key, next] });
    rotated.keys = [next];
    rotated.calls(3, { by: [] });
    const checkpoints = [checkpointOf(rotated, 7, [next])];
    expect(gist(await judged(rotated.lines, { checkpoints }))).toMatchObject({ verdict: 'valid', valid: 7 });
    const byOld = [checkpointOf(rotated, 7, [key])];
    expect(gist(await judged(rotated.lines, { checkpoints: byOld }))).toMatchObject({
      verdict: 'unverifiable',
      unsigned: 5,
    });
    // The old key signs what it signed before the rotation.
    expect(gist(await judged(rotated.lines, { checkpoints: [checkpointOf(rotated, 3, [key])] }))).toMatchObject({
      unsigned: 3,
      tail: 'open',
    });
    const byNewAlone = await verify(rotated.bytes(), { keys: [next.publicKey], checkpoints });
    expect(byNewAlone.problems.map(({ code, line, count }) => [code, line, count])).toEqual([['UNKNOWN_SIGNER', 1, 3]]);
    expect(byNewAlone.counts).toMatchObject({ valid: 4, unverifiable: 3 });
  });
});

describe('resuming from a checkpoint', () => {
  const log = each(12);
  const at = (size: number): Uint8Array => checkpointOf(log, size, [key]);

  test('signatures before it are not verified again, and the verdict says so', async () => {
    const verdict = await judged(log.lines, { resume: { name: 'C', note: at(8) } });
    expect(verdict).toMatchObject({
      verdict: 'valid',
      tail: { status: 'open', pinned_size: 8 },
      counts: { lines: 12, valid: 4, not_judged: 8, invalid: 0 },
      signatures: { valid: 4, required: 4 },
    });
    expect(verdict.not_checked).toContainEqual({ what: '1..8', why: 'not re-checked: accepted from C' });
  });

  test('it is bound to the entries it speaks of: any other history is forked, a bad signature behind it found', async () => {
    const other = each(4)
      .calls(1, { frame: { time: '2026-11-21T00:00:00.000Z' } })
      .calls(7);
    expect(gist(await judged(other.lines, { resume: at(8) }))).toMatchObject({ verdict: 'invalid', tail: 'forked' });
    const unsigned = each(8).calls(4, { by: [] });
    expect(gist(await judged(unsigned.lines, { resume: at(8) }))).toMatchObject({
      verdict: 'invalid',
      codes: [9, 10, 11, 12].map((line) => `SIGNATURE_MISSING requirement ${line} 1`),
    });
    // A signature exchanged before it is not looked at: that is what was accepted.
    const { lines } = each(3).calls(1, { by: [], signatures: () => [{ ...RAW, kid: key.publicKey.kid }] });
    expect(gist(await judged([...lines, ...log.lines.slice(4)], { resume: at(8) }))).toMatchObject({
      verdict: 'valid',
    });
    expect(gist(await judged([...lines, ...log.lines.slice(4)], {}))).toMatchObject({ verdict: 'invalid' });
  });

  test('a line that claims a seq before it, and is not in its tree, is not accepted', async () => {
    const stray = new LogBuilder([key]).genesis().calls(2, { signatures: () => [{ ...RAW, kid: key.publicKey.kid }] });
    const lines = [...log.lines.slice(0, 9), utf8('nothing\n'), stray.lines[2]!];
    const verdict = await judged(lines, { resume: at(8) });
    expect(verdict.problems.map(({ code, line }) => [code, line])).toContainEqual(['SIGNATURE_INVALID', 11]);
  });

  test('from one that is not trusted nothing is accepted', async () => {
    const verdict = await judged(log.lines, { resume: checkpointOf(log, 8, [stranger]) });
    expect(gist(verdict)).toMatchObject({ verdict: 'unverifiable', codes: ['CHECKPOINT_UNTRUSTED checkpoint log 1'] });
  });
});

const RAW = { alg: 'ML-DSA-65' as const, kid: '', bytes: new Uint8Array(3309) };

test('roots at any sizes are those of the whole log, however it is cut', () => {
  const log = batch(40);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), (size) => {
      expect(rootOf(log.lines, size)).toEqual(rootOf(log.lines.slice(0, size)));
    }),
  );
});

describe('a checkpoint by itself', () => {
  const log = each(3);

  test('is valid when a known key signed it, and proves nothing of entries', async () => {
    const note = checkpointOf(log, 3, [key]);
    const verdict = await verifyCheckpoint({ name: 'C', note }, { keys: [key.publicKey] });
    expect(verdict).toMatchObject({
      verdict: 'valid',
      subject: { kind: 'checkpoint', name: 'C', origin: log.log },
      head: { size: 3, hash: null },
      tail: { status: 'unknown' },
      problems: [],
    });
    expect(verdict.not_proven).toEqual(['that the log has this history (its entries were not given)']);
  });

  test('is unverifiable when nobody known did', async () => {
    const classical = fixedKey('checkpoints, classical', 'Ed25519');
    for (const [keys, by] of [
      [[], [key]],
      [[key.publicKey], [stranger]],
      [[classical.publicKey], [classical]],
    ] as const) {
      const verdict = await verifyCheckpoint(checkpointOf(log, 3, by), { keys });
      expect(gist(verdict)).toMatchObject({
        verdict: 'unverifiable',
        codes: ['CHECKPOINT_UNTRUSTED checkpoint log 1'],
      });
    }
  });
});
