import { MAX_DEPTH } from '../base/limits.ts';
import { EVENT_SHAPE } from './event-shape.ts';
import { isInstant, isUuid } from './frame-tokens.ts';
import { ESCAPE_CANONICAL, judgeEscape, utf8SequenceLength } from './json-tokens.ts';
import { compilePlainEvent, type PlainMember, type PlainShape } from './plain-shape.ts';
import { areHex64, firstMark, Literal, stringEnds } from './words.ts';

/**
 * Bytes that must follow the place where anything of an event begins: less than the shortest rest of a line (the frame alone is
 * longer), more than any token compared at once. So one test a token keeps all reads of words inside the buffer.
 */
export const ROOM_BYTES = 128;

/** Compiled when the first event is read: kernels leave few to this file. */
let eventShape: PlainShape | null = null;
const TRUE = new Literal('true');
const FALSE_ = new Literal('alse');
const NULL = new Literal('null');

/**
 * Reads events the short way. It knows one answer: where the object ends that begins here, when that object is RFC 8785 canonical,
 * of an ordinary type and keeps the event schema, and when this can be seen quickly. To everything else it says −1, which means only
 * that scanObject must be asked; test/receipt/plain-line.test.ts holds the two together.
 */
export class PlainEvents {
  /** Content of `type` of the event just read, without quotes. */
  typeBegin = 0;
  typeEnd = 0;
  /** Content of `sequence`; 0, 0 when it has none. */
  sequenceBegin = 0;
  sequenceEnd = 0;
  private readonly bytes: Uint8Array;
  private readonly words: DataView;
  /** Nothing begins beyond this. */
  private readonly last: number;

  constructor(bytes: Uint8Array, words: DataView, end: number) {
    this.bytes = bytes;
    this.words = words;
    this.last = end - ROOM_BYTES;
  }

  /** @param at where its `{` should stand. @returns the offset after its `}`, or −1. */
  read(at: number): number {
    if (at > this.last || this.bytes[at] !== 0x7b) return -1;
    this.sequenceEnd = 0;
    eventShape ??= compilePlainEvent(EVENT_SHAPE);
    return this.members(at + 1, eventShape, 1);
  }

  /** The members of an object with a schema, from the byte after its `{`. @param depth of that object; the event has 1. */
  private members(from: number, { members, next, required }: PlainShape, depth: number): number {
    const { bytes, words, last } = this;
    let at = from;
    if (bytes[at] === 0x7d) return required === 0 ? at + 1 : -1;
    let index = 0;
    let missing = required;
    let groups = 0;
    for (;;) {
      if (at > last) return -1;
      let found = next[index]!;
      let member = members[found];
      if (found < index || member === undefined || !member.token.standsAt(words, at)) {
        // Canonical order is the order of `members`: what has gone by does not come again.
        for (found = index; ; found++) {
          member = members[found];
          if (member === undefined) return -1;
          if (member.token.standsAt(words, at)) break;
        }
        next[index] = found;
      }
      index = found + 1;
      if ((groups & member.group) !== 0) return -1;
      groups |= member.group;
      missing -= member.required;
      at = this.value(at + member.token.length, member, depth);
      if (at < 0) return -1;
      const byte = bytes[at++];
      if (byte === 0x7d) return missing === 0 ? at : -1;
      if (byte !== 0x2c) return -1;
    }
  }

