import { ReceiptError } from '../base/errors.ts';
import type { PublicKey } from '../crypto/public-key.ts';
import type { Verifier } from '../crypto/verifier.ts';
import { judgeCheckpoints, treeSizesOf } from './checkpoints.ts';
import { Judge } from './judge.ts';
import { type Shard, TOOL } from './shard.ts';
import { trustKeys } from './trust.ts';
import type { Verdict } from './verdict.ts';
import { acceptedBelow, policyOf, rememberedOf } from './verify.ts';
import { writeGround } from './write-shard.ts';
import { writeVerdict } from './write-verdict.ts';

/**
 * Judge the shards of one verification: the verdict of one that was not sharded. Whoever merges trusts the machines that made them.
 * @param shards all of them, in any order. @param nameOf says in messages which one it is.
 * @param verifierOf makes who verifies the signatures of checkpoints; called where there are any.
 * @throws ReceiptError SHARDS_DIFFER when one is missing or there twice, or they are not parts of one verification.
 */
export async function mergeShards(
  shards: readonly Shard[],
  nameOf: (index: number) => string,
  verifierOf: () => Promise<Verifier>,
): Promise<Verdict> {
  const startedAt = Date.now();
  const first = mustFit(shards, nameOf);
  const { ground, subject } = first;
  const { options } = ground;
  const ordered = [...shards].sort((a, b) => a.index - b.index);
  const found = new Map<string, PublicKey>();
  for (const shard of ordered) {
    for (const key of shard.found) found.set(key.kid, key);
    for (const item of shard.summary.items) {
      if (item.kind !== 'block') for (const key of item.requirement?.keys ?? []) found.set(key.kid, key);
    }
  }
  const { allowUnsignedTail = false, allowClassical = false, maxProblems } = options;
  const trust = trustKeys(ground.keys);
  const all = { ...options, trust };
  const remembered = rememberedOf(ground, all);
  const most = Math.max(1, maxProblems);
  const judge = new Judge(trust, found, { allowUnsignedTail, allowClassical }, most, {
    treeSizes: treeSizesOf(remembered),
    acceptedBelow: acceptedBelow(all, remembered),
  });
  for (const { summary } of ordered) judge.absorb(summary);
  const verifier = remembered.length === 0 ? null : await verifierOf();
  const rules = { trust, found, verifier, policy: policyOf(all), nowMs: startedAt };
  const checkpoints = await judgeCheckpoints(judge, remembered, rules);
  const runs = ordered.map(({ run }) => run);
  const sum = (of: 'workers' | 'elapsedMs'): number => runs.reduce((all, run) => all + run[of], 0);
  return writeVerdict({
    source: subject,
    options: all,
    judge,
    checkpoints,
    segments: ground.segments,
    engines: {
      verifier: { engine: allOf(runs.map(({ engine }) => engine))! },
      moduleSha256: allOf(runs.map(({ moduleSha256 }) => moduleSha256)),
      // Asked for and not done in one shard is not done.
      ...(ground.crossCheck ? { crossCheckedWith: allOf(runs.map((run) => run.crossCheckedWith)) } : {}),
    },
    workers: sum('workers'),
    elapsedMs: sum('elapsedMs') + Date.now() - startedAt,
  });
}

/** @returns the one value or all there are; null when one of them is. */
function allOf(values: readonly (string | null)[]): string | null {
  const some = values.filter((value) => value !== null);
  return some.length < values.length ? null : [...new Set(some)].sort().join(' and ');
}

/** Refuse what is not one verification, whole. @returns shard 1. */
function mustFit(shards: readonly Shard[], nameOf: (index: number) => string): Shard {
  const [one] = shards;
  if (one === undefined) throw differ('at least one shard', 'none', '');
  const places = new Map<number, number>();
  for (const [i, shard] of shards.entries()) {
    const at = nameOf(i);
    if (shard.tool !== TOOL) throw differ(`shards by ${TOOL}`, `one by ${shard.tool}`, at);
    if (shard.of !== one.of) throw differ(`shards of ${one.of}, as ${nameOf(0)}`, `one of ${shard.of}`, at);
    mustStandOnSameGround(one, shard, nameOf(0), at);
    const before = places.get(shard.index);
    if (before !== undefined) throw differ(`shard ${shard.index} once`, `it in ${nameOf(before)} too`, at);
    places.set(shard.index, i);
  }
  const missing: number[] = [];
  for (let i = 1; i <= one.of && missing.length < 10; i++) if (!places.has(i)) missing.push(i);
  if (missing.length > 0) {
    const left = one.of - places.size - missing.length;
    const list = `${missing.join(', ')}${left > 0 ? ` and ${left} more` : ''}`;
    throw differ(`shards 1 to ${one.of}`, `all but ${list}`, '');
  }
  const ordered = [...shards].sort((a, b) => a.index - b.index);
  const last = ordered.findLast(({ summary }) => summary.lines > 0 || summary.torn !== null);
  for (const shard of ordered) {
    if (shard.summary.torn !== null && shard !== last) {
      throw differ(
        'torn bytes only at the end of all',
        `some at the end of shard ${shard.index}`,
        nameOf(places.get(shard.index)!),
      );
    }
  }
  const bytes = ordered.reduce((all, { summary: { bytes: lines, torn } }) => all + lines + (torn?.bytes ?? 0), 0);
  const { sizeBytes } = one.ground;
  if (bytes !== sizeBytes) throw differ(`${sizeBytes} bytes in all`, `${bytes} bytes`, '');
  return ordered[0]!;
}

function mustStandOnSameGround(one: Shard, other: Shard, nameOfOne: string, at: string): void {
  if (one.subject.kind !== other.subject.kind) throw differ(`evidence as of ${nameOfOne}`, 'another kind', at);
  const ground = writeGround(one.ground);
  const given = writeGround(other.ground);
  for (const name of Object.keys(ground) as (keyof typeof ground)[]) {
    if (JSON.stringify(ground[name]) === JSON.stringify(given[name])) continue;
    const values = typeof ground[name] === 'number' ? ([`${ground[name]}`, `${given[name]}`] as const) : null;
    const [expected, found] = values ?? ['the same', 'another'];
    throw differ(`${name} as in ${nameOfOne}: ${expected}`, found, at);
  }
}

function differ(expected: string, found: string, at: string): ReceiptError {
  const where = at === '' ? 'merge' : `merge: ${at}`;
  return new ReceiptError('SHARDS_DIFFER', `${where}: expected ${expected}, got ${found}`, {
    ...(at === '' ? {} : { at }),
    expected,
    found,
    next: ['make the shards again, all with one command line and of one log that does not grow meanwhile'],
  });
}
