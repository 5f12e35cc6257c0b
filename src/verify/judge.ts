import type { PublicKey } from '../crypto/public-key.ts';
import type { Requirement } from '../receipt/control.ts';
import { FORMAT_VERSION } from '../receipt/entry.ts';
import { ClosedSequences } from './closed-sequences.ts';
import { type Code, codeInfo } from './codes.ts';
import type { Context } from './context.ts';
import { type Cover, Coverage, NOT_ENOUGH, type Uncovered } from './coverage.ts';
import { JudgedTree } from './judged-tree.ts';
import { KeyRing, type Level } from './key-ring.ts';
import { ProblemList } from './problem-list.ts';
import {
  type Edge,
  EMPTY_SUMMARY,
  type Finding,
  mergeTally,
  type Profile,
  type SingleLine,
  type Spot,
  type Summary,
  settleSeam,
  shift,
  type Tally,
} from './summary.ts';
import type { TrustProvider } from './trust.ts';

/** What the caller accepts that is not the rule. */
export interface Leniency {
  readonly allowUnsignedTail: boolean;
  readonly allowClassical: boolean;
}

/** A code that a line's context gives it. */
interface Judged {
  readonly code: Code;
  readonly expected: string | null;
  readonly found: string | null;
}

/** Signatures counted over the log (cli.md, `signatures`). */
export interface SignatureCounts {
  required: number;
  valid: number;
  invalid: number;
  missing: number;
  unknown: number;
  readonly byAlg: Map<string, number>;
}

const VERSION = String(FORMAT_VERSION);

/**
 * Reads summaries from the beginning of a log, in order, and decides what they leave open. Its size does not depend on the log's:
 * a summary is forgotten once it is judged.
 */
export class Judge {
  readonly keys: KeyRing;
  lines = 0;
  bytes = 0;
  valid = 0;
  invalid = 0;
  unverifiable = 0;
  notJudged = 0;
  unsignedTail = 0;
  firstInvalidLine: number | null = null;
  readonly problems: ProblemList;
  readonly notes = new Map<Code, Tally>();
  readonly signatures: SignatureCounts = {
    required: 0,
    valid: 0,
    invalid: 0,
    missing: 0,
    unknown: 0,
    byAlg: new Map(),
  };
  first: Edge | null = null;
  last: Edge | null = null;
  malformedAtEnd = 0;
  torn: Summary['torn'] = null;
  /** The last line is a close of the log that was itself accepted. */
  closedAtEnd = false;
  readonly sequences = new ClosedSequences();
  readonly pinned = new Map<number, string>();
  readonly tree: JudgedTree;
  private readonly acceptedBelow: number;
  private readonly coverage = new Coverage();
  private closedLog = false;
  private readonly leniency: Leniency;
  private readonly most: number;
  /** The subject is one receipt, with or without entries before it: it does not begin at seq 0, and no line follows another. */
  readonly isReceipt: boolean;

  /**
   * @param found keys that the evidence names (Context.named). @param most problems to list.
   * @param context what of it judging needs.
   */
  constructor(
    trust: TrustProvider,
    found: ReadonlyMap<string, PublicKey>,
    leniency: Leniency,
    most: number,
    { treeSizes, acceptedBelow }: Pick<Context, 'treeSizes' | 'acceptedBelow'> = { treeSizes: [], acceptedBelow: 0 },
    isReceipt = false,
  ) {
    this.keys = new KeyRing(trust, found);
    this.leniency = leniency;
    this.most = most;
    this.problems = new ProblemList(most);
    this.tree = new JudgedTree(treeSizes, this.keys);
    this.acceptedBelow = acceptedBelow;
    this.isReceipt = isReceipt;
  }

  /** Whether the log is written in a version that only its form can be judged of. */
  get unsupported(): boolean {
    return this.first !== null && this.first.v !== VERSION;
  }

  /** Judge the run of lines right behind those judged before. */
  absorb(summary: Summary): void {
    const { lines, malformedAtEnd, last } = this;
    const { leaves } = this.tree;
    const behind = { ...EMPTY_SUMMARY, lines, ...(this.isReceipt ? {} : { last, malformedAtEnd, leaves }) };
    const run = settleSeam(behind, shift(summary, this.lines, this.bytes), this.most);
    this.first ??= run.first;
    this.problems.take(run.form);
    this.fail(run.malformed?.line ?? null, run.malformed?.count ?? 0);
    if (run.lines > 0) this.closedAtEnd = false;
    if (!this.unsupported) this.problems.take(run.other);
    for (const item of run.items) {
      this.tree.standAt(item.under);
      if (item.kind === 'block') {
        for (const { profile, count, spots } of item.buckets.values()) this.ordinary(profile, count, spots, item.under);
      } else this.single(item);
    }
    if (!this.isReceipt) this.tree.grow(run.leaves);
    if (run.malformedAtEnd > 0) this.closedAtEnd = false;
    this.problems.endRun();
    if (!this.unsupported) this.takeNotes(run);
    this.lines += run.lines;
    this.bytes += run.bytes;
    this.last = run.last ?? this.last;
    this.malformedAtEnd = run.last === null ? this.malformedAtEnd + run.malformedAtEnd : run.malformedAtEnd;
    this.torn = run.torn ?? this.torn;
    for (const [seq, hash] of run.pinned) if (!this.pinned.has(seq)) this.pinned.set(seq, hash);
  }

