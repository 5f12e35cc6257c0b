import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes } from '../../src/base/bytes.ts';
import { MAX_LINE_BYTES } from '../../src/base/limits.ts';
import { type Buffers, type LineBatch, type LineRoom, lineBatches, lineRoom } from '../../src/receipt/lines.ts';

/** Lines as text, `torn` for bytes without LF, `long N` for what is too long to hold. */
async function linesOf(chunks: Iterable<Uint8Array>, room?: LineRoom): Promise<string[]> {
  const lines: string[] = [];
  for await (const batch of lineBatches(chunks, room)) {
    if (batch.oversize) {
      lines.push(`long ${batch.sizeBytes}${batch.torn ? ' torn' : ''}`);
      continue;
    }
    const { bytes, begin, end, torn } = batch;
    expect(end).toBeGreaterThan(begin);
    const text = Buffer.from(bytes.subarray(begin, end)).toString('latin1');
    if (torn) lines.push(`torn ${text}`);
    else {
      expect(text.endsWith('\n')).toBe(true);
      lines.push(...text.slice(0, -1).split('\n'));
    }
  }
  return lines;
}

/** What splitting the whole text says. */
function splitOf(text: string): string[] {
  const parts = text.split('\n');
  const rest = parts.pop()!;
  return rest === '' ? parts : [...parts, `torn ${rest}`];
}

/** Read into buffers by turns, as a source does: what is not to be looked at any more is overwritten. */
function* filled(bytes: Uint8Array, buffers: Buffers, sizes: readonly number[]): Generator<Uint8Array> {
  let [current, other] = buffers;
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = Math.min(sizes[turn % sizes.length]!, current.length, bytes.length - at);
    current.set(bytes.subarray(at, at + size));
    other.fill(0x0a);
    yield current.subarray(0, size);
    at += size;
    [current, other] = [other, current];
  }
}

/** As verifier.wasm has it. */
const ROOM = lineRoom(new Uint8Array(2 * (MAX_LINE_BYTES + (1 << 20))));

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));

describe('lineBatches', () => {
  test('every chunking of a short text into up to four', async () => {
    for (const text of ['', '\n', 'a', 'a\n', 'ab\n\ncd\n', '\n\na', 'ab\ncd']) {
      const bytes = bytesOf(text);
      for (let i = 0; i <= bytes.length; i++) {
        for (let j = i; j <= bytes.length; j++) {
          for (let k = j; k <= bytes.length; k++) {
            const chunks = [bytes.slice(0, i), bytes.slice(i, j), bytes.slice(j, k), bytes.slice(k)];
            expect(await linesOf(chunks)).toEqual(splitOf(text));
          }
        }
      }
    }
  });

  test('the same in place, where they were read', async () => {
    const room = lineRoom(new Uint8Array(2 * (MAX_LINE_BYTES + 4)));
    for (const text of ['\n', 'a', 'a\n', 'ab\n\ncd\n', '\n\na', 'ab\ncd', 'abcdefghijkl\nm\nnopqrst']) {
      const bytes = bytesOf(text);
      for (const sizes of [[1], [2], [3], [4], [1, 4], [4, 1, 2], [3, 4]]) {
        room.bytes.fill(0x0a);
        expect(await linesOf(filled(bytes, room.buffers, sizes), room)).toEqual(splitOf(text));
      }
    }
    const random = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '\n', '\r', '\x00'), minLength: 1, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(random, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), async (whole, sizes) => {
        const small = lineRoom(new Uint8Array(2 * (MAX_LINE_BYTES + 9)));
        expect(await linesOf(filled(bytesOf(whole), small.buffers, sizes), small)).toEqual(splitOf(whole));
      }),
      { numRuns: 100 },
    );
  });

  test('chunks that lie elsewhere are copied into the room', async () => {
    expect(await linesOf([bytesOf('ab\nc'), bytesOf('d\ne')], ROOM)).toEqual(['ab', 'cd', 'torn e']);
  });

  test('any text in any chunks', async () => {
    const text = fc.string({ unit: fc.constantFrom('a', '\n', '\r', '\x00', '\xff'), maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat(60)), async (whole, cuts) => {
        const edges = [0, ...cuts.map((cut) => Math.min(cut, whole.length)).sort((a, b) => a - b), whole.length];
        const chunks = edges.slice(1).map((edge, i) => bytesOf(whole.slice(edges[i], edge)));
        expect(await linesOf(chunks)).toEqual(splitOf(whole));
      }),
      { numRuns: 300 },
    );
  });

  test('chunks of the source are neither changed nor kept', async () => {
    const chunk = bytesOf('one\ntwo\nthree');
    const batches: LineBatch[] = [];
    for await (const batch of lineBatches([chunk])) {
      if (!batch.oversize) batch.bytes.fill(0, batch.begin, batch.end);
      batches.push(batch);
    }
    expect(batches.length).toBe(2);
    expect(Buffer.from(chunk).toString()).toBe('one\ntwo\nthree');
  });
});

