import { B64U_VALUE, utf8 } from '../base/bytes.ts';
import {
  MAX_ALG_CHARS,
  MAX_ENTRY_BYTES,
  MAX_LINE_BYTES,
  MAX_ORIGIN_CHARS,
  MAX_SIG_CHARS,
  MAX_SIGNATURES,
} from '../base/limits.ts';
import { ALG_CLASS, CLASS, isHex64, isInstant, isUuid7, ORIGIN_CLASS, ORIGIN_FIRST_CLASS } from './frame-tokens.ts';
import { type JsonScan, newJsonScan, scanObject } from './json-scan.ts';

/** Why a line is not a receipt (check `form`). */
export type FormCode = 'MALFORMED' | 'NOT_CANONICAL' | 'TOO_LARGE';

/** Where one signature stands: offsets into the scanned buffer, half-open. */
export interface SignatureView {
  algBegin: number;
  algEnd: number;
  kidBegin: number;
  kidEnd: number;
  sigBegin: number;
  sigEnd: number;
}

/**
 * Where everything stands on one line: offsets into the scanned buffer, half-open. Reused from line to line, so that a scan of
 * millions allocates nothing; read what you need before the next scan. When the scan failed only `code`, `at` and `expected` count.
 *
 *     {"entry":{"event":{…},"id":"…","log":"…","prev":"…","seq":41,"time":"…","v":1},"hash":"…","sigs":[{"alg":"…","kid":"…","sig":"…"}]}
 *     ^begin   ^entryBegin                                                        ^entryEnd
 */
export interface LineView {
  begin: number;
  end: number;
  entryBegin: number;
  entryEnd: number;
  eventBegin: number;
  eventEnd: number;
  idBegin: number;
  logBegin: number;
  logEnd: number;
  prevBegin: number;
  seq: number;
  timeBegin: number;
  vBegin: number;
  vEnd: number;
  hashBegin: number;
  sigCount: number;
  /** At least `sigCount` views; the rest is left from earlier lines. */
  sigs: SignatureView[];
  /** The event's own facts, gathered on the way. */
  event: JsonScan;
  /** null when the line is a receipt by grammar. */
  code: FormCode | null;
  /** Offset into the buffer of what is wrong. */
  at: number;
  /** What should have stood there. */
  expected: string;
}

/** @returns an empty view to scan into. */
export function newLineView(): LineView {
  return {
    begin: 0,
    end: 0,
    entryBegin: 0,
    entryEnd: 0,
    eventBegin: 0,
    eventEnd: 0,
    idBegin: 0,
    logBegin: 0,
    logEnd: 0,
    prevBegin: 0,
    seq: 0,
    timeBegin: 0,
    vBegin: 0,
    vEnd: 0,
    hashBegin: 0,
    sigCount: 0,
    sigs: [],
    event: newJsonScan(),
    code: null,
    at: 0,
    expected: '',
  };
}

const OPEN = utf8('{"entry":{"event":');
const ID = utf8(',"id":"');
const LOG = utf8('","log":"');
const PREV = utf8('","prev":"');
const SEQ = utf8('","seq":');
const TIME = utf8(',"time":"');
const V = utf8('","v":');
const HASH = utf8('},"hash":"');
const SIGS = utf8('","sigs":[');
const ALG = utf8('{"alg":"');
const KID = utf8('","kid":"');
const SIG = utf8('","sig":"');
const CLOSE_SIG = utf8('"}');
const CLOSE = utf8(']}');
const KID_CHARS = 43;

/**
 * Read one line by the forward grammar of format section 1. It is the only grammar: what reads from the line's end must agree.
 * Precedence: a line above 1 MiB or an event deeper than 64 is TOO_LARGE; what breaks the grammar (its event as JSON text of any kind)
 * is MALFORMED; then an entry above 65,535 bytes is TOO_LARGE; then an event that is not RFC 8785 is NOT_CANONICAL.
 * @param buf only read. @param begin first byte of the line. @param end byte after its last, LF excluded. @param view filled.
 * @returns whether the line is a receipt by grammar.
 */
