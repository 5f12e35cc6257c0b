import { shellWord } from '../base/shell-word.ts';
import { VERSION } from '../base/version.ts';
import type { CheckpointView } from './checkpoints.ts';
import { type Code, codeInfo, codeOrder } from './codes.ts';
import type { Judge } from './judge.ts';
import type { Engines, SegmentSpan, Source, VerifyOptions } from './source.ts';
import type { Finding } from './summary.ts';
import { judgeTail, type LogFinding, sizeOf } from './tail.ts';
import type { Note, Problem, Verdict } from './verdict.ts';

/** What a verdict says of the engines. */
export interface EnginesUsed extends Pick<Engines, 'moduleSha256' | 'crossCheckedWith'> {
  readonly verifier: { readonly engine: string };
}

/** What a verdict is about. */
export interface Subject extends Pick<Source, 'name' | 'standAlone'> {
  readonly kind: Verdict['subject']['kind'];
}

/** Put everything that was found into the one form that is printed, stored and compared (cli.md). */
export function writeVerdict({
  source,
  options,
  judge,
  checkpoints,
  findings: found = [],
  segments,
  engines,
  workers = 1,
  elapsedMs,
}: {
  readonly source: Subject;
  readonly options: VerifyOptions;
  /** With no line left undecided (judgeCheckpoints). */
  readonly judge: Judge;
  readonly checkpoints: readonly CheckpointView[];
  /** Of the evidence as a whole, besides those of its tail. */
  readonly findings?: readonly LogFinding[];
  readonly segments: readonly SegmentSpan[];
  readonly engines: EnginesUsed;
  /** Threads that worked on it. */
  readonly workers?: number;
  readonly elapsedMs: number;
}): Verdict {
  const { tail, findings } = judgeTail(judge, options.expect ?? {}, checkpoints);
  findings.push(...found);
  if (judge.lines === 0 && source.kind !== 'checkpoint')
    findings.push({ code: 'EMPTY', expected: 'at least one receipt', found: 'none' });
  if (judge.torn !== null && !judge.torn.line) {
    findings.push({ code: 'TORN_TAIL', expected: 'a line end', found: `${judge.torn.bytes} bytes after the last one` });
  }
  const inLines = judge.problems.all();
  const most = options.maxProblems;
  const problems = [
    ...inLines.listed.map((finding) => lineProblem(finding, source, segments)),
    ...findings.sort((a, b) => codeOrder(a.code) - codeOrder(b.code)).map((finding) => logProblem(finding, source)),
  ];
  const problemCount = inLines.count + findings.length;
  const listed = most === undefined ? problems.slice(0, 100) : problems.slice(0, most);
  const byWeight = (weight: 'invalid' | 'unverifiable'): boolean =>
    findings.some(({ code }) => codeInfo(code).weight === weight) ||
    (weight === 'invalid' ? judge.invalid > 0 : judge.unverifiable > 0 || judge.problems.once.size > 0);
  const { first, last, signatures } = judge;
  const witnessed = witnessedTime(checkpoints, sizeOf(judge));
  return {
    schema: 'perdure/verdict/v1',
    verdict: byWeight('invalid') ? 'invalid' : byWeight('unverifiable') ? 'unverifiable' : 'valid',
    subject: { kind: source.kind, name: source.name, origin: first?.log ?? null, mode: judge.keys.mode },
    head: {
      size: sizeOf(judge),
      hash: last?.hash ?? null,
      genesis: first !== null && first.spot.line === 1 && first.seq === 0 ? first.hash : null,
    },
    tail,
    counts: {
      lines: judge.lines,
      valid: judge.valid,
      invalid: judge.invalid,
      unverifiable: judge.unverifiable,
      not_judged: judge.notJudged,
      recovered: judge.notes.get('RECOVERED')?.count ?? 0,
      unsigned_tail: judge.unsignedTail,
      intact_through_line: judge.firstInvalidLine === null ? judge.lines : judge.firstInvalidLine - 1,
    },
    signatures: {
      required: signatures.required,
      valid: signatures.valid,
      invalid: signatures.invalid,
      missing: signatures.missing,
      unknown: signatures.unknown,
      by_alg: Object.fromEntries([...signatures.byAlg].sort(([a], [b]) => (a < b ? -1 : 1))),
    },
    keys: judge.keys.report(),
    time: { first: first?.time ?? null, last: last?.time ?? null, vouched_by: witnessed?.vouched_by ?? 'signer' },
    problems: listed,
    problem_count: problemCount,
    problems_truncated: listed.length < problemCount,
    notes: writeNotes(judge),
    not_checked: notChecked(judge, source, options, checkpoints, engines),
    not_proven: notProven(judge, source, checkpoints, tail.status, witnessed),
    run: {
      tool: `perdure ${VERSION}`,
      engine: engines.verifier.engine,
      module_sha256: engines.moduleSha256 ?? null,
      cross_checked_with: engines.crossCheckedWith ?? null,
      workers,
      elapsed_ms: elapsedMs,
    },
  };
}

function lineProblem(finding: Finding & { lines: number }, source: Subject, segments: readonly SegmentSpan[]): Problem {
  const segment = segments.findLast(({ offset }) => offset <= finding.offset);
  const { code, line, seq, offset, expected, found, lines } = finding;
  const next = [
    ...(seq === null || source.kind !== 'log' ? [] : [`perdure show ${shellWord(source.name)} ${seq}`]),
    `perdure explain ${code}`,
  ];
  return problem(code, next, {
    line,
    seq,
    offset,
    segment: segment?.name ?? null,
    segment_offset: segment === undefined ? null : offset - segment.offset,
    expected,
    found,
    count: lines,
  });
}

