import { hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { equalBytes, utf8, wipe } from '../base/bytes.ts';
import type { SecretKey } from './keys.ts';

/** A key that only this machine's keystore has, for bytes that it wrote and reads again itself. Nobody else can make or check its tags. */
export interface Mac {
  /** @returns 32 bytes, fresh. */
  tag(bytes: Uint8Array): Uint8Array;
  /** @returns whether `tag` made it, in a time that does not depend on where they differ. */
  check(bytes: Uint8Array, tag: Uint8Array): boolean;
}

/**
 * Make a MAC from a key of the keystore: HMAC-SHA256 under HKDF-SHA256 of its secret, so that the MAC's key says nothing of the secret
 * key and serves one purpose. @param purpose as `perdure/gate-snapshot/v1`. @see RFC 2104, RFC 5869
 */
export function createMac(secret: SecretKey, purpose: string): Mac {
  const material = secret.seed ?? secret.expanded;
  if (material === null) throw new TypeError('createMac: expected a secret key with its bytes');
  const own = hkdf(sha256, material, undefined, utf8(purpose), 32);
  const tag = (bytes: Uint8Array): Uint8Array => hmac(sha256, own, bytes);
  return {
    tag,
    check(bytes, given) {
      const made = tag(bytes);
      const same = equalBytes(made, given);
      wipe(made);
      return same;
    },
  };
}
