import { MAX_DESCRIBED_DEPTH, MAX_DESCRIBED_VALUES } from '../base/limits.ts';
import type { PayloadInput } from '../receipt/event.ts';
import type { Json } from '../receipt/json.ts';

/** What a receipt can say of a value. */
export interface Described {
  /** Fresh: a later change of the value changes nothing here. */
  readonly value: PayloadInput;
  /** Whether it is the value itself; false when a part of it is no JSON and words stand in its place. */
  readonly exact: boolean;
}

/**
 * Describe any value, without running code of its owner: getters and toJSON are not called, nothing is thrown. Bytes stay bytes; what is
 * no JSON is replaced by a word for it in square brackets. @param value only read.
 */
export function describe(value: unknown): Described {
  if (value instanceof Uint8Array) return { value: Uint8Array.from(value), exact: true };
  const walk = new Walk();
  return { value: walk.value(value, 0), exact: walk.exact };
}

/** Surrogates that stand alone: no text of Unicode. */
const LONE = /\p{Surrogate}/gu;

class Walk {
  exact = true;
  #left = MAX_DESCRIBED_VALUES;
  readonly #open = new Set<object>();

  value(value: unknown, depth: number): Json {
    if (--this.#left < 0) return this.#word('more');
    switch (typeof value) {
      case 'string':
        return this.#text(value);
      case 'boolean':
        return value;
      case 'number':
        return Number.isFinite(value) ? value : this.#word(String(value));
      case 'bigint':
        return this.#word(`bigint ${value}`);
      case 'undefined':
        this.exact = false;
        return null;
      case 'object':
        return value === null ? null : this.#object(value, depth);
      default:
        return this.#word(typeof value);
    }
  }

  #object(value: object, depth: number): Json {
    if (this.#open.has(value)) return this.#word('circular');
    if (depth >= MAX_DESCRIBED_DEPTH) return this.#word('deeper');
    this.#open.add(value);
    try {
      if (Array.isArray(value)) return this.#array(value, depth);
      if (isPlain(value)) return this.#members(value, depth);
      return this.#word(kindOf(value));
    } catch {
      // A proxy whose traps throw.
      return this.#word('unreadable');
    } finally {
      this.#open.delete(value);
    }
  }

  #array(items: readonly unknown[], depth: number): Json {
    const out: Json[] = [];
    const { length } = items;
    for (let i = 0; i < length && this.#left > 0; i++) out.push(this.#own(items, String(i), depth));
    if (out.length < length) out.push(this.#word(`${length - out.length} more`));
    return out;
  }

  #members(value: object, depth: number): Json {
    const out: [string, Json][] = [];
    for (const name of Object.keys(value)) {
      if (this.#left <= 0) {
        this.exact = false;
        break;
      }
      out.push([this.#text(name), this.#own(value, name, depth)]);
    }
    return Object.fromEntries(out);
  }

  #own(holder: object, name: string, depth: number): Json {
    const property = Object.getOwnPropertyDescriptor(holder, name);
    if (property?.get !== undefined) return this.#word('getter');
    return this.value(property?.value, depth + 1);
  }

  #text(text: string): string {
    const whole = text.replace(LONE, '\ufffd');
    if (whole !== text) this.exact = false;
    return whole;
  }

  #word(word: string): string {
    this.exact = false;
    return `[${this.#text(word)}]`;
  }
}

/** Also of another realm, whose Object.prototype is not ours. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function kindOf(value: object): string {
  if (value instanceof Date)
    return Number.isNaN(value.getTime()) ? 'Date' : `Date ${Date.prototype.toISOString.call(value)}`;
  if (ArrayBuffer.isView(value)) return `${nameOf(value)} of ${value.byteLength} bytes`;
  if (value instanceof Map || value instanceof Set) return `${nameOf(value)} of ${value.size}`;
  return nameOf(value);
}

/** Name of a class, read from its prototype without calling anything. */
function nameOf(value: object): string {
  const made = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(value), 'constructor')?.value as unknown;
  const name = typeof made === 'function' ? (Object.getOwnPropertyDescriptor(made, 'name')?.value as unknown) : null;
  return typeof name === 'string' && name !== '' ? name : 'object';
}

/** What a receipt says of something thrown: of an Error its name and message, its stack stays here. */
export function describeThrown(error: unknown): Described & { readonly aborted: boolean } {
  if (!(error instanceof Error)) return { ...describe(error), aborted: false };
  const said: Record<string, unknown> = {};
  for (const member of ['name', 'message', 'code'] as const) {
    try {
      const value: unknown = Reflect.get(error, member);
      if (typeof value === 'string') said[member] = value;
    } catch {
      // A getter of theirs: what it throws is not what was thrown.
    }
  }
  const { value, exact } = describe(said);
  return { value, exact, aborted: said.name === 'AbortError' || said.name === 'TimeoutError' };
}
