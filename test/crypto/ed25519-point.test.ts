import { ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Curve, edwards25519 } from '../../src/crypto/ed25519-point.ts';

const Point = edwards25519();

/*
 * The constants against those of noble's ed25519.js: one that is mistyped could still be a curve.
 */

test('the curve is edwards25519', () => {
  expect(Point.CURVE()).toEqual(ed25519.Point.CURVE());
  expect(Point.Fn.ORDER).toBe(ed25519.Point.Fn.ORDER);
  expect(Point.Fp.ORDER).toBe(ed25519.Point.Fp.ORDER);
  expect(Point.BASE.toBytes()).toEqual(ed25519.Point.BASE.toBytes());
});

/** What either makes of bytes: an encoding and what the checks of a key ask, or that they are no point. */
function judged(points: Curve | typeof ed25519.Point, bytes: Uint8Array): unknown {
  try {
    const point = points.fromBytes(bytes, false);
    return [point.toBytes(), point.is0(), point.isTorsionFree(), point.negate().add(points.BASE).toBytes()];
  } catch {
    return 'no point';
  }
}

test('decodes, refuses and computes alike, on any bytes', () => {
  const edge = fc.constantFrom(0, 1, 2, 0x7f, 0x80, 0xec, 0xed, 0xee, 0xff);
  const bytes = fc.oneof(
    fc.uint8Array({ minLength: 32, maxLength: 32 }),
    fc.tuple(edge, edge, fc.constantFrom(0, 0xff)).map(([first, last, middle]) => {
      const out = new Uint8Array(32).fill(middle);
      out[0] = first;
      out[31] = last;
      return out;
    }),
    fc.bigInt({ min: 1n, max: 2n ** 250n }).map((scalar) => ed25519.Point.BASE.multiply(scalar).toBytes()),
  );
  let points = 0;
  fc.assert(
    fc.property(bytes, (encoded) => {
      const found = judged(Point, encoded);
      if (found !== 'no point') points++;
      expect(found).toEqual(judged(ed25519.Point, encoded));
    }),
    { numRuns: 150 },
  );
  expect(points).toBeGreaterThan(40);
});

test('multiplies alike', () => {
  for (const scalar of [0n, 1n, 2n, 12345678901234567890n, Point.Fn.ORDER - 1n]) {
    expect(Point.BASE.multiplyUnsafe(scalar).toBytes()).toEqual(ed25519.Point.BASE.multiplyUnsafe(scalar).toBytes());
  }
});
