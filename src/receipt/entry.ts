import { concatBytes, setAscii, utf8 } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { MAX_ENTRY_BYTES, MAX_ORIGIN_CHARS } from '../base/limits.ts';
import type { Sha256Hex } from '../crypto/hash.ts';

/** The frame around an event: where and when it stands in which log. */
export interface Frame {
  /** UUID version 7, lower case. Its timestamp is no claim. */
  readonly id: string;
  /** Origin of the log. */
  readonly log: string;
  /** `hash` stated by the entry before, 64 hex; zeros at seq 0. */
  readonly prev: string;
  /** 0 … 2^53−1, one more than the entry before. */
  readonly seq: number;
  /** Exactly what `Date.toISOString` prints, years 1970 to 9999. */
  readonly time: string;
}

/** `prev` of seq 0. */
export const ZERO_HASH = '0'.repeat(64);

/** The only `v` this format writes. */
export const FORMAT_VERSION = 1;

/** 1–200 of `A-Z a-z 0-9 . _ ~ / : -`, first a letter or digit (format section 1). */
export const ORIGIN_PATTERN = new RegExp(`^[A-Za-z0-9][A-Za-z0-9._~/:-]{0,${MAX_ORIGIN_CHARS - 1}}$`);

const OPEN = utf8('{"event":');

/**
 * Form the entry bytes: the exact bytes that are hashed and signed, the only place that says which.
 *
 *     {"event":{…},"id":"<uuid7>","log":"<origin>","prev":"<64 hex>","seq":<n>,"time":"<ISO>","v":1}
 *
 * Hash: SHA-256(0x00 ‖ these bytes). Signature: over these bytes under context `perdure/entry/v1`.
 * @param event RFC 8785 bytes of one object (canonicalBytes), only read. @param frame trusted: the chain made it.
 * @returns fresh bytes. @throws ReceiptError ENTRY_TOO_LARGE above 65,535 bytes.
 */
export function entryBytes(event: Uint8Array, frame: Frame): Uint8Array {
  const { id, log, prev, seq, time } = frame;
  const tail = `,"id":"${id}","log":"${log}","prev":"${prev}","seq":${seq},"time":"${time}","v":${FORMAT_VERSION}}`;
  const length = OPEN.length + event.length + tail.length;
  if (length > MAX_ENTRY_BYTES) {
    throw new ReceiptError('ENTRY_TOO_LARGE', `entry: expected at most ${MAX_ENTRY_BYTES} bytes, got ${length}`, {
      expected: `at most ${MAX_ENTRY_BYTES} bytes`,
      found: `${length} bytes`,
      next: ['keep large params and results as commitments (payload: keep), not inline'],
    });
  }
  const out = new Uint8Array(length);
  out.set(OPEN);
  out.set(event, OPEN.length);
  setAscii(out, OPEN.length + event.length, tail);
  return out;
}

/** 0x00 ‖ room for an entry, so that hashing one allocates nothing; hashing is synchronous, so one is enough. */
const leaf = new Uint8Array(1 + MAX_ENTRY_BYTES);

/** Hash entry bytes. @returns SHA-256(0x00 ‖ entry), 64 hex: the chain hash and the Merkle leaf hash at once. @see RFC 9162 section 2.1.1 */
export function entryHash(entry: Uint8Array, sha256Hex: Sha256Hex): string {
  if (entry.length > MAX_ENTRY_BYTES) return sha256Hex(concatBytes(Uint8Array.of(0), entry));
  leaf.set(entry, 1);
  return sha256Hex(leaf.subarray(0, 1 + entry.length));
}
