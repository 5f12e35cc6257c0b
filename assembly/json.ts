/**
 * The event of a line: is it RFC 8785 canonical JSON, does it keep the event schema, where do its `type` and `sequence` stand. In: an
 * address in CHUNK on a line that ends in LF, and the schema as the host has compiled it to SCHEMA (src/receipt/shape-bytes.ts). Out: where
 * the object ends, or 0: "cannot judge", for all that is broken and for what is rare (names with an escape or a byte >= 0x80, numbers
 * of more than 15 digits or with an exponent); the slow path judges those. Writes nothing but its answers and, in SCHEMA, which member
 * came last.
 *
 * Bounds: a LF is part of no token, so that every step stops at the one that ends the line. Reads reach at most 80 bytes behind it.
 * Nesting, and with it recursion, ends at 64. Sees public data only.
 *
 *     SCHEMA   i32 shape of the event │ i32 list of types │ then, at offsets from SCHEMA:
 *     shape    i32 required members │ i32 their count │ i32 first that came last time │ i32 0 │ members, ascending by name
 *     member   32 bytes `"name":`, 32 bytes of mask │ i32 its length │ i32 kind │ i32 argument │ i32 group bit │ i32 required: 1 │
 *              i32 captured: 1 type, 2 sequence │ i32 member that followed last time │ i32 0
 *     list     i32 count │ i32 value that stood there last time │ i64 0 │ values: 32 bytes `"text"`, 32 bytes of mask │ i32 its length │
 *              i32 class │ i64 0
 */
import { SCHEMA } from './layout';
import { numberEnd, numberShape, numberValue, NEGATIVE, plainEnd, stringEnd, WHOLE } from './json-tokens';
import { isHex64, isInstant, isUuid } from './tokens';

export const MAX_DEPTH: i32 = 64;

/** Kinds of a member: what its value may be, and what its argument is. */
const ANY: i32 = 0;
/** Argument: shortest, 0 or 1 byte. */
const TEXT: i32 = 1;
/** Argument: list. */
const ONE_OF: i32 = 2;
const HEX64: i32 = 3;
const UUID: i32 = 4;
const INSTANT: i32 = 5;
/** Argument: least. */
const INTEGER: i32 = 6;
/** Not negative. */
const NUMBER: i32 = 7;
const BOOLEAN: i32 = 8;
/** Any object. */
const FREE: i32 = 9;
/** Argument: shape. */
const OBJECT: i32 = 10;
/** Of objects. Argument: their shape. */
const OBJECTS: i32 = 11;

const SHAPE_BYTES: usize = 16;
const MEMBER_BYTES: usize = 96;
const LIST_BYTES: usize = 16;
const VALUE_BYTES: usize = 80;
/** Classes of types: 2 is of control types that name no keys. The list in SCHEMA knows 1 to 3. */
export const NO_TYPE: i32 = 0;
export const ORDINARY_TYPE: i32 = 1;
export const NAMING_TYPE: i32 = 3;
export const UNKNOWN_TYPE: i32 = 4;

/** Answers, beside the end of the event. */
let breach: i32 = 0;
let typeBegin: usize = 0;
let typeEnd: usize = 0;
let sequenceBegin: usize = 0;
let sequenceEnd: usize = 0;

/** The event just read breaks the schema. */
export function eventBreach(): i32 {
  return breach;
}
/** Content of its `type` and `sequence`, without quotes; 0 where there is no such string. */
export function eventTypeBegin(): usize {
  return typeBegin;
}
export function eventTypeEnd(): usize {
  return typeEnd;
}
export function eventSequenceBegin(): usize {
  return sequenceBegin;
}
export function eventSequenceEnd(): usize {
  return sequenceEnd;
}
/** Class of its type. */
export function eventTypeClass(): i32 {
  if (typeBegin == 0) return NO_TYPE;
  const value = listed(typeBegin - 1, SCHEMA + <usize>load<i32>(SCHEMA, 4));
  return value == 0 ? UNKNOWN_TYPE : load<i32>(value, 68);
}

