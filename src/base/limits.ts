/** Every size cap, with the reason beside it. Format caps are normative (format section 1); moving one moves the format. */

/** Entry bytes from `{"event"` to its `}`: format section 1. Keeps an entry within 1,024 SHA-256 blocks and 16-bit lengths. */
export const MAX_ENTRY_BYTES = 65_535;

/** A whole line without its LF: format section 1. The reader's buffer bound, so a hostile line cannot grow it. */
export const MAX_LINE_BYTES = 1_048_576;

/** Nesting of the event, the event itself being 1: format section 1. Bounds recursion in every reader. */
export const MAX_DEPTH = 64;

/** Signatures on a line: format section 1. */
export const MAX_SIGNATURES = 8;

/** Keys a requirement may name: format section 4. Equal to MAX_SIGNATURES, since each of them must sign. */
export const MAX_KEYS = 8;

/** `log`: format section 1. */
export const MAX_ORIGIN_CHARS = 200;

/** `alg` of a signature: format section 1. */
export const MAX_ALG_CHARS = 32;

/** `sig` of a signature in base64url characters: format section 1; room for SLH-DSA-SHA2-256f (49,856 bytes). */
export const MAX_SIG_CHARS = 66_475;

/** Closed sequences a verification remembers for SEQUENCE_CLOSED; beyond that the verdict says so. Keeps memory flat. */
export const MAX_CLOSED_SEQUENCES = 100_000;

/** Longer names of sequences are remembered by their hash: they may be as long as an entry, and so many of them would fill memory. */
export const MAX_REMEMBERED_NAME_BYTES = 64;

/** Problems listed in a verdict unless told otherwise; all are counted (cli.md). */
export const DEFAULT_MAX_PROBLEMS = 100;

/** Bytes of one write of a log and its fsync, unless one line is longer. Bounds how far from the end a torn write can begin. */
export const MAX_GROUP_BYTES = 4 * 1_048_576;

/** What a reopened writer checks of the log's end: the last group may be anywhere in twice its bound, the line before it too. */
export const RECOVERY_ZONE_BYTES = 2 * MAX_GROUP_BYTES;

/** A segment that has reached this gets a successor: small enough to copy and to search, large enough to be few. */
export const DEFAULT_SEGMENT_BYTES = 64 * 1_048_576;

/** Entries and bytes linked but not yet on disk; further appends wait. Four groups keep signers and disk busy. */
export const MAX_IN_FLIGHT_ENTRIES = 4_096;
export const MAX_IN_FLIGHT_BYTES = 4 * MAX_GROUP_BYTES;

/** Appends that wait for room; beyond it the caller is not listening to us and gets BACKPRESSURE. Bounds memory. */
export const MAX_WAITING_APPENDS = 65_536;

/** Entries that a log of batches puts under one checkpoint unless told otherwise: one ML-DSA-65 signature for some 20 bytes each. */
export const DEFAULT_CHECKPOINT_ENTRIES = 256;

/** Milliseconds after which it does so with fewer: how long a durable entry stays unsigned where nobody waits for it. */
export const DEFAULT_CHECKPOINT_MS = 1_000;

/** One read of a log file, and one chunk of its bytes. */
export const READ_CHUNK_BYTES = 1_048_576;

/** Signature lines of a note. C2SP signed-note asks for at least 16; a log of 8 keys with the witnesses of a large policy stays below. */
export const MAX_NOTE_SIGNATURES = 128;

/** A whole note: 128 lines of ML-DSA-65 with timestamps (4.5 KB each) and their names fit. Bounds what a stranger's file makes us read. */
export const MAX_NOTE_BYTES = 1_048_576;

/** Nodes of a Merkle path: C2SP tlog-witness says at most 63, and no tree of ours is higher than 53. */
export const MAX_PATH_HASHES = 63;

/** A stand-alone receipt: a checkpoint, and lines with the rotations before them. Bounds what a stranger's file makes us read. */
export const MAX_PROOF_BYTES = 16 * 1_048_576;

/** A witness policy: a few hundred keys of ML-DSA-65 in base64. C2SP tlog-policy asks for 32 logs, 32 witnesses and 32 groups. */
export const MAX_POLICY_BYTES = 1_048_576;

/** W of format section 9: how far a request's time may lie from the decision's, either way. A nonce is remembered for as long. */
export const GATE_WINDOW_MS = 300_000;

/** A request from further ahead is malformed (format section 9): its nonce would have to be remembered for as long. */
export const MAX_REQUEST_AHEAD_MS = 86_400_000;

/** The raw bytes of a request to a gate: what stands in an entry is smaller, params are kept beside it. Bounds a stranger's request. */
export const MAX_REQUEST_BYTES = 4 * 1_048_576;

/** Outcomes that an agreement or a dispute can still name, the newest ones: a hash and a kid each. */
export const MAX_DISPUTABLE_OUTCOMES = 65_536;

/** A policy of a gate: ten thousand rules fit. Bounds what a file makes us parse. */
export const MAX_GATE_POLICY_BYTES = 4 * 1_048_576;

/** Items of one wrapped stream or generator that are kept for its receipt; more are counted only. Bounds the memory of a call. */
export const MAX_KEPT_ITEMS = 10_000;

/** Bytes of one wrapped stream that are kept for its receipt; a stream of more is counted only. Bounds the memory of a call. */
export const MAX_KEPT_STREAM_BYTES = 1_048_576;

/** Values looked at in the arguments or the result of one wrapped call; the rest is said to be left out. Bounds the time it takes. */
export const MAX_DESCRIBED_VALUES = 100_000;

/** Depth to which they are looked at: an event is at most 64 deep, and they stand three levels below it. */
export const MAX_DESCRIBED_DEPTH = 48;