  private value(at: number, member: PlainMember, depth: number): number {
    const { bytes } = this;
    if (at > this.last) return -1;
    const byte = bytes[at];
    const { kind } = member;
    switch (kind) {
      case 'word':
      case 'text': {
        const end = byte === 0x22 ? this.string(at + 1) : -1;
        if (kind === 'word' && end === at + 2) return -1;
        if (member.capture === 2) {
          this.sequenceBegin = at + 1;
          this.sequenceEnd = end - 1;
        }
        return end;
      }
      case 'hex64':
        return byte === 0x22 && bytes[at + 65] === 0x22 && areHex64(this.words, at + 1) ? at + 66 : -1;
      case 'uuid':
        return byte === 0x22 && bytes[at + 37] === 0x22 && isUuid(bytes, at + 1, at + 37) ? at + 38 : -1;
      case 'time':
        return byte === 0x22 && bytes[at + 25] === 0x22 && isInstant(bytes, at + 1, at + 25) ? at + 26 : -1;
      case 'oneOf':
        return this.oneOf(at, member);
      case 'integer':
        return this.integer(at, member.min);
      case 'number':
        return byte === 0x2d ? -1 : this.number(at);
      case 'boolean':
        return this.boolean(at);
      case 'any':
        return this.any(at, depth);
      case 'free':
        return byte === 0x7b ? this.object(at + 1, depth + 1) : -1;
      case 'object':
        return byte === 0x7b ? this.members(at + 1, member.shape!, depth + 1) : -1;
      default:
        return byte === 0x5b ? this.objects(at + 1, member.shape!, depth + 2) : -1;
    }
  }

  private oneOf(at: number, member: PlainMember): number {
    const { values } = member;
    let value = values[member.last]!;
    if (!value.standsAt(this.words, at)) {
      const found = values.findIndex((one) => one.standsAt(this.words, at));
      if (found < 0) return -1;
      member.last = found;
      value = values[found]!;
    }
    const end = at + value.length;
    if (member.capture === 1) {
      this.typeBegin = at + 1;
      this.typeEnd = end - 1;
    }
    return end;
  }

  private objects(from: number, item: PlainShape, depth: number): number {
    const { bytes } = this;
    let at = from;
    if (bytes[at] === 0x5d) return at + 1;
    for (;;) {
      at = bytes[at] === 0x7b ? this.members(at + 1, item, depth) : -1;
      if (at < 0) return -1;
      const byte = bytes[at++];
      if (byte === 0x5d) return at;
      if (byte !== 0x2c) return -1;
    }
  }

  /** Any value, in a container of depth `depth`. */
  private any(at: number, depth: number): number {
    if (at > this.last) return -1;
    switch (this.bytes[at]) {
      case 0x22:
        return this.string(at + 1);
      case 0x7b:
        return this.object(at + 1, depth + 1);
      case 0x5b:
        return this.array(at + 1, depth + 1);
      case 0x74:
      case 0x66:
        return this.boolean(at);
      case 0x6e:
        return NULL.standsAt(this.words, at) ? at + 4 : -1;
      default:
        return this.number(at);
    }
  }

  /** The members of any object: names plain and ascending. */
  private object(from: number, depth: number): number {
    const { bytes } = this;
    if (depth > MAX_DEPTH) return -1;
    let at = from;
    if (bytes[at] === 0x7d) return at + 1;
    let before = 0;
    let beforeEnd = 0;
    for (;;) {
      const begin = at + 1;
      const end = bytes[at] === 0x22 ? this.plainEnd(begin) : -1;
      if (end < 0 || bytes[end] !== 0x22 || bytes[end + 1] !== 0x3a) return -1;
      if (before > 0 && !ascends(bytes, before, beforeEnd, begin, end)) return -1;
      before = begin;
      beforeEnd = end;
      at = this.any(end + 2, depth);
      if (at < 0) return -1;
      const byte = bytes[at++];
      if (byte === 0x7d) return at;
      if (byte !== 0x2c) return -1;
    }
  }

  private array(from: number, depth: number): number {
    const { bytes } = this;
    if (depth > MAX_DEPTH) return -1;
    let at = from;
    if (bytes[at] === 0x5d) return at + 1;
    for (;;) {
      at = this.any(at, depth);
      if (at < 0) return -1;
      const byte = bytes[at++];
      if (byte === 0x5d) return at;
      if (byte !== 0x2c) return -1;
    }
  }

