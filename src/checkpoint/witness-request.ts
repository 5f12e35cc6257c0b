import { concatBytes, toBase64, utf8, utf8Text } from '../base/bytes.ts';
import { MAX_NOTE_BYTES, MAX_PATH_HASHES } from '../base/limits.ts';
import { parseHash, parseSize } from './checkpoint.ts';
import { malformed } from './note.ts';

/** Body of an `add-checkpoint` request. */
export interface AddCheckpoint {
  /** Size of the checkpoint that the witness is thought to have cosigned last; 0 for none. */
  readonly oldSize: number;
  /** Consistency from there to the checkpoint, 32 bytes each. */
  readonly proof: readonly Uint8Array[];
  /** The note, byte for byte. */
  readonly checkpoint: Uint8Array;
}

/** The longest body: `old`, 63 hashes of 44 characters, an empty line and the longest note. */
export const MAX_REQUEST_BYTES: number = 32 + MAX_PATH_HASHES * 45 + MAX_NOTE_BYTES;

const OLD = 'old ';

/**
 * Read the body of an `add-checkpoint` request: the inverse of formatAddCheckpoint.
 *
 *     old <decimal>
 *     <base64 of a hash>                    0 to 63 times
 *     <empty line>
 *     <signed checkpoint, byte for byte>
 *
 * The checkpoint is not read here. @throws ReceiptError CHECKPOINT_MALFORMED @see C2SP tlog-witness, "add-checkpoint"
 */
export function parseAddCheckpoint(body: Uint8Array): AddCheckpoint {
  if (body.length > MAX_REQUEST_BYTES)
    throw malformed('request', `at most ${MAX_REQUEST_BYTES} bytes`, `${body.length}`);
  const end = endOfHead(body);
  const [first = '', ...hashes] = headLines(body.subarray(0, end));
  if (!first.startsWith(OLD)) throw malformed('request, line 1', 'old and a decimal', 'something else');
  const oldSize = parseSize(first.slice(OLD.length), 'request, line 1');
  if (hashes.length > MAX_PATH_HASHES)
    throw malformed('request', `at most ${MAX_PATH_HASHES} hashes`, `${hashes.length}`);
  const proof = hashes.map((hash, i) => parseHash(hash, `request, line ${i + 2}`));
  return { oldSize, proof, checkpoint: body.slice(end + 1) };
}

/** @returns the offset of the first empty line: no line before it is empty. */
function endOfHead(body: Uint8Array): number {
  for (let at = body.indexOf(0x0a); at >= 0; at = body.indexOf(0x0a, at + 1)) if (body[at + 1] === 0x0a) return at + 1;
  throw malformed('request', 'an empty line before the checkpoint', 'none');
}

function headLines(bytes: Uint8Array): string[] {
  try {
    return utf8Text(bytes).split('\n').slice(0, -1);
  } catch {
    throw malformed('request', 'UTF-8', 'other bytes');
  }
}

/** Write the body of an `add-checkpoint` request. @returns fresh bytes. @throws RangeError on what parseAddCheckpoint would refuse */
export function formatAddCheckpoint({ oldSize, proof, checkpoint }: AddCheckpoint): Uint8Array {
  if (!Number.isSafeInteger(oldSize) || oldSize < 0 || proof.length > MAX_PATH_HASHES)
    throw new RangeError(`formatAddCheckpoint: expected a size of 0 to 2^53-1 and at most ${MAX_PATH_HASHES} hashes`);
  const head = [`${OLD}${oldSize}`, ...proof.map(toBase64)];
  return concatBytes(utf8(`${head.join('\n')}\n\n`), checkpoint);
}
