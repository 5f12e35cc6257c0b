import { equalBytes, fromHex, toHex, utf8, utf8Text } from '../base/bytes.ts';
import { isReceiptError } from '../base/errors.ts';
import { MAX_PATH_HASHES, MAX_PROOF_BYTES } from '../base/limits.ts';
import { canonicalBytes, parseStrict } from '../receipt/canonical.ts';
import type { Json } from '../receipt/json.ts';
import { readLineHead } from '../receipt/receipt.ts';
import { readSignedCheckpoint } from './checkpoint.ts';
import { formatTlogProof, malformedProof, parseTlogProof } from './tlog-proof.ts';

/** A line of a log with its place in the tree of a checkpoint. */
export interface ProvenLine {
  /** As stored, without its LF. */
  readonly line: Uint8Array;
  /** Inclusion path: from the leaf's sibling up, 32 bytes each (RFC 9162 section 2.1.3). */
  readonly path: readonly Uint8Array[];
}

/** A receipt that stands without its log (format section 7). */
export interface StandAloneReceipt {
  readonly receipt: ProvenLine;
  /** Genesis and the rotations before the receipt, ascending by seq; empty for genesis itself. */
  readonly before: readonly ProvenLine[];
  /** The note, byte for byte. */
  readonly checkpoint: Uint8Array;
}

const SCHEMA = 'perdure/receipt/v1';
const EXTRA_SCHEMA = 'perdure/receipt-extra/v1';

/**
 * Write a stand-alone receipt in our JSON form: RFC 8785 and a LF, so that one receipt has one spelling.
 *
 *     {"checkpoint":"<note>","genesis":{"line":"…","path":["<64 hex>",…]}|null,"line":"…","path":[…],"rotations":[{…},…],
 *      "schema":"perdure/receipt/v1"}                                                                    one line, LF
 *
 * @returns fresh bytes. @throws ReceiptError PROOF_MALFORMED, CHECKPOINT_MALFORMED on what parseReceiptFile would refuse
 */
export function formatReceiptFile(one: StandAloneReceipt): Uint8Array {
  check(one);
  return jsonLine({
    schema: SCHEMA,
    ...membersOf(one),
    path: one.receipt.path.map(toHex),
    checkpoint: utf8Text(one.checkpoint),
  });
}

/**
 * Read our JSON form: the inverse of formatReceiptFile. Nothing is verified but that the parts are what they are called.
 * @param bytes only read. @throws ReceiptError PROOF_MALFORMED, CHECKPOINT_MALFORMED
 */
export function parseReceiptFile(bytes: Uint8Array): StandAloneReceipt {
  const members = readMembers(bytes, 'checkpoint genesis line path rotations schema', SCHEMA, 'receipt');
  const one = {
    receipt: provenLine({ line: members.line!, path: members.path! }, 'receipt'),
    before: beforeOf(members),
    checkpoint: utf8(textOf(members.checkpoint!, 'receipt, checkpoint')),
  };
  check(one);
  return one;
}

/**
 * Write a stand-alone receipt as a .tlog-proof, which the tools of other logs take: the leaf is the entry (its RFC 9162 leaf hash is the
 * stated hash), index and path are the receipt's. What they have no word for rides as extra data, which they carry and do not read:
 *
 *     {"genesis":…,"line":"…","rotations":[…],"schema":"perdure/receipt-extra/v1"}        RFC 8785, LF, in base64
 *
 * @throws ReceiptError as formatReceiptFile; LINE_MALFORMED when the line has no seq to read
 */
export function formatReceiptProof(one: StandAloneReceipt): Uint8Array {
  check(one);
  const { seq: index } = readLineHead(one.receipt.line);
  const extra = jsonLine({ schema: EXTRA_SCHEMA, ...membersOf(one) });
  return formatTlogProof({ extra, index, path: one.receipt.path, checkpoint: one.checkpoint });
}

/** Read a .tlog-proof that carries a receipt: the inverse of formatReceiptProof. @throws ReceiptError as parseReceiptFile */
export function parseReceiptProof(bytes: Uint8Array): StandAloneReceipt {
  const { extra, index, path, checkpoint } = parseTlogProof(bytes);
  if (extra === null) throw malformedProof('proof', 'extra data with the receipt', 'none');
  const members = readMembers(extra, 'genesis line rotations schema', EXTRA_SCHEMA, 'proof, extra');
  const line = utf8(textOf(members.line!, 'proof, extra, line'));
  const one = { receipt: { line, path }, before: beforeOf(members), checkpoint };
  check(one);
  const seq = seqOf(line);
  // A line that is none is reported by verification; of one that is, the proof must say the same as the line.
  if (seq !== null && seq !== index) throw malformedProof('proof, index', `${seq}, the seq of its line`, `${index}`);
  return one;
}

