import { toJwk } from '../src/crypto/public-key.ts';
import { fixedKey } from './build.ts';

/** The keys of the kit, from fixed seeds. Ed25519 keys where the algorithm does not matter: their lines are short. */
export const KEYS = {
  alice: fixedKey('alice'),
  bob: fixedKey('bob'),
  carol: fixedKey('carol'),
  ed: fixedKey('ed', 'Ed25519'),
  eve: fixedKey('eve', 'Ed25519'),
  fay: fixedKey('fay', 'Ed25519'),
};
export type KeyName = keyof typeof KEYS;

/** What verification is told besides the bytes; the names are those of the command line. */
export interface Options {
  readonly expect_genesis?: string;
  readonly expect_head?: { readonly size: number; readonly hash: string };
  readonly expect_size?: number;
  readonly min_size?: number;
  /** Files of checkpoints: kept outside, found in the log folder, resumed from. */
  readonly checkpoints?: readonly string[];
  readonly log_checkpoints?: readonly string[];
  readonly resume?: string;
  readonly not_before?: string;
  readonly not_after?: string;
  readonly allow_unsigned_tail?: boolean;
  readonly allow_classical?: boolean;
}

/**
 * What must be found, written by hand from the format, line by line. The index is derived from it by the rules of format section 8
 * that aggregate: codes that stand once, counts, the verdict.
 */
export interface Expected {
  /** Lines (`'2'`, `'1-3'`, `'1,4-5'`) to the codes of their problems, in the order of the checks. */
  readonly lines?: Readonly<Record<string, string>>;
  /** Problems of the log as a whole, in order. */
  readonly log?: string;
  /** Lines to the codes of their notes. */
  readonly notes?: Readonly<Record<string, string>>;
  /** Status, and by what and at which size it was pinned: `complete head 3`, `complete close`. Default `unknown`. */
  readonly tail?: string;
  /** Bytes after the last LF that are no line. */
  readonly torn?: number;
  /** The last line lacks its LF: a note. */
  readonly tornLine?: true;
  /** Entries that recovery entries name, by the line of each. */
  readonly recovered?: Readonly<Record<number, number>>;
  /** Lines whose signatures are not verified again (--resume), where nothing else speaks of them. */
  readonly accepted?: number;
  /** The log is of another version: only its form is judged. */
  readonly unsupported?: true;
  /** required, valid, invalid, missing, unknown; where the case is about signatures. */
  readonly signatures?: readonly [number, number, number, number, number];
  /** Entries and stated hash of the last line that parses; where the case says so. */
  readonly head?: { readonly size: number; readonly hash: string };
}

/** One case of the kit. */
export interface Case {
  readonly name: string;
  /** The rule it shows, with the section of the format. */
  readonly about: string;
  /** The evidence; or the name of another case of the same folder whose file it is. */
  readonly bytes: Uint8Array | string;
  /** Outside keys: `alice` gives the key, `kid:alice` pins only its kid. */
  readonly trust: readonly (KeyName | `kid:${KeyName}`)[];
  readonly options?: Options;
  readonly expect: Expected;
  /** The checkpoints that options name, by file; several cases may share one. */
  readonly checkpoints?: Readonly<Record<string, Uint8Array>>;
}

/** Verdict of all cases in a folder. */
export const FOLDERS = { receipts: 'valid', tampered: 'invalid', unverifiable: 'unverifiable' } as const;
export type Folder = keyof typeof FOLDERS;

/** Codes this version can find, in the order of the checks: format section 8, written down a second time. */
export const WEIGHTS: Readonly<Record<string, 'I' | 'U' | 'U1' | 'N'>> = {
  MALFORMED: 'I',
  NOT_CANONICAL: 'I',
  TOO_LARGE: 'I',
  TORN_TAIL: 'U',
  VERSION_MIXED: 'I',
  UNSUPPORTED_VERSION: 'U1',
  WRONG_LOG: 'I',
  SEQ_BROKEN: 'I',
  GENESIS_RULE: 'I',
  PARTIAL: 'U1',
  EMPTY: 'U',
  HASH_MISMATCH: 'I',
  CHAIN_BROKEN: 'I',
  CONTROL_SCHEMA: 'I',
  RECOVERY_MISMATCH: 'I',
  SIGNATURE_INVALID: 'I',
  KEY_RETIRED: 'I',
  SIGNATURE_MISSING: 'I',
  UNKNOWN_SIGNER: 'U1',
  CLASSICAL_ONLY: 'U1',
  UNSIGNED_TAIL: 'U1',
  REQUIREMENT_LOWERED: 'U',
  AFTER_CLOSE: 'I',
  TIME_OUT_OF_WINDOW: 'I',
  CLOCK_BACKWARDS: 'N',
  SEQUENCE_CLOSED: 'N',
  TAIL_TRUNCATED: 'I',
  TAIL_FORKED: 'I',
  PIN_UNCHECKED: 'U',
  CHECKPOINT_UNTRUSTED: 'U',
  SCHEMA_NOTE: 'N',
  UNKNOWN_TYPE: 'N',
  RECOVERED: 'N',
};
const ORDER = Object.keys(WEIGHTS);

/** Codes of the closed list that need parts of the format which this version has not got: no case can show them yet. */
export const NOT_IN_THIS_VERSION = [
  'UNTRUSTED_USE',
  'PAYLOAD_MISMATCH',
  'PAYLOAD_MISSING',
  'ERASED',
  'DISPUTED',
  'OUTCOME_MISMATCH',
  'AGENT_KEY_MISMATCH',
  'GATE_RULE',
  'OUTCOME_MISSING',
  'KEY_REVOKED',
  'KEY_EXPIRED',
  'TIME_UNPROVEN',
  'TRUST_ROLLBACK',
];

