import { LINE_FLAGS, type LineBefore, type LineVerifier, RECORD, RECORD_WORDS } from '../crypto/line-verifier.ts';
import type { PublicKey } from '../crypto/public-key.ts';
import { CONTEXTS } from '../crypto/verifier.ts';
import { ascii, isInWindow } from './checks.ts';
import type { Context } from './context.ts';
import type { LeafReader } from './leaves.ts';
import type { Notes } from './notes.ts';
import {
  addToBlock,
  type Block,
  type Bucket,
  mergeTally,
  type Profile,
  profileKey,
  type SignatureFact,
} from './summary.ts';
import type { Trust } from './trust.ts';

/** Whose records they are: what a run of lines lends to those who count its lines. */
interface Counted {
  readonly notes: Notes;
  readonly pinned: Map<number, string>;
  readonly leaves: LeafReader | null;
  /** First byte of the run. */
  readonly origin: number;
}

/** The bucket of lines with one signature by `key`, as long as the same is known of it. */
interface Single {
  readonly key: PublicKey;
  readonly trust: Trust | null;
  readonly known: boolean;
  readonly accepted: boolean;
  readonly bucket: Bucket;
}

/**
 * Lines that a line verifier has found in order: each is counted as the long way would count it. The first that it leaves to the caller
 * ends a round; records beyond it are kept for the next.
 */
export class KernelWay {
  /** Of the last round: how many lines were counted, and where the last of them stands. */
  count = 0;
  lastBegin = 0;
  lastLf = 0;
  private readonly lines: LineVerifier;
  private readonly context: Context;
  private readonly counted: Counted;
  /** Records that there are, and the first that was not looked at. */
  private filled = 0;
  private next = 0;
  /** Keys that were known when the records were read. */
  private known = 0;
  /** The block and the origin that the buckets are of. */
  private block: Block | null = null;
  private log = '';
  /** By the signatures of their lines; the one of lines without any apart, since most have none. */
  private readonly buckets = new Map<string, Bucket>();
  private unsigned: Bucket | null = null;
  /** By slot, what a line with one signature by the key in it came to: most lines are like the one before, and strings are dear. */
  private readonly single: (Single | undefined)[] = [];

  constructor(lines: LineVerifier, context: Context, counted: Counted) {
    this.lines = lines;
    this.context = context;
    this.counted = counted;
  }

  /**
   * Count lines from `begin` on until one must be judged by the caller. @param end after the last LF. @param before the line right
   * before, a receipt. @param line its number. @param block where ordinary lines go. @returns the offset of that line, or `end`.
   */
  read(begin: number, end: number, before: LineBefore, line: number, block: Block): number {
    const { lines } = this;
    const log = ascii(lines.bytes, before.logBegin, before.logEnd);
    if (block !== this.block || log !== this.log) {
      this.buckets.clear();
      this.unsigned = null;
      this.single.length = 0;
    }
    this.block = block;
    this.log = log;
    this.count = 0;
    this.align(begin, before);
    let at = begin;
    while (at < end) {
      if (this.next === this.filled) {
        this.known = lines.known;
        this.filled = lines.read(at, end, this.count === 0 ? before : this.lineOf(this.next - 1));
        this.next = 0;
        if (this.filled === 0) break;
      }
      const quiet = this.takeQuiet(this.next * RECORD_WORDS);
      if (quiet === 0 && !this.take(this.next * RECORD_WORDS, line + this.count + 1)) break;
      const taken = Math.max(1, quiet);
      this.count += taken;
      this.next += taken;
      const last = (this.next - 1) * RECORD_WORDS;
      this.lastBegin = lines.records[last]!;
      this.lastLf = lines.records[last + RECORD.LF]!;
      at = this.lastLf + 1;
    }
    return at;
  }

  /**
   * Go on with the record of the line at `begin`; read anew, unless the records agree with the caller on the line before. Anew, too,
   * when a key has become known: where few lines are signed, hundreds had been read without it, and each signature among them would
   * be left to the caller.
   */
  private align(begin: number, before: LineBefore): void {
    const { records } = this.lines;
    while (this.next < this.filled && records[this.next * RECORD_WORDS]! < begin) this.next++;
    const at = this.next * RECORD_WORDS;
    const known = this.next > 0 && this.next < this.filled && records[at] === begin;
    const agrees =
      known &&
      this.known === this.lines.known &&
      (this.isFrameless(at - RECORD_WORDS) || records[at - RECORD_WORDS + RECORD.HASH] === before.hashBegin);
    if (!agrees) this.next = this.filled = 0;
  }

