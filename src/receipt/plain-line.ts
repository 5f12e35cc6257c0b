import { MAX_ENTRY_BYTES } from '../base/limits.ts';
import { isInstant } from './frame-tokens.ts';
import { PlainEvents, ROOM_BYTES } from './plain-event.ts';
import type { LineView } from './scan.ts';
import { areUuidDigits, Literal, sameBytes, wordsOf } from './words.ts';

const OPEN = new Literal('{"entry":{"event":');
const ID = new Literal(',"id":"');
const LOG = new Literal('","log":"');
const PREV = new Literal('","prev":"');
const SEQ = new Literal('","seq":');
const TIME = new Literal(',"time":"');
const V_HASH = new Literal('","v":1},"hash":"');
const CLOSE = new Literal('","sigs":[]}\n');
/** `0000`: how the zero hash begins. */
const ZEROS = new Literal('0000');
/** `YYYY-MM-DDTHH:MM:` */
const TO_SECONDS = 17;
/** From the byte after an event to the seq, but for the origin. */
const UP_TO_SEQ_BYTES = ID.length + 36 + LOG.length + PREV.length + 64 + SEQ.length;
/** From the byte after a seq to the end of the line. */
const AFTER_SEQ_BYTES = TIME.length + 24 + V_HASH.length + 64 + CLOSE.length;

/**
 * Reads ordinary lines of an unsigned log the short way: by words, without looking for the end of the line first. It knows one answer,
 * where the next line begins, when this line is by every rule of form an ordinary unsigned receipt whose event keeps its schema and
 * that follows the line before: same log, both v 1, next seq, prev its hash, time not earlier. To all else, which may be just as good, it
 * says −1: that line is read the long way, by scanLine and the checks. So nothing is ever judged by this class alone but that
 * all is well, and test/receipt/plain-line.test.ts shows that the long way then says so too.
 */
export class PlainLines {
  private readonly bytes: Uint8Array;
  private readonly words: DataView;
  private readonly events: PlainEvents;
  private readonly last: number;

  /** @param bytes only read. @param end byte after the last that may be read. */
  constructor(bytes: Uint8Array, end: number) {
    this.bytes = bytes;
    this.words = wordsOf(bytes.subarray(0, end));
    this.events = new PlainEvents(bytes, this.words, end);
    this.last = end - ROOM_BYTES;
  }

  /**
   * Read the line at `begin`. The hash that it states is left to be compared.
   * @param before the line right before it, in the same bytes, itself in order. @param view filled when the answer is not −1.
   * @returns the offset after its LF, or −1.
   */
  read(begin: number, before: LineView, view: LineView): number {
    const { words, events } = this;
    if (begin > this.last || !OPEN.standsAt(words, begin) || !this.isOfVersion1(before)) return -1;
    const eventBegin = begin + OPEN.length;
    const eventEnd = events.read(eventBegin);
    const logLength = before.logEnd - before.logBegin;
    if (eventEnd < 0 || eventEnd + logLength + UP_TO_SEQ_BYTES > words.byteLength) return -1;
    const idBegin = eventEnd + ID.length;
    const logBegin = idBegin + 36 + LOG.length;
    const logEnd = logBegin + logLength;
    const prevBegin = logEnd + PREV.length;
    const seqBegin = prevBegin + 64 + SEQ.length;
    if (!ID.standsAt(words, eventEnd) || !this.isUuid7(idBegin)) return -1;
    // `","log":"…","prev":"` as before, both ends of the origin included.
    if (!sameBytes(words, before.logBegin - LOG.length, idBegin + 36, prevBegin - idBegin - 36)) return -1;
    if (!sameBytes(words, before.hashBegin, prevBegin, 64) || ZEROS.standsAt(words, prevBegin)) return -1;
    if (!SEQ.standsAt(words, prevBegin + 64)) return -1;
    const seqEnd = this.seqEnd(seqBegin, before.seq + 1);
    if (seqEnd < 0 || seqEnd + AFTER_SEQ_BYTES > words.byteLength) return -1;
    const timeBegin = seqEnd + TIME.length;
    const hashBegin = timeBegin + 24 + V_HASH.length;
    if (!this.isTimeNotBefore(before.timeBegin, timeBegin)) return -1;
    if (!V_HASH.standsAt(words, timeBegin + 24) || !CLOSE.standsAt(words, hashBegin + 64)) return -1;
    const entryBegin = begin + 9;
    const entryEnd = hashBegin - 9;
    if (entryEnd - entryBegin > MAX_ENTRY_BYTES) return -1;
    view.begin = begin;
    view.end = hashBegin + 64 + CLOSE.length - 1;
    view.entryBegin = entryBegin;
    view.entryEnd = entryEnd;
    view.eventBegin = eventBegin;
    view.eventEnd = eventEnd;
    view.idBegin = idBegin;
    view.logBegin = logBegin;
    view.logEnd = logEnd;
    view.prevBegin = prevBegin;
    view.seq = before.seq + 1;
    view.timeBegin = timeBegin;
    view.vBegin = timeBegin + 24 + 6;
    view.vEnd = timeBegin + 24 + 7;
    view.hashBegin = hashBegin;
    view.sigCount = 0;
    view.code = null;
    const { event } = view;
    event.looseAt = -1;
    event.tooDeep = false;
    event.breach = false;
    event.typeBegin = events.typeBegin;
    event.typeEnd = events.typeEnd;
    event.sequenceBegin = events.sequenceEnd > 0 ? events.sequenceBegin : 0;
    event.sequenceEnd = events.sequenceEnd;
    return view.end + 1;
  }

