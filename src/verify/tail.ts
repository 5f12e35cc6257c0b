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
}

/** What one source says about the tail. */
interface Word {
  readonly status: TailStatus;
  readonly by: Verdict['tail']['pinned_by'];
  readonly size: number | null;
}

/** Several sources: the gravest word counts (format section 8). */
const GRAVITY: readonly TailStatus[] = ['unknown', 'complete', 'open', 'truncated', 'forked'];

/** @returns the tail of a judged log and the problems that come with it. */
export function judgeTail(judge: Judge, pins: Pins): { tail: Verdict['tail']; findings: LogFinding[] } {
  const findings: LogFinding[] = [];
  const words: Word[] = [];
  if (!judge.unsupported) {
    if (pins.head !== undefined) words.push(judgeHead(judge, pins.head, findings));
    if (pins.size !== undefined) words.push(judgeSize(judge, pins.size, 'size', findings));
    if (pins.minSize !== undefined) words.push(judgeSize(judge, pins.minSize, 'min-size', findings));
    if (pins.genesis !== undefined) words.push(judgeGenesis(judge, pins.genesis, findings));
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
  return sizeOf(judge) + judge.malformedAtEnd;
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
