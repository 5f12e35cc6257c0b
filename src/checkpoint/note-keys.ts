import { equalBytes, utf8 } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { verifyEd25519 } from '../crypto/ed25519-verify.ts';
import type { Signer } from '../crypto/signer.ts';
import { CONTEXTS, type Verifier } from '../crypto/verifier.ts';
import { type Checkpoint, checkpointText, parseForeignCheckpointText } from './checkpoint.ts';
import { cosignatureMessage, joinTimestamped, splitTimestamped, subtreeMessage } from './cosignature.ts';
import { formatNote, type Note, type NoteSignature } from './note.ts';
import {
  checkedKeyOf,
  cosignerKeyOf,
  isSameKey,
  mlDsa44KeyOf,
  NOTE_KEY_KINDS,
  type NoteVerifierKey,
  noteKeyOf,
} from './vkey.ts';

export { cosignerKeyOf, mlDsa44KeyOf, type NoteVerifierKey, noteKeyOf } from './vkey.ts';

/** A signature that verified. */
export interface GoodSignature {
  readonly key: NoteVerifierKey;
  /** POSIX seconds a cosignature states, above 2^53 rounded; null for a log's own kinds, which state none. */
  readonly timestamp: number | null;
}

/** What the signatures of a note are worth to somebody who knows some keys. */
export interface SignatureJudgement {
  /** In the order of the lines; a key once. */
  readonly good: readonly GoodSignature[];
  /** Known keys whose line fails, or who stand on two lines: the note is to be refused where there is one. */
  readonly bad: readonly NoteVerifierKey[];
  /** Lines of keys that are not known: they say nothing, for or against. */
  readonly unknown: number;
}

/**
 * Judge the signatures of a note. A line is of a key when its name and its key ID are that key's; lines of nobody known are ignored.
 * A known key whose line does not verify is `bad`, and so is one that stands on two lines, under whatever names: a reader that counts
 * lines would count it twice. Where known keys share name and ID, which happens by bad luck or by grinding 32 bits, the line is that
 * of the one it verifies under. A signature is only tried as the kind its key is of, so that none stands in for another kind.
 * @param keys known from outside the note. @param verifier for ML-DSA-65; Ed25519 has one answer by every engine, ML-DSA-44 one engine.
 * @throws ReceiptError ENGINE_UNAVAILABLE; KEY_MALFORMED for a key that is none. @see C2SP signed-note, "Signatures"
 */
export async function judgeSignatures(
  note: Note,
  keys: readonly NoteVerifierKey[],
  verifier: Verifier,
): Promise<SignatureJudgement> {
  const good: GoodSignature[] = [];
  const bad: NoteVerifierKey[] = [];
  let unknown = 0;
  for (const line of note.signatures) {
    const candidates = keys.filter(({ name, id }) => name === line.name && equalBytes(id, line.keyId));
    if (candidates.length === 0) {
      unknown++;
      continue;
    }
    const one = await firstGood(note.text, line, candidates, verifier);
    const key = one?.key ?? candidates[0]!;
    const before = good.findIndex((other) => isSameKey(other.key, key));
    if (one !== null && before < 0 && !bad.some((other) => isSameKey(other, key))) good.push(one);
    else {
      if (before >= 0) good.splice(before, 1);
      if (!bad.some((other) => isSameKey(other, key))) bad.push(key);
    }
  }
  return { good, bad, unknown };
}

async function firstGood(
  text: string,
  line: NoteSignature,
  candidates: readonly NoteVerifierKey[],
  verifier: Verifier,
): Promise<GoodSignature | null> {
  for (const key of candidates) {
    const timestamp = await verifyLine(text, line.blob, key, verifier);
    if (timestamp !== false) return { key, timestamp };
  }
  return null;
}

/** Verify one signature. @returns its timestamp, null for a kind that has none; false when it does not verify. */
async function verifyLine(
  text: string,
  blob: Uint8Array,
  key: NoteVerifierKey,
  verifier: Verifier,
): Promise<number | null | false> {
  const { timestamped, signatureBytes } = NOTE_KEY_KINDS[key.type];
  if (!timestamped) {
    if (blob.length !== signatureBytes) return false;
    return (await verifyMessage(utf8(text), blob, key, verifier)) ? null : false;
  }
  const parts = splitTimestamped(blob, signatureBytes);
  if (parts === null) return false;
  const message = messageOf(text, key, parts.timestamp);
  if (message === null) return false;
  return (await verifyMessage(message, parts.signature, key, verifier)) ? Number(parts.timestamp) : false;
}

/** @returns what a cosigner signs; null where the text is no checkpoint, of which nobody can make a cosignature. */
function messageOf(text: string, key: NoteVerifierKey, timestamp: bigint): Uint8Array | null {
  try {
    if (key.type === 'cosignature-ml-dsa-44') return subtreeMessage(text, key.name, timestamp);
    parseForeignCheckpointText(text);
    return cosignatureMessage(text, timestamp);
  } catch (error) {
    if (error instanceof ReceiptError) return null;
    throw error;
  }
}

