import { toBase64 } from '../base/bytes.ts';
import { type CheckpointView, rootText } from './checkpoints.ts';
import type { Code } from './codes.ts';
import type { Judge } from './judge.ts';
import type { TailStatus, Verdict } from './verdict.ts';

/** What was remembered outside of a log's length and head (cli.md, --expect-…). */
export interface Pins {
  /** Entries and the hash of the last of them. */
  readonly head?: { readonly size: number; readonly hash: string } | undefined;
  /** `hash` of the first entry. */
  readonly genesis?: string | undefined;
  /** Exactly so many entries at the time; 1 or more. */
  readonly size?: number | undefined;
  /** At least so many entries; 1 or more. */
  readonly minSize?: number | undefined;
}

/** A problem of the log as a whole. */
export interface LogFinding {
  readonly code: Code;
  readonly expected: string | null;
  readonly found: string | null;
  /** The check it belongs to, where that is not the one of its code. */
  readonly check?: 'checkpoint';
}

/** What one source says about the tail. */
interface Word {
  readonly status: TailStatus;
  readonly by: Verdict['tail']['pinned_by'];
  readonly size: number | null;
}

/** Several sources: the gravest word counts (format section 8). */
const GRAVITY: readonly TailStatus[] = ['unknown', 'complete', 'open', 'truncated', 'forked'];

/**
 * @param checkpoints judged. Those from outside say what a pin says; one that lies with the log says nothing of the tail unless the log
 *   contradicts it. @returns the tail of a judged log and the problems that come with it.
 */
export function judgeTail(
  judge: Judge,
  pins: Pins,
  checkpoints: readonly CheckpointView[],
): { tail: Verdict['tail']; findings: LogFinding[] } {
  const findings: LogFinding[] = [];
  const words: Word[] = [];
  if (!judge.unsupported) {
    if (pins.head !== undefined) words.push(judgeHead(judge, pins.head, findings));
    if (pins.size !== undefined) words.push(judgeSize(judge, pins.size, 'size', findings));
    if (pins.minSize !== undefined) words.push(judgeSize(judge, pins.minSize, 'min-size', findings));
    if (pins.genesis !== undefined) words.push(judgeGenesis(judge, pins.genesis, findings));
    words.push(...judgeCheckpoints(judge, checkpoints, findings));
    if (judge.closedAtEnd) words.push({ status: 'complete', by: 'close', size: null });
  }
  let word: Word = { status: 'unknown', by: null, size: null };
  for (const next of words) if (GRAVITY.indexOf(next.status) > GRAVITY.indexOf(word.status)) word = next;
  const status = judge.torn !== null && word.status === 'complete' ? 'open' : word.status;
  return { tail: { status, pinned_by: word.by, pinned_size: word.size, torn_bytes: judge.torn?.bytes ?? 0 }, findings };
}

/** Entries that the last receipt says there are. */
export function sizeOf(judge: Judge): number {
  return judge.last === null ? 0 : judge.last.seq + 1;
}

/** Entries there may be, if unreadable lines at the end were entries. */
function mostEntries(judge: Judge): number {
  return Math.max(sizeOf(judge) + judge.malformedAtEnd, judge.tree.provenSize);
}

function truncated(judge: Judge, by: Word['by'], size: number, findings: LogFinding[]): Word {
  findings.push({ code: 'TAIL_TRUNCATED', expected: `at least ${size} entries`, found: `${sizeOf(judge)} entries` });
  return { status: 'truncated', by, size };
}

function unchecked(expected: string, found: string, findings: LogFinding[]): Word {
  findings.push({ code: 'PIN_UNCHECKED', expected, found });
  return { status: 'unknown', by: null, size: null };
}

function judgeHead(judge: Judge, pin: { size: number; hash: string }, findings: LogFinding[]): Word {
  const size = sizeOf(judge);
  if (mostEntries(judge) < pin.size) return truncated(judge, 'head', pin.size, findings);
  const hash = size === pin.size ? judge.last!.hash : judge.pinned.get(pin.size - 1);
  if (hash === undefined)
    return unchecked(`entry ${pin.size - 1} to compare`, 'no readable line with that seq', findings);
  if (hash !== pin.hash) {
    findings.push({ code: 'TAIL_FORKED', expected: `${pin.hash} at size ${pin.size}`, found: hash });
    return { status: 'forked', by: 'head', size: pin.size };
  }
  return { status: size === pin.size && judge.malformedAtEnd === 0 ? 'complete' : 'open', by: 'head', size: pin.size };
}