export function scanLine(buf: Uint8Array, begin: number, end: number, view: LineView): boolean {
  view.begin = begin;
  view.end = end;
  view.code = null;
  if (end - begin > MAX_LINE_BYTES) return fail(view, 'TOO_LARGE', begin, `a line of at most ${MAX_LINE_BYTES} bytes`);
  if (!literal(buf, begin, end, OPEN, view)) return false;
  view.entryBegin = begin + 9;
  view.eventBegin = begin + OPEN.length;
  const json = view.event;
  const eventEnd = scanObject(buf, view.eventBegin, end, json);
  if (eventEnd < 0) {
    return json.tooDeep
      ? fail(view, 'TOO_LARGE', json.failedAt, 'an event nested at most 64 deep')
      : fail(view, 'MALFORMED', json.failedAt, json.expected);
  }
  view.eventEnd = eventEnd;
  if (!scanFrame(buf, eventEnd, end, view)) return false;
  const entrySize = view.entryEnd - view.entryBegin;
  if (entrySize > MAX_ENTRY_BYTES)
    return fail(view, 'TOO_LARGE', view.entryBegin, `an entry of at most ${MAX_ENTRY_BYTES} bytes`);
  if (json.looseAt >= 0) return fail(view, 'NOT_CANONICAL', json.looseAt, 'RFC 8785 canonical JSON');
  return true;
}

/** From the byte after the event to the line's end. */
function scanFrame(buf: Uint8Array, from: number, end: number, view: LineView): boolean {
  if (!literal(buf, from, end, ID, view)) return false;
  let at = from + ID.length;
  view.idBegin = at;
  if (!isUuid7(buf, at, end)) return fail(view, 'MALFORMED', at, 'a lower-case UUID of version 7');
  at += 36;
  if (!literal(buf, at, end, LOG, view)) return false;
  at += LOG.length;
  view.logBegin = at;
  if (at >= end || (CLASS[buf[at]!]! & ORIGIN_FIRST_CLASS) === 0)
    return fail(view, 'MALFORMED', at, 'an origin: first a letter or digit');
  while (at < end && (CLASS[buf[at]!]! & ORIGIN_CLASS) !== 0) at++;
  if (at - view.logBegin > MAX_ORIGIN_CHARS)
    return fail(view, 'MALFORMED', at, `an origin of at most ${MAX_ORIGIN_CHARS} characters`);
  view.logEnd = at;
  if (!literal(buf, at, end, PREV, view)) return false;
  at += PREV.length;
  view.prevBegin = at;
  if (!isHex64(buf, at, end)) return fail(view, 'MALFORMED', at, '64 lower-case hex digits');
  at += 64;
  if (!literal(buf, at, end, SEQ, view)) return false;
  at += SEQ.length;
  const seqBegin = at;
  let seq = 0;
  while (at < end && buf[at]! >= 0x30 && buf[at]! <= 0x39 && at - seqBegin < 17) seq = seq * 10 + (buf[at++]! - 0x30);
  if (at === seqBegin || (buf[seqBegin] === 0x30 && at - seqBegin > 1) || seq > Number.MAX_SAFE_INTEGER) {
    return fail(view, 'MALFORMED', seqBegin, 'a seq of 0 to 2^53-1 without leading zero');
  }
  view.seq = seq;
  if (!literal(buf, at, end, TIME, view)) return false;
  at += TIME.length;
  view.timeBegin = at;
  if (!isInstant(buf, at, end))
    return fail(view, 'MALFORMED', at, 'a real instant as YYYY-MM-DDTHH:MM:SS.mmmZ, 1970 to 9999');
  at += 24;
  if (!literal(buf, at, end, V, view)) return false;
  at += V.length;
  view.vBegin = at;
  while (at < end && buf[at]! >= 0x30 && buf[at]! <= 0x39) at++;
  if (at === view.vBegin || (buf[view.vBegin] === 0x30 && at - view.vBegin > 1))
    return fail(view, 'MALFORMED', view.vBegin, 'a version number');
  view.vEnd = at;
  if (!literal(buf, at, end, HASH, view)) return false;
  view.entryEnd = at + 1;
  at += HASH.length;
  view.hashBegin = at;
  if (!isHex64(buf, at, end)) return fail(view, 'MALFORMED', at, '64 lower-case hex digits');
  at += 64;
  if (!literal(buf, at, end, SIGS, view)) return false;
  return scanSignatures(buf, at + SIGS.length, end, view);
}

