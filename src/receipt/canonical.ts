import canonicalize from 'canonicalize';
import { isWellFormed, utf8 } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { fieldPath } from '../base/field-path.ts';
import { MAX_DEPTH } from '../base/limits.ts';
import type { Json, JsonObject } from './json.ts';

export { parseStrict } from './strict-json.ts';

/** An event whose bytes are made: only canonicalEvent creates one, so whoever holds it need not guard or canonicalise again. */
export interface CanonicalEvent {
  /** RFC 8785 bytes of the event, one object. Not to be written to. */
  readonly bytes: Uint8Array;
  /** `type` of the event; null when it has none or it is no string. */
  readonly type: string | null;
  /** Our own copy of the event, equal to the bytes. Frozen in spirit: shared with the receipt that carries it. */
  readonly event: JsonObject;
}

class MadeEvent implements CanonicalEvent {
  readonly bytes: Uint8Array;
  readonly type: string | null;
  readonly event: JsonObject;
  constructor(bytes: Uint8Array, event: JsonObject) {
    this.bytes = bytes;
    this.event = event;
    this.type = Object.hasOwn(event, 'type') && typeof event.type === 'string' ? event.type : null;
  }
}

/** @returns whether canonicalEvent made `value`: a plain object with members of these names is an event, not one of these. */
export function isCanonicalEvent(value: unknown): value is CanonicalEvent {
  return value instanceof MadeEvent;
}

/**
 * Guard an event and form its bytes, once.
 * @param value the caller's object; each member is read once, nothing of it is kept. @returns bytes, type and our copy.
 * @throws ReceiptError NOT_REPRESENTABLE, also when it is no object.
 */
export function canonicalEvent(value: unknown): CanonicalEvent {
  const guard = new Guard([]);
  const event = guard.run(value) as Json;
  if (event === null || typeof event !== 'object' || Array.isArray(event))
    throw refusal([], 'an object', 'another JSON value');
  return new MadeEvent(utf8(serialise(event, guard.ordered)), event as JsonObject);
}

/** Form RFC 8785 bytes. @param value as for guardedCopy. @returns fresh UTF-8. @throws ReceiptError NOT_REPRESENTABLE. */
export function canonicalBytes(value: unknown): Uint8Array {
  return utf8(canonicalText(value));
}

/** Form RFC 8785 text. @param value as for guardedCopy. @returns the text. @throws ReceiptError NOT_REPRESENTABLE. */
export function canonicalText(value: unknown): string {
  const guard = new Guard([]);
  return serialise(guard.run(value) as Json, guard.ordered);
}

/**
 * Write one of our copies, never an object that could answer differently a second time. RFC 8785 writes values as JSON.stringify does
 * and members in order of their names; the guard's copies have their members in that order, so JSON.stringify writes the canonical
 * form of all of them but those that hold a name like an array index, which JavaScript puts first whatever was done: these go to the
 * library. Three times faster than the library for all (bench/results/pipeline.json); test/twin/canonical.test.ts compares the two.
 */
function serialise(copy: Json, ordered: boolean): string {
  return ordered ? JSON.stringify(copy) : canonicalize(copy)!;
}

/** JSON, and byte strings where the caller of the guard takes them out again before anything is serialised. */
export type JsonOrBytes = Json | Uint8Array | readonly JsonOrBytes[] | { readonly [name: string]: JsonOrBytes };

/**
 * Copy a value into our own plain record, refusing what JSON cannot say: undefined (holes included), functions, symbols, bigint,
 * NaN and Infinity, lone surrogates, cycles, nesting above 64, and every object that is not a plain one or a real array: Map, Set,
 * Date, class instances, boxed primitives, typed arrays, hidden or symbol-named members. Getters and proxies are read once.
 * A plain object is one whose prototype is this realm's Object.prototype or null. Members of the copy stand in canonical order.
 * @returns a fresh value that shares nothing with the caller's. @throws ReceiptError NOT_REPRESENTABLE with the field path, never the value.
 */
export function guardedCopy(value: unknown): Json {
  return new Guard([]).run(value) as Json;
}

/** As guardedCopy, but a Uint8Array (a Buffer too) at one of these places is copied and stays bytes. @param places paths from the root. */
export function guardedCopyWithBytes(value: unknown, places: readonly (readonly string[])[]): JsonOrBytes {
  return new Guard(places).run(value);
}

function refusal(path: readonly PropertyKey[], expected: string, found: string): ReceiptError {
  const at = fieldPath(path);
  return new ReceiptError('NOT_REPRESENTABLE', `canonical: ${at}: expected ${expected}, got ${found}`, {
    at,
    expected,
    found,
  });
}

/** One pass over one value. A class, so that a getter which calls back into this file meets a guard of its own. */
class Guard {
  /** Where bytes may stand. */
  readonly #places: readonly (readonly string[])[];
  /** Name or index on each level; valid up to the level being read. */
  readonly #path: PropertyKey[] = [];
  /** Length of the path to what the caller's object is being asked for, should it throw. */
  #reading = 0;
  /** The caller's containers from the root to here: a cycle comes back to one of them. */
  readonly #open: object[] = [];
  /** Whether JavaScript keeps the members of the copy in the order they were put in: false once a name begins with a digit. */
  ordered = true;

