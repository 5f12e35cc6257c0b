import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { concatBytes, utf8 } from '../../src/base/bytes.ts';
import { isReceiptError } from '../../src/base/errors.ts';
import type { PublicKey } from '../../src/crypto/public-key.ts';
import { canonicalText } from '../../src/receipt/canonical.ts';
import { rotationEvent } from '../../src/receipt/control.ts';
import { linesOf, partOf, type ReadRange, tasksOf } from '../../src/verify/batch.ts';
import { chooseEngines } from '../../src/verify/choose-engines.ts';
import { collectKeys } from '../../src/verify/collect-keys.ts';
import { openEvidence } from '../../src/verify/files.ts';
import { rangeReader, readBlob } from '../../src/verify/ranges.ts';
import { threadsFor } from '../../src/verify/threads.ts';
import { trustKeys } from '../../src/verify/trust.ts';
import { verifyWith } from '../../src/verify/verify.ts';
import { fixedKey, LogBuilder } from '../../vectors/build.ts';
import { pretend } from './pretend.ts';

/** Read from memory in chunks of so many bytes, one buffer for all of them. */
function memory(bytes: Uint8Array, chunk: number): ReadRange {
  return async function* (begin, end) {
    const buffer = new Uint8Array(chunk);
    for (let at = begin; at < end; at += chunk) {
      const piece = bytes.subarray(at, Math.min(at + chunk, end));
      buffer.set(piece);
      yield buffer.subarray(0, piece.length);
    }
  };
}

async function all(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk.slice());
  return concatBytes(...parts);
}

describe('the plan', () => {
  test('parts and tasks cover all bytes, each once', () => {
    for (const size of [0, 1, 7, 64, 1001]) {
      for (let count = 1; count <= 9; count++) {
        const parts = Array.from({ length: count }, (_, i) => partOf(size, i, count));
        expect(parts[0]!.begin).toBe(0);
        expect(parts.at(-1)!.end).toBe(size);
        for (let i = 1; i < count; i++) expect(parts[i]!.begin).toBe(parts[i - 1]!.end);
        const lengths = parts.map(({ begin, end }) => end - begin);
        expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1);
        for (const part of parts) {
          const tasks = [...tasksOf(part, () => 10)];
          expect(tasks.reduce((sum, { begin, end }) => sum + end - begin, 0)).toBe(part.end - part.begin);
        }
      }
    }
    // Where a product of size and index has no exact double.
    const most = Number.MAX_SAFE_INTEGER;
    expect(partOf(most, 999, 1000).end).toBe(most);
    expect(partOf(most, 998, 1000).end).toBe(partOf(most, 999, 1000).begin);
  });

  test.each([
    [10, 2, 2],
    [10, -1, 2],
    [10, 0, 0],
    [10.5, 0, 1],
    [10, 0.5, 1],
  ])('no part: of %d bytes, index %d of %d', (size, index, count) => {
    expect(() => partOf(size, index, count)).toThrow(RangeError);
  });

  test('every line belongs to the part in which it begins, however bytes are cut and read', async () => {
    for (const text of ['', '\n', 'a', 'ab\n', '\n\n', 'ab\ncd\n', 'a\n\nbcd\ne', 'abcdef\ng\n', '\nabc']) {
      const bytes = utf8(text);
      const begins = [...text].flatMap((_, i) => (i === 0 || text[i - 1] === '\n' ? [i] : []));
      for (let begin = 0; begin <= bytes.length; begin++) {
        for (let end = begin; end <= bytes.length; end++) {
          const mine = begins.filter((at) => at >= begin && at < end);
          const after = begins.find((at) => at >= end) ?? bytes.length;
          const expected = mine.length === 0 ? '' : text.slice(mine[0], after);
          for (const chunk of [1, 2, 3, 64]) {
            const found = await all(linesOf({ begin, end }, bytes.length, memory(bytes, chunk)));
            expect(new TextDecoder().decode(found), `${JSON.stringify(text)} ${begin} ${end} ${chunk}`).toBe(expected);
          }
        }
      }
    }
  });

  test('a part without a line end in it reads no further than itself', async () => {
    const bytes = new Uint8Array(1000).fill(0x61);
    let read = 0;
    const counting: ReadRange = async function* (begin, end) {
      for await (const chunk of memory(bytes, 10)(begin, end)) {
        read += chunk.length;
        yield chunk;
      }
    };
    expect(await all(linesOf({ begin: 100, end: 200 }, 1000, counting))).toHaveLength(0);
    expect(read).toBeLessThanOrEqual(110);
  });
});

