import { expect, test } from 'vitest';
import { BOUND } from '../crypto/timing.ts';
import { text } from '../house/tree.ts';

interface Row {
  readonly name: string;
  readonly t: number;
  readonly t_quartile: number;
  readonly apart_ns: number;
  readonly us: number;
  readonly inputs: number;
}

test('the figures on timing in SECURITY.md are those of the result file, and the controls of that run were found', () => {
  const { rows } = JSON.parse(text('bench/results/sign-timing.json')) as { rows: readonly Row[] };
  const apart = ({ t, t_quartile: quartile }: Row): number => Math.max(Math.abs(t), Math.abs(quartile));
  const [sign, control] = ['sign, one key or many', 'sign, control: some 300 ns more'].map(
    (name) => rows.find((row) => row.name === name)!,
  ) as [Row, Row];
  const kernels = rows.filter(({ name }) => !name.startsWith('sign,') && !name.includes('control'));
  expect(kernels.length).toBeGreaterThan(8);
  const prose = text('SECURITY.md').replace(/\s+/g, ' ');
  for (const figure of [
    `${(sign.inputs / 2).toLocaleString('en-US')} inputs a class`,
    `Welch's t is ${sign.t.toFixed(2)}, the difference ${Math.abs(sign.apart_ns).toFixed(1)} ns of ${Math.round(sign.us)} µs`,
    `gives |t| = ${Math.round(Math.abs(control.t))}, and ${BOUND} is the usual bound`,
    `|t| at most ${Math.max(...kernels.map(apart)).toFixed(1)}`,
  ])
    expect(prose).toContain(figure);
  for (const row of [sign, ...kernels]) expect(apart(row), row.name).toBeLessThan(BOUND);
  for (const row of rows.filter(({ name }) => name.includes('control')))
    expect(apart(row), row.name).toBeGreaterThan(BOUND);
});