  private boolean(at: number): number {
    if (TRUE.standsAt(this.words, at)) return at + 4;
    return this.bytes[at] === 0x66 && FALSE_.standsAt(this.words, at + 1) ? at + 5 : -1;
  }

  /** From after the opening quote. @returns the offset after the closing one. */
  private string(from: number): number {
    const { bytes, words, last } = this;
    let at = from;
    while (at <= last) {
      const marks = stringEnds(words.getInt32(at, true));
      if (marks === 0) {
        at += 4;
        continue;
      }
      at += firstMark(marks);
      const byte = bytes[at]!;
      if (byte === 0x22) return at + 1;
      const length =
        byte === 0x5c ? escapeLength(bytes, at) : byte < 0x80 ? 0 : utf8SequenceLength(bytes, at, bytes.length);
      if (length === 0) return -1;
      at += length;
    }
    return -1;
  }

  /** @returns the first byte from `from` on that is no plain string content. */
  private plainEnd(from: number): number {
    const { words, last } = this;
    for (let at = from; at <= last; at += 4) {
      const marks = stringEnds(words.getInt32(at, true));
      if (marks !== 0) return at + firstMark(marks);
    }
    return -1;
  }

  /** A safe integer of at most 15 digits, not below `min`, which is 0 or 1. */
  private integer(from: number, min: number): number {
    const { bytes } = this;
    let at = from;
    while (bytes[at]! >= 0x30 && bytes[at]! <= 0x39) at++;
    const digits = at - from;
    if (digits === 0 || digits > 15) return -1;
    return bytes[from] === 0x30 && (digits > 1 || min > 0) ? -1 : at;
  }

  /**
   * A number whose canonical form can be seen: an integer of at most 15 digits, or a decimal fraction of as many that does not end in
   * 0 and is not below 1e-6. Doubles tell any two such apart, so the shortest text that reads back is the token itself; below 1e-6
   * (and from 1e21) ECMAScript writes an exponent.
   */
  private number(from: number): number {
    const { bytes } = this;
    const first = bytes[from] === 0x2d ? from + 1 : from;
    let at = first;
    while (bytes[at]! >= 0x30 && bytes[at]! <= 0x39) at++;
    const whole = at - first;
    const zero = bytes[first] === 0x30;
    if (whole === 0 || whole > 15 || (zero && whole > 1)) return -1;
    if (bytes[at] === 0x2e) {
      const point = at++;
      while (bytes[at]! >= 0x30 && bytes[at]! <= 0x39) at++;
      if (at - first > 16 || bytes[at - 1] === 0x30 || at - point < 2) return -1;
      if (zero && !standsAbove1e6th(bytes, point + 1, at)) return -1;
    } else if (zero && first > from) return -1; // -0 is written 0
    return bytes[at] === 0x65 || bytes[at] === 0x45 ? -1 : at;
  }
}

/** @returns the length of a canonical escape, 0 for another. */
function escapeLength(bytes: Uint8Array, at: number): number {
  if (judgeEscape(bytes, at, bytes.length) !== ESCAPE_CANONICAL) return 0;
  return bytes[at + 1] === 0x75 ? 6 : 2;
}

/** Whether one of the first six digits behind `0.` is not 0. */
function standsAbove1e6th(bytes: Uint8Array, begin: number, end: number): boolean {
  for (let at = begin; at < Math.min(end, begin + 6); at++) if (bytes[at] !== 0x30) return true;
  return false;
}

/** Whether the second of two plain names comes strictly after the first. */
function ascends(bytes: Uint8Array, a: number, aEnd: number, b: number, bEnd: number): boolean {
  const length = Math.min(aEnd - a, bEnd - b);
  for (let i = 0; i < length; i++) {
    const diff = bytes[b + i]! - bytes[a + i]!;
    if (diff !== 0) return diff > 0;
  }
  return bEnd - b > aEnd - a;
}
