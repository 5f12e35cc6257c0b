import { concatBytes } from './base/bytes.ts';
import { isReceiptError } from './base/errors.ts';
import { chooseVerifier, crossCheck, type EngineChoice, lineEngineOf, moduleSha256Of } from './crypto/engines.ts';
import { nobleSha256Hex, type Sha256Hex, sha256Hex } from './crypto/hash.ts';
import type { PublicKey } from './crypto/public-key.ts';
import type { Verifier } from './crypto/verifier.ts';
import type { Engines, Source, VerifyOptions } from './verify/source.ts';
import type { Pins } from './verify/tail.ts';
import { type OutsideKey, type TrustProvider, trustKeys } from './verify/trust.ts';
import type { Verdict } from './verify/verdict.ts';
import { verifyWith } from './verify/verify.ts';

export { type PublicJwk, type PublicKey, parseJwk, readPublicKey } from './crypto/public-key.ts';
export { CODES, type Code } from './verify/codes.ts';
export { EXPLANATIONS } from './verify/explain.ts';
export type { Progress, SegmentSpan, Source, Spool } from './verify/source.ts';
export type { Pins } from './verify/tail.ts';
export { type NamedKey, type OutsideKey, type Trust, type TrustProvider, trustKeys } from './verify/trust.ts';
export type { KeyReport, Note, Problem, TailStatus, Verdict } from './verify/verdict.ts';

/** What can be verified: an opened log, a file or Blob, bytes, or a stream of bytes. */
export type Evidence = ReadableLog | Blob | Uint8Array | AsyncIterable<Uint8Array> | Source;

/** What verification needs of an opened log. */
export interface ReadableLog {
  readonly origin: string;
  chunks(): AsyncIterable<Uint8Array>;
  segments(): Promise<readonly { readonly name: string; readonly offset: number; readonly bytes: number }[]>;
}

/** What to verify against, and how. */
export interface AuditOptions extends Omit<VerifyOptions, 'trust'> {
  /** Outside keys: public keys, kids to pin, or either with a name. Nothing inside the evidence is ever trusted by itself. */
  readonly keys?: readonly (PublicKey | string | OutsideKey)[] | undefined;
  /** Instead of keys: another source of outside knowledge. */
  readonly trust?: TrustProvider | undefined;
  /** What was remembered of the log: its head, size or genesis. */
  readonly expect?: Pins | undefined;
  readonly engine?: EngineChoice | undefined;
  /** Let a second engine check every signature; a difference throws ENGINES_DISAGREE, no second engine stands in `not_checked`. */
  readonly crossCheck?: boolean | undefined;
  /** How the verdict names the evidence. */
  readonly name?: string | undefined;
}

/**
 * Verify evidence. No evidence makes it throw: what does not hold stands in the verdict, every problem of it.
 * @param evidence read once, from its beginning. A log that is being written to is verified as far as it stands.
 * @returns `valid`, `invalid` or `unverifiable`, and all that goes with it (cli.md).
 * @throws ReceiptError IO when reading fails, ENGINE_UNAVAILABLE, ENGINES_DISAGREE, ABORTED; RangeError for malformed options.
 */
export async function verify(evidence: Evidence, options: AuditOptions = {}): Promise<Verdict> {
  return verifyWith(sourceOf(evidence, options.name), toVerifyOptions(options), await enginesOf(options));
}

/**
 * Verify one line by itself: its form, its hash, and its signatures by the given key. Its place in the log is not proven by that.
 * @param line one receipt, with or without its LF; several are a RangeError. @param key the public key, or a kid that the line itself must name.
 */
export async function verifyReceipt(
  line: Uint8Array | string,
  key: PublicKey | string | OutsideKey,
  options: Omit<AuditOptions, 'keys' | 'trust' | 'expect'> = {},
): Promise<Verdict> {
  const bytes = typeof line === 'string' ? new TextEncoder().encode(line) : line;
  const lf = bytes.indexOf(0x0a);
  if (lf >= 0 && lf !== bytes.length - 1) throw new RangeError('verifyReceipt: expected one line, got several');
  const whole = bytes.at(-1) === 0x0a ? bytes : concatBytes(bytes, Uint8Array.of(0x0a));
  const source: Source = {
    kind: 'receipt',
    name: options.name ?? 'receipt',
    chunks: () => [whole],
    sizeBytes: whole.length,
  };
  const all = { ...options, keys: [key] };
  return verifyWith(source, toVerifyOptions(all), await enginesOf(all));
}

function toVerifyOptions(options: AuditOptions): VerifyOptions {
  const keys = (options.keys ?? []).map((key) => (typeof key === 'string' || 'alg' in key ? { key } : key));
  return { ...options, trust: options.trust ?? trustKeys(keys) };
}

async function enginesOf(options: AuditOptions): Promise<Engines> {
  const verifier = await chooseVerifier(options.engine ?? 'auto');
  const hash: Sha256Hex = options.engine === 'noble' ? nobleSha256Hex : sha256Hex;
  // With a cross-check every signature must reach both engines: then lines leave them alone.
  const lines = lineEngineOf(verifier, !options.crossCheck);
  const engines = { verifier, moduleSha256: moduleSha256Of(verifier), sha256Hex: hash, lines };
  if (!options.crossCheck) return engines;
  const second = await secondEngine(verifier);
  if (second === null) return { ...engines, crossCheckedWith: null };
  return { ...engines, verifier: crossCheck(verifier, second), crossCheckedWith: second.engine };
}

/** @returns null where this runtime has no other engine: the verdict then says that the cross-check was not done. */
async function secondEngine({ engine }: Verifier): Promise<Verifier | null> {
  try {
    const second = await chooseVerifier(engine === 'noble' ? 'auto' : 'noble');
    return second.engine === engine ? null : second;
  } catch (error) {
    if (isReceiptError(error, 'ENGINE_UNAVAILABLE')) return null;
    throw error;
  }
}

function sourceOf(evidence: Evidence, name: string | undefined): Source {
  if (evidence instanceof Uint8Array) {
    return { kind: 'log', name: name ?? 'bytes', chunks: () => [evidence], sizeBytes: evidence.length };
  }
  if (typeof Blob !== 'undefined' && evidence instanceof Blob) {
    const file = 'name' in evidence && typeof evidence.name === 'string' ? evidence.name : 'blob';
    return { kind: 'log', name: name ?? file, chunks: () => readBlob(evidence), sizeBytes: evidence.size };
  }
  if ('kind' in evidence) return name === undefined ? evidence : { ...evidence, name };
  if ('segments' in evidence) {
    return {
      kind: 'log',
      name: name ?? evidence.origin,
      chunks: () => evidence.chunks(),
      segments: () => evidence.segments(),
    };
  }
  return { kind: 'stream', name: name ?? 'stream', chunks: () => evidence as AsyncIterable<Uint8Array>, once: true };
}

async function* readBlob(blob: Blob): AsyncGenerator<Uint8Array> {
  const reader = blob.stream().getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.releaseLock();
  }
}
