import { rotationEvent } from '../src/receipt/control.ts';
import { LogBuilder } from './build.ts';
import { type Case, type Expected, KEYS, type Options } from './case.ts';

const { alice } = KEYS;

/** A case in which nothing is wrong and something is not proven. */
export function open(
  name: string,
  about: string,
  bytes: Uint8Array | string,
  trust: Case['trust'],
  expect: Expected,
  options: Options = {},
): Case {
  return { name, about, bytes, trust, options, expect };
}

export const pq = (): LogBuilder => new LogBuilder([alice]).genesis();
export const to = (mode: 'each' | 'batch', ...keys: (typeof alice)[]): object =>
  rotationEvent({ mode, keys: keys.map((key) => key.publicKey) });
