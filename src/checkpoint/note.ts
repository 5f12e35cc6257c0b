import { concatBytes, decodeBase64, isWellFormed, toBase64, utf8, utf8Text } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { MAX_NOTE_BYTES, MAX_NOTE_SIGNATURES } from '../base/limits.ts';

/** One signature line of a note. */
export interface NoteSignature {
  /** Key name: not empty, no Unicode space, no plus. */
  readonly name: string;
  /** Key ID, 4 bytes: with the name it says which key and which kind of signature. */
  readonly keyId: Uint8Array;
  /** What follows the key ID, at least one byte: its form depends on the kind of signature. */
  readonly blob: Uint8Array;
}

/** A signed note, taken apart. */
export interface Note {
  /** All that is signed, the final LF included. */
  readonly text: string;
  /** In the order of the file, at least one. */
  readonly signatures: readonly NoteSignature[];
}

/** Bytes of a key ID. @see C2SP signed-note, "Signatures" */
export const KEY_ID_BYTES = 4;

/** What every signature line begins with: em dash and space. */
const LINE_START = '— ';

/** Control characters that a note never holds: all below U+0020 but LF. */
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/;

/** Unicode White_Space, spelled out: `\s` lacks U+0085 and has U+FEFF, which is none. Also what a key name must not hold. */
const NOT_IN_A_NAME = /[+\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

/** @returns whether this may be a key name: not empty, no Unicode space, no plus, no control character, and it has a UTF-8 form. */
export function isKeyName(name: string): boolean {
  return name !== '' && isWellFormed(name) && !NOT_IN_A_NAME.test(name) && !CONTROL.test(name);
}

/** @returns the error of something that is no note or no checkpoint. Content is quoted only where `found` is a count or a kind. */
export function malformed(at: string, expected: string, found: string): ReceiptError {
  return new ReceiptError('CHECKPOINT_MALFORMED', `${at}: expected ${expected}, got ${found}`, { at, expected, found });
}

/**
 * Read a signed note: the inverse of formatNote, one spelling only.
 *
 *     <text: lines, each ended by LF>
 *     <empty line>
 *     — <key name> <base64 of key ID ‖ signature>          1 to 128 times, each ended by LF
 *
 * The last empty line parts text and signatures, so that the text itself may hold empty lines. @param bytes only read.
 * @returns what stands there; nothing is verified. @throws ReceiptError CHECKPOINT_MALFORMED @see C2SP signed-note, "Format"
 */
export function parseNote(bytes: Uint8Array): Note {
  if (bytes.length > MAX_NOTE_BYTES) throw malformed('note', `at most ${MAX_NOTE_BYTES} bytes`, `${bytes.length}`);
  const all = textOf(bytes);
  const control = CONTROL.exec(all);
  if (control !== null) {
    const code = control[0].charCodeAt(0).toString(16).padStart(4, '0');
    throw malformed(`note, line ${lineAt(all, control.index)}`, 'no control character but LF', `U+${code}`);
  }
  const split = all.lastIndexOf('\n\n');
  if (split < 0) throw malformed('note', 'a text, an empty line and signature lines', 'no empty line');
  const text = all.slice(0, split + 1);
  if (!all.endsWith('\n')) throw malformed('note', 'a LF at its end', 'none');
  const lines = all
    .slice(split + 2)
    .split('\n')
    .slice(0, -1);
  if (lines.length === 0) throw malformed('note', 'at least one signature line', 'none');
  if (lines.length > MAX_NOTE_SIGNATURES)
    throw malformed('note', `at most ${MAX_NOTE_SIGNATURES} signature lines`, `${lines.length}`);
  const first = lineAt(all, split + 2);
  return { text, signatures: lines.map((line, i) => parseSignatureLine(line, `note, line ${first + i}`)) };
}

function textOf(bytes: Uint8Array): string {
  try {
    return utf8Text(bytes);
  } catch {
    throw malformed('note', 'UTF-8', 'other bytes');
  }
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

/**
 * Read one signature line without its LF. @param at names it in messages. @throws ReceiptError CHECKPOINT_MALFORMED
 */
export function parseSignatureLine(line: string, at: string): NoteSignature {
  if (!line.startsWith(LINE_START)) throw malformed(at, 'an em dash and a space at its start', 'something else');
  const space = line.indexOf(' ', LINE_START.length);
  const name = line.slice(LINE_START.length, space < 0 ? undefined : space);
  if (space < 0) throw malformed(at, 'a key name, a space and base64', 'no space after the name');
  if (!isKeyName(name)) throw malformed(at, 'a key name without spaces and plus', 'another name');
  const bytes = decodeBase64(line.slice(space + 1));
  if (bytes === null) throw malformed(at, 'strict padded base64', 'something else');
  if (bytes.length <= KEY_ID_BYTES) throw malformed(at, `more than ${KEY_ID_BYTES} bytes in base64`, `${bytes.length}`);
  return { name, keyId: bytes.slice(0, KEY_ID_BYTES), blob: bytes.slice(KEY_ID_BYTES) };
}

/**
 * Write a signed note: the inverse of parseNote. @param text all that is signed, with its final LF.
 * @returns fresh bytes. @throws RangeError on what parseNote would refuse.
 */
export function formatNote(text: string, signatures: readonly NoteSignature[]): Uint8Array {
  if (!text.endsWith('\n') || CONTROL.test(text) || !isWellFormed(text))
    throw new RangeError('formatNote: expected a text that ends with LF and holds no other control character');
  if (signatures.length === 0 || signatures.length > MAX_NOTE_SIGNATURES)
    throw new RangeError(`formatNote: expected 1 to ${MAX_NOTE_SIGNATURES} signatures, got ${signatures.length}`);
  const bytes = utf8(`${text}\n${signatures.map((one) => `${formatSignatureLine(one)}\n`).join('')}`);
  if (bytes.length > MAX_NOTE_BYTES)
    throw new RangeError(`formatNote: expected at most ${MAX_NOTE_BYTES} bytes, got ${bytes.length}`);
  return bytes;
}

/** Write one signature line, without its LF: the inverse of parseSignatureLine. @throws RangeError on what that would refuse */
export function formatSignatureLine({ name, keyId, blob }: NoteSignature): string {
  if (!isKeyName(name)) throw new RangeError('formatNote: expected a key name without spaces and plus');
  if (keyId.length !== KEY_ID_BYTES || blob.length === 0)
    throw new RangeError(`formatNote: expected a key ID of ${KEY_ID_BYTES} bytes and a signature`);
  return `${LINE_START}${name} ${toBase64(concatBytes(keyId, blob))}`;
}
