import { equalBytes, utf8 } from '../base/bytes.ts';
import { isReceiptError } from '../base/errors.ts';
import type { Clock } from '../base/ports.ts';
import { sha256Hex } from '../crypto/hash.ts';
import type { Verifier } from '../crypto/verifier.ts';
import { readForeignCheckpoint, type SignedCheckpoint } from './checkpoint.ts';
import { formatNote, formatSignatureLine } from './note.ts';
import { type Cosigner, cosign, judgeSignatures } from './note-keys.ts';
import { verifyConsistency } from './proof.ts';
import { emptyRoot } from './tree-hash.ts';
import { isPostQuantum, type NoteVerifierKey } from './vkey.ts';
import { type AddCheckpoint, parseAddCheckpoint } from './witness-request.ts';

/** What a witness remembers, for each log by its origin: the latest checkpoint that it cosigned. */
export interface WitnessStore {
  /** @returns the note, fresh bytes; null when there is none. @throws ReceiptError IO, LOG_DAMAGED */
  latest(origin: string): Promise<Uint8Array | null>;
  /** Replace the note: durable when it resolves. @throws ReceiptError IO; what is remembered is uncertain then, and no more is stored */
  store(origin: string, note: Uint8Array): Promise<void>;
}

/** A log that a witness knows. */
export interface WitnessedLog {
  readonly origin: string;
  /** Keys that it signs with, at least one. */
  readonly keys: readonly NoteVerifierKey[];
}

/** How a witness is set up. */
export interface WitnessOptions {
  readonly logs: readonly WitnessedLog[];
  /** Who cosigns; with none the witness only remembers. */
  readonly cosigners: readonly Cosigner[];
  readonly store: WitnessStore;
  readonly verifier: Verifier;
  readonly clock: Clock;
}

/** Answer to `add-checkpoint`, as tlog-witness words it. */
export interface WitnessAnswer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422;
  readonly contentType: string;
  /** 200: signature lines, each with its LF. 409: the size of the latest checkpoint and LF. Else what was wrong, for a person. */
  readonly body: string;
  /** The log and the size that were asked for, where they could be read. */
  readonly origin?: string;
  readonly size?: number;
}

/** A witness: remembers the latest checkpoint of each log and cosigns only what grew from it. */
export interface Witness {
  /** Answer one request. @param body of the request, only read. @throws ReceiptError IO, LOG_DAMAGED, SIGN_FAILED: no answer then */
  addCheckpoint(body: Uint8Array): Promise<WitnessAnswer>;
  /** The same for a request that was read before. */
  add(request: AddCheckpoint): Promise<WitnessAnswer>;
  /** @param originHash SHA-256 of the origin, 64 hex. @returns the latest note of that log with our cosignatures; null for none */
  checkpointOf(originHash: string): Promise<Uint8Array | null>;
}

const TEXT = 'text/plain; charset=utf-8';
const SIZE = 'text/x.tlog.size';

/**
 * Make a witness. For each log requests are answered one after another, and in this order: the latest checkpoint is read, the request
 * judged against it, cosigned, the new checkpoint with its cosignatures made durable, and only then answered. So an answer never
 * leaves for a checkpoint that a restart would not remember, and no two requests are judged against the same latest checkpoint.
 * @see C2SP tlog-witness, "add-checkpoint"
 */
export function createWitness(options: WitnessOptions): Witness {
  const logs = new Map(options.logs.map((log) => [log.origin, log]));
  const origins = new Map(options.logs.map(({ origin }) => [originHash(origin), origin]));
  const turns = new Map<string, Promise<unknown>>();
  const inTurn = <T>(origin: string, run: () => Promise<T>): Promise<T> => {
    const turn = (turns.get(origin) ?? Promise.resolve()).then(run, run);
    turns.set(
      origin,
      turn.catch(() => undefined),
    );
    return turn;
  };
  const add = async (request: AddCheckpoint): Promise<WitnessAnswer> => {
    let signed: SignedCheckpoint;
    try {
      signed = readForeignCheckpoint(request.checkpoint);
    } catch (error) {
      return answerOf(error);
    }
    const { origin, size } = signed.checkpoint;
    const log = logs.get(origin);
    const answer =
      log === undefined
        ? refusal(404, 'unknown log')
        : await inTurn(origin, () => judgeAndCosign(options, log, request, signed));
    return { ...answer, origin, size };
  };
  return {
    add,
    async addCheckpoint(body) {
      try {
        return await add(parseAddCheckpoint(body));
      } catch (error) {
        return answerOf(error);
      }
    },
    async checkpointOf(originHash) {
      const origin = origins.get(originHash);
      return origin === undefined ? null : options.store.latest(origin);
    },
  };
}

