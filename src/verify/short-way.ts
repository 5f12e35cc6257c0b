import type { Sha256Hex } from '../crypto/hash.ts';
import { PlainLines } from '../receipt/plain-line.ts';
import type { LineView } from '../receipt/scan.ts';
import { wordsOf } from '../receipt/words.ts';
import { computedHash } from './checks.ts';

/** Lines read before their hashes are: enough that each of the two kinds of work stays in the caches, few enough to read again. */
const GROUP_LINES = 64;
const HASH_CHARS = 64;

const encoder = new TextEncoder();
/** The computed hashes of a group as text, to be compared by words; comparing strings costs a call a character. */
const computed = new Uint8Array(GROUP_LINES * HASH_CHARS);
const computedWords = wordsOf(computed);

/**
 * Ordinary lines of an unsigned log, a group at a time: first whether each is in order and follows the one before (PlainLines), then
 * whether each states the hash that it has. Nothing is counted here, and nothing is judged but that all is well.
 */
export class ShortWay {
  /** Offset of each line of the group. */
  readonly begins = new Int32Array(GROUP_LINES);
  /** Offset after the group. */
  end = 0;
  private readonly entryEnds = new Int32Array(GROUP_LINES);
  private readonly sequences = new Int32Array(2 * GROUP_LINES);
  private readonly buf: Uint8Array;
  private readonly words: DataView;
  private readonly lines: PlainLines;

  /** @param buf whose lines they are. @param limit byte after the last that may be read. */
  constructor(buf: Uint8Array, limit: number) {
    this.buf = buf;
    this.words = wordsOf(buf);
    this.lines = new PlainLines(buf, limit);
  }

  /**
   * Read lines from `begin` on until one is not in order, has a seq to stop at, or the group is full.
   * @param before the line right before, in order itself. @param view another one. The two take turns: after an odd number of lines
   *   the last one is in `view`. @returns how many.
   */
  read(begin: number, before: LineView, view: LineView, stops: ReadonlySet<number>): number {
    const { begins, entryEnds, sequences, lines } = this;
    const stopping = stops.size > 0;
    let [last, next] = [before, view];
    let at = begin;
    let count = 0;
    while (count < GROUP_LINES) {
      const after = lines.read(at, last, next);
      if (after < 0 || (stopping && stops.has(next.seq))) break;
      begins[count] = at;
      entryEnds[count] = next.entryEnd;
      sequences[2 * count] = next.event.sequenceBegin;
      sequences[2 * count + 1] = next.event.sequenceEnd;
      count++;
      at = after;
      [last, next] = [next, last];
    }
    this.end = at;
    return count;
  }

  /** @returns how many of the `count` lines just read state their own hash: all, or those before the first that does not. */
  hashed(count: number, sha256Hex: Sha256Hex): number {
    const { buf, words, begins, entryEnds } = this;
    let text = '';
    for (let i = 0; i < count; i++) text += computedHash(buf, begins[i]! + 9, entryEnds[i]!, sha256Hex);
    if (encoder.encodeInto(text, computed).written !== count * HASH_CHARS) return 0;
    for (let i = 0; i < count; i++) {
      const stated = this.hashAt(i);
      for (let at = 0; at < HASH_CHARS; at += 4) {
        if (words.getInt32(stated + at) !== computedWords.getInt32(i * HASH_CHARS + at)) return i;
      }
    }
    return count;
  }

  /** Where the stated hash of line i stands: after `,"hash":"`. */
  hashAt(i: number): number {
    return this.entryEnds[i]! + 9;
  }

  /** Where the name of line i's sequence stands; [0, 0) when it has none. */
  sequenceOf(i: number): { readonly sequenceBegin: number; readonly sequenceEnd: number } {
    return { sequenceBegin: this.sequences[2 * i]!, sequenceEnd: this.sequences[2 * i + 1]! };
  }
}
