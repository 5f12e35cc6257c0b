import { equalBytes, utf8Text } from '../base/bytes.ts';
import { isReceiptError, ReceiptError } from '../base/errors.ts';
import type { Verifier } from '../crypto/verifier.ts';
import { parseSize, readForeignCheckpoint } from './checkpoint.ts';
import { formatNote, type Note, type NoteSignature, parseSignatureLine } from './note.ts';
import { judgeSignatures } from './note-keys.ts';
import { NOTE_KEY_KINDS, type NoteVerifierKey } from './vkey.ts';
import { formatAddCheckpoint } from './witness-request.ts';

/** What a witness answered. */
export interface WitnessReply {
  readonly status: number;
  /** Without parameters, in lower case; '' where there is none. */
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** Send the body of an `add-checkpoint` request. @throws ReceiptError IO when no answer comes */
export type PostCheckpoint = (body: Uint8Array) => Promise<WitnessReply>;

/** What is to be cosigned. */
export interface CosignTask {
  /** The signed checkpoint, byte for byte. */
  readonly note: Uint8Array;
  /** Prove that the tree of the checkpoint grew from that of `oldSize`, 1 <= oldSize <= its size. @returns 32 bytes each */
  readonly prove: (oldSize: number) => Promise<readonly Uint8Array[]>;
  /** What the witness is called in messages. */
  readonly name: string;
}

/** Who is known to a log that asks for cosignatures. */
export interface KnownWitnesses {
  /** Keys of the witness: a cosignature by any other is ignored. */
  readonly keys: readonly NoteVerifierKey[];
  readonly verifier: Verifier;
}

/** Another log process may have its newer checkpoint cosigned between our two requests, but not for ever. */
const MAX_TRIES = 4;

/**
 * Ask a witness to cosign. Lines of unknown keys are ignored, those of known keys verified. @returns the cosignatures that verified, at
 * least one. @throws ReceiptError WITNESS_REFUSED, and what `post` and `prove` throw
 */
export async function requestCosignatures(
  post: PostCheckpoint,
  task: CosignTask,
  known: KnownWitnesses,
): Promise<NoteSignature[]> {
  return verified(await submitCheckpoint(post, task), task, known);
}

/**
 * Show a checkpoint to a witness. The first request states size 0, which a witness that knows the log answers with the size that it
 * remembers; the next proves consistency from there. @returns the body of its 200: signature lines, unjudged; empty where it only
 * remembers. @throws ReceiptError WITNESS_REFUSED, and what `post` and `prove` throw @see C2SP tlog-witness, "add-checkpoint"
 */
export async function submitCheckpoint(post: PostCheckpoint, task: CosignTask): Promise<Uint8Array> {
  const { size } = readForeignCheckpoint(task.note).checkpoint;
  let oldSize = 0;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const proof = oldSize === 0 ? [] : await task.prove(oldSize);
    const reply = await post(formatAddCheckpoint({ oldSize, proof, checkpoint: task.note }));
    if (reply.status === 200) return reply.body;
    if (reply.status !== 409) throw refused(task, reply, oldSize, size);
    oldSize = rememberedSize(reply, task);
    if (oldSize > size) {
      throw refusal(task, `a checkpoint of size ${oldSize} or more`, `one of size ${size}`, [
        'the witness has seen more of this log than there is here: keep it as it is, and look for another copy',
        'or this checkpoint is not the newest: cosign that one',
      ]);
    }
  }
  const next = ['try again when nobody else asks it about this log'];
  throw refusal(task, 'an answer', `another size ${MAX_TRIES} times`, next);
}

function rememberedSize({ contentType, body }: WitnessReply, task: CosignTask): number {
  try {
    const text = utf8Text(body);
    if (contentType === 'text/x.tlog.size' && text.endsWith('\n'))
      return parseSize(text.slice(0, -1), `${task.name}, size`);
  } catch {
    // Said below, as for any other body.
  }
  throw refusal(task, 'status 409 with a size in text/x.tlog.size', 'status 409 with something else', []);
}

function refused(task: CosignTask, { status }: WitnessReply, oldSize: number, size: number): ReceiptError {
  const expected = `a cosignature of size ${size}`;
  if (status === 422) {
    const why =
      oldSize === size ? 'it remembers another root for this very size' : 'the proof from its tree does not hold';
    return refusal(task, expected, `status 422: ${why}`, [
      'the log is not the one that the witness saw before: keep both as they are, and compare with other copies',
    ]);
  }
  const next: Readonly<Record<number, string>> = {
    403: 'the witness does not know the key of this log, or knows another: ask its operator',
    404: 'the witness does not know this log: ask its operator to add it',
  };
  return refusal(task, expected, `status ${status}`, next[status] === undefined ? [] : [next[status]]);
}

function refusal({ name }: CosignTask, expected: string, found: string, next: readonly string[]): ReceiptError {
  const message = `witness ${name}: expected ${expected}, got ${found}`;
  return new ReceiptError('WITNESS_REFUSED', message, { at: name, expected, found, next });
}

async function verified(
  body: Uint8Array,
  task: CosignTask,
  { keys, verifier }: KnownWitnesses,
): Promise<NoteSignature[]> {
  const { note } = readForeignCheckpoint(task.note);
  const lines = signatureLines(body, task);
  const { good, bad } = await judgeSignatures({ text: note.text, signatures: lines }, keys, verifier);
  if (bad.length > 0) throw refusal(task, 'cosignatures that verify', `one by ${bad[0]!.name} that does not`, []);
  // "The cosignature MUST NOT omit the timestamp": a line without one is a log's, or says nothing of now.
  const fresh = good.filter(({ key, timestamp }) => NOTE_KEY_KINDS[key.type].timestamped && timestamp !== 0);
  const taken = lines.filter(({ name, keyId }) =>
    fresh.some(({ key }) => key.name === name && equalBytes(key.id, keyId)),
  );
  if (taken.length === 0) {
    throw refusal(task, 'a cosignature by one of its keys', `${lines.length} by others`, [
      'is the vkey that of this witness?',
    ]);
  }
  return taken;
}

function signatureLines(body: Uint8Array, task: CosignTask): NoteSignature[] {
  try {
    const text = utf8Text(body);
    if (text.endsWith('\n'))
      return text
        .slice(0, -1)
        .split('\n')
        .map((line) => parseSignatureLine(line, task.name));
  } catch (error) {
    if (!isReceiptError(error, 'CHECKPOINT_MALFORMED') && !(error instanceof TypeError)) throw error;
  }
  throw refusal(task, 'signature lines', 'something else', []);
}

/** Put cosignatures on a note: each in the place of an earlier one by the same key, else at the end. @returns the note, fresh bytes */
export function withCosignatures({ text, signatures }: Note, added: readonly NoteSignature[]): Uint8Array {
  const isSameLine = (a: NoteSignature, b: NoteSignature): boolean => a.name === b.name && equalBytes(a.keyId, b.keyId);
  // A key stands on a note once: of several lines of one the last counts.
  const last = added.filter((one, i) => !added.some((other, j) => j > i && isSameLine(one, other)));
  const kept = signatures.map((one) => last.find((other) => isSameLine(one, other)) ?? one);
  const others = last.filter((one) => !signatures.some((other) => isSameLine(one, other)));
  return formatNote(text, [...kept, ...others]);
}
