import type { StandAloneReceipt } from '../checkpoint/receipt-file.ts';
import type { Sha256Hex } from '../crypto/hash.ts';
import type { LineEngine } from '../crypto/line-verifier.ts';
import type { Verifier } from '../crypto/verifier.ts';
import type { Buffers } from '../receipt/lines.ts';
import type { CheckpointNote } from './checkpoints.ts';
import type { Ranges } from './ranges.ts';
import type { Pins } from './tail.ts';
import type { TrustProvider } from './trust.ts';

/** Where one file of a log begins, for the locations in a verdict. */
export interface SegmentSpan {
  readonly name: string;
  /** First byte over the concatenated segments. */
  readonly offset: number;
}

/** Evidence to read: a log, a file, a stream. */
export interface Source {
  readonly kind: 'log' | 'stream' | 'receipt';
  /** How the verdict names it. */
  readonly name: string;
  /**
   * All bytes, in order; a chunk is valid until the next is asked for. Read again from the start at each call, unless `once`.
   * @param buffers to read into, by turns, until the reading has ended; who has no use for them makes chunks of its own.
   */
  chunks(buffers?: Buffers): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** It can be read only once, as standard input can. */
  readonly once?: boolean;
  /** Length in bytes where it is known, for progress. */
  readonly sizeBytes?: number | undefined;
  /** How to read it from any byte on, where that can be done and `sizeBytes` is known: what threads and shards need. */
  readonly ranges?: Ranges | undefined;
  /** A receipt that stands without its log: it is verified instead of `chunks`. */
  readonly standAlone?: StandAloneReceipt | undefined;
  /** Checkpoints that lie with it, read before its lines: they cover entries of a batch log, and never complete a tail. */
  readonly checkpoints?: readonly CheckpointNote[] | undefined;
  /** Files that `chunks` went through, asked for after reading. */
  segments?(): readonly SegmentSpan[] | Promise<readonly SegmentSpan[]>;
}

/** How far a verification has come. */
export interface Progress {
  readonly lines: number;
  readonly bytes: number;
  readonly totalBytes: number | undefined;
}

/** What to verify against, and how. */
export interface VerifyOptions {
  readonly trust: TrustProvider;
  readonly expect?: Pins | undefined;
  /** Checkpoints that were kept outside. */
  readonly checkpoints?: readonly CheckpointNote[] | undefined;
  /** Checkpoints that were found with the evidence: as those of Source, for evidence that comes without its folder. */
  readonly logCheckpoints?: readonly CheckpointNote[] | undefined;
  /**
   * A checkpoint up to which the log was verified before: it is compared as one of `checkpoints`, and the signatures of the entries that it
   * covers are not verified again.
   */
  readonly resume?: CheckpointNote | undefined;
  /** Whose cosignatures every checkpoint must bear: a C2SP tlog-policy. */
  readonly witnessPolicy?: { readonly name: string; readonly bytes: Uint8Array } | undefined;
  /** Claimed times must lie in [notBefore, notAfter): RFC 3339 as Date.toISOString prints it. */
  readonly notBefore?: string | undefined;
  readonly notAfter?: string | undefined;
  readonly allowUnsignedTail?: boolean | undefined;
  readonly allowClassical?: boolean | undefined;
  /** Problems listed; all are counted. Default 100. */
  readonly maxProblems?: number | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Keeps the bytes of a source that can be read only once, when it must be read twice; default: in memory. */
  readonly spool?: ((chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) => Promise<Spool>) | undefined;
}

/** Bytes set aside to be read again. */
export interface Spool {
  chunks(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  dispose(): Promise<void>;
}

/** The engines of a verification. */
export interface Engines {
  readonly verifier: Verifier;
  /** What `run.cross_checked_with` says; null: a cross-check was asked for, and there is no second engine. */
  readonly crossCheckedWith?: string | null;
  /** What `run.module_sha256` says: SHA-256 of the WASM module behind `verifier`, hex; null or absent where none is. */
  readonly moduleSha256?: string | null;
  readonly sha256Hex: Sha256Hex;
  /** Reads ordinary lines by itself, where the engine can; absent or null: all lines are read in TypeScript. */
  readonly lines?: LineEngine | null;
}