/** A line of so many bytes, LF not counted, between short ones. */
function* around(sizeBytes: number, chunkBytes: number, before: string, after: string): Generator<Uint8Array> {
  yield bytesOf(before);
  const chunk = new Uint8Array(chunkBytes).fill(0x78);
  for (let left = sizeBytes; left > 0; left -= chunkBytes) yield chunk.subarray(0, Math.min(left, chunkBytes));
  yield bytesOf(after);
}

/** A long line by its length, however it came. */
const lengths = (lines: readonly string[]): string[] =>
  lines.map((line) => {
    const long = /^long (\d+)( torn)?$/.exec(line);
    if (long !== null) return `${long[2] === undefined ? Number(long[1]) - 1 : `torn ${long[1]}`}`;
    return line.startsWith('torn ') ? `torn ${line.length - 5}` : String(line.length);
  });

describe('lines around 1 MiB', () => {
  const sizes = [-1, 0, 1, 2, MAX_LINE_BYTES - 1, MAX_LINE_BYTES, MAX_LINE_BYTES + 1, MAX_LINE_BYTES + 2, 5_000_000];
  test.each(sizes.map((beyond) => MAX_LINE_BYTES + beyond))('%i bytes', async (size) => {
    for (const chunkBytes of [4096, 65_537, 1 << 20, 7_000_000]) {
      for (const before of ['', 'ab\n', `${'c'.repeat(1000)}\n`.repeat(900)]) {
        const short = before
          .split('\n')
          .slice(0, -1)
          .map((line) => String(line.length));
        const lines = lengths(await linesOf(around(size, chunkBytes, before, '\nend\n')));
        expect(lines).toEqual([...short, String(size), '3']);
        expect(lengths(await linesOf(around(size, chunkBytes, before, '')))).toEqual([...short, `torn ${size}`]);
        const again = (after: string): Generator<Uint8Array> =>
          filled(concatBytes(...around(size, chunkBytes, before, after)), ROOM.buffers, [chunkBytes]);
        expect(lengths(await linesOf(again('\nend\n'), ROOM))).toEqual(lines);
        expect(lengths(await linesOf(again(''), ROOM))).toEqual([...short, `torn ${size}`]);
      }
    }
  });

  test('a line that may be held is held, whatever stands before it', async () => {
    const text = 'y'.repeat(MAX_LINE_BYTES);
    for (const before of ['', 'x'.repeat(MAX_LINE_BYTES), 'x'.repeat(MAX_LINE_BYTES - 7)]) {
      const bytes = bytesOf(`${before}\n${text}\n`);
      expect((await linesOf([bytes])).at(-1)).toBe(text);
      expect((await linesOf(filled(bytes, ROOM.buffers, [1 << 20]), ROOM)).at(-1)).toBe(text);
      expect((await linesOf(filled(bytes, ROOM.buffers, [1000, 1 << 20, 65_537]), ROOM)).at(-1)).toBe(text);
    }
  });
});

test('memory does not grow with the input: one buffer below 4 MiB, whatever comes', async () => {
  const buffers = new Set<ArrayBufferLike>();
  let largest = 0;
  let lines = 0;
  function* source(): Generator<Uint8Array> {
    const chunk = new Uint8Array(1 << 20).fill(0x78);
    for (let i = 99; i < chunk.length; i += 100) chunk[i] = 0x0a;
    for (let i = 0; i < 64; i++) yield chunk;
    chunk.fill(0x78);
    for (let i = 0; i < 64; i++) yield chunk;
  }
  for await (const batch of lineBatches(source())) {
    if (batch.oversize) continue;
    buffers.add(batch.bytes.buffer);
    largest = Math.max(largest, batch.bytes.buffer.byteLength);
    lines += batch.bytes.subarray(batch.begin, batch.end).filter((byte) => byte === 0x0a).length;
  }
  expect(lines).toBe(64 * Math.floor((1 << 20) / 100));
  expect(buffers.size).toBe(1);
  expect(largest).toBeLessThan(4 << 20);
});