  private isOfVersion1({ vBegin, vEnd }: LineView): boolean {
    return this.bytes[vBegin] === 0x31 && vEnd === vBegin + 1;
  }

  private isUuid7(at: number): boolean {
    const { bytes, words } = this;
    const variant = bytes[at + 19]!;
    return (
      bytes[at + 8] === 0x2d &&
      bytes[at + 13] === 0x2d &&
      bytes[at + 14] === 0x37 &&
      bytes[at + 18] === 0x2d &&
      (variant === 0x38 || variant === 0x39 || variant === 0x61 || variant === 0x62) &&
      bytes[at + 23] === 0x2d &&
      areUuidDigits(words, at)
    );
  }

  /** @returns the offset after the digits at `at` when they are the canonical form of `seq`, else −1. */
  private seqEnd(from: number, seq: number): number {
    const { bytes } = this;
    if (bytes[from] === 0x30 || seq > Number.MAX_SAFE_INTEGER) return -1;
    let value = 0;
    let at = from;
    for (; bytes[at]! >= 0x30 && bytes[at]! <= 0x39 && at - from < 16; at++) value = value * 10 + bytes[at]! - 0x30;
    return value === seq ? at : -1;
  }

  /** Whether `,"time":"` and an instant end at `b`, begin with it, the instant not being earlier than the one at `a`. */
  private isTimeNotBefore(a: number, b: number): boolean {
    const { bytes, words } = this;
    const begin = b - TIME.length;
    if (sameBytes(words, a - TIME.length, begin, TIME.length + TO_SECONDS)) {
      // Of the same minute, as most are: what is left is `SS.mmmZ`.
      const at = b + TO_SECONDS;
      const tens = bytes[at]!;
      if (tens < 0x30 || tens > 0x35 || bytes[at + 2] !== 0x2e || bytes[at + 6] !== 0x5a) return false;
      if (!isDigit(bytes[at + 1]!) || !isDigit(bytes[at + 3]!) || !isDigit(bytes[at + 4]!) || !isDigit(bytes[at + 5]!))
        return false;
    } else if (!TIME.standsAt(words, begin) || !isInstant(bytes, b, b + 24)) return false;
    for (let i = 0; i < 24; i += 4) {
      const diff = words.getUint32(b + i) - words.getUint32(a + i);
      if (diff !== 0) return diff > 0;
    }
    return true;
  }
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