  private isFrameless(record: number): boolean {
    return (this.lines.records[record + RECORD.FLAGS]! & LINE_FLAGS.FRAMELESS) !== 0;
  }

  private lineOf(index: number): LineBefore {
    const { records, numbers } = this.lines;
    const at = index * RECORD_WORDS;
    return {
      hashBegin: records[at + RECORD.HASH]!,
      logBegin: records[at + RECORD.LOG]!,
      logEnd: records[at + RECORD.LOG_END]!,
      timeBegin: records[at + RECORD.TIME]!,
      seq: numbers[(at + RECORD.SEQ) / 2]!,
    };
  }

  /** Count lines of which nothing is to be said but that they are there. @returns how many; 0 when each must be looked at. */
  private takeQuiet(record: number): number {
    const { unsigned, context } = this;
    if (unsigned === null || unsigned.spots.length < context.maxProblems) return 0;
    if (context.pinnedSeqs.size > 0 || context.notBefore !== null || context.notAfter !== null) return 0;
    const quiet = this.lines.records[record + RECORD.QUIET]!;
    const taken = this.counted.leaves === null ? quiet : this.takeLeaves(record, quiet);
    unsigned.count += taken;
    return taken;
  }

  /** Take the leaves of lines in order, up to where their tree is cut. @returns how many. */
  private takeLeaves(record: number, count: number): number {
    const { records, numbers, bytes } = this.lines;
    const leaves = this.counted.leaves!;
    const seq = numbers[(record + RECORD.SEQ) / 2]!;
    for (let i = 0; i < count; i++) {
      if (leaves.cutsAt(seq + i)) return i;
      leaves.take(seq + i, bytes, records[record + i * RECORD_WORDS + RECORD.HASH]!);
    }
    return count;
  }

  /** Count one line. @param record where its record begins. @returns false when the caller must judge the line. */
  private take(record: number, line: number): boolean {
    const { lines, context, counted } = this;
    const { records } = lines;
    const flags = records[record + RECORD.FLAGS]!;
    if ((flags & LINE_FLAGS.LOOK) !== 0 || !this.isInWindow(record)) return false;
    const seq = lines.numbers[(record + RECORD.SEQ) / 2]!;
    if (counted.leaves?.cutsAt(seq)) return false;
    counted.leaves?.take(seq, lines.bytes, records[record + RECORD.HASH]!);
    if (context.pinnedSeqs.size > 0 && context.pinnedSeqs.has(seq) && !counted.pinned.has(seq)) {
      const hash = records[record + RECORD.HASH]!;
      counted.pinned.set(seq, ascii(lines.bytes, hash, hash + 64));
    }
    const signed = records[record + RECORD.SIGNATURES] !== 0;
    if (!signed && this.unsigned === null) this.unsigned = this.bucketOf([], 0, false);
    const bucket = signed ? this.signedBucket(record, seq) : this.unsigned!;
    bucket.count++;
    if (bucket.spots.length < context.maxProblems) {
      bucket.spots.push({ line, seq, offset: records[record]! - counted.origin });
    }
    if (flags !== 0) this.note(flags, line);
    const sequenceEnd = records[record + RECORD.SEQUENCE_END]!;
    if (sequenceEnd > 0) {
      const sequence = { sequenceBegin: records[record + RECORD.SEQUENCE]!, sequenceEnd };
      counted.notes.sequence(lines.bytes, sequence, line, false);
    }
    return true;
  }

  private isInWindow(record: number): boolean {
    const { notBefore, notAfter } = this.context;
    return (notBefore === null && notAfter === null) || isInWindow(this.timeOf(record), notBefore, notAfter);
  }

  private timeOf(record: number): string {
    return timeText(this.lines.bytes, this.lines.records[record + RECORD.TIME]!);
  }

