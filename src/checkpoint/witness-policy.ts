import { utf8Text } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { MAX_POLICY_BYTES } from '../base/limits.ts';
import { isSameKey, type NoteKeyType, type NoteVerifierKey, parseVkey } from './vkey.ts';

/** A log that a policy accepts. */
export interface PolicyLog {
  readonly key: NoteVerifierKey;
  readonly url: string | null;
}

/** A witness that a policy knows. */
export interface PolicyWitness {
  /** What the policy calls it: has no meaning outside it. */
  readonly name: string;
  readonly key: NoteVerifierKey;
  /** Submission prefix, where one is given. */
  readonly url: string | null;
}

/** A group: witnesses when `threshold` of its members do. */
export interface PolicyGroup {
  readonly name: string;
  readonly threshold: number;
  /** Names of witnesses and of groups defined before this one. */
  readonly members: readonly string[];
}

/** Which logs and witnesses count, and how many of them are enough (C2SP tlog-policy). */
export interface WitnessPolicy {
  readonly logs: readonly PolicyLog[];
  readonly witnesses: readonly PolicyWitness[];
  /** In the order of the file: a group stands after its members. */
  readonly groups: readonly PolicyGroup[];
  /** A witness or group; null for `quorum none`. */
  readonly quorum: string | null;
}

/** Kinds of keys a log may sign with. C2SP recommends cosignatures of ML-DSA-44 for logs, too. */
const LOG_TYPES: ReadonlySet<NoteKeyType> = new Set(['perdure-ml-dsa-65', 'ed25519', 'cosignature-ml-dsa-44']);

/** Kinds of keys a witness may cosign with. */
const WITNESS_TYPES: ReadonlySet<NoteKeyType> = new Set([
  'cosignature-ed25519',
  'cosignature-ml-dsa-44',
  'perdure-cosignature-ml-dsa-65',
]);

/** The predefined name: a quorum, but no member. */
const NONE = 'none';

/** What is being read. */
interface Draft {
  readonly logs: PolicyLog[];
  readonly witnesses: PolicyWitness[];
  readonly groups: PolicyGroup[];
  readonly defined: Set<string>;
  /** Names that are members already: each may be one once, so that a witness counts in one way only. */
  readonly members: Set<string>;
  quorum: string | null | undefined;
}

/**
 * Read a policy file.
 *
 *     log <vkey> [<url>]
 *     witness <name> <vkey> [<url>]
 *     group <name> all|any|<k> <name>…
 *     quorum <name>|none                         exactly once
 *
 * Words are parted by spaces and tabs; empty lines and lines that begin with `#` are ignored. Names are octets to the format: here they
 * are one character an octet, which `displayName` turns into text. @param at names the file in messages.
 * @throws ReceiptError POLICY_MALFORMED naming the line; KEY_MALFORMED or UNSUPPORTED for a vkey @see C2SP tlog-policy
 */
export function parseWitnessPolicy(bytes: Uint8Array, at = 'policy'): WitnessPolicy {
  const draft: Draft = {
    logs: [],
    witnesses: [],
    groups: [],
    defined: new Set(),
    members: new Set(),
    quorum: undefined,
  };
  for (const [i, line] of linesOf(bytes, at).entries()) {
    const words = line.split(/[ \t]+/).filter((word) => word !== '');
    if (words.length === 0 || words[0]!.startsWith('#')) continue;
    readLine(draft, words, `${at}, line ${i + 1}`);
  }
  const { logs, witnesses, groups, quorum } = draft;
  if (quorum === undefined) throw malformed(at, 'exactly one quorum line', 'none');
  return { logs, witnesses, groups, quorum };
}

/** @returns the lines, an octet a character. */
function linesOf(bytes: Uint8Array, at: string): string[] {
  if (bytes.length > MAX_POLICY_BYTES) throw malformed(at, `at most ${MAX_POLICY_BYTES} bytes`, `${bytes.length}`);
  const bad = bytes.findIndex((byte) => (byte < 0x20 && byte !== 0x09 && byte !== 0x0a) || byte === 0x7f);
  if (bad >= 0) {
    const line = bytes.subarray(0, bad).filter((byte) => byte === 0x0a).length + 1;
    throw malformed(`${at}, line ${line}`, 'no control character but tab and LF', `byte ${bytes[bad]}`);
  }
  const octets = latin1(bytes);
  if (octets !== '' && !octets.endsWith('\n')) throw malformed(at, 'a LF at the end of each line', 'none at the last');
  return octets.split('\n').slice(0, -1);
}

