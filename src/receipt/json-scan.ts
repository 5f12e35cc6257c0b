import { utf8Text } from '../base/bytes.ts';
import { MAX_DEPTH } from '../base/limits.ts';
import { EVENT_SHAPE } from './event-shape.ts';
import { ESCAPE_BAD, ESCAPE_LOOSE, judgeEscape, utf8SequenceLength } from './json-tokens.ts';
import { compileShape, findMember, numberKeeps, type ObjectShape, type Shape, stringKeeps } from './shape-table.ts';

/**
 * What one pass over an object's bytes finds out: is it JSON, is it RFC 8785 canonical, and the two members verification asks for.
 * Offsets are into the scanned buffer.
 */
export interface JsonScan {
  /** First byte that is legal JSON but not canonical (RFC 8785); -1 when all of it is canonical. */
  looseAt: number;
  /** Where it stopped being JSON, and what should have stood there; only when the scan returned -1. */
  failedAt: number;
  expected: string;
  /** It stopped because it is nested deeper than 64. */
  tooDeep: boolean;
  /** Content of the string member `type` of the outermost object, without quotes; 0, 0 when there is none. */
  typeBegin: number;
  typeEnd: number;
  /** Content of the string member `sequence` of the outermost object, likewise. */
  sequenceBegin: number;
  sequenceEnd: number;
  /** The object breaks the event schema (format section 4: a note for ordinary types). Meaningful for canonical objects only. */
  breach: boolean;
}

/** @returns an empty result to scan into. */
export function newJsonScan(): JsonScan {
  return {
    looseAt: -1,
    failedAt: 0,
    expected: '',
    tooDeep: false,
    typeBegin: 0,
    typeEnd: 0,
    sequenceBegin: 0,
    sequenceEnd: 0,
    breach: false,
  };
}

// The state of the one scan that runs: module variables, because the scan is synchronous and a field access costs twice as much.
let bytes: Uint8Array = new Uint8Array(0);
let at = 0;
let limit = 0;
let loose = -1;
let failed = -1;
let want = '';
let deep = false;
let breach = false;
/** Value of the number just read. */
let numeric = 0;
/** Whether the string just read was printable ASCII without escapes: its bytes are its characters. */
let plain = true;

/** Compiled when it is first needed: it takes 4 ms, and a log that kernels read may do without. */
let eventShape: ObjectShape | null = null;
const ANY: Shape = { kind: 'any' };

/**
 * Scan one JSON object. Reads any JSON text (RFC 8259, strict UTF-8, depth ≤ 64) and notes the first byte that is not canonical;
 * the two are told apart because an auditor wants to know which it was.
 * @param buf only read. @param begin where its `{` should stand. @param end byte after the last that may be read. @param out filled.
 * @returns the offset after its `}`, or -1 when it is not a JSON object or too deep.
 */
export function scanObject(buf: Uint8Array, begin: number, end: number, out: JsonScan): number {
  bytes = buf;
  at = begin;
  limit = end;
  loose = -1;
  failed = -1;
  deep = false;
  breach = false;
  out.typeBegin = 0;
  out.typeEnd = 0;
  out.sequenceBegin = 0;
  out.sequenceEnd = 0;
  eventShape ??= compileShape(EVENT_SHAPE);
  const ok = bytes[at] === 0x7b && at < limit ? object(1, out, eventShape) : stop(begin, 'a JSON object');
  out.looseAt = loose;
  out.failedAt = failed;
  out.expected = want;
  out.tooDeep = deep;
  out.breach = breach;
  return ok ? at : -1;
}

function stop(where: number, expected: string): false {
  failed = Math.min(where, limit);
  want = expected;
  return false;
}

function note(where: number): void {
  if (loose < 0) loose = where;
}

function skipSpace(): void {
  while (at < limit) {
    const byte = bytes[at]!;
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return;
    note(at);
    at++;
  }
}

