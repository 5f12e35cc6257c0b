import { describe, expect, it } from 'vitest';
import { concatBytes, fromHex } from '../../src/base/bytes.ts';
import type { Disk } from '../../src/base/ports.ts';
import { leafHashes } from '../../src/log/leaf-hashes.ts';
import type { Log } from '../../src/log/log.ts';
import { memoryDisk } from '../../src/log/memory.ts';
import { seeded } from '../twin/kernels.ts';
import { memoryPlace } from './places.ts';

/** A log of 701 entries in small segments, and what its lines state. */
async function made(mode: 'each' | 'batch' = 'batch') {
  const place = memoryPlace();
  const log = await place.create({ mode, segmentBytes: 20_000 });
  await grow(log, 700);
  return { disk: place.disk, log, hashes: await stated(log) };
}

async function grow(log: Log, count: number): Promise<void> {
  const events = Array.from({ length: count }, (_, i) => ({ type: 'custom', data: 'x'.repeat((i * 37) % 500) }));
  // A segment ends with a group: several groups, several segments.
  for (let at = 0; at < count; at += 20) await log.appendBatch(events.slice(at, at + 20));
}

async function stated(log: Log): Promise<Uint8Array[]> {
  const hashes: Uint8Array[] = [];
  for await (const { receipt } of log.receipts()) hashes.push(fromHex(receipt.hash));
  return hashes;
}

async function all(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const piece of pieces) parts.push(piece);
  return concatBytes(...parts);
}

/** A disk that counts the bytes that are read from it. */
function counting(disk: Disk): { disk: Disk; bytes: () => number } {
  let bytes = 0;
  const read: Disk['read'] = async (path, begin, end) => {
    const got = await disk.read(path, begin, end);
    bytes += got.length;
    return got;
  };
  return { disk: { ...disk, read }, bytes: () => bytes };
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'nothing thrown',
    (error: { code?: string; name: string }) => error.code ?? error.name,
  );

describe('hashes of lines', () => {
  it.each(['each', 'batch'] as const)('any range, in any order, by one reader: %s', async (mode) => {
    const { disk, hashes } = await made(mode);
    const read = leafHashes(disk);
    const random = seeded(0x1eaf);
    expect(await all(read(0, 701))).toEqual(concatBytes(...hashes));
    for (let round = 0; round < 300; round++) {
      const begin = random(702);
      const end = begin + random(Math.min(60, 702 - begin));
      expect(await all(read(begin, end)), `[${begin}, ${end})`).toEqual(concatBytes(...hashes.slice(begin, end)));
    }
  });

  it('goes on where it ended, also when the log has grown since, within a segment and into a new one', async () => {
    const { disk, log, hashes } = await made();
    const read = leafHashes(disk);
    for (let at = 0; at < 700; at += 7)
      expect(await all(read(at, at + 7))).toEqual(concatBytes(...hashes.slice(at, at + 7)));
    for (const count of [1, 3, 200]) {
      const before = hashes.length;
      await grow(log, count);
      hashes.push(...(await stated(log)).slice(before));
      const from = before === 701 ? 700 : before;
      expect(await all(read(from, before + count))).toEqual(concatBytes(...hashes.slice(from)));
    }
  });

  it('two reads at a time do not disturb each other', async () => {
    const { disk, hashes } = await made();
    const read = leafHashes(disk);
    await all(read(0, 300));
    const both = await Promise.all([all(read(300, 500)), all(read(300, 400)), all(read(650, 701))]);
    expect(both).toEqual(
      [hashes.slice(300, 500), hashes.slice(300, 400), hashes.slice(650)].map((h) => concatBytes(...h)),
    );
  });

  it('reads little before it', async () => {
    const { disk } = await made();
    const counted = counting(disk);
    await all(leafHashes(counted.disk)(690, 701));
    const sizes = await Promise.all((await disk.list('segments')).map((name) => disk.size(`segments/${name}`)));
    expect(sizes.length).toBeGreaterThan(10);
    const total = sizes.reduce<number>((sum, size) => sum + size!, 0);
    expect(counted.bytes()).toBeLessThan(total / 2);
  });

  it('a writer’s reader does not see past what is on disk for good', async () => {
    const { disk } = await made();
    const { length } = await disk.list('segments');
    expect(length).toBeGreaterThan(1);
    expect(await codeOf(all(leafHashes(disk, () => ({ index: 0, bytes: 5_000 }))(0, 701)))).toBe('ENTRY_NOT_FOUND');
  });

  it('what is not there: ENTRY_NOT_FOUND, by a fresh reader and by one that was there before', async () => {
    const { disk } = await made();
    const read = leafHashes(disk);
    for (const [begin, end] of [
      [700, 702],
      [701, 702],
      [0, 702],
      [5000, 5001],
    ] as const) {
      expect(await codeOf(all(read(begin, end)))).toBe('ENTRY_NOT_FOUND');
      expect(await codeOf(all(leafHashes(disk)(begin, end)))).toBe('ENTRY_NOT_FOUND');
    }
    expect(await codeOf(all(leafHashes(memoryDisk())(0, 1)))).toBe('ENTRY_NOT_FOUND');
  });

  it('a damaged line, a missing one, and a line of another seq: LOG_DAMAGED, and only where they are asked for', async () => {
    const spoil: [string, (text: string[]) => string[]][] = [
      ['not a receipt', (lines) => lines.with(30, `${lines[30]!.slice(0, -1)} `)],
      ['removed', (lines) => lines.toSpliced(30, 1)],
      ['another seq', (lines) => lines.with(30, lines[30]!.replace(/"seq":\d+/, '"seq":7777'))],
    ];
    for (const [what, change] of spoil) {
      const { disk, hashes } = await made();
      const bytes = await disk.read('segments/000000.jsonl', 0, 1e9);
      const lines = new TextDecoder().decode(bytes).split('\n');
      await disk.remove('segments/000000.jsonl');
      const file = await disk.create('segments/000000.jsonl');
      await file.write(new TextEncoder().encode(change(lines).join('\n')));
      const read = leafHashes(disk);
      expect(await all(read(0, 30)), what).toEqual(concatBytes(...hashes.slice(0, 30)));
      expect(await codeOf(all(read(0, 40))), what).toBe('LOG_DAMAGED');
      expect(await codeOf(all(read(30, 31))), what).toMatch(/LOG_DAMAGED|ENTRY_NOT_FOUND/);
      expect(await all(read(600, 701)), what).toEqual(concatBytes(...hashes.slice(600)));
    }
  });
});
