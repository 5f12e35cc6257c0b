import { sha224, sha256, sha384, sha512, sha512_224, sha512_256 } from '@noble/hashes/sha2.js';
import { sha3_224, sha3_256, sha3_384, sha3_512, shake128, shake256 } from '@noble/hashes/sha3.js';
import { concatBytes, fromHex } from '../../src/base/bytes.ts';
import { sharedJson } from '../shared.ts';

/** The shapes of ../shared/vectors/acvp-mldsa65; hex throughout. */
export interface KeyGenTest {
  readonly tcId: number;
  readonly seed: string;
  readonly pk: string;
  readonly sk: string;
}

export type Kind = 'external-pure' | 'external-prehash' | 'internal' | 'internal-externalmu';

interface Common {
  readonly tcId: number;
  readonly message?: string;
  readonly mu?: string;
  readonly context?: string;
  readonly hashAlg?: string;
  readonly signature: string;
}

export interface SigGenTest extends Common {
  readonly sk: string;
  readonly rnd?: string;
}

export interface SigVerTest extends Common {
  readonly pk: string;
  readonly testPassed: boolean;
  readonly reason: string;
}

export interface Group<T> {
  readonly kind: Kind;
  readonly deterministic?: boolean;
  readonly tests: readonly T[];
}

export const keyGenTests = (): readonly KeyGenTest[] =>
  sharedJson<{ tests: KeyGenTest[] }>('vectors/acvp-mldsa65/keygen.json').tests;
export const sigGenGroups = (): readonly Group<SigGenTest>[] =>
  sharedJson<{ groups: Group<SigGenTest>[] }>('vectors/acvp-mldsa65/siggen.json').groups;
export const sigVerGroups = (): readonly Group<SigVerTest>[] =>
  sharedJson<{ groups: Group<SigVerTest>[] }>('vectors/acvp-mldsa65/sigver.json').groups;

/** Pre-hash functions of HashML-DSA: last byte of the OID 2.16.840.1.101.3.4.2.x, and the digest. @see FIPS 204 section 5.4.1 */
const PREHASHES: Readonly<Record<string, readonly [number, (message: Uint8Array) => Uint8Array]>> = {
  'SHA2-256': [1, sha256],
  'SHA2-384': [2, sha384],
  'SHA2-512': [3, sha512],
  'SHA2-224': [4, sha224],
  'SHA2-512/224': [5, sha512_224],
  'SHA2-512/256': [6, sha512_256],
  'SHA3-224': [7, sha3_224],
  'SHA3-256': [8, sha3_256],
  'SHA3-384': [9, sha3_384],
  'SHA3-512': [10, sha3_512],
  'SHAKE-128': [11, (message) => shake128(message, { dkLen: 32 })],
  'SHAKE-256': [12, (message) => shake256(message, { dkLen: 64 })],
};

/** mu = H(tr ‖ M'), whatever the kind: M' by hand for pure (00) and prehash (01), the message itself for internal. */
export function muOf(kind: Kind, test: Common, tr: Uint8Array): Uint8Array {
  if (kind === 'internal-externalmu') return fromHex(test.mu!);
  const message = fromHex(test.message!);
  return shake256
    .create({ dkLen: 64 })
    .update(tr)
    .update(formatted(kind, test, message))
    .digest();
}

function formatted(kind: Kind, test: Common, message: Uint8Array): Uint8Array {
  if (kind === 'internal') return message;
  const context = fromHex(test.context!);
  if (kind === 'external-pure') return concatBytes(Uint8Array.of(0, context.length), context, message);
  const [oid, hash] = PREHASHES[test.hashAlg!];
  return concatBytes(
    Uint8Array.of(1, context.length),
    context,
    fromHex('06096086480165030402'),
    Uint8Array.of(oid),
    hash(message),
  );
}
