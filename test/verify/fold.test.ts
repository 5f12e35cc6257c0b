import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, utf8 } from '../../src/base/bytes.ts';
import { nobleVerifier } from '../../src/crypto/engine-noble-verify.ts';
import { sha256Hex } from '../../src/crypto/hash.ts';
import { collectKeys } from '../../src/verify/collect-keys.ts';
import type { Context } from '../../src/verify/context.ts';
import type { Source } from '../../src/verify/source.ts';
import { summarise } from '../../src/verify/summarise.ts';
import { EMPTY_SUMMARY, merge, type Summary } from '../../src/verify/summary.ts';
import { trustKeys } from '../../src/verify/trust.ts';
import { verifyWith } from '../../src/verify/verify.ts';
import { LogBuilder } from '../../vectors/build.ts';
import { contextOf, verdictOf, verifyOnce, verifySplit } from '../tamper/run-kit.ts';
import { eventful, hostileLines, one, optionSets, outcome } from './eventful.ts';

const engines = { verifier: nobleVerifier, sha256Hex };

async function summaryOf(lines: readonly string[], context: Context): Promise<Summary> {
  if (lines.length === 0) return EMPTY_SUMMARY;
  const bytes = utf8(lines.join(''));
  return summarise(bytes, 0, bytes.length, false, context);
}

/** Merge neighbouring summaries in an order that `dice` chooses: every order must lead to the same verdict. */
function mergeInAnyOrder(parts: readonly Summary[], dice: readonly number[], context: Context): Summary {
  const left = [...parts];
  for (let turn = 0; left.length > 1; turn++) {
    const at = (dice[turn % dice.length] ?? 0) % (left.length - 1);
    left.splice(at, 2, merge(left[at]!, left[at + 1]!, context.maxProblems, context.treeSizes));
  }
  return left[0] ?? EMPTY_SUMMARY;
}

describe('verification is a fold', () => {
  test('any split, merged in any order, gives the verdict of one pass', async () => {
    await fc.assert(
      fc.asyncProperty(
        hostileLines,
        fc.array(fc.nat(24), { maxLength: 6 }),
        fc.array(fc.nat(100), { minLength: 1, maxLength: 8 }),
        fc.nat(optionSets.length - 1),
        async (lines, cuts, dice, which) => {
          const options = optionSets[which]!;
          const bytes = utf8(lines.join(''));
          const source: Source = { kind: 'log', name: 'log', chunks: () => [bytes] };
          const once = await outcome(verifyWith(source, options, engines));

          const context = contextOf(options, engines);
          await collectKeys([bytes], context.named);
          const edges = [0, ...cuts.map((cut) => Math.min(cut, lines.length)).sort((a, b) => a - b), lines.length];
          const parts: Summary[] = [];
          for (let i = 0; i + 1 < edges.length; i++)
            parts.push(await summaryOf(lines.slice(edges[i], edges[i + 1]), context));
          const folded = verdictOf([mergeInAnyOrder(parts, dice, context)], options, engines, context);
          expect(await outcome(folded)).toEqual(once);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('the chunks in which bytes arrive change nothing', async () => {
    const bytes = concatBytes(...eventful(), utf8('{"entry":torn'));
    const verdicts = new Set<string>();
    for (const size of [1, 7, 100, 4096, bytes.length]) {
      const chunks = function* () {
        for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
      };
      const verdict = await verifyWith({ kind: 'log', name: 'log', chunks }, optionSets[1]!, engines);
      verdicts.add(JSON.stringify({ ...verdict, run: null }));
    }
    expect(verdicts.size).toBe(1);
  });

  test('a list that ends inside a line keeps what its first checks found, however the log is cut', async () => {
    const log = new LogBuilder([one]).genesis().calls(1);
    log.calls(2, { frame: { prev: '0'.repeat(64), time: '2001-01-01T00:00:00.000Z' } });
    const trust = trustKeys([{ key: one.publicKey }]);
    for (const maxProblems of [1, 2, 3, 4, 5]) {
      const options = { trust, maxProblems, allowClassical: true, notBefore: '2020-01-01T00:00:00.000Z' };
      const once = await verifyOnce(log.bytes(), options, engines);
      expect(once.problems[0]).toMatchObject({ code: 'GENESIS_RULE', line: 3 });
      for (const split of await verifySplit(log.bytes(), options, engines)) {
        expect({ ...split, run: null }).toEqual({ ...once, run: null });
      }
    }
  });

  test('a line too long to hold is reported alike, wherever it stands among the bytes read at a time', async () => {
    const long = concatBytes(new Uint8Array(1_600_000).fill(0x7b), Uint8Array.of(0x0a));
    const padding = new LogBuilder([one]).genesis('batch');
    while (padding.lines.length * padding.lines[0]!.length < 700_000) padding.calls(1, { by: [] });
    const found = new Set<string>();
    for (const lines of [padding.lines.slice(0, 1), padding.lines]) {
      const bytes = concatBytes(...lines, long);
      const once = await verifyOnce(bytes, optionSets[1]!, engines);
      for (const split of await verifySplit(bytes, optionSets[1]!, engines)) {
        expect({ ...split, run: null }).toEqual({ ...once, run: null });
      }
      const { code, expected, found: what } = once.problems.find(({ check }) => check === 'form')!;
      found.add(`${code}: expected ${expected}, found ${what}`);
    }
    expect([...found]).toEqual(['TOO_LARGE: expected a line of at most 1048576 bytes, found 1600000 bytes']);
  });

  test('a pinned seq that several lines state: the first counts, however the log is cut', async () => {
    const log = new LogBuilder([one]).genesis('batch').calls(1, { by: [] });
    const { head } = log;
    log.calls(1, { by: [], frame: { seq: 1, time: '2027-01-01T00:00:00.000Z' } }).calls(2, { by: [] });
    for (const hash of [head, log.head]) {
      const options = { ...optionSets[1]!, expect: { head: { size: 2, hash } } };
      const once = await verifyOnce(log.bytes(), options, engines);
      expect(once.tail.status).toBe(hash === head ? 'open' : 'forked');
      for (const split of await verifySplit(log.bytes(), options, engines)) {
        expect({ ...split, run: null }).toEqual({ ...once, run: null });
      }
    }
  });

  test('only the last run may end in torn bytes', async () => {
    const torn = { ...EMPTY_SUMMARY, torn: { bytes: 3, line: false } };
    expect(() => merge(torn, EMPTY_SUMMARY, 10, [])).toThrow(RangeError);
  });
});
