import { concatBytes } from '../src/base/bytes.ts';
import { closeEvent } from '../src/receipt/control.ts';
import { LogBuilder } from './build.ts';
import { type Case, KEYS } from './case.ts';
import { open, pq } from './open-case.ts';
import { partRotated } from './tampered-keys.ts';

const { alice, bob, ed, eve } = KEYS;

function tails(): Case[] {
  const torn = '6: bytes after the last LF that are no line: TORN_TAIL, torn_bytes their count';
  const log = new LogBuilder([ed]).genesis().calls(2);
  const classical = { allow_classical: true };
  const last = log.lines[2]!;
  const cutAt = (bytes: number): Uint8Array => concatBytes(...log.lines.slice(0, 2), last.subarray(0, bytes));
  const closed = new LogBuilder([ed]).genesis().add(closeEvent({ scope: 'log' }));
  const good = { '1-2': 'CLASSICAL_ONLY' };
  return [
    open(
      'torn-tail',
      torn,
      cutAt(last.length - 10),
      ['ed'],
      { log: 'TORN_TAIL', torn: last.length - 10, notes: good },
      classical,
    ),
    open('torn-tail-one-byte', torn, cutAt(1), ['ed'], { log: 'TORN_TAIL', torn: 1, notes: good }, classical),
    open(
      'torn-tail-one-byte-short-of-a-line',
      torn,
      cutAt(last.length - 2),
      ['ed'],
      { log: 'TORN_TAIL', torn: last.length - 2, notes: good },
      classical,
    ),
    open(
      'torn-tail-pinned',
      '6: the tail is open where it would be complete',
      'torn-tail',
      ['ed'],
      {
        log: 'TORN_TAIL',
        tail: 'open size 2',
        torn: last.length - 10,
        notes: good,
      },
      { ...classical, expect_size: 2 },
    ),
    open(
      'torn-after-close',
      '6: the tail is open where it would be complete',
      concatBytes(closed.bytes(), Uint8Array.of(0x7b)),
      ['ed'],
      {
        log: 'TORN_TAIL',
        tail: 'open close',
        torn: 1,
        notes: good,
      },
      classical,
    ),
    open('only-torn-bytes', torn, log.lines[0]!.subarray(0, 100), ['ed'], { log: 'TORN_TAIL EMPTY', torn: 100 }),
    open('empty', '8: an empty log is unverifiable', new Uint8Array(0), ['ed'], { log: 'EMPTY' }),
    open(
      'pin-genesis-of-part',
      '8: a pin that cannot be compared is PIN_UNCHECKED',
      concatBytes(...pq().calls(1).lines.slice(1)),
      ['alice'],
      {
        lines: { 1: 'PARTIAL' },
        log: 'PIN_UNCHECKED',
      },
      { expect_genesis: 'ab'.repeat(32) },
    ),
    open(
      'pin-head-before-part',
      '8: a pin that cannot be compared is PIN_UNCHECKED',
      'pin-genesis-of-part',
      ['alice'],
      {
        lines: { 1: 'PARTIAL' },
        log: 'PIN_UNCHECKED',
      },
      { expect_head: { size: 1, hash: 'ab'.repeat(32) } },
    ),
  ];
}

