import { createHash } from 'node:crypto';
import type { PublicKey } from '../../src/crypto/public-key.ts';
import type { Policy, PolicyEffect, RateWindow } from '../../src/gate/port.ts';

/** A policy for tests: one effect a tool, `deny` for all others. */
export function tablePolicy(
  table: Readonly<Record<string, PolicyEffect>>,
  options: {
    readonly haltAfter?: number;
    readonly perMinute?: number;
    readonly approvers?: Readonly<Record<string, PublicKey>>;
    /** Tools that need an approval by this approver. */
    readonly approval?: Readonly<Record<string, string>>;
  } = {},
): Policy {
  const { haltAfter = null, perMinute, approvers = {}, approval = {} } = options;
  return {
    hash: createHash('sha256')
      .update(JSON.stringify([table, options.haltAfter, perMinute, approval]))
      .digest('hex'),
    haltAfter,
    longestWindowMs: perMinute === undefined ? 0 : 60_000,
    approvers: new Map(Object.entries(approvers)),
    decide({ tool, isApprovedBy }) {
      const effect = table[tool] ?? 'deny';
      const by = approval[tool];
      if (by !== undefined && !isApprovedBy(by))
        return { effect: 'deny', rule: `needs-${by}`, reason: 'needs approval' };
      return { effect, rule: tool in table ? `rule-${tool}` : 'default', reason: effect };
    },
    windows({ agent }): RateWindow[] {
      return perMinute === undefined
        ? []
        : [{ key: `calls ${agent}`, rule: 'per-minute', max: perMinute, windowMs: 60_000 }];
    },
    forbidden: () => ({ agent: 'nobody', tool: 'no such tool' }),
  };
}
