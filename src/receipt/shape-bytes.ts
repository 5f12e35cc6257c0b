import { utf8 } from '../base/bytes.ts';
import { CONTROL_TYPES } from './control.ts';
import { EVENT_SHAPE, type Kind, type ObjectKind, ORDINARY_TYPES } from './event-shape.ts';

/*
 * The event schema as bytes, for a line verifier that reads memory and nothing else: what json-scan.ts asks of an event, asked by
 * assembly/json.ts, which draws these bytes. One place says what an event may be, EVENT_SHAPE, and all readers are made from it.
 */

/** A name or value with its quotes and colon: what one comparison of two words of 16 bytes takes. */
const TOKEN_BYTES = 32;
const SHAPE_BYTES = 16;
const MEMBER_BYTES = 96;
const LIST_BYTES = 16;
const VALUE_BYTES = 80;
const KINDS = {
  any: 0,
  text: 1,
  oneOf: 2,
  hex64: 3,
  uuid: 4,
  time: 5,
  integer: 6,
  number: 7,
  boolean: 8,
  free: 9,
  object: 10,
  objects: 11,
};
/** What a type is to verification. A line that names keys changes who may sign the next. */
const ORDINARY = 1;
const CONTROL = 2;
const NAMING = 3;
const NAMING_TYPES: readonly string[] = ['genesis', 'rotation'];

/** Members of the outermost object whose text is wanted, by their codes less 1. */
const CAPTURED: readonly string[] = ['type', 'sequence'];

let compiled: Uint8Array | null = null;

/** @returns EVENT_SHAPE and the types of format 1, compiled; not to be changed. */
export function eventShapeBytes(): Uint8Array {
  compiled ??= compile();
  return compiled;
}

function compile(): Uint8Array {
  const table = new Table();
  const at = table.take(8);
  const root = writeShape(table, EVENT_SHAPE, true);
  const types = [
    ...ORDINARY_TYPES.map((type) => [type, ORDINARY] as const),
    ...CONTROL_TYPES.map((type) => [type, NAMING_TYPES.includes(type) ? NAMING : CONTROL] as const),
  ];
  table.word(at, root);
  table.word(at + 4, writeList(table, types));
  return table.bytes();
}

/** Bytes that grow; all offsets count from their beginning, and all parts begin at multiples of 16. */
class Table {
  private words: number[] = [];

  /** @returns the offset of `size` more bytes, zeros. */
  take(size: number): number {
    const at = 4 * this.words.length;
    for (let i = 0; i < size || (at + i) % 16 !== 0; i += 4) this.words.push(0);
    return at;
  }

  word(at: number, value: number): void {
    this.words[at / 4] = value;
  }

  /** ASCII and, TOKEN_BYTES behind, a mask of what counts. */
  token(at: number, text: string): void {
    const bytes = utf8(text);
    if (bytes.length > TOKEN_BYTES)
      throw new RangeError(`shape-bytes: expected at most ${TOKEN_BYTES} bytes, got ${text}`);
    for (const [i, byte] of bytes.entries()) {
      const word = at / 4 + (i >> 2);
      this.words[word]! |= byte << (8 * (i & 3));
      this.words[word + TOKEN_BYTES / 4]! |= 0xff << (8 * (i & 3));
    }
    this.word(at + 2 * TOKEN_BYTES, bytes.length);
  }

  bytes(): Uint8Array {
    const view = new DataView(new ArrayBuffer(4 * this.words.length));
    for (const [i, word] of this.words.entries()) view.setInt32(4 * i, word, true);
    return new Uint8Array(view.buffer);
  }
}

function writeShape(table: Table, kind: ObjectKind, outermost: boolean): number {
  const names = Object.keys(kind.members).sort();
  const at = table.take(SHAPE_BYTES + names.length * MEMBER_BYTES);
  table.word(at, kind.required?.length ?? 0);
  table.word(at + 4, names.length);
  for (const [i, name] of names.entries()) {
    const member = at + SHAPE_BYTES + i * MEMBER_BYTES;
    const group = (kind.exclusive ?? []).findIndex((list) => list.includes(name));
    const [code, argument] = kindOf(table, kind.members[name]!);
    table.token(member, `${JSON.stringify(name)}:`);
    table.word(member + 68, code);
    table.word(member + 72, argument);
    table.word(member + 76, group < 0 ? 0 : 1 << group);
    table.word(member + 80, kind.required?.includes(name) ? 1 : 0);
    table.word(member + 84, outermost ? CAPTURED.indexOf(name) + 1 : 0);
  }
  return at;
}

function writeList(table: Table, values: readonly (readonly [text: string, kind: number])[]): number {
  const at = table.take(LIST_BYTES + values.length * VALUE_BYTES);
  table.word(at, values.length);
  for (const [i, [text, kind]] of values.entries()) {
    const value = at + LIST_BYTES + i * VALUE_BYTES;
    table.token(value, JSON.stringify(text));
    table.word(value + 68, kind);
  }
  return at;
}

/** What a member's value may be: a code and its argument. */
function kindOf(table: Table, kind: Kind): readonly [code: number, argument: number] {
  switch (kind.kind) {
    case 'string':
      if (kind.oneOf !== undefined && kind.pattern === undefined && kind.min === undefined)
        return [
          KINDS.oneOf,
          writeList(
            table,
            kind.oneOf.map((text) => [text, 0]),
          ),
        ];
      if (kind.pattern !== undefined && kind.min === undefined) return [KINDS[kind.pattern], 0];
      if ((kind.min ?? 0) <= 1) return [KINDS.text, kind.min ?? 0];
      break;
    case 'integer':
      if (kind.max === Number.MAX_SAFE_INTEGER && kind.min >= 0) return [KINDS.integer, kind.min];
      break;
    case 'number':
      if (kind.min === 0) return [KINDS.number, 0];
      break;
    case 'boolean':
    case 'any':
    case 'free':
      return [KINDS[kind.kind], 0];
    case 'object':
      return [KINDS.object, writeShape(table, kind, false)];
    case 'array':
      if (kind.items.kind === 'object') return [KINDS.objects, writeShape(table, kind.items, false)];
      break;
  }
  throw new RangeError(`shape-bytes: expected a kind that the line kernel knows, got ${JSON.stringify(kind)}`);
}