/** What both forms say in JSON. */
function membersOf({ receipt, before: [genesis, ...rotations] }: StandAloneReceipt): { [name: string]: Json } {
  return {
    line: utf8Text(receipt.line),
    genesis: genesis === undefined ? null : provenMembers(genesis),
    rotations: rotations.map(provenMembers),
  };
}

function provenMembers({ line, path }: ProvenLine): Json {
  return { line: utf8Text(line), path: path.map(toHex) };
}

function jsonLine(value: Json): Uint8Array {
  const bytes = canonicalBytes(value);
  const out = new Uint8Array(bytes.length + 1);
  out.set(bytes);
  out[bytes.length] = 0x0a;
  return out;
}

/** Read one canonical object that has exactly these members. */
function readMembers(bytes: Uint8Array, names: string, schema: string, at: string): Record<string, Json> {
  if (bytes.length > MAX_PROOF_BYTES) throw malformedProof(at, `at most ${MAX_PROOF_BYTES} bytes`, `${bytes.length}`);
  let value: Json;
  try {
    value = parseStrict(bytes);
  } catch (error) {
    if (!isReceiptError(error, 'NOT_JSON')) throw error;
    throw malformedProof(at, error.expected ?? 'JSON', `${error.found}, ${error.at}`);
  }
  const members = record(value, names, at);
  if (members.schema !== schema) throw malformedProof(`${at}, schema`, schema, 'another');
  if (!equalBytes(jsonLine(value), bytes)) throw malformedProof(at, 'RFC 8785 and a LF', 'another spelling');
  return members;
}

function record(value: Json, names: string, at: string): Record<string, Json> {
  if (
    typeof value !== 'object' ||
    value === null ||
    Array.isArray(value) ||
    Object.keys(value).sort().join(' ') !== names
  )
    throw malformedProof(at, `an object of ${names}`, 'something else');
  return value as Record<string, Json>;
}

function beforeOf({ genesis, rotations }: Record<string, Json>): ProvenLine[] {
  if (!Array.isArray(rotations)) throw malformedProof('rotations', 'an array', 'something else');
  if (genesis === null && rotations.length > 0)
    throw malformedProof('genesis', 'one, since there are rotations', 'null');
  const lines = genesis === null ? [] : [genesis!, ...rotations];
  return lines.map((one, i) => {
    const at = i === 0 ? 'genesis' : `rotations[${i - 1}]`;
    return provenLine(record(one, 'line path', at), at);
  });
}

function provenLine({ line, path }: Record<string, Json>, at: string): ProvenLine {
  if (!Array.isArray(path)) throw malformedProof(`${at}, path`, 'an array', 'something else');
  return { line: utf8(textOf(line!, `${at}, line`)), path: path.map((hash, i) => hashOf(hash, `${at}, path[${i}]`)) };
}

function hashOf(value: Json, at: string): Uint8Array {
  if (typeof value !== 'string' || !/^[0-9a-f]{64}$/.test(value)) throw malformedProof(at, '64 hex', 'something else');
  return fromHex(value);
}

function textOf(value: Json, at: string): string {
  if (typeof value !== 'string') throw malformedProof(at, 'text', 'something else');
  return value;
}

/**
 * Check what both directions promise: a checkpoint of one of our logs, lines without a LF, hashes of 32 bytes. Whether the lines are
 * receipts, and of that log, and stand where their paths say, is for verification, which reports all that does not hold.
 */
function check({ receipt, before, checkpoint }: StandAloneReceipt): void {
  readSignedCheckpoint(checkpoint);
  for (const { line, path } of [...before, receipt]) {
    if (line.length === 0 || line.includes(0x0a))
      throw malformedProof('line', 'one line without its LF', 'something else');
    if (path.length > MAX_PATH_HASHES || path.some(({ length }) => length !== 32))
      throw malformedProof('path', `at most ${MAX_PATH_HASHES} hashes of 32 bytes`, 'something else');
  }
}

/** @returns the seq that a line states; null where it is no line. */
function seqOf(line: Uint8Array): number | null {
  try {
    return readLineHead(line).seq;
  } catch (error) {
    if (isReceiptError(error, 'LINE_MALFORMED')) return null;
    throw error;
  }
}
