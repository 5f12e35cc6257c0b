import { GAMMA1 } from '../crypto/forge.ts';
import type { Subject } from '../crypto/timing.ts';
import type { Kernels } from './kernels.ts';

/*
 * Single kernels on two classes of secrets: all zeros, where a shortcut would show most, and random ones in the range that the kernel
 * may meet. What is public (challenge, packed key, bounds) is the same for both.
 */

const Q = 8_380_417;
const GAMMA2 = (Q - 1) / 32;
const BETA = 196;

/** How one kernel is timed. */
interface Case {
  readonly name: string;
  /** Where its secret input lies, and how long it is in bytes. */
  readonly at: string;
  readonly bytes: number;
  /** Write a random secret. @param out of that length. */
  fill(out: Uint8Array, random: (below: number) => number): void;
  /** What stands for zero: a byte. */
  readonly zero?: number;
  /** Put what is public in its place, once. */
  setup?(k: Kernels, random: (below: number) => number): void;
  /** Put back what the kernel changes beside its input. */
  reset?(k: Kernels): void;
  call(k: Kernels): void;
}

const words = (make: (random: (below: number) => number) => number): Case['fill'] => {
  return (out, random) => {
    const view = new Int32Array(out.buffer, out.byteOffset, out.length / 4);
    for (let n = 0; n < view.length; n++) view[n] = make(random);
  };
};
const within =
  (bound: number) =>
  (random: (below: number) => number): number =>
    random(2 * bound - 1) - bound + 1;
const anyByte: Case['fill'] = (out, random) => {
  for (let n = 0; n < out.length; n++) out[n] = random(256);
};

let ones = 0;
/** A challenge: 49 coefficients 1 or -1. */
function putChallenge(k: Kernels, random: (below: number) => number): void {
  const c = new Array<number>(256).fill(0);
  for (let left = 49; left > 0; ) {
    const n = random(256);
    if (c[n] !== 0) continue;
    c[n] = random(2) === 0 ? 1 : -1;
    left--;
  }
  k.setPoly(k.at('C'), c);
  ones = k.call('findPlaces');
}

export const CASES: readonly Case[] = [
  {
    name: 'unpackEta, s1 or s2',
    at: 'MASK',
    bytes: 128,
    zero: 0x44,
    fill: (out, random) => {
      for (let n = 0; n < out.length; n++) out[n] = random(9) | (random(9) << 4);
    },
    call: (k) => void k.call('unpackEta', k.at('MASK'), k.at('S1')),
  },
  {
    name: 'unpackT0, t0',
    at: 'MASK',
    bytes: 416,
    fill: anyByte,
    call: (k) => void k.call('unpackT0', k.at('MASK'), k.at('T0')),
  },
  {
    name: 'expandMask, its seed',
    at: 'MASK_SEED',
    bytes: 64,
    fill: anyByte,
    call: (k) => void k.call('expandMask', 0),
  },
  {
    name: 'addProduct, s2',
    at: 'S2',
    bytes: 512,
    setup: putChallenge,
    fill: (out, random) => {
      for (let n = 0; n < 256; n++) {
        const s = random(9) - 4;
        out[n] = -s;
        out[n + 256] = s;
      }
    },
    reset: (k) => void k.coefficients.fill(0, k.at('LOW') / 4, k.at('LOW') / 4 + 256),
    call: (k) => void k.call('addProduct', k.at('S2'), ones, 1, k.at('LOW')),
  },
  {
    name: 'decompose, w',
    at: 'LOW',
    bytes: 1024,
    fill: words((random) => random(Q)),
    call: (k) => void k.call('decompose', k.at('LOW'), k.at('HIGH'), k.at('W1')),
  },
  {
    name: 'centre, c * t0',
    at: 'W',
    bytes: 1024,
    fill: words((random) => random(3 * Q - 1) - Q + 1),
    call: (k) => void k.call('centre', k.at('W')),
  },
  {
    name: 'reaches, w0 - c * s2 that is accepted',
    at: 'LOW',
    bytes: 1024,
    fill: words(within(GAMMA2 - BETA)),
    call: (k) => void k.call('reaches', k.at('LOW'), GAMMA2 - BETA),
  },
  {
    name: 'makeHint, r',
    at: 'LOW',
    bytes: 1024,
    fill: words(within(2 * GAMMA2)),
    call: (k) => void k.call('makeHint', k.at('LOW'), k.at('HIGH'), k.at('HINTS')),
  },
  {
    name: 'packZ, z',
    at: 'Y',
    bytes: 5120,
    fill: words(within(GAMMA1)),
    call: (k) => void k.call('packZ'),
  },
];

/** Of the verifier's module, which shares them: y and c * t0 go through these. */
export const SHARED_CASES: readonly Case[] = [
  {
    name: 'ntt, y',
    at: 'Z',
    bytes: 1024,
    fill: words(within(GAMMA1)),
    call: (k) => void k.call('ntt', k.at('Z')),
  },
  {
    name: 'inverseNtt',
    at: 'W',
    bytes: 1024,
    fill: words(within(Q)),
    call: (k) => void k.call('inverseNtt', k.at('W')),
  },
];

/** Make what is timed of one case. Inputs of both classes stand in memory of their own, so that the cache tells no difference. */
export function subjectOf(
  k: Kernels,
  { at, bytes, zero = 0, fill, setup, reset, call }: Case,
  random: (below: number) => number,
  { perClass, rounds }: { readonly perClass: number; readonly rounds: number },
): Subject {
  setup?.(k, random);
  const all = new Uint8Array(2 * perClass * bytes).fill(zero, 0, perClass * bytes);
  for (let i = perClass; i < 2 * perClass; i++) fill(all.subarray(i * bytes, (i + 1) * bytes), random);
  const place = k.at(at);
  return {
    perClass,
    rounds,
    prepare: (input) => {
      k.bytes.set(all.subarray(input * bytes, (input + 1) * bytes), place);
      reset?.(k);
    },
    run: () => call(k),
  };
}
