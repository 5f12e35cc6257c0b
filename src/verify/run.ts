import { isControlType, isIndividuallySigned, judgeControl, type Requirement } from '../receipt/control.ts';
import { parseEvent } from '../receipt/receipt.ts';
import { type LineView, newLineView, scanLine } from '../receipt/scan.ts';
import {
  ascii,
  computedHash,
  edgeOf,
  formFault,
  genesisParts,
  isLater,
  keepsGenesisRule,
  same,
  sameLogAndVersion,
  says,
  windowFault,
} from './checks.ts';
import type { Code } from './codes.ts';
import type { Context } from './context.ts';
import { factsOf } from './facts.ts';
import { Items } from './items.ts';
import { KernelWay } from './kernel-way.ts';
import { LeafReader, NO_LEAVES } from './leaves.ts';
import { Notes } from './notes.ts';
import { ShortWay } from './short-way.ts';
import {
  addToBlock,
  type Bucket,
  compareFindings,
  type Edge,
  type Finding,
  mergeTally,
  type Profile,
  profileKey,
  type SingleLine,
  type Spot,
  type Summary,
  type Tally,
} from './summary.ts';
import { TextCache } from './text-cache.ts';
import type { Waiting } from './waiting.ts';

/** One run of lines being read: what its bytes say goes in, a summary comes out. */
export class Run {
  readonly waiting: Waiting[] = [];
  private readonly buf: Uint8Array;
  readonly origin: number;
  private readonly context: Context;
  private readonly shortWay: ShortWay;
  /** The short way by a line verifier, where there is one and the lines are in its memory. */
  private readonly kernelWay: KernelWay | null;
  /** Views take turns: one for the line being read, one for the last line that was a receipt. */
  private view: LineView = newLineView();
  private before: LineView = newLineView();
  /** Whether that receipt is the line right before. */
  private adjacent = false;
  /** Types recur: each is made a string once. */
  private readonly types = new TextCache();
  private readonly items = new Items();
  private readonly form: Finding[] = [];
  private readonly other: Finding[] = [];
  private formCount = 0;
  private otherCount = 0;
  private lines = 0;
  private bytes = 0;
  private malformed: Tally | null = null;
  private malformedAtEnd = 0;
  private first: Edge | null = null;
  /** Of the last line that is a receipt; line 0 when there is none. */
  private lastBegin = 0;
  private lastLine = 0;
  readonly notes: Notes;
  readonly pinned = new Map<number, string>();
  /** Null where no roots are asked for. */
  readonly leaves: LeafReader | null;
  /** Seqs at which the short way ends: of pins, and where a tree is cut. */
  private readonly stops: ReadonlySet<number>;
  /** Bucket of the line before, when that line had no signatures and nothing special. */
  private plainBucket: Bucket | null = null;

  /** @param end byte after the last of the run. */
  constructor(buf: Uint8Array, origin: number, end: number, context: Context) {
    this.buf = buf;
    this.origin = origin;
    this.context = context;
    this.shortWay = new ShortWay(buf, end);
    this.notes = new Notes(context.sha256Hex);
    const { lines, pinnedSeqs, treeSizes } = context;
    this.leaves = treeSizes.length === 0 ? null : new LeafReader(treeSizes, lines?.subtrees);
    this.stops = new Set([...pinnedSeqs, ...treeSizes]);
    this.kernelWay = lines?.bytes === buf ? new KernelWay(lines, context, this) : null;
  }

  /**
   * Read lines the short way as long as that goes: those like the line before with which all is well are counted, and that is all.
   * @returns the offset of the first line that `line` must read, or `end`.
   */
  plainLines(begin: number, end: number): number {
    if (this.kernelWay !== null) return this.kernelLines(begin, end, this.kernelWay);
    const { buf, shortWay, plainBucket, context } = this;
    if (plainBucket === null || context.notBefore !== null || context.notAfter !== null) return begin;
    let at = begin;
    while (at < end) {
      const { seq } = this.before;
      const count = shortWay.read(at, this.before, this.view, this.stops);
      if (count % 2 === 1) [this.before, this.view] = [this.view, this.before];
      const good = shortWay.hashed(count, context.sha256Hex);
      for (let i = 0; i < good; i++) this.countPlain(i, seq + 1 + i, plainBucket);
      at = good < count ? shortWay.begins[good]! : shortWay.end;
      // The views have gone on to lines that are not counted: back to the last that is.
      if (good < count) scanLine(buf, this.lastBegin, buf.indexOf(0x0a, this.lastBegin), this.before);
      if (good < count || count === 0) break;
    }
    this.bytes = at - this.origin;
    return at;
  }

