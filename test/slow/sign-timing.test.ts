import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeMachine, loadNow } from '../../bench/machine.ts';
import { type Row, rounded } from '../../bench/result.ts';
import { SIGNER_SHA256 } from '../../src/crypto/signers.ts';
import { SignClasses } from '../crypto/sign-classes.ts';
import { BOUND, type Comparison, compare, isApart, lineOf } from '../crypto/timing.ts';
import { root } from '../house/tree.ts';
import { CASES, SHARED_CASES, subjectOf } from '../twin/kernel-classes.ts';
import { compileKernels, Kernels, RELEASE, seeded } from '../twin/kernels.ts';

/*
 * Does the time that signer.wasm takes tell one secret key from others? Each comparison prints its figures; with PERDURE_TIMING_RESULT
 * they are written there, too, as a bench stage writes its own (bench/results/sign-timing.json). A difference below what the controls
 * show to be found may be there: this test finds leaks, and proves that there is none no more than any other does.
 */

const seed = (Date.now() & 0x7fffffff) >>> 0;
console.log(`seed ${seed}`);
const random = seeded(seed);
const loadBefore = loadNow();
const rows: Row[] = [];

/** Print and keep. */
function noted(name: string, found: Comparison): Comparison {
  console.log(lineOf(name, found));
  rows.push({
    name,
    t: rounded(found.t),
    t_quartile: rounded(found.tQuartile),
    apart_ns: rounded(found.apartNs),
    us: rounded(found.us),
    inputs: found.inputs,
    rounds: found.rounds,
  });
  return found;
}

afterAll(() => {
  const file = process.env.PERDURE_TIMING_RESULT;
  if (file === undefined) return;
  const result = {
    schema: 'perdure/bench/v1',
    stage: 'sign-timing',
    date: new Date().toISOString(),
    quick: false,
    machine: describeMachine(tmpdir(), loadBefore),
    versions: { node: process.versions.node, v8: process.versions.v8 },
    parameters: { seed, bound: BOUND, module_sha256: SIGNER_SHA256 },
    rows,
    ratios: [],
  };
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
});

describe('a signature at the first attempt, one secret key against keys drawn anew', () => {
  const PER_CLASS = 8192;
  const CONTROL = 2048;
  let classes: SignClasses;
  beforeAll(() => {
    classes = new SignClasses(PER_CLASS, random);
  }, 600_000);

  test('takes a time that does not tell them apart', () => {
    expect(isApart(noted('sign, one key or many', compare(classes.subject(9), random)))).toBe(false);
  });

  test('and would be told apart by some 300 ns more for one class, with a quarter of the inputs', () => {
    const found = noted('sign, control: some 300 ns more', compare(classes.subject(9, CONTROL, 60), random));
    expect(isApart(found)).toBe(true);
    expect(Math.abs(found.apartNs)).toBeLessThan(3000);
  });
});

describe('single kernels, zeros against random secrets', () => {
  const SIZE = { perClass: 4096, rounds: 25 };
  const dir = mkdtempSync(join(tmpdir(), 'perdure-leaky-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  let own: Kernels;
  let shared: Kernels;
  beforeAll(async () => {
    own = new Kernels(await compileKernels(RELEASE, 'sign-kernels'));
    shared = new Kernels(await compileKernels(RELEASE));
  }, 120_000);

  test.each(CASES)('$name', (one) => {
    expect(isApart(noted(one.name, compare(subjectOf(own, one, random, SIZE), random)))).toBe(false);
  });

  test.each(SHARED_CASES)('$name', (one) => {
    expect(isApart(noted(one.name, compare(subjectOf(shared, one, random, SIZE), random)))).toBe(false);
  });

  test('a kernel that leaves out zeros is told apart', async () => {
    cpSync(join(root, 'assembly'), join(dir, 'assembly'), { recursive: true });
    const file = join(dir, 'assembly', 'sparse.ts');
    const right = readFileSync(file, 'utf8');
    const line = 'const at = sparse + <usize>N + half - <usize>load<u8>(PLACES + <usize>p);';
    expect(right.split(line)).toHaveLength(2);
    writeFileSync(file, right.replace(line, `${line}\n        if (load<i64>(at) == 0) continue;`));
    process.env.PERDURE_KERNELS_FROM = dir;
    try {
      const leaky = new Kernels(await compileKernels(RELEASE, 'sign-kernels'));
      const one = CASES.find(({ name }) => name.startsWith('addProduct'))!;
      const found = compare(subjectOf(leaky, one, random, SIZE), random);
      expect(isApart(noted('addProduct, control: a branch that leaves out zeros', found))).toBe(true);
    } finally {
      delete process.env.PERDURE_KERNELS_FROM;
    }
  });
});
