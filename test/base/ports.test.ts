import { expect, test, vi } from 'vitest';
import { pooledRandom, type Random, systemClock, systemRandom } from '../../src/base/ports.ts';

test('the system clock gives whole milliseconds and follows the machine, also backwards', () => {
  const now = vi.spyOn(Date, 'now').mockReturnValueOnce(1_700_000_000_000).mockReturnValueOnce(1_600_000_000_000);
  expect([systemClock.nowMs(), systemClock.nowMs()]).toEqual([1_700_000_000_000, 1_600_000_000_000]);
  now.mockRestore();
  expect(Number.isSafeInteger(systemClock.nowMs())).toBe(true);
  expect(Math.abs(systemClock.nowMs() - Date.now())).toBeLessThan(1000);
});

test.each([0, 1, 32, 65_535, 65_536, 65_537, 200_000])('system randomness: %i bytes, filled to the last', (length) => {
  const bytes = systemRandom.bytes(length);
  expect(bytes).toBeInstanceOf(Uint8Array);
  expect(bytes.length).toBe(length);
  if (length < 65_536) return;
  // 64 zero bytes in a row have a chance of 2^-512: a part that getRandomValues was not asked to fill would show.
  for (let at = 0; at + 64 <= length; at += 64)
    expect(bytes.subarray(at, at + 64).some((value) => value !== 0)).toBe(true);
  if (length === 65_537)
    expect(Array.from({ length: 64 }, () => systemRandom.bytes(length).at(-1))).not.toEqual(Array(64).fill(0));
});

test('two draws differ, and are the caller’s to keep', () => {
  const a = systemRandom.bytes(32);
  const before = a.slice();
  const b = systemRandom.bytes(32);
  expect(a).not.toEqual(b);
  expect(a).toEqual(before);
});

test('a pooled source gives out each drawn byte once, in order, and forgets it', () => {
  const drawn: Uint8Array[] = [];
  let next = 0;
  const counting: Random = {
    bytes(length) {
      const bytes = new Uint8Array(length);
      new DataView(bytes.buffer).setUint32(0, ++next);
      for (let at = 4; at < length; at++) bytes[at] = 1 + ((next * 31 + at) % 255);
      drawn.push(bytes);
      return bytes;
    },
  };
  const pooled = pooledRandom(counting);
  const fresh = (draw: number): Uint8Array => {
    next = draw - 1;
    const bytes = counting.bytes(4096);
    drawn.pop();
    return bytes;
  };
  const first = fresh(1);
  next = 0;
  const given = [32, 16, 0, 4048].map((length) => pooled.bytes(length));
  expect(new Uint8Array(given.flatMap((bytes) => [...bytes]))).toEqual(first);
  expect(drawn).toHaveLength(1);
  expect(drawn[0]!.every((byte) => byte === 0)).toBe(true);
  // What is left of a pool and too short for a draw is dropped, never stretched.
  expect(pooled.bytes(4090)).toEqual(fresh(2).subarray(0, 4090));
  expect(pooled.bytes(32)).toEqual(fresh(3).subarray(0, 32));
  expect(pooled.bytes(5000)).toHaveLength(5000);
  expect(pooledRandom(systemRandom).bytes(32)).not.toEqual(pooledRandom(systemRandom).bytes(32));
});
