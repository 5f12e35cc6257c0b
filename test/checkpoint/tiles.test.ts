import { describe, expect, it } from 'vitest';
import {
  completedTiles,
  fullTiles,
  parseTilePath,
  placeOf,
  TILE_WIDTH,
  type Tile,
  tilePath,
  tileWidth,
} from '../../src/checkpoint/tiles.ts';
import { seeded } from '../twin/kernels.ts';

const full = (level: number, index: number): Tile => ({ level, index, width: 256 });
/** Every tile of a tree of `size` leaves, by the formula of C2SP: floor(s / 256^l) hashes a level. */
function tilesOf(size: number): Tile[] {
  const tiles: Tile[] = [];
  for (let level = 0; 256 ** level <= size; level++) {
    const hashes = Math.floor(size / 256 ** level);
    for (let index = 0; index * 256 < hashes; index++)
      tiles.push({ level, index, width: Math.min(256, hashes - index * 256) });
  }
  return tiles;
}

describe('paths', () => {
  it('as the specification spells them', () => {
    const spelled: [Tile, string][] = [
      [full(0, 1234067), '0/x001/x234/067'],
      [full(0, 0), '0/000'],
      [full(1, 999), '1/999'],
      [full(0, 1000), '0/x001/000'],
      [full(2, 1000000), '2/x001/x000/000'],
      [{ level: 1, index: 1, width: 17 }, '1/001.p/17'],
      [{ level: 0, index: 273, width: 112 }, '0/273.p/112'],
      [{ level: 6, index: 0, width: 31 }, '6/000.p/31'],
      [full(0, 2 ** 45 - 2), '0/x035/x184/x372/x088/830'],
    ];
    for (const [tile, path] of spelled) {
      expect(tilePath(tile)).toBe(path);
      expect(parseTilePath(path)).toEqual(tile);
    }
  });

  it('read back: every index to 5,000, and random tiles', () => {
    const random = seeded(0x711e);
    for (let index = 0; index < 5000; index++) expect(parseTilePath(tilePath(full(0, index)))).toEqual(full(0, index));
    for (let round = 0; round < 2000; round++) {
      const level = random(6);
      const tile = { level, index: random(2 ** (44 - 8 * level)), width: 1 + random(256) };
      expect(parseTilePath(tilePath(tile))).toEqual(tile);
    }
  });

  it('one spelling: everything else is none', () => {
    const others = [
      '',
      '0',
      '0/',
      '/000',
      '0/0',
      '0/00',
      '0/0000',
      '0/001/',
      ' 0/001',
      '0/001 ',
      '0/001\n',
      '00/001',
      '01/001',
      '64/000',
      '7/000',
      '6/001',
      '-1/000',
      '+1/000',
      '1e0/000',
      '0/x000/001',
      '0/x000/x001/000',
      '0/001/002',
      '0/x001/x002',
      '0/x001',
      '0/X001/002',
      '0/x001/02',
      '0/x01/002',
      '0/x001//002',
      '0//001',
      '0/../001',
      '0/001.p/0',
      '0/001.p/00',
      '0/001.p/01',
      '0/001.p/256',
      '0/001.p/1000',
      '0/001.p/',
      '0/001.p',
      '0/001.p/1/',
      '0/001.p/-1',
      '0/001.p/1.0',
      '0/001p/1',
      '0/001.P/1',
      'tile/0/001',
      'entries/001',
      '0/x999/x999/x999/x999/999',
      '0/x001/x000/x000/x000/x000/000',
      '0/٠٠١',
      '0/００1',
    ];
    for (const path of others) expect([path, parseTilePath(path)]).toEqual([path, null]);
    const bad: Tile[] = [
      full(7, 0),
      full(-1, 0),
      full(0.5, 0),
      full(0, -1),
      full(0, 1.5),
      full(0, 2 ** 46),
      full(6, 1),
    ];
    for (const width of [0, 257, -1, 1.5, Number.NaN]) bad.push({ level: 0, index: 0, width });
    for (const tile of bad) expect(() => tilePath(tile)).toThrow(RangeError);
  });
});

describe('geometry', () => {
  it('the example of the specification: 70,000 leaves', () => {
    const tiles = tilesOf(70_000);
    expect(tiles.filter(({ level, width }) => level === 0 && width === 256)).toHaveLength(273);
    expect(tiles.filter(({ width }) => width < 256)).toEqual([
      { level: 0, index: 273, width: 112 },
      { level: 1, index: 1, width: 17 },
      { level: 2, index: 0, width: 1 },
    ]);
    for (const { level, index, width } of tiles) expect(tileWidth(level, index, 70_000)).toBe(width);
    expect(tileWidth(0, 274, 70_000)).toBe(0);
    expect([0, 1, 2].map((level) => fullTiles(level, 70_000))).toEqual([273, 1, 0]);
    expect([tileWidth(0, 0, 256), tileWidth(1, 0, 256), tileWidth(1, 0, 255)]).toEqual([256, 1, 0]);
  });

  it('a node is the root of the hashes where it is said to stand: leaves of both are the same', () => {
    const random = seeded(0x9e0);
    for (let round = 0; round < 20_000; round++) {
      const level = random(53);
      const index = random(2 ** (52 - level));
      const place = placeOf(level, index);
      expect(place.begin + place.count).toBeLessThanOrEqual(TILE_WIDTH);
      expect(place.begin % place.count).toBe(0);
      const leaves = 256n ** BigInt(place.level);
      const begin = (BigInt(place.index) * 256n + BigInt(place.begin)) * leaves;
      expect(begin).toBe(BigInt(index) * 2n ** BigInt(level));
      expect(BigInt(place.count) * leaves).toBe(2n ** BigInt(level));
    }
  });

  it('growth completes each full tile once, each after those below it', () => {
    const random = seeded(0x96);
    for (let round = 0; round < 12; round++) {
      const sizes = [0, ...Array.from({ length: 6 }, () => random(200_000))].sort((a, b) => a - b);
      const seen = new Set<string>();
      for (const [i, size] of sizes.slice(1).entries()) {
        for (const tile of completedTiles(sizes[i]!, size)) {
          expect(seen.has(tilePath(tile))).toBe(false);
          if (tile.level > 0)
            for (let below = 0; below < 256; below++)
              expect(seen.has(tilePath(full(tile.level - 1, tile.index * 256 + below)))).toBe(true);
          seen.add(tilePath(tile));
        }
        const expected = tilesOf(size).filter(({ width }) => width === 256);
        expect([...seen].sort()).toEqual(expected.map(tilePath).sort());
      }
    }
  });

  it('sizes beyond 32 bits', () => {
    const size = 2 ** 40 + 65_536;
    expect([...completedTiles(size - 1, size)]).toEqual([full(0, 2 ** 32 + 255), full(1, 2 ** 24)]);
    expect([...completedTiles(2 ** 48 - 1, 2 ** 48)]).toEqual(
      [0, 1, 2, 3, 4, 5].map((l) => full(l, 2 ** (40 - 8 * l) - 1)),
    );
    expect(tileWidth(6, 0, 2 ** 53 - 1)).toBe(31);
    expect(tileWidth(0, 2 ** 45 - 1, 2 ** 53 - 1)).toBe(255);
  });
});