async function verifyMessage(
  message: Uint8Array,
  signature: Uint8Array,
  key: NoteVerifierKey,
  verifier: Verifier,
): Promise<boolean> {
  const publicKey = checkedKeyOf(key);
  if (publicKey === null) return (await loadMlDsa44())(key.publicKey, message, signature);
  // C2SP's Ed25519 kinds sign the message itself. Format section 2 is the same check for every engine, so this one needs no port.
  if (publicKey.alg === 'Ed25519') return verifyEd25519(publicKey, message, signature);
  return verifier.verify(publicKey, message, signature, CONTEXTS.checkpoint);
}

async function loadMlDsa44(): Promise<(key: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean> {
  try {
    return (await import('../crypto/ml-dsa-44-verify.ts')).verifyMlDsa44;
  } catch (cause) {
    throw new ReceiptError('ENGINE_UNAVAILABLE', 'ML-DSA-44: expected its code to load, got a failure', {
      expected: 'the code that verifies ML-DSA-44',
      found: cause instanceof Error ? cause.message : 'a failure',
      cause,
    });
  }
}

/**
 * Sign a checkpoint: one line a signer, in their order, named by the origin. ML-DSA-65 signs the text under `perdure/checkpoint/v1`,
 * Ed25519 signs it bare, as C2SP's 0x01 says. The caller has made sure that the log never signed another root for that size.
 * @param signers 1 to 8, each once. @returns the note, fresh bytes. @throws RangeError; ReceiptError SIGN_FAILED, UNSUPPORTED
 */
export async function signCheckpoint(checkpoint: Checkpoint, signers: readonly Signer[]): Promise<Uint8Array> {
  const text = checkpointText(checkpoint);
  const kids = new Set(signers.map(({ publicKey }) => publicKey.kid));
  if (kids.size === 0 || kids.size !== signers.length)
    throw new RangeError('signCheckpoint: expected at least one signer, each once');
  const signatures = await Promise.all(
    signers.map(async (signer) => {
      const { name, id } = noteKeyOf(checkpoint.origin, signer.publicKey);
      return { name, keyId: id, blob: await signMessage(signer, utf8(text)) };
    }),
  );
  return formatNote(text, signatures);
}

function signMessage(signer: Signer, message: Uint8Array): Promise<Uint8Array> {
  return signer.publicKey.alg === 'Ed25519'
    ? signer.sign({ bare: message })
    : signer.sign({ message, context: CONTEXTS.checkpoint });
}

/** Who cosigns checkpoints: a key of a witness and what signs with it. */
export interface Cosigner {
  readonly key: NoteVerifierKey;
  /** Sign the message that `cosign` forms, as the kind of the key says. @throws ReceiptError SIGN_FAILED */
  sign(message: Uint8Array): Promise<Uint8Array>;
}

/**
 * Make a cosigner of a signer. Ed25519 is C2SP's cosignature/v1 (0x04); ML-DSA-65, of which C2SP has none, signs the same message under
 * `perdure/checkpoint/v1`, with a type of ours. @param name of the witness. @throws RangeError when that is no key name
 */
export function cosignerOf(name: string, signer: Signer): Cosigner {
  return { key: cosignerKeyOf(name, signer.publicKey), sign: (message) => signMessage(signer, message) };
}

/** Make a cosigner of the public witness network's kind, ML-DSA-44 (0x06). @param signer as crypto/ml-dsa-44-sign.ts makes it */
export function mlDsa44CosignerOf(
  name: string,
  signer: { readonly publicKey: Uint8Array; sign(message: Uint8Array): Uint8Array },
): Cosigner {
  return { key: mlDsa44KeyOf(name, signer.publicKey), sign: async (message) => signer.sign(message) };
}

/**
 * Cosign a checkpoint: state that at this time it was the largest consistent one that this witness has seen of its log. The caller has
 * made sure of that. @param text of the note. @param timestamp POSIX seconds, above zero: zero states no time.
 * @returns the line, to be appended to the note. @throws RangeError; ReceiptError CHECKPOINT_MALFORMED when the text is no checkpoint
 */
export async function cosign(text: string, cosigner: Cosigner, timestamp: number): Promise<NoteSignature> {
  if (!Number.isSafeInteger(timestamp) || timestamp <= 0)
    throw new RangeError(`cosign: expected POSIX seconds above zero, got ${timestamp}`);
  parseForeignCheckpointText(text);
  const { key } = cosigner;
  const time = BigInt(timestamp);
  const message =
    key.type === 'cosignature-ml-dsa-44' ? subtreeMessage(text, key.name, time) : cosignatureMessage(text, time);
  return { name: key.name, keyId: key.id, blob: joinTimestamped(timestamp, await cosigner.sign(message)) };
}
