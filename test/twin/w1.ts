import { shake256 } from '@noble/hashes/sha3.js';
import { expect } from 'vitest';
import { concatBytes, fromBase64url } from '../../src/base/bytes.ts';
import { ntt, POINTS, Q, rejNTTPoly } from '../../src/crypto/expanded-key.ts';
import { VERIFIER_WASM } from '../../src/crypto/verifier-wasm.ts';
import { BETA, GAMMA1, type Hints, inverseNtt, packHints, packZ, useHint } from '../crypto/forge.ts';
import { compileKernels, seeded } from './kernels.ts';

/** How t1 is filled. */
export const T1 = {
  'all ones': () => new Uint8Array(1920).fill(255),
  'all zero': () => new Uint8Array(1920),
  random: (random: (below: number) => number) => Uint8Array.from({ length: 1920 }, () => random(256)),
};

interface Case {
  readonly signature: Uint8Array;
  readonly w1: readonly number[];
}

/**
 * Compare w1 of the release and of the debug build, alone and in either place of a pair, with its definition, over signatures whose z is
 * at the ends of its range: two rejections hide an overflow. @returns how many coefficients were compared, a signature counted once.
 */
export async function compareW1(t1: keyof typeof T1, rounds: number): Promise<number> {
  const random = seeded(rounds);
  const builds = [Uint8Array.from(fromBase64url(VERIFIER_WASM)), await compileKernels()].map(instanceOf);
  let compared = 0;
  for (let round = 0; round < rounds; round++) {
    const rho = Uint8Array.from({ length: 32 }, () => random(256));
    const pk = concatBytes(rho, T1[t1](random));
    const cases = casesOf(pk, random);
    for (const { call, memory } of builds) {
      memory.set(pk, call('publicKeyAt'));
      expect(call('prepareKey', 0)).toBe(1);
      const w1 = (lane: number): number[] => {
        const at = call('w1At', lane);
        return Array.from({ length: 1536 }, (_, n) => (memory[at + (n >> 1)] >> (4 * (n & 1))) & 15);
      };
      // The commitments are random, so that the answer is no; what it was compared with is what counts.
      for (const [i, one] of cases.entries()) {
        memory.set(one.signature, call('signatureAt', 0));
        expect(call('verifyMu', 0)).toBe(0);
        expect(w1(0)).toEqual(one.w1);
        const other = cases[(i + 1) % cases.length];
        memory.set(other.signature, call('signatureAt', 1));
        expect(call('verifyPair', 0, 0, 0)).toBe(0);
        expect([w1(0), w1(1)]).toEqual([one.w1, other.w1]);
      }
    }
    compared += 1536 * cases.length;
  }
  return compared;
}

function instanceOf(wasm: Uint8Array<ArrayBuffer>): {
  call: (name: string, ...args: number[]) => number;
  memory: Uint8Array;
} {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasm));
  const call = (name: string, ...args: number[]): number => (exports[name] as (...args: number[]) => number)(...args);
  call('initialise');
  return { call, memory: new Uint8Array((exports.memory as WebAssembly.Memory).buffer) };
}

/** Signatures of every kind of z under one key, each with a commitment and hints of its own. */
function casesOf(pk: Uint8Array, random: (below: number) => number): Case[] {
  const most = GAMMA1 - BETA - 1;
  const from = (make: (n: number, j: number) => number): number[][] =>
    Array.from({ length: 5 }, (_, j) => Array.from({ length: 256 }, (_, n) => make(n, j)));
  const a = Array.from({ length: 6 }, (_, row) =>
    Array.from({ length: 5 }, (_, column) => rejNTTPoly(pk.subarray(0, 32), column, row)),
  );
  // Signs as those of the powers of one root, where z's transform becomes as large as it can; or as those of a row of A.
  const alignedWithZetas = (point: number): number[][] => {
    let power = 1;
    const signs = Array.from({ length: 256 }, () => {
      const sign = power > Q / 2 ? -1 : 1;
      power = (power * POINTS[point]) % Q;
      return sign;
    });
    return from((n) => signs[n] * most);
  };
  const alignedWithA = (row: number): number[][] => {
    const natural = a[row].map(inverseNtt);
    return from((n, j) => (natural[j][n] > Q / 2 ? -most : most));
  };
  const zs = [
    from(() => most),
    from(() => -most),
    from((n, j) => ((n + j) % 2 === 0 ? most : -most)),
    from(() => (random(2) === 0 ? most : -most)),
    from(() => random(2 * most + 1) - most),
    alignedWithZetas(0),
    alignedWithZetas(255),
    alignedWithZetas(random(256)),
    alignedWithZetas(random(256)),
    alignedWithA(0),
    alignedWithA(1 + random(5)),
  ];
  return zs.map((z) => {
    const commitment = Uint8Array.from({ length: 48 }, () => random(256));
    const hints = Array.from({ length: 6 }, () => [...new Set(Array.from({ length: 9 }, () => random(256)))]);
    return {
      signature: concatBytes(commitment, packZ(z), packHints(hints)),
      w1: w1Of(pk, a, ball(commitment), z, hints),
    };
  });
}

/** w1 by the definitions, apart from any kernel. */
function w1Of(
  pk: Uint8Array,
  a: readonly (readonly number[])[][],
  c: readonly number[],
  z: readonly (readonly number[])[],
  hints: Hints,
): number[] {
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
      a[i][j].forEach((entry, n) => {
        sum[n] = (sum[n] + entry * zHat[j][n]) % Q;
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
