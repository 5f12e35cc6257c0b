import { describe, expect, test } from 'vitest';
import { verify } from '../../src/auditor.ts';
import { utf8 } from '../../src/base/bytes.ts';
import { MAX_CLOSED_SEQUENCES } from '../../src/base/limits.ts';
import { nobleSha256Hex } from '../../src/crypto/hash.ts';
import { closeEvent, recoveryEvent, SHA256_OF_NOTHING } from '../../src/receipt/control.ts';
import { Judge } from '../../src/verify/judge.ts';
import { Notes } from '../../src/verify/notes.ts';
import { EMPTY_SUMMARY, mergeTally, type SequenceTally, type Tally } from '../../src/verify/summary.ts';
import { trustKeys } from '../../src/verify/trust.ts';
import { fixedKey, LogBuilder } from '../../vectors/build.ts';

const ed = fixedKey('ed', 'Ed25519');
const options = { keys: [ed.publicKey], allowClassical: true };
const judge = (): Judge =>
  new Judge(trustKeys([]), new Map(), { allowClassical: false, allowUnsignedTail: false }, 100);

describe('closed sequences', () => {
  test('of long names too: one is not taken for another that begins alike', async () => {
    const long = 'x'.repeat(300);
    const log = new LogBuilder([ed]).genesis();
    log.add(closeEvent({ scope: 'sequence', sequence: `${long}a` }));
    log.add({ type: 'custom', sequence: `${long}b` }).add({ type: 'custom', sequence: `${long}a` });
    const { notes } = await verify(log.bytes(), options);
    expect(notes).toContainEqual({ code: 'SEQUENCE_CLOSED', line: 4, count: 1 });
  });

  test('are remembered by short text, however long their names are', () => {
    const notes = new Notes(nobleSha256Hex);
    for (const length of [0, 1, 64, 65, 60_000]) {
      const name = utf8('é'.repeat(length / 2) + 'x'.repeat(length % 2));
      notes.sequence(name, { sequenceBegin: 0, sequenceEnd: name.length }, 1, true);
    }
    expect([...notes.sequences.keys()].map((name) => name.length)).toEqual([0, 1, 32, 65, 65]);
  });

  test('those closed first are remembered when there are too many, wherever runs are cut', () => {
    const at = (line: number): Tally => ({ count: 1, line });
    const closed = (line: number, after: Tally | null = null): SequenceTally => ({
      named: at(line),
      closedAt: line,
      after,
    });
    const most = Array.from({ length: MAX_CLOSED_SEQUENCES - 1 }, (_, i) => [`s${i}`, closed(1)] as const);
    // Line 1 of the run names b, line 2 closes a, line 3 closes b, line 4 names b again and line 5 a.
    const b = { named: { count: 3, line: 1 }, closedAt: 3, after: at(4) };
    const a = { named: { count: 2, line: 2 }, closedAt: 2, after: at(5) };
    const whole = judge();
    whole.absorb({ ...EMPTY_SUMMARY, sequences: new Map(most) });
    whole.absorb({ ...EMPTY_SUMMARY, sequences: new Map([['b', b], ['a', a]]) }); // biome-ignore format: one run
    const cut = judge();
    cut.absorb({ ...EMPTY_SUMMARY, sequences: new Map(most) });
    for (const [name, tally] of [
      ['b', { named: at(1), closedAt: null, after: null }],
      ['a', closed(2)],
      ['b', closed(3)],
      ['b', { named: at(4), closedAt: null, after: null }],
      ['a', { named: at(5), closedAt: null, after: null }],
    ] as const)
      cut.absorb({ ...EMPTY_SUMMARY, sequences: new Map([[name, tally]]) });
    for (const one of [whole, cut]) {
      expect(one.notes.get('SEQUENCE_CLOSED')).toEqual({ count: 1, line: 5 });
      expect(one.sequences.isFull).toBe(true);
    }
  });
});

describe('recovered entries', () => {
  test('as many as anyone may claim: sums do not depend on the order in which they are formed', async () => {
    const most = Number.MAX_SAFE_INTEGER;
    const tallies: Tally[] = [most, 1, most, 3, most].map((count, line) => ({ count, line }));
    const left = tallies.reduce<Tally | null>((sum, one) => mergeTally(sum, one), null);
    const right = tallies.reduceRight<Tally | null>((sum, one) => mergeTally(one, sum), null);
    expect(left).toEqual(right);
    const log = new LogBuilder([ed]);
    for (const seq of [most - 2, most - 1, most]) {
      const what = { firstSeq: 0, count: seq, lastHash: log.head, tornBytes: 0, tornSha256: SHA256_OF_NOTHING };
      log.add(recoveryEvent(what), { frame: { seq } });
    }
    expect((await verify(log.bytes(), options)).counts.recovered).toBe(most);
  });
});
