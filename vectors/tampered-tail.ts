import { concatBytes } from '../src/base/bytes.ts';
import { closeEvent } from '../src/receipt/control.ts';
import { call, LogBuilder } from './build.ts';
import { type Case, type Expected, KEYS, type Options } from './case.ts';
import { rawBytes, rawText, withLine } from './edit.ts';

const { alice, ed } = KEYS;

const EMPTY = new Uint8Array(0);

/** @returns the hash that line `n` (from 1) states. */
function hashAt(lines: readonly Uint8Array[], n: number): string {
  return /"hash":"(\w{64})"/.exec(rawText(lines[n - 1]!))![1]!;
}

function tailCase(
  name: string,
  about: string,
  bytes: Uint8Array | string,
  options: Options,
  expect: Expected & { good: string },
): Case {
  const { good, ...rest } = expect;
  return {
    name,
    about,
    bytes,
    trust: ['ed'],
    options: { allow_classical: true, ...options },
    expect: { ...rest, notes: { [good]: 'CLASSICAL_ONLY' } },
  };
}

/** Logs that hold in themselves, and not against what was remembered outside of them. */
export function tamperedTails(): Case[] {
  const log = new LogBuilder([ed]).genesis().calls(4);
  const { lines } = log;
  const cut = concatBytes(...lines.slice(0, 3));
  const shorter = '8: truncated: shorter than a pin, --min-size or checkpoint';
  const differs = '8: forked: head or genesis differs';
  const head = { size: 5, hash: log.head };
  const three = { size: 3, hash: hashAt(lines, 3) };
  const truncated = (by: string): Expected & { good: string } => ({
    log: 'TAIL_TRUNCATED',
    tail: `truncated ${by}`,
    good: '1-3',
  });
  const rebuilt = new LogBuilder([ed]).genesis().calls(1).add(call(9)).calls(2);
  const restarted = new LogBuilder([ed], log.log, Date.UTC(2026, 10, 21)).genesis().calls(4);
  const closed = new LogBuilder([ed]).genesis().add(closeEvent({ scope: 'log' }));
  const tornCut = concatBytes(...lines.slice(0, 3), lines[3]!.subarray(0, 40));
  const unreadable = concatBytes(...withLine(lines, 5, (line) => `${line.slice(0, 30)}\n`));
  return [
    tailCase('cut-tail', shorter, cut, { expect_head: head }, truncated('head 5')),
    tailCase('cut-tail-size', shorter, 'cut-tail', { expect_size: 5 }, truncated('size 5')),
    tailCase('cut-tail-min-size', shorter, 'cut-tail', { min_size: 4 }, truncated('min-size 4')),
    tailCase(
      'cut-tail-other-pin-reached',
      '8: several sources: truncated > complete',
      'cut-tail',
      { expect_head: three, min_size: 4 },
      truncated('min-size 4'),
    ),
    tailCase(
      'cut-tail-torn',
      shorter,
      tornCut,
      { expect_head: head },
      {
        log: 'TORN_TAIL TAIL_TRUNCATED',
        tail: 'truncated head 5',
        torn: 40,
        good: '1-3',
      },
    ),
    tailCase(
      'cut-tail-closed',
      '8: several sources: truncated > complete',
      closed.bytes(),
      { min_size: 3 },
      {
        log: 'TAIL_TRUNCATED',
        tail: 'truncated min-size 3',
        good: '1-2',
      },
    ),
    tailCase(
      'cut-tail-unreadable-rest-too-short',
      `${shorter}; also if unreadable lines after the last readable one were entries`,
      concatBytes(cut, rawBytes('garbage\n')),
      { expect_head: head },
      { lines: { 4: 'MALFORMED' }, log: 'TAIL_TRUNCATED', tail: 'truncated head 5', good: '1-3' },
    ),
    tailCase(
      'empty-with-head',
      '8: an empty log with a pin is invalid',
      EMPTY,
      { expect_head: head },
      {
        log: 'EMPTY TAIL_TRUNCATED',
        tail: 'truncated head 5',
        good: '',
      },
    ),
    tailCase(
      'empty-with-size',
      '8: an empty log with a pin is invalid',
      'empty-with-head',
      { expect_size: 1 },
      {
        log: 'EMPTY TAIL_TRUNCATED',
        tail: 'truncated size 1',
        good: '',
      },
    ),
    tailCase(
      'empty-with-min-size',
      '8: an empty log with a pin is invalid',
      'empty-with-head',
      { min_size: 1 },
      {
        log: 'EMPTY TAIL_TRUNCATED',
        tail: 'truncated min-size 1',
        good: '',
      },
    ),
    tailCase(
      'empty-with-genesis',
      '8: an empty log with a pin is invalid',
      'empty-with-head',
      { expect_genesis: hashAt(lines, 1) },
      {
        log: 'EMPTY TAIL_TRUNCATED',
        tail: 'truncated genesis 1',
        good: '',
      },
    ),
    tailCase(
      'forked-head',
      differs,
      rebuilt.bytes(),
      { expect_head: head },
      {
        log: 'TAIL_FORKED',
        tail: 'forked head 5',
        good: '1-5',
      },
    ),
    tailCase(
      'forked-inside',
      differs,
      'forked-head',
      { expect_head: three },
      {
        log: 'TAIL_FORKED',
        tail: 'forked head 3',
        good: '1-5',
      },
    ),
    tailCase(
      'forked-genesis',
      differs,
      restarted.bytes(),
      { expect_genesis: hashAt(lines, 1) },
      {
        log: 'TAIL_FORKED',
        tail: 'forked genesis',
        good: '1-5',
      },
    ),
    tailCase(
      'forked-and-truncated',
      '8: several sources: forked > truncated',
      'forked-genesis',
      { expect_genesis: hashAt(lines, 1), min_size: 9 },
      { log: 'TAIL_TRUNCATED TAIL_FORKED', tail: 'forked genesis', good: '1-5' },
    ),
    tailCase(
      'pin-on-unreadable-line',
      '8: a pin that cannot be compared is PIN_UNCHECKED',
      unreadable,
      { expect_head: head },
      { lines: { 5: 'MALFORMED' }, log: 'PIN_UNCHECKED', good: '1-4' },
    ),
    tailCase(
      'pin-size-on-unreadable-line',
      '8: a pin that cannot be compared is PIN_UNCHECKED',
      'pin-on-unreadable-line',
      { expect_size: 5 },
      {
        lines: { 5: 'MALFORMED' },
        log: 'PIN_UNCHECKED',
        good: '1-4',
      },
    ),
    tailCase(
      'pin-reached-then-unreadable',
      '8: open: reaches the pin, more follows',
      'pin-on-unreadable-line',
      { expect_size: 4 },
      {
        lines: { 5: 'MALFORMED' },
        tail: 'open size 4',
        good: '1-4',
      },
    ),
    {
      name: 'pin-genesis-unreadable',
      about: '8: a pin that cannot be compared is PIN_UNCHECKED',
      bytes: concatBytes(rawBytes('garbage\n'), ...new LogBuilder([alice]).genesis().calls(1).lines.slice(1)),
      trust: ['alice'],
      options: { expect_genesis: hashAt(lines, 1) },
      expect: { lines: { 1: 'MALFORMED', 2: 'PARTIAL' }, log: 'PIN_UNCHECKED' },
    },
    {
      name: 'pin-genesis-behind-unparsed-line-1',
      about:
        '8: a pin that cannot be compared is PIN_UNCHECKED: what is the first entry, an unparsed line 1 leaves open',
      bytes: concatBytes(rawBytes('garbage\n'), ...new LogBuilder([alice]).genesis().calls(1).lines),
      trust: ['alice'],
      options: { expect_genesis: hashAt(lines, 1) },
      expect: { lines: { 1: 'MALFORMED' }, log: 'PIN_UNCHECKED' },
    },
  ];
}
