import { expect } from 'vitest';
import { wasmVerifier } from '../../src/crypto/engine-wasm-verify.ts';
import { nobleSha256Hex, sha256Hex } from '../../src/crypto/hash.ts';
import type { LineVerifier } from '../../src/crypto/line-verifier.ts';
import { CONTEXTS } from '../../src/crypto/verifier.ts';
import { LineKernel } from '../../src/crypto/wasm-lines.ts';
import { eventShapeBytes } from '../../src/receipt/shape-bytes.ts';
import { collectKeys } from '../../src/verify/collect-keys.ts';
import type { Context } from '../../src/verify/context.ts';
import type { Engines, VerifyOptions } from '../../src/verify/source.ts';
import { summarise } from '../../src/verify/summarise.ts';
import type { Summary } from '../../src/verify/summary.ts';
import type { Verdict } from '../../src/verify/verdict.ts';
import { contextOf, remembering, verdictOf, verifyOnce } from '../tamper/run-kit.ts';
import { lineLogs } from './line-logs.ts';
import { type Dice, MUTATIONS, mutate, RELINKED } from './mutate.ts';

/** The reference: every line read in TypeScript. */
export const reference: Engines = { verifier: remembering(wasmVerifier), sha256Hex: nobleSha256Hex };

/** A line verifier that has been opened. @param module another one than the embedded. */
export function openKernel(module?: Uint8Array): LineKernel {
  const kernel = new LineKernel(module);
  kernel.begin(eventShapeBytes(), CONTEXTS.entry, true);
  return kernel;
}

/**
 * Verify a log with a line verifier, its lines laid into the memory in runs of any size, anywhere: against the end of it, or so that
 * they begin at any alignment. Around them stands what would go on with a token.
 */
export async function verifyInRuns(
  log: Uint8Array,
  options: VerifyOptions,
  lines: LineVerifier,
  dice: Dice,
): Promise<Verdict> {
  const engines: Engines = { verifier: reference.verifier, sha256Hex };
  const context = contextOf(options, engines, lines);
  lines.accept(context.acceptedBelow);
  if (options.trust.keys.some(({ key }) => key === null)) await collectKeys([log], context.named);
  return verdictOf(summariesInRuns(log, lines, dice, context), options, engines, context);
}

async function* summariesInRuns(
  log: Uint8Array,
  lines: LineVerifier,
  dice: Dice,
  context: Context,
): AsyncGenerator<Summary> {
  const most = dice.pick([1, 2, 5, 20, 1e9]);
  for (let at = 0; at < log.length; ) {
    let end = at;
    for (let i = dice.below(most); i >= 0 && end < log.length; i--) {
      const lf = log.indexOf(0x0a, end);
      if (lf < 0) break;
      end = lf + 1;
    }
    const torn = end === at;
    if (torn) end = log.length;
    const size = end - at;
    const begin = dice.below(3) === 0 ? lines.bytes.length - size : dice.below(64);
    const filler = dice.pick([0x22, 0x0a, 0x30, 0xff, 0x7d]);
    lines.bytes.fill(filler, Math.max(0, begin - 64), begin);
    lines.bytes.fill(filler, begin + size, begin + size + 128);
    lines.bytes.set(log.subarray(at, end), begin);
    yield await summarise(lines.bytes, begin, begin + size, torn, context);
    expect(
      Buffer.compare(lines.bytes.subarray(begin, begin + size), log.subarray(at, end)),
      'the bytes are as before',
    ).toBe(0);
    at = end;
  }
}

/** Mutate logs and verify what results both ways. @returns how many verdicts were which. */
export async function attackLines(runs: number, dice: Dice, lines: LineVerifier): Promise<Map<string, number>> {
  const logs = lineLogs();
  const verdicts = new Map<string, number>();
  for (let run = -logs.length; run < runs; run++) {
    // First all as they are.
    // Then mostly the first ones, which are unsigned and quick.
    const victim =
      run < 0 ? logs[run + logs.length]! : logs[Math.min(dice.below(logs.length), dice.below(logs.length))]!;
    const mutations = dice.below(6) === 0 ? RELINKED : MUTATIONS;
    const { how, bytes } =
      run < 0 ? { how: 'nothing', bytes: victim.bytes } : mutate(dice, victim.bytes, dice.pick(logs).bytes, mutations);
    const expected = await verifyOnce(bytes, victim.options, reference);
    const found = await verifyInRuns(bytes, victim.options, lines, dice);
    expect({ ...found, run: null }, `seed ${dice.seed}, run ${run}, ${victim.name}: ${how}`).toEqual({
      ...expected,
      run: null,
    });
    verdicts.set(expected.verdict, (verdicts.get(expected.verdict) ?? 0) + 1);
  }
  return verdicts;
}
