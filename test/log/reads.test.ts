import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Disk } from '../../src/base/ports.ts';
import { createLogOn, openLogOn } from '../../src/log/lifecycle.ts';
import type { Log, StoredReceipt } from '../../src/log/log.ts';
import { memoryDisk } from '../../src/log/memory.ts';
import { nodeDisk } from '../../src/log/node-disk.ts';
import { segmentIndex, segmentName } from '../../src/log/segments.ts';
import { allBytes, linesOf, rederive, sameBytes } from './derive.ts';
import { asWriter, codeOf, collect, folderPlace, PLACES, type Place, pause } from './places.ts';
import { fastSigner } from './signers.ts';

const seqOf = ({ receipt }: StoredReceipt): number => receipt.entry.seq;

/** Entries of very different sizes, so that bisection meets lines that span probes and blocks. */
async function fill(log: Log, count: number): Promise<void> {
  const appends: Promise<unknown>[] = [];
  for (let n = 1; n <= count; n++) {
    const size = n % 37 === 0 ? 60_000 : n % 11 === 0 ? 9_000 : (n * 7919) % 300;
    appends.push(log.append({ type: 'custom', data: 'x'.repeat(size) }));
    if (n % 100 === 0) await Promise.all(appends);
  }
  await Promise.all(appends);
}

