import { describe, expect, test } from 'vitest';
import { type AuditOptions, verify } from '../../src/auditor.ts';
import { formatReceiptFile, formatReceiptProof, type StandAloneReceipt } from '../../src/checkpoint/receipt-file.ts';
import { closeEvent, rotationEvent } from '../../src/receipt/control.ts';
import type { Verdict } from '../../src/verify/verdict.ts';
import { fixedKey, LogBuilder } from '../../vectors/build.ts';
import { checkpointOf, proofOf, standAloneOf } from '../../vectors/checkpoint.ts';

const key = fixedKey('stand-alone');
const next = fixedKey('stand-alone, next');
const stranger = fixedKey('stand-alone, stranger');

const log = new LogBuilder([key]).genesis('batch').calls(20, { by: [] });
const rotated = new LogBuilder([key]).genesis('batch').calls(6, { by: [] });
rotated.add(rotationEvent({ mode: 'batch', keys: [next.publicKey] }), { by: [key, next] });
rotated.keys = [next];
rotated.calls(12, { by: [] });

/** Verify it in both forms in which it is written, which must come to the same. */
async function judged(standAlone: StandAloneReceipt, options: AuditOptions = {}): Promise<Verdict> {
  const all = { keys: [key.publicKey], name: 'receipt', ...options };
  const verdict = await verify(formatReceiptFile(standAlone), all);
  const proof = await verify(formatReceiptProof(standAlone), all);
  expect({ ...proof, run: null }).toEqual({ ...verdict, run: null });
  return verdict;
}

const codes = ({ problems }: Verdict): string[] => problems.map(({ code, check }) => `${code} ${check}`);

describe('a receipt without its log', () => {
  test('is valid where a checkpoint by the known key has it in its tree', async () => {
    for (const seq of [0, 1, 7, 20]) {
      const verdict = await judged(standAloneOf(log, seq, checkpointOf(log, 21, [key])));
      expect(verdict).toMatchObject({
        verdict: 'valid',
        subject: { kind: 'receipt', mode: 'batch' },
        head: { size: seq + 1 },
        tail: { status: 'unknown' },
        problems: [],
      });
      expect(verdict.not_proven).toContain('fork not excluded');
      expect(verdict.not_proven).toContain('later rotations not excluded');
      expect(verdict.not_proven).not.toContain('place in the log not proven');
    }
  });

  test('the same checkpoint, remembered, excludes a fork; another of that size proves one', async () => {
    const proof = standAloneOf(log, 7, checkpointOf(log, 21, [key]));
    const remembered = await judged(proof, { checkpoints: [checkpointOf(log, 21, [key])] });
    expect(remembered.verdict).toBe('valid');
    expect(remembered.not_proven).not.toContain('fork not excluded');
    const forked = await judged(proof, { checkpoints: [checkpointOf(log, 21, [key], { root: new Uint8Array(32) })] });
    expect(forked).toMatchObject({ verdict: 'invalid', tail: { status: 'forked' } });
    const later = await judged(proof, { checkpoints: [checkpointOf(log, 18, [key])] });
    expect(codes(later)).toEqual(['PIN_UNCHECKED checkpoint']);
  });

  test('a path that leads elsewhere is invalid, whichever hash of it was changed', async () => {
    const good = standAloneOf(log, 7, checkpointOf(log, 21, [key]));
    const { line, path } = good.receipt;
    const paths = [
      ...path.map((_, i) => path.map((hash, j) => (i === j ? hash.map((byte) => byte ^ 1) : hash))),
      path.slice(1),
      [...path, path[0]!],
      [],
    ];
    for (const changed of paths) {
      const verdict = await judged({ ...good, receipt: { line, path: changed } });
      expect(verdict.verdict).toBe('invalid');
      expect(codes(verdict)).toContain('TAIL_FORKED checkpoint');
    }
    // Another line with the path of this one.
    const swapped = { line: standAloneOf(log, 8, good.checkpoint).receipt.line, path };
    expect((await judged({ ...good, receipt: swapped })).verdict).toBe('invalid');
  });

  test('a checkpoint that a stranger signed covers nothing', async () => {
    const verdict = await judged(standAloneOf(log, 7, checkpointOf(log, 21, [stranger])));
    expect(verdict.verdict).toBe('unverifiable');
    expect(codes(verdict)).toEqual(['UNSIGNED_TAIL requirement', 'CHECKPOINT_UNTRUSTED checkpoint']);
  });

  test('rotations come along: the keys that rule at the size of the checkpoint must have signed it', async () => {
    const signed = checkpointOf(rotated, 20, [next]);
    expect((await judged(standAloneOf(rotated, 12, signed))).verdict).toBe('valid');
    expect((await judged(standAloneOf(rotated, 3, signed))).verdict).toBe('valid');
    const without = standAloneOf(rotated, 12, signed);
    expect(codes(await judged({ ...without, before: without.before.slice(0, 1) }))).toContain(
      'CHECKPOINT_UNTRUSTED checkpoint',
    );
    expect((await judged(standAloneOf(rotated, 12, checkpointOf(rotated, 20, [key])))).verdict).toBe('unverifiable');
  });

  test('one that is signed by itself needs no covering, and its place is still judged', async () => {
    const each = new LogBuilder([key])
      .genesis()
      .calls(5)
      .add(closeEvent({ scope: 'log' }));
    for (const seq of [0, 3, 6]) {
      expect((await judged(standAloneOf(each, seq, checkpointOf(each, 7, [key])))).verdict).toBe('valid');
    }
    const elsewhere = { ...standAloneOf(each, 3, checkpointOf(each, 7, [key])) };
    const moved = { ...elsewhere, receipt: { ...elsewhere.receipt, path: proofOf(each.lines, 4, 7) } };
    expect(codes(await judged(moved))).toEqual(['TAIL_FORKED checkpoint']);
  });
});
