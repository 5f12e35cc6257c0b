import { concatBytes, fromBase64url } from '../../src/base/bytes.ts';
import { nobleSha256Hex } from '../../src/crypto/hash.ts';
import type { PublicKey } from '../../src/crypto/public-key.ts';
import { CONTEXTS, type Verifier } from '../../src/crypto/verifier.ts';
import type { Log } from '../../src/log/log.ts';
import { entryHash, ZERO_HASH } from '../../src/receipt/entry.ts';
import { parseReceipt, type Receipt, readLineHead } from '../../src/receipt/receipt.ts';
import { trustKeys } from '../../src/verify/trust.ts';
import type { Verdict } from '../../src/verify/verdict.ts';
import { verifyWith } from '../../src/verify/verify.ts';

/** Everything a log holds, as bytes. */
export async function allBytes(log: Pick<Log, 'chunks'>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of log.chunks()) chunks.push(chunk);
  return concatBytes(...chunks);
}

/** @returns whether two byte strings are equal: much faster than toEqual on megabytes. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** Cut bytes into lines; the last must be finished. */
export function linesOf(bytes: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let from = 0; from < bytes.length; ) {
    const lf = bytes.indexOf(0x0a, from);
    if (lf < 0) throw new Error(`unfinished line at byte ${from}`);
    lines.push(bytes.subarray(from, lf));
    from = lf + 1;
  }
  return lines;
}

/**
 * Derive a whole log anew from its bytes, independently of the code that wrote it: each line by grammar, each hash, each link, and
 * the signatures of `keys` on each line that carries any. @throws on the first thing that does not hold.
 */
export async function rederive(
  bytes: Uint8Array,
  keys: readonly PublicKey[] = [],
  verifier?: Verifier,
): Promise<Receipt[]> {
  let prev = ZERO_HASH;
  const receipts: Receipt[] = [];
  const ids = new Set<string>();
  let origin: string | undefined;
  for (const line of linesOf(bytes)) {
    const { entryBytes } = readLineHead(line);
    const receipt = parseReceipt(line);
    const { entry } = receipt;
    origin ??= entry.log;
    const where = `line ${receipts.length + 1}`;
    if (entry.seq !== receipts.length) throw new Error(`${where}: seq ${entry.seq}`);
    if (entry.prev !== prev) throw new Error(`${where}: prev ${entry.prev}`);
    if (entry.log !== origin) throw new Error(`${where}: log ${entry.log}`);
    if (entryHash(entryBytes, nobleSha256Hex) !== receipt.hash) throw new Error(`${where}: hash`);
    if (ids.has(entry.id)) throw new Error(`${where}: id ${entry.id} twice`);
    ids.add(entry.id);
    if (verifier !== undefined && receipt.sigs.length > 0) {
      for (const key of keys) {
        const sig = receipt.sigs.find(({ kid }) => kid === key.kid);
        if (sig === undefined) throw new Error(`${where}: no signature by ${key.kid}`);
        if (!(await verifier.verify(key, entryBytes, fromBase64url(sig.sig), CONTEXTS.entry)))
          throw new Error(`${where}: signature by ${key.kid}`);
      }
    }
    if (entry.event.type === 'recovery') {
      const { first_seq, count, last_hash } = entry.event;
      if ((first_seq as number) + (count as number) !== entry.seq || last_hash !== prev)
        throw new Error(`${where}: recovery does not name its place`);
    }
    prev = receipt.hash;
    receipts.push(receipt);
  }
  return receipts;
}

/**
 * The verdict that users get, with signatures judged by `verifier`; classical keys are allowed, and unsigned tails where no checkpoint is
 * given; nothing else. @param note of the log folder.
 */
export function verdictOf(log: Log, key: PublicKey, verifier: Verifier, note?: Uint8Array): Promise<Verdict> {
  const source = { kind: 'log' as const, name: log.origin, chunks: () => log.chunks(), segments: () => log.segments() };
  const options = { trust: trustKeys([{ key }]), allowClassical: true, allowUnsignedTail: note === undefined };
  const found = note === undefined ? source : { ...source, checkpoints: [{ name: 'checkpoint', note }] };
  return verifyWith(found, options, { verifier, sha256Hex: nobleSha256Hex });
}

/** The same for bytes. */
export function verdictOfBytes(bytes: Uint8Array, key: PublicKey, verifier: Verifier): Promise<Verdict> {
  const options = { trust: trustKeys([{ key }]), allowClassical: true, allowUnsignedTail: true };
  return verifyWith({ kind: 'log', name: 'bytes', chunks: () => [bytes] }, options, {
    verifier,
    sha256Hex: nobleSha256Hex,
  });
}