function judgeSize(judge: Judge, pin: number, by: 'size' | 'min-size', findings: LogFinding[]): Word {
  const size = sizeOf(judge);
  if (mostEntries(judge) < pin) return truncated(judge, by, pin, findings);
  if (size < pin) return unchecked(`${pin} readable entries`, `${size}, and unreadable lines after them`, findings);
  if (by === 'min-size') return { status: 'unknown', by: null, size: null };
  return { status: size === pin && judge.malformedAtEnd === 0 ? 'complete' : 'open', by, size: pin };
}

function judgeGenesis(judge: Judge, pin: string, findings: LogFinding[]): Word {
  const { first } = judge;
  if (judge.lines === 0) return truncated(judge, 'genesis', 1, findings);
  if (first === null || first.spot.line !== 1 || first.seq !== 0) {
    return unchecked(
      'the first entry to compare',
      'evidence that does not begin with a readable first entry',
      findings,
    );
  }
  if (first.hash === pin) return { status: 'unknown', by: null, size: null };
  findings.push({ code: 'TAIL_FORKED', expected: `genesis ${pin}`, found: first.hash });
  return { status: 'forked', by: 'genesis', size: null };
}

/** What checkpoints say. Of several that the log contradicts one is a problem: the one that says most about where. */
function judgeCheckpoints(judge: Judge, views: readonly CheckpointView[], findings: LogFinding[]): Word[] {
  const check = 'checkpoint';
  for (const { name, untrusted, lacking, matches, signed } of views) {
    const contradicts = matches === false || (matches === null && (signed?.checkpoint.size ?? 0) > mostEntries(judge));
    const found = untrusted ?? (contradicts ? null : lacking);
    if (found !== null)
      findings.push({ code: 'CHECKPOINT_UNTRUSTED', expected: `a checkpoint of this log (${name})`, found });
  }
  const sized = views
    .filter(({ untrusted }) => untrusted === null)
    .map((view) => ({ ...view, size: view.signed!.checkpoint.size }))
    .sort((a, b) => a.size - b.size);
  const size = sizeOf(judge);
  const matching = sized.findLast(({ matches, lacking }) => matches && lacking === null);
  const words: Word[] = [];
  const differing = sized.find(({ matches }) => matches === false);
  if (differing !== undefined) {
    const root = toBase64(judge.tree.roots.get(differing.size)!);
    findings.push({
      code: 'TAIL_FORKED',
      expected: `root ${rootText(differing)} at size ${differing.size} (${differing.name})`,
      found: `root ${root}; ${since(matching?.size, 'what differs is among', differing.size)}`,
      check,
    });
    words.push({ status: 'forked', by: 'checkpoint', size: differing.size });
  }
  const beyond = sized.findLast((view) => mostEntries(judge) < view.size);
  if (beyond !== undefined) {
    findings.push({
      code: 'TAIL_TRUNCATED',
      expected: `at least ${beyond.size} entries (${beyond.name})`,
      found: `${size} entries; ${since(matching?.size, 'what is left after it is among', size)}`,
      check,
    });
    words.push({ status: 'truncated', by: 'checkpoint', size: beyond.size });
  }
  for (const { name, matches, outside, lacking, size: at } of sized) {
    if (matches !== null || mostEntries(judge) < at || !outside || lacking !== null) continue;
    findings.push({
      code: 'PIN_UNCHECKED',
      expected: `entries 0 to ${at - 1}, to compare with ${name}`,
      found: 'not all of them can be read here, in order',
      check,
    });
  }
  const kept = sized.findLast(({ matches, outside, lacking }) => matches && outside && lacking === null);
  if (kept !== undefined && kept.size > 0 && !judge.isReceipt) {
    const status = size === kept.size && judge.malformedAtEnd === 0 ? 'complete' : 'open';
    words.push({ status, by: 'checkpoint', size: kept.size });
  }
  return words;
}

/** Where to look: behind the newest checkpoint that still matches. */
function since(matching: number | undefined, what: string, size: number): string {
  if (matching === undefined) return 'no checkpoint given matches';
  return matching >= size
    ? `the newest checkpoint that matches is of size ${matching}`
    : `the newest checkpoint that matches is of size ${matching}: ${what} entries ${matching} to ${size - 1}`;
}
