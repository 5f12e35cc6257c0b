import type { SigningMode } from '../receipt/control.ts';
import type { Code } from './codes.ts';

/** One thing that does not hold, or could not be shown (cli.md). */
export interface Problem {
  readonly code: Code;
  readonly verdict: 'invalid' | 'unverifiable';
  readonly check: string;
  /** 1-based; null for what concerns the log as a whole. */
  readonly line: number | null;
  readonly seq: number | null;
  /** Byte offset of the line's first byte over the concatenated segments. */
  readonly offset: number | null;
  readonly segment: string | null;
  readonly segment_offset: number | null;
  readonly expected: string | null;
  readonly found: string | null;
  /** Lines concerned; more than 1 only for codes that stand once. */
  readonly count: number;
  readonly meaning: string;
  readonly next: readonly string[];
}

/** Something worth knowing that moves the verdict neither way. */
export interface Note {
  readonly code: Code;
  /** First line concerned; null for the log as a whole. */
  readonly line: number | null;
  readonly count: number;
}

/** What became of the end of the log, from outside knowledge only. */
export type TailStatus = 'complete' | 'open' | 'truncated' | 'forked' | 'unknown';

/** A key that was given or that the log names. */
export interface KeyReport {
  readonly kid: string;
  readonly alg: string | null;
  readonly name: string | null;
  readonly trusted_by: 'key' | 'trust_bundle' | 'chain' | null;
  /** Last seq at which the key was in force, when a rotation retired it. */
  readonly through_seq: number | null;
  /** Lines with a good signature by it. */
  readonly receipts: number;
}

/** What verification found. Everything outside `run` is the same for every engine, worker count, split and chunk size (cli.md). */
export interface Verdict {
  readonly schema: 'perdure/verdict/v1';
  readonly verdict: 'valid' | 'invalid' | 'unverifiable';
  readonly subject: {
    readonly kind: 'log' | 'stream' | 'receipt' | 'bundle' | 'checkpoint';
    readonly name: string;
    readonly origin: string | null;
    readonly mode: SigningMode | null;
  };
  readonly head: { readonly size: number; readonly hash: string | null; readonly genesis: string | null };
  readonly tail: {
    readonly status: TailStatus;
    readonly pinned_by: 'head' | 'size' | 'min-size' | 'genesis' | 'checkpoint' | 'close' | null;
    readonly pinned_size: number | null;
    readonly torn_bytes: number;
  };
  readonly counts: {
    readonly lines: number;
    readonly valid: number;
    readonly invalid: number;
    readonly unverifiable: number;
    readonly not_judged: number;
    readonly recovered: number;
    readonly unsigned_tail: number;
    readonly intact_through_line: number;
  };
  readonly signatures: {
    readonly required: number;
    readonly valid: number;
    readonly invalid: number;
    readonly missing: number;
    readonly unknown: number;
    readonly by_alg: Readonly<Record<string, number>>;
  };
  readonly keys: readonly KeyReport[];
  readonly time: {
    readonly first: string | null;
    readonly last: string | null;
    readonly vouched_by: 'signer' | 'witness' | 'witness_classical';
  };
  readonly problems: readonly Problem[];
  readonly problem_count: number;
  readonly problems_truncated: boolean;
  readonly notes: readonly Note[];
  readonly not_checked: readonly { readonly what: string; readonly why: string }[];
  readonly not_proven: readonly string[];
  readonly run: {
    readonly tool: string;
    readonly engine: string;
    readonly module_sha256: string | null;
    readonly cross_checked_with: string | null;
    readonly workers: number;
    readonly elapsed_ms: number;
  };
}
