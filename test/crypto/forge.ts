import { shake256 } from '@noble/hashes/sha3.js';
import { concatBytes, utf8 } from '../../src/base/bytes.ts';
import { ntt, POINTS, Q, rejNTTPoly } from '../../src/crypto/expanded-key.ts';
import { type PublicKey, readPublicKey } from '../../src/crypto/public-key.ts';

const K = 6;
const L = 5;
const N = 256;
export const GAMMA1 = 2 ** 19;
const GAMMA2 = (Q - 1) / 32;
export const BETA = 196;
export const OMEGA = 55;

/** Under t1 = 0 the challenge cancels (w' = A·z), so that every z and hint has a commitment that makes it hold: signatures that a
 *  verifier can refuse for their encoding only. Nobody's key, of course. */
export const weakKey: PublicKey = readPublicKey('ML-DSA-65', new Uint8Array(1952).fill(0x33, 0, 32));

/** Where hints stand: a set of coefficients a polynomial. */
export type Hints = readonly (readonly number[])[];

/** @returns hintBitPack of `hints`. @see FIPS 204 Algorithm 20 */
export function packHints(hints: Hints): Uint8Array {
  const out = new Uint8Array(OMEGA + K);
  let at = 0;
  for (let i = 0; i < K; i++) {
    for (const index of [...hints[i]].sort((a, b) => a - b)) out[at++] = index;
    out[OMEGA + i] = at;
  }
  return out;
}

/** Pack z, 20 bits a coefficient. @see FIPS 204 Algorithm 17 (BitPack with γ1 − 1, γ1) */
export function packZ(z: readonly (readonly number[])[]): Uint8Array {
  const out = new Uint8Array(640 * L);
  z.forEach((poly, i) => {
    for (let n = 0; n < N; n += 2) {
      const [a, b] = [GAMMA1 - poly[n], GAMMA1 - poly[n + 1]];
      out.set([a & 255, (a >> 8) & 255, (a >> 16) | ((b & 15) << 4), (b >> 4) & 255, b >> 12], i * 640 + (n / 2) * 5);
    }
  });
  return out;
}

/**
 * Make a signature under weakKey that satisfies c̃ = H(mu ‖ w1) for this z and these hints, in range or not.
 * @param packed the hint bytes to write, when they should not be the canonical ones of `hints`.
 */
export function forge(
  message: Uint8Array,
  context: string,
  z: readonly (readonly number[])[],
  hints: Hints,
  packed = packHints(hints),
): Uint8Array {
  const rho = weakKey.bytes.subarray(0, 32);
  const zHat = z.map((poly) => ntt(poly));
  const w1: number[] = [];
  for (let i = 0; i < K; i++) {
    const sum = new Array<number>(N).fill(0);
    for (let j = 0; j < L; j++)
      rejNTTPoly(rho, j, i).forEach((a, n) => {
        sum[n] = (sum[n] + a * zHat[j][n]) % Q;
      });
    w1.push(...inverseNtt(sum).map((w, n) => useHint(hints[i].includes(n), w)));
  }
  const ctx = utf8(context);
  const tr = shake256(weakKey.bytes, { dkLen: 64 });
  const mu = shake256
    .create({ dkLen: 64 })
    .update(tr)
    .update(concatBytes(Uint8Array.of(0, ctx.length), ctx, message))
    .digest();
  const packedW1 = Uint8Array.from({ length: (K * N) / 2 }, (_, i) => w1[2 * i] | (w1[2 * i + 1] << 4));
  const commitment = shake256.create({ dkLen: 48 }).update(mu).update(packedW1).digest();
  return concatBytes(commitment, packZ(z), packed);
}

/** By definition: w[n] = 256⁻¹ · Σ ŵ[i] · ζᵢ⁻ⁿ. */
export function inverseNtt(hat: readonly number[]): number[] {
  const inverses = POINTS.map((point) => power(point, Q - 2));
  const powers = new Array<number>(N).fill(1);
  const scale = power(N, Q - 2);
  return hat.map(() => {
    let sum = 0;
    for (let i = 0; i < N; i++) {
      sum = (sum + hat[i] * powers[i]) % Q;
      powers[i] = (powers[i] * inverses[i]) % Q;
    }
    return (sum * scale) % Q;
  });
}

function power(base: number, exponent: number): number {
  let out = 1;
  for (let square = base, e = exponent; e > 0; e = Math.floor(e / 2), square = (square * square) % Q)
    if (e % 2 === 1) out = (out * square) % Q;
  return out;
}

/** @see FIPS 204 Algorithms 36 and 40 */
export function useHint(hint: boolean, r: number): number {
  let r0 = r % (2 * GAMMA2);
  if (r0 > GAMMA2) r0 -= 2 * GAMMA2;
  let r1 = (r - r0) / (2 * GAMMA2);
  if (r - r0 === Q - 1) [r1, r0] = [0, r0 - 1];
  if (!hint) return r1;
  return (r1 + (r0 > 0 ? 1 : 15)) % 16;
}
