import { createHash } from 'node:crypto';
import { shake256 } from '@noble/hashes/sha3.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { concatBytes, fromBase64url } from '../../src/base/bytes.ts';
import { signNoble } from '../../src/crypto/engine-noble-sign.ts';
import { verifyMlDsa65MuNoble, verifyMlDsa65Noble } from '../../src/crypto/engine-noble-verify.ts';
import { verifyMlDsa65MuWasm, verifyMlDsa65Wasm } from '../../src/crypto/engine-wasm-verify.ts';
import { ntt, POINTS, Q, rejNTTPoly } from '../../src/crypto/expanded-key.ts';
import { keyFromSeed } from '../../src/crypto/keys.ts';
import { type PublicKey, readPublicKey } from '../../src/crypto/public-key.ts';
import { VERIFIER_SHA256, VERIFIER_WASM } from '../../src/crypto/verifier-wasm.ts';
import { startVerifierKernel, type VerifierKernel } from '../../src/crypto/wasm.ts';
import { BETA, GAMMA1, type Hints, inverseNtt, packHints, packZ, useHint } from '../crypto/forge.ts';
import { compileKernels, seeded } from './kernels.ts';

const random = seeded(0x5eed);
const randomBytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => random(256));
const pick = <T>(list: readonly T[]): T => list[random(list.length)];

let debug: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  debug = await compileKernels();
});

