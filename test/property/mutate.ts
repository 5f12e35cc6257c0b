import { nobleSha256Hex } from '../../src/crypto/hash.ts';
import { entryHash } from '../../src/receipt/entry.ts';
import { rawBytes, rawText } from '../../vectors/edit.ts';

/** Random numbers from a seed: the same in every run of that seed. */
export class Dice {
  readonly seed: number;
  private state: number;

  constructor(seed: number) {
    this.seed = seed;
    this.state = seed >>> 0;
  }

  /** mulberry32. @returns an integer of [0, 2^32) */
  private next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** @returns an integer of [0, below) */
  below(below: number): number {
    return Math.floor((this.next() / 2 ** 32) * below);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}

/** The seed of this run: that of PERDURE_SEED, else a new one; printed, so that a failure can be had again. */
export function seedOf(what: string): number {
  const given = process.env.PERDURE_SEED;
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(given);
  console.log(`${what}: seed ${seed} (PERDURE_SEED=${seed} repeats it)`);
  return seed;
}

/** A change of a log, of one character a byte. `other` is another valid log. */
type Mutation = (dice: Dice, log: string, other: string) => string;

const splice = (text: string, at: number, drop: number, add: string): string =>
  text.slice(0, at) + add + text.slice(at + drop);
const linesOf = (log: string): string[] => log.match(/[^\n]*\n|[^\n]+$/g) ?? [];

/** Where a match of `pattern` stands, or null when there is none. */
function find(dice: Dice, log: string, pattern: RegExp): RegExpExecArray | null {
  const all = [...log.matchAll(pattern)];
  return all.length === 0 ? null : dice.pick(all);
}

/** Replace one match. */
const respell =
  (pattern: RegExp, spell: (dice: Dice, found: string) => string): Mutation =>
  (dice, log) => {
    const found = find(dice, log, pattern);
    return found === null ? log : splice(log, found.index, found[0].length, spell(dice, found[0]));
  };

const byte = (dice: Dice): string => String.fromCharCode(dice.below(256));
/** Bytes that mean something to the grammar. */
const TELLING = '{}[]",:\\\n\r\t 0123456789eE+-.truefalsn\x00\x1f\x7f\x80\xc0\xe2\xed\xef\xf4\xff';

function moved(dice: Dice, log: string, source: string, keep: boolean): string {
  const length = 1 + dice.below(dice.pick([4, 40, 400]));
  const from = dice.below(source.length);
  const block = source.slice(from, from + length);
  const rest = keep ? log : splice(log, from, length, '');
  return splice(rest, dice.below(rest.length + 1), keep && dice.below(2) === 0 ? block.length : 0, block);
}

function withLines(change: (dice: Dice, lines: string[]) => void): Mutation {
  return (dice, log) => {
    const lines = linesOf(log);
    change(dice, lines);
    return lines.join('');
  };
}

/** Swap what matches on one line with what matches on another. */
function exchange(pattern: RegExp): Mutation {
  return (dice, log) => {
    const all = [...log.matchAll(pattern)];
    if (all.length < 2) return log;
    const i = dice.below(all.length - 1);
    const a = all[i]!;
    const b = all[i + 1 + dice.below(all.length - 1 - i)]!;
    return splice(splice(log, b.index, b[0].length, a[0]), a.index, a[0].length, b[0]);
  };
}

/** Changes that whoever can write the file could make, without any key. */
export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'flip a bit': (dice, log) => {
    const at = dice.below(log.length);
    return splice(log, at, 1, String.fromCharCode(log.charCodeAt(at) ^ (1 << dice.below(8))));
  },
  'set a byte': (dice, log) => splice(log, dice.below(log.length), 1, byte(dice)),
  'set a telling byte': (dice, log) => splice(log, dice.below(log.length), 1, dice.pick([...TELLING])),
  'insert a byte': (dice, log) => splice(log, dice.below(log.length + 1), 0, byte(dice)),
  'insert a telling byte': (dice, log) => splice(log, dice.below(log.length + 1), 0, dice.pick([...TELLING])),
  'delete a byte': (dice, log) => splice(log, dice.below(log.length), 1, ''),
  'delete a block': (dice, log) => splice(log, dice.below(log.length), 1 + dice.below(400), ''),
  'copy a block': (dice, log) => moved(dice, log, log, true),
  'move a block': (dice, log) => moved(dice, log, log, false),
  'copy a block of another log': (dice, log, other) => moved(dice, log, other, true),
  'swap two bytes': (dice, log) => {
    const at = dice.below(log.length - 1);
    return splice(log, at, 2, log[at + 1]! + log[at]!);
  },
  'delete a line': withLines((dice, lines) => lines.splice(dice.below(lines.length), 1 + dice.below(2))),
  'repeat a line': withLines((dice, lines) => {
    const line = dice.pick(lines);
    lines.splice(dice.below(lines.length + 1), 0, line);
  }),
  'swap two lines': withLines((dice, lines) => {
    const i = dice.below(lines.length);
    const j = dice.below(lines.length);
    [lines[i], lines[j]] = [lines[j]!, lines[i]!];
  }),
  'join two lines': respell(/\n(?=.)/g, () => ''),
  'empty line': withLines((dice, lines) => lines.splice(dice.below(lines.length + 1), 0, '\n')),
  'cut anywhere': (dice, log) => log.slice(0, dice.below(log.length)),
  'cut at a line end': (dice, log) =>
    linesOf(log)
      .slice(0, dice.below(linesOf(log).length))
      .join(''),
  'cut the beginning': (dice, log) =>
    linesOf(log)
      .slice(1 + dice.below(3))
      .join(''),
  'splice two logs at a line': (dice, log, other) => {
    const at = dice.below(linesOf(log).length);
    return (
      linesOf(log).slice(0, at).join('') +
      linesOf(other)
        .slice(dice.below(linesOf(other).length))
        .join('')
    );
  },
  'splice two logs anywhere': (dice, log, other) =>
    log.slice(0, dice.below(log.length)) + other.slice(dice.below(other.length)),
  'put in a line of another log': (dice, log, other) => {
    const lines = linesOf(log);
    lines.splice(dice.below(lines.length), dice.below(2), dice.pick(linesOf(other)));
    return lines.join('');
  },
  'respell a number': respell(/(?<=[:[,])-?\d+(?=[,}\]])/g, (dice, n) =>
    dice.pick([
      `${n}.0`,
      `0${n}`,
      `${n}e0`,
      `${n}E+0`,
      `-${n}`,
      `+${n}`,
      ` ${n}`,
      `${n} `,
      `${n}0`,
      `"${n}"`,
      '1e999',
      '9007199254740993',
    ]),
  ),
  'respell a character': respell(/(?<=")[a-z0-9]/g, (dice, c) =>
    dice.pick([`\\u00${c.charCodeAt(0).toString(16)}`, `\\${c}`, c.toUpperCase(), `${c}\u0000`, `\\/${c}`]),
  ),
  'change a hex digit': respell(/(?<="(?:hash|prev)":"[0-9a-f]*)[0-9a-f]/g, (dice) =>
    dice.pick([...'0123456789abcdefABCDEF']),
  ),
  'change a base64url digit': respell(/(?<="(?:sig|kid)":"[\w-]*)[\w-]/g, (dice) => dice.pick([...'AQgwBxz_-+/=09'])),
  'change a time': respell(/"time":"[^"]*"/g, (dice) =>
    dice.pick([
      '"time":"1970-01-01T00:00:00.000Z"',
      '"time":"2026-02-30T00:00:00.000Z"',
      '"time":"9999-12-31T23:59:59.999Z"',
    ]),
  ),
  'change a version': respell(/"v":1\}/g, (dice) => dice.pick(['"v":2}', '"v":0}', '"v":01}', '"v":1.0}'])),
  'change a type': respell(/"type":"[^"]*"/g, (dice) =>
    dice.pick(['"type":"close"', '"type":"genesis"', '"type":"custom"', '"type":"rotation"', '"type":7']),
  ),
  'swap two events': exchange(/"event":\{[^\n]*?\}(?=,"id")/g),
  'swap two hashes': exchange(/"hash":"[0-9a-f]{64}"/g),
  'swap two signatures': exchange(/"sig":"[\w-]+"/g),
  'swap two kids': exchange(/"kid":"[\w-]+"/g),
  'swap two signature lists': exchange(/"sigs":\[[^\]]*\]/g),
  'strip a signature': respell(/\{"alg":"[^}]*\},?/g, () => ''),
  'strip a signature list': respell(/"sigs":\[[^\]]+\]/g, () => '"sigs":[]'),
  'strip all signatures': (_, log) => log.replace(/"sigs":\[[^\]]*\]/g, '"sigs":[]'),
  'add a member': respell(
    /[{,](?=")/g,
    (dice, c) => `${c}"${dice.pick(['a', 'type', '__proto__', 'zz', ''])}":${dice.pick(['1', 'null', '""'])},`,
  ),
  'close the event early': respell(/\},"id":/g, (dice) =>
    dice.pick(['},"more":{"a":1},"id":', '}},"id":', '},"id":"x","id":']),
  ),
  'hide a line in a string': withLines((dice, lines) => {
    const i = dice.below(lines.length);
    lines[i] = lines[i]!.replace('"type":"', `"type":"${dice.pick(lines).slice(0, 200)}`);
  }),
};

