import { concatBytes } from '../src/base/bytes.ts';
import { genesisEvent } from '../src/receipt/control.ts';
import { ZERO_HASH } from '../src/receipt/entry.ts';
import { call, fixedRandom, LogBuilder } from './build.ts';
import { type Case, type Expected, KEYS } from './case.ts';
import { chainCase, GENESIS, LINK, other, SEQ } from './chain-case.ts';
import { edited, rawBytes } from './edit.ts';

/** False beginnings, wrong seqs, mixed versions. */
export function tamperedBeginnings(): Case[] {
  const ed = [KEYS.ed.publicKey];
  const genesis = genesisEvent({ random: fixedRandom('a second genesis').bytes(32), mode: 'each', keys: ed });
  const eves = genesisEvent({
    random: fixedRandom('a third genesis').bytes(32),
    mode: 'each',
    keys: [KEYS.eve.publicKey],
  });
  const start = (): LogBuilder => new LogBuilder([KEYS.ed]).genesis();
  const pq = (): LogBuilder => new LogBuilder([KEYS.alice]);
  const alice = (name: string, about: string, log: LogBuilder, expect: Expected): Case => ({
    name,
    about,
    bytes: log.bytes(),
    trust: ['alice'],
    expect,
  });
  const unparsed = (): Uint8Array => concatBytes(rawBytes('garbage\n'), pq().genesis().calls(1).bytes());
  return [
    chainCase(
      'seq-skips',
      SEQ,
      start()
        .calls(1)
        .calls(1, { frame: { seq: 7 } })
        .calls(1)
        .bytes(),
      {
        lines: { 3: 'SEQ_BROKEN' },
        good: '1-4',
      },
    ),
    chainCase(
      'seq-repeats',
      SEQ,
      start()
        .calls(1)
        .calls(1, { frame: { seq: 1 } })
        .calls(1)
        .bytes(),
      {
        lines: { 3: 'SEQ_BROKEN' },
        good: '1-4',
      },
    ),
    chainCase(
      'seq-zero-again',
      GENESIS,
      start()
        .calls(1, { frame: { seq: 0 } })
        .calls(1)
        .bytes(),
      {
        lines: { 2: 'SEQ_BROKEN GENESIS_RULE' },
        good: '1-3',
      },
    ),
    chainCase(
      'prev-zero',
      GENESIS,
      start()
        .calls(1, { frame: { prev: ZERO_HASH } })
        .calls(1)
        .bytes(),
      {
        lines: { 2: 'GENESIS_RULE CHAIN_BROKEN' },
        good: '1-3',
      },
    ),
    chainCase(
      'prev-of-another-log',
      LINK,
      start()
        .calls(1, { frame: { prev: other().head } })
        .calls(1)
        .bytes(),
      {
        lines: { 2: 'CHAIN_BROKEN' },
        good: '1-3',
      },
    ),
    chainCase('genesis-in-the-middle', GENESIS, start().calls(1).add(genesis).calls(1).bytes(), {
      lines: { 3: 'GENESIS_RULE' },
      good: '1-4',
    }),
    chainCase(
      'genesis-in-the-middle-names-nobody',
      '3: the requirement is that of the genesis on line 1',
      start()
        .add(eves, { by: [KEYS.ed, KEYS.eve] })
        .calls(1, { by: [KEYS.eve] })
        .bytes(),
      {
        lines: { 2: 'GENESIS_RULE', 3: 'SIGNATURE_MISSING' },
        good: '1-2',
        signatures: [3, 3, 0, 1, 1],
      },
    ),
    chainCase(
      'genesis-again-in-full',
      SEQ,
      start()
        .add(genesis, { frame: { seq: 0, prev: ZERO_HASH } })
        .calls(1)
        .bytes(),
      {
        lines: { 2: 'SEQ_BROKEN CHAIN_BROKEN' },
        good: '1-3',
      },
    ),
    alice('first-line-no-genesis', GENESIS, pq().add(call(0)).calls(1), { lines: { 1: 'GENESIS_RULE' } }),
    alice(
      'genesis-prev-not-zero',
      GENESIS,
      pq()
        .genesis('each', { frame: { prev: '1'.repeat(64) } })
        .calls(1),
      {
        lines: { 1: 'GENESIS_RULE' },
      },
    ),
    alice(
      'genesis-seq-1',
      GENESIS,
      pq()
        .genesis('each', { frame: { seq: 1 } })
        .calls(1),
      {
        lines: { 1: 'GENESIS_RULE PARTIAL' },
      },
    ),
    {
      name: 'genesis-after-unparsed-line-1',
      about: '3: without a chain requirement (line 1 does not parse) an outside ML-DSA key signs',
      bytes: unparsed(),
      trust: ['alice'],
      expect: { lines: { 1: 'MALFORMED' }, signatures: [2, 2, 0, 0, 0] },
    },
    {
      name: 'genesis-after-unparsed-line-1-classical',
      about: '3: without a chain requirement a line that lacks an ML-DSA signature by an outside key is invalid',
      bytes: concatBytes(rawBytes('garbage\n'), start().bytes()),
      trust: ['ed'],
      options: { allow_classical: true },
      expect: { lines: { 1: 'MALFORMED', 2: 'SIGNATURE_MISSING' }, signatures: [1, 1, 0, 1, 0] },
    },
    chainCase('version-mixed', '1: v is constant in a log', start().calls(1, { v: '2' }).calls(1).bytes(), {
      lines: { 2: 'VERSION_MIXED' },
      good: '1-3',
    }),
    {
      name: 'version-mixed-in-unknown-version',
      about: '1: of a log of another version only form and VERSION_MIXED are judged',
      bytes: concatBytes(
        ...new LogBuilder([KEYS.ed]).genesis('each', { v: '2' }).calls(1).calls(1, { v: '2' }).lines,
        edited(start().lines[0]!, '"v":1}', '"v":2}'),
      ),
      trust: ['ed'],
      expect: { lines: { '1,3-4': 'UNSUPPORTED_VERSION', 2: 'VERSION_MIXED' }, unsupported: true },
    },
    {
      name: 'version-mixed-unsigned-lines-of-version-1',
      about: '1: of a log of another version only form and VERSION_MIXED are judged',
      bytes: new LogBuilder([KEYS.ed])
        .genesis('batch', { v: '2' })
        .calls(2, { by: [], v: '2' })
        .calls(2, { by: [] })
        .bytes(),
      trust: ['ed'],
      expect: { lines: { '1-3': 'UNSUPPORTED_VERSION', '4-5': 'VERSION_MIXED' }, unsupported: true },
    },
    {
      name: 'version-mixed-unsigned-and-back',
      about: '1: v is constant in a log, and a line that states it again is not concerned',
      bytes: new LogBuilder([KEYS.ed])
        .genesis('batch')
        .calls(1, { by: [] })
        .calls(2, { by: [], v: '2' })
        .calls(2, { by: [] })
        .bytes(),
      trust: ['ed'],
      options: { allow_classical: true, allow_unsigned_tail: true },
      expect: { lines: { '3-4': 'VERSION_MIXED' }, notes: { 1: 'CLASSICAL_ONLY', '2-6': 'UNSIGNED_TAIL' } },
    },
    {
      name: 'unknown-version-malformed-line',
      about: '1: of a log of another version form is judged',
      bytes: concatBytes(...new LogBuilder([KEYS.ed]).genesis('each', { v: '2' }).lines, rawBytes('{}\n')),
      trust: ['ed'],
      expect: { lines: { 1: 'UNSUPPORTED_VERSION', 2: 'MALFORMED' }, unsupported: true },
    },
  ];
}