function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return text;
}

/** @returns a name of a policy as text: its octets read as UTF-8, what is none as U+FFFD. */
export function displayName(name: string): string {
  return new TextDecoder().decode(octetsOf(name));
}

function octetsOf(word: string): Uint8Array {
  return Uint8Array.from(word, (char) => char.charCodeAt(0));
}

function readLine(draft: Draft, [keyword, ...words]: readonly string[], at: string): void {
  if (keyword === 'log') readLog(draft, words, at);
  else if (keyword === 'witness') readWitness(draft, words, at);
  else if (keyword === 'group') readGroup(draft, words, at);
  else if (keyword === 'quorum') readQuorum(draft, words, at);
  else throw malformed(at, 'log, witness, group, quorum or #', 'another word');
}

function readLog({ logs }: Draft, words: readonly string[], at: string): void {
  const [vkey, url, more] = words;
  if (vkey === undefined || more !== undefined) throw malformed(at, 'log <vkey> [<url>]', `${words.length} words`);
  const key = readVkey(vkey, LOG_TYPES, 'a log', at);
  if (logs.some((log) => isDuplicate(log.key, key))) throw malformed(at, 'a key that is not listed yet', 'one that is');
  logs.push({ key, url: url ?? null });
}

function readWitness(draft: Draft, words: readonly string[], at: string): void {
  const [name, vkey, url, more] = words;
  if (name === undefined || vkey === undefined || more !== undefined)
    throw malformed(at, 'witness <name> <vkey> [<url>]', `${words.length} words`);
  define(draft, name, at);
  const key = readVkey(vkey, WITNESS_TYPES, 'a witness', at);
  if (draft.witnesses.some((witness) => isDuplicate(witness.key, key)))
    throw malformed(at, 'a key that is not listed yet', 'one that is');
  draft.witnesses.push({ name, key, url: url ?? null });
}

function readGroup(draft: Draft, words: readonly string[], at: string): void {
  const [name, rule, ...members] = words;
  if (name === undefined || rule === undefined || members.length === 0)
    throw malformed(at, 'group <name> all|any|<k> <name>…', `${words.length} words`);
  for (const member of members) {
    if (!draft.defined.has(member)) throw malformed(at, 'members that are defined before', displayName(member));
    if (draft.members.has(member)) throw malformed(at, 'each name to be a member once', displayName(member));
    draft.members.add(member);
  }
  define(draft, name, at);
  draft.groups.push({ name, threshold: thresholdOf(rule, members.length, at), members });
}

function thresholdOf(rule: string, count: number, at: string): number {
  if (rule === 'all') return count;
  if (rule === 'any') return 1;
  const k = /^[1-9][0-9]{0,8}$/.test(rule) ? Number(rule) : 0;
  if (k < 1 || k > count) throw malformed(at, `all, any or 1 to ${count} in decimal`, 'something else');
  return k;
}

function readQuorum(draft: Draft, words: readonly string[], at: string): void {
  const [name, more] = words;
  if (name === undefined || more !== undefined) throw malformed(at, 'quorum <name>', `${words.length} words`);
  if (draft.quorum !== undefined) throw malformed(at, 'exactly one quorum line', 'a second');
  if (name !== NONE && !draft.defined.has(name))
    throw malformed(at, 'a witness or group that is defined before', displayName(name));
  draft.quorum = name === NONE ? null : name;
}

function define({ defined }: Draft, name: string, at: string): void {
  if (name === NONE) throw malformed(at, 'another name than none, which is predefined', NONE);
  if (defined.has(name)) throw malformed(at, 'a name that is not taken', displayName(name));
  defined.add(name);
}

function readVkey(word: string, types: ReadonlySet<NoteKeyType>, whose: string, at: string): NoteVerifierKey {
  let text: string;
  try {
    text = utf8Text(octetsOf(word));
  } catch {
    throw malformed(at, 'a vkey in UTF-8', 'other bytes');
  }
  const key = parseVkey(text, at);
  if (!types.has(key.type)) throw malformed(at, `a vkey of a type for ${whose}`, key.type);
  return key;
}

/** "Two vkeys are considered duplicate if they wrap the same underlying public key", whatever their names, IDs and types. */
function isDuplicate(a: NoteVerifierKey, b: NoteVerifierKey): boolean {
  return isSameKey({ ...a, type: b.type }, b);
}

function malformed(at: string, expected: string, found: string): ReceiptError {
  return new ReceiptError('POLICY_MALFORMED', `${at}: expected ${expected}, got ${found}`, { at, expected, found });
}