function object(depth: number, top: JsonScan | null, shape: ObjectShape | null): boolean {
  if (depth > MAX_DEPTH) return tooDeep();
  at++;
  skipSpace();
  let required = shape === null ? 0 : shape.required;
  let groups = 0;
  if (bytes[at] === 0x7d && at < limit) {
    at++;
    if (required > 0) breach = true;
    return true;
  }
  let beforeBegin = -1;
  let beforeEnd = 0;
  let beforePlain = true;
  for (;;) {
    if (at >= limit || bytes[at] !== 0x22) return stop(at, 'a member name');
    const nameBegin = at + 1;
    if (!string()) return false;
    const nameEnd = at - 1;
    if (beforeBegin >= 0 && !ascends(beforeBegin, beforeEnd, beforePlain, nameBegin, nameEnd, plain)) note(nameBegin);
    beforeBegin = nameBegin;
    beforeEnd = nameEnd;
    beforePlain = plain;
    skipSpace();
    if (at >= limit || bytes[at] !== 0x3a) return stop(at, '":"');
    at++;
    skipSpace();
    const valueBegin = at;
    let kind: Shape = ANY;
    if (shape !== null) {
      const member = beforePlain ? findMember(shape, bytes, nameBegin, nameEnd) : null;
      if (member === null) breach = true;
      else {
        kind = member.kind;
        if (member.required) required--;
        if ((groups & member.group) !== 0) breach = true;
        groups |= member.group;
      }
    }
    if (!value(depth, kind)) return false;
    if (top !== null && bytes[valueBegin] === 0x22) capture(top, nameBegin, nameEnd, valueBegin + 1, at - 1);
    skipSpace();
    const byte = at < limit ? bytes[at] : -1;
    at++;
    if (byte === 0x7d) {
      if (required > 0) breach = true;
      return true;
    }
    if (byte !== 0x2c) return stop(at - 1, '"," or "}"');
    skipSpace();
  }
}

function array(depth: number, items: Shape): boolean {
  if (depth > MAX_DEPTH) return tooDeep();
  at++;
  skipSpace();
  if (bytes[at] === 0x5d && at < limit) {
    at++;
    return true;
  }
  for (;;) {
    if (!value(depth, items)) return false;
    skipSpace();
    const byte = at < limit ? bytes[at] : -1;
    at++;
    if (byte === 0x5d) return true;
    if (byte !== 0x2c) return stop(at - 1, '"," or "]"');
    skipSpace();
  }
}

function tooDeep(): false {
  deep = true;
  return stop(at, `nesting of at most ${MAX_DEPTH}`);
}

function value(depth: number, kind: Shape): boolean {
  const byte = at < limit ? bytes[at]! : -1;
  if (byte === 0x22) {
    const begin = at + 1;
    if (!string()) return false;
    if (kind !== ANY && !stringKeeps(kind, bytes, begin, at - 1, decodeString)) breach = true;
    return true;
  }
  if (byte === 0x7b) {
    const shape = kind.kind === 'object' ? kind : null;
    if (shape === null && kind.kind !== 'any' && kind.kind !== 'free') breach = true;
    return object(depth + 1, null, shape);
  }
  if (byte === 0x5b) {
    if (kind.kind !== 'array' && kind.kind !== 'any') breach = true;
    return array(depth + 1, kind.kind === 'array' ? kind.items : ANY);
  }
  if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) {
    if (!number()) return false;
    if (kind !== ANY && !numberKeeps(kind, numeric)) breach = true;
    return true;
  }
  if (byte === 0x74) {
    if (kind.kind !== 'boolean' && kind.kind !== 'any') breach = true;
    return word('true');
  }
  if (byte === 0x66) {
    if (kind.kind !== 'boolean' && kind.kind !== 'any') breach = true;
    return word('false');
  }
  if (byte === 0x6e) {
    if (kind.kind !== 'any') breach = true;
    return word('null');
  }
  return stop(at, 'a JSON value');
}

function word(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (at >= limit || bytes[at] !== text.charCodeAt(i)) return stop(at, text);
    at++;
  }
  return true;
}