  constructor(places: readonly (readonly string[])[]) {
    this.#places = places;
  }

  run(value: unknown): JsonOrBytes {
    try {
      return this.#copy(value, 0);
    } catch (error) {
      if (error instanceof Refused) throw refusal(this.#path.slice(0, error.level), error.expected, error.found);
      // A getter or proxy of the caller threw. Its error stays out of ours: it may quote the value.
      throw refusal(
        this.#path.slice(0, this.#reading),
        'a member that can be read',
        'an accessor or proxy that throws',
      );
    }
  }

  /** @param level containers around this value, which is also the length of its path. */
  #copy(value: unknown, level: number): JsonOrBytes {
    switch (typeof value) {
      case 'string':
        if (!isWellFormed(value)) throw new Refused(level, 'Unicode text', 'a lone surrogate');
        return value;
      case 'number':
        if (!Number.isFinite(value)) throw new Refused(level, 'a finite number', 'NaN or Infinity');
        return value;
      case 'boolean':
        return value;
      case 'object':
        return value === null ? null : this.#container(value, level);
      default:
        throw new Refused(level, 'a JSON value', typeof value);
    }
  }

  #container(value: object, level: number): JsonOrBytes {
    if (level >= MAX_DEPTH) throw new Refused(level, `at most ${MAX_DEPTH} levels`, 'deeper nesting or a cycle');
    for (let i = 0; i < level; i++) if (this.#open[i] === value) throw new Refused(level, 'a tree', 'a cycle');
    this.#open[level] = value;
    this.#reading = level;
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null)
      return this.#object(value as Record<string, unknown>, level);
    if (Array.isArray(value) && prototype === Array.prototype) return this.#array(value, level);
    if (value instanceof Uint8Array && this.#mayBeBytes(level)) return new Uint8Array(value);
    throw new Refused(
      level,
      'a plain object or array',
      Array.isArray(value) ? 'a subclass of Array' : 'another kind of object',
    );
  }

  #mayBeBytes(level: number): boolean {
    return this.#places.some((place) => place.length === level && place.every((name, i) => this.#path[i] === name));
  }

  #object(value: Record<string, unknown>, level: number): JsonOrBytes {
    const names = Object.keys(value);
    if (Reflect.ownKeys(value).length !== names.length) {
      throw new Refused(level, 'visible members with text names', 'a symbol name or a hidden member');
    }
    sortNames(names);
    const copy: Record<string, JsonOrBytes> = {};
    for (let i = 0; i < names.length; i++) {
      const name = names[i]!;
      const first = name.charCodeAt(0);
      if (first >= 0x30 && first <= 0x39) this.ordered = false;
      this.#path[level] = name;
      this.#reading = level + 1;
      if (!isWellFormed(name)) throw new Refused(level + 1, 'a Unicode name', 'a lone surrogate');
      const member = this.#copy(value[name], level + 1);
      if (name === '__proto__') {
        Object.defineProperty(copy, name, { value: member, writable: true, enumerable: true, configurable: true });
      } else copy[name] = member;
    }
    return copy;
  }

  #array(value: readonly unknown[], level: number): JsonOrBytes {
    const length = value.length;
    // Own keys of an array: its indices in ascending order, then `length`, then names. So these two tests prove that it has
    // all of its indices (no hole that a prototype could fill) and nothing beside them.
    const keys = Reflect.ownKeys(value);
    if (keys.length !== length + 1 || (length > 0 && keys[length - 1] !== String(length - 1))) {
      throw new Refused(level, 'an array of items only', 'a hole or a named member');
    }
    const copy: JsonOrBytes[] = new Array(length);
    for (let i = 0; i < length; i++) {
      this.#path[level] = i;
      this.#reading = level + 1;
      copy[i] = this.#copy(value[i], level + 1);
    }
    return copy;
  }
}

/** Up to this many names inserting beats sorting, whose call costs as much as the comparisons. */
const FEW_NAMES = 24;

/** Sort by UTF-16 code units (RFC 8785 section 3.2.3), which is how JavaScript compares strings; mostly they are in order already. */
function sortNames(names: string[]): void {
  for (let i = 1; i < names.length; i++) {
    const name = names[i]!;
    if (names[i - 1]! <= name) continue;
    if (names.length > FEW_NAMES) {
      names.sort();
      return;
    }
    let at = i;
    for (; at > 0 && names[at - 1]! > name; at--) names[at] = names[at - 1]!;
    names[at] = name;
  }
}

/** Thrown inside the guard only: the path is written once, where the ReceiptError is made. */
class Refused {
  readonly level: number;
  readonly expected: string;
  readonly found: string;
  constructor(level: number, expected: string, found: string) {
    this.level = level;
    this.expected = expected;
    this.found = found;
  }
}
