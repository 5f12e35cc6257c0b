import { closeEvent, genesisEvent, recoveryEvent, rotationEvent, SHA256_OF_NOTHING } from '../src/receipt/control.ts';
import { fixedKey, fixedRandom, LogBuilder } from './build.ts';
import { type Case, KEYS } from './case.ts';
import { cl, classical, good, pq } from './good-case.ts';
import { NOTE } from './tampered-control.ts';

const { alice, bob, ed, eve } = KEYS;

const to = (...keys: (typeof alice)[]): object =>
  rotationEvent({ mode: 'each', keys: keys.map((key) => key.publicKey) });

/** Logs that hold: how they are signed, keys over time, control entries. */
export function goodLogs(): Case[] {
  return [...logs(), ...keysOverTime(), ...controls()];
}

function logs(): Case[] {
  const many = [alice, ...Array.from({ length: 7 }, (_, i) => fixedKey(`many ${i}`, 'Ed25519'))];
  const twice = new LogBuilder([alice]).genesis('batch');
  return [
    good('each', '3: every entry carries its signature', pq().calls(2), { signatures: [3, 3, 0, 0, 0] }),
    good('genesis-alone', '4: a log is one entry at least', pq()),
    {
      ...good('kid-pinned', 'head: a pinned kid is the key of that thumbprint, the JWK in the evidence', pq().calls(1)),
      trust: ['kid:alice'],
    },
    good('hybrid', '3: a signature by every key', new LogBuilder([alice, ed]).genesis().calls(1), {
      signatures: [4, 4, 0, 0, 0],
    }),
    good('eight-keys', '2, 4: eight keys, eight signatures', new LogBuilder(many).genesis().calls(1), {
      signatures: [16, 16, 0, 0, 0],
    }),
    good(
      'batch',
      '3: ordinary entries of a batch log wait for a checkpoint',
      new LogBuilder([alice]).genesis('batch').calls(3, { by: [] }),
      {
        notes: { '2-4': 'UNSIGNED_TAIL' },
        signatures: [1, 1, 0, 0, 0],
      },
      { allow_unsigned_tail: true },
    ),
    good(
      'batch-signed-entries',
      '3: an ordinary entry may carry signatures and then counts as signed',
      twice.calls(2),
      {
        signatures: [1, 3, 0, 0, 0],
      },
    ),
    classical('classical-allowed', '3: with allow_classical valid, with that note', cl().calls(2), '1-3'),
    good(
      'continues',
      '4: a log that continues another',
      new LogBuilder([alice]).add(
        genesisEvent({
          random: fixedRandom('continues').bytes(32),
          mode: 'each',
          keys: [alice.publicKey],
          continues: { origin: 'example.com/before', genesis: 'ab'.repeat(32), size: 41, root: 'cd'.repeat(32) },
        }),
      ),
    ),
  ];
}

