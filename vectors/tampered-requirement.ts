import { toBase64url } from '../src/base/bytes.ts';
import { closeEvent, recoveryEvent, rotationEvent, SHA256_OF_NOTHING } from '../src/receipt/control.ts';
import { LogBuilder, rawSignature } from './build.ts';
import { type Case, type Expected, KEYS } from './case.ts';
import { rawBytes, rawText, replaceOnce } from './edit.ts';
import { cl, classical, EVERY, flipped, HOLDS, hybrid, pq, signed, spoiled } from './signed-case.ts';

const { alice, ed, eve } = KEYS;

function missingSignatures(): Case[] {
  const missing = { lines: { 2: 'SIGNATURE_MISSING' } };
  const kidRewritten = (kid: string) => (entry: Uint8Array) => [{ ...rawSignature(ed, entry), kid }];
  const unknownKid = toBase64url(new Uint8Array(32).fill(7));
  const part = pq().calls(2).lines.slice(1);
  return [
    signed('signature-stripped', EVERY, pq().calls(1, { by: [] }).calls(1).bytes(), ['alice'], {
      ...missing,
      signatures: [3, 2, 0, 1, 0],
    }),
    classical(
      'signatures-all-stripped',
      EVERY,
      new LogBuilder([ed]).genesis('each', { by: [] }).calls(2, { by: [] }).bytes(),
      ['ed'],
      {
        lines: { '1-3': 'SIGNATURE_MISSING' },
        good: '',
        signatures: [3, 0, 0, 3, 0],
      },
    ),
    signed(
      'hybrid-pq-stripped',
      '3: an Ed25519 signature never stands in for the ML-DSA one',
      hybrid()
        .calls(1, { by: [ed] })
        .bytes(),
      ['alice', 'ed'],
      {
        ...missing,
        signatures: [4, 3, 0, 1, 0],
      },
    ),
    {
      ...signed(
        'hybrid-pq-stripped-classical-allowed',
        '3: allow-classical allows nobody to strip a signature',
        hybrid()
          .calls(1, { by: [ed] })
          .bytes(),
        ['alice', 'ed'],
        missing,
      ),
      options: { allow_classical: true },
    },
    signed(
      'hybrid-classical-stripped',
      EVERY,
      hybrid()
        .calls(1, { by: [alice] })
        .bytes(),
      ['alice'],
      {
        ...missing,
        signatures: [4, 3, 0, 1, 0],
      },
    ),
    signed(
      'hybrid-both-stripped',
      '3: one problem a line, whoever is missing',
      hybrid().calls(1, { by: [] }).bytes(),
      ['alice'],
      {
        ...missing,
        signatures: [4, 2, 0, 2, 0],
      },
    ),
    signed(
      'hybrid-one-bad-one-missing',
      '3: present and bad is SIGNATURE_INVALID only',
      hybrid()
        .calls(1, { signatures: (entry) => [spoiled(ed, flipped)(entry)] })
        .bytes(),
      ['alice'],
      { lines: { 2: 'SIGNATURE_INVALID SIGNATURE_MISSING' }, signatures: [4, 2, 1, 1, 0] },
    ),
    classical(
      'signed-by-stranger',
      EVERY,
      cl()
        .calls(1, { by: [eve] })
        .bytes(),
      ['ed'],
      {
        ...missing,
        good: '1',
        signatures: [2, 1, 0, 1, 1],
      },
    ),
    classical(
      'signed-by-outside-key-not-required',
      EVERY,
      cl()
        .calls(1, { by: [eve] })
        .bytes(),
      ['ed', 'eve'],
      {
        ...missing,
        good: '1',
        signatures: [2, 2, 0, 1, 0],
      },
    ),
    classical(
      'kid-rewritten-to-unknown',
      EVERY,
      cl()
        .calls(1, { signatures: kidRewritten(unknownKid) })
        .bytes(),
      ['ed'],
      {
        ...missing,
        good: '1',
        signatures: [2, 1, 0, 1, 1],
      },
    ),
    classical(
      'kid-rewritten-to-known',
      HOLDS,
      cl()
        .calls(1, { signatures: kidRewritten(eve.publicKey.kid) })
        .bytes(),
      ['ed', 'eve'],
      {
        lines: { 2: 'SIGNATURE_INVALID SIGNATURE_MISSING' },
        good: '1',
        signatures: [2, 1, 1, 1, 0],
      },
    ),
    classical('genesis-unsigned', EVERY, new LogBuilder([ed]).genesis('each', { by: [] }).calls(1).bytes(), ['ed'], {
      lines: { 1: 'SIGNATURE_MISSING' },
      good: '2',
    }),
    classical(
      'genesis-signed-by-one-of-two',
      EVERY,
      new LogBuilder([ed, eve])
        .genesis('each', { by: [ed] })
        .calls(1)
        .bytes(),
      ['ed'],
      {
        lines: { 1: 'SIGNATURE_MISSING' },
        good: '2',
        signatures: [4, 3, 0, 1, 0],
      },
    ),
    signed(
      'part-not-signed-by-outside-key',
      '3: without a chain requirement a line lacks nothing but an outside ML-DSA signature',
      part,
      ['bob'],
      {
        lines: { 1: 'PARTIAL SIGNATURE_MISSING', 2: 'SIGNATURE_MISSING' },
        signatures: [2, 0, 0, 2, 2],
      },
    ),
    {
      ...signed(
        'part-signed-by-outside-ed25519-only',
        '3: without a chain requirement Ed25519 never suffices',
        cl().calls(2).lines.slice(1),
        ['ed'],
        {
          lines: { 1: 'PARTIAL SIGNATURE_MISSING', 2: 'SIGNATURE_MISSING' },
          signatures: [2, 2, 0, 2, 0],
        },
      ),
      options: { allow_classical: true },
    },
  ];
}

