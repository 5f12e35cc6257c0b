/** The machine, so that a figure can be read years later. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  /** SHA extensions of the processor: they decide who is fast at SHA-256. null where this cannot be asked. */
  readonly sha_ni: boolean | null;
  readonly memory_gib: number;
  readonly os: string;
  /** File system of the folder that was written to. */
  readonly fs: string;
  /** Work of others: load average over one minute before the stage and after it. */
  readonly load: readonly [number, number];
}

/** A ratio that the project promised to reach, or that says what something costs. */
export interface Ratio {
  readonly name: string;
  readonly value: number;
  /** The least or the most it may be; neither where nothing was promised. */
  readonly at_least?: number;
  readonly at_most?: number;
  /** What it would be good to reach, beyond that: in the same direction. */
  readonly goal?: number;
  /** What `value` is of, where it is no ratio. */
  readonly unit?: string;
  /** Names of the rows it was formed of, ours first; for the table. */
  readonly of?: readonly string[];
}

/** Whether what was promised of a ratio, and its goal, were reached; null where there is none. */
export function judged({ value, at_least, at_most, goal }: Ratio): { must: boolean | null; goal: boolean | null } {
  const reached = (mark: number): boolean => (at_most === undefined ? value >= mark : value <= mark);
  const must = at_least ?? at_most;
  return { must: must === undefined ? null : reached(must), goal: goal === undefined ? null : reached(goal) };
}

/** One measured thing; which figures it has depends on the stage. */
export type Row = Readonly<Record<string, string | number | null>> & { readonly name: string };

/** What a stage measured, before the runner says where and when. */
export interface Measured {
  readonly parameters: Readonly<Record<string, string | number>>;
  readonly rows: readonly Row[];
  readonly ratios: readonly Ratio[];
}

/** A result file. */
export interface Result extends Measured {
  readonly schema: 'perdure/bench/v1';
  readonly stage: string;
  readonly date: string;
  /** Commit measured; `+` behind it when src/ or bench/ differed from it. */
  readonly commit: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  /** True for the small sizes of tests, which measure nothing. */
  readonly quick: boolean;
}

/** @returns the median; of an even number of values the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  if (sorted.length === 0) throw new RangeError('median: expected at least one value');
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** @returns the smallest value that `share` of all values do not exceed. */
export function quantile(values: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(values).sort();
  if (sorted.length === 0) throw new RangeError('quantile: expected at least one value');
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}

/** @returns a figure with as many digits as noise leaves meaning in. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

/** Refuse to time what is wrong. */
export function assertThat(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`bench: expected ${what}`);
}

/** Print what a stage measured: its last line on stdout, read by run.ts. */
export function report(measured: Measured): void {
  process.stdout.write(`${JSON.stringify(measured)}\n`);
}

/** Say how far a stage is. */
export function progress(text: string): void {
  process.stderr.write(`  ${text}\n`);
}

/** Whether the stage is run by a test: small sizes. */
export const QUICK: boolean = process.argv.includes('--quick');
