import { createHash } from 'node:crypto';
import { shake256 } from '@noble/hashes/sha3.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { concatBytes, fromBase64url } from '../../src/base/bytes.ts';
import { signNoble } from '../../src/crypto/engine-noble-sign.ts';
import { verifyMlDsa65MuNoble, verifyMlDsa65Noble } from '../../src/crypto/engine-noble-verify.ts';
import { verifyMlDsa65MuWasm, verifyMlDsa65Wasm } from '../../src/crypto/engine-wasm-verify.ts';
import { keyFromSeed } from '../../src/crypto/keys.ts';
import { type PublicKey, readPublicKey } from '../../src/crypto/public-key.ts';
import { VERIFIER_SHA256, VERIFIER_WASM } from '../../src/crypto/verifier-wasm.ts';
import { startVerifierKernel, type VerifierKernel, type VerifyJob } from '../../src/crypto/wasm.ts';
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
    expect(bytes.length).toBeLessThan(70 * 1024);
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

  it('contexts of every length from 0 to 256: their own holds up to 255, one byte more does not', () => {
    const secret = keyFromSeed('ML-DSA-65', new Uint8Array(32).fill(77));
    const message = randomBytes(20);
    const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(120);
    for (let length = 0; length <= 255; length++) {
      const input = { message, context: 'x'.repeat(length) };
      const signature = signNoble({ alg: 'ML-DSA-65', expanded: secret.expanded! }, input, new Uint8Array(32));
      expect(verifyMlDsa65Wasm(secret.publicKey, message, signature, bytes(length))).toBe(true);
      expect(verifyMlDsa65Wasm(secret.publicKey, message, signature, bytes(length + 1))).toBe(false);
    }
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

describe('many at a time', () => {
  const jobsOf = (list: readonly Signed[]): VerifyJob[] =>
    list.map(({ key, message, signature }) => ({ key, parts: [Uint8Array.of(0, 14), context, message], signature }));
  const changed = (job: VerifyJob): VerifyJob => {
    const parts = [...job.parts];
    const signature = job.signature.slice();
    const way = random(4);
    if (way === 0) signature[random(signature.length)] ^= 1 << random(8);
    else if (way === 1) parts[2] = concatBytes(parts[2], Uint8Array.of(0));
    else if (way === 2) return { ...job, key: pick(signed.filter(({ key }) => key.kid !== job.key.kid)).key };
    return { ...job, parts, signature: way === 3 ? signature.subarray(0, random(3309)) : signature };
  };

  it('the answers of one by one, in order: 60 rounds of 40 jobs, good and bad in either place of a pair, in both builds', () => {
    const counts = [0, 0];
    for (const kernel of [startVerifierKernel(), startVerifierKernel(debug)]) {
      for (let round = 0; round < 30; round++) {
        const few = Array.from({ length: 1 + random(5) }, () => pick(signed));
        const jobs = jobsOf(Array.from({ length: 40 }, () => pick(round % 3 === 0 ? signed : few)));
        const bad = jobs.map(() => random(2) === 0);
        const mixed = jobs.map((job, i) => (bad[i] ? changed(job) : job));
        expect(kernel.verifyMany(mixed)).toEqual(bad.map((isBad) => !isBad));
        expect(mixed.map((job) => kernel.verify(job.key, job.parts, job.signature))).toEqual(
          bad.map((isBad) => !isBad),
        );
        for (const isBad of bad) counts[+isBad]++;
      }
    }
    expect(Math.min(...counts)).toBeGreaterThan(1000);
  });

  it('both orders of good and bad, at the longest message a pair takes and one byte above', () => {
    const kernel = startVerifierKernel();
    const key = keyFromSeed('ML-DSA-65', new Uint8Array(32).fill(99));
    const [good, bad] = [32_688, 32_689].map((length) => {
      const message = randomBytes(length);
      const input = { message, context: 'perdure/entry/' };
      const signature = signNoble({ alg: 'ML-DSA-65', expanded: key.expanded! }, input, new Uint8Array(32));
      return { key: key.publicKey, message, signature };
    });
    const [a, b] = jobsOf([good, bad]);
    const broken = { ...a, parts: [...a.parts.slice(0, 2), a.parts[2].map((byte, i) => byte ^ +(i === 32_687))] };
    expect(kernel.verifyMany([a, b, a, broken, broken, a, broken])).toEqual([
      true,
      true,
      true,
      false,
      false,
      true,
      false,
    ]);
    expect(kernel.verifyMany([])).toEqual([]);
  });
});