function batches(): Case[] {
  const individually =
    '3: genesis, rotation, close, erasure and recovery entries are signed individually in every mode';
  const batch = (): LogBuilder => new LogBuilder([ed]).genesis('batch');
  const unsigned = (name: string, event: object, rest: (log: LogBuilder) => LogBuilder = (log) => log): Case => {
    const one = classical(
      `batch-${name}-unsigned`,
      individually,
      rest(batch().add(event, { by: [] })).bytes(),
      ['ed'],
      {
        lines: { 2: 'SIGNATURE_MISSING' },
        good: '1',
      },
    );
    return one;
  };
  const tail = (name: string, about: string, log: LogBuilder, expect: Expected & { good: string }): Case => {
    const one = classical(name, about, log.bytes(), ['ed'], expect);
    return { ...one, options: { ...one.options, allow_unsigned_tail: true } };
  };
  return [
    unsigned('rotation', rotationEvent({ mode: 'batch', keys: [ed.publicKey] })),
    unsigned('close', closeEvent({ scope: 'log' })),
    unsigned('sequence-close', closeEvent({ scope: 'sequence', sequence: 'q' })),
    unsigned('erasure', {
      type: 'erasure',
      seq: 0,
      hash: 'ab'.repeat(32),
      member: 'params',
      reason: 'r',
      authority: 'a',
    }),
    batchRecoveryUnsigned(individually),
    classical(
      'batch-genesis-unsigned',
      individually,
      new LogBuilder([ed]).genesis('batch', { by: [] }).bytes(),
      ['ed'],
      {
        lines: { 1: 'SIGNATURE_MISSING' },
        good: '',
      },
    ),
    tail('batch-bad-signature', HOLDS, batch().calls(1, { signatures: (entry) => [spoiled(ed, flipped)(entry)] }), {
      lines: { 2: 'SIGNATURE_INVALID' },
      notes: { 2: 'UNSIGNED_TAIL' },
      good: '1',
    }),
    tail('batch-edit-unsigned-entry', '2: each stated hash equals the computed one', editedBatch(), {
      lines: { 2: 'HASH_MISMATCH' },
      notes: { '2-3': 'UNSIGNED_TAIL' },
      good: '1',
    }),
  ];
}

function editedBatch(): LogBuilder {
  const log = new LogBuilder([ed]).genesis('batch').calls(2, { by: [] });
  log.lines[1] = rawBytes(replaceOnce(rawText(log.lines[1]!), 'build-bot', 'built-bot'));
  return log;
}

function batchRecoveryUnsigned(about: string): Case {
  const log = new LogBuilder([ed]).genesis('batch').calls(1, { by: [] });
  const recovery = { firstSeq: 1, count: 1, lastHash: log.head, tornBytes: 0, tornSha256: SHA256_OF_NOTHING };
  log.add(recoveryEvent(recovery), { by: [] });
  const one = classical('batch-recovery-unsigned', about, log.bytes(), ['ed'], {
    lines: { 3: 'SIGNATURE_MISSING' },
    notes: { 2: 'UNSIGNED_TAIL' },
    recovered: { 3: 1 },
    good: '1',
  });
  return { ...one, options: { ...one.options, allow_unsigned_tail: true } };
}

/** Lines without the signatures that they must carry. */
export function tamperedRequirements(): Case[] {
  return [...missingSignatures(), ...batches()];
}
