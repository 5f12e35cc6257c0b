import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { scryptAsync } from '@noble/hashes/scrypt.js';
import { isWellFormed, utf8, wipe } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';

/** scrypt costs. Memory is 128 · N · r bytes, time grows with p besides. @see RFC 7914 section 2 */
export interface ScryptCost {
  readonly n: number;
  readonly r: number;
  readonly p: number;
}

/** What new key files use: 128 MiB, under a second on a laptop. Each guess costs an attacker the same. */
export const DEFAULT_COST: ScryptCost = { n: 2 ** 17, r: 8, p: 1 };

/** What a key file may ask of its reader: 256 MiB, so that a hostile file is no memory bomb. */
const MAX_MEMORY_BYTES = 2 ** 28;
const MAX_P = 4;

/** Lengths in bytes: salt ours, nonce and tag of XChaCha20-Poly1305. */
export const SALT_BYTES = 32;
export const NONCE_BYTES = 24;
export const TAG_BYTES = 16;

/** @returns whether `cost` is one that scrypt takes and that we are ready to pay. */
export function isAffordable({ n, r, p }: ScryptCost): boolean {
  const whole = [n, r, p].every((value) => Number.isSafeInteger(value) && value >= 1);
  return (
    whole && n >= 2 && n <= 2 ** 24 && (n & (n - 1)) === 0 && r <= 64 && p <= MAX_P && 128 * n * r <= MAX_MEMORY_BYTES
  );
}

/**
 * Encrypt a secret under a passphrase: XChaCha20-Poly1305 with key = scrypt(passphrase, salt), `header` authenticated beside it.
 * @param passphrase text, taken in NFC so that two keyboards give the same bytes. @param salt, nonce fresh random bytes.
 * @returns ciphertext and tag, fresh. @throws RangeError on a cost that is not affordable, TypeError on half a surrogate pair.
 */
export async function seal(
  secret: Uint8Array,
  passphrase: string,
  { cost, salt, nonce, header }: { cost: ScryptCost; salt: Uint8Array; nonce: Uint8Array; header: Uint8Array },
): Promise<Uint8Array> {
  const key = await derive(passphrase, salt, cost);
  try {
    return xchacha20poly1305(key, nonce, header).encrypt(secret);
  } finally {
    wipe(key);
  }
}

/** Undo seal. @param at names the file in messages. @returns the secret, yours to wipe. @throws ReceiptError PASSPHRASE_WRONG: or the file was changed, nobody can tell. */
export async function unseal(
  sealed: Uint8Array,
  passphrase: string,
  { cost, salt, nonce, header }: { cost: ScryptCost; salt: Uint8Array; nonce: Uint8Array; header: Uint8Array },
  at: string,
): Promise<Uint8Array> {
  const key = await derive(passphrase, salt, cost);
  try {
    return xchacha20poly1305(key, nonce, header).decrypt(sealed);
  } catch {
    throw new ReceiptError(
      'PASSPHRASE_WRONG',
      `${at}: expected its passphrase, got another (or the file was changed)`,
      {
        at,
        expected: 'the passphrase of this key',
        next: ['try again with the right passphrase'],
      },
    );
  } finally {
    wipe(key);
  }
}

async function derive(passphrase: string, salt: Uint8Array, cost: ScryptCost): Promise<Uint8Array> {
  if (!isAffordable(cost))
    throw new RangeError('scrypt: expected N a power of two, p at most 4, and at most 256 MiB of memory');
  // utf8() would replace half a surrogate pair, and every such passphrase would open what another one locked.
  if (!isWellFormed(passphrase)) throw new TypeError('passphrase: expected text that has a UTF-8 form');
  const secret = utf8(passphrase.normalize('NFC'));
  try {
    return await scryptAsync(secret, salt, {
      N: cost.n,
      r: cost.r,
      p: cost.p,
      dkLen: 32,
      maxmem: 2 * MAX_MEMORY_BYTES,
    });
  } finally {
    wipe(secret);
  }
}
