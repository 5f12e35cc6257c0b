import type { ErrorCode } from '../base/errors.ts';
import type { Explanation } from '../verify/explain.ts';

/** What `perdure explain` says about an error: what it means, how it comes about, what to do. */
export interface ErrorExplanation extends Explanation {
  readonly meaning: string;
}

/** One explanation a code. */
export const ERROR_EXPLANATIONS: Readonly<Record<ErrorCode, ErrorExplanation>> = {
  NOT_JSON: {
    meaning: 'the input is not JSON, or not the strict JSON that can become evidence',
    how: 'A syntax error; a name twice in an object; an integer that doubles cannot hold; nesting above 64; a byte order mark; several lines that are no JSON Lines.',
    todo: 'Look at the named line and byte. Bring other forms into one object a line with jq -c .; write large integers as strings.',
  },
  NOT_CANONICAL: {
    meaning: 'bytes that must be RFC 8785 are JSON in another spelling',
    how: 'They were written by a tool with other rules: order of members, spaces, numbers, escapes.',
    todo: 'Pass them through perdure canonicalize.',
  },
  NOT_REPRESENTABLE: {
    meaning: 'the event holds something that JSON cannot say',
    how: 'undefined, a function, a bigint, a Map, a Date, NaN, a lone surrogate, or a cycle; or a member that could not be read.',
    todo: 'Look at the named member; turn it into text or numbers before it is recorded.',
  },
  EVENT_SCHEMA: {
    meaning: 'the event breaks the schema of events, so nothing was written',
    how: 'An unknown member, a value of another kind, an unknown type, or an entry that only the log itself writes.',
    todo: 'Look at the named fields. What has no member of its own goes under data.',
  },
  ENTRY_TOO_LARGE: {
    meaning: 'the entry would be above 65,535 bytes, so nothing was written',
    how: 'A large payload written into the entry (--payload inline), or much under data.',
    todo: 'Commit to payloads instead: --payload keep or discard.',
  },
  LINE_MALFORMED: {
    meaning: 'a line is not a receipt',
    how: 'It was changed, cut or written by something else.',
    todo: 'Verify the log: perdure verify names every such line.',
  },
  ORIGIN_INVALID: {
    meaning: 'the name of a log is not one',
    how: 'It is empty or too long, or has characters other than A-Z a-z 0-9 . _ ~ / : -.',
    todo: 'Use a name as example.com/audit.',
  },
  CHECKPOINT_MALFORMED: {
    meaning: 'a file is not a checkpoint, or not one in its only spelling',
    how: 'Another file, one that was cut, edited or sent through something that changes line ends or spaces; or a checkpoint with extension lines, which logs of perdure never write.',
    todo: 'Get it again from where it came, byte for byte.',
  },
  CHECKPOINT_OF_OTHER_LOG: {
    meaning: 'the checkpoint speaks of another log than the one that is verified',
    how: 'Each log has an origin of its own, which its first line and its checkpoints state; these two differ.',
    todo: 'Give the checkpoint of this log, or verify the log of this checkpoint.',
  },
  PROOF_MALFORMED: {
    meaning: 'a file is not a stand-alone receipt or a .tlog-proof, or not one in its only spelling',
    how: 'Another file, one that was cut or edited, or a .tlog-proof that was made by another tool and carries no receipt.',
    todo: 'Get it again from where it came, byte for byte; perdure prove makes them.',
  },
  POLICY_MALFORMED: {
    meaning: 'a file is not a policy: of a gate, or of witnesses as C2SP tlog-policy has it',
    how: 'Of a gate: YAML that does not parse, an unknown member, a condition of another kind, an id used twice. Of witnesses: a line of another form, a name used before it is defined or twice, no quorum line.',
    todo: 'Look at the named line. `perdure policy check` lists every breach of a gate’s policy; one of witnesses names logs, witnesses and groups, each before it is used, and exactly one quorum.',
  },
  WITNESS_REFUSED: {
    meaning: 'a witness did not cosign the checkpoint',
    how: 'It remembers a larger tree or another root for this log, so the log was cut, restored from an older copy, or forked; or it does not know the log or its key; or it answered with cosignatures of nobody known.',
    todo: 'Where it remembers more than the log has, keep the log as it is and compare it with other copies. Else ask its operator to add the key of the log, or give the key of the witness.',
  },
  GATE_UNARMED: {
    meaning: 'a gate did not arm: its policy refuses nothing',
    how: 'The policy allows whatever it is asked, or an empty one was loaded. A gate that could not refuse a call would only look like a guard.',
    todo: 'Set `default: deny` in the policy and allow what is needed; `perdure policy test` shows what it answers.',
  },
  GATE_DISARMED: {
    meaning: 'a gate decides nothing more',
    how: 'It was closed, or an entry that it had decided by could not be signed or written, so what it knows may differ from what the log holds.',
    todo: 'Run nothing. Mend what the cause names (the disk, the signer), then open the gate again: it reads what the log holds.',
  },
  GATE_REFUSED: {
    meaning: 'a gate did not allow a call, and it was not run',
    how: 'The policy forbids it, or its nonce was spent, its sequence is closed, halted or out of order, or its time is too far from the gate’s. The code says which.',
    todo: 'Look at the decision in the log. A corrected request needs a nonce of its own; a halted sequence needs a signed approval.',
  },
  OUTCOME_LATE: {
    meaning: 'an outcome came for a call that has one already',
    how: 'The call was completed before, or given up as abandoned when its time ran out.',
    todo: 'Nothing was recorded. Where calls take longer, open the gate with a larger outcomeTimeoutMs.',
  },
  OUTCOME_UNKNOWN: {
    meaning: 'a retry came for a call of which nobody knows yet how it ended',
    how: 'The first call is still running, or its process died between the call and its record.',
    todo: 'It was not run again. Look whether the tool has done its work; then ask with a fresh nonce if it must be done.',
  },
  OUTCOME_RECORDED: {
    meaning: 'a retry came for a call whose result cannot be given back',
    how: 'The first call failed, or its result was not kept beside the log.',
    todo: 'It was not run again. Read the recorded outcome; ask with a fresh nonce if it must be done again.',
  },
  UNKNOWN_DECISION: {
    meaning: 'an outcome names a decision that this log does not have, or that allowed nothing',
    how: 'The receipt is of another log or of a refusal.',
    todo: 'Pass the receipt that the gate returned for this call.',
  },
  STATEMENT_REFUSED: {
    meaning: 'an agreement, dispute or approval was not recorded',
    how: 'It is for another log, about an outcome that is not there, over, or signed by a key that does not speak for the one it names.',
    todo: 'Sign it with the key that the gate knows of the agent, or that the policy names for the approver.',
  },
  KEY_MALFORMED: {
    meaning: 'a key cannot be read, or is a bad one',
    how: 'A damaged file, a wrong length, a form that is none of ours, or an Ed25519 key of small or mixed order, which nobody honest makes.',
    todo: 'Get the key again from its owner; take JWK, SPKI (PEM or DER) or raw bytes.',
  },
  KEY_MISMATCH: {
    meaning: 'the parts of a key belong to different keys',
    how: 'A file was put together wrongly or changed: its public half, kid, seed or expanded form disagree.',
    todo: 'Do not use it. Get the key again from where it was made.',
  },
  KEY_NOT_FOUND: {
    meaning: 'no such key',
    how: 'A name that is not in the keystore, no file of that name, or another keystore folder.',
    todo: 'perdure key list; give --keys DIR for another folder.',
  },
  KEY_EXISTS: {
    meaning: 'the name of the new key is taken',
    how: 'A key of that name is there already; keys are never overwritten.',
    todo: 'Choose another name.',
  },
  KEY_FILE_MODE: {
    meaning: 'a key file or its folder is open to others, so it is refused',
    how: 'Looser modes than 0600 (file) and 0700 (folder), another owner, or a symbolic link.',
    todo: 'Ask who may have read it; then chmod 600 the file, chmod 700 the folder; make a new key if in doubt.',
  },
  KEY_UNSUITABLE: {
    meaning: 'the key is not one for this use',
    how: 'A public key where a secret one is needed, or keys other than exactly those that the log asks for.',
    todo: 'Give the keys that the message names.',
  },
  PASSPHRASE_NEEDED: {
    meaning: 'a key is guarded by a passphrase and there is none',
    how: 'Standard input is no terminal, and no variable gives the passphrase.',
    todo: 'Set PERDURE_PASSPHRASE, PERDURE_PASSPHRASE_FILE or PERDURE_PASSPHRASE_COMMAND, or run it in a terminal. For a new key, --plain keeps it without one.',
  },
  PASSPHRASE_WRONG: {
    meaning: 'the passphrase does not open the key',
    how: 'Another passphrase, or a key file that was changed: nobody can tell the two apart.',
    todo: 'Try again; restore the key file from a copy.',
  },
  ENGINE_UNAVAILABLE: {
    meaning: 'the engine that was asked for is not here',
    how: 'This Node has no ML-DSA-65 in node:crypto (24.7 and later have it), or this version of perdure has no such engine.',
    todo: 'Leave --engine out, or take --engine noble; perdure doctor lists engines.',
  },
  ENGINES_DISAGREE: {
    meaning: 'two engines gave different answers about one signature',
    how: 'One of them is faulty, or memory is.',
    todo: 'Keep the input and report it. Trust neither answer.',
  },
  UNSUPPORTED: {
    meaning: 'this version cannot do that',
    how: 'Another algorithm or key form, or waiting for a signature in a batch log, which comes with checkpoints.',
    todo: 'Look at what the message expected.',
  },
  SIGN_FAILED: {
    meaning: 'signing failed, so the entry was not written',
    how: 'The home of the key (a thread, a device, a service) failed or was closed.',
    todo: 'Entries acknowledged before are safe. Open the log again and repeat what was not acknowledged.',
  },
  LOG_NOT_FOUND: {
    meaning: 'there is no log',
    how: 'A wrong path, a folder that is no log, or a log that was never started.',
    todo: 'Check the path; start one with perdure init.',
  },
  LOG_EXISTS: {
    meaning: 'there is a log already',
    how: 'The folder given to init holds receipts.',
    todo: 'Append to it, or choose another folder.',
  },
  LOG_LOCKED: {
    meaning: 'another process writes to this log',
    how: 'One writer at a time. A lock that a crashed process left is taken over by itself.',
    todo: 'Wait for the other writer, or record through it.',
  },
  LOG_CLOSED: {
    meaning: 'the log takes no more entries',
    how: 'A signed close entry ended it, or a write failed before, after which a writer closes for good.',
    todo: 'After a failed write: open it again, which recovers. After a close entry: start a new log.',
  },
  LOG_DAMAGED: {
    meaning: 'the log on disk is not as a log must be',
    how: 'Lines or log.json were changed, cut or lost.',
    todo: 'perdure verify names what is wrong. Keep the folder as it is, and look for another copy.',
  },
  LOG_READ_ONLY: {
    meaning: 'the log was opened for reading',
    how: 'No signer was given.',
    todo: 'Open it with its signers.',
  },
  ENTRY_NOT_FOUND: {
    meaning: 'no entry has that seq or id',
    how: 'A typing error, another log, or the entry is gone.',
    todo: 'perdure log lists what is there; perdure verify says whether something is missing.',
  },
  PAYLOAD_NOT_FOUND: {
    meaning: 'the payload is not kept here, so nothing could be proven about it',
    how: 'It was discarded when it was recorded, erased, or not copied along.',
    todo: 'Look for payloads/ in another copy of the log.',
  },
  PAYLOAD_MISMATCH: {
    meaning: 'the kept payload is not the one that was committed to',
    how: 'The payload file was changed or exchanged.',
    todo: 'Restore it from another copy. The entry itself is untouched.',
  },
  BACKPRESSURE: {
    meaning: 'too many appends wait at once',
    how: 'Events are handed over faster than they can be signed and written, and nobody waits for the answers.',
    todo: 'Await appends; record in batches.',
  },
  ABORTED: {
    meaning: 'the work was stopped before its end',
    how: 'The caller aborted it.',
    todo: 'Run it again.',
  },
  WORKER_FAILED: {
    meaning: 'a thread that verified a part of the evidence ended before it was done',
    how: 'It was killed, ran out of memory, or could not be started here. No verdict was formed without its part.',
    todo: 'Run it again with --workers 1; if that works, report it.',
  },
  SHARD_MALFORMED: {
    meaning: 'a file is not what perdure verify --shard --json printed',
    how: 'Another file, one that was cut off or edited, or what a run without --json printed.',
    todo: 'Make that shard again. Look at the path in the file that the message names.',
  },
  SHARDS_DIFFER: {
    meaning: 'these shards are not all parts of one verification',
    how: 'One is missing or there twice; or they were made of another log, of the same log at another size, with other options or keys, or by another version.',
    todo: 'Make those shards again that differ, all with one command line, of a log that nobody appends to meanwhile.',
  },
  IO: {
    meaning: 'the system failed to read or write',
    how: 'No permission, a full disk, a missing folder, a device that failed.',
    todo: "Look at the system's code in the message. What was acknowledged is on disk.",
  },
  USAGE: {
    meaning: 'the command line does not say what to do',
    how: 'A missing or unknown verb, argument or option, or a value of another form.',
    todo: 'perdure VERB --help.',
  },
  INTERRUPTED: {
    meaning: 'interrupted from the keyboard',
    how: 'Ctrl-C, or SIGINT from elsewhere.',
    todo: 'Run it again. What append acknowledged is recorded.',
  },
  INTERNAL: {
    meaning: 'a fault in perdure itself',
    how: 'A case that nobody thought of.',
    todo: 'Run it again with PERDURE_DEBUG=1 to see where it happened, and report it.',
  },
};
