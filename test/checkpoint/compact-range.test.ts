import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { CompactRange } from '../../src/checkpoint/compact-range.ts';
import { perfectNodes } from '../../src/checkpoint/nodes.ts';
import { EMPTY_ROOT, hashNode } from '../../src/checkpoint/tree-hash.ts';
import { seeded } from '../twin/kernels.ts';
import { leafHashOf, PlainTree } from './plain-tree.ts';

const tree = new PlainTree(leafHashOf);
const rangeOf = (begin: number, end: number): CompactRange => {
  const range = CompactRange.empty(begin);
  for (let i = begin; i < end; i++) range.append(leafHashOf(i));
  return range;
};
const hex = (range: CompactRange): string[] => range.hashes.map(toHex);

describe('roots', () => {
  it('incremental = rebuilt, for every n to 2,000: traps n = 5, 6, 9-14 and 17 among them', () => {
    const range = CompactRange.empty();
    expect(toHex(range.root())).toBe(toHex(EMPTY_ROOT));
    for (let n = 1; n <= 2000; n++) {
      range.append(leafHashOf(n - 1));
      expect(toHex(range.root())).toBe(toHex(tree.root(0, n)));
    }
  });

  it('incremental = rebuilt at random n to 2^20', () => {
    const seed = 0x2020;
    const random = seeded(seed);
    const stops = new Set(Array.from({ length: 12 }, () => 1 + random(2 ** 20)));
    const last = Math.max(...stops);
    const leaves: Uint8Array[] = [];
    const large = new PlainTree((index) => leaves[index]!);
    const range = CompactRange.empty();
    for (let n = 1; n <= last; n++) {
      const leaf = new Uint8Array(32);
      new DataView(leaf.buffer).setUint32(0, n * 2654435761);
      leaves.push(leaf);
      range.append(leaf);
      if (stops.has(n)) expect(toHex(range.root()), `seed ${seed}, n ${n}`).toBe(toHex(large.root(0, n)));
    }
  });

  it('an append makes one node a trailing one bit of the index: log2(n) at most, one on average', () => {
    let made = 0;
    const range = CompactRange.empty(0, (left, right) => {
      made++;
      return hashNode(left, right);
    });
    for (let n = 0; n < 4096; n++) {
      const before = made;
      range.append(leafHashOf(n));
      expect(made - before).toBeLessThanOrEqual(12);
    }
    expect(made).toBe(4095);
  });
});

describe('any range', () => {
  it('holds the perfect subtrees of [begin, end) and nothing else, for every range within 40', () => {
    for (let begin = 0; begin <= 40; begin++) {
      for (let end = begin; end <= 40; end++) {
        const expected = perfectNodes(begin, end).map(({ level, index }) =>
          toHex(tree.root(index * 2 ** level, (index + 1) * 2 ** level)),
        );
        const range = rangeOf(begin, end);
        expect(hex(range), `[${begin}, ${end})`).toEqual(expected);
        expect(hex(CompactRange.of(begin, end, range.hashes))).toEqual(expected);
      }
    }
  });

  it('the cover is minimal: no two neighbours of it are children of one node', () => {
    for (let begin = 0; begin <= 70; begin++) {
      for (let end = begin; end <= 70; end++) {
        const nodes = perfectNodes(begin, end);
        let at = begin;
        for (const [i, { level, index }] of nodes.entries()) {
          expect(index * 2 ** level).toBe(at);
          at += 2 ** level;
          const next = nodes[i + 1];
          expect(next !== undefined && next.level === level && index % 2 === 0).toBe(false);
        }
        expect(at).toBe(end);
      }
    }
  });

  it('visit is told of each node once, with its place', () => {
    for (const begin of [0, 1, 5, 8]) {
      const seen = new Map<string, string>();
      const range = CompactRange.empty(begin);
      for (let i = begin; i < 37; i++)
        range.append(leafHashOf(i), (level, index, hash) => {
          expect(seen.has(`${level} ${index}`)).toBe(false);
          seen.set(`${level} ${index}`, toHex(hash));
        });
      const expected = new Map<string, string>();
      for (let level = 0; level < 6; level++) {
        for (let index = 0; (index + 1) * 2 ** level <= 37; index++) {
          const first = index * 2 ** level;
          if (first >= begin) expected.set(`${level} ${index}`, toHex(tree.root(first, first + 2 ** level)));
        }
      }
      expect(new Map([...seen].sort())).toEqual(new Map([...expected].sort()));
    }
  });

  it('neighbours joined: every split of every range within 24 in two', () => {
    for (let begin = 0; begin <= 24; begin++) {
      for (let end = begin; end <= 24; end++) {
        const whole = hex(rangeOf(begin, end));
        for (let middle = begin; middle <= end; middle++) {
          const left = rangeOf(begin, middle);
          const right = rangeOf(middle, end);
          const rightBefore = hex(right);
          left.appendRange(right);
          expect(hex(left), `[${begin}, ${middle}) + [${middle}, ${end})`).toEqual(whole);
          expect([left.begin, left.end]).toEqual([begin, end]);
          expect(hex(right)).toEqual(rightBefore);
        }
      }
    }
  });

  it('associative: random splits into many parts, joined in random order', () => {
    const seed = 0xa550c;
    const random = seeded(seed);
    for (let round = 0; round < 60; round++) {
      const begin = random(3) === 0 ? 0 : random(400);
      const end = begin + random(1500);
      const cuts = [begin, end, ...Array.from({ length: random(12) }, () => begin + random(end - begin + 1))];
      cuts.sort((a, b) => a - b);
      const parts = cuts.slice(1).map((cut, i) => rangeOf(cuts[i]!, cut));
      while (parts.length > 1) {
        const i = random(parts.length - 1);
        parts[i]!.appendRange(parts[i + 1]!);
        parts.splice(i + 1, 1);
      }
      expect(hex(parts[0]!), `seed ${seed}, round ${round}, cuts ${cuts}`).toEqual(hex(rangeOf(begin, end)));
      if (begin === 0) expect(toHex(parts[0]!.root())).toBe(toHex(tree.root(0, end)));
    }
  });
});

