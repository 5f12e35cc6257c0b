import type { JsonOrBytes } from './canonical.ts';
import { secretNames } from './secret-names.ts';
import { isWorkingDirectory, MARKER, textRules } from './secret-text.ts';

export { MARKER } from './secret-text.ts';

/** What to take for a secret, beside what is built in. */
export interface RedactionRules {
  /** More names of members whose values are secrets, in any spelling (`card number` holds for `cardNumber` and `x-card-number`). */
  readonly names?: readonly string[];
  /** Names that are none, whatever the built-in list says. Compared whole. Patterns still apply to their values. */
  readonly keep?: readonly string[];
  /** More patterns; each whole match in any text is replaced. Keep them linear: they run over everything that is recorded. */
  readonly patterns?: readonly RegExp[];
}

/** What came out, and how many secrets did not. */
export interface Redacted<T> {
  readonly value: T;
  readonly count: number;
}

/** Replaces secrets. Never changes its argument: the result shares what had none. */
export interface Redactor {
  /** Redact by names and by patterns, at any depth. Bytes pass as they are: they are committed as received. */
  redact(value: JsonOrBytes): Redacted<JsonOrBytes>;
  /** Redact text by patterns. */
  redactText(text: string): Redacted<string>;
}

/**
 * Make a redactor. It is a net, not a wall: it knows names and well-known spellings, so a secret under a harmless name and without
 * a known form passes, and so does one inside bytes, compressed or encoded text. JSON inside a string is redacted as text: by
 * patterns and by `"name": "value"` pairs, a nested object or array behind a secret name being left alone there.
 * @throws TypeError on a rule of the wrong kind.
 */
export function createRedactor(rules: RedactionRules = {}): Redactor {
  const { names = [], keep = [], patterns = [] } = rules;
  for (const name of [...names, ...keep])
    if (typeof name !== 'string') throw new TypeError('createRedactor: expected names as strings');
  for (const one of patterns)
    if (!(one instanceof RegExp)) throw new TypeError('createRedactor: expected patterns as RegExp');
  const isSecret = secretNames(names, keep);
  const rulesInOrder = textRules(isSecret, patterns);
  return {
    redact(value) {
      const walk = new Walk(isSecret, rulesInOrder);
      return { value: walk.value(value), count: walk.count };
    },
    redactText(text) {
      const walk = new Walk(isSecret, rulesInOrder);
      return { value: walk.text(text), count: walk.count };
    },
  };
}

/** Members of an event that are redacted by names and patterns: the free ones. */
const FREE: readonly (readonly [string] | readonly [string, string])[] = [
  ['action', 'params'],
  ['outcome', 'result'],
  ['outcome', 'error'],
  ['data'],
];
/** Members that are redacted by patterns: text that often holds a URL or a quoted line. */
const TEXTS: readonly (readonly [string, string])[] = [
  ['action', 'target'],
  ['action', 'resource'],
  ['outcome', 'reason'],
];

type Members = Readonly<Record<string, JsonOrBytes>>;

/**
 * Redact an event and say how many secrets were replaced: their count is added to `redacted`. `request` is left alone, because
 * the caller's signature covers it; who records one keeps secrets out of it.
 * @param event guarded. @returns the event, the same object where nothing was found.
 */
export function redactEvent(event: Members, redactor: Redactor): Redacted<Members> {
  let out: Members = event;
  let count = 0;
  const apply = (path: readonly string[], redact: (value: JsonOrBytes) => Redacted<JsonOrBytes>): void => {
    const [first, second] = path as readonly [string, string?];
    const holder = second === undefined ? out : member(out, first);
    const name = second ?? first;
    if (!isMembers(holder) || !Object.hasOwn(holder, name)) return;
    const redacted = redact(holder[name]!);
    if (redacted.count === 0) return;
    count += redacted.count;
    const changed = { ...holder, [name]: redacted.value };
    out = second === undefined ? changed : { ...out, [first]: changed };
  };
  for (const path of FREE) apply(path, redactor.redact);
  for (const path of TEXTS) {
    apply(path, (value) => (typeof value === 'string' ? redactor.redactText(value) : { value, count: 0 }));
  }
  if (count === 0) return { value: event, count };
  const before = member(out, 'redacted') ?? 0;
  // A caller's `redacted` that is no number is left for the schema to refuse.
  return { value: typeof before === 'number' ? { ...out, redacted: before + count } : out, count };
}

function member(of: Members, name: string): JsonOrBytes | undefined {
  return Object.hasOwn(of, name) ? of[name] : undefined;
}

function isMembers(value: JsonOrBytes | undefined): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** An argument that names the next one. */
const FLAG = /^--?[A-Za-z][A-Za-z0-9_-]{0,63}$/;

/** One pass over one value. Depth is bounded by the guard before it. */
class Walk {
  count = 0;
  readonly #isSecret: (name: string) => boolean;
  readonly #rules: ReturnType<typeof textRules>;
  readonly #found = (): void => {
    this.count++;
  };

  constructor(isSecret: (name: string) => boolean, rules: ReturnType<typeof textRules>) {
    this.#isSecret = isSecret;
    this.#rules = rules;
  }

  value(value: JsonOrBytes): JsonOrBytes {
    if (typeof value === 'string') return this.text(value);
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
    return Array.isArray(value) ? this.#items(value) : this.#members(value as Members);
  }

  text(text: string): string {
    let out = text;
    for (const rule of this.#rules) out = rule(out, this.#found);
    return out;
  }

  #items(items: readonly JsonOrBytes[]): readonly JsonOrBytes[] {
    let out: JsonOrBytes[] | null = null;
    for (let i = 0; i < items.length; i++) {
      const item = items[i]!;
      // Arguments of a command: `--password`, then its value.
      const flag = i > 0 ? items[i - 1] : undefined;
      const follows = typeof flag === 'string' && FLAG.test(flag) && typeof item === 'string' && !item.startsWith('-');
      const redacted = follows ? this.#named(flag, item) : this.value(item);
      if (redacted === item) continue;
      out ??= [...items];
      out[i] = redacted;
    }
    return out ?? items;
  }

  #members(members: Members): Members {
    let out: Record<string, JsonOrBytes> | null = null;
    const label = this.#label(members);
    for (const name of Object.keys(members)) {
      const value = members[name]!;
      const redacted = this.#named(name === 'value' && label !== null ? label : name, value);
      if (redacted === value) continue;
      // The spread makes an own `__proto__` an own member of the copy, so the assignment below meets that one.
      out ??= { ...members };
      out[name] = redacted;
    }
    return out ?? members;
  }

  /** `{ name: 'Authorization', value: … }`, as headers and environment variables are often listed. */
  #label(members: Members): string | null {
    if (!Object.hasOwn(members, 'value')) return null;
    for (const key of ['name', 'key', 'header']) {
      const label = member(members, key);
      if (typeof label === 'string') return label;
    }
    return null;
  }

  /** Redact what stands under a name: all of it when the name is secret, save where there is nothing to hide. */
  #named(name: string, value: JsonOrBytes): JsonOrBytes {
    if (value === null || typeof value === 'boolean' || value === '' || value === MARKER) return value;
    if (!this.#isSecret(name)) return this.value(value);
    if (typeof value === 'string' && isWorkingDirectory(name, value)) return this.text(value);
    this.count++;
    return MARKER;
  }
}
