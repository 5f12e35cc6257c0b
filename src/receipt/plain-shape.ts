import { type Kind, type ObjectKind, ORDINARY_TYPES } from './event-shape.ts';
import { Literal } from './words.ts';

/*
 * The event schema compiled for the short way (plain-event.ts): members in canonical order, their names as whole tokens, and next to
 * each what stood there last, since logs repeat themselves.
 */

/** What a member's value may be: `text` a string, `word` one that is not empty, `number` one that is not negative. */
export type PlainKind =
  | 'word'
  | 'text'
  | 'oneOf'
  | 'hex64'
  | 'uuid'
  | 'time'
  | 'integer'
  | 'number'
  | 'boolean'
  | 'any'
  | 'free'
  | 'object'
  | 'objects';

/** A member: its name as it stands on a line, and what may follow. */
export interface PlainMember {
  /** `"name":` */
  readonly token: Literal;
  readonly kind: PlainKind;
  /** Of `integer`. */
  readonly min: number;
  /** Of `oneOf`: `"value"` each. */
  readonly values: readonly Literal[];
  /** Index of the value that stood here last. */
  last: number;
  /** Of `object` and `objects`. */
  readonly shape: PlainShape | null;
  /** Bit of the exclusive group it belongs to; 0 for none. */
  readonly group: number;
  readonly required: number;
  /** Its content is wanted: 1 `type`, 2 `sequence`, of the outermost object; else 0. */
  readonly capture: number;
}

export interface PlainShape {
  /** In canonical order. */
  readonly members: readonly PlainMember[];
  readonly required: number;
  /** Which member followed last: after none at 0, after member i at i + 1. */
  readonly next: Uint8Array;
}

/** Compile the schema of ordinary events: as ObjectKind, but `type` is one of the ordinary types. */
export function compilePlainEvent(kind: ObjectKind): PlainShape {
  return compileObject(kind, true);
}

function compileObject(kind: ObjectKind, outermost: boolean): PlainShape {
  const exclusive = kind.exclusive ?? [];
  const members = Object.keys(kind.members)
    .sort()
    .map((name): PlainMember => {
      const isType = outermost && name === 'type';
      const group = exclusive.findIndex((names) => names.includes(name));
      const member: Kind = isType ? { kind: 'string', oneOf: ORDINARY_TYPES } : kind.members[name]!;
      return {
        token: new Literal(`${JSON.stringify(name)}:`),
        kind: kindOf(member),
        min: member.kind === 'integer' ? member.min : 0,
        values: member.kind === 'string' ? (member.oneOf ?? []).map((text) => new Literal(JSON.stringify(text))) : [],
        last: 0,
        shape: shapeOf(member),
        group: group < 0 ? 0 : 1 << group,
        required: kind.required?.includes(name) ? 1 : 0,
        capture: isType ? 1 : outermost && name === 'sequence' ? 2 : 0,
      };
    });
  return { members, required: kind.required?.length ?? 0, next: new Uint8Array(members.length + 1) };
}

function shapeOf(kind: Kind): PlainShape | null {
  if (kind.kind === 'array') return shapeOf(kind.items);
  return kind.kind === 'object' ? compileObject(kind, false) : null;
}

function kindOf(kind: Kind): PlainKind {
  switch (kind.kind) {
    case 'string':
      if (kind.oneOf !== undefined) return 'oneOf';
      if (kind.pattern !== undefined) return kind.pattern;
      if ((kind.min ?? 0) > 1) break;
      return kind.min === 1 ? 'word' : 'text';
    case 'integer':
      if (kind.max === Number.MAX_SAFE_INTEGER) return 'integer';
      break;
    case 'number':
      if (kind.min === 0) return 'number';
      break;
    case 'boolean':
      return 'boolean';
    case 'any':
      return 'any';
    case 'free':
      return 'free';
    case 'object':
      return 'object';
    case 'array':
      if (kind.items.kind === 'object') return 'objects';
      break;
  }
  throw new RangeError(`plain-shape: expected a kind the short way knows, got ${JSON.stringify(kind)}`);
}
