import type { Code } from './codes.ts';
import { compareFindings, type Finding, type Findings } from './summary.ts';

/** A code that stands once: where first, and for how many lines. */
export interface OnceFinding {
  readonly first: Finding;
  readonly count: number;
}

/** What is found on lines, in the order of a verdict: all of it counted, the first of it listed. */
export class ProblemList {
  readonly once = new Map<Code, OnceFinding>();
  private readonly most: number;
  /** Of lines already judged: the first of them; and how many there are. */
  private readonly problems: Finding[] = [];
  private problemCount = 0;
  /** Of the run that is being judged. */
  private fresh: Finding[] = [];

  /** @param most problems to list. */
  constructor(most: number) {
    this.most = most;
  }

  take({ listed, count }: Findings): void {
    this.problemCount += count;
    for (const finding of listed) this.fresh.push(finding);
  }

  /** Take a code that stands once, at the first line concerned. */
  takeOnce(finding: Finding, count: number): void {
    const before = this.once.get(finding.code);
    const first = before !== undefined && before.first.line < finding.line ? before.first : finding;
    this.once.set(finding.code, { first, count: (before?.count ?? 0) + count });
  }

  /** List what was found in a run, once: all of it stands on later lines than what is listed already. */
  endRun(): void {
    this.fresh.sort(compareFindings);
    for (const finding of this.fresh) if (this.problems.length < this.most) this.problems.push(finding);
    this.fresh = [];
  }

  /** @returns all problems that concern lines, in the order of a verdict, at most as many as are listed; and how many there are. */
  all(): { listed: (Finding & { lines: number })[]; count: number } {
    const once = [...this.once.values()].map(({ first, count }) => ({ ...first, lines: count }));
    const listed = [...this.problems.map((finding) => ({ ...finding, lines: 1 })), ...once].sort(compareFindings);
    return { listed: listed.slice(0, this.most), count: this.problemCount + once.length };
  }
}