describe('what it gives out and takes in', () => {
  it('is copied: hashes, leaves, clones and roots', () => {
    const leaf = leafHashOf(0);
    const range = CompactRange.empty();
    range.append(leaf);
    const before = hex(range);
    leaf.fill(0);
    range.hashes[0]!.fill(0);
    range.root().fill(0);
    expect(hex(range)).toEqual(before);
    const other = range.clone();
    other.append(leafHashOf(1));
    expect([hex(range), range.end, other.end]).toEqual([before, 1, 2]);
    const given = [Buffer.from(leafHashOf(0))];
    const taken = CompactRange.of(0, 1, given);
    given[0]!.fill(0);
    expect(hex(taken)).toEqual(before);
    CompactRange.empty().root().fill(0);
    expect(toHex(CompactRange.empty().root())).toBe(toHex(EMPTY_ROOT));
  });

  it('an empty range joined to itself stays as it is', () => {
    const range = CompactRange.empty(7);
    range.appendRange(range);
    expect([range.begin, range.end, range.hashes]).toEqual([7, 7, []]);
  });

  it('refuses what cannot be: RangeError', () => {
    const hash = leafHashOf(0);
    const bad: (() => unknown)[] = [
      () => CompactRange.empty(-1),
      () => CompactRange.empty(0.5),
      () => CompactRange.empty(2 ** 53),
      () => CompactRange.of(0, 3, [hash]),
      () => CompactRange.of(0, 1, [hash, hash]),
      () => CompactRange.of(3, 2, []),
      () => CompactRange.of(0, 1, [hash.subarray(1)]),
      () => CompactRange.empty().append(new Uint8Array(31)),
      () => CompactRange.empty().append(new Uint8Array(33)),
      () => CompactRange.empty(2).appendNode(2, hash),
      () => CompactRange.empty(0).appendNode(-1, hash),
      () => CompactRange.empty(0).appendNode(0.5, hash),
      () => CompactRange.empty(0).appendNode(53, hash),
      () => rangeOf(0, 3).appendRange(rangeOf(4, 5)),
      () => rangeOf(0, 3).appendRange(rangeOf(2, 5)),
      () => rangeOf(1, 3).root(),
      () => CompactRange.empty(2 ** 53 - 1).append(hash),
    ];
    for (const call of bad) expect(call).toThrow(RangeError);
  });

  it('a refused append changes nothing', () => {
    const range = rangeOf(0, 3);
    const before = hex(range);
    expect(() => range.append(new Uint8Array(31))).toThrow(RangeError);
    expect(() => range.appendNode(1, leafHashOf(3))).toThrow(RangeError);
    expect([hex(range), range.end]).toEqual([before, 3]);
  });
});

describe('sizes beyond 32 bits', () => {
  /** The root of 2^level equal leaves. */
  const perfect = (level: number): Uint8Array => {
    let hash = leafHashOf(0);
    for (let i = 0; i < level; i++) hash = hashNode(hash, hash);
    return hash;
  };
  it.each([2 ** 31 - 3, 2 ** 32 - 2, 2 ** 33 + 5, 2 ** 52 + 2 ** 31 + 3, 2 ** 53 - 9])(
    'appends and joins past %d',
    (size) => {
      const range = CompactRange.of(
        0,
        size,
        perfectNodes(0, size).map(({ level }) => perfect(level)),
      );
      const rest = CompactRange.empty(size);
      const one = range.clone();
      for (let i = 0; i < 8; i++) {
        one.append(leafHashOf(0));
        rest.append(leafHashOf(0));
      }
      range.appendRange(rest);
      expect(hex(range)).toEqual(perfectNodes(0, size + 8).map(({ level }) => toHex(perfect(level))));
      expect(hex(one)).toEqual(hex(range));
      expect(toHex(one.root())).toBe(toHex(range.root()));
    },
  );
});