/** Read the object at `at`. @returns the address after its `}`, or 0. */
export function readEvent(at: usize): usize {
  breach = 0;
  typeBegin = 0;
  typeEnd = 0;
  sequenceBegin = 0;
  sequenceEnd = 0;
  if (load<u8>(at) != 0x7b) return 0;
  return members(at + 1, SCHEMA + <usize>load<i32>(SCHEMA), 1);
}

/** Whether the token of a member or value (its text, its mask, its length) stands at `at`. */
@inline
function tokenAt(at: usize, token: usize): bool {
  if (v128.any_true(v128.and(v128.xor(v128.load(at), v128.load(token)), v128.load(token, 32)))) return false;
  if (load<i32>(token, 64) <= 16) return true;
  return !v128.any_true(v128.and(v128.xor(v128.load(at, 16), v128.load(token, 16)), v128.load(token, 48)));
}

/** The members of an object, from the byte after its `{`. @param shape their schema, 0 for none. @param depth of the object. */
function members(at: usize, shape: usize, depth: i32): usize {
  if (depth > MAX_DEPTH) return 0;
  let missing = shape == 0 ? 0 : load<i32>(shape);
  if (load<u8>(at) == 0x7d) {
    if (missing > 0) breach = 1;
    return at + 1;
  }
  let candidate: usize = shape == 0 ? 0 : shape + SHAPE_BYTES;
  const last: usize = shape == 0 ? 0 : candidate + <usize>load<i32>(shape, 4) * MEMBER_BYTES;
  // Where it is written which member followed last time.
  let hint = shape + 8;
  let groups: i32 = 0;
  let nameBegin: usize = 0;
  let nameEnd: usize = 0;
  // The name before is one of the schema: with this one being another, the schema's order is theirs.
  let inOrder = true;
  while (true) {
    const member: usize = shape == 0 ? 0 : memberAt(at, hint, candidate, last);
    const beforeBegin = nameBegin;
    const beforeEnd = nameEnd;
    nameBegin = at + 1;
    let kind = ANY;
    let argument: i32 = 0;
    let captured: i32 = 0;
    if (member != 0) {
      const length = <usize>load<i32>(member, 64);
      nameEnd = at + length - 2;
      if (!inOrder && !ascends(beforeBegin, beforeEnd, nameBegin, nameEnd)) return 0;
      inOrder = true;
      kind = load<i32>(member, 68);
      argument = load<i32>(member, 72);
      const group = load<i32>(member, 76);
      if ((groups & group) != 0) breach = 1;
      groups |= group;
      missing -= load<i32>(member, 80);
      captured = load<i32>(member, 84);
      candidate = member + MEMBER_BYTES;
      hint = member + 88;
      at += length;
    } else {
      if (load<u8>(at) != 0x22) return 0;
      nameEnd = plainEnd(nameBegin);
      if (load<u16>(nameEnd) != 0x3a22) return 0;
      if (beforeBegin != 0 && !ascends(beforeBegin, beforeEnd, nameBegin, nameEnd)) return 0;
      inOrder = false;
      if (shape != 0) breach = 1;
      at = nameEnd + 2;
    }
    const begin = at;
    at = value(at, kind, argument, depth);
    if (at == 0) return 0;
    if (captured != 0 && load<u8>(begin) == 0x22) {
      if (captured == 1) {
        typeBegin = begin + 1;
        typeEnd = at - 1;
      } else {
        sequenceBegin = begin + 1;
        sequenceEnd = at - 1;
      }
    }
    const byte = load<u8>(at);
    at += 1;
    if (byte == 0x7d) {
      if (missing > 0) breach = 1;
      return at;
    }
    if (byte != 0x2c) return 0;
  }
}

/** The member of the schema whose name stands at `at`, one of [candidate, last), or 0: first the one that stood here last time. */
@inline
function memberAt(at: usize, hint: usize, candidate: usize, last: usize): usize {
  const guess = load<i32>(hint);
  if (guess != 0 && tokenAt(at, SCHEMA + <usize>guess)) return SCHEMA + <usize>guess;
  return searched(at, hint, candidate, last);
}

function searched(at: usize, hint: usize, candidate: usize, last: usize): usize {
  for (; candidate < last; candidate += MEMBER_BYTES) {
    if (!tokenAt(at, candidate)) continue;
    store<i32>(hint, <i32>(candidate - SCHEMA));
    return candidate;
  }
  return 0;
}

