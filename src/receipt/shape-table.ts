import { utf8 } from '../base/bytes.ts';
import { type Kind, matchesPattern, type ObjectKind } from './event-shape.ts';
import { isHex64 } from './frame-tokens.ts';

/*
 * The event schema compiled for a scan over bytes: what eventBreaches asks of values, asked of tokens. A twin test holds the two
 * together.
 */

/** A member of a closed object: its name as bytes, and what it may be. */
export interface ShapeMember {
  readonly name: Uint8Array;
  readonly kind: Shape;
  /** Bit of the exclusive group it belongs to; 0 for none. */
  readonly group: number;
  readonly required: boolean;
}

export interface ObjectShape {
  readonly kind: 'object';
  /** Members by the length of their names. */
  readonly byLength: readonly (readonly ShapeMember[] | undefined)[];
  readonly required: number;
}

export type Shape =
  | ObjectShape
  | { readonly kind: 'array'; readonly items: Shape }
  | Exclude<Kind, { kind: 'object' | 'array' }>;

/** Compile a kind of the event schema. */
export function compileShape(kind: ObjectKind): ObjectShape;
export function compileShape(kind: Kind): Shape;
export function compileShape(kind: Kind): Shape {
  if (kind.kind === 'array') return { kind: 'array', items: compileShape(kind.items) };
  if (kind.kind !== 'object') return kind;
  const byLength: ShapeMember[][] = [];
  for (const [name, member] of Object.entries(kind.members)) {
    const bytes = utf8(name);
    const group = (kind.exclusive ?? []).findIndex((names) => names.includes(name));
    byLength[bytes.length] ??= [];
    byLength[bytes.length]!.push({
      name: bytes,
      kind: compileShape(member),
      group: group < 0 ? 0 : 1 << group,
      required: kind.required?.includes(name) ?? false,
    });
  }
  return { kind: 'object', byLength, required: kind.required?.length ?? 0 };
}

/** @returns the member whose name stands at [begin, end) of `buf`, or null. */
export function findMember(shape: ObjectShape, buf: Uint8Array, begin: number, end: number): ShapeMember | null {
  const candidates = shape.byLength[end - begin];
  if (candidates === undefined) return null;
  next: for (const member of candidates) {
    const { name } = member;
    for (let i = 0; i < name.length; i++) if (buf[begin + i] !== name[i]) continue next;
    return member;
  }
  return null;
}

/**
 * @returns whether a string token keeps its kind. @param begin of its content in `buf`. @param end after it.
 * @param decode makes it text, asked only when needed.
 */
export function stringKeeps(
  kind: Shape,
  buf: Uint8Array,
  begin: number,
  end: number,
  decode: (begin: number, end: number) => string,
): boolean {
  if (kind.kind === 'any') return true;
  if (kind.kind !== 'string') return false;
  if (kind.min !== undefined && end - begin < kind.min) return false;
  // By far the most frequent, and canonical form spells its digits without escapes.
  if (kind.pattern === 'hex64') return end - begin === 64 && isHex64(buf, begin, end);
  if (kind.pattern !== undefined && !matchesPattern(kind.pattern, decode(begin, end))) return false;
  return kind.oneOf === undefined || kind.oneOf.includes(decode(begin, end));
}

/** @returns whether a number token keeps its kind. */
export function numberKeeps(kind: Shape, value: number): boolean {
  if (kind.kind === 'any') return true;
  if (kind.kind === 'integer') return Number.isSafeInteger(value) && value >= kind.min && value <= kind.max;
  return kind.kind === 'number' && value >= (kind.min ?? Number.NEGATIVE_INFINITY);
}