/** A token t is canonical iff Number(t) is finite and String(Number(t)) === t; up to 15 plain digits that holds without asking. */
function number(): boolean {
  const begin = at;
  if (bytes[at] === 0x2d) at++;
  const first = at;
  if (!digits()) return stop(at, 'a digit');
  const count = at - first;
  if (bytes[first] === 0x30 && count > 1) return stop(first, 'no leading zero');
  let integer = true;
  if (at < limit && bytes[at] === 0x2e) {
    integer = false;
    at++;
    if (!digits()) return stop(at, 'a digit');
  }
  if (at < limit && (bytes[at] === 0x65 || bytes[at] === 0x45)) {
    integer = false;
    at++;
    if (at < limit && (bytes[at] === 0x2b || bytes[at] === 0x2d)) at++;
    if (!digits()) return stop(at, 'a digit');
  }
  if (integer && count <= 15 && !(bytes[begin] === 0x2d && bytes[first] === 0x30)) {
    numeric = 0;
    for (let i = first; i < at; i++) numeric = numeric * 10 + bytes[i]! - 0x30;
    if (first > begin) numeric = -numeric;
    return true;
  }
  const token = utf8Text(bytes.subarray(begin, at));
  numeric = Number(token);
  if (!Number.isFinite(numeric) || String(numeric) !== token) note(begin);
  return true;
}

function digits(): boolean {
  const begin = at;
  while (at < limit && bytes[at]! >= 0x30 && bytes[at]! <= 0x39) at++;
  return at > begin;
}

function string(): boolean {
  plain = true;
  at++;
  while (at < limit) {
    const byte = bytes[at]!;
    if (byte === 0x22) {
      at++;
      return true;
    }
    if (byte < 0x20) return stop(at, 'no control character in a string');
    if (byte === 0x5c) {
      const judged = judgeEscape(bytes, at, limit);
      if (judged === ESCAPE_BAD) return stop(at, 'a JSON escape');
      if (judged === ESCAPE_LOOSE) note(at);
      plain = false;
      at += bytes[at + 1] === 0x75 ? 6 : 2;
    } else if (byte < 0x80) {
      at++;
    } else {
      const length = utf8SequenceLength(bytes, at, limit);
      if (length === 0) return stop(at, 'UTF-8');
      plain = false;
      at += length;
    }
  }
  return stop(at, 'the end of a string');
}

/** Whether name b comes strictly after name a in UTF-16 code units (RFC 8785 section 3.2.3). Equal names do not: duplicates. */
function ascends(
  aBegin: number,
  aEnd: number,
  aPlain: boolean,
  bBegin: number,
  bEnd: number,
  bPlain: boolean,
): boolean {
  if (aPlain && bPlain) {
    const length = Math.min(aEnd - aBegin, bEnd - bBegin);
    for (let i = 0; i < length; i++) {
      const diff = bytes[bBegin + i]! - bytes[aBegin + i]!;
      if (diff !== 0) return diff > 0;
    }
    return bEnd - bBegin > aEnd - aBegin;
  }
  return decodeString(aBegin, aEnd) < decodeString(bBegin, bEnd);
}

/** @returns the string whose content stands at [begin, end), between its quotes. */
function decodeString(begin: number, end: number): string {
  return JSON.parse(utf8Text(bytes.subarray(begin - 1, end + 1))) as string;
}

function capture(top: JsonScan, nameBegin: number, nameEnd: number, begin: number, end: number): void {
  if (isName(nameBegin, nameEnd, 'type')) {
    top.typeBegin = begin;
    top.typeEnd = end;
  } else if (isName(nameBegin, nameEnd, 'sequence')) {
    top.sequenceBegin = begin;
    top.sequenceEnd = end;
  }
}

function isName(begin: number, end: number, name: string): boolean {
  if (end - begin !== name.length) return false;
  for (let i = 0; i < name.length; i++) if (bytes[begin + i] !== name.charCodeAt(i)) return false;
  return true;
}