/** The value of a list that stands at `at`, or 0. */
function listed(at: usize, list: usize): usize {
  const first = list + LIST_BYTES;
  const guess = first + <usize>load<i32>(list, 4) * VALUE_BYTES;
  if (tokenAt(at, guess)) return guess;
  const count = load<i32>(list);
  for (let i: i32 = 0; i < count; i++) {
    const one = first + <usize>i * VALUE_BYTES;
    if (!tokenAt(at, one)) continue;
    store<i32>(list, i, 4);
    return one;
  }
  return 0;
}

/** Any value, in a container of depth `depth`. @returns the address after it, or 0. */
function value(at: usize, kind: i32, argument: i32, depth: i32): usize {
  const byte = load<u8>(at);
  if (byte == 0x22) return text(at, kind, argument);
  if (byte == 0x7b) {
    if (kind == OBJECT) return members(at + 1, SCHEMA + <usize>argument, depth + 1);
    if (kind != ANY && kind != FREE) breach = 1;
    return members(at + 1, 0, depth + 1);
  }
  if (byte == 0x5b) {
    if (kind != ANY && kind != OBJECTS) breach = 1;
    return elements(at + 1, kind == OBJECTS ? OBJECT : ANY, argument, depth + 1);
  }
  if (byte == 0x74) {
    if (kind != BOOLEAN && kind != ANY) breach = 1;
    return load<u32>(at) == 0x65757274 ? at + 4 : 0;
  }
  if (byte == 0x66) {
    if (kind != BOOLEAN && kind != ANY) breach = 1;
    return load<u32>(at, 1) == 0x65736c61 ? at + 5 : 0;
  }
  if (byte == 0x6e) {
    if (kind != ANY) breach = 1;
    return load<u32>(at) == 0x6c6c756e ? at + 4 : 0;
  }
  return number(at, kind, argument);
}

/** A number. */
function number(at: usize, kind: i32, argument: i32): usize {
  const end = numberEnd(at);
  if (end == 0 || kind == ANY) return end;
  const keeps =
    kind == NUMBER ? numberShape() != NEGATIVE : kind == INTEGER && numberShape() == WHOLE && numberValue() >= <i64>argument;
  if (!keeps) breach = 1;
  return end;
}

/** The elements of an array, from the byte after its `[`. */
function elements(at: usize, kind: i32, argument: i32, depth: i32): usize {
  if (depth > MAX_DEPTH) return 0;
  if (load<u8>(at) == 0x5d) return at + 1;
  while (true) {
    at = value(at, kind, argument, depth);
    if (at == 0) return 0;
    const byte = load<u8>(at);
    at += 1;
    if (byte == 0x5d) return at;
    if (byte != 0x2c) return 0;
  }
}

/** A string, from its opening quote. The spellings that a schema asks for have no escapes, since canonical form has none for them. */
function text(at: usize, kind: i32, argument: i32): usize {
  if (kind == HEX64 && isHex64(at + 1) && load<u8>(at, 65) == 0x22) return at + 66;
  if (kind == ONE_OF) {
    const one = listed(at, SCHEMA + <usize>argument);
    if (one != 0) return at + <usize>load<i32>(one, 64);
  }
  const end = stringEnd(at + 1);
  if (end == 0 || kind == ANY) return end == 0 ? 0 : end + 1;
  const length = end - at - 1;
  const keeps =
    kind == TEXT ? length >= <usize>argument : kind == UUID ? length == 36 && isUuid(at + 1) : kind == INSTANT && length == 24 && isInstant(at + 1);
  if (!keeps) breach = 1;
  return end + 1;
}

/** Whether name b comes strictly after name a: plain ones, so that bytes are UTF-16 code units. */
function ascends(a: usize, aEnd: usize, b: usize, bEnd: usize): bool {
  const length = min<usize>(aEnd - a, bEnd - b);
  for (let i: usize = 0; i < length; i++) {
    const left = load<u8>(a + i);
    const right = load<u8>(b + i);
    if (left != right) return left < right;
  }
  return aEnd - a < bEnd - b;
}
