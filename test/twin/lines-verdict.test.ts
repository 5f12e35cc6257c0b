import { describe, expect, test } from 'vitest';
import { concatBytes } from '../../src/base/bytes.ts';
import { wasmVerifier } from '../../src/crypto/engine-wasm-verify.ts';
import { crossCheck, lineEngineOf } from '../../src/crypto/engines.ts';
import { nobleSha256Hex } from '../../src/crypto/hash.ts';
import { RECORD, RECORD_WORDS } from '../../src/crypto/line-verifier.ts';
import type { Verifier } from '../../src/crypto/verifier.ts';
import { BATCH_BUFFER_BYTES } from '../../src/receipt/lines.ts';
import { newLineView, scanLine } from '../../src/receipt/scan.ts';
import { attackLines, openKernel, reference, verifyInRuns } from '../property/line-attack.ts';
import { lineLogs } from '../property/line-logs.ts';
import { Dice, seedOf } from '../property/mutate.ts';
import { FOLDERS, optionsOf, readKit } from '../tamper/kit.ts';
import { verifyOnce } from '../tamper/run-kit.ts';

/*
 * Lines read by the kernel and lines read in TypeScript are two ways to one verdict, to the last position and excerpt.
 */

const kernel = openKernel();
const lines = lineEngineOf(wasmVerifier, true)!;

describe('the kit', () => {
  test.each(FOLDERS)('%s: the verdict of the reference, as a whole and in runs', async (folder) => {
    const dice = new Dice(seedOf(folder));
    for (const one of readKit(folder).cases) {
      const options = optionsOf(one);
      const expected = { ...(await verifyOnce(one.bytes, options, reference)), run: null };
      const engines = { verifier: wasmVerifier, sha256Hex: nobleSha256Hex, lines };
      expect({ ...(await verifyOnce(one.bytes, options, engines)), run: null }, one.name).toEqual(expected);
      expect({ ...(await verifyInRuns(one.bytes, options, kernel, dice)), run: null }, one.name).toEqual(expected);
    }
  });
});

test('10,000 mutations', { timeout: 600_000 }, async () => {
  const verdicts = await attackLines(10_000, new Dice(seedOf('mutated lines in the kernel')), kernel);
  expect(verdicts.get('invalid')).toBeGreaterThan(3000);
  expect(verdicts.get('unverifiable')).toBeGreaterThan(100);
  expect(verdicts.get('valid')).toBeGreaterThan(100);
});

describe('what a kernel may not do', () => {
  const each = lineLogs().find(({ name }) => name === 'each')!;

  test('with a cross-check, both engines see every signature', async () => {
    let seen = 0;
    const verifier: Verifier = {
      engine: 'noble',
      verify(...args) {
        seen++;
        return wasmVerifier.verify(...args);
      },
    };
    // A kernel that knew the key for the verification before has forgotten it.
    await verifyOnce(each.bytes, each.options, { verifier: wasmVerifier, sha256Hex: nobleSha256Hex, lines });
    const engines = { verifier: crossCheck(wasmVerifier, verifier), sha256Hex: nobleSha256Hex };
    const apart = lineEngineOf(wasmVerifier, false)!;
    const verdict = await verifyOnce(each.bytes, each.options, { ...engines, lines: apart });
    expect([verdict.signatures.valid, seen]).toEqual([verdict.counts.lines, verdict.counts.lines]);
  });

  test('two verifications at a time have a kernel each', async () => {
    const engines = { verifier: wasmVerifier, sha256Hex: nobleSha256Hex, lines };
    const logs = lineLogs();
    const alone = [];
    for (const { bytes, options } of logs) alone.push({ ...(await verifyOnce(bytes, options, engines)), run: null });
    const together = await Promise.all(logs.map(({ bytes, options }) => verifyOnce(bytes, options, engines)));
    expect(together.map((verdict) => ({ ...verdict, run: null }))).toEqual(alone);
  });

  test('many lines: more than there are records, more than a batch', { timeout: 120_000 }, async () => {
    const { bytes, options } = lineLogs()[0]!;
    const genesis = bytes.indexOf(0x0a) + 1;
    const rest = new Array<Uint8Array>(200).fill(bytes.subarray(genesis));
    const many = concatBytes(bytes.subarray(0, genesis), ...rest);
    expect(many.length).toBeGreaterThan(BATCH_BUFFER_BYTES);
    const engines = { verifier: wasmVerifier, sha256Hex: nobleSha256Hex, lines };
    const expected = await verifyOnce(many, options, reference);
    expect({ ...(await verifyOnce(many, options, engines)), run: null }).toEqual({ ...expected, run: null });
  });

  test('leave most lines to TypeScript', () => {
    const { bytes } = lineLogs()[0]!;
    const view = newLineView();
    const genesis = bytes.indexOf(0x0a);
    kernel.bytes.set(bytes);
    expect(scanLine(kernel.bytes, 0, genesis, view)).toBe(true);
    const count = kernel.read(genesis + 1, bytes.length, view);
    const left = Array.from({ length: count }, (_, i) => kernel.records[i * RECORD_WORDS + RECORD.FLAGS]! & 1);
    // One event has a name of more than ASCII: it and nothing else is left.
    expect([count, left.reduce((a, b) => a + b)]).toEqual([32, 1]);
  });
});