function others(): Case[] {
  const part = pq().calls(3);
  const batch = new LogBuilder([alice]).genesis('batch');
  const partial = '8: first parsed seq ≠ 0: PARTIAL; size is last seq + 1, the first prev is not judged';
  const uncovered = '3: uncovered entries: one problem, at the first, with the count';
  const newer = new LogBuilder([ed]).genesis('each', { v: '2' }).calls(2, { v: '2' });
  return [
    open('first-line-cut-off', partial, concatBytes(...part.lines.slice(1, 3)), ['alice'], {
      lines: { 1: 'PARTIAL' },
      head: { size: 3, hash: hashAt(part, 3) },
      signatures: [2, 2, 0, 0, 0],
    }),
    open(
      'part-with-rotation',
      '5: in a part of a log a rotation rules what follows it',
      partRotated([bob]),
      ['alice'],
      {
        lines: { 1: 'PARTIAL' },
        signatures: [4, 4, 0, 0, 0],
      },
    ),
    open(
      'first-line-cut-off-pinned',
      partial,
      'first-line-cut-off',
      ['alice'],
      {
        lines: { 1: 'PARTIAL' },
        tail: 'complete head 3',
      },
      { expect_head: { size: 3, hash: hashAt(part, 3) } },
    ),
    open('part-at-highest-seq', '1: seq up to 2^53−1', highest(), ['alice'], {
      lines: { 1: 'PARTIAL' },
    }),
    open('unsigned-tail', uncovered, batch.calls(2, { by: [] }).bytes(), ['alice'], {
      lines: { '2-3': 'UNSIGNED_TAIL' },
      signatures: [1, 1, 0, 0, 0],
    }),
    open(
      'unsigned-between-signed',
      uncovered,
      between(),
      ['ed'],
      {
        lines: { '2,4': 'UNSIGNED_TAIL' },
        notes: { '1,3': 'CLASSICAL_ONLY' },
      },
      { allow_classical: true },
    ),
    open(
      'unsigned-tail-partly-signed',
      '3: an ordinary entry of a batch log is signed if its signatures meet the requirement',
      partly(),
      ['ed'],
      {
        lines: { 2: 'UNSIGNED_TAIL' },
        notes: { 1: 'CLASSICAL_ONLY' },
        signatures: [2, 3, 0, 0, 0],
      },
      { allow_classical: true },
    ),
    open('unknown-version', '1: a log of another version is unverifiable as a whole', newer.bytes(), ['ed'], {
      lines: { '1-3': 'UNSUPPORTED_VERSION' },
      unsupported: true,
    }),
    open(
      'unknown-version-pinned',
      '1: of it only form and VERSION_MIXED are judged',
      'unknown-version',
      ['ed'],
      {
        lines: { '1-3': 'UNSUPPORTED_VERSION' },
        unsupported: true,
      },
      { min_size: 9, not_after: '2000-01-01T00:00:00.000Z' },
    ),
    open(
      'unknown-version-everything-else-wrong',
      '1: of it only form and VERSION_MIXED are judged',
      wrongInUnknown(),
      [],
      {
        lines: { '1-3': 'UNSUPPORTED_VERSION' },
        unsupported: true,
      },
    ),
    open(
      'unknown-version-huge',
      '1: v is 0|[1-9][0-9]*',
      new LogBuilder([ed]).genesis('each', { v: '9'.repeat(40) }).bytes(),
      ['ed'],
      {
        lines: { 1: 'UNSUPPORTED_VERSION' },
        unsupported: true,
      },
    ),
    open(
      'version-0',
      '1: a log of another version is unverifiable as a whole',
      new LogBuilder([ed]).genesis('each', { v: '0' }).bytes(),
      ['ed'],
      {
        lines: { 1: 'UNSUPPORTED_VERSION' },
        unsupported: true,
      },
    ),
    open(
      'unknown-version-torn',
      '6, 1: form is judged of a log of another version',
      concatBytes(...newer.lines.slice(0, 1), newer.lines[1]!.subarray(0, 50)),
      ['ed'],
      {
        lines: { 1: 'UNSUPPORTED_VERSION' },
        log: 'TORN_TAIL',
        torn: 50,
        unsupported: true,
      },
    ),
  ];
}

function hashAt(log: LogBuilder, n: number): string {
  return /"hash":"(\w{64})"/.exec(new TextDecoder().decode(log.lines[n - 1]))![1]!;
}

function highest(): Uint8Array {
  const log = new LogBuilder([alice]);
  return log.calls(1, { frame: { seq: Number.MAX_SAFE_INTEGER, prev: 'ab'.repeat(32) } }).bytes();
}

function between(): Uint8Array {
  const log = new LogBuilder([ed]).genesis('batch');
  return log.calls(1, { by: [] }).calls(1).calls(1, { by: [] }).bytes();
}

function partly(): Uint8Array {
  return new LogBuilder([ed, eve])
    .genesis('batch')
    .calls(1, { by: [ed] })
    .bytes();
}

/** No genesis, other origins, links that do not hold, times that go back, signatures of nobody. */
function wrongInUnknown(): Uint8Array {
  const log = new LogBuilder([ed]);
  return log
    .calls(1, { v: '2', by: [eve] })
    .calls(1, { v: '2', by: [], frame: { seq: 7, log: 'example.org/x', time: '1999-01-01T00:00:00.000Z' } })
    .calls(1, { v: '2', by: [ed], frame: { prev: '0'.repeat(64), seq: 3 } })
    .bytes();
}

/** Torn and cut logs, unsigned entries, other versions. */
export function openTails(): Case[] {
  return [...tails(), ...others()];
}
