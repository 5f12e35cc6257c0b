import { describe, expect, test } from 'vitest';
import { newLineView, scanLine } from '../../src/receipt/scan.ts';
import { Dice, MUTATIONS, mutate, seedOf } from '../property/mutate.ts';
import { FOLDERS, readKit } from '../tamper/kit.ts';
import { type Form, judgeLine } from './line-oracle.ts';

/** Every line of the kit once, LF left out, what lies behind the last LF included. */
function kitLines(): Uint8Array[] {
  const lines = new Map<string, Uint8Array>();
  for (const { bytes } of FOLDERS.flatMap((folder) => readKit(folder).cases)) {
    for (let at = 0; at <= bytes.length; ) {
      const lf = bytes.indexOf(0x0a, at);
      const end = lf < 0 ? bytes.length : lf;
      const line = bytes.slice(at, end);
      lines.set(Buffer.from(line).toString('latin1'), line);
      at = end + 1;
    }
  }
  return [...lines.values()];
}

const lines = kitLines();
const view = newLineView();

/** The forward grammar, on a line that stands in the middle of other bytes: nothing outside may be read as part of it. */
function forward(line: Uint8Array): Form {
  const buf = new Uint8Array(line.length + 64).fill(0x7d);
  buf.set(line, 32);
  return scanLine(buf, 32, 32 + line.length, view) ? 'receipt' : view.code!;
}

/** A broken line whose event is too deep as well may be called either. */
const agrees = (ours: Form, oracle: Form): boolean =>
  ours === oracle || (ours === 'TOO_LARGE' && oracle === 'MALFORMED' && view.event.tooDeep);

describe('the forward grammar and an independent one', () => {
  test('agree on every line of the kit, and call it the same', () => {
    expect(lines.length).toBeGreaterThan(600);
    const forms = new Map<Form, number>();
    for (const line of lines) {
      const form = forward(line);
      forms.set(form, (forms.get(form) ?? 0) + 1);
      if (!agrees(form, judgeLine(line)))
        expect([Buffer.from(line).toString('latin1'), form]).toEqual([judgeLine(line)]);
    }
    expect([...forms.keys()].sort()).toEqual(['MALFORMED', 'NOT_CANONICAL', 'TOO_LARGE', 'receipt']);
  });

  test('agree on 100,000 mutated lines', { timeout: 180_000 }, () => {
    const dice = new Dice(seedOf('mutated lines'));
    // Short ones: the oracle is slow, and in a long one most bytes are base64url.
    const short = lines.filter((line) => line.length > 0 && line.length < 1500);
    const counted = { receipt: 0, MALFORMED: 0, NOT_CANONICAL: 0, TOO_LARGE: 0 };
    for (let run = 0; run < 100_000; run++) {
      const { how, bytes } = mutate(dice, dice.pick(short), dice.pick(short), MUTATIONS);
      const form = forward(bytes);
      const oracle = judgeLine(bytes);
      counted[oracle]++;
      if (!agrees(form, oracle)) {
        expect([dice.seed, run, how, form, Buffer.from(bytes).toString('latin1')]).toEqual([oracle]);
      }
    }
    // Both sides of the border were visited.
    expect(counted.receipt).toBeGreaterThan(500);
    expect(counted.NOT_CANONICAL).toBeGreaterThan(200);
    expect(counted.MALFORMED).toBeGreaterThan(5000);
  });
});
