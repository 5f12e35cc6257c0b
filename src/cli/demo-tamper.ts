import { concatBytes, utf8, utf8Text } from '../base/bytes.ts';
import type { Signer } from '../crypto/signer.ts';
import { canonicalBytes } from '../receipt/canonical.ts';
import { genesisEvent } from '../receipt/control.ts';
import { entryBytes, ZERO_HASH } from '../receipt/entry.ts';
import type { JsonObject } from '../receipt/json.ts';
import { lineOf, parseReceipt, type Receipt } from '../receipt/receipt.ts';
import { hashEntry, signEntry } from '../receipt/seal.ts';
import type { Code } from '../verify/codes.ts';
import type { Verdict } from '../verify/verdict.ts';

/** What verification must say of a copy; anything else, less or more, and the demo has failed. */
export interface Expected {
  readonly verdict: Verdict['verdict'];
  readonly tail: Verdict['tail']['status'];
  /** Every problem there must be, in order: its code and its line (1-based; null for the log as a whole). */
  readonly problems: readonly (readonly [code: Code, line: number | null])[];
}

/** One way to tamper, applied to a copy. */
export interface Tampering {
  /** Also the name of the file. */
  readonly name: string;
  readonly story: string;
  readonly bytes: Uint8Array;
  /** By the public key alone. */
  readonly expected: Expected;
  /** By the key and the remembered head, where it takes both. */
  readonly withHead?: Expected;
}

/** The log to tamper with, as lines with their LF, the genesis line first; and what in it is worth hiding, as 0-based indices. */
export interface Target {
  readonly lines: readonly Uint8Array[];
  readonly refused: number;
  readonly failed: number;
}

/** Lines that are cut off. */
const CUT = 3;

/**
 * Tamper with copies of a log in six ways, as somebody would who can write to its folder and has no key of it.
 * @param foreign a key that the tamperer has. @returns the copies; `target` is only read.
 */
export async function tamper({ lines, refused, failed }: Target, foreign: Signer): Promise<readonly Tampering[]> {
  const receipts = lines.map((line) => parseReceipt(line.subarray(0, -1)));
  const invalid = { verdict: 'invalid', tail: 'unknown' } as const;
  return [
    {
      name: 'edit',
      story: `The refused call, line ${refused + 1}, is made to look allowed.`,
      bytes: concatBytes(...lines.with(refused, edited(lines[refused]!))),
      expected: {
        ...invalid,
        problems: [
          ['HASH_MISMATCH', refused + 1],
          ['SIGNATURE_INVALID', refused + 1],
        ],
      },
    },
    {
      name: 'delete',
      story: `The call that failed, line ${failed + 1}, is taken out.`,
      bytes: concatBytes(...lines.toSpliced(failed, 1)),
      expected: { ...invalid, problems: brokenAt(failed + 1) },
    },
    {
      name: 'reorder',
      story: 'Lines 3 and 4 change places.',
      bytes: concatBytes(...lines.toSpliced(2, 2, lines[3]!, lines[2]!)),
      expected: { ...invalid, problems: brokenAt(3, 4, 5) },
    },
    {
      name: 'insert',
      story:
        'A call that never was becomes line 6: right number, right link, right hash, and a signature copied from line 5.',
      bytes: concatBytes(...lines.toSpliced(5, 0, invented(receipts[4]!))),
      expected: { ...invalid, problems: [['SIGNATURE_INVALID', 6], ...brokenAt(7)] },
    },
    {
      name: 'cut',
      story: `The last ${CUT} lines are cut off. Every line that is left holds, so only who remembers the head can tell.`,
      bytes: concatBytes(...lines.slice(0, -CUT)),
      expected: { verdict: 'valid', tail: 'unknown', problems: [] },
      withHead: { verdict: 'invalid', tail: 'truncated', problems: [['TAIL_TRUNCATED', null]] },
    },
    {
      name: 'foreign-key',
      story:
        'The whole log is written anew, the refused call allowed. Numbers, links and hashes are right, and every line is signed, by another key that the new log names as its own.',
      bytes: await rewritten(receipts, refused, foreign),
      expected: { verdict: 'unverifiable', tail: 'unknown', problems: [['UNKNOWN_SIGNER', 1]] },
      withHead: {
        verdict: 'invalid',
        tail: 'forked',
        problems: [
          ['UNKNOWN_SIGNER', 1],
          ['TAIL_FORKED', null],
        ],
      },
    },
  ];
}

/** Where another line stands than the one before promises, both its number and its link are wrong. */
function brokenAt(...at: readonly number[]): (readonly [Code, number])[] {
  return at.flatMap((line): (readonly [Code, number])[] => [
    ['SEQ_BROKEN', line],
    ['CHAIN_BROKEN', line],
  ]);
}

/** A line as an editor leaves it: one word changed. */
function edited(line: Uint8Array): Uint8Array {
  return utf8(utf8Text(line).replace('"effect":"deny"', '"effect":"allow"'));
}

/** A receipt for a call that never was, placed right after `before`: all of it fits, except that nobody signed it. */
function invented({ entry, hash, sigs }: Receipt): Uint8Array {
  const event = { ...entry.event, action: { tool: 'payment.approve', resource: 'invoice 4711' } };
  const frame = { id: entry.id, log: entry.log, prev: hash, seq: entry.seq + 1, time: entry.time };
  const made = entryBytes(canonicalBytes(event), frame);
  return lineOf(made, hashEntry(made), sigs);
}

/** The same history with one change, complete in itself: a new genesis that names the foreign key, all hashes and signatures new. */
async function rewritten(receipts: readonly Receipt[], refused: number, foreign: Signer): Promise<Uint8Array> {
  const lines: Uint8Array[] = [];
  let prev = ZERO_HASH;
  for (const [i, { entry }] of receipts.entries()) {
    const { event, id, log, seq, time } = entry;
    const written = i === 0 ? withForeignKey(event, foreign) : i === refused ? { ...event, effect: 'allow' } : event;
    const made = entryBytes(canonicalBytes(written), { id, log, prev, seq, time });
    prev = hashEntry(made);
    lines.push(lineOf(made, prev, await signEntry(made, [foreign])));
  }
  return concatBytes(...lines);
}

function withForeignKey(genesis: JsonObject, { publicKey }: Signer): JsonObject {
  const { keys, suite } = genesisEvent({ random: new Uint8Array(32), mode: 'each', keys: [publicKey] });
  return { ...genesis, keys: keys!, suite: suite! };
}
