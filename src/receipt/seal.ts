import { decodeBase64url, utf8 } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { sha256Hex } from '../crypto/hash.ts';
import { KEY_SIZES, type PublicKey } from '../crypto/public-key.ts';
import type { Signer } from '../crypto/signer.ts';
import { CONTEXTS, type Verifier } from '../crypto/verifier.ts';
import { entryHash } from './entry.ts';
import { encodeSignatures, type LineHead, type Signature } from './receipt.ts';

/** Hash entry bytes with the fastest SHA-256 of this runtime. @returns 64 hex. */
export function hashEntry(entry: Uint8Array): string {
  return entryHash(entry, sha256Hex);
}

/** Digest bytes that are no entry, as torn ones. @returns SHA-256, 64 hex. */
export function digestHex(bytes: Uint8Array): string {
  return sha256Hex(bytes);
}

/**
 * Sign an entry with every signer at once.
 * @param entry as entryBytes made it, only read. @param signers each key once.
 * @returns the signatures as the line carries them: ascending by kid.
 * @throws ReceiptError SIGN_FAILED when a signer fails or returns bytes of another width; `cause` is its own error.
 */
export async function signEntry(entry: Uint8Array, signers: readonly Signer[]): Promise<Signature[]> {
  const made = await Promise.all(
    signers.map(async ({ publicKey, sign }, i) => {
      const { alg, kid } = publicKey;
      let bytes: Uint8Array;
      try {
        bytes = await sign.call(signers[i], { message: entry, context: CONTEXTS.entry });
      } catch (cause) {
        throw new ReceiptError('SIGN_FAILED', `sign: the ${alg} signer ${kid} failed`, { at: kid, cause });
      }
      const expected = KEY_SIZES[alg].signature;
      if (bytes.length !== expected) {
        throw new ReceiptError(
          'SIGN_FAILED',
          `sign: ${alg} signer ${kid}: expected ${expected} bytes, got ${bytes.length}`,
          {
            at: kid,
            expected: `${expected} bytes`,
            found: `${bytes.length} bytes`,
          },
        );
      }
      return { alg, kid, bytes };
    }),
  );
  return encodeSignatures(made);
}

/**
 * Check that a line carries one good signature by each of `keys`: what a writer asks before it keeps a line that its predecessor
 * did not finish. Auditors use verify, which says what is wrong; this only says whether.
 */
export async function isSignedByAll(head: LineHead, keys: readonly PublicKey[], verifier: Verifier): Promise<boolean> {
  for (const key of keys) {
    const found = head.sigs.find((sig) => sig.kid === key.kid);
    const signature = found?.alg === key.alg ? decodeBase64url(utf8(found.sig)) : null;
    if (signature === null || !(await verifier.verify(key, head.entryBytes, signature, CONTEXTS.entry))) return false;
  }
  return true;
}
