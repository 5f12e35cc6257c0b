import { closeEvent } from '../src/receipt/control.ts';
import { call, fixedRandom, LogBuilder, rawSignature } from './build.ts';
import { type Case, KEYS, type Options } from './case.ts';
import { rawText } from './edit.ts';
import { cl, classical, good, pq } from './good-case.ts';

const { alice, carol, ed, eve } = KEYS;

function frames(): Case[] {
  const at = (...times: string[]): LogBuilder => {
    const log = new LogBuilder([ed]);
    times.forEach((time, i) => {
      if (i === 0) log.genesis('each', { frame: { time } });
      else log.calls(1, { frame: { time } });
    });
    return log;
  };
  const origin = (log: string): LogBuilder => new LogBuilder([ed], log).genesis().calls(1);
  const ids = ['8', '9', 'a', 'b'];
  const variants = cl();
  for (const variant of ids) variants.calls(1, { frame: { id: `ffffffff-ffff-7fff-${variant}fff-ffffffffffff` } });
  return [
    classical(
      'time-edges',
      '1: real instants of 1970–9999',
      at(
        '1970-01-01T00:00:00.000Z',
        '2000-02-29T23:59:59.999Z',
        '2024-02-29T00:00:00.000Z',
        '9999-12-31T23:59:59.999Z',
      ),
      '1-4',
    ),
    classical(
      'time-goes-back',
      '1: a clock that goes back is a finding, not invalid',
      at('2026-01-01T00:00:00.001Z', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z'),
      '1-3',
      {
        notes: { 2: 'CLOCK_BACKWARDS' },
      },
    ),
    classical(
      'time-window',
      '8: [from, until)',
      at('2026-01-01T00:00:00.000Z', '2026-01-01T23:59:59.999Z'),
      '1-2',
      {},
      {
        not_before: '2026-01-01T00:00:00.000Z',
        not_after: '2026-01-02T00:00:00.000Z',
      },
    ),
    classical(
      'log-200-characters',
      '1: log is at most 200 characters',
      origin(`9${'Az0._~/:-x'.repeat(20)}`.slice(0, 200)),
      '1-2',
    ),
    classical('log-one-character', '1: log is at least one character', origin('a'), '1-2'),
    classical('id-variants', '1: version 7, variant 8, 9, a or b; the same id twice is no breach', variants, '1-5'),
  ];
}

function tails(): Case[] {
  const log = cl().calls(2);
  const hash = (n: number): string => /"hash":"(\w{64})"/.exec(rawText(log.lines[n - 1]!))![1]!;
  const whole = log.bytes();
  const withoutLf = whole.slice(0, -1);
  const pin = (name: string, about: string, options: Options, tail: string, file = 'classical-allowed'): Case =>
    classical(name, about, file, '1-3', { tail }, options);
  const head = { size: 3, hash: log.head };
  return [
    pin('pin-head', '8: complete: size equals an outside pin', { expect_head: head }, 'complete head 3'),
    pin(
      'pin-head-inside',
      '8: open: reaches it, more follows',
      { expect_head: { size: 2, hash: hash(2) } },
      'open head 2',
    ),
    pin('pin-size', '8: complete: size equals an outside pin', { expect_size: 3 }, 'complete size 3'),
    pin('pin-size-passed', '8: open: reaches it, more follows', { expect_size: 1 }, 'open size 1'),
    pin('pin-min-size', '8: --min-size reached leaves the tail as it is', { min_size: 3 }, 'unknown'),
    pin('pin-genesis', '8: a genesis pin that fits says nothing of the tail', { expect_genesis: hash(1) }, 'unknown'),
    pin(
      'pins-open-over-complete',
      '8: several sources: open > complete',
      { expect_head: head, expect_size: 2 },
      'open size 2',
    ),
    classical(
      'without-last-line-end',
      '6: bytes after the last LF that are a line are the last line',
      withoutLf,
      '1-3',
      {
        tornLine: true,
        head,
      },
    ),
    classical(
      'without-last-line-end-pinned',
      '6: the tail is open where it would be complete',
      'without-last-line-end',
      '1-3',
      {
        tornLine: true,
        tail: 'open head 3',
      },
      { expect_head: head },
    ),
    classical(
      'one-line-without-line-end',
      '6: bytes after the last LF that are a line are the last line',
      cl().bytes().slice(0, -1),
      '1',
      {
        tornLine: true,
      },
    ),
    classical(
      'close-without-line-end',
      '6: the tail is open where it would be complete',
      cl()
        .add(closeEvent({ scope: 'log' }))
        .bytes()
        .slice(0, -1),
      '1-2',
      {
        tornLine: true,
        tail: 'open close',
      },
    ),
  ];
}

/** Signatures that verification has nothing to say to. */
function signatureBeside(): Case[] {
  const unknown = '2: an unknown kid: grammar only, counted, moves the verdict neither way';
  const kid = (fill: number): string => Buffer.alloc(32, fill).toString('base64url');
  const log = pq();
  log.calls(1, {
    signatures: (entry) => [
      rawSignature(alice, entry),
      rawSignature(carol, entry),
      { alg: 'SLH-DSA-SHA2-256f', kid: kid(1), bytes: new Uint8Array(49_856).fill(3) },
      { alg: 'A'.repeat(32), kid: kid(2), bytes: new Uint8Array(1) },
      { alg: '-', kid: kid(3), bytes: new Uint8Array(2) },
      { alg: 'ML-DSA-65', kid: kid(4), bytes: new Uint8Array(3) },
      { alg: 'Ed25519', kid: kid(255), bytes: new Uint8Array(64) },
      { alg: 'x.y', kid: kid(0), bytes: new Uint8Array(3309) },
    ],
  });
  const hedged = cl().calls(1, {
    signatures: (entry) => [rawSignature(ed, entry), { ...rawSignature(eve, entry), bytes: new Uint8Array(64) }],
  });
  return [
    good('signatures-of-others', unknown, log, { signatures: [2, 2, 0, 0, 7] }),
    classical('signature-of-stranger-bad', unknown, hedged, '1-2', { signatures: [2, 2, 0, 0, 1] }),
    good('signature-exchanged', '2: one valid signature for another by the same key is not seen: say so', exchanged(), {
      signatures: [2, 2, 0, 0, 0],
    }),
    vouchedBeside(),
    classical('entries-alike', '1: nothing forbids the same event twice', cl().add(call(1)).add(call(1)), '1-3'),
  ];
}

/** Line 2 with another good signature than the signer made: hedged instead of deterministic. */
function exchanged(): LogBuilder {
  const log = pq();
  return log.calls(1, { signatures: (entry) => [rawSignature(alice, entry, undefined, fixedRandom('rnd').bytes(32))] });
}

/** Required is an Ed25519 key that nobody outside knows; an outside ML-DSA key signs beside it. */
function vouchedBeside(): Case {
  const log = new LogBuilder([ed]).genesis('each', { by: [alice, ed] }).calls(1, { by: [alice, ed] });
  return good(
    'vouched-by-a-key-not-required',
    '3: accepted: requirement met, and a good ML-DSA signature by an outside key',
    log,
    {
      signatures: [2, 4, 0, 0, 0],
    },
  );
}

/** Frames, tails and pins, and signatures that verification has nothing to say to. */
export function goodLines(): Case[] {
  return [...frames(), ...tails(), ...signatureBeside()];
}
