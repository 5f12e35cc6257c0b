import { equalBytes, toBase64 } from '../base/bytes.ts';
import { isReceiptError, ReceiptError } from '../base/errors.ts';
import { readSignedCheckpoint, type SignedCheckpoint } from '../checkpoint/checkpoint.ts';
import { judgeSignatures, noteKeyOf } from '../checkpoint/note-keys.ts';
import { type Quorum, quorumOf } from '../checkpoint/quorum.ts';
import type { WitnessPolicy } from '../checkpoint/witness-policy.ts';
import type { PublicKey } from '../crypto/public-key.ts';
import { CONTEXTS, type Verifier } from '../crypto/verifier.ts';
import type { Cover } from './coverage.ts';
import type { Judge } from './judge.ts';
import type { Level, Standing } from './key-ring.ts';
import type { TrustProvider } from './trust.ts';

/** A checkpoint as it was given: a C2SP signed note. */
export interface CheckpointNote {
  /** What messages call it: its file, as a rule. */
  readonly name: string;
  readonly note: Uint8Array;
}

/** A checkpoint to compare with. */
export interface Remembered {
  readonly name: string;
  /** Kept outside of the log, so that it can speak of the tail; one that lies with the log can only cover, or contradict. */
  readonly outside: boolean;
  /** Null where what lies with the log is no checkpoint. */
  readonly signed: SignedCheckpoint | null;
}

/** What a checkpoint came to. */
export interface CheckpointView extends Remembered {
  /** Why it counts for nothing; null when it counts. */
  readonly untrusted: string | null;
  /** What the requirement asks for and is not there: then it covers nothing and lifts nothing, and can only contradict; null when all is. */
  readonly lacking: string | null;
  readonly level: Level;
  readonly generation: number;
  /** What its cosignatures come to under the policy; null where none was given, or one that asks for nobody's. */
  readonly quorum: Quorum | null;
  /** Whether the log's leaves have its root; null where they do not reach its size, or cannot be read. */
  readonly matches: boolean | null;
}

/** Read checkpoints that were kept outside. @throws ReceiptError CHECKPOINT_MALFORMED naming the one that is none. */
export function readRemembered(notes: readonly CheckpointNote[]): Remembered[] {
  return notes.map(({ name, note }) => ({ name, outside: true, signed: readNamed(name, note) }));
}

function readNamed(name: string, note: Uint8Array): SignedCheckpoint {
  try {
    return readSignedCheckpoint(note);
  } catch (error) {
    if (!isReceiptError(error, 'CHECKPOINT_MALFORMED')) throw error;
    const { expected, found, message } = error;
    throw new ReceiptError('CHECKPOINT_MALFORMED', `${name}: ${message}`, {
      at: name,
      ...(expected === undefined ? {} : { expected }),
      ...(found === undefined ? {} : { found }),
      next: ['perdure checkpoint show FILE'],
    });
  }
}

/** Read checkpoints that lie with a log: whoever could write there could write anything, so nothing of them throws. */
export function readOfLog(notes: readonly CheckpointNote[]): Remembered[] {
  return notes.map(({ name, note }) => {
    try {
      return { name, outside: false, signed: readSignedCheckpoint(note) };
    } catch (error) {
      if (!isReceiptError(error, 'CHECKPOINT_MALFORMED')) throw error;
      return { name, outside: false, signed: null };
    }
  });
}

/** @returns the sizes at which they ask for a root, ascending. */
export function treeSizesOf(remembered: readonly Remembered[]): number[] {
  const sizes = remembered.flatMap(({ signed }) => (signed === null ? [] : [signed.checkpoint.size]));
  return [...new Set(sizes)].filter((size) => size > 0).sort((a, b) => a - b);
}

/** What checkpoints are judged by, besides the log. */
export interface CheckpointRules {
  readonly trust: TrustProvider;
  /** Keys that the evidence names, by kid. */
  readonly found: ReadonlyMap<string, PublicKey>;
  /** Null where there are no checkpoints. */
  readonly verifier: Verifier | null;
  /** Whose cosignatures every checkpoint must bear; null: nobody's. */
  readonly policy: WitnessPolicy | null;
  /** POSIX milliseconds: later timestamps of witnesses state no time. */
  readonly nowMs: number;
}

/**
 * Judge checkpoints once all lines are read, and with them the lines that only they sign.
 * @throws ReceiptError CHECKPOINT_OF_OTHER_LOG for one from outside.
 */
export async function judgeCheckpoints(
  judge: Judge,
  remembered: readonly Remembered[],
  rules: CheckpointRules,
): Promise<CheckpointView[]> {
  const views: CheckpointView[] = [];
  const { verifier } = rules;
  if (!judge.unsupported && verifier !== null) {
    for (const one of remembered) views.push(await judgeOne(judge, one, rules, verifier));
  }
  judge.cover(
    views.flatMap(({ signed, untrusted, lacking, matches, level, generation }): Cover[] =>
      untrusted === null && lacking === null && matches ? [{ size: signed!.checkpoint.size, level, generation }] : [],
    ),
  );
  return views;
}

