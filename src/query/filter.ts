import type { Json, JsonObject } from '../receipt/json.ts';
import type { Receipt } from '../receipt/receipt.ts';

/** Which receipts to take: every member that is given must hold, and each holds when any of its values does. */
export interface Filter {
  /** `type` of the event. */
  readonly types?: readonly string[] | undefined;
  readonly agents?: readonly string[] | undefined;
  /** `action.tool`. */
  readonly tools?: readonly string[] | undefined;
  readonly sessions?: readonly string[] | undefined;
  /** `trace_id`. */
  readonly traces?: readonly string[] | undefined;
  /** `outcome.status`. */
  readonly outcomes?: readonly string[] | undefined;
  /** Claimed times at or after this, and before `until`: as Date.toISOString prints them. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

/** @returns whether a receipt passes a filter. Values compare as whole strings; a member of another kind never passes. */
export function matches({ entry: { event, time } }: Receipt, filter: Filter): boolean {
  const { since, until } = filter;
  return (
    among(filter.types, event.type) &&
    among(filter.agents, event.agent) &&
    among(filter.tools, inside(event, 'action', 'tool')) &&
    among(filter.sessions, event.session) &&
    among(filter.traces, event.trace_id) &&
    among(filter.outcomes, inside(event, 'outcome', 'status')) &&
    // Both have the one spelling of format 1, which sorts as it reads.
    (since === undefined || time >= since) &&
    (until === undefined || time < until)
  );
}

/**
 * Select the receipts that pass a filter, in their order. Reads on to the end: claimed times may jump back, so an old receipt says
 * nothing about those behind it.
 * @param limit ends it after so many, without reading further; none unless given.
 */
export async function* select<R extends { readonly receipt: Receipt }>(
  receipts: AsyncIterable<R> | Iterable<R>,
  filter: Filter,
  limit: number = Number.POSITIVE_INFINITY,
): AsyncGenerator<R> {
  let left = limit;
  if (left <= 0) return;
  for await (const one of receipts) {
    if (!matches(one.receipt, filter)) continue;
    yield one;
    if (--left <= 0) return;
  }
}

function among(values: readonly string[] | undefined, value: Json | undefined): boolean {
  return values === undefined || (typeof value === 'string' && values.includes(value));
}

/** @returns a member of an object member; undefined where either is not there. */
export function inside(event: JsonObject, holder: string, name: string): Json | undefined {
  const object = Object.hasOwn(event, holder) ? event[holder] : undefined;
  if (typeof object !== 'object' || object === null || Array.isArray(object)) return undefined;
  return Object.hasOwn(object, name) ? (object as JsonObject)[name] : undefined;
}