/** `'1,3-5'` -> [1, 3, 4, 5] */
function linesOf(range: string): number[] {
  if (range === '') return [];
  return range.split(',').flatMap((part) => {
    const [first = 0, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/** Lines to codes, for each line that stands in a record of ranges. */
function byLine(record: Readonly<Record<string, string>> = {}): Map<number, string[]> {
  const map = new Map<number, string[]>();
  for (const [range, codes] of Object.entries(record)) {
    for (const line of linesOf(range)) map.set(line, [...(map.get(line) ?? []), ...codes.split(' ')]);
  }
  for (const codes of [...map.values()].flat()) if (WEIGHTS[codes] === undefined) throw new Error(`no code ${codes}`);
  return new Map([...map].sort(([a], [b]) => a - b));
}

const byOrder = (a: { code: string }, b: { code: string }): number => ORDER.indexOf(a.code) - ORDER.indexOf(b.code);

interface Listed {
  code: string;
  line: number | null;
  count: number;
}

function problemsOf(expected: Expected): Listed[] {
  const problems: (Listed & { line: number })[] = [];
  for (const [line, codes] of byLine(expected.lines)) {
    for (const code of codes) {
      const before = WEIGHTS[code] === 'U1' ? problems.find((problem) => problem.code === code) : undefined;
      if (before === undefined) problems.push({ code, line, count: 1 });
      else before.count++;
    }
  }
  problems.sort((a, b) => a.line - b.line || byOrder(a, b));
  const logWide = (expected.log ?? '').split(' ').filter((code) => code !== '');
  return [...problems, ...logWide.map((code) => ({ code, line: null, count: 1 })).sort(byOrder)];
}

function notesOf(expected: Expected): Listed[] {
  const notes: Listed[] = [];
  for (const [line, codes] of byLine(expected.notes)) {
    for (const code of codes) {
      const before = notes.find((note) => note.code === code);
      if (before === undefined) notes.push({ code, line, count: 1 });
      else before.count++;
    }
  }
  const recovered = Object.entries(expected.recovered ?? {});
  if (recovered.length > 0) {
    const count = recovered.reduce((sum, [, entries]) => sum + entries, 0);
    notes.push({ code: 'RECOVERED', line: Number(recovered[0]![0]), count });
  }
  if (expected.tornLine) notes.push({ code: 'TORN_TAIL', line: null, count: 1 });
  return notes.sort(byOrder);
}

function countsOf(expected: Expected, bytes: Uint8Array): Record<string, number> {
  const lines = bytes.filter((byte) => byte === 0x0a).length + (expected.tornLine ? 1 : 0);
  let invalid = 0;
  let unverifiable = 0;
  let firstInvalid = lines + 1;
  for (const [line, codes] of byLine(expected.lines)) {
    if (codes.some((code) => WEIGHTS[code] === 'I')) {
      invalid++;
      firstInvalid = Math.min(firstInvalid, line);
    } else unverifiable++;
  }
  const notJudged = expected.unsupported ? lines - invalid : (expected.accepted ?? 0);
  if (expected.unsupported) unverifiable = 0;
  const unsigned = [...byLine(expected.lines).values(), ...byLine(expected.notes).values()].flat();
  return {
    lines,
    valid: lines - invalid - unverifiable - notJudged,
    invalid,
    unverifiable,
    not_judged: notJudged,
    recovered: Object.values(expected.recovered ?? {}).reduce((sum, entries) => sum + entries, 0),
    unsigned_tail: unsigned.filter((code) => code === 'UNSIGNED_TAIL').length,
    intact_through_line: firstInvalid - 1,
  };
}

function tailOf({ tail = 'unknown', torn = 0 }: Expected): Record<string, unknown> {
  const [status, by, size] = tail.split(' ');
  return { status, pinned_by: by ?? null, pinned_size: size === undefined ? null : Number(size), torn_bytes: torn };
}

/** @returns one case as the index of its folder states it. @param bytes of its file. @param file its name. */
export function indexEntry(one: Case, bytes: Uint8Array, file: string): Record<string, unknown> {
  const { name, about, trust, options = {}, expect } = one;
  const problems = problemsOf(expect);
  const weights = problems.map(({ code }) => WEIGHTS[code]!);
  const verdict = weights.includes('I') ? 'invalid' : weights.length > 0 ? 'unverifiable' : 'valid';
  const [required, valid, invalid, missing, unknown] = expect.signatures ?? [];
  return {
    name,
    about,
    file,
    keys: trust.map((key) => (key.startsWith('kid:') ? { kid: key.slice(4) } : { key })),
    options,
    expected: {
      verdict,
      tail: tailOf(expect),
      counts: countsOf(expect, bytes),
      problems,
      notes: notesOf(expect),
      ...(expect.signatures === undefined ? {} : { signatures: { required, valid, invalid, missing, unknown } }),
      ...(expect.head === undefined ? {} : { head: expect.head }),
    },
  };
}

/** @returns the keys of the kit as the indexes carry them. */
export function keyTable(): Record<string, { kid: string; jwk: object }> {
  return Object.fromEntries(
    Object.entries(KEYS).map(([name, { publicKey }]) => [name, { kid: publicKey.kid, jwk: toJwk(publicKey) }]),
  );
}
