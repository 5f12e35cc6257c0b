import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { benchKey } from '../../bench/events.ts';
import { LineStream, Stopwatch } from '../../bench/stream.ts';
import { installedRivals, installRivals, loadRival } from '../../bench/thirdparty.ts';
import { ratioOfTimes, takeTurns } from '../../bench/turns.ts';
import { verify } from '../../src/auditor.ts';
import { text } from '../house/tree.ts';

const folder = mkdtempSync(join(tmpdir(), 'perdure-rivals-'));
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** A package.json in a folder below. */
function put(at: string, content: object): void {
  mkdirSync(join(folder, at), { recursive: true });
  writeFileSync(join(folder, at, 'package.json'), JSON.stringify(content));
}

test('the rivals are pinned, come from no named host, and run nothing when they are installed', () => {
  const { dependencies } = JSON.parse(text('bench/thirdparty/package.json')) as {
    dependencies: Record<string, string>;
  };
  const lock = JSON.parse(text('bench/thirdparty/package-lock.json')) as {
    packages: Record<string, { version?: string; integrity?: string; hasInstallScript?: boolean; resolved?: string }>;
  };
  const packages = Object.entries(lock.packages).filter(([path]) => path !== '');
  expect(packages.map(([path, { version }]) => [path.replace('node_modules/', ''), version]).sort()).toEqual(
    Object.entries(dependencies).sort(),
  );
  for (const [, { integrity, hasInstallScript, resolved }] of packages) {
    expect(integrity).toMatch(/^sha512-/);
    expect({ hasInstallScript, resolved }).toEqual({});
  }
});

test('a rival that is not installed, or in another version, is none', async () => {
  put('.', { dependencies: { one: '1.0.0', two: '2.0.0' } });
  put('node_modules/one', { version: '1.0.0', main: 'index.js' });
  put('node_modules/two', { version: '2.0.1', main: 'index.js' });
  writeFileSync(join(folder, 'node_modules/one/index.js'), 'module.exports = { answer: 42 };');
  expect(installedRivals(folder)).toEqual({ one: '1.0.0' });
  vi.stubEnv('PERDURE_THIRDPARTY', folder);
  expect(await loadRival('one')).toEqual({ answer: 42 });
  expect(await loadRival('two')).toBeNull();
  vi.stubEnv('PERDURE_THIRDPARTY', undefined);
  expect(await loadRival('one')).toBeNull();
});

test('what cannot be installed is said and left out', () => {
  put('.', { dependencies: { one: '1.0.0' } });
  const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  // npm asks nobody: there is no lockfile.
  expect(() => installRivals(folder)).not.toThrow();
  const lines = said.mock.calls.map(([line]) => String(line)).join('');
  said.mockRestore();
  expect(lines).toMatch(/^bench: installing one into bench\/thirdparty, once\nbench: they could not be installed/);
  expect(installedRivals(folder)).toEqual({});
});

test('contenders that count their calls get the same inputs in a round, others in the next', () => {
  const seen: Record<string, Set<number>[]> = { a: [], b: [] };
  const contender = (name: string) => ({
    name,
    calls: 3,
    turnMs: 1,
    run: (n: number) => {
      const rounds = seen[name]!;
      const round = Math.floor(n / 3);
      rounds[round] ??= new Set();
      rounds[round].add(n);
    },
  });
  const times = takeTurns([contender('a'), contender('b')], 2);
  // One more than counted: the first round warms up.
  expect(seen.a).toEqual([new Set([0, 1, 2]), new Set([3, 4, 5]), new Set([6, 7, 8])]);
  expect(seen.b).toEqual(seen.a);
  expect(times.map(({ us }) => us.length)).toEqual([2, 2]);
});

test('a contender that is wrong once is not timed', () => {
  const wrong = { name: 'wrong', turnMs: 1, run: (n: number) => n !== 5 };
  expect(() => takeTurns([wrong], 1)).toThrow(/wrong to be right/);
  expect(() => takeTurns([{ ...wrong, calls: 9 }], 1)).toThrow(/wrong to be right/);
});

test('a ratio is formed within a round, and the median round counts', () => {
  const ours = { name: 'ours', us: [1, 2, 10] };
  const rival = { name: 'rival', us: [4, 20, 10] };
  expect(ratioOfTimes(rival, ours, 'r', { at_least: 3 })).toEqual({
    name: 'r',
    value: 4,
    at_least: 3,
    of: ['ours', 'rival'],
  });
});

test('the stream that is made as it is read is a valid log, to the reference too', async () => {
  for (const engine of ['auto', 'noble'] as const) {
    const stream = await LineStream.open(20_000, 3 << 20);
    const clock = new Stopwatch();
    clock.start();
    const { verdict, counts, head } = await verify(stream.chunks(clock), {
      keys: [benchKey('ML-DSA-65').publicKey],
      allowUnsignedTail: true,
      workers: 1,
      engine,
      onProgress: stream.onProgress,
    });
    clock.stop();
    expect({ verdict, lines: counts.lines, head: head.hash }).toEqual({
      verdict: 'valid',
      lines: 20_001,
      head: stream.head,
    });
    expect(Math.min(clock.ms, stream.generating.ms)).toBeGreaterThan(0);
  }
});
