import { ReceiptError } from '../base/errors.ts';
import type { CanonicalEvent } from '../receipt/canonical.ts';
import type { JsonObject } from '../receipt/json.ts';
import { readEvent } from './link.ts';
import type { Appended, Log, WaitFor } from './log.ts';

/**
 * Somewhere events go and become evidence: a log, two logs, a remote one. What every sink promises:
 *
 * - `write` resolves when the event is recorded for good, not when it was taken; `writeBatch` when all of its events are, in order.
 * - Whatever goes wrong is thrown, at the call it went wrong for. A sink never swallows, retries in the dark or drops: the caller
 *   decides whether to go on without a record, and a caller that must not (the gate) can only know from here.
 * - Events are read at the call: a later change of them changes nothing.
 * - When `writeBatch` throws, some of its events may be recorded: the first ones, never later without earlier.
 * - `verify` judges what is recorded and returns a verdict; evidence that does not hold is no error.
 * - `close` records what was taken before, then releases everything; a second call does nothing. Later writes throw LOG_CLOSED.
 *
 * @typeParam R what a write returns. @typeParam V the verdict.
 */
export interface Sink<R, V> {
  write(event: JsonObject | CanonicalEvent): Promise<R>;
  writeBatch(events: readonly (JsonObject | CanonicalEvent)[]): Promise<R[]>;
  verify(): Promise<V>;
  close(): Promise<void>;
}

/**
 * Make a sink of a log. @param verify judges the log: pass the auditor's. @param options what a write waits for.
 */
export function logSink<V>(
  log: Log,
  verify: (log: Log) => Promise<V>,
  { waitFor = 'durable' }: { readonly waitFor?: WaitFor } = {},
): Sink<Appended, V> {
  return {
    write: (event) => log.append(event, { waitFor }),
    writeBatch: (events) => log.appendBatch(events, { waitFor }),
    verify: () => verify(log),
    close: () => log.close(),
  };
}

/**
 * Record everything in two sinks. An event is read once, so both get the same whatever the caller's object does. A write resolves when
 * both hold it, and throws when either does not: then the other may hold it.
 * The two are never brought back in step behind the caller's back; each is a log of its own and verifies by itself.
 */
export function tee<R1, V1, R2, V2>(first: Sink<R1, V1>, second: Sink<R2, V2>): Sink<[R1, R2], [V1, V2]> {
  return {
    async write(event) {
      const one = readEvent(event);
      return both(
        async () => first.write(one),
        async () => second.write(one),
        'write',
      );
    },
    async writeBatch(events) {
      const all = events.map(readEvent);
      const [ones, twos] = await both(
        async () => first.writeBatch(all),
        async () => second.writeBatch(all),
        'writeBatch',
      );
      return ones.map((one, i) => [one, twos[i]!]);
    },
    verify: () =>
      both(
        async () => first.verify(),
        async () => second.verify(),
        'verify',
      ),
    close: async () => {
      await both(
        async () => first.close(),
        async () => second.close(),
        'close',
      );
    },
  };
}

/** Run both to their end, whatever one of them does. @throws the error of the one that failed; of both, one that carries both. */
async function both<A, B>(one: () => Promise<A>, two: () => Promise<B>, what: string): Promise<[A, B]> {
  const [a, b] = await Promise.allSettled([one(), two()]);
  if (a.status === 'fulfilled' && b.status === 'fulfilled') return [a.value, b.value];
  if (a.status === 'fulfilled') throw (b as PromiseRejectedResult).reason;
  if (b.status === 'fulfilled') throw a.reason;
  const cause = new AggregateError([a.reason, b.reason], `${what} failed in both sinks`);
  if (a.reason instanceof ReceiptError) {
    const { code, message, next } = a.reason;
    throw new ReceiptError(code, `tee: ${what} failed in both sinks; in the first: ${message}`, { cause, next });
  }
  throw cause;
}
