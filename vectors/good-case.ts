import { LogBuilder } from './build.ts';
import { type Case, type Expected, KEYS, type Options } from './case.ts';

const { alice, ed } = KEYS;

/** A log under an outside ML-DSA key. */
export function good(name: string, about: string, log: LogBuilder, expect: Expected = {}, options: Options = {}): Case {
  const head = { size: log.size, hash: log.head };
  return { name, about, bytes: log.bytes(), trust: ['alice'], options, expect: { head, ...expect } };
}

/** A log under an outside Ed25519 key that is allowed to vouch. @param lines that it vouches for. */
export function classical(
  name: string,
  about: string,
  bytes: LogBuilder | Uint8Array | string,
  lines: string,
  expect: Expected = {},
  options: Options = {},
): Case {
  const head = bytes instanceof LogBuilder ? { head: { size: bytes.size, hash: bytes.head } } : {};
  return {
    name,
    about,
    bytes: bytes instanceof LogBuilder ? bytes.bytes() : bytes,
    trust: ['ed'],
    options: { allow_classical: true, ...options },
    expect: { ...head, ...expect, notes: { ...expect.notes, [lines]: 'CLASSICAL_ONLY' } },
  };
}

export const pq = (): LogBuilder => new LogBuilder([alice]).genesis();
export const cl = (): LogBuilder => new LogBuilder([ed]).genesis();
