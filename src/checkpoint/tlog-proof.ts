import { decodeBase64, toBase64, utf8, utf8Text } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { MAX_PATH_HASHES, MAX_PROOF_BYTES } from '../base/limits.ts';
import { parseHash, parseSize, readForeignCheckpoint } from './checkpoint.ts';

/** A proof of inclusion as C2SP tlog-proof writes it. */
export interface TlogProof {
  /** Opaque, and authenticated by nothing; null where there is none. */
  readonly extra: Uint8Array | null;
  /** Of the leaf, from 0. */
  readonly index: number;
  /** From the leaf's sibling up, 32 bytes each. */
  readonly path: readonly Uint8Array[];
  /** The note, byte for byte. */
  readonly checkpoint: Uint8Array;
}

/** First line of the format. */
const HEADER = 'c2sp.org/tlog-proof@v1';

const EXTRA = 'extra ';
const INDEX = 'index ';

/** @returns the error of something that is no proof. */
export function malformedProof(at: string, expected: string, found: string): ReceiptError {
  return new ReceiptError('PROOF_MALFORMED', `${at}: expected ${expected}, got ${found}`, { at, expected, found });
}

/** @returns whether bytes begin as a .tlog-proof does. */
export function isTlogProof(bytes: Uint8Array): boolean {
  const start = utf8(`${HEADER}\n`);
  return start.every((byte, i) => bytes[i] === byte);
}

/**
 * Read a .tlog-proof: the inverse of formatTlogProof, one spelling only.
 *
 *     c2sp.org/tlog-proof@v1
 *     extra <base64>                        only where there is extra data
 *     index <decimal>
 *     <base64 of a hash>                    0 to 63 times
 *     <empty line>
 *     <signed checkpoint, byte for byte>
 *
 * Nothing is verified. @param bytes only read. @throws ReceiptError PROOF_MALFORMED, CHECKPOINT_MALFORMED @see C2SP tlog-proof, "Format"
 */
export function parseTlogProof(bytes: Uint8Array): TlogProof {
  if (bytes.length > MAX_PROOF_BYTES)
    throw malformedProof('proof', `at most ${MAX_PROOF_BYTES} bytes`, `${bytes.length}`);
  if (!isTlogProof(bytes)) throw malformedProof('proof, line 1', HEADER, 'something else');
  const end = endOfHead(bytes);
  const lines = headLines(bytes.subarray(0, end));
  let at = 1;
  let extra: Uint8Array | null = null;
  if (lines[at]?.startsWith(EXTRA)) {
    extra = decodeBase64(lines[at]!.slice(EXTRA.length));
    if (extra === null || extra.length === 0)
      throw malformedProof('proof, line 2', 'extra data in strict padded base64', 'something else');
    at++;
  }
  const line = lines[at] ?? '';
  if (!line.startsWith(INDEX)) throw malformedProof(`proof, line ${at + 1}`, 'index and a decimal', 'something else');
  const index = parseSize(line.slice(INDEX.length), `proof, line ${at + 1}`);
  const hashes = lines.slice(at + 1);
  if (hashes.length > MAX_PATH_HASHES)
    throw malformedProof('proof', `at most ${MAX_PATH_HASHES} hashes`, `${hashes.length}`);
  const path = hashes.map((hash, i) => parseHash(hash, `proof, line ${at + 2 + i}`));
  const checkpoint = bytes.slice(end + 1);
  readForeignCheckpoint(checkpoint);
  return { extra, index, path, checkpoint };
}

/** @returns the offset of the empty line: no line of the head is empty, so that it is the first. */
function endOfHead(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, at + 1))
    if (bytes[at + 1] === 0x0a) return at + 1;
  throw malformedProof('proof', 'an empty line before the checkpoint', 'none');
}

function headLines(bytes: Uint8Array): string[] {
  try {
    return utf8Text(bytes).split('\n').slice(0, -1);
  } catch {
    throw malformedProof('proof', 'UTF-8', 'other bytes');
  }
}

/** Write a .tlog-proof: the inverse of parseTlogProof. @returns fresh bytes. @throws RangeError; ReceiptError as that does */
export function formatTlogProof({ extra, index, path, checkpoint }: TlogProof): Uint8Array {
  if (
    !Number.isSafeInteger(index) ||
    index < 0 ||
    path.length > MAX_PATH_HASHES ||
    path.some(({ length }) => length !== 32)
  )
    throw new RangeError(
      `formatTlogProof: expected an index of 0 to 2^53-1 and at most ${MAX_PATH_HASHES} hashes of 32 bytes`,
    );
  if (extra?.length === 0) throw new RangeError('formatTlogProof: expected extra data, or null');
  readForeignCheckpoint(checkpoint);
  const head = [
    HEADER,
    ...(extra === null ? [] : [`${EXTRA}${toBase64(extra)}`]),
    `${INDEX}${index}`,
    ...path.map(toBase64),
  ];
  return utf8(`${head.join('\n')}\n\n${utf8Text(checkpoint)}`);
}