  private kernelLines(begin: number, end: number, way: KernelWay): number {
    if (!this.adjacent) return begin;
    const at = way.read(begin, end, this.before, this.lines, this.items.block);
    if (way.count > 0) {
      this.lines += way.count;
      this.lastBegin = way.lastBegin;
      this.lastLine = this.lines;
      this.plainBucket = null;
      scanLine(this.buf, way.lastBegin, way.lastLf, this.before);
    }
    this.bytes = at - this.origin;
    return at;
  }

  private countPlain(i: number, seq: number, bucket: Bucket): void {
    const { shortWay } = this;
    this.lastBegin = shortWay.begins[i]!;
    this.lastLine = ++this.lines;
    this.leaves?.take(seq, this.buf, shortWay.hashAt(i));
    bucket.count++;
    if (bucket.spots.length < this.context.maxProblems) bucket.spots.push(this.spot(this.lastBegin, seq));
    const sequence = shortWay.sequenceOf(i);
    if (sequence.sequenceEnd > 0) this.notes.sequence(this.buf, sequence, this.lines, false);
  }

  /** Read one line, [begin, lf) without its LF. */
  line(begin: number, lf: number): void {
    this.bytes = lf + 1 - this.origin;
    this.lines++;
    if (scanLine(this.buf, begin, lf, this.view)) this.receipt(begin);
    else this.malformedLine(begin, lf - begin);
  }

  /** Bytes without a line end: a line if they are one by grammar, else torn. */
  tornLine(end: number): { bytes: number; line: boolean } {
    if (!scanLine(this.buf, this.origin, end, this.view)) return { bytes: end - this.origin, line: false };
    this.bytes = end - this.origin;
    this.lines++;
    this.receipt(this.origin);
    return { bytes: 0, line: true };
  }

  /** A line of which only the size is there, LF included. */
  oversize(sizeBytes: number): void {
    this.lines = 1;
    this.bytes = sizeBytes;
    this.malformedLine(0, sizeBytes - 1);
  }

  private spot(begin: number, seq: number | null): Spot {
    return { line: this.lines, seq, offset: begin - this.origin };
  }

  private malformedLine(begin: number, sizeBytes: number): void {
    this.formCount++;
    if (this.form.length < this.context.maxProblems) {
      this.form.push({ ...this.spot(begin, null), ...formFault(this.buf, this.view, begin, sizeBytes) });
    }
    this.malformed = mergeTally(this.malformed, { count: 1, line: this.lines });
    this.malformedAtEnd++;
    this.adjacent = false;
    this.plainBucket = null;
  }

  private found(code: Code, spot: Spot, expected: string | null, found: string | null): void {
    this.otherCount++;
    // Those of one line come in another order than they are listed in, so a line that has begun is listed to its end.
    const begun = this.other.at(-1)?.line === spot.line;
    if (begun || this.other.length < this.context.maxProblems) this.other.push({ ...spot, code, expected, found });
  }

  private receipt(begin: number): void {
    const { buf, view, context } = this;
    const spot = this.spot(begin, view.seq);
    const before = this.otherCount;
    const { typeBegin, typeEnd } = view.event;
    const isGenesis = typeEnd - typeBegin === 7 && says(buf, typeBegin, 'genesis');
    const isFirst = this.first === null;
    this.malformedAtEnd = 0;

    if (this.adjacent) this.link(spot);
    if (!keepsGenesisRule(buf, view, isGenesis)) {
      this.found(
        'GENESIS_RULE',
        spot,
        'seq 0, a genesis event and a zero prev together, or none of them',
        genesisParts(buf, view, isGenesis),
      );
    }
    const hash = computedHash(buf, view.entryBegin, view.entryEnd, context.sha256Hex);
    if (!says(buf, view.hashBegin, hash)) {
      this.found('HASH_MISMATCH', spot, hash, ascii(buf, view.hashBegin, view.hashBegin + 64));
    }
    if (!isFirst && isLater(buf, this.before.timeBegin, view.timeBegin)) {
      this.notes.clockBackwards = mergeTally(this.notes.clockBackwards, { count: 1, line: this.lines });
    }
    const window = windowFault(buf, view.timeBegin, context);
    if (window !== null) this.found('TIME_OUT_OF_WINDOW', spot, window.expected, window.found);
    if (context.pinnedSeqs.has(view.seq) && !this.pinned.has(view.seq)) {
      this.pinned.set(view.seq, ascii(buf, view.hashBegin, view.hashBegin + 64));
    }
    const under = this.leaves?.take(view.seq, buf, view.hashBegin) ?? null;
    if (under !== this.items.block.under) {
      this.items.begin(under);
      this.plainBucket = null;
    }
    const type = typeEnd === 0 ? null : this.types.read(buf, typeBegin, typeEnd);
    const control = isControlType(type) ? this.control(spot) : null;
    if (view.event.sequenceEnd > 0) {
      this.notes.sequence(buf, view.event, this.lines, control?.closes === 'sequence');
    }
    this.notes.schemaOf(type, view.event.breach, this.lines);

    if (
      this.plainBucket !== null &&
      this.otherCount === before &&
      view.sigCount === 0 &&
      !isControlType(type) &&
      sameLogAndVersion(buf, this.before, view)
    ) {
      this.plainBucket.count++;
      if (this.plainBucket.spots.length < context.maxProblems) this.plainBucket.spots.push(spot);
    } else {
      this.place(spot, type, control, this.otherCount > before, isFirst);
    }
    if (isFirst) this.first = edgeOf(buf, view, spot);
    this.pass(begin);
  }

