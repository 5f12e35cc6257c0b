import { judged, type Ratio, type Result, type Row } from './result.ts';

/*
 * How figures look in the table: three digits, since more are noise.
 */

/** Three digits. */
export function digits(value: string | number | null | undefined): string {
  const number = Number(value);
  return number >= 100 ? count(number) : String(Number(number.toPrecision(3)));
}

/** A whole number, of which three digits are told. */
export function count(value: string | number | null | undefined): string {
  const number = Number(value);
  return Math.round(number >= 1000 ? Number(number.toPrecision(3)) : number).toLocaleString('en-US');
}

/** Microseconds in the unit that reads best. */
export function duration(us: number): string {
  if (us >= 1e6) return `${digits(us / 1e6)} s`;
  return us >= 1000 ? `${digits(us / 1000)} ms` : `${digits(us)} µs`;
}

/** A ratio with what it was to reach, and whether it did, in one cell: losses are shown too. */
export function shown(ratio: Ratio, unit: string): string {
  const { value, at_least, at_most, goal } = ratio;
  const figure = `**${digits(value)}**${unit}`;
  const is = judged(ratio);
  if (is.must === null) return figure;
  const mark = at_most === undefined ? `at least ${at_least}` : `at most ${at_most}`;
  const aim = goal === undefined ? '' : `; goal ${goal}: ${is.goal ? 'reached' : 'missed'}`;
  return `${figure} (${mark}: ${is.must ? 'reached' : 'missed'}${aim})`;
}

/** The same in three cells: ratio, must, goal. */
export function threeCells(ratio: Ratio): [value: string, must: string, goal: string] {
  const { value, at_least, at_most, goal, unit = '×' } = ratio;
  const reached = judged(ratio);
  const sign = at_most === undefined ? '≥' : '≤';
  const cell = (mark: number | undefined, is: boolean | null): string =>
    is === null ? '' : `${sign} ${mark} ${is ? 'reached' : '**missed**'}`;
  return [
    `**${digits(value)}**${unit === '×' ? '×' : ` ${unit}`}`,
    cell(at_least ?? at_most, reached.must),
    cell(goal, reached.goal),
  ];
}

/** The figures of a row, whatever it has. */
export function figuresOf(row: Row): string {
  if (row.us !== undefined)
    return Number(row.us) >= 1e5
      ? duration(Number(row.us))
      : `${duration(Number(row.us))} · ${count(row.per_second)}/s`;
  if (row.kb !== undefined) return `${digits(row.kb)} KB`;
  if (row.p99_ms !== undefined && row.entries === undefined)
    return `${duration(Number(row.ms) * 1000)} · p99 ${duration(Number(row.p99_ms) * 1000)}`;
  if (row.ms === undefined) return `${digits(row.max_rss_mb)} MB`;
  const rate = row.per_second ?? (Number(row.entries) * 1000) / Number(row.ms);
  return `${duration(Number(row.ms) * 1000)} · ${count(rate)} entries/s`;
}

/** @throws Error where a result file lacks the row. */
export function rowNamed(result: Result, name: string): Row {
  const row = result.rows.find((one) => one.name === name);
  if (row === undefined) throw new Error(`table: expected a row "${name}" in ${result.stage}.json`);
  return row;
}
