import { concatBytes } from '../src/base/bytes.ts';
import { closeEvent, genesisEvent, recoveryEvent, rotationEvent } from '../src/receipt/control.ts';
import { ZERO_HASH } from '../src/receipt/entry.ts';
import { fixedRandom, LogBuilder } from './build.ts';
import { type Case, type Folder, KEYS, type Options } from './case.ts';
import { chainCase, five, GENESIS, OTHER } from './chain-case.ts';
import { rawBytes, rawText } from './edit.ts';
import { cl, classical } from './good-case.ts';
import { open } from './open-case.ts';
import { signed } from './signed-case.ts';

/*
 * Readings that two verifiers may differ on and no case above tells apart: each was found by changing one reading of a verifier written
 * from the format alone, and running the kit. README.md, section "Readings", says in words what each case shows.
 */

const { alice, ed, eve } = KEYS;

const to = (...keys: (typeof alice)[]): object =>
  rotationEvent({ mode: 'each', keys: keys.map((key) => key.publicKey) });
const rotated = (): LogBuilder => cl().add(to(eve), { by: [ed, eve] });
const closeQ = closeEvent({ scope: 'sequence', sequence: 'q' });
const hashOf = (line: Uint8Array): string => /"hash":"(\w{64})"/.exec(rawText(line))![1]!;
/** A log without its first line. */
const part = (log: LogBuilder): Uint8Array => concatBytes(...log.lines.slice(1));

/** Who signs what, and who is known where. */
function keys(): Case[] {
  const genesis = genesisEvent({
    random: fixedRandom('names a retired key').bytes(32),
    mode: 'each',
    keys: [ed.publicKey],
  });
  return [
    chainCase(
      'genesis-later-names-retired-key',
      '5: a later rotation may name a retired key again; a genesis is none',
      rotated()
        .add(genesis, { by: [ed, eve] })
        .calls(1, { by: [eve] })
        .bytes(),
      { lines: { 3: 'GENESIS_RULE KEY_RETIRED' }, good: '1-4', signatures: [5, 5, 1, 0, 0] },
    ),
    chainCase(
      'rotation-back-not-in-force',
      '5: a rotation may name a retired key again, also one that lacks another signature',
      rotated()
        .add(to(ed), { by: [ed] })
        .calls(1, { by: [eve] })
        .bytes(),
      { lines: { 3: 'SIGNATURE_MISSING' }, good: '1-2,4', signatures: [6, 5, 0, 1, 0] },
    ),
    chainCase(
      'rotation-of-another-origin-rules',
      '5: a rotation rules from n+1, whatever else is wrong with its line',
      cl()
        .add(to(eve), { by: [ed, eve], frame: { log: OTHER } })
        .calls(1, { by: [eve] })
        .bytes(),
      { lines: { 2: 'WRONG_LOG' }, good: '1-3', signatures: [4, 4, 0, 0, 0] },
    ),
    signed(
      'part-with-rotation-without-key',
      '5: in a part of a log a rotation rules what follows it, with no outside key too',
      part(
        cl()
          .calls(1)
          .add(to(eve), { by: [ed, eve] })
          .calls(1),
      ),
      [],
      {
        lines: { 1: 'PARTIAL UNKNOWN_SIGNER', 2: 'UNKNOWN_SIGNER', 3: 'SIGNATURE_MISSING' },
        signatures: [2, 1, 0, 1, 3],
      },
    ),
    chainCase(
      'sequence-close-unsigned-closes',
      '4: an entry that names a closed sequence is a note, whoever signed the close',
      cl().add(closeQ, { by: [] }).add({ type: 'tool_call', sequence: 'q' }).bytes(),
      { lines: { 2: 'SIGNATURE_MISSING' }, notes: { 3: 'SEQUENCE_CLOSED' }, good: '1,3' },
    ),
    chainCase(
      'batch-close-broken-unsigned',
      '3: close entries are signed individually in every mode, also those that break their schema',
      new LogBuilder([ed])
        .genesis('batch')
        .add({ ...closeQ, data: 1 }, { by: [] })
        .bytes(),
      { lines: { 2: 'CONTROL_SCHEMA SIGNATURE_MISSING' }, good: '1' },
    ),
  ];
}

/** White space around an event, and a beginning that is none. */
function frames(): Case[] {
  const spaced = (name: string, event: string): Case =>
    chainCase(
      name,
      '1: object is exactly one RFC 8785 object, from byte 18 to the byte before ,"id":"',
      cl()
        .calls(1, { eventBytes: rawBytes(event) })
        .calls(1)
        .bytes(),
      { lines: { 2: 'MALFORMED' }, good: '1,3' },
    );
  const zero = new LogBuilder([alice]).calls(1, { frame: { seq: 1, prev: ZERO_HASH } });
  return [
    spaced('event-space-before', ' {"type":"custom"}'),
    spaced('event-space-after', '{"type":"custom"} '),
    signed('part-with-zero-prev', GENESIS, zero.bytes(), ['alice'], { lines: { 1: 'GENESIS_RULE PARTIAL' } }),
  ];
}

