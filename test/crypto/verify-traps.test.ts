import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { hasNativeMlDsa, nativeVerifier } from '../../src/crypto/engine-native-verify.ts';
import { nobleVerifier, verifyMlDsa65MuNoble, verifyMlDsa65Noble } from '../../src/crypto/engine-noble-verify.ts';
import { verifyMlDsa65MuWasm, verifyMlDsa65Wasm, wasmVerifier } from '../../src/crypto/engine-wasm-verify.ts';
import { KNOWN_ANSWER } from '../../src/crypto/known-answer.ts';
import { readPublicKey } from '../../src/crypto/public-key.ts';
import { CONTEXTS, type Verifier } from '../../src/crypto/verifier.ts';
import { BETA, forge, GAMMA1, type Hints, OMEGA, packHints, weakKey } from './forge.ts';

const message = utf8('what happened');
const context = CONTEXTS.entry;
const flat = (value: number): number[][] => Array.from({ length: 5 }, () => new Array<number>(256).fill(value));
const hints: Hints = [[3, 9, 200], [], [0, 255], [17], [], [5, 6]];
const engines: Verifier[] = [nobleVerifier, wasmVerifier, ...(hasNativeMlDsa() ? [nativeVerifier] : [])];

describe.each(engines)(
  'ML-DSA verification by $engine refuses what is no encoding (traps: Crypto details)',
  (engine) => {
    const holds = (signature: Uint8Array) => engine.verify(weakKey, message, signature, context);
    const withHint = (change: (hint: Uint8Array) => void) => {
      const packed = packHints(hints);
      change(packed);
      return forge(message, context, flat(1234), hints, packed);
    };

    it('accepts the canonical signature that all of these are made from', () => {
      expect(holds(withHint(() => undefined))).toBe(true);
      expect(holds(forge(message, context, flat(0), [[], [], [], [], [], []]))).toBe(true);
    });

    it('accepts exactly omega hints', () => {
      const full: Hints = [Array.from({ length: OMEGA }, (_, i) => i * 4), [], [], [], [], []];
      expect(holds(forge(message, context, flat(7), full))).toBe(true);
    });

    it('hint positions out of order', () => {
      expect(holds(withHint((hint) => hint.set([9, 3, 200])))).toBe(false);
    });

    it('a hint position twice: the same set of hints, one byte more', () => {
      const doubled = withHint((hint) => {
        hint.copyWithin(1, 0, OMEGA - 1);
        for (let i = 0; i < 6; i++) hint[OMEGA + i] += 1;
      });
      expect(holds(doubled)).toBe(false);
    });

    it('hint counts that go down, exceed omega, or exceed it in the last polynomial only', () => {
      expect(
        holds(
          withHint((hint) => {
            hint[OMEGA + 1] = 2;
          }),
        ),
      ).toBe(false);
      expect(
        holds(
          withHint((hint) => {
            hint[OMEGA] = OMEGA + 1;
          }),
        ),
      ).toBe(false);
      expect(
        holds(
          withHint((hint) => {
            hint[OMEGA + 5] = 255;
          }),
        ),
      ).toBe(false);
    });

    it('56 hints, of which the last one stands in the first count byte: all consistent, but above omega', () => {
      const above: Hints = [[...Array.from({ length: OMEGA }, (_, i) => i), OMEGA + 1], [], [], [], [], []];
      const packed = new Uint8Array(OMEGA + 6).map((_, i) => (i < OMEGA ? i : OMEGA + 1));
      expect(holds(forge(message, context, flat(11), above, packed))).toBe(false);
    });

    it('padding that is not zero, at its first and last byte', () => {
      const used = hints.flat().length;
      expect(
        holds(
          withHint((hint) => {
            hint[used] = 1;
          }),
        ),
      ).toBe(false);
      expect(
        holds(
          withHint((hint) => {
            hint[OMEGA - 1] = 128;
          }),
        ),
      ).toBe(false);
    });

    it('z at the bound gamma1 − beta, either sign, in one coefficient of any polynomial; one below is fine', () => {
      const bound = GAMMA1 - BETA;
      for (const [polynomial, coefficient] of [
        [0, 0],
        [2, 100],
        [4, 255],
      ]) {
        for (const sign of [1, -1]) {
          const at = (value: number): number[][] => {
            const z = flat(0);
            z[polynomial][coefficient] = sign * value;
            return z;
          };
          expect(holds(forge(message, context, at(bound - 1), hints))).toBe(true);
          expect(holds(forge(message, context, at(bound), hints))).toBe(false);
        }
      }
      expect(holds(forge(message, context, flat(bound - 1), hints))).toBe(true);
      expect(holds(forge(message, context, flat(GAMMA1), hints))).toBe(false);
    });

    it('every other length, none of which throws', () => {
      const good = withHint(() => undefined);
      for (const length of [0, 1, 48, 3248, 3308]) expect(holds(good.slice(0, length))).toBe(false);
      for (const extra of [1, 3309]) expect(holds(new Uint8Array([...good, ...new Uint8Array(extra)]))).toBe(false);
    });

    it('another message, another context, an empty context, and contexts above 255 bytes', () => {
      const good = withHint(() => undefined);
      expect(engine.verify(weakKey, utf8('what happened!'), good, context)).toBe(false);
      expect(engine.verify(weakKey, message, good, CONTEXTS.checkpoint)).toBe(false);
      expect(engine.verify(weakKey, message, good, '')).toBe(false);
      expect(engine.verify(weakKey, message, good, 'x'.repeat(256))).toBe(false);
      expect(engine.verify(weakKey, message, good, 'é'.repeat(200))).toBe(false);
      const long = 'y'.repeat(255);
      expect(engine.verify(weakKey, message, forge(message, long, flat(5), hints), long)).toBe(true);
    });

    it('random bytes of random lengths: false, never an exception', () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 4000 }), fc.uint8Array({ maxLength: 100 }), (signature, other) => {
          expect(engine.verify(weakKey, other, signature, context)).toBe(false);
        }),
        { numRuns: 60 },
      );
    });

    it('any one changed bit of a good signature', () => {
      const good = withHint(() => undefined);
      fc.assert(
        fc.property(fc.nat(good.length - 1), fc.nat(7), (at, bit) => {
          const changed = good.slice();
          changed[at] ^= 1 << bit;
          expect(holds(changed)).toBe(false);
        }),
        { numRuns: 60 },
      );
    });
  },
);

describe.each([
  ['noble', verifyMlDsa65Noble, verifyMlDsa65MuNoble],
  ['wasm', verifyMlDsa65Wasm, verifyMlDsa65MuWasm],
] as const)('the probe and the byte-level functions of %s', (_, verify, verifyMu) => {
  it('the known answer verifies, and with one bit or its context changed it does not', () => {
    const key = readPublicKey('ML-DSA-65', KNOWN_ANSWER.publicKey());
    const signature = KNOWN_ANSWER.signature();
    const { message: known, context: under } = KNOWN_ANSWER;
    expect(verify(key, known, signature, under)).toBe(true);
    expect(verify(key, known, signature, new Uint8Array(0))).toBe(false);
    expect(verify(key, known, signature, new Uint8Array(256))).toBe(false);
    signature[47] ^= 1;
    expect(verify(key, known, signature, under)).toBe(false);
    expect(KNOWN_ANSWER.signature()[47]).not.toBe(signature[47]);
  });

  it('mu of another length than 64 is never valid', () => {
    for (const length of [0, 63, 65])
      expect(verifyMu(weakKey, new Uint8Array(length), new Uint8Array(3309))).toBe(false);
  });
});