  private note(flags: number, line: number): void {
    const { notes } = this.counted;
    const here = { count: 1, line };
    if ((flags & LINE_FLAGS.EARLIER) !== 0) notes.clockBackwards = mergeTally(notes.clockBackwards, here);
    if ((flags & LINE_FLAGS.UNKNOWN_TYPE) !== 0) notes.unknownType = mergeTally(notes.unknownType, here);
    if ((flags & LINE_FLAGS.BREACH) !== 0) notes.schema = mergeTally(notes.schema, here);
  }

  /** The bucket of a line whose signatures hold. */
  private signedBucket(record: number, seq: number): Bucket {
    const count = this.lines.records[record + RECORD.SIGNATURES]!;
    const time = this.timeOf(record);
    if (count !== 1) return this.bucketOfMany(record, count, seq, time);
    const slot = this.lines.records[record + RECORD.SLOTS]! & 0xff;
    const key = this.lines.keyIn(slot);
    const trust = this.context.trust.trust(key.kid, seq, time, CONTEXTS.entry);
    const known = (trust?.key ?? this.context.named.get(key.kid)) !== undefined;
    const accepted = seq < this.context.acceptedBelow;
    const before = this.single[slot];
    const same = before?.key === key && before.trust === trust && before.known === known;
    if (same && before.accepted === accepted) return before.bucket;
    const bucket = this.bucketOfMany(record, 1, seq, time);
    this.single[slot] = { key, trust, known, accepted, bucket };
    return bucket;
  }

  private bucketOfMany(record: number, count: number, seq: number, time: string): Bucket {
    const { records } = this.lines;
    const signatures: SignatureFact[] = [];
    let unnamed = 0;
    const accepted = seq < this.context.acceptedBelow;
    let name = accepted ? 'accepted ' : '';
    for (let i = 0; i < count; i++) {
      const { kid, alg } = this.lines.keyIn((records[record + RECORD.SLOTS + (i >> 2)]! >>> (8 * (i & 3))) & 0xff);
      const trust = this.context.trust.trust(kid, seq, time, CONTEXTS.entry);
      // Known to the line verifier is not known here: what this verification does not name does not count.
      if ((trust?.key ?? this.context.named.get(kid)) === undefined) {
        unnamed++;
        name += '- ';
      } else {
        signatures.push({ kid, alg, good: true, trust: trust && { by: trust.by, problem: trust.problem } });
        name += `${kid} ${trust?.by} ${trust?.problem} `;
      }
    }
    let bucket = this.buckets.get(name);
    if (bucket === undefined) {
      bucket = this.bucketOf(signatures, unnamed, accepted);
      this.buckets.set(name, bucket);
    }
    return bucket;
  }

  /** The bucket of a profile, put into the block when it is not there. */
  private bucketOf(signatures: readonly SignatureFact[], unnamed: number, accepted: boolean): Bucket {
    const block = this.block!;
    const frame = { v: '1', log: this.log, individual: false, broken: false } as const;
    const profile: Profile = { ...frame, signatures, unnamed, accepted };
    const key = profileKey(profile);
    addToBlock(block, key, profile, 0, [], 0);
    return block.buckets.get(key)!;
  }
}

/**
 * Read the 24 characters of a time. Written out, so that a signed line costs its text and nothing else: by way of an array it was two
 * thirds of all garbage, and V8 takes memory for garbage that keeps coming (3 MB more after 100,000 lines).
 */
function timeText(b: Uint8Array, at: number): string {
  return String.fromCharCode(
    b[at]!,
    b[at + 1]!,
    b[at + 2]!,
    b[at + 3]!,
    b[at + 4]!,
    b[at + 5]!,
    b[at + 6]!,
    b[at + 7]!,
    b[at + 8]!,
    b[at + 9]!,
    b[at + 10]!,
    b[at + 11]!,
    b[at + 12]!,
    b[at + 13]!,
    b[at + 14]!,
    b[at + 15]!,
    b[at + 16]!,
    b[at + 17]!,
    b[at + 18]!,
    b[at + 19]!,
    b[at + 20]!,
    b[at + 21]!,
    b[at + 22]!,
    b[at + 23]!,
  );
}
