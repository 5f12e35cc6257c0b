import { setAscii, toBase64url, utf8, utf8Text } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import type { Frame } from './entry.ts';
import type { JsonObject } from './json.ts';
import { type LineView, newLineView, scanLine } from './scan.ts';

/** One signature on an entry, as it stands on the line. */
export interface Signature {
  /** `ML-DSA-65`, `Ed25519`, or another that this version does not know. */
  readonly alg: string;
  /** RFC 7638 thumbprint of the signing key. */
  readonly kid: string;
  /** base64url of the signature bytes. */
  readonly sig: string;
}

/** A receipt: entry, hash, signatures; and the line that it is. */
export interface Receipt {
  readonly entry: Frame & { readonly event: JsonObject; readonly v: number };
  /** SHA-256(0x00 ‖ entry bytes), 64 hex, as stated on the line. */
  readonly hash: string;
  readonly sigs: readonly Signature[];
}

/** A signature before it is written: bytes, not text. */
export interface RawSignature {
  readonly alg: string;
  readonly kid: string;
  readonly bytes: Uint8Array;
}

/**
 * Form the line of a receipt, LF included.
 *
 *     {"entry":<entry bytes>,"hash":"<64 hex>","sigs":[{"alg":"…","kid":"…","sig":"…"},…]}\n
 *
 * @param entry as entryBytes made it. @param hash as entryHash made it. @param signatures in any order; written ascending by kid.
 * @returns fresh bytes.
 */
export function lineBytes(entry: Uint8Array, hash: string, signatures: readonly RawSignature[]): Uint8Array {
  return lineOf(entry, hash, encodeSignatures(signatures));
}

/** Write signatures as a line carries them: base64url, ascending by kid. @param signatures in any order. */
export function encodeSignatures(signatures: readonly RawSignature[]): Signature[] {
  return signatures
    .map(({ alg, kid, bytes }) => ({ alg, kid, sig: toBase64url(bytes) }))
    .sort((a, b) => (a.kid < b.kid ? -1 : a.kid > b.kid ? 1 : 0));
}

/** As lineBytes, of signatures that encodeSignatures wrote. */
export function lineOf(entry: Uint8Array, hash: string, sigs: readonly Signature[]): Uint8Array {
  const middle = `,"hash":"${hash}","sigs":`;
  const list = sigs.length === 0 ? EMPTY_LIST : utf8(JSON.stringify(sigs));
  const out = new Uint8Array(LINE_OPEN.length + entry.length + middle.length + list.length + LINE_CLOSE.length);
  out.set(LINE_OPEN);
  out.set(entry, LINE_OPEN.length);
  const at = setAscii(out, LINE_OPEN.length + entry.length, middle);
  out.set(list, at);
  out.set(LINE_CLOSE, at + list.length);
  return out;
}

const LINE_OPEN = utf8('{"entry":');
const EMPTY_LIST = utf8('[]');
const LINE_CLOSE = utf8('}\n');

/** What a writer, a seek or a filter needs of a line before it reads the event. */
export interface LineHead extends Frame {
  /** `hash` as stated, 64 hex. */
  readonly hash: string;
  /** `v` as written. */
  readonly v: string;
  /** `type` of the event, null when it has none that is a string. */
  readonly type: string | null;
  /** The entry bytes, a view into the line. */
  readonly entryBytes: Uint8Array;
  /** The event bytes, a view into the line. */
  readonly eventBytes: Uint8Array;
  readonly sigs: readonly Signature[];
}

/**
 * Read the frame of one line, judged by the whole grammar, the event's canonical form included.
 * @param line without its LF, only read. @throws ReceiptError LINE_MALFORMED with the byte where it breaks.
 */
export function readLineHead(line: Uint8Array): LineHead {
  const view = newLineView();
  if (!scanLine(line, 0, line.length, view)) {
    throw new ReceiptError(
      'LINE_MALFORMED',
      `receipt line: expected ${view.expected} at byte ${view.at} (${view.code})`,
      {
        at: `byte ${view.at}`,
        expected: view.expected,
        found: view.code ?? '',
      },
    );
  }
  return lineHead(line, view);
}

/** @returns the frame of a scanned line, as text. @param buf the buffer that `view` points into. */
export function lineHead(buf: Uint8Array, view: LineView): LineHead {
  const text = (begin: number, end: number): string => utf8Text(buf.subarray(begin, end));
  const { typeBegin, typeEnd } = view.event;
  return {
    id: text(view.idBegin, view.idBegin + 36),
    log: text(view.logBegin, view.logEnd),
    prev: text(view.prevBegin, view.prevBegin + 64),
    seq: view.seq,
    time: text(view.timeBegin, view.timeBegin + 24),
    v: text(view.vBegin, view.vEnd),
    hash: text(view.hashBegin, view.hashBegin + 64),
    type: typeEnd === 0 ? null : (JSON.parse(`"${text(typeBegin, typeEnd)}"`) as string),
    entryBytes: buf.subarray(view.entryBegin, view.entryEnd),
    eventBytes: buf.subarray(view.eventBegin, view.eventEnd),
    sigs: view.sigs.slice(0, view.sigCount).map((sig) => ({
      alg: text(sig.algBegin, sig.algEnd),
      kid: text(sig.kidBegin, sig.kidEnd),
      sig: text(sig.sigBegin, sig.sigEnd),
    })),
  };
}

/** @returns the event of a scanned line. JSON.parse keeps `__proto__` as an own member; canonical form has no duplicates to lose. */
export function parseEvent(buf: Uint8Array, view: LineView): JsonObject {
  return JSON.parse(utf8Text(buf.subarray(view.eventBegin, view.eventEnd))) as JsonObject;
}

/**
 * Parse one line into a receipt: the inverse of lineBytes. Form only; links, hashes and signatures are for verify.
 * @param line without its LF, only read. @throws ReceiptError LINE_MALFORMED with the byte where it breaks.
 */
export function parseReceipt(line: Uint8Array): Receipt {
  const { id, log, prev, seq, time, v, hash, sigs, eventBytes } = readLineHead(line);
  const event = JSON.parse(utf8Text(eventBytes)) as JsonObject;
  return { entry: { event, id, log, prev, seq, time, v: Number(v) }, hash, sigs };
}