interface Signed {
  readonly key: PublicKey;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

/** Forty keys, more than there are slots; lengths around the blocks of Keccak and the piece that the kernel takes at once. */
const LENGTHS = [0, 1, 7, 64, 69, 70, 135, 136, 500, 3000, 65518, 65519, 65520, 65536, 131_054, 200_000];
const MORE = Array.from({ length: 24 }, () => random(300));
const context = new TextEncoder().encode('perdure/entry/');
const signed: Signed[] = [...LENGTHS, ...MORE].map((length, i) => {
  const key = keyFromSeed('ML-DSA-65', new Uint8Array(32).fill(i));
  const message = randomBytes(length);
  const input = { message, context: 'perdure/entry/' };
  const signature = signNoble({ alg: 'ML-DSA-65', expanded: key.expanded! }, input, new Uint8Array(32));
  return { key: key.publicKey, message, signature };
});

describe('the embedded module', () => {
  it('has the hash it is printed with, imports nothing, and is small', () => {
    const bytes = fromBase64url(VERIFIER_WASM);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(VERIFIER_SHA256);
    expect(WebAssembly.Module.imports(new WebAssembly.Module(Uint8Array.from(bytes)))).toEqual([]);
    expect(bytes.length).toBeLessThan(32 * 1024);
  });
});

describe('wasm beside noble', () => {
  const both = (key: PublicKey, message: Uint8Array, signature: Uint8Array, ctx: Uint8Array): boolean => {
    const [ours, theirs] = [verifyMlDsa65Wasm, verifyMlDsa65Noble].map((verify) =>
      verify(key, message, signature, ctx),
    );
    expect(ours).toBe(theirs);
    return ours;
  };

  it('good signatures over messages of every length, keys interleaved beyond the slots, three times', () => {
    for (let round = 0; round < 3; round++)
      for (const { key, message, signature } of signed) expect(both(key, message, signature, context)).toBe(true);
  });

  it('2,400 changes of signature, hint, key, message and context: one answer, none accepted', () => {
    const small = signed.filter(({ message }) => message.length < 5000);
    const flip = (bytes: Uint8Array, from = 0, to = bytes.length): Uint8Array => {
      const out = bytes.slice();
      out[from + random(to - from)] ^= 1 << random(8);
      return out;
    };
    let accepted = 0;
    for (let round = 0; round < 2400; round++) {
      const { key, message, signature } = pick(round % 10 === 0 ? signed : small);
      const change = round % 8;
      if (change === 0) accepted += +both(key, message, flip(signature), context);
      else if (change === 1) accepted += +both(key, message, flip(signature, 0, 48), context);
      else if (change <= 3) accepted += +both(key, message, flip(signature, 3248), context);
      else if (change === 4) accepted += +both(key, concatBytes(message, randomBytes(1)), signature, context);
      else if (change === 5) accepted += +both(key, message, signature, randomBytes(random(300)));
      else if (change === 6) {
        const length = pick([0, 1, 3308, 3310, random(4000)].filter((n) => n !== 3309));
        accepted += +both(key, message, concatBytes(signature, randomBytes(1000)).slice(0, length), context);
      } else if (message.length > 0) accepted += +both(key, flip(message), signature, context);
      if (round % 100 === 0)
        accepted += +both(readPublicKey('ML-DSA-65', flip(key.bytes)), message, signature, context);
    }
    expect(accepted).toBe(0);
  });

  it('over mu: the same answers, and lengths other than 64 are false', () => {
    for (const { key, message, signature } of signed.slice(0, 9)) {
      const mu = muOf(key, message);
      for (const verify of [verifyMlDsa65MuWasm, verifyMlDsa65MuNoble]) {
        expect(verify(key, mu, signature)).toBe(true);
        expect(
          verify(
            key,
            mu.map((byte, i) => (i === 63 ? byte ^ 1 : byte)),
            signature,
          ),
        ).toBe(false);
        expect(verify(key, mu.subarray(1), signature)).toBe(false);
      }
    }
  });
});

function muOf(key: PublicKey, message: Uint8Array): Uint8Array {
  const formed = concatBytes(shake256(key.bytes, { dkLen: 64 }), Uint8Array.of(0, context.length), context, message);
  return shake256(formed, { dkLen: 64 });
}

describe('the host', () => {
  const all = (kernel: VerifierKernel): boolean[] =>
    signed.map(({ key, message, signature }) =>
      kernel.verify(key, [Uint8Array.of(0, 14), context, message], signature),
    );

  it('messages in any parts, in the release and in the debug build', () => {
    for (const kernel of [startVerifierKernel(), startVerifierKernel(debug)]) {
      expect(all(kernel)).toEqual(signed.map(() => true));
      for (const { key, message, signature } of signed) {
        const [a, b] = [random(message.length + 1), random(message.length + 1)].sort((x, y) => x - y);
        const parts = [Uint8Array.of(0, 14), context, message.slice(0, a), message.slice(a, b), message.slice(b)];
        expect(kernel.verify(key, parts, signature)).toBe(true);
        expect(kernel.verify(key, [...parts, Uint8Array.of(0)], signature)).toBe(false);
      }
    }
  });

  it('a key read again, as another object, is the same key; another key in its slot is another key', () => {
    const kernel = startVerifierKernel();
    for (let round = 0; round < 60; round++) {
      const { key, message, signature } = pick(signed.slice(0, 12));
      const parts = [Uint8Array.of(0, 14), context, message];
      expect(kernel.verify(readPublicKey('ML-DSA-65', key.bytes), parts, signature)).toBe(true);
      const other = signed.find((one) => one.key.kid !== key.kid && random(4) === 0);
      if (other !== undefined) expect(kernel.verify(other.key, parts, signature)).toBe(false);
    }
  });
});

/** w1 by the definitions, apart from any kernel. */
function w1Of(pk: Uint8Array, c: readonly number[], z: readonly (readonly number[])[], hints: Hints): number[] {
  const cHat = ntt(c);
  const zHat = z.map((poly) => ntt(poly));
  return hints.flatMap((hinted, i) => {
    const t1 = Array.from({ length: 256 }, (_, n) => {
      const bit = 10 * n;
      const at = 32 + 320 * i + (bit >> 3);
      return (((pk[at] | (pk[at + 1] << 8)) >> (bit & 7)) & 1023) * 8192;
    });
    const sum = ntt(t1).map((t, n) => (Q - ((cHat[n] * t) % Q)) % Q);
    for (let j = 0; j < 5; j++)
      rejNTTPoly(pk.subarray(0, 32), j, i).forEach((a, n) => {
        sum[n] = (sum[n] + a * zHat[j][n]) % Q;
      });
    return inverseNtt(sum).map((w, n) => useHint(hinted.includes(n), w));
  });
}

/** @see FIPS 204 Algorithm 29 */
function ball(seed: Uint8Array): number[] {
  const stream = shake256(seed, { dkLen: 1000 });
  const c = new Array<number>(256).fill(0);
  let at = 8;
  for (let i = 207; i < 256; i++) {
    let j = stream[at++];
    while (j > i) j = stream[at++];
    c[i] = c[j];
    c[j] = (stream[(i - 207) >> 3] >> ((i - 207) & 7)) & 1 ? -1 : 1;
  }
  return c;
}

describe('w1 at the ends of its ranges, because two rejections hide an overflow', () => {
  const MOST = GAMMA1 - BETA - 1;
  const from = (make: (n: number, j: number) => number): number[][] =>
    Array.from({ length: 5 }, (_, j) => Array.from({ length: 256 }, (_, n) => make(n, j)));
  const aligned = (point: number): number[][] => {
    let power = 1;
    const signs = Array.from({ length: 256 }, () => {
      const sign = power > Q / 2 ? -1 : 1;
      power = (power * POINTS[point]) % Q;
      return sign;
    });
    return from((n) => signs[n] * MOST);
  };
  const alignedWithA = (rho: Uint8Array, row: number): number[][] => {
    const a = Array.from({ length: 5 }, (_, j) => inverseNtt(rejNTTPoly(rho, j, row)));
    return from((n, j) => (a[j][n] > Q / 2 ? -MOST : MOST));
  };
  const zs = (rho: Uint8Array): number[][][] => [
    from(() => MOST),
    from(() => -MOST),
    from((n, j) => ((n + j) % 2 === 0 ? MOST : -MOST)),
    from(() => (random(2) === 0 ? MOST : -MOST)),
    from(() => random(2 * MOST + 1) - MOST),
    aligned(0),
    aligned(1),
    aligned(170),
    aligned(255),
    alignedWithA(rho, 0),
    alignedWithA(rho, 5),
  ];

  it.each([
    ['all ones', () => new Uint8Array(1920).fill(255)],
    ['all zero', () => new Uint8Array(1920)],
    ['random', () => randomBytes(1920)],
  ] as const)('t1 %s: every coefficient, with hints, in both builds', (_, t1) => {
    let compared = 0;
    for (const wasm of [Uint8Array.from(fromBase64url(VERIFIER_WASM)), debug]) {
      const exports = new WebAssembly.Instance(new WebAssembly.Module(wasm)).exports as unknown as Record<
        string,
        (slot?: number) => number
      >;
      const memory = new Uint8Array((exports.memory as unknown as WebAssembly.Memory).buffer);
      exports.initialise();
      const pk = concatBytes(randomBytes(32), t1());
      memory.set(pk, exports.publicKeyAt());
      expect(exports.prepareKey(0)).toBe(1);
      for (const z of zs(pk.subarray(0, 32))) {
        const commitment = randomBytes(48);
        const hints = Array.from({ length: 6 }, () => [...new Set(Array.from({ length: 9 }, () => random(256)))]);
        memory.set(concatBytes(commitment, packZ(z), packHints(hints)), exports.signatureAt());
        // The commitment is random, so that the answer is no; what it was compared with is what counts.
        expect(exports.verifyMu(0)).toBe(0);
        const at = exports.w1At();
        const found = Array.from({ length: 1536 }, (_, n) => (memory[at + (n >> 1)] >> (4 * (n & 1))) & 15);
        expect(found).toEqual(w1Of(pk, ball(commitment), z, hints));
        compared += found.length;
      }
    }
    expect(compared).toBe(2 * 11 * 1536);
  });
});