/** Which line a pin is compared with. */
function pins(): Case[] {
  const pinned = (one: Case, options: Options): Case => ({ ...one, options: { ...one.options, ...options } });
  const [l1, l2, l3, l4] = five().lines as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const twice = cl()
    .calls(2)
    .calls(1, { frame: { seq: 2 } });
  const [, , first, last] = twice.lines as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const about = '8: a pin is compared with the last line if that has its seq, else with the first that has it';
  return [
    pinned(
      chainCase('pin-head-two-lines-of-its-seq-last', about, twice.bytes(), {
        lines: { 4: 'SEQ_BROKEN' },
        tail: 'complete head 3',
        good: '1-4',
      }),
      { expect_head: { size: 3, hash: hashOf(last) } },
    ),
    pinned(
      chainCase('pin-head-two-lines-of-its-seq-first', about, twice.calls(1).bytes(), {
        lines: { 4: 'SEQ_BROKEN' },
        tail: 'open head 3',
        good: '1-5',
      }),
      { expect_head: { size: 3, hash: hashOf(first) } },
    ),
    pinned(
      chainCase(
        'pin-head-above-last-seq',
        '8: forked: the head differs, in whatever place the line with its seq stands',
        [l1, l2, l4, l3, rawBytes('garbage\n')],
        {
          lines: { '3-4': 'SEQ_BROKEN CHAIN_BROKEN', 5: 'MALFORMED' },
          log: 'TAIL_FORKED',
          notes: { 4: 'CLOCK_BACKWARDS' },
          tail: 'forked head 4',
          good: '1-4',
        },
      ),
      { expect_head: { size: 4, hash: hashOf(l2) } },
    ),
    {
      name: 'pin-genesis-first-line-no-genesis',
      about: '8: forked: the genesis differs; compared is line 1 when its seq is 0',
      bytes: 'first-line-no-genesis',
      trust: ['alice'],
      options: { expect_genesis: hashOf(l1) },
      expect: { lines: { 1: 'GENESIS_RULE' }, log: 'TAIL_FORKED', tail: 'forked genesis' },
    },
    {
      name: 'cut-tail-two-pins',
      about: '8: each pin that is not reached is a problem of its own',
      bytes: 'cut-tail',
      trust: ['ed'],
      options: { allow_classical: true, expect_head: { size: 5, hash: five().head }, expect_size: 4 },
      expect: {
        log: 'TAIL_TRUNCATED TAIL_TRUNCATED',
        tail: 'truncated head 5',
        notes: { '1-3': 'CLASSICAL_ONLY' },
      },
    },
  ];
}

/** @returns the cases by the folder they belong to. */
export function readings(): Record<Folder, Case[]> {
  const nothing = { firstSeq: 1, count: 0, lastHash: cl().head, tornBytes: 17, tornSha256: 'ab'.repeat(32) };
  const chain = cl().add(to(alice, ed), { by: [alice, ed] });
  return {
    receipts: [
      classical(
        'classical-through-the-chain-allowed',
        '5: a key named only in the chain is exactly as trusted as the entry naming it, with allow_classical too',
        chain.calls(1, { by: [alice, ed] }),
        '1-3',
      ),
      classical(
        'recovery-of-torn-bytes-alone',
        '3: what a recovery took over is reported, also when it is no entry',
        cl().add(recoveryEvent(nothing)),
        '1-2',
        { recovered: { 2: 0 } },
      ),
      classical(
        'without-last-line-end-two-pins',
        '6: the tail is open where it would be complete: the sources are ranked before',
        'without-last-line-end',
        '1-3',
        { tornLine: true, tail: 'open size 2' },
        { expect_head: { size: 3, hash: cl().calls(2).head }, expect_size: 2 },
      ),
    ],
    tampered: [...keys(), ...frames(), ...pins()],
    unverifiable: [
      open(
        'part-close-without-key-closes-nothing',
        '4: only a signed close; without a chain requirement and an outside key nothing counts as signed',
        part(
          cl()
            .add(closeEvent({ scope: 'log' }))
            .calls(1),
        ),
        [],
        { lines: { 1: 'PARTIAL UNKNOWN_SIGNER', 2: 'UNKNOWN_SIGNER' }, signatures: [0, 0, 0, 0, 2] },
      ),
    ],
  };
}
