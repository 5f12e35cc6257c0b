import type { Code } from './codes.ts';

/** What `perdure explain CODE` adds to a code's meaning. */
export interface Explanation {
  /** How it comes about. */
  readonly how: string;
  /** What to do next. */
  readonly todo: string;
}

/** One explanation a code; kept out of codes.ts so that a verifier in a browser does not carry the prose. */
export const EXPLANATIONS: Readonly<Record<Code, Explanation>> = {
  MALFORMED: {
    how: 'A byte of the line was changed, added or removed; a tool re-wrote the file (CRLF, indentation, a byte order mark); or the line never was a receipt.',
    todo: 'Look at the named byte. Compare with another copy of the log; never re-save a log with an editor.',
  },
  NOT_CANONICAL: {
    how: 'A tool parsed and re-serialised the event (member order, spaces, number or escape spelling), or members were duplicated or smuggled in.',
    todo: 'Compare with another copy. The named byte is the first that RFC 8785 would write differently.',
  },
  TOO_LARGE: {
    how: 'No writer of this format makes such a line: limits are 65,535 bytes an entry, 1 MiB a line, nesting of 64.',
    todo: 'Treat the line as foreign. Compare with another copy of the log.',
  },
  TORN_TAIL: {
    how: 'A crash, a full disk or a copy made during a write leaves bytes without a line end. Cutting the file by hand does too.',
    todo: 'Open the log for writing once: whole entries are kept, torn bytes are set aside and named in a signed recovery entry.',
  },
  VERSION_MIXED: {
    how: 'A log never changes its version: an upgrade closes it and starts another. The line comes from elsewhere or was changed.',
    todo: 'Compare with another copy of the log.',
  },
  UNSUPPORTED_VERSION: {
    how: 'A newer Perdure wrote it. Nothing says that it was tampered with: only its form was judged.',
    todo: 'Verify with a release that knows this version.',
  },
  WRONG_LOG: {
    how: 'Lines of two logs were mixed, or the origin was changed.',
    todo: 'Verify each log by itself; compare with another copy.',
  },
  SEQ_BROKEN: {
    how: 'Lines were removed, inserted, repeated or moved between here and the line before.',
    todo: 'Look for the missing numbers in another copy of the log.',
  },
  GENESIS_RULE: {
    how: 'A first line was forged or changed, or a later line poses as a beginning.',
    todo: 'Compare with another copy; pin the true beginning with --expect-genesis.',
  },
  PARTIAL: {
    how: 'Only a part was exported, or the beginning was cut off.',
    todo: 'Verify the whole log, or have the part proven by a checkpoint.',
  },
  EMPTY: {
    how: 'The log was never written to, or all of it was removed.',
    todo: 'Check the path. If receipts are expected, say so with --min-size or --expect-head.',
  },
  HASH_MISMATCH: {
    how: 'Any edit of event, id, time, seq, prev or origin without recomputing the hash.',
    todo: 'Compare this line with another copy of the log.',
  },
  CHAIN_BROKEN: {
    how: 'Deleting, inserting, reordering or replacing lines breaks the link of the next line.',
    todo: 'Look at both lines; find the missing ones in another copy of the log.',
  },
  CONTROL_SCHEMA: {
    how: 'Another writer made it, or it was forged.',
    todo: 'Look at the named member. Its keys and rules are not followed.',
  },
  RECOVERY_MISMATCH: {
    how: 'Entries were removed or added around a restart, or the recovery entry was moved.',
    todo: 'Compare with another copy of the log.',
  },
  SIGNATURE_INVALID: {
    how: 'The entry was changed and its hashes recomputed, the signature was changed or moved from another line, or another algorithm is claimed for the key.',
    todo: 'Treat the entry as forged. Compare with another copy of the log.',
  },
  KEY_RETIRED: {
    how: 'A retired key was kept in use, or someone who holds it adds entries.',
    todo: 'Find out who still holds the old key.',
  },
  UNTRUSTED_USE: {
    how: 'The trust bundle limits the key to other contexts.',
    todo: 'Ask who runs the trust bundle, or find out why the key was used here.',
  },
  SIGNATURE_MISSING: {
    how: 'Signatures were stripped, or someone without the key added the line.',
    todo: 'Compare with another copy of the log.',
  },
  UNKNOWN_SIGNER: {
    how: 'No --key or trust bundle was given, or those given did not sign here.',
    todo: 'Get the public key or its kid from its owner by another way and give it with --key.',
  },
  CLASSICAL_ONLY: {
    how: 'The outside key is an Ed25519 key.',
    todo: 'Give the ML-DSA-65 key with --key, or accept this with --allow-classical.',
  },
  UNSIGNED_TAIL: {
    how: 'A batch log signs when a checkpoint is made; the last entries wait for the next one.',
    todo: 'Make a checkpoint, or accept this with --allow-unsigned-tail.',
  },
  REQUIREMENT_LOWERED: {
    how: 'A rotation signed by the old keys lowered the rules. That may be a decision, or a thief of the old key.',
    todo: 'Have the owner state the lowering in a trust bundle.',
  },
  AFTER_CLOSE: {
    how: 'Someone wrote on after the close.',
    todo: 'Find out who. What stands before the close is judged by itself.',
  },
  TIME_OUT_OF_WINDOW: {
    how: 'The entry is older or newer than --not-before and --not-after allow, or its clock was wrong.',
    todo: 'Widen the window, or look at the entry.',
  },
  CLOCK_BACKWARDS: {
    how: 'The machine set its clock back. Order comes from the chain, not from claimed times.',
    todo: 'Nothing, unless times matter here.',
  },
  SEQUENCE_CLOSED: {
    how: 'An agent went on after its sequence was closed. The gate refuses that; a recorder does not.',
    todo: 'Look at the entry.',
  },
  PAYLOAD_MISMATCH: {
    how: 'The payload file was changed or exchanged.',
    todo: 'Restore the payload from another copy.',
  },
  PAYLOAD_MISSING: {
    how: 'The payload file was deleted or not copied along.',
    todo: 'Restore it from another copy.',
  },
  ERASED: {
    how: 'A right to erasure was exercised. Chain and signatures are untouched.',
    todo: 'Nothing.',
  },
  DISPUTED: {
    how: 'Agent and gate disagree about what happened.',
    todo: "Read both entries; ask the tool's own records.",
  },
  OUTCOME_MISMATCH: {
    how: 'The outcome belongs to another decision, or one of the two was forged.',
    todo: 'Read both entries.',
  },
  AGENT_KEY_MISMATCH: {
    how: 'Another agent signed, or the identity was exchanged.',
    todo: 'Find out which key belongs to the agent.',
  },
  GATE_RULE: {
    how: 'The gate was faulty or bypassed, or entries were forged.',
    todo: 'Read the entries around this one.',
  },
  OUTCOME_MISSING: {
    how: 'The gate stopped between the call and its record.',
    todo: "Ask the tool's own records.",
  },
  KEY_REVOKED: {
    how: 'The trust bundle names the key as compromised or revoked from an earlier time.',
    todo: 'Treat the entry as possibly forged.',
  },
  KEY_EXPIRED: {
    how: 'A key was used after its end, or before its beginning.',
    todo: 'Ask its owner.',
  },
  TIME_UNPROVEN: {
    how: "Only the signer's own clock dates the entry.",
    todo: 'Give a checkpoint that a witness cosigned before the revocation.',
  },
  TRUST_ROLLBACK: {
    how: 'An outdated copy, or an attempt to bring a revoked key back.',
    todo: 'Use the newest trust bundle.',
  },
  TAIL_TRUNCATED: {
    how: 'The end was cut off, an old copy was put back, or the pin belongs to another log.',
    todo: 'Find the newest copy. What is here is a beginning of the log, not all of it.',
  },
  TAIL_FORKED: {
    how: 'Entries were replaced after the pin was taken, or the pin belongs to another log.',
    todo: 'Find the copy that matches the pin. Two histories exist: someone rewrote one.',
  },
  PIN_UNCHECKED: {
    how: 'The pinned line does not parse, or the evidence does not begin at the beginning.',
    todo: 'Verify a whole copy of the log.',
  },
  CHECKPOINT_UNTRUSTED: {
    how: 'It was signed by other keys than those the log names there, lacks the signature of one of them, or was changed.',
    todo: 'Get the checkpoint again from where it was kept, and give the key of the log with --key. One in the log folder is only as good as the folder.',
  },
  SCHEMA_NOTE: {
    how: 'Another writer, or an older or newer one. Its bytes are signed all the same.',
    todo: 'Nothing, unless you read the members by name.',
  },
  UNKNOWN_TYPE: {
    how: 'A newer writer, or one of your own types. Its bytes are signed all the same.',
    todo: 'Nothing.',
  },
  RECOVERED: {
    how: 'A crash, or a batch log that was closed before a checkpoint covered its end.',
    todo: 'Nothing, unless the named entries matter: until the recovery entry nobody had signed for them.',
  },
};
