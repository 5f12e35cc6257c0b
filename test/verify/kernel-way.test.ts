import { expect, test } from 'vitest';
import { concatBytes } from '../../src/base/bytes.ts';
import { wasmVerifier } from '../../src/crypto/engine-wasm-verify.ts';
import { sha256Hex } from '../../src/crypto/hash.ts';
import type { Verifier } from '../../src/crypto/verifier.ts';
import { summarise } from '../../src/verify/summarise.ts';
import { trustKeys } from '../../src/verify/trust.ts';
import { makeContext } from '../../src/verify/verify.ts';
import { fixedKey, LogBuilder } from '../../vectors/build.ts';
import { openKernel } from '../property/line-attack.ts';

/*
 * What the line kernels are for: nearly all lines of a run go their way, wherever the run begins. The verdict is the same either way,
 * so only counting shows that one line after the other is verified by itself.
 */

const key = fixedKey('alice');
const other = fixedKey('bob');

/** Summarise lines as a worker does that begins there. @returns how many lines there were, and signatures verified one by one. */
async function oneByOne(lines: readonly Uint8Array[]): Promise<{ lines: number; verified: number }> {
  let verified = 0;
  const verifier: Verifier = {
    ...wasmVerifier,
    verify: (...args) => {
      verified++;
      return wasmVerifier.verify(...args);
    },
  };
  const kernel = openKernel();
  const bytes = concatBytes(...lines);
  kernel.bytes.set(bytes);
  const trust = trustKeys([{ key: key.publicKey }, { key: other.publicKey }]);
  const summary = await summarise(
    kernel.bytes,
    0,
    bytes.length,
    false,
    makeContext({ trust }, { verifier, sha256Hex }, [], kernel),
  );
  expect([summary.other.count, summary.form.count]).toEqual([0, 0]);
  kernel.release();
  return { lines: summary.lines, verified };
}

/** A batch log of which every fourth line is signed, by two keys in turns. */
function mixed(): readonly Uint8Array[] {
  const log = new LogBuilder([key, other]).genesis('batch');
  for (let n = 0; n < 160; n++) {
    const by = n % 4 === 3 ? [n % 8 === 3 ? key : other] : [];
    log.calls(1, { by });
  }
  return log.lines.slice(1);
}
const lines = mixed();

test.each([
  ['an unsigned line', 0],
  ['a signed line', 3],
])('a run that begins with %s: one signature of each key, then none', async (_, from) => {
  expect(await oneByOne(lines.slice(from))).toEqual({ lines: 160 - from, verified: 2 });
});
