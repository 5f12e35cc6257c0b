import type { ErrorCode } from '../base/errors.ts';
import type { Verdict } from '../verify/verdict.ts';

/** Exit codes (cli.md); an unknown one is to be read as failure. */
export const EXIT = {
  ok: 0,
  no: 1,
  usage: 2,
  incomplete: 3,
  io: 4,
  logNotFound: 10,
  locked: 11,
  passphrase: 12,
  interrupted: 130,
} as const;

/** Which exit code an error leads to. */
const OF_ERROR: Readonly<Record<ErrorCode, number>> = {
  NOT_JSON: EXIT.usage,
  NOT_CANONICAL: EXIT.usage,
  NOT_REPRESENTABLE: EXIT.usage,
  EVENT_SCHEMA: EXIT.usage,
  ENTRY_TOO_LARGE: EXIT.usage,
  LINE_MALFORMED: EXIT.usage,
  ORIGIN_INVALID: EXIT.usage,
  CHECKPOINT_MALFORMED: EXIT.usage,
  CHECKPOINT_OF_OTHER_LOG: EXIT.usage,
  PROOF_MALFORMED: EXIT.usage,
  POLICY_MALFORMED: EXIT.usage,
  WITNESS_REFUSED: EXIT.no,
  GATE_UNARMED: EXIT.usage,
  GATE_DISARMED: EXIT.io,
  GATE_REFUSED: EXIT.no,
  OUTCOME_LATE: EXIT.no,
  OUTCOME_UNKNOWN: EXIT.incomplete,
  OUTCOME_RECORDED: EXIT.no,
  UNKNOWN_DECISION: EXIT.no,
  STATEMENT_REFUSED: EXIT.no,
  KEY_MALFORMED: EXIT.usage,
  KEY_MISMATCH: EXIT.usage,
  KEY_NOT_FOUND: EXIT.usage,
  KEY_EXISTS: EXIT.usage,
  KEY_FILE_MODE: EXIT.usage,
  KEY_UNSUITABLE: EXIT.usage,
  PASSPHRASE_NEEDED: EXIT.passphrase,
  PASSPHRASE_WRONG: EXIT.passphrase,
  ENGINE_UNAVAILABLE: EXIT.usage,
  ENGINES_DISAGREE: EXIT.io,
  UNSUPPORTED: EXIT.usage,
  SIGN_FAILED: EXIT.io,
  LOG_NOT_FOUND: EXIT.logNotFound,
  LOG_EXISTS: EXIT.usage,
  LOG_LOCKED: EXIT.locked,
  LOG_CLOSED: EXIT.io,
  LOG_DAMAGED: EXIT.io,
  LOG_READ_ONLY: EXIT.usage,
  ENTRY_NOT_FOUND: EXIT.usage,
  PAYLOAD_NOT_FOUND: EXIT.incomplete,
  PAYLOAD_MISMATCH: EXIT.no,
  BACKPRESSURE: EXIT.io,
  ABORTED: EXIT.interrupted,
  WORKER_FAILED: EXIT.io,
  SHARD_MALFORMED: EXIT.usage,
  SHARDS_DIFFER: EXIT.usage,
  IO: EXIT.io,
  USAGE: EXIT.usage,
  INTERRUPTED: EXIT.interrupted,
  INTERNAL: EXIT.io,
};

/** @returns the exit code of an error. */
export function exitOfError(code: ErrorCode): number {
  return OF_ERROR[code];
}

/** @returns the exit code of a verdict. Notes never change it; a check that was asked for and not done does. */
export function exitOfVerdict({ verdict, not_checked }: Pick<Verdict, 'verdict' | 'not_checked'>): number {
  if (verdict !== 'valid') return verdict === 'invalid' ? EXIT.no : EXIT.incomplete;
  return not_checked.some(({ what }) => what === 'cross-check' || what === 'witness policy')
    ? EXIT.incomplete
    : EXIT.ok;
}
