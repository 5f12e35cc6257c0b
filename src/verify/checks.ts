import { decodeBase64url } from '../base/bytes.ts';
import { MAX_LINE_BYTES } from '../base/limits.ts';
import type { Sha256Hex } from '../crypto/hash.ts';
import { KEY_SIZES, type PublicKey } from '../crypto/public-key.ts';
import { CONTEXTS, type Verifier } from '../crypto/verifier.ts';
import { ZERO_HASH } from '../receipt/entry.ts';
import type { LineView, SignatureView } from '../receipt/scan.ts';
import type { Edge, Finding, Spot } from './summary.ts';

/** Whether a range of the buffer says exactly `text` (ASCII). */
export function says(buf: Uint8Array, begin: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (buf[begin + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** Whether two ranges of one buffer hold the same bytes. */
export function same(buf: Uint8Array, a: number, b: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (buf[a + i] !== buf[b + i]) return false;
  return true;
}

/** Whether two scanned lines of one buffer state the same origin and version. */
export function sameLogAndVersion(buf: Uint8Array, a: LineView, b: LineView): boolean {
  const vLength = b.vEnd - b.vBegin;
  const logLength = b.logEnd - b.logBegin;
  return (
    vLength === a.vEnd - a.vBegin &&
    logLength === a.logEnd - a.logBegin &&
    same(buf, a.vBegin, b.vBegin, vLength) &&
    same(buf, a.logBegin, b.logBegin, logLength)
  );
}

/** Whether the instant at `a` is later than the one at `b`: as text, since both have the one spelling. */
export function isLater(buf: Uint8Array, a: number, b: number): boolean {
  for (let i = 0; i < 24; i++) {
    const diff = buf[a + i]! - buf[b + i]!;
    if (diff !== 0) return diff > 0;
  }
  return false;
}

/** The text of an ASCII range. */
export function ascii(buf: Uint8Array, begin: number, end: number): string {
  return String.fromCharCode.apply(null, buf.subarray(begin, end) as unknown as number[]);
}

/** seq 0 ⇔ genesis event ⇔ zero prev: all three, or none. */
export function keepsGenesisRule(buf: Uint8Array, view: LineView, isGenesis: boolean): boolean {
  const isFirst = view.seq === 0;
  return isFirst === isGenesis && isFirst === says(buf, view.prevBegin, ZERO_HASH);
}

/** @returns which of the three stand on a line, in words. */
export function genesisParts(buf: Uint8Array, view: LineView, isGenesis: boolean): string {
  const zero = says(buf, view.prevBegin, ZERO_HASH);
  return `seq ${view.seq}, ${isGenesis ? 'a' : 'no'} genesis event, ${zero ? 'zero' : 'other'} prev`;
}

/**
 * Compute the hash of a scanned line. The byte before the entry (the colon of `"entry":`) is set to 0x00 while the hash runs, so
 * that prefix and entry are one run of bytes, and set back after.
 * @returns 64 hex.
 */
export function computedHash(buf: Uint8Array, entryBegin: number, entryEnd: number, sha256Hex: Sha256Hex): string {
  const prefix = entryBegin - 1;
  buf[prefix] = 0x00;
  const hash = sha256Hex(buf.subarray(prefix, entryEnd));
  buf[prefix] = 0x3a;
  return hash;
}

/**
 * Whether a signature by a known key holds: the key's algorithm, its width, and the signature itself over the entry bytes.
 * @param buf the buffer of the line, unchanged until the answer is there.
 */
export function signatureHolds(
  buf: Uint8Array,
  entryBegin: number,
  entryEnd: number,
  sig: SignatureView,
  key: PublicKey,
  verifier: Verifier,
): boolean | Promise<boolean> {
  if (sig.algEnd - sig.algBegin !== key.alg.length || !says(buf, sig.algBegin, key.alg)) return false;
  const signature = decodeBase64url(buf, sig.sigBegin, sig.sigEnd);
  if (signature === null || signature.length !== KEY_SIZES[key.alg].signature) return false;
  return verifier.verify(key, buf.subarray(entryBegin, entryEnd), signature, CONTEXTS.entry);
}

/**
 * Say what is wrong with the form of a line. Of one above the cap only its size is said, since the line may be at hand or not.
 * @param view of a scan that failed, unless the line is above the cap. @param sizeBytes of the line, LF excluded.
 */
export function formFault(
  buf: Uint8Array,
  view: LineView,
  begin: number,
  sizeBytes: number,
): Pick<Finding, 'code' | 'expected' | 'found'> {
  if (sizeBytes > MAX_LINE_BYTES) {
    return { code: 'TOO_LARGE', expected: `a line of at most ${MAX_LINE_BYTES} bytes`, found: `${sizeBytes} bytes` };
  }
  return {
    code: view.code!,
    expected: `${view.expected} at byte ${view.at - begin} of the line`,
    found: `0x${buf[view.at]!.toString(16).padStart(2, '0')}`,
  };
}

/** Whether a claimed time lies in the half-open window [from, until); null leaves that side open. */
export function isInWindow(time: string, from: string | null, until: string | null): boolean {
  return (from === null || time >= from) && (until === null || time < until);
}

/** @returns what is wrong with the claimed time of a line, null when nothing is: it lies in the window, or there is none. */
export function windowFault(
  buf: Uint8Array,
  timeBegin: number,
  { notBefore, notAfter }: { readonly notBefore: string | null; readonly notAfter: string | null },
): { readonly expected: string; readonly found: string } | null {
  if (notBefore === null && notAfter === null) return null;
  const found = ascii(buf, timeBegin, timeBegin + 24);
  if (isInWindow(found, notBefore, notAfter)) return null;
  return { expected: `from ${notBefore ?? 'any time'} until before ${notAfter ?? 'any time'}`, found };
}

/** @returns what the neighbours of a scanned line must fit. @param spot where it stands in its run. */
export function edgeOf(buf: Uint8Array, view: LineView, spot: Spot): Edge {
  return {
    spot,
    seq: view.seq,
    hash: ascii(buf, view.hashBegin, view.hashBegin + 64),
    prev: ascii(buf, view.prevBegin, view.prevBegin + 64),
    time: ascii(buf, view.timeBegin, view.timeBegin + 24),
    v: ascii(buf, view.vBegin, view.vEnd),
    log: ascii(buf, view.logBegin, view.logEnd),
  };
}
