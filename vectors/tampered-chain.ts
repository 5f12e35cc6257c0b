import { concatBytes } from '../src/base/bytes.ts';
import { nobleSha256Hex } from '../src/crypto/hash.ts';
import { closeEvent } from '../src/receipt/control.ts';
import { entryHash } from '../src/receipt/entry.ts';
import { LogBuilder } from './build.ts';
import { type Case, KEYS } from './case.ts';
import { COMPUTED, chainCase, five, GENESIS, LINK, OTHER, other } from './chain-case.ts';
import { rawBytes, rawText, replaceOnce, withLine } from './edit.ts';

/** Recompute hash and links from line `n` on as someone without the keys can: signatures stay as they were. */
function relinked(lines: readonly Uint8Array[], n: number): Uint8Array[] {
  const out = [...lines];
  for (let i = n - 1; i < out.length; i++) {
    let text = rawText(out[i]!);
    if (i >= n) {
      const before = /"hash":"(\w{64})"/.exec(rawText(out[i - 1]!))![1]!;
      text = text.replace(/"prev":"\w{64}"/, `"prev":"${before}"`);
    }
    out[i] = rehashed(text);
  }
  return out;
}

/** @returns the line with its hash computed anew. */
function rehashed(line: string): Uint8Array {
  const entry = /^\{"entry":(.*),"hash":/.exec(line)![1]!;
  return rawBytes(line.replace(/"hash":"\w{64}"/, `"hash":"${entryHash(rawBytes(entry), nobleSha256Hex)}"`));
}

function edits(): Case[] {
  const { lines } = five();
  const bot = (line: string): string => replaceOnce(line, 'build-bot', 'built-bot');
  const botched = withLine(lines, 3, bot);
  const flipHex = (line: string, member: string): string =>
    line.replace(new RegExp(`"${member}":"(\\w)`), (_, digit: string) => `"${member}":"${digit === '0' ? '1' : '0'}`);
  return [
    chainCase('edit-event', COMPUTED, botched, {
      lines: { 3: 'HASH_MISMATCH SIGNATURE_INVALID' },
      good: '1-2,4-5',
      signatures: [5, 4, 1, 0, 0],
    }),
    chainCase(
      'edit-time',
      COMPUTED,
      withLine(lines, 3, (line) => replaceOnce(line, ':34:03.000Z', ':34:03.001Z')),
      {
        lines: { 3: 'HASH_MISMATCH SIGNATURE_INVALID' },
        good: '1-2,4-5',
      },
    ),
    chainCase(
      'edit-id',
      COMPUTED,
      withLine(lines, 3, (line) => line.replace('-7000-8', '-7000-9')),
      {
        lines: { 3: 'HASH_MISMATCH SIGNATURE_INVALID' },
        good: '1-2,4-5',
      },
    ),
    chainCase(
      'edit-hash',
      COMPUTED,
      withLine(lines, 3, (line) => flipHex(line, 'hash')),
      {
        lines: { 3: 'HASH_MISMATCH', 4: 'CHAIN_BROKEN' },
        good: '1-5',
      },
    ),
    chainCase(
      'edit-prev',
      LINK,
      withLine(lines, 3, (line) => flipHex(line, 'prev')),
      {
        lines: { 3: 'HASH_MISMATCH CHAIN_BROKEN SIGNATURE_INVALID' },
        good: '1-2,4-5',
      },
    ),
    chainCase(
      'edit-and-rehash',
      LINK,
      withLine(botched, 3, (line) => rawText(rehashed(line))),
      {
        lines: { 3: 'SIGNATURE_INVALID', 4: 'CHAIN_BROKEN' },
        good: '1-2,4-5',
      },
    ),
    chainCase('edit-and-relink-all', '2: signatures are over the entry bytes, prev included', relinked(botched, 3), {
      lines: { '3-5': 'SIGNATURE_INVALID' },
      good: '1-2',
    }),
    chainCase('edit-last-line', COMPUTED, withLine(lines, 5, bot), {
      lines: { 5: 'HASH_MISMATCH SIGNATURE_INVALID' },
      good: '1-4',
    }),
    chainCase('edit-last-line-without-line-end', '6: the last line is judged like any', editedWithoutLineEnd(), {
      lines: { 5: 'HASH_MISMATCH SIGNATURE_INVALID' },
      tornLine: true,
      good: '1-4',
    }),
    chainCase(
      'hash-without-leaf-prefix',
      '2: hash is SHA-256(0x00 ‖ entry bytes)',
      withLine(five().lines, 5, (line) => {
        const entry = /^\{"entry":(.*),"hash":/.exec(line)![1]!;
        return line.replace(/"hash":"\w{64}"/, `"hash":"${nobleSha256Hex(rawBytes(entry))}"`);
      }),
      { lines: { 5: 'HASH_MISMATCH' }, good: '1-5' },
    ),
  ];
}

function moves(): Case[] {
  const { lines } = five();
  const [l1, l2, l3, l4, l5] = lines as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const foreign = other().lines;
  return [
    chainCase('delete-line', LINK, [l1, l2, l4, l5], { lines: { 3: 'SEQ_BROKEN CHAIN_BROKEN' }, good: '1-4' }),
    chainCase('delete-two-lines', LINK, [l1, l2, l5], { lines: { 3: 'SEQ_BROKEN CHAIN_BROKEN' }, good: '1-3' }),
    chainCase('swap-lines', LINK, [l1, l3, l2, l4, l5], {
      lines: { '2-4': 'SEQ_BROKEN CHAIN_BROKEN' },
      notes: { 3: 'CLOCK_BACKWARDS' },
      good: '1-5',
    }),
    chainCase('duplicate-line', LINK, [l1, l2, l3, l3, l4, l5], {
      lines: { 4: 'SEQ_BROKEN CHAIN_BROKEN' },
      good: '1-6',
    }),
    chainCase('duplicate-first-line', LINK, [l1, l1, l2, l3], {
      lines: { 2: 'SEQ_BROKEN CHAIN_BROKEN' },
      good: '1-4',
    }),
    chainCase('insert-foreign-line', '1: log is byte-equal to that of the first line', [l1, l2, foreign[2]!, l3, l4], {
      lines: { 3: 'WRONG_LOG CHAIN_BROKEN SIGNATURE_MISSING', 4: 'SEQ_BROKEN CHAIN_BROKEN' },
      good: '1-2,4-5',
      signatures: [5, 4, 0, 1, 1],
    }),
    chainCase('log-of-another', '1: log is byte-equal to that of the first line', anotherOrigin(), {
      lines: { 2: 'WRONG_LOG' },
      good: '1-3',
    }),
    chainCase('insert-line-of-own-other-log', LINK, [l1, l2, ownOther()[2]!, l4, l5], {
      lines: { 3: 'WRONG_LOG CHAIN_BROKEN', 4: 'CHAIN_BROKEN' },
      good: '1-5',
    }),
    chainCase(
      'insert-close-of-own-other-log',
      '4: a signed close closes, whatever else is wrong with its line',
      otherClose(),
      {
        lines: { 3: 'WRONG_LOG CHAIN_BROKEN', 4: 'SEQ_BROKEN CHAIN_BROKEN AFTER_CLOSE', 5: 'AFTER_CLOSE' },
        good: '1-5',
      },
    ),
    chainCase('two-logs-in-one', GENESIS, [l1, l2, ...ownOther().slice(0, 2)], {
      lines: { 3: 'WRONG_LOG SEQ_BROKEN CHAIN_BROKEN', 4: 'WRONG_LOG' },
      notes: { 3: 'CLOCK_BACKWARDS' },
      good: '1-4',
    }),
    chainCase(
      'after-unparsed-line-link-not-judged',
      '2: after an unparseable line the next link and seq are not judged',
      [l1, rawBytes('garbage\n'), l4, l5],
      {
        lines: { 2: 'MALFORMED' },
        good: '1,3-4',
      },
    ),
    chainCase(
      'after-unparsed-line-clock-noted',
      '1: a clock that goes back is noted, against the last line that parses',
      [l1, l2, rawBytes('garbage\n'), l1],
      { lines: { 3: 'MALFORMED' }, notes: { 4: 'CLOCK_BACKWARDS' }, good: '1-2,4' },
    ),
    chainCase('replace-rest-by-stranger', '3: a signature by every key of the requirement', strangersRest(), {
      lines: { '4-5': 'SIGNATURE_MISSING' },
      good: '1-3',
      signatures: [5, 3, 0, 2, 2],
    }),
  ];
}

/** A line under another origin that fits in every other way. */
function anotherOrigin(): Uint8Array {
  const log = new LogBuilder([KEYS.ed]).genesis();
  return log
    .calls(1, { frame: { log: OTHER } })
    .calls(1)
    .bytes();
}

/** The same without the last LF of the file: bytes that are a line by grammar are judged like any. */
function editedWithoutLineEnd(): Uint8Array {
  const lines = withLine(five().lines, 5, (line) => replaceOnce(line, 'build-bot', 'built-bot').trimEnd());
  return concatBytes(...lines);
}

/** Another log of the same owner. */
function ownOther(): Uint8Array[] {
  return new LogBuilder([KEYS.ed], OTHER).genesis().calls(4).lines;
}

/** The close of another log of the same owner, put into this one. */
function otherClose(): Uint8Array[] {
  const { lines } = five();
  const close = new LogBuilder([KEYS.ed], OTHER)
    .genesis()
    .calls(1)
    .add(closeEvent({ scope: 'log' })).lines[2]!;
  return [lines[0]!, lines[1]!, close, lines[2]!, lines[3]!];
}

/** Whoever can write the file goes on with links that hold and a key of their own. */
function strangersRest(): Uint8Array[] {
  const log = new LogBuilder([KEYS.ed]).genesis().calls(2);
  return log.calls(2, { by: [KEYS.eve] }).lines;
}
function times(): Case[] {
  const about = '8: claimed times outside [from, until) are invalid';
  const at = (name: string, options: object, lines: Record<string, string>): Case => {
    const one = chainCase(name, about, five().bytes(), { lines, good: '1-5' });
    return { ...one, options: { ...one.options, ...options } };
  };
  return [
    at('time-before-window', { not_before: '2026-11-20T20:34:02.001Z' }, { '1-2': 'TIME_OUT_OF_WINDOW' }),
    at('time-at-end-of-window', { not_after: '2026-11-20T20:34:05.000Z' }, { 5: 'TIME_OUT_OF_WINDOW' }),
  ];
}

/** Lines that are receipts, in a chain that does not hold. */
export function tamperedChains(): Case[] {
  return [...edits(), ...moves(), ...times()];
}
