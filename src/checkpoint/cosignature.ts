import { concatBytes, utf8 } from '../base/bytes.ts';
import { parseForeignCheckpointText } from './checkpoint.ts';
import { malformed } from './note.ts';

/** Bytes of the timestamp in front of a cosignature: u64, big-endian, POSIX seconds. @see C2SP tlog-cosignature, "Format" */
export const TIMESTAMP_BYTES = 8;

/** "It MUST NOT exceed 2^63 - 1." */
const MAX_TIMESTAMP = 2n ** 63n - 1n;

/** What a `cosigned_message` of ML-DSA-44 begins with. */
const SUBTREE_LABEL = utf8('subtree/v1\n\0');

/** Names in a `cosigned_message` have one byte of length, and are not empty. */
const MAX_NAME_BYTES = 255;

/**
 * Form the message of a cosignature/v1, which Ed25519 signs bare, and ML-DSA-65 under `perdure/checkpoint/v1`.
 *
 *     cosignature/v1
 *     time <POSIX seconds in decimal>
 *     <the whole text of the note, extension lines and final LF included>
 *
 * It is no text of a checkpoint, since its second line is no size: so neither kind of signature ever passes for the other.
 * @see C2SP tlog-cosignature, "Ed25519 signed message"
 */
export function cosignatureMessage(text: string, timestamp: bigint): Uint8Array {
  return utf8(`cosignature/v1\ntime ${timestamp}\n${text}`);
}

/**
 * Form the message that ML-DSA-44 signs for a whole tree. It names the cosigner, and leaves extension lines out.
 *
 *     bytes  12      1    n     8          1    n       8       8     32
 *            label   len  name  timestamp  len  origin  start   end   root          integers big-endian, start = 0, end = size
 *
 * @param text of the note. @throws ReceiptError CHECKPOINT_MALFORMED when it is no checkpoint, or a name has no form here
 * @see C2SP tlog-cosignature, "ML-DSA-44 signed message"
 */
export function subtreeMessage(text: string, cosigner: string, timestamp: bigint): Uint8Array {
  const { origin, size, root } = parseForeignCheckpointText(text);
  return concatBytes(
    SUBTREE_LABEL,
    nameBytes(cosigner, 'the name of a cosigner'),
    u64(timestamp),
    nameBytes(origin, 'an origin'),
    u64(0n),
    u64(BigInt(size)),
    root,
  );
}

function nameBytes(name: string, what: string): Uint8Array {
  const bytes = utf8(name);
  if (bytes.length === 0 || bytes.length > MAX_NAME_BYTES)
    throw malformed('cosignature', `${what} of 1 to ${MAX_NAME_BYTES} bytes`, `${bytes.length}`);
  return concatBytes(Uint8Array.of(bytes.length), bytes);
}

/** @returns 8 bytes, big-endian. */
export function u64(value: bigint): Uint8Array {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, value);
  return out;
}

/**
 * Take a `timestamped_signature` apart. @param blob what follows the key ID. @param signatureBytes width of the signature itself.
 * @returns null for another length, and for a timestamp above 2^63−1.
 */
export function splitTimestamped(
  blob: Uint8Array,
  signatureBytes: number,
): { readonly timestamp: bigint; readonly signature: Uint8Array } | null {
  if (blob.length !== TIMESTAMP_BYTES + signatureBytes) return null;
  const timestamp = new DataView(blob.buffer, blob.byteOffset, TIMESTAMP_BYTES).getBigUint64(0);
  return timestamp > MAX_TIMESTAMP ? null : { timestamp, signature: blob.subarray(TIMESTAMP_BYTES) };
}

/** Put a timestamp in front of a signature: the inverse of splitTimestamped. @param timestamp 0 … 2^53−1 seconds */
export function joinTimestamped(timestamp: number, signature: Uint8Array): Uint8Array {
  return concatBytes(u64(BigInt(timestamp)), signature);
}