async function judgeOne(
  judge: Judge,
  one: Remembered,
  { trust, found, policy, nowMs }: CheckpointRules,
  verifier: Verifier,
): Promise<CheckpointView> {
  const nothing = { ...one, lacking: null, quorum: null, level: null, generation: 0, matches: null };
  if (one.signed === null) return { ...nothing, untrusted: 'it is no checkpoint' };
  const { checkpoint, note } = one.signed;
  const { origin, size, root } = checkpoint;
  const log = judge.first?.log ?? origin;
  if (origin !== log) {
    if (one.outside) throw otherLog(one.name, log, origin);
    return { ...nothing, untrusted: `it is one of ${origin}` };
  }
  const standing = judge.tree.standing(size);
  const keys = knownKeys(standing, trust, found);
  const own = [...keys.values()].map((key) => noteKeyOf(origin, key));
  const witnesses = policy?.witnesses.map(({ key }) => key) ?? [];
  const { good, bad } = await judgeSignatures(note, [...own, ...witnesses], verifier);
  const kids = new Set(good.flatMap(({ key }) => (own.includes(key) ? [key.kid!] : [])));
  const now = Math.floor(nowMs / 1000);
  const quorum = policy === null || policy.quorum === null ? null : quorumOf(policy, good, { now, own });
  const lacking = missing(standing, kids, keys, trust) ?? unwitnessed(origin, policy, quorum);
  const grown = judge.tree.roots.get(size);
  const view = {
    ...one,
    generation: standing.generation,
    level: levelOf(kids, keys, standing, trust),
    quorum,
    matches: size === 0 ? true : grown === undefined ? null : equalBytes(grown, root),
  };
  if (bad.length > 0)
    return { ...view, lacking, untrusted: `a signature fails: that of ${bad[0]!.kid ?? bad[0]!.name}` };
  // Of a log whose chain names other keys a known key may still say that this is not the log it signed.
  const speaks = lacking === null || (view.level === 'pq' && [...kids].some((kid) => outside(kid, trust)));
  return { ...view, lacking, untrusted: speaks ? null : lacking };
}

/** Keys whose signatures are looked for: those that the log must sign with there, and those given from outside that are not retired. */
function knownKeys(
  { requirement, retired }: Standing,
  trust: TrustProvider,
  found: ReadonlyMap<string, PublicKey>,
): Map<string, PublicKey> {
  const keys = new Map<string, PublicKey>();
  for (const key of requirement?.keys ?? []) keys.set(key.kid, key);
  for (const { kid, key } of trust.keys) {
    const known = key ?? found.get(kid);
    if (known !== undefined && !retired.has(kid)) keys.set(kid, known);
  }
  return keys;
}

/** @returns what the requirement asks for and is not there, in words; null when all is. */
function missing(
  { requirement }: Standing,
  kids: ReadonlySet<string>,
  keys: ReadonlyMap<string, PublicKey>,
  trust: TrustProvider,
): string | null {
  if (requirement !== null) {
    const absent = requirement.keys.filter(({ kid }) => !kids.has(kid)).map(({ kid }) => kid);
    return absent.length === 0 ? null : `it lacks the signature of ${absent.join(' and ')}`;
  }
  const some = [...kids].some((kid) => keys.get(kid)!.alg === 'ML-DSA-65' && outside(kid, trust));
  return some ? null : 'it lacks an ML-DSA-65 signature by a key given from outside';
}

/** @returns what the policy asks for and is not there, in words; null when all is. */
function unwitnessed(origin: string, policy: WitnessPolicy | null, quorum: Quorum | null): string | null {
  if (policy === null) return null;
  if (policy.logs.length > 0 && !policy.logs.some(({ key }) => key.name === origin))
    return 'the witness policy does not name its log';
  return quorum === null || quorum.met
    ? null
    : `it lacks the quorum of the witness policy: no cosignature of ${quorum.missing.join(', ')}`;
}

/** Whether outside knowledge trusts a key to sign checkpoints. A checkpoint states no time, so none is judged. */
function outside(kid: string, trust: TrustProvider): boolean {
  const word = trust.trust(kid, 0, '', CONTEXTS.checkpoint);
  return word !== null && word.problem === null;
}

function levelOf(
  kids: ReadonlySet<string>,
  keys: ReadonlyMap<string, PublicKey>,
  { levels }: Standing,
  trust: TrustProvider,
): Level {
  let level: Level = null;
  for (const kid of kids) {
    const through: Level = outside(kid, trust) ? 'pq' : (levels.get(kid) ?? null);
    if (through === null) continue;
    if (through === 'pq' && keys.get(kid)!.alg === 'ML-DSA-65') return 'pq';
    level = 'classical';
  }
  return level;
}

function otherLog(name: string, log: string, origin: string): ReceiptError {
  return new ReceiptError('CHECKPOINT_OF_OTHER_LOG', `${name}: expected a checkpoint of ${log}, got one of ${origin}`, {
    at: name,
    expected: log,
    found: origin,
    next: ['give the checkpoint of this log, or the log of this checkpoint'],
  });
}

/** @returns a root as checkpoints write it. */
export function rootText({ signed }: CheckpointView): string {
  return toBase64(signed!.checkpoint.root);
}