function scanSignatures(buf: Uint8Array, from: number, end: number, view: LineView): boolean {
  let at = from;
  let count = 0;
  view.sigCount = 0;
  if (buf[at] !== 0x5d /* ] */) {
    for (;;) {
      if (count === MAX_SIGNATURES) return fail(view, 'MALFORMED', at, `at most ${MAX_SIGNATURES} signatures`);
      let sig = view.sigs[count];
      if (sig === undefined) {
        sig = { algBegin: 0, algEnd: 0, kidBegin: 0, kidEnd: 0, sigBegin: 0, sigEnd: 0 };
        view.sigs.push(sig);
      }
      at = scanSignature(buf, at, end, sig, view);
      if (at < 0) return false;
      if (count > 0 && compareKids(buf, view.sigs[count - 1]!.kidBegin, sig.kidBegin) >= 0) {
        return fail(view, 'MALFORMED', sig.kidBegin, 'signatures strictly ascending by kid');
      }
      count++;
      if (buf[at] !== 0x2c /* , */ || at >= end) break;
      at++;
    }
  }
  view.sigCount = count;
  if (!literal(buf, at, end, CLOSE, view)) return false;
  if (at + CLOSE.length !== end) return fail(view, 'MALFORMED', at + CLOSE.length, 'the end of the line');
  return true;
}

/** @returns the offset after the signature, or -1. */
function scanSignature(buf: Uint8Array, from: number, end: number, sig: SignatureView, view: LineView): number {
  if (!literal(buf, from, end, ALG, view)) return -1;
  let at = from + ALG.length;
  sig.algBegin = at;
  while (at < end && (CLASS[buf[at]!]! & ALG_CLASS) !== 0) at++;
  sig.algEnd = at;
  const algChars = at - sig.algBegin;
  if (algChars === 0 || algChars > MAX_ALG_CHARS) {
    fail(view, 'MALFORMED', sig.algBegin, `an alg of 1 to ${MAX_ALG_CHARS} characters`);
    return -1;
  }
  if (!literal(buf, at, end, KID, view)) return -1;
  at += KID.length;
  sig.kidBegin = at;
  at = endOfBase64url(buf, at, end);
  sig.kidEnd = at;
  if (at - sig.kidBegin !== KID_CHARS || !hasZeroSpareBits(buf, sig.kidBegin, at)) {
    fail(view, 'MALFORMED', sig.kidBegin, 'a kid of 43 strict base64url characters');
    return -1;
  }
  if (!literal(buf, at, end, SIG, view)) return -1;
  at += SIG.length;
  sig.sigBegin = at;
  at = endOfBase64url(buf, at, end);
  sig.sigEnd = at;
  const sigChars = at - sig.sigBegin;
  if (sigChars === 0 || sigChars > MAX_SIG_CHARS || !hasZeroSpareBits(buf, sig.sigBegin, at)) {
    fail(view, 'MALFORMED', sig.sigBegin, `a signature of 1 to ${MAX_SIG_CHARS} strict base64url characters`);
    return -1;
  }
  if (!literal(buf, at, end, CLOSE_SIG, view)) return -1;
  return at + CLOSE_SIG.length;
}

function endOfBase64url(buf: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && B64U_VALUE[buf[at]!] !== 0xff) at++;
  return at;
}

/** Strict base64url: length mod 4 ≠ 1 and the bits that no byte uses are zero. */
function hasZeroSpareBits(buf: Uint8Array, begin: number, end: number): boolean {
  const rest = (end - begin) & 3;
  if (rest === 0) return true;
  if (rest === 1) return false;
  return (B64U_VALUE[buf[end - 1]!]! & (rest === 2 ? 15 : 3)) === 0;
}

function compareKids(buf: Uint8Array, a: number, b: number): number {
  for (let i = 0; i < KID_CHARS; i++) {
    const diff = buf[a + i]! - buf[b + i]!;
    if (diff !== 0) return diff;
  }
  return 0;
}

/** Compare a literal of the frame; on a difference the view says where it begins to differ. */
function literal(buf: Uint8Array, at: number, end: number, text: Uint8Array, view: LineView): boolean {
  for (let i = 0; i < text.length; i++) {
    if (at + i >= end || buf[at + i] !== text[i]) {
      return fail(view, 'MALFORMED', Math.min(at + i, end), `the literal ${new TextDecoder().decode(text)}`);
    }
  }
  return true;
}

function fail(view: LineView, code: FormCode, at: number, expected: string): false {
  view.code = code;
  view.at = at;
  view.expected = expected;
  return false;
}
