import { createHash } from 'node:crypto';
import type { LineVerifier } from '../../src/crypto/line-verifier.ts';
import type { Verifier } from '../../src/crypto/verifier.ts';
import { judgeCheckpoints } from '../../src/verify/checkpoints.ts';
import { collectKeys } from '../../src/verify/collect-keys.ts';
import type { Context } from '../../src/verify/context.ts';
import { Judge } from '../../src/verify/judge.ts';
import type { Engines, VerifyOptions } from '../../src/verify/source.ts';
import { summarise } from '../../src/verify/summarise.ts';
import { EMPTY_SUMMARY, merge, type Summary } from '../../src/verify/summary.ts';
import type { Verdict } from '../../src/verify/verdict.ts';
import { makeContext, policyOf, rememberedOf, verifyWith } from '../../src/verify/verify.ts';
import { writeVerdict } from '../../src/verify/write-verdict.ts';

/** Answers remembered: enough for what recurs, too few to fill memory. */
const MOST_KNOWN = 50_000;

/** A verifier that asks another one once for each key, message, signature and context: mutations leave most signatures alone. */
export function remembering(verifier: Verifier): Verifier {
  const known = new Map<string, boolean | Promise<boolean>>();
  const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64');
  return {
    engine: verifier.engine,
    verify(key, message, signature, context) {
      const name = `${key.kid} ${context} ${digest(message)} ${digest(signature)}`;
      let answer = known.get(name);
      if (answer === undefined) {
        answer = verifier.verify(key, message, signature, context);
        if (known.size >= MOST_KNOWN) known.clear();
        known.set(name, answer);
      }
      return answer;
    },
  };
}

/** Verify in one pass. @param bytes copied, so that the caller's stay as they are whatever verification does. */
export function verifyOnce(bytes: Uint8Array, options: VerifyOptions, engines: Engines): Promise<Verdict> {
  return verifyWith({ kind: 'log', name: 'log', chunks: () => [bytes.slice()] }, options, engines);
}

/** Verify line by line, each summarised apart from all others, and put together in two orders that must agree. */
export async function verifySplit(bytes: Uint8Array, options: VerifyOptions, engines: Engines): Promise<Verdict[]> {
  const context = contextOf(options, engines);
  await collectKeys([bytes.slice()], context.named);
  const parts: Summary[] = [];
  for (let at = 0; at < bytes.length; ) {
    const lf = bytes.indexOf(0x0a, at);
    const end = lf < 0 ? bytes.length : lf + 1;
    parts.push(await summarise(bytes.slice(at, end), 0, end - at, lf < 0, context));
    at = end;
  }
  const put = (a: Summary, b: Summary): Summary => merge(a, b, context.maxProblems, context.treeSizes);
  const leftFirst = parts.reduce((a, b) => put(a, b), EMPTY_SUMMARY);
  const rightFirst = parts.slice(0, -1).reduceRight((b, a) => put(a, b), parts.at(-1) ?? EMPTY_SUMMARY);
  return Promise.all([leftFirst, rightFirst].map((summary) => verdictOf([summary], options, engines, context)));
}

/** @returns what the summaries of a verification share, as verifyWith makes it. */
export function contextOf(options: VerifyOptions, engines: Engines, lines: LineVerifier | null = null): Context {
  return makeContext(options, engines, rememberedOf({}, options), lines);
}

/** Judge summaries of a log, in order. @param context that they were made with. */
export async function verdictOf(
  summaries: Iterable<Summary> | AsyncIterable<Summary>,
  options: VerifyOptions,
  engines: Engines,
  context: Context,
): Promise<Verdict> {
  const { allowClassical = false, allowUnsignedTail = false, trust } = options;
  const judge = new Judge(trust, context.named, { allowClassical, allowUnsignedTail }, context.maxProblems, context);
  for await (const summary of summaries) judge.absorb(summary);
  const remembered = rememberedOf({}, options);
  const { verifier } = engines;
  const rules = { trust, found: context.named, verifier, policy: policyOf(options), nowMs: Date.now() };
  const checkpoints = await judgeCheckpoints(judge, remembered, rules);
  const source = { kind: 'log', name: 'log' } as const;
  return writeVerdict({ source, options, judge, checkpoints, segments: [], engines, elapsedMs: 0 });
}
