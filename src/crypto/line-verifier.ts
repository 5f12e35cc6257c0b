import type { SubtreeHash } from './hash.ts';
import type { PublicKey } from './public-key.ts';

/** Where the parts of a line stand that another line follows: offsets in `bytes` of a LineVerifier. */
export interface LineBefore {
  readonly hashBegin: number;
  readonly logBegin: number;
  readonly logEnd: number;
  readonly timeBegin: number;
  readonly seq: number;
}

/**
 * Verifies lines of a log by the hundred: form, canonical JSON, hash, link and signatures. It knows one answer of its own, that all is
 * well with a line by itself and behind the line before; every other line it leaves to the caller (LOOK). One verification has it to
 * itself from `open` to `release`.
 */
export interface LineVerifier {
  /** Where lines are to be put: 2 * (MAX_LINE_BYTES + 1 MiB). Reading leaves them as they are. */
  readonly bytes: Uint8Array;
  /** What the last `read` found: RECORD_WORDS words a line, laid out by RECORD. */
  readonly records: Int32Array;
  /** The same memory, for the seq of each record: at RECORD.SEQ / 2. */
  readonly numbers: Float64Array;
  /** Hashes the tree of the lines by the same memory; records stay as they are. */
  readonly subtrees: SubtreeHash;
  /**
   * Read the lines of [begin, end), an LF being the last byte, until there is no room for another record or a line may name keys.
   * @param before the line right before, which must be a receipt. @returns how many lines have records.
   */
  read(begin: number, end: number, before: LineBefore): number;
  /** Let it take the signatures of entries before this seq as good, unseen. */
  accept(below: number): void;
  /** Let it verify signatures by this key from now on; the key it has used for the longest time may go. */
  know(key: PublicKey): void;
  /**
   * How many keys it came to know, as far as it has room for. Records read before the last of them leave lines to the caller that it
   * would verify now.
   */
  readonly known: number;
  /** The key in a slot that a record names. */
  keyIn(slot: number): PublicKey;
  /** Let go of it. */
  release(): void;
}

/** Who makes line verifiers. */
export interface LineEngine {
  /**
   * @param schema the event schema as bytes (eventShapeBytes). @param context of the signatures of entries.
   * @returns one that knows no key, or null when there is no room for one.
   */
  open(schema: Uint8Array, context: string): LineVerifier | null;
}

export const RECORD_WORDS = 16;

/** Words of a record; offsets are into `bytes`. */
export const RECORD = {
  /** First byte of the line. */
  BEGIN: 0,
  /** Its LF. */
  LF: 1,
  /** Of LINE_FLAGS. */
  FLAGS: 2,
  HASH: 3,
  /** Two words. */
  SEQ: 4,
  TIME: 6,
  LOG: 7,
  LOG_END: 8,
  /** Content of `sequence` of its event; the end is 0 when there is none. */
  SEQUENCE: 9,
  SEQUENCE_END: 10,
  /** How many signatures, all of which hold. */
  SIGNATURES: 11,
  /** The slots of their keys, a byte each, the first lowest; two words. */
  SLOTS: 12,
  /** How many lines, from this one on, have no flags, no sequence and no signatures. */
  QUIET: 14,
} as const;

export const LINE_FLAGS = {
  /** The caller must judge this line: nothing else of the record counts then, but BEGIN and LF. */
  LOOK: 1,
  /** Where the parts of the line stand is not known, so that the next one is left to the caller too. */
  FRAMELESS: 2,
  /** Its time is earlier than that of the line before. */
  EARLIER: 8,
  /** Its type is not one of format 1. */
  UNKNOWN_TYPE: 16,
  /** Its event breaks the schema, its type being one of format 1 or missing. */
  BREACH: 32,
} as const;
