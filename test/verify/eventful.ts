import fc from 'fast-check';
import { isReceiptError } from '../../src/base/errors.ts';
import type { SecretKey } from '../../src/crypto/keys.ts';
import { closeEvent, rotationEvent } from '../../src/receipt/control.ts';
import type { CheckpointNote } from '../../src/verify/checkpoints.ts';
import type { VerifyOptions } from '../../src/verify/source.ts';
import { trustKeys } from '../../src/verify/trust.ts';
import type { Verdict } from '../../src/verify/verdict.ts';
import { fixedKey, LogBuilder, textOf } from '../../vectors/build.ts';
import { checkpointOf } from '../../vectors/checkpoint.ts';

export const one = fixedKey('one', 'Ed25519');
export const two = fixedKey('two', 'Ed25519');

/** A log with everything that a position can change: rotation, retired keys, sequences, a close, and lines after it. */
export function eventful(): Uint8Array[] {
  const log = new LogBuilder([one]).genesis('batch').calls(2, { by: [] }).calls(1);
  log.add({ type: 'tool_call', sequence: 'q' }, { by: [] }).add(closeEvent({ scope: 'sequence', sequence: 'q' }));
  log.add({ type: 'tool_call', sequence: 'q' }, { by: [] });
  log.add(rotationEvent({ mode: 'each', keys: [two.publicKey] }), { by: [one, two] });
  log.keys = [two];
  log
    .calls(2)
    .calls(1, { by: [one] })
    .calls(1, { by: [] })
    .calls(1, { by: [one, two] });
  log.calls(1, { frame: { time: '2001-01-01T00:00:00.000Z' } });
  log.add(rotationEvent({ mode: 'each', keys: [one.publicKey, two.publicKey] }), { by: [one, two] });
  log.keys = [one, two];
  log
    .calls(2)
    .add(closeEvent({ scope: 'log' }))
    .calls(1);
  return log.lines;
}

/** Lines of that log, some of them left out, repeated, moved, garbled. */
export const hostileLines = fc
  .array(
    fc.record({
      index: fc.nat(100),
      how: fc.constantFrom('keep', 'keep', 'keep', 'keep', 'garble', 'version', 'origin', 'edit', 'zero'),
    }),
    { maxLength: 24 },
  )
  .map((picks) => {
    const lines = textOf(eventful());
    // Mostly in order, so that there are links to judge.
    const sorted =
      picks.length % 3 === 0 ? picks : [...picks].sort((a, b) => (a.index % lines.length) - (b.index % lines.length));
    return sorted.map(({ index, how }) => {
      const line = lines[index % lines.length]!;
      if (how === 'garble') return `${line.slice(0, index % line.length)}\n`;
      if (how === 'version') return line.replace('"v":1}', '"v":3}');
      if (how === 'origin') return line.replace('example.com/test', 'example.org/test');
      if (how === 'edit') return line.replace('fs.', 'fz.');
      if (how === 'zero') return line.replace(/"prev":"[0-9a-f]+"/, `"prev":"${'0'.repeat(64)}"`);
      return line;
    });
  });

export const optionSets: VerifyOptions[] = [
  { trust: trustKeys([]) },
  {
    trust: trustKeys([{ key: one.publicKey }]),
    allowClassical: true,
    expect: { head: { size: 5, hash: '0'.repeat(64) } },
  },
  { trust: trustKeys([{ key: two.publicKey.kid }]), allowUnsignedTail: true, maxProblems: 3 },
  { trust: trustKeys([{ key: one.publicKey }]), allowClassical: true, maxProblems: 1 },
  {
    trust: trustKeys([{ key: one.publicKey }]),
    allowClassical: true,
    checkpoints: [note(5, [one]), note(9, [two]), note(3, [one]), note(14, [two])],
    logCheckpoints: [note(7, [one], new Uint8Array(32))],
  },
  { trust: trustKeys([{ key: one.publicKey }]), allowClassical: true, resume: note(5, [one]) },
];

/** What verification comes to, without `run`: a verdict, or the code of the error for checkpoints of another log. */
export function outcome(verification: Promise<Verdict>): Promise<object> {
  return verification.then(
    (verdict) => ({ ...verdict, run: null }),
    (error: unknown) => {
      if (isReceiptError(error, 'CHECKPOINT_OF_OTHER_LOG')) return { error: error.code };
      throw error;
    },
  );
}

/** A checkpoint of that log. @param root to state instead of its own. */
function note(size: number, keys: readonly SecretKey[], root?: Uint8Array): CheckpointNote {
  const log = { lines: eventful(), log: new LogBuilder([]).log };
  return { name: `checkpoint ${size}`, note: checkpointOf(log, size, keys, root === undefined ? {} : { root }) };
}

/** Takes the error of an outcome that was compared already. */
export function ofOtherLog(error: unknown): null {
  if (isReceiptError(error, 'CHECKPOINT_OF_OTHER_LOG')) return null;
  throw error;
}
