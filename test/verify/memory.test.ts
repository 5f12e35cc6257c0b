import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { verify } from '../../src/auditor.ts';
import { concatBytes, utf8 } from '../../src/base/bytes.ts';
import { readPublicKey } from '../../src/crypto/public-key.ts';
import { canonicalText } from '../../src/receipt/canonical.ts';
import { rotationEvent } from '../../src/receipt/control.ts';
import { ZERO_HASH } from '../../src/receipt/entry.ts';
import { chooseEngines } from '../../src/verify/choose-engines.ts';
import { threadsFor } from '../../src/verify/threads.ts';
import { trustKeys } from '../../src/verify/trust.ts';
import { verifyWith } from '../../src/verify/verify.ts';
import { fixedKey, fixedRandom, LogBuilder } from '../../vectors/build.ts';

/*
 * Memory does not grow with the evidence, whoever wrote it: lines that each bring something that could be kept, many times what may
 * be in use at once. And time grows with the evidence, not with its square.
 */

const alice = fixedKey('alice');
const random = fixedRandom('hostile lines');
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** A line by grammar whose hash is wrong. */
function line(n: number, event: string, { log = 'example.com/hostile', sigs = '' } = {}): string {
  const entry = `{"event":${event},"id":"01990000-0000-7000-8000-0123456789ab","log":"${log}","prev":"${'ab'.repeat(32)}"`;
  return `{"entry":${entry},"seq":${n},"time":"2026-11-20T20:34:00.123Z","v":1},"hash":"${ZERO_HASH}","sigs":[${sigs}]}\n`;
}

const kid = (): string => `${Buffer.from(random.bytes(32)).toString('base64url')}`;
/** A rotation to eight keys that nobody has: any 1952 bytes are an ML-DSA-65 key. */
function rotation(): string {
  const keys = Array.from({ length: 8 }, () => readPublicKey('ML-DSA-65', random.bytes(1952)));
  return canonicalText(rotationEvent({ mode: 'each', keys }));
}
const close = (sequence: string): string => canonicalText({ type: 'close', scope: 'sequence', sequence });

const HOSTILE: readonly (readonly [what: string, lines: number, make: (n: number) => string])[] = [
  ['rotations that name eight keys each', 800, (n) => line(n, rotation())],
  ['closes of sequences with names of 60 KB', 1_000, (n) => line(n, close(`${n}${'x'.repeat(60_000)}`))],
  ['signatures by other keys', 20_000, (n) => line(n, '{}', { sigs: `{"alg":"x","kid":"${kid()}","sig":"AA"}` })],
  ['other origins', 20_000, (n) => line(n, '{}', { log: `example.com/${n}/${'o'.repeat(150)}` })],
  ['other sequences', 20_000, (n) => line(n, `{"sequence":"${n}${'s'.repeat(500)}","type":"custom"}`)],
  ['lines that are none', 100_000, (n) => `no line ${n}${'.'.repeat(100)}\n`],
];

test.each(HOSTILE)('%s', async (_, count, make) => {
  const used: number[] = [];
  const chunks = function* () {
    yield new LogBuilder([alice]).genesis().lines[0]!;
    for (let n = 1; n <= count; n++) {
      yield utf8(make(n));
      if (n % (count / 4) !== 0) continue;
      collectGarbage();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      used.push(heapUsed + arrayBuffers);
    }
  };
  const verdict = await verify({ kind: 'log', name: 'log', chunks }, { keys: [alice.publicKey], workers: 1 });
  expect(verdict.counts).toMatchObject({ lines: count + 1, valid: 1, invalid: count });
  expect(Math.max(...used) - used[0]!).toBeLessThan(6 << 20);
});

test('with threads there is room for what they have in hand, and no more', async () => {
  const log = new LogBuilder([alice]).genesis('batch');
  const padding = concatBytes(...Array.from({ length: 2_000 }, (_, n) => utf8(line(n + 1, '{}'))));
  const used: number[] = [];
  const chunks = async function* () {
    yield log.lines[0]!;
    for (let n = 1; n <= 160; n++) {
      // Not faster than a worker comes: on a busy machine all would be done before.
      if (n > 40 && threads!.used < 2) await new Promise((resolve) => setTimeout(resolve, 100));
      yield padding;
      if (n % 40 !== 0) continue;
      collectGarbage();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      used.push(heapUsed + arrayBuffers);
    }
  };
  const threads = threadsFor({ workers: 2, engines: {}, leastMs: 0 });
  const source = { kind: 'log', name: 'log', chunks } as const;
  const verdict = await verifyWith(source, { trust: trustKeys([]) }, await chooseEngines({}), threads);
  expect([verdict.run.workers, verdict.counts.lines]).toEqual([2, 320_001]);
  expect(Math.max(...used) - used[0]!).toBeLessThan(6 << 20);
});

test('a list of all problems costs its length, also where no two lines are alike', async () => {
  const lines = Array.from({ length: 6_000 }, (_, n) => line(n + 1, '{}', { log: `example.com/${n}` }));
  const begin = performance.now();
  const { problems, problem_count } = await verify(utf8(lines.join('')), { maxProblems: 1_000_000 });
  expect([problems.length, problem_count > 10_000]).toEqual([problem_count, true]);
  // Half a second; merging the whole list for each kind of line took half a minute.
  expect(performance.now() - begin).toBeLessThan(8_000);
});