function refusal(status: 400 | 403 | 404 | 422, body: string): WitnessAnswer {
  return { status, contentType: TEXT, body: `${body}\n` };
}

/** @returns 400 for what is malformed. @throws any other error */
function answerOf(error: unknown): WitnessAnswer {
  if (isReceiptError(error, 'CHECKPOINT_MALFORMED')) return refusal(400, error.message);
  throw error;
}

async function judgeAndCosign(
  { cosigners, store, verifier, clock }: WitnessOptions,
  { origin, keys }: WitnessedLog,
  request: AddCheckpoint,
  { checkpoint, note }: SignedCheckpoint,
): Promise<WitnessAnswer> {
  const judged = await judgeSignatures(note, keys, verifier);
  // An Ed25519 line never stands in for the ML-DSA line: of a log with post-quantum keys one of those must have signed.
  const enough = keys.some(isPostQuantum) ? judged.good.some(({ key }) => isPostQuantum(key)) : judged.good.length > 0;
  if (judged.bad.length > 0) return refusal(403, 'the signature of a trusted key does not verify');
  if (!enough) return refusal(403, 'no signature of a trusted key');
  if (request.oldSize > checkpoint.size) return refusal(400, 'the old size is above the size of the checkpoint');
  const latest = await latestOf(store, origin);
  if (request.oldSize !== (latest?.checkpoint.size ?? 0))
    return { status: 409, contentType: SIZE, body: `${latest?.checkpoint.size ?? 0}\n` };
  const why = inconsistency(request, latest, checkpoint);
  if (why !== null) return refusal(422, why);
  const seconds = Math.floor(clock.nowMs() / 1000);
  const lines = await Promise.all(cosigners.map((one) => cosign(note.text, one, seconds)));
  const own = note.signatures.filter(({ name, keyId }) =>
    judged.good.some(({ key }) => key.name === name && equalBytes(key.id, keyId)),
  );
  // What is kept is served to monitors: the lines of the log that were verified, and ours; not what else somebody put there.
  await store.store(origin, formatNote(note.text, [...own, ...lines]));
  return { status: 200, contentType: TEXT, body: lines.map((line) => `${formatSignatureLine(line)}\n`).join('') };
}

async function latestOf(store: WitnessStore, origin: string): Promise<SignedCheckpoint | null> {
  const bytes = await store.latest(origin);
  return bytes === null ? null : readForeignCheckpoint(bytes);
}

/** @returns why the new checkpoint does not follow from the latest; null when it does. */
function inconsistency(
  { oldSize, proof }: AddCheckpoint,
  latest: SignedCheckpoint | null,
  { size, root }: { readonly size: number; readonly root: Uint8Array },
): string | null {
  if (size === 0 && !equalBytes(root, emptyRoot())) return 'a tree of size 0 has the hash of nothing as its root';
  if (oldSize === 0) return proof.length === 0 ? null : 'from size 0 the consistency proof is empty';
  const before = latest!.checkpoint.root;
  if (oldSize === size && !equalBytes(before, root)) return 'another root was cosigned for this size';
  return verifyConsistency(oldSize, size, before, root, proof) ? null : 'the consistency proof does not verify';
}

/** @returns the name under which a witness keeps and serves the checkpoint of a log: SHA-256 of its origin, 64 hex. */
export function originHash(origin: string): string {
  return sha256Hex(utf8(origin));
}
