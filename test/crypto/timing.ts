/*
 * Whether two classes of inputs take different times, as TVLA and dudect ask it: inputs of both classes are timed by turns in random
 * order, and Welch's t says how far apart the means are beside their noise. An input and not a timing is the sample: one that is timed
 * again tells more about itself and nothing about its class. @see ISO/IEC 17825; Reparaz, Balasch, Verbauwhede: "Dude, is my code
 * constant time?" (2017)
 */

/** The usual bound: by chance alone |t| exceeds it once in about 150,000 comparisons. */
export const BOUND = 4.5;

/** Mean and variance (of a sample: divided by n - 1). */
export interface Moments {
  readonly count: number;
  readonly mean: number;
  readonly variance: number;
}

/** @param values at least two. */
export function momentsOf(values: ArrayLike<number>): Moments {
  // Welford's way: no sum of squares that would swallow the digits.
  let mean = 0;
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    const off = values[i]! - mean;
    mean += off / (i + 1);
    squares += off * (values[i]! - mean);
  }
  if (values.length < 2) throw new RangeError('momentsOf: expected at least two values');
  return { count: values.length, mean, variance: squares / (values.length - 1) };
}

/** @returns Welch's t of two samples; 0 where neither varies and the means are equal, infinite where they are not. */
export function welchT(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [first, second] = [momentsOf(a), momentsOf(b)];
  const apart = first.mean - second.mean;
  return apart === 0 ? 0 : apart / Math.sqrt(first.variance / first.count + second.variance / second.count);
}

/** What is timed. */
export interface Subject {
  /** Inputs of each class; those of class 0 come first: input i is of class 0 when i < perClass. */
  readonly perClass: number;
  /** How often each input is timed. */
  readonly rounds: number;
  /** Put an input in its place; not timed. */
  prepare(input: number): void;
  /** What is timed. */
  run(): void;
}

/** What was found. */
export interface Comparison {
  readonly inputs: number;
  readonly rounds: number;
  /** Of each input its median counts: what the system did between is cropped by it. */
  readonly t: number;
  /** The same of its lower quartile, where less of the noise is left. */
  readonly tQuartile: number;
  /** Mean of the medians of a class in microseconds, and how far they are apart. */
  readonly us: number;
  readonly apartNs: number;
}

/**
 * Time both classes. The first round warms up and is thrown away. @param random to [0, below). @param now a clock in milliseconds.
 */
export function compare(
  { perClass, rounds, prepare, run }: Subject,
  random: (below: number) => number,
  now: () => number = () => performance.now(),
): Comparison {
  const inputs = 2 * perClass;
  const times = Array.from({ length: inputs }, () => new Float64Array(rounds));
  const order = Uint32Array.from({ length: inputs }, (_, i) => i);
  for (let round = -1; round < rounds; round++) {
    for (let i = inputs - 1; i > 0; i--) {
      const j = random(i + 1);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    for (const input of order) {
      prepare(input);
      const from = now();
      run();
      const ms = now() - from;
      if (round >= 0) times[input]![round] = ms;
    }
  }
  for (const list of times) list.sort();
  const at = (share: number): number[] => times.map((list) => list[Math.floor(share * (rounds - 1))]! * 1e6);
  const halves = (ns: readonly number[]): [number[], number[]] => [ns.slice(0, perClass), ns.slice(perClass)];
  const [first, second] = halves(at(0.5));
  const means = [momentsOf(first).mean, momentsOf(second).mean] as const;
  return {
    inputs,
    rounds,
    t: welchT(first, second),
    tQuartile: welchT(...halves(at(0.25))),
    us: (means[0] + means[1]) / 2000,
    apartNs: means[0] - means[1],
  };
}

/** @returns whether the classes were told apart. */
export function isApart({ t, tQuartile }: Comparison): boolean {
  return Math.abs(t) > BOUND || Math.abs(tQuartile) > BOUND;
}

/** @returns a comparison in one line. */
export function lineOf(name: string, { t, tQuartile, us, apartNs, inputs, rounds }: Comparison): string {
  const figures = `t ${t.toFixed(2)} (quartile ${tQuartile.toFixed(2)}), ${apartNs.toFixed(1)} ns apart of ${us.toFixed(2)} µs`;
  return `${name}: ${figures}; ${inputs} inputs, ${rounds} times each`;
}