describe.each(PLACES)('%s: reads', (_name, make) => {
  let place: Place;
  let log: Log;
  beforeEach(async () => {
    place = make();
    log = await place.create({ mode: 'batch', segmentBytes: 700_000 });
  });
  afterEach(async () => {
    await log.close();
    place.dispose();
  });

  it('iterates over any range, knows each place, and finds each seq and id', async () => {
    await fill(log, 600);
    const bytes = await allBytes(log);
    const receipts = await rederive(bytes);
    const segments = await log.segments();
    expect(segments.length).toBeGreaterThan(1);
    expect(segments.map(({ name }) => name)).toEqual(segments.map((_, i) => segmentName(i)));
    expect(segments.at(-1)!.offset + segments.at(-1)!.bytes).toBe(bytes.length);
    const all = await collect(log.receipts());
    expect(all.map(seqOf)).toEqual(receipts.map(({ entry }) => entry.seq));
    for (const { line, offset, segment, segmentOffset } of all) {
      expect(sameBytes(bytes.subarray(offset, offset + line.length), line)).toBe(true);
      expect(segments[segmentIndex(segment)!]!.offset + segmentOffset).toBe(offset);
    }
    for (let from = 0; from <= 601; from += from % 7 === 0 ? 1 : 13) {
      const got = await collect(log.receipts({ from, to: from + 3 }));
      expect(got.map(seqOf)).toEqual([from, from + 1, from + 2].filter((seq) => seq <= 600));
      expect(((await log.get(from)) ?? null)?.receipt ?? null).toEqual(receipts[from] ?? null);
    }
    for (const n of [0, 1, 299, 600]) expect(seqOf((await log.getById(receipts[n]!.entry.id))!)).toBe(n);
    expect(await log.getById('01890000-0000-7000-8000-000000000000')).toBeNull();
    for (const none of [601, -1, 1.5, Number.NaN, Number.MAX_SAFE_INTEGER]) expect(await log.get(none)).toBeNull();
    expect(await collect(log.receipts({ from: 5, to: 5 }))).toEqual([]);
  });

  it('an id inside an event is not the id of an entry', async () => {
    const { receipt } = await log.append({ type: 'custom' });
    const quoting = {
      type: 'custom',
      data: { id: receipt.entry.id, log: log.origin, x: `,"id":"${receipt.entry.id}","log":"` },
    };
    const before = await log.append(quoting);
    await log.append({ ...quoting, data: { id: before.receipt.entry.id, log: log.origin } });
    expect(seqOf((await log.getById(receipt.entry.id))!)).toBe(1);
    expect(seqOf((await log.getById(before.receipt.entry.id))!)).toBe(2);
  });

  it('hands out lines and receipts that are the caller’s own', async () => {
    await log.append({ type: 'custom', data: 'abc' });
    const before = await allBytes(log);
    const stored = (await log.get(1))!;
    stored.line.fill(0);
    for await (const chunk of log.chunks()) chunk.fill(0);
    expect(await allBytes(log)).toEqual(before);
  });

  it('follows the tail: what is there, then what comes, in order and once, until told to stop', async () => {
    await fill(log, 20);
    const stop = new AbortController();
    const seen: number[] = [];
    const following = (async () => {
      for await (const stored of log.follow({ from: 10, signal: stop.signal })) {
        seen.push(seqOf(stored));
        if (seen.at(-1) === 120) stop.abort();
      }
    })();
    for (let n = 0; n < 10; n++) {
      await fill(log, 10);
      if (n % 3 === 0) await pause(2);
    }
    await following;
    expect(seen).toEqual(Array.from({ length: 111 }, (_, i) => 10 + i));
  });

  it('follow ends when the log is closed here, after the last entry', async () => {
    const seen = collect(log.follow());
    await fill(log, 5);
    await log.close();
    expect((await seen).map(seqOf)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('a second opening reads while the first writes, and follows it', async () => {
    const reader = await place.open();
    expect(reader.readonly).toBe(true);
    expect(reader.head().size).toBe(1);
    const stop = new AbortController();
    const seen: number[] = [];
    const following = (async () => {
      for await (const stored of reader.follow({ signal: stop.signal, pollMs: 1 })) {
        seen.push(seqOf(stored));
        if (seen.length === 301) stop.abort();
      }
    })();
    await fill(log, 300);
    await following;
    expect(seen).toEqual(Array.from({ length: 301 }, (_, i) => i));
    expect((await collect(reader.receipts({ from: 298 }))).map(seqOf)).toEqual([298, 299, 300]);
    expect(sameBytes(await allBytes(reader), await allBytes(log))).toBe(true);
    await reader.close();
  });

  it.each(['cut away', 'gone'])('follow says so when the place it read up to is %s', async (harm) => {
    const reader = await place.open();
    const seen: number[] = [];
    const following = codeOf(
      (async () => {
        for await (const stored of reader.follow({ pollMs: 1 })) seen.push(seqOf(stored));
      })(),
    );
    await fill(log, 20);
    while (seen.length < 21) await pause(1);
    const { name } = (await log.segments()).at(-1)!;
    if (harm === 'gone') await place.disk.remove(`segments/${name}`);
    else await place.disk.truncate(`segments/${name}`, 10);
    expect(await following).toBe('LOG_DAMAGED');
    await reader.close();
  });

  it('an aborted signal ends a read with ABORTED, and a follow without an error', async () => {
    await fill(log, 3);
    const signal = AbortSignal.abort();
    expect(await codeOf(collect(log.receipts({ signal })))).toBe('ABORTED');
    expect(await codeOf(collect(log.chunks({ signal })))).toBe('ABORTED');
    expect(await collect(log.follow({ signal }))).toEqual([]);
    const stop = new AbortController();
    const waiting = collect(log.follow({ from: 100, signal: stop.signal }));
    await pause(5);
    stop.abort();
    expect(await waiting).toEqual([]);
  });

  it('no limit: every one of 12,000 entries comes', async () => {
    for (let batch = 0; batch < 6; batch++) {
      await Promise.all(Array.from({ length: 2_000 }, () => log.append({ type: 'custom' })));
    }
    let next = 0;
    for await (const stored of log.receipts()) expect(seqOf(stored)).toBe(next++);
    expect(next).toBe(12_001);
    expect(seqOf((await log.get(11_999))!)).toBe(11_999);
  });
});

describe('reading from any seq', () => {
  it('reads little before it, however long the log', async () => {
    const disk = memoryDisk();
    let read = 0;
    const counting: Disk = {
      ...disk,
      async read(path, begin, end) {
        const bytes = await disk.read(path, begin, end);
        read += bytes.length;
        return bytes;
      },
    };
    const log = await createLogOn(counting, {
      origin: 'a.b/c',
      signer: fastSigner(),
      mode: 'batch',
      segmentBytes: 4_000_000,
    });
    for (let n = 0; n < 20; n++) {
      await Promise.all(Array.from({ length: 1_000 }, () => log.append({ type: 'custom', data: 'y'.repeat(700) })));
    }
    const { length } = await allBytes(log);
    expect(length).toBeGreaterThan(18_000_000);
    for (const seq of [1, 4_321, 10_000, 19_999]) {
      read = 0;
      expect(seqOf((await log.get(seq))!)).toBe(seq);
      // Some probes of 32 KiB, then one chunk.
      expect(read).toBeLessThan(2_500_000);
    }
    read = 0;
    const reader = await openLogOn(counting);
    expect(reader.head()).toEqual(log.head());
    expect(read).toBeLessThan(3_000_000);
    await log.close();
  });
});

describe('a damaged log is still read', () => {
  it('says where, goes on when told to, and finds what bisection cannot rely on', async () => {
    const place = folderPlace();
    const log = await place.create({ mode: 'batch' });
    await fill(log, 200);
    const bytes = await allBytes(log);
    await log.close();
    const lines = linesOf(bytes);
    const disk = nodeDisk(place.dir);
    const write = async (changed: readonly Uint8Array[]) => {
      await disk.remove('segments/000000.jsonl');
      const file = await disk.create('segments/000000.jsonl');
      for (const line of changed) await file.write(new Uint8Array([...line, 0x0a]));
      await file.close();
    };
    const broken = lines.slice();
    broken[50] = broken[50]!.slice(0, -5);
    broken[51] = new Uint8Array(2_000_000).fill(0x20); // longer than any line may be
    await write(broken);
    const reader = await place.open();
    const error = (await collect(reader.receipts({ from: 40 })).catch((cause: unknown) => cause)) as {
      code: string;
      at: string;
    };
    const before = lines.slice(0, 50).reduce((sum, line) => sum + line.length + 1, 0);
    expect([error.code, error.at]).toEqual(['LOG_DAMAGED', `segments/000000.jsonl byte ${before}`]);
    const damaged: number[] = [];
    const rest = await collect(reader.receipts({ from: 40, onDamaged: ({ offset }) => damaged.push(offset) }));
    expect(rest.map(seqOf)).toEqual([
      ...Array.from({ length: 10 }, (_, i) => 40 + i),
      ...Array.from({ length: 149 }, (_, i) => 52 + i),
    ]);
    expect(damaged).toEqual([before, before + lines[50]!.length - 4]);
    expect(seqOf((await reader.get(150))!)).toBe(150);
    expect(await reader.get(50)).toBeNull();
    // Reordered: the bisection lands too late or too early, notices, and looks at every line.
    await write([lines[0]!, ...lines.slice(100), ...lines.slice(1, 100)]);
    for (const seq of [0, 1, 99, 100]) expect(seqOf((await reader.get(seq))!)).toBe(seq);
    expect(await reader.get(201)).toBeNull();
    place.dispose();
  });

  it('opens for reading whatever stands there: nothing, rubbish, a lost first segment', async () => {
    const place = folderPlace();
    const log = await place.create({ segmentBytes: 100 });
    for (let n = 0; n < 4; n++) await log.append({ type: 'custom' });
    const head = log.head();
    await log.close();
    const disk = nodeDisk(place.dir);
    await disk.remove('segments/000000.jsonl');
    const reader = await place.open();
    expect(reader.head()).toEqual(head);
    expect((await collect(reader.receipts())).map(seqOf)).toEqual([1, 2, 3, 4]);
    expect(await codeOf(place.open(asWriter))).toBe('LOG_DAMAGED');
    for (const name of await disk.list('segments')) await disk.truncate(`segments/${name}`, 0);
    const empty = await place.open();
    expect(empty.head()).toEqual({ size: 0, hash: '0'.repeat(64) });
    expect([await collect(empty.receipts()), await collect(empty.chunks()), await empty.get(0)]).toEqual([
      [],
      [],
      null,
    ]);
    expect(await codeOf(place.open(asWriter))).toBe('LOG_DAMAGED');
    const file = await disk.open('segments/000004.jsonl');
    await file.write(new Uint8Array(100).fill(0x41));
    await file.close();
    const rubbish = await place.open();
    expect(rubbish.head().size).toBe(0);
    expect((await allBytes(rubbish)).length).toBe(100);
    place.dispose();
  });
});