  /** The line just read, a receipt, becomes the one before. */
  private pass(begin: number): void {
    const { view } = this;
    this.lastBegin = begin;
    this.lastLine = this.lines;
    this.adjacent = true;
    this.view = this.before;
    this.before = view;
  }

  private link(spot: Spot): void {
    const { buf, view, before } = this;
    if (view.seq !== before.seq + 1) this.found('SEQ_BROKEN', spot, String(before.seq + 1), String(view.seq));
    if (!same(buf, before.hashBegin, view.prevBegin, 64)) {
      const expected = ascii(buf, before.hashBegin, before.hashBegin + 64);
      this.found('CHAIN_BROKEN', spot, expected, ascii(buf, view.prevBegin, view.prevBegin + 64));
    }
  }

  private control(spot: Spot): { requirement: Requirement | null; closes: 'log' | 'sequence' | null } | null {
    const { buf, view } = this;
    const event = parseEvent(buf, view);
    const judged = judgeControl(event, { seq: view.seq, prev: ascii(buf, view.prevBegin, view.prevBegin + 64) });
    if (!judged.ok) {
      this.found(judged.code, spot, judged.expected, judged.found);
      return null;
    }
    for (const key of judged.requirement?.keys ?? []) {
      if (!this.context.named.has(key.kid)) this.context.named.set(key.kid, key);
    }
    if (event.type === 'recovery') this.notes.recovery(judged.recovered, this.lines);
    return judged;
  }

  private place(
    spot: Spot,
    type: string | null,
    control: { requirement: Requirement | null; closes: 'log' | 'sequence' | null } | null,
    broken: boolean,
    isFirst: boolean,
  ): void {
    const { buf, view } = this;
    const { signatures, checks, unnamed, accepted } = factsOf(buf, view, this.context);
    const profile: Profile = {
      v: ascii(buf, view.vBegin, view.vEnd),
      log: ascii(buf, view.logBegin, view.logEnd),
      individual: isIndividuallySigned(type),
      broken,
      signatures,
      unnamed,
      accepted,
    };
    let kind: SingleLine['kind'] = 'line';
    if (control?.requirement) kind = type === 'genesis' ? 'genesis' : 'rotation';
    else if (control?.closes === 'log') kind = 'close';
    const single = isFirst || kind !== 'line';
    const { under } = this.items.block;
    const item: SingleLine | null = single
      ? { kind, spot, profile, requirement: control?.requirement ?? null, under }
      : null;
    if (item !== null) {
      this.items.single(item);
      this.plainBucket = null;
    }
    if (checks.length > 0) {
      const { entryBegin, entryEnd } = view;
      this.waiting.push({ item, block: this.items.block, spot, profile, entryBegin, entryEnd, checks });
      this.plainBucket = null;
    } else if (item === null) {
      const key = profileKey(profile);
      addToBlock(this.items.block, key, profile, 1, [spot], this.context.maxProblems);
      this.plainBucket =
        view.sigCount === 0 && !broken && !profile.individual ? this.items.block.buckets.get(key)! : null;
    }
  }

  private last(): Edge | null {
    if (this.lastLine === 0) return null;
    const { seq } = this.before;
    return edgeOf(this.buf, this.before, { line: this.lastLine, seq, offset: this.lastBegin - this.origin });
  }

  finish(torn: Summary['torn']): Summary {
    return {
      lines: this.lines,
      bytes: this.bytes,
      malformed: this.malformed,
      malformedAtEnd: this.malformedAtEnd,
      form: { listed: this.form, count: this.formCount },
      other: { listed: this.other.sort(compareFindings).slice(0, this.context.maxProblems), count: this.otherCount },
      items: this.items.all(),
      first: this.first,
      last: this.last(),
      clockBackwards: this.notes.clockBackwards,
      schema: this.notes.schema,
      unknownType: this.notes.unknownType,
      recovered: this.notes.recovered,
      sequences: this.notes.sequences,
      pinned: this.pinned,
      leaves: this.leaves?.finish() ?? NO_LEAVES,
      torn,
    };
  }
}