describe('reading from any byte on', () => {
  const log = new LogBuilder([fixedKey('ed', 'Ed25519')]).genesis().calls(9);
  const bytes = log.bytes();
  let dir = '';
  /** The log in segments that end anywhere, one of them empty. */
  const cuts = [0, 700, 700, 2000, bytes.length];
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'perdure-ranges-'));
    await mkdir(join(dir, 'log', 'segments'), { recursive: true });
    for (let i = 0; i + 1 < cuts.length; i++) {
      await writeFile(join(dir, 'log', 'segments', `00000${i}.jsonl`), bytes.subarray(cuts[i], cuts[i + 1]));
    }
  });
  afterAll(() => rm(dir, { recursive: true }));

  test('files and Blobs give the bytes asked for, also when reading ends early', async () => {
    const source = await openEvidence(join(dir, 'log'));
    expect(source.sizeBytes).toBe(bytes.length);
    for (const read of [rangeReader(source.ranges!), rangeReader({ blob: new Blob([bytes as BlobPart]) })]) {
      await fc.assert(
        fc.asyncProperty(fc.nat(bytes.length), fc.nat(bytes.length), async (a, b) => {
          const [begin, end] = a < b ? [a, b] : [b, a];
          expect(await all(read(begin, end))).toEqual(bytes.slice(begin, end));
          for await (const _ of read(begin, bytes.length)) break;
        }),
        { numRuns: 60 },
      );
    }
    expect(await all(readBlob(new Blob([bytes as BlobPart])))).toEqual(bytes);
  });

  test('a log folder, its problems in their segments: threads say what one pass says', async () => {
    const trust = trustKeys([{ key: fixedKey('ed', 'Ed25519').publicKey }]);
    const engines = await chooseEngines({});
    const options = { trust };
    const once = await verifyWith(await openEvidence(join(dir, 'log')), options, engines);
    expect(once.problems[0]).toMatchObject({ code: 'CLASSICAL_ONLY', segment: '000000.jsonl' });
    for (const taskBytes of [100, 1000]) {
      const threads = threadsFor({ workers: 3, engines: {}, spawn: pretend, leastMs: 0, taskBytes });
      const verdict = await verifyWith(await openEvidence(join(dir, 'log')), options, engines, threads);
      expect({ ...verdict, run: null }).toEqual({ ...once, run: null });
    }
  });

  test('a file that became shorter, and one that is gone', async () => {
    const path = join(dir, 'shrinking');
    await writeFile(path, bytes);
    const read = rangeReader((await openEvidence(path)).ranges!);
    await truncate(path, 100);
    await expect(all(read(0, bytes.length))).rejects.toSatisfy((error) => isReceiptError(error, 'IO'));
    await rm(path);
    await expect(all(read(0, 10))).rejects.toMatchObject({ code: 'IO', found: 'ENOENT' });
  });
});

describe('collecting the keys that a log names', () => {
  const k = Array.from({ length: 4 }, (_, i) => fixedKey(`k${i}`, 'Ed25519'));
  const log = new LogBuilder([k[0]!]).genesis().calls(2);
  log.add(rotationEvent({ mode: 'each', keys: [k[1]!.publicKey] }), { by: [k[0]!, k[1]!] });
  // What looks like one to a search, and is none.
  log.add({ type: 'tool_call', action: { tool: 'x', params: { type: 'rotation', keys: [] } } });
  log.add({ type: 'rotation', mode: 'each', suite: [], keys: [] });
  log.add({ data: canonicalText(rotationEvent({ mode: 'each', keys: [k[2]!.publicKey] })), type: 'custom' });
  log.add(rotationEvent({ mode: 'each', keys: [k[3]!.publicKey] }), { by: [] });
  const bytes = log.bytes();
  const kids = (named: Map<string, PublicKey>): string[] => [...named.keys()];
  const kid = (i: number): string => k[i]!.publicKey.kid;

  test('finds those of well-formed genesis and rotation lines, whoever signed them, however bytes arrive', async () => {
    for (const chunk of [1, 13, 500, bytes.length]) {
      const named = new Map<string, PublicKey>();
      await collectKeys(memory(bytes, chunk)(0, bytes.length), named);
      expect(kids(named)).toEqual([kid(0), kid(1), kid(3)]);
    }
  });

  test('a last line without LF counts; one that is torn does not', async () => {
    for (const [cut, last] of [
      [1, [kid(0), kid(1), kid(3)]],
      [2, [kid(0), kid(1)]],
    ] as const) {
      const named = new Map<string, PublicKey>();
      await collectKeys([bytes.subarray(0, bytes.length - cut)], named);
      expect(kids(named)).toEqual(last);
    }
  });

  test('takes only what is wanted, and ends when that is enough', async () => {
    const named = new Map<string, PublicKey>();
    const chunks = function* () {
      yield log.lines[0]!;
      yield concatBytes(...log.lines.slice(1, 4), new Uint8Array(4 << 20));
      throw new Error('read on');
    };
    const wanted = (one: string): boolean => one === kid(1);
    await collectKeys(chunks(), named, wanted, () => named.size === 1);
    expect(kids(named)).toEqual([kid(1)]);
  });
});
