import { beforeAll, describe, expect, it } from 'vitest';
import { concatBytes } from '../../src/base/bytes.ts';
import { MAX_GROUP_BYTES } from '../../src/base/limits.ts';
import { createMemoryLog } from '../../src/log/memory.ts';
import { judgeTail } from '../../src/log/tail.ts';
import { ZERO_HASH } from '../../src/receipt/entry.ts';
import { allBytes, linesOf } from './derive.ts';
import { fastSigner } from './signers.ts';

const START = { seq: -1, hash: ZERO_HASH };

describe('the end of a log', () => {
  let bytes: Uint8Array;
  let lines: Uint8Array[];
  let origin: string;
  /** First byte of each line, and the end. */
  let begins: number[];

  beforeAll(async () => {
    const log = await createMemoryLog({ origin: 'a.b/c', signer: fastSigner() });
    await Promise.all(Array.from({ length: 6 }, (_, n) => log.append({ type: 'custom', data: 'x'.repeat(n * 40) })));
    bytes = await allBytes(log);
    lines = linesOf(bytes);
    origin = log.origin;
    begins = [0];
    for (const line of lines) begins.push(begins.at(-1)! + line.length + 1);
  });

  it('cut at every byte: whole lines stay, a line that lacks only its LF is told apart, the rest is torn', () => {
    for (let cut = 0; cut <= bytes.length; cut++) {
      const { good, last, rest, unfinished } = judgeTail(bytes.subarray(0, cut), origin, START);
      const whole = begins.findLastIndex((begin) => begin <= cut);
      const lacksLf = begins[whole + 1] === cut + 1;
      expect([good, last?.seq ?? -1, rest, unfinished?.seq]).toEqual([
        begins[whole],
        whole - 1,
        begins[whole] === cut ? 'nothing' : lacksLf ? 'unfinished' : 'torn',
        lacksLf ? whole : undefined,
      ]);
    }
  });

  it('a hole of zero bytes anywhere in the last group: everything from the first broken line on is torn', () => {
    for (let begin = 0; begin < bytes.length; begin += 17) {
      for (const length of [1, 40, 300, bytes.length]) {
        const holed = bytes.slice();
        holed.fill(0, begin, begin + length);
        const { good, rest } = judgeTail(holed, origin, START);
        const line = begins.findLastIndex((at) => at <= begin);
        // The LF itself may be in the hole, and nothing else: then the line before it is broken as well.
        expect([good, rest]).toEqual([begins[line], 'torn']);
      }
    }
  });

  it('any changed byte in a line that has its LF is damage, not a tear; in the last line too', () => {
    for (let at = 0; at < bytes.length; at += 3) {
      if (bytes[at] === 0x0a) continue;
      const changed = bytes.slice();
      changed[at] = changed[at]! ^ 1;
      const { good, rest } = judgeTail(changed, origin, START);
      const line = begins.findLastIndex((begin) => begin <= at);
      // Signatures stand outside the hash; a writer looks at those of an unfinished line only, an auditor at all.
      const sigsAt = begins[line]! + new TextDecoder().decode(lines[line]).indexOf('"sigs":[');
      if (rest === 'nothing') expect(at).toBeGreaterThan(sigsAt);
      else expect([good, rest]).toEqual([begins[line], 'damaged']);
    }
  });

  it('a line that is good by itself but out of its place is damage', () => {
    const without = concatBytes(...[0, 1, 3, 4].map((i) => bytes.subarray(begins[i]!, begins[i + 1]!)));
    expect(judgeTail(without, origin, START)).toMatchObject({ good: begins[2], rest: 'damaged' });
    const swapped = concatBytes(...[0, 2, 1].map((i) => bytes.subarray(begins[i]!, begins[i + 1]!)));
    expect(judgeTail(swapped, origin, START)).toMatchObject({ good: begins[1], rest: 'damaged' });
    const twice = concatBytes(...[0, 1, 1].map((i) => bytes.subarray(begins[i]!, begins[i + 1]!)));
    expect(judgeTail(twice, origin, START)).toMatchObject({ good: begins[2], rest: 'damaged' });
    expect(judgeTail(bytes, 'another.log/x', START)).toMatchObject({ good: 0, rest: 'damaged' });
    // Without LF, out of its place: kept aside as torn.
    const end = without.subarray(0, begins[2]! + lines[3]!.length);
    expect(judgeTail(end, origin, START)).toMatchObject({ good: begins[2], rest: 'torn' });
  });

  it('what begins further from the end than a write can is damage, zero bytes or not', () => {
    const hole = (size: number) => concatBytes(bytes.subarray(0, begins[2]!), new Uint8Array(size));
    expect(judgeTail(hole(MAX_GROUP_BYTES), origin, START).rest).toBe('torn');
    expect(judgeTail(hole(MAX_GROUP_BYTES + 1), origin, START).rest).toBe('damaged');
    // No LF and no zero byte: longer than a line can be.
    const long = (size: number) => concatBytes(bytes.subarray(0, begins[2]!), new Uint8Array(size).fill(0x20));
    expect(judgeTail(long(1_048_576), origin, START).rest).toBe('torn');
    expect(judgeTail(long(1_048_577), origin, START).rest).toBe('damaged');
  });

  it('the first line is taken as it is where nothing is known of the one before', () => {
    const end = bytes.subarray(begins[3]!);
    expect(judgeTail(end, origin, null)).toMatchObject({ good: end.length, rest: 'nothing' });
    expect(judgeTail(end, origin, START)).toMatchObject({ good: 0, rest: 'damaged' });
  });
});
