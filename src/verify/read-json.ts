import { ReceiptError } from '../base/errors.ts';
import type { Json } from '../receipt/json.ts';

/** Reads one value of a document: checks it, or throws SHARD_MALFORMED naming the path at which it stands. */
export type Read<T> = (value: Json, at: string) => T;

/** @returns the error of a value that is not what it must be. */
export function malformed(at: string, expected: string): ReceiptError {
  return new ReceiptError('SHARD_MALFORMED', `shard: ${at}: expected ${expected}`, { at, expected });
}

/** A text that the pattern matches. */
export function text(pattern: RegExp, what: string): Read<string> {
  return (value, at) => {
    if (typeof value !== 'string' || !pattern.test(value)) throw malformed(at, what);
    return value;
  };
}

/** One of a few texts. */
export function oneOf<const T extends string>(...choices: readonly T[]): Read<T> {
  return (value, at) => {
    if (!(choices as readonly Json[]).includes(value)) throw malformed(at, choices.join(' or '));
    return value as T;
  };
}

/** A whole number of at least `least`, within what doubles hold. */
export function whole(least: number): Read<number> {
  return (value, at) => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || Object.is(value, -0)) {
      throw malformed(at, `a whole number of at least ${least}`);
    }
    return value;
  };
}

export const truth: Read<boolean> = (value, at) => {
  if (typeof value !== 'boolean') throw malformed(at, 'true or false');
  return value;
};

/** Null, or what `read` reads. */
export function orNull<T>(read: Read<T>): Read<T | null> {
  return (value, at) => (value === null ? null : read(value, at));
}

/** A list of what `read` reads. */
export function list<T>(read: Read<T>): Read<T[]> {
  return (value, at) => {
    if (!Array.isArray(value)) throw malformed(at, 'a list');
    return value.map((one: Json, i) => read(one, `${at}[${i}]`));
  };
}

/** An object with exactly these members. */
export function object<T extends object>(members: { readonly [K in keyof T]: Read<T[K]> }): Read<T> {
  const names = Object.keys(members) as (keyof T & string)[];
  return (value, at) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(at, 'an object');
    const given = value as Readonly<Record<string, Json>>;
    for (const name of Object.keys(given)) {
      // The name is whoever's: it is not repeated.
      if (!Object.hasOwn(members, name)) throw malformed(at, `no other members than ${names.join(', ')}`);
    }
    const out: Partial<T> = {};
    for (const name of names) {
      if (!Object.hasOwn(given, name)) throw malformed(at, `a member ${name}`);
      out[name] = members[name](given[name]!, at === '' ? name : `${at}.${name}`);
    }
    return out as T;
  };
}
