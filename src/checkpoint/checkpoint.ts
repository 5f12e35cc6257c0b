import { decodeBase64, isWellFormed, toBase64 } from '../base/bytes.ts';
import { ORIGIN_PATTERN } from '../receipt/entry.ts';
import { malformed, type Note, parseNote } from './note.ts';

/** The head of a log's Merkle tree. */
export interface Checkpoint {
  /** Name of the log: `log` of its entries (format section 7). */
  readonly origin: string;
  /** Leaves, 0 … 2^53−1. */
  readonly size: number;
  /** Root hash, 32 bytes (RFC 9162 section 2.1.1). */
  readonly root: Uint8Array;
}

/** A checkpoint with the note that carries it. What is signed is the text of the note, never a text made anew. */
export interface SignedCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly note: Note;
}

/** A checkpoint of any log: others may write extension lines, which a witness signs and does not judge. */
export interface ForeignCheckpoint extends Checkpoint {
  /** Lines after the root, none of them empty. */
  readonly extensions: readonly string[];
}

/** Bytes of a root. */
const ROOT_BYTES = 32;

/** The one spelling of a size: decimal without leading zeros. */
const DECIMAL = /^(?:0|[1-9][0-9]{0,15})$/;

/**
 * Write the text of a checkpoint: the inverse of parseCheckpointText.
 *
 *     <origin>
 *     <size in decimal>
 *     <base64 of the root>
 *
 * Three lines, each ended by LF; no extension lines (format section 7). @throws RangeError on another origin, size or root
 */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  if (!ORIGIN_PATTERN.test(origin)) throw new RangeError('checkpointText: expected the origin of a log');
  if (!Number.isSafeInteger(size) || size < 0)
    throw new RangeError(`checkpointText: expected a size of 0 to 2^53-1, got ${size}`);
  if (root.length !== ROOT_BYTES)
    throw new RangeError(`checkpointText: expected a root of ${ROOT_BYTES} bytes, got ${root.length}`);
  return `${origin}\n${size}\n${toBase64(root)}\n`;
}

/** Read the text of a checkpoint of one of our logs. @throws ReceiptError CHECKPOINT_MALFORMED, also for extension lines */
export function parseCheckpointText(text: string): Checkpoint {
  const { origin, size, root, extensions } = parseForeignCheckpointText(text);
  if (!ORIGIN_PATTERN.test(origin))
    throw malformed('checkpoint, line 1', 'an origin of 1-200 of A-Z a-z 0-9 . _ ~ / : -', 'another');
  if (extensions.length > 0) throw malformed('checkpoint', 'three lines', `${3 + extensions.length}`);
  return { origin, size, root };
}

/**
 * Read the text of a checkpoint of any log, as a witness must: any origin that is not empty, and extension lines.
 * @throws ReceiptError CHECKPOINT_MALFORMED @see C2SP tlog-checkpoint, "Note text"
 */
export function parseForeignCheckpointText(text: string): ForeignCheckpoint {
  if (!text.endsWith('\n')) throw malformed('checkpoint', 'a LF at its end', 'none');
  const lines = text.slice(0, -1).split('\n');
  if (lines.length < 3) throw malformed('checkpoint', 'at least three lines', `${lines.length}`);
  const empty = lines.indexOf('');
  if (empty >= 0) throw malformed(`checkpoint, line ${empty + 1}`, 'a line that is not empty', 'an empty one');
  const [origin, size, root, ...extensions] = lines as [string, string, string, ...string[]];
  if (!isWellFormed(origin)) throw malformed('checkpoint, line 1', 'text that has a UTF-8 form', 'something else');
  return {
    origin,
    size: parseSize(size, 'checkpoint, line 2'),
    root: parseHash(root, 'checkpoint, line 3'),
    extensions,
  };
}

/** Read a tree size or an index in decimal. @param at names it in messages. @throws ReceiptError CHECKPOINT_MALFORMED */
export function parseSize(text: string, at: string): number {
  const size = DECIMAL.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(size))
    throw malformed(at, 'a decimal of 0 to 2^53-1 without leading zeros', 'another text');
  return size;
}

/** Read one hash in base64. @param at names it in messages. @returns 32 fresh bytes. @throws ReceiptError CHECKPOINT_MALFORMED */
export function parseHash(text: string, at: string): Uint8Array {
  const hash = decodeBase64(text);
  if (hash?.length !== ROOT_BYTES) throw malformed(at, `strict padded base64 of ${ROOT_BYTES} bytes`, 'another text');
  return hash;
}

/** Read a signed checkpoint of one of our logs; nothing is verified. @throws ReceiptError CHECKPOINT_MALFORMED */
export function readSignedCheckpoint(bytes: Uint8Array): SignedCheckpoint {
  const note = parseNote(bytes);
  return { checkpoint: parseCheckpointText(note.text), note };
}

/** Read a signed checkpoint of any log; nothing is verified. @throws ReceiptError CHECKPOINT_MALFORMED */
export function readForeignCheckpoint(
  bytes: Uint8Array,
): SignedCheckpoint & { readonly checkpoint: ForeignCheckpoint } {
  const note = parseNote(bytes);
  return { checkpoint: parseForeignCheckpointText(note.text), note };
}