  private takeNotes(run: Summary): void {
    this.note('CLOCK_BACKWARDS', run.clockBackwards);
    this.note('SCHEMA_NOTE', run.schema);
    this.note('UNKNOWN_TYPE', run.unknownType);
    this.note('RECOVERED', run.recovered);
    this.note('SEQUENCE_CLOSED', this.sequences.take(run.sequences));
  }

  private note(code: Code, tally: Tally | null): void {
    const merged = mergeTally(this.notes.get(code) ?? null, tally);
    if (merged !== null) this.notes.set(code, merged);
  }

  private fail(line: number | null, count: number): void {
    if (line === null || count === 0) return;
    this.invalid += count;
    if (this.firstInvalidLine === null || line < this.firstInvalidLine) this.firstInvalidLine = line;
  }

  /** Judge lines of one profile that change nothing for those after them. */
  private ordinary(profile: Profile, count: number, spots: readonly Spot[], under: number | null): void {
    this.closedAtEnd = false;
    const judged = this.frame(profile, spots[0]!);
    const accepted = this.isAcceptedFrom(profile, under);
    if (!this.unsupported) this.sign(this.seen(profile, under), null, false, accepted ? 0 : count, spots[0]!, judged);
    this.file(judged, profile.broken && !this.unsupported, count, spots, under, accepted);
  }

  /** Judge a line that may change what the lines after it must satisfy. */
  private single({ kind, spot, profile, requirement, under }: SingleLine): void {
    if (kind === 'line' || this.unsupported) {
      this.ordinary(profile, 1, [spot], under);
      return;
    }
    this.closedAtEnd = false;
    const judged = this.frame(profile, spot);
    const begins = kind === 'genesis' && spot.line === 1;
    if (begins) this.keys.begin(requirement!);
    const accepted = this.isAcceptedFrom(profile, under);
    const demanded = begins || kind === 'rotation';
    const looked = this.seen(profile, under);
    const { signed, level } = this.sign(looked, requirement, demanded, accepted ? 0 : 1, spot, judged);
    if (begins) this.keys.accept(requirement!, level);
    else if (kind === 'rotation') this.rotate(requirement!, signed, level, spot.seq!, judged);
    else if (kind === 'close' && signed) this.closedLog = true;
    this.file(judged, profile.broken, 1, [spot], under, accepted);
    const isWhole = !profile.broken && !judged.some(({ code }) => codeInfo(code).weight === 'invalid');
    const isVouchedFor = level === 'pq' || (level === 'classical' && this.leniency.allowClassical);
    this.closedAtEnd = kind === 'close' && isWhole && isVouchedFor;
  }

  /** Whether the signatures of a line are those that the checkpoint to resume from speaks of. */
  private isAcceptedFrom({ accepted }: Profile, under: number | null): boolean {
    return accepted && under !== null && under <= this.acceptedBelow;
  }

  /** A line that was not looked at for its seq, and is not in the tree of the checkpoint to resume from, has no signature that counts. */
  private seen(profile: Profile, under: number | null): Profile {
    if (!profile.accepted || this.isAcceptedFrom(profile, under)) return profile;
    return { ...profile, signatures: profile.signatures.map((fact) => ({ ...fact, good: false })) };
  }

  private rotate(requirement: Requirement, signed: boolean, level: Level, seq: number, judged: Judged[]): void {
    const outcome = this.keys.rotate(requirement, signed, level, seq);
    if (outcome === 'too many keys') {
      judged.push({ code: 'CONTROL_SCHEMA', expected: 'at most 8 keys, old and new together', found: 'more' });
    } else if (outcome === 'lowered') {
      judged.push({
        code: 'REQUIREMENT_LOWERED',
        expected: 'the same algorithms and mode, or stricter',
        found: 'less',
      });
    }
  }

  /** Version and origin: each line must state those of the first. */
  private frame(profile: Profile, spot: Spot): Judged[] {
    const judged: Judged[] = [];
    const { v, log } = this.first!;
    if (profile.v !== v) judged.push({ code: 'VERSION_MIXED', expected: `"v":${v}`, found: `"v":${profile.v}` });
    else if (v !== VERSION) judged.push({ code: 'UNSUPPORTED_VERSION', expected: `"v":${VERSION}`, found: `"v":${v}` });
    if (this.unsupported) return judged;
    if (profile.log !== log) judged.push({ code: 'WRONG_LOG', expected: log, found: profile.log });
    if (spot.line === this.first!.spot.line && this.first!.seq !== 0 && !this.isReceipt) {
      judged.push({ code: 'PARTIAL', expected: 'seq 0', found: `seq ${this.first!.seq}` });
    }
    return judged;
  }

