/**
 * Every code a ReceiptError can carry: one cause, one code. Programmer mistakes are TypeError or RangeError instead, and evidence
 * that does not hold is never thrown but a Verdict (see verify/codes.ts for its codes).
 */
export type ErrorCode =
  // input that cannot become evidence
  | 'NOT_JSON'
  | 'NOT_CANONICAL'
  | 'NOT_REPRESENTABLE'
  | 'EVENT_SCHEMA'
  | 'ENTRY_TOO_LARGE'
  | 'LINE_MALFORMED'
  | 'ORIGIN_INVALID'
  | 'CHECKPOINT_MALFORMED'
  | 'CHECKPOINT_OF_OTHER_LOG'
  | 'PROOF_MALFORMED'
  | 'POLICY_MALFORMED'
  | 'WITNESS_REFUSED'
  // keys and engines
  | 'KEY_MALFORMED'
  | 'KEY_MISMATCH'
  | 'KEY_NOT_FOUND'
  | 'KEY_EXISTS'
  | 'KEY_FILE_MODE'
  | 'KEY_UNSUITABLE'
  | 'PASSPHRASE_NEEDED'
  | 'PASSPHRASE_WRONG'
  | 'ENGINE_UNAVAILABLE'
  | 'ENGINES_DISAGREE'
  | 'UNSUPPORTED'
  | 'SIGN_FAILED'
  // the log and the disk below it
  | 'LOG_NOT_FOUND'
  | 'LOG_EXISTS'
  | 'LOG_LOCKED'
  | 'LOG_CLOSED'
  | 'LOG_DAMAGED'
  | 'LOG_READ_ONLY'
  | 'ENTRY_NOT_FOUND'
  | 'PAYLOAD_NOT_FOUND'
  | 'PAYLOAD_MISMATCH'
  | 'BACKPRESSURE'
  | 'ABORTED'
  | 'WORKER_FAILED'
  | 'SHARD_MALFORMED'
  | 'SHARDS_DIFFER'
  | 'IO'
  // the gate
  | 'GATE_UNARMED'
  | 'GATE_DISARMED'
  | 'GATE_REFUSED'
  | 'OUTCOME_LATE'
  | 'OUTCOME_UNKNOWN'
  | 'OUTCOME_RECORDED'
  | 'UNKNOWN_DECISION'
  | 'STATEMENT_REFUSED'
  // command line
  | 'USAGE'
  | 'INTERRUPTED'
  | 'INTERNAL';

/** What a ReceiptError can say beside its message. */
export interface ErrorDetail {
  /** Where: a file, a field path, a segment and byte offset. Never content. */
  readonly at?: string;
  readonly expected?: string;
  readonly found?: string;
  /** Commands or actions that help, most likely first. */
  readonly next?: readonly string[];
  readonly cause?: unknown;
}

/** The world failed us (disk, key file, stream) or input cannot become evidence. Never carries a secret or a payload. */
export class ReceiptError extends Error {
  override readonly name = 'ReceiptError';
  readonly code: ErrorCode;
  readonly at: string | undefined;
  readonly expected: string | undefined;
  readonly found: string | undefined;
  readonly next: readonly string[];

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.at = detail.at;
    this.expected = detail.expected;
    this.found = detail.found;
    this.next = detail.next ?? [];
  }
}

/** @returns whether `error` is a ReceiptError, optionally with that code. */
export function isReceiptError(error: unknown, code?: ErrorCode): error is ReceiptError {
  return error instanceof ReceiptError && (code === undefined || error.code === code);
}
