import { concatBytes, isWellFormed, utf8 } from '../base/bytes.ts';
import type { Sha256Hex } from '../crypto/hash.ts';
import { canonicalBytes } from './canonical.ts';
import type { Json } from './json.ts';

/** Members of an event that may stand as a commitment to a payload kept beside the log. */
export const PAYLOAD_MEMBERS = ['params', 'result', 'error'] as const;
export type PayloadMember = (typeof PAYLOAD_MEMBERS)[number];

/** How a payload became bytes: RFC 8785, UTF-8, or as received. Part of the label, so bytes of one form never pass as another. */
export const PAYLOAD_FORMS = ['json', 'text', 'bytes'] as const;
export type PayloadForm = (typeof PAYLOAD_FORMS)[number];

/** Salt of a commitment: as many bytes as the hash, fresh for each, so that a commitment tells nothing about a guessable payload. */
export const SALT_BYTES = 32;

/** 0x02 keeps commitments apart from leaf (0x00) and node (0x01) hashes. */
const PREFIX = concatBytes(Uint8Array.of(0x02), utf8('perdure/commit/v1'), Uint8Array.of(0x00));
const ZERO = Uint8Array.of(0x00);

/**
 * Commit to a payload:
 *
 *     SHA-256(0x02 ‖ "perdure/commit/v1" ‖ 0x00 ‖ <member> "/" <form> ‖ 0x00 ‖ salt ‖ payload)
 *
 * @param salt 32 bytes, fresh for each commitment; only read. @param payload as payloadBytes made it; only read.
 * @returns 64 lower-case hex. @throws RangeError on another salt length. @see format section 4
 */
export function commit(
  member: PayloadMember,
  form: PayloadForm,
  payload: Uint8Array,
  salt: Uint8Array,
  sha256Hex: Sha256Hex,
): string {
  if (salt.length !== SALT_BYTES)
    throw new RangeError(`commit: expected ${SALT_BYTES} bytes of salt, got ${salt.length}`);
  return sha256Hex(concatBytes(PREFIX, utf8(`${member}/${form}`), ZERO, salt, payload));
}

/**
 * Turn a payload into bytes: a Uint8Array as it is (form `bytes`), a string as UTF-8 (`text`), anything else as RFC 8785 (`json`).
 * @returns form and bytes; the bytes of a Uint8Array are the argument itself. @throws ReceiptError NOT_REPRESENTABLE.
 */
export function payloadBytes(value: Json | Uint8Array): { readonly form: PayloadForm; readonly bytes: Uint8Array } {
  if (value instanceof Uint8Array) return { form: 'bytes', bytes: value };
  if (typeof value !== 'string') return { form: 'json', bytes: canonicalBytes(value) };
  if (!isWellFormed(value)) canonicalBytes(value); // says so: UTF-8 would silently replace lone surrogates
  return { form: 'text', bytes: utf8(value) };
}

/** Form a payload file: 32 bytes of salt, then the payload. @returns fresh bytes. */
export function payloadFile(salt: Uint8Array, payload: Uint8Array): Uint8Array {
  if (salt.length !== SALT_BYTES)
    throw new RangeError(`payloadFile: expected ${SALT_BYTES} bytes of salt, got ${salt.length}`);
  return concatBytes(salt, payload);
}

/** A payload that a commitment holds for. */
export interface MatchedPayload {
  readonly form: PayloadForm;
  readonly salt: Uint8Array;
  readonly payload: Uint8Array;
}

/**
 * Find how a kept payload became bytes, and so prove that it is what was committed to. The form is not written down anywhere: the
 * three labels are tried, and the one that matches tells it.
 * @param commitment 64 lower-case hex, as the entry states it. @param kept salt and payload as they were read; only read.
 * @returns null when it is something else: changed, cut, or another member's.
 */
export function formOfPayload(
  member: PayloadMember,
  commitment: string,
  kept: { readonly salt: Uint8Array; readonly payload: Uint8Array },
  sha256Hex: Sha256Hex,
): PayloadForm | null {
  const { salt, payload } = kept;
  return PAYLOAD_FORMS.find((form) => commit(member, form, payload, salt, sha256Hex) === commitment) ?? null;
}

/** The same for a whole payload file, salt ‖ payload. @returns views into `file`, or null. */
export function matchPayload(
  file: Uint8Array,
  member: PayloadMember,
  commitment: string,
  sha256Hex: Sha256Hex,
): MatchedPayload | null {
  if (file.length < SALT_BYTES) return null;
  const kept = { salt: file.subarray(0, SALT_BYTES), payload: file.subarray(SALT_BYTES) };
  const form = formOfPayload(member, commitment, kept, sha256Hex);
  return form === null ? null : { form, ...kept };
}