  /** Judge the signatures of lines of one profile. @returns whether what the chain demands is there and good, and who vouches. */
  private sign(
    profile: Profile,
    named: Requirement | null,
    demanded: boolean,
    count: number,
    spot: Spot,
    judged: Judged[],
  ): { signed: boolean; level: Level } {
    if (this.closedLog)
      judged.push({ code: 'AFTER_CLOSE', expected: 'no line after the close of the log', found: 'a line' });
    const view = this.keys.judge(profile, named, demanded, count);
    const { signatures } = this;
    signatures.valid += view.good.length * count;
    signatures.invalid += (view.bad.length + view.retired.length) * count;
    signatures.unknown += view.unknown * count;
    for (const { alg } of view.good) signatures.byAlg.set(alg, (signatures.byAlg.get(alg) ?? 0) + count);
    if (view.bad.length > 0)
      judged.push({
        code: 'SIGNATURE_INVALID',
        expected: `a signature that ${view.bad.join(' and ')} made`,
        found: 'one that does not verify',
      });
    if (view.retired.length > 0) {
      judged.push({
        code: 'KEY_RETIRED',
        expected: 'keys in force',
        found: view.retired.map(({ kid, seq }) => `${kid}, retired at seq ${seq}`).join('; '),
      });
    }
    for (const { kid, problem } of view.refused)
      judged.push({ code: problem, expected: 'a key that is trusted here', found: kid });
    if (view.demanded === null) {
      // An ordinary entry of a batch log that does not meet the requirement by itself: it waits for a checkpoint (cover).
      judged.push({ code: 'UNSIGNED_TAIL', expected: 'a checkpoint that covers it', found: 'none' });
      return { signed: false, level: null };
    }
    signatures.required += view.demanded * count;
    signatures.missing += view.missing.length * count;
    if (view.missing.length > 0) {
      judged.push({
        code: 'SIGNATURE_MISSING',
        expected: `a signature by ${view.missing.join(' and ')}`,
        found: 'none',
      });
    }
    if (!view.complete) return { signed: false, level: null };
    if (view.level === null) {
      judged.push({
        code: 'UNKNOWN_SIGNER',
        expected: 'a signature by a key that is trusted from outside',
        found: 'none',
      });
    } else if (view.level === 'classical' && this.leniency.allowClassical) {
      if (count > 0) this.note('CLASSICAL_ONLY', { count, line: spot.line });
    } else if (view.level === 'classical') {
      judged.push({
        code: 'CLASSICAL_ONLY',
        expected: 'an ML-DSA-65 signature by a trusted key',
        found: 'only Ed25519 vouches',
      });
    }
    return { signed: view.signed, level: view.level };
  }

  /** Book what lines of one profile were found to be. */
  private file(
    judged: readonly Judged[],
    broken: boolean,
    count: number,
    spots: readonly Spot[],
    under: number | null,
    accepted: boolean,
  ): void {
    let worst: 'valid' | 'invalid' | 'unverifiable' = broken ? 'invalid' : 'valid';
    let waiting: Uncovered | null = null;
    for (const { code, expected, found } of judged) {
      if (code === 'UNSIGNED_TAIL') {
        waiting = this.coverage.wait({ ...spots[0]!, code, expected, found }, count, under, this.keys.generation);
        continue;
      }
      const info = codeInfo(code);
      if (info.weight === 'invalid') worst = 'invalid';
      else if (info.weight === 'unverifiable' && worst === 'valid') worst = 'unverifiable';
      const at = (spot: Spot): Finding => ({ ...spot, code, expected, found });
      if (info.once) {
        this.problems.takeOnce(at(spots[0]!), count);
      } else {
        this.problems.take({ listed: spots.slice(0, this.most).map(at), count });
      }
    }
    if (worst === 'invalid') this.fail(spots[0]!.line, count);
    else if (this.unsupported) this.notJudged += count;
    else if (worst === 'unverifiable') this.unverifiable += count;
    else if (waiting !== null) waiting.otherwiseGood += count;
    else if (accepted) this.notJudged += count;
    else this.valid += count;
  }

  /** Say which checkpoints verify and have the roots of this log; then no line is left undecided. Called once, when all lines are read. */
  cover(covers: readonly Cover[]): void {
    const { allowClassical, allowUnsignedTail } = this.leniency;
    for (const { by, first, count, otherwiseGood } of this.coverage.settle(covers)) {
      if (by === 'nothing') this.unsignedTail += count;
      const allowed = (by === 'classical' && allowClassical) || (by === 'nothing' && allowUnsignedTail);
      if (allowed) this.note(by === 'nothing' ? 'UNSIGNED_TAIL' : 'CLASSICAL_ONLY', { count, line: first.line });
      if (allowed || by === 'pq') this.valid += otherwiseGood;
      else {
        this.unverifiable += otherwiseGood;
        this.problems.takeOnce(by === 'nothing' ? first : { ...first, ...NOT_ENOUGH[by] }, count);
      }
    }
  }
}
