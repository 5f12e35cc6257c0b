import { concatBytes } from '../src/base/bytes.ts';
import type { RawSignature } from '../src/receipt/receipt.ts';
import { LogBuilder, rawSignature } from './build.ts';
import { type Case, type Expected, KEYS } from './case.ts';

const { alice, ed } = KEYS;

export const HOLDS = "2: a known kid's signature has that key's alg and width and verifies, required or not";
export const EVERY = '3: one valid signature by every key of the requirement; a missing one is invalid';

export function signed(
  name: string,
  about: string,
  bytes: Uint8Array | readonly Uint8Array[],
  trust: Case['trust'],
  expect: Expected,
): Case {
  return { name, about, bytes: bytes instanceof Uint8Array ? bytes : concatBytes(...bytes), trust, expect };
}

/** As signed, where only an Ed25519 key vouches. @param good lines that it vouches for. */
export function classical(
  name: string,
  about: string,
  bytes: Uint8Array | readonly Uint8Array[],
  trust: Case['trust'],
  expect: Expected & { good: string },
): Case {
  const { good, ...rest } = expect;
  const one = signed(name, about, bytes, trust, { ...rest, notes: { ...rest.notes, [good]: 'CLASSICAL_ONLY' } });
  return { ...one, options: { allow_classical: true } };
}

export const pq = (): LogBuilder => new LogBuilder([alice]).genesis();
export const cl = (): LogBuilder => new LogBuilder([ed]).genesis();
/** Both halves of a hybrid, the classical one trusted or not. */
export const hybrid = (): LogBuilder => new LogBuilder([alice, ed]).genesis();

/** A signature by `key` whose bytes are changed. */
export const spoiled =
  (key: typeof alice, change: (bytes: Uint8Array) => Uint8Array) =>
  (entry: Uint8Array): RawSignature => {
    const good = rawSignature(key, entry);
    return { ...good, bytes: change(good.bytes.slice()) };
  };
export const flipped = (bytes: Uint8Array): Uint8Array => {
  bytes[5]! ^= 1;
  return bytes;
};
