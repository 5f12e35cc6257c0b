import type { PublicKey } from '../crypto/public-key.ts';
import type { Code } from './codes.ts';

/** A key that outside knowledge names. */
export interface NamedKey {
  readonly kid: string;
  readonly by: 'key' | 'trust_bundle';
  /** The name under which it was given, null when only its kid was. */
  readonly name: string | null;
  /** The key; null when only its kid is pinned and its JWK must be found in the evidence. */
  readonly key: PublicKey | null;
}

/** What outside knowledge says of a key for one use. */
export interface Trust extends NamedKey {
  /** Why a good signature by it does not count here; null when it does. */
  readonly problem: Extract<Code, 'UNTRUSTED_USE' | 'KEY_REVOKED' | 'KEY_EXPIRED' | 'TIME_UNPROVEN'> | null;
}

/** Outside knowledge about keys: given keys, later a trust bundle. Answers must depend on nothing but the arguments. */
export interface TrustProvider {
  /**
   * @param kid 43 base64url characters. @param seq and @param time of the entry, as claimed. @param context of the signature.
   * @returns null when nothing from outside speaks of this key.
   */
  trust(kid: string, seq: number, time: string, context: string): Trust | null;
  /** Every key that outside knowledge names, so that the verdict can list it and unfound ones can be looked for. */
  readonly keys: readonly NamedKey[];
}

/** A key as `--key` gives it: the key itself, or only its kid. */
export interface OutsideKey {
  readonly name?: string | undefined;
  readonly key: PublicKey | string;
}

/** What providers made by trustKeys were made of. By object, so that a provider that wraps another one is not taken for it. */
const madeOf = new WeakMap<TrustProvider, readonly OutsideKey[]>();

/** @returns keys from which trustKeys makes the like of `trust` elsewhere, in order; null when it may know more than keys. */
export function outsideKeysOf(trust: TrustProvider): readonly OutsideKey[] | null {
  return madeOf.get(trust) ?? null;
}

/** Trust exactly the given keys, for everything and always (`--key`). @param keys public keys, or 43-character kids to pin. */
export function trustKeys(keys: readonly OutsideKey[]): TrustProvider {
  const known = new Map<string, Trust>();
  for (const { name, key } of keys) {
    const pinned = typeof key === 'string';
    if (pinned && !/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/.test(key)) {
      throw new RangeError('trustKeys: expected a kid of 43 base64url characters');
    }
    const kid = pinned ? key : key.kid;
    const before = known.get(kid);
    known.set(kid, {
      kid,
      by: 'key',
      name: name ?? before?.name ?? null,
      key: pinned ? (before?.key ?? null) : key,
      problem: null,
    });
  }
  const trust: TrustProvider = { trust: (kid) => known.get(kid) ?? null, keys: [...known.values()] };
  madeOf.set(
    trust,
    [...known.values()].map(({ name, key, kid }) => (name === null ? { key: key ?? kid } : { name, key: key ?? kid })),
  );
  return trust;
}
