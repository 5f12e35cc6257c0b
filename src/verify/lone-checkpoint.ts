import type { CheckpointNote } from './checkpoints.ts';
import { judgeCheckpoints, readRemembered } from './checkpoints.ts';
import { Judge } from './judge.ts';
import type { Engines, VerifyOptions } from './source.ts';
import type { Verdict } from './verdict.ts';
import { policyOf } from './verify.ts';
import { writeVerdict } from './write-verdict.ts';

/**
 * Verify a checkpoint by itself: its form, and that keys given from outside signed it. Without its log nothing is said about entries.
 * @throws ReceiptError CHECKPOINT_MALFORMED; ENGINE_UNAVAILABLE, ENGINES_DISAGREE.
 */
export async function verifyLoneCheckpoint(
  note: CheckpointNote,
  options: VerifyOptions,
  engines: Engines,
): Promise<Verdict> {
  const startedAt = Date.now();
  const { allowUnsignedTail = false, allowClassical = false, trust } = options;
  const judge = new Judge(trust, new Map(), { allowUnsignedTail, allowClassical }, 1, undefined, true);
  // It lies with itself: it says nothing of a tail.
  const remembered = readRemembered([note]).map((one) => ({ ...one, outside: false }));
  const { origin, size } = remembered[0]!.signed!.checkpoint;
  judge.tree.prove(size, null);
  const { verifier } = engines;
  const rules = { trust, found: new Map(), verifier, policy: policyOf(options), nowMs: startedAt };
  const checkpoints = await judgeCheckpoints(judge, remembered, rules);
  const source = { kind: 'checkpoint', name: note.name } as const;
  const elapsedMs = Date.now() - startedAt;
  const verdict = writeVerdict({ source, options, judge, checkpoints, segments: [], engines, elapsedMs });
  return { ...verdict, subject: { ...verdict.subject, origin }, head: { ...verdict.head, size } };
}
