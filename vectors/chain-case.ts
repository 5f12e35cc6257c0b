import { concatBytes } from '../src/base/bytes.ts';
import { LogBuilder } from './build.ts';
import { type Case, type Expected, KEYS } from './case.ts';

export const OTHER = 'example.com/other/ba9876543210';

/** Five lines under an Ed25519 key, changed. @param good lines that Ed25519 alone vouches for. */
export function chainCase(
  name: string,
  about: string,
  bytes: Uint8Array | readonly Uint8Array[],
  expect: Expected & { good: string },
): Case {
  const { good, ...rest } = expect;
  return {
    name,
    about,
    bytes: bytes instanceof Uint8Array ? bytes : concatBytes(...bytes),
    trust: ['ed'],
    options: { allow_classical: true },
    expect: { ...rest, notes: { ...rest.notes, [good]: 'CLASSICAL_ONLY' } },
  };
}

export const five = (): LogBuilder => new LogBuilder([KEYS.ed]).genesis().calls(4);
/** A log of another owner, of the same length. */
export const other = (): LogBuilder => new LogBuilder([KEYS.eve], OTHER).genesis().calls(4);

export const LINK = '2: prev is the hash stated by the line before';
export const COMPUTED = '2: each stated hash equals the computed one; an edit shows once, where it is';
export const SEQ = '1: seq is that of the line before + 1';
export const GENESIS = '1: seq 0 ⇔ genesis event ⇔ zero prev, on every line';
