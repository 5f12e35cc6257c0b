/** What a finding does to the verdict. A note never moves it. */
export type Weight = 'invalid' | 'unverifiable' | 'note';

/** One code of the closed list of format section 8. */
export interface CodeInfo {
  /** The check it belongs to; problems of one line ascend in the order of this table. */
  readonly check: string;
  readonly weight: Weight;
  /** Stands once, at the first line concerned, with a count. */
  readonly once?: true;
  /** Concerns the log as a whole: line null. */
  readonly logWide?: true;
  /** One sentence for the verdict: what it means. */
  readonly meaning: string;
}

const I = 'invalid';
const U = 'unverifiable';
const N = 'note';

/** The closed list, in the order in which checks run and problems of one line are listed (format section 8). */
export const CODES = {
  MALFORMED: {
    check: 'form',
    weight: I,
    meaning: 'this line is not a receipt: its bytes break the line grammar',
  },
  NOT_CANONICAL: {
    check: 'form',
    weight: I,
    meaning: 'the event on this line is JSON, but not in the one canonical form that can be signed',
  },
  TOO_LARGE: {
    check: 'form',
    weight: I,
    meaning: 'the line, its entry or the nesting of its event is above the limits of the format',
  },
  TORN_TAIL: {
    check: 'form',
    weight: U,
    logWide: true,
    meaning: 'the file ends in the middle of a line: a write was cut off, or the end was cut',
  },
  VERSION_MIXED: {
    check: 'version',
    weight: I,
    meaning: 'this line states another format version than the log began with',
  },
  UNSUPPORTED_VERSION: {
    check: 'version',
    weight: U,
    once: true,
    meaning: 'this log is written in a format version that this verifier does not know',
  },
  WRONG_LOG: {
    check: 'log',
    weight: I,
    meaning: 'this line belongs to another log: its origin differs from that of the first line',
  },
  SEQ_BROKEN: {
    check: 'seq',
    weight: I,
    meaning: 'the sequence number does not follow that of the line before',
  },
  GENESIS_RULE: {
    check: 'seq',
    weight: I,
    meaning: 'seq 0, a genesis event and a zero prev must stand together, and here they do not',
  },
  PARTIAL: {
    check: 'seq',
    weight: U,
    once: true,
    meaning: 'the evidence begins in the middle of a log: what stood before is not there',
  },
  EMPTY: {
    check: 'seq',
    weight: U,
    logWide: true,
    meaning: 'there are no receipts: nothing was shown',
  },
  HASH_MISMATCH: {
    check: 'hash',
    weight: I,
    meaning: 'the entry was changed after its hash was stated, or the stated hash was changed',
  },
  CHAIN_BROKEN: {
    check: 'prev',
    weight: I,
    meaning: 'lines between this one and the one before were removed, or one of the two was replaced',
  },
  CONTROL_SCHEMA: {
    check: 'control',
    weight: I,
    meaning:
      'a control entry (genesis, rotation, close, recovery, erasure, anchor) does not say exactly what its kind must say',
  },
  RECOVERY_MISMATCH: {
    check: 'control',
    weight: I,
    meaning: 'a recovery entry names other entries than those before it',
  },
  SIGNATURE_INVALID: {
    check: 'signatures',
    weight: I,
    meaning: 'a signature by a known key does not verify: the entry is not what the key signed',
  },
  KEY_RETIRED: {
    check: 'signatures',
    weight: I,
    meaning: 'a key signed this entry after a rotation had retired it',
  },
  UNTRUSTED_USE: {
    check: 'signatures',
    weight: I,
    meaning: 'the key is not trusted for this use',
  },
  SIGNATURE_MISSING: {
    check: 'requirement',
    weight: I,
    meaning: 'a signature that must be here is not: the entry may come from anyone who could write the file',
  },
  UNKNOWN_SIGNER: {
    check: 'requirement',
    weight: U,
    once: true,
    meaning: 'the signatures hold, but nothing from outside says whose keys these are: anyone can make such a log',
  },
  CLASSICAL_ONLY: {
    check: 'requirement',
    weight: U,
    once: true,
    meaning: 'only a classical signature (Ed25519) vouches here: a quantum computer could have forged it',
  },
  UNSIGNED_TAIL: {
    check: 'requirement',
    weight: U,
    once: true,
    meaning: 'these entries are chained but not yet signed: no checkpoint covers them',
  },
  REQUIREMENT_LOWERED: {
    check: 'requirement',
    weight: U,
    meaning:
      'from here on the log demands less than before: an algorithm was dropped, or entries are no longer signed one by one',
  },
  AFTER_CLOSE: {
    check: 'close',
    weight: I,
    meaning: 'the log was closed by a signed entry, and this line stands after it',
  },
  TIME_OUT_OF_WINDOW: {
    check: 'time',
    weight: I,
    meaning: 'the claimed time lies outside the window that was asked for',
  },
  CLOCK_BACKWARDS: {
    check: 'time',
    weight: N,
    meaning: 'the claimed time is earlier than that of the line before',
  },
  SEQUENCE_CLOSED: {
    check: 'time',
    weight: N,
    meaning: 'the entry names a sequence that an earlier entry closed',
  },
  PAYLOAD_MISMATCH: {
    check: 'payload',
    weight: I,
    meaning: 'a kept payload is not the one the entry committed to',
  },
  PAYLOAD_MISSING: {
    check: 'payload',
    weight: U,
    meaning: 'a payload that the entry committed to is gone, and no erasure entry says why',
  },
  ERASED: {
    check: 'payload',
    weight: N,
    meaning: 'a payload was erased, and an erasure entry says by whom and why',
  },
  DISPUTED: {
    check: 'gate',
    weight: I,
    meaning: 'the agent signed that it observed another outcome than the one recorded',
  },
  OUTCOME_MISMATCH: {
    check: 'gate',
    weight: I,
    meaning: 'an outcome does not match the decision it names',
  },
  AGENT_KEY_MISMATCH: {
    check: 'gate',
    weight: I,
    meaning: "a request or agreement is signed by another key than the agent's",
  },
  GATE_RULE: {
    check: 'gate',
    weight: I,
    meaning: 'what the gate claimed (freshness, nonce, order) does not recompute from the log',
  },
  OUTCOME_MISSING: {
    check: 'gate',
    weight: U,
    meaning: 'a call was allowed, and what came of it is not recorded',
  },
  KEY_REVOKED: {
    check: 'trust',
    weight: I,
    meaning: 'the signing key was revoked before this entry',
  },
  KEY_EXPIRED: {
    check: 'trust',
    weight: I,
    meaning: 'the signing key was no longer valid at the time of this entry',
  },
  TIME_UNPROVEN: {
    check: 'trust',
    weight: U,
    meaning: 'the key was later revoked, and nothing from outside proves that this entry is older than that',
  },
  TRUST_ROLLBACK: {
    check: 'trust',
    weight: I,
    meaning: 'an older trust bundle than the one already seen was given',
  },
  TAIL_TRUNCATED: {
    check: 'pin',
    weight: I,
    logWide: true,
    meaning: 'the log is shorter than what was remembered outside: entries were cut from the end',
  },
  TAIL_FORKED: {
    check: 'pin',
    weight: I,
    logWide: true,
    meaning: 'the log has another history than the one remembered outside',
  },
  PIN_UNCHECKED: {
    check: 'pin',
    weight: U,
    logWide: true,
    meaning: 'a given pin could not be compared: the line it speaks of is missing or unreadable',
  },
  CHECKPOINT_UNTRUSTED: {
    check: 'checkpoint',
    weight: U,
    logWide: true,
    meaning: 'a given checkpoint lacks the signatures that the requirement asks for, or one of them fails',
  },
  SCHEMA_NOTE: {
    check: 'notes',
    weight: N,
    meaning: 'an event has members of another kind than the event schema says',
  },
  UNKNOWN_TYPE: {
    check: 'notes',
    weight: N,
    meaning: 'an event has a type that this version does not know',
  },
  RECOVERED: {
    check: 'notes',
    weight: N,
    meaning: 'the log was reopened after a stop; a signed recovery entry names what was taken over',
  },
} as const satisfies Record<string, CodeInfo>;

/** A code of the closed list. */
export type Code = keyof typeof CODES;

const ORDER = new Map(Object.keys(CODES).map((code, i) => [code, i]));

/** @returns the place of a code in the order of checks. */
export function codeOrder(code: Code): number {
  return ORDER.get(code)!;
}

/** @returns what is known of a code, as one type. */
export function codeInfo(code: Code): CodeInfo {
  return CODES[code];
}

/** @returns whether `text` is a code of the closed list. */
export function isCode(text: string): text is Code {
  return ORDER.has(text);
}