function logProblem({ code, expected, found, check }: LogFinding, source: Subject): Problem {
  const show = source.kind === 'log' && code !== 'EMPTY' ? [`perdure log ${shellWord(source.name)}`] : [];
  const nowhere = { line: null, seq: null, offset: null, segment: null, segment_offset: null };
  const written = problem(code, [...show, `perdure explain ${code}`], { ...nowhere, expected, found, count: 1 });
  return check === undefined ? written : { ...written, check };
}

/** One problem, its members in the order of cli.md. */
function problem(
  code: Code,
  next: readonly string[],
  where: Omit<Problem, 'code' | 'verdict' | 'check' | 'meaning' | 'next'>,
): Problem {
  const { weight, check, meaning } = codeInfo(code);
  const verdict = weight === 'invalid' ? 'invalid' : 'unverifiable';
  return { code, verdict, check, ...where, meaning, next };
}

function writeNotes(judge: Judge): Note[] {
  const notes: Note[] = [...judge.notes].map(([code, { line, count }]) => ({ code, line, count }));
  if (judge.torn?.line) notes.push({ code: 'TORN_TAIL', line: null, count: 1 });
  return notes.sort((a, b) => codeOrder(a.code) - codeOrder(b.code));
}

function notChecked(
  judge: Judge,
  source: Subject,
  options: VerifyOptions,
  checkpoints: readonly CheckpointView[],
  engines: EnginesUsed,
): { what: string; why: string }[] {
  const list: { what: string; why: string }[] = [];
  if (options.witnessPolicy !== undefined && checkpoints.length === 0)
    list.push({ what: 'witness policy', why: 'there is no checkpoint of this log' });
  const resumed = options.resume === undefined ? undefined : checkpoints[0];
  if (resumed?.signed) {
    list.push({
      what: `1..${resumed.signed.checkpoint.size}`,
      why: `not re-checked: accepted from ${resumed.name}`,
    });
  }
  if (engines.crossCheckedWith === null) {
    list.push({ what: 'cross-check', why: `this runtime has no second engine beside ${engines.verifier.engine}` });
  }
  if (judge.unsupported)
    list.push({
      what: 'everything but the form of the lines',
      why: `format version ${judge.first!.v} is not known here`,
    });
  if (judge.unsupported && options.expect !== undefined)
    list.push({ what: 'pins', why: 'the format version is not known here' });
  if (judge.unsupported && options.checkpoints !== undefined && options.checkpoints.length > 0)
    list.push({ what: 'checkpoints', why: 'the format version is not known here' });
  if (source.kind !== 'checkpoint') {
    list.push({ what: 'payloads', why: 'not requested' });
    list.push({ what: 'gate decisions and outcomes', why: 'not requested' });
  }
  if (judge.sequences.isFull) list.push({ what: 'some closed sequences', why: 'more were closed than are remembered' });
  return list;
}

/** When all of the evidence existed, by the word of witnesses. */
interface Witnessed {
  readonly time: string;
  readonly vouched_by: 'witness' | 'witness_classical';
}

/** Whether a checkpoint counts, and the evidence is in its tree. */
function holds({ untrusted, lacking, matches }: CheckpointView): boolean {
  return untrusted === null && lacking === null && matches === true;
}

/** @returns the earliest outside time of the last entry (format section 5); null without one. */
function witnessedTime(checkpoints: readonly CheckpointView[], size: number): Witnessed | null {
  const quorums = checkpoints
    .filter((view) => holds(view) && size > 0 && view.signed!.checkpoint.size >= size)
    .flatMap(({ quorum }) => (quorum === null || quorum.time === null ? [] : [{ ...quorum, time: quorum.time }]));
  const [first] = quorums.sort((a, b) => Number(a.classicalTime) - Number(b.classicalTime) || a.time - b.time);
  if (first === undefined) return null;
  const time = new Date(first.time * 1000).toISOString();
  return { time, vouched_by: first.classicalTime ? 'witness_classical' : 'witness' };
}

function notProven(
  judge: Judge,
  source: Subject,
  checkpoints: readonly CheckpointView[],
  tail: Verdict['tail']['status'],
  witnessed: Witnessed | null,
): string[] {
  const list = source.kind === 'checkpoint' ? [] : ['that tools told the truth'];
  if (source.kind === 'receipt') {
    const kept = checkpoints.some((view) => holds(view) && (view.outside || view.quorum?.met === true));
    if (source.standAlone === undefined) list.push('place in the log not proven');
    else if (!kept) list.push('fork not excluded');
    list.push('later rotations not excluded');
  } else if (source.kind === 'checkpoint') list.push('that the log has this history (its entries were not given)');
  else if (tail === 'unknown') list.push('that nothing was cut from the end (no outside checkpoint or pin given)');
  if (judge.lines > 0) {
    list.push(
      witnessed === null
        ? "that claimed times are right (only the signer's own clock vouches for them)"
        : `that claimed times are right (witnesses vouch only that all of it existed by ${witnessed.time})`,
    );
    list.push(
      'that no valid signature was exchanged for another valid one by the same key (signatures are outside the chain)',
    );
  }
  return list;
}