/** Edits that are followed by new hashes and links, as whoever has no key can make them. */
export const RELINKED: Readonly<Record<string, Mutation>> = {
  'edit and rehash': (dice, log) => rehashed(edit(dice, log), false),
  'edit and relink all': (dice, log) => rehashed(edit(dice, log), true),
  'delete a line and relink all': (dice, log) => {
    const lines = linesOf(log);
    lines.splice(dice.below(lines.length), 1);
    return rehashed(lines.map((line, i) => line.replace(/"seq":\d+/, `"seq":${i}`)).join(''), true);
  },
};

function edit(dice: Dice, log: string): string {
  return respell(/(?<=":")[a-z](?=[^\n]*"hash")/g, (_, c) => (c === 'a' ? 'b' : 'a'))(dice, log, '');
}

/** Recompute every hash that changed; and every link, when asked. */
function rehashed(log: string, links: boolean): string {
  let before = '0'.repeat(64);
  return linesOf(log)
    .map((line) => {
      const text = links ? line.replace(/"prev":"[0-9a-f]{64}"/, `"prev":"${before}"`) : line;
      const entry = /^\{"entry":(.*),"hash":/.exec(text)?.[1];
      if (entry === undefined) return text;
      before = entryHash(rawBytes(entry), nobleSha256Hex);
      return text.replace(/"hash":"[0-9a-f]{64}"/, `"hash":"${before}"`);
    })
    .join('');
}

/** Change a log once, now and then twice or thrice. @param mutations to choose from. @returns what was done, and the bytes. */
export function mutate(
  dice: Dice,
  log: Uint8Array,
  other: Uint8Array,
  mutations: Readonly<Record<string, Mutation>>,
): { how: string; bytes: Uint8Array } {
  const names = Object.keys(mutations);
  const times = 1 + (dice.below(5) === 0 ? 1 + dice.below(2) : 0);
  const how: string[] = [];
  let text = rawText(log);
  for (let i = 0; i < times && text.length > 1; i++) {
    const name = dice.pick(names);
    how.push(name);
    text = mutations[name]!(dice, text, rawText(other));
  }
  return { how: how.join(', then '), bytes: rawBytes(text) };
}
