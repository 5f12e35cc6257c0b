import { assertThat, median, QUICK, type Ratio, type Row, rounded } from './result.ts';

/*
 * Contenders in turns within one process: a round is one turn of each, ratios are formed within a round, and the median round counts.
 * What else the machine does then hits both sides alike. Not benchmark.js, which decides itself how often it calls: where the cost of a
 * call depends on the message, both sides must have the same messages.
 */

/** What takes turns. */
export interface Contender {
  readonly name: string;
  /** One operation on the n-th input; n counts on over all turns. Answers whether it was right, for what can be wrong. */
  readonly run: (n: number) => unknown;
  /** Operations that one call of `run` does; default 1. */
  readonly operations?: number;
  /** Calls a turn, from input `round * calls` on, again and again until the turn is over; default: inputs just go on. */
  readonly calls?: number;
  /** Milliseconds a turn, where it is not TURN_MS. */
  readonly turnMs?: number;
}

/** Times of one contender. */
export interface Times {
  readonly name: string;
  /** Microseconds an operation, the mean of a turn; one a round. */
  readonly us: readonly number[];
}

const TURN_MS = QUICK ? 2 : 250;
/** Between two looks at the clock, where inputs just go on; grows until it takes about this long. */
const LOOK_MS = 1;

/** Let them take turns. The first round warms up and does not count. */
export function takeTurns(contenders: readonly Contender[], rounds: number): readonly Times[] {
  const us = contenders.map((): number[] => []);
  for (let round = -1; round < rounds; round++) {
    for (const [i, contender] of contenders.entries()) {
      const spent = contender.calls === undefined ? goOn(contender) : repeat(contender, contender.calls, round + 1);
      if (round >= 0) us[i]!.push(spent / (contender.operations ?? 1));
    }
  }
  return contenders.map(({ name }, i) => ({ name, us: us[i]! }));
}

const counters = new WeakMap<Contender, number>();

/** @returns microseconds a call. */
function goOn(contender: Contender): number {
  const { run, turnMs = TURN_MS } = contender;
  let n = counters.get(contender) ?? 0;
  let calls = 0;
  let batch = 1;
  let right = true;
  const begin = performance.now();
  let now = begin;
  do {
    const before = now;
    for (const end = n + batch; n < end; n++) right = run(n) !== false && right;
    calls += batch;
    now = performance.now();
    if (now - before < LOOK_MS) batch *= 2;
  } while (now - begin < turnMs);
  counters.set(contender, n);
  assertThat(right, `${contender.name} to be right at every call`);
  return ((now - begin) * 1000) / calls;
}

function repeat({ name, run, turnMs = TURN_MS }: Contender, calls: number, round: number): number {
  let done = 0;
  let right = true;
  const begin = performance.now();
  let now = begin;
  do {
    for (let n = round * calls; n < (round + 1) * calls; n++) right = run(n) !== false && right;
    done += calls;
    now = performance.now();
  } while (now - begin < turnMs);
  assertThat(right, `${name} to be right at every call`);
  return ((now - begin) * 1000) / done;
}

/** A row of one contender. */
export function rowOfTimes({ name, us }: Times, more: Readonly<Record<string, string | number>> = {}): Row {
  const middle = median(us);
  return { name, ...more, us: rounded(middle), us_best: rounded(Math.min(...us)), per_second: rounded(1e6 / middle) };
}

/** How many times the time of `ours` a rival takes: of each round, then the median. */
export function ratioOfTimes(rival: Times, ours: Times, name: string, promise: Partial<Ratio> = {}): Ratio {
  const value = rounded(median(rival.us.map((us, i) => us / ours.us[i]!)));
  return { name, value, ...promise, of: [ours.name, rival.name] };
}