function keysOverTime(): Case[] {
  const about = '5: --key OLD covers what its rotations name';
  const rotated = pq().add(to(bob), { by: [alice, bob] });
  rotated.keys = [bob];
  rotated.calls(1);
  const back = cl()
    .add(to(eve), { by: [ed, eve] })
    .add(to(ed), { by: [ed, eve] })
    .calls(1, { by: [ed] });
  const same = cl().add(to(ed)).calls(1);
  const grown = cl()
    .add(to(ed, eve), { by: [ed, eve] })
    .calls(1, { by: [ed, eve] });
  const late = new LogBuilder([alice]).genesis('each', { by: [alice, bob] }).add(to(alice, bob), { by: [alice, bob] });
  const unknownBefore = cl()
    .calls(1, { by: [ed, eve] })
    .add(to(ed, eve), { by: [ed, eve] });
  return [
    good('rotation', about, rotated, { signatures: [4, 4, 0, 0, 0] }),
    classical(
      'rotation-back',
      '5: a later rotation may name a retired key again, and carries its signature',
      back,
      '1-4',
    ),
    classical('rotation-to-the-same', '4: a rotation replaces the whole set', same, '1-3'),
    classical('rotation-adds-a-key', '4: a rotation replaces the whole set', grown, '1-3'),
    {
      ...good('kid-pinned-named-later', 'head: a pinned kid counts on lines before its JWK', late, {
        signatures: [3, 4, 0, 0, 0],
      }),
      trust: ['kid:bob'],
    },
    classical(
      'key-unknown-before-it-is-named',
      '2: an unknown kid is counted, and moves the verdict neither way',
      unknownBefore,
      '1-3',
      {
        signatures: [4, 4, 0, 0, 1],
      },
    ),
    classical(
      'rotation-in-batch',
      '3: mode is part of the requirement',
      batchRotation(),
      '1-2',
      { notes: { 3: 'UNSIGNED_TAIL' } },
      { allow_unsigned_tail: true },
    ),
    classical(
      'mode-made-stricter',
      '5: batch → each is no lowering',
      toEach(),
      '1,3-4',
      { notes: { 2: 'UNSIGNED_TAIL' } },
      { allow_unsigned_tail: true },
    ),
  ];
}

function batchRotation(): LogBuilder {
  const log = new LogBuilder([ed]).genesis('batch');
  return log.add(rotationEvent({ mode: 'batch', keys: [eve.publicKey] }), { by: [ed, eve] }).calls(1, { by: [] });
}

function toEach(): LogBuilder {
  return new LogBuilder([ed]).genesis('batch').calls(1, { by: [] }).add(to(ed)).calls(1);
}

function controls(): Case[] {
  const recovered = new LogBuilder([ed]).genesis('batch').calls(2, { by: [] });
  const took = { firstSeq: 1, count: 2, lastHash: recovered.head, tornBytes: 0, tornSha256: SHA256_OF_NOTHING };
  recovered.add(recoveryEvent(took));
  const nothing = { firstSeq: 4, count: 0, lastHash: recovered.head, tornBytes: 17, tornSha256: 'ab'.repeat(32) };
  recovered.add(recoveryEvent(nothing));
  const sequence = closeEvent({ scope: 'sequence', sequence: 'q' });
  const named = { type: 'tool_call', sequence: 'q' };
  const erasure = { type: 'erasure', seq: 1, hash: 'ab'.repeat(32), member: 'result', reason: 'r', authority: 'a' };
  const sequences = cl().add(named).add(sequence).add(named).add({ type: 'tool_call', sequence: 'p' }).add(sequence);
  return [
    good(
      'close',
      '4, 8: a close of the log that is accepted completes the tail',
      pq()
        .calls(1)
        .add(closeEvent({ scope: 'log' })),
      {
        tail: 'complete close',
      },
    ),
    classical('close-sequence', '4: an entry that names a closed sequence is a note', sequences, '1-6', {
      notes: { '4,6': 'SEQUENCE_CLOSED' },
    }),
    classical(
      'recovery',
      '3, 4: entries taken over are reported for ever',
      recovered,
      '1,4-5',
      {
        notes: { '2-3': 'UNSIGNED_TAIL' },
        recovered: { 4: 2, 5: 0 },
      },
      { allow_unsigned_tail: true },
    ),
    classical('erasure', '4: erasure of an earlier entry', cl().calls(1).add(erasure), '1-3'),
    classical(
      'anchor',
      '4: a checkpoint note recorded in the chain',
      cl().add({ type: 'anchor', checkpoint: NOTE }),
      '1-2',
    ),
    classical(
      'anchor-unsigned-in-batch',
      '3: an anchor is no entry that is signed in every mode',
      anchorInBatch(),
      '1',
      {
        notes: { 2: 'UNSIGNED_TAIL' },
      },
      { allow_unsigned_tail: true },
    ),
  ];
}

function anchorInBatch(): LogBuilder {
  return new LogBuilder([ed]).genesis('batch').add({ type: 'anchor', checkpoint: NOTE }, { by: [] });
}
