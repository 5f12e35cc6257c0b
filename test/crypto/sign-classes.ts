import { shake256 } from '@noble/hashes/sha3.js';
import { concatBytes, fromBase64url } from '../../src/base/bytes.ts';
import { keyFromSeed } from '../../src/crypto/keys.ts';
import { SIGNER_WASM } from '../../src/crypto/signer-wasm.ts';
import { BETA } from './forge.ts';
import type { Subject } from './timing.ts';

/*
 * Two classes of secrets for signer.wasm: those of one key (K, s1 and s2), and those drawn anew. What is public, rho and what follows from
 * the public key, is that of the one key in both: expanding another rho alone leaves the processor's branch prediction in another
 * state, which shows as 5 ns. So a signature of the second class is made as any other, but verifies under no key.
 *
 * FIPS 204 makes as many attempts as it needs, each about as long as the rest together, and how many that are is decided by chance and
 * no secret. So only what is signed at the first attempt is timed, and of that only what has about as many hints as most: hints are
 * published, and packing them takes a branch each.
 */

/** What assembly/signer.ts exports, as far as it is needed here. */
interface Signer {
  readonly memory: WebAssembly.Memory;
  initialise(): void;
  secretKeyAt(): number;
  muAt(): number;
  rndAt(): number;
  signatureAt(): number;
  prepareKey(): number;
  sign(): number;
}

const SECRET_KEY_BYTES = 4032;
/** Where K, then s1 and s2, then t0 begin in a secret key. @see FIPS 204 Algorithm 24 */
const K = 32;
const S = 128;
const T0 = S + 11 * 128;
const SIGNATURE_BYTES = 3309;
const INPUT_BYTES = 64 + 32;
/** Hints of one signature: three in ten have so many. */
const LEAST_HINTS = 34;
const MOST_HINTS = 38;

/** Inputs of both classes, and what signs them. */
export class SignClasses {
  readonly perClass: number;
  /** How many signatures were made to find the inputs. */
  tried = 0;
  private readonly signer: Signer;
  private readonly memory: Uint8Array;
  /** Of each input its key and then mu and rnd; of one class the same key again and again, so that memory is used alike. */
  private readonly keys: Uint8Array;
  private readonly inputs: Uint8Array;

  /** @param random to [0, below). */
  constructor(perClass: number, random: (below: number) => number) {
    this.perClass = perClass;
    const module = new WebAssembly.Module(fromBase64url(SIGNER_WASM) as Uint8Array<ArrayBuffer>);
    this.signer = new WebAssembly.Instance(module).exports as unknown as Signer;
    this.signer.initialise();
    this.memory = new Uint8Array(this.signer.memory.buffer);
    this.keys = new Uint8Array(2 * perClass * SECRET_KEY_BYTES);
    this.inputs = new Uint8Array(2 * perClass * INPUT_BYTES);
    const draw = (length: number): Uint8Array => Uint8Array.from({ length }, () => random(256));
    const eta = (): number => random(9);
    const fixed = keyFromSeed('ML-DSA-65', draw(32)).expanded!;
    for (let i = 0; i < 2 * perClass; i++) {
      this.keys.set(fixed, i * SECRET_KEY_BYTES);
      if (i >= perClass) {
        const { sk } = this.of(i);
        sk.set(draw(32), K);
        for (let n = S; n < T0; n++) sk[n] = eta() | (eta() << 4);
      }
      do this.inputs.set(draw(INPUT_BYTES), i * INPUT_BYTES);
      while (!this.isOrdinary(i));
    }
  }

  /** @param extra work after each signature of the second class, in steps: a leak, to be found. */
  subject(rounds: number, perClass: number = this.perClass, extra = 0): Subject {
    // Looked up and not decided: a branch by class would be one of the differences that are found.
    const slots = Uint32Array.from({ length: 2 * perClass }, (_, i) =>
      i < perClass ? i : i - perClass + this.perClass,
    );
    const more = Uint32Array.from({ length: 2 * perClass }, (_, i) => (i < perClass ? 0 : extra));
    let steps = 0;
    let sink = 1;
    return {
      perClass,
      rounds,
      prepare: (input) => {
        steps = more[input]!;
        this.put(slots[input]!);
      },
      run: () => {
        this.signer.sign();
        for (let i = 0; i < steps; i++) sink = Math.imul(sink, 0x5bd1e995) ^ i;
        if (sink === 0) throw new Error('never: it keeps the loop from being left out');
      },
    };
  }

  /** The signature of an input. */
  sign(input: number): Uint8Array {
    this.put(input);
    this.signer.sign();
    return this.memory.slice(this.signer.signatureAt(), this.signer.signatureAt() + SIGNATURE_BYTES);
  }

  /** @returns secret key, mu and rnd of an input. */
  of(input: number): { readonly sk: Uint8Array; readonly mu: Uint8Array; readonly rnd: Uint8Array } {
    const at = input * INPUT_BYTES;
    return {
      sk: this.keys.subarray(input * SECRET_KEY_BYTES, (input + 1) * SECRET_KEY_BYTES),
      mu: this.inputs.subarray(at, at + 64),
      rnd: this.inputs.subarray(at + 64, at + INPUT_BYTES),
    };
  }

  private put(input: number): void {
    const { sk, mu, rnd } = this.of(input);
    this.memory.set(sk, this.signer.secretKeyAt());
    if (this.signer.prepareKey() !== 1) throw new Error('signer.wasm: expected to prepare the key');
    this.memory.set(mu, this.signer.muAt());
    this.memory.set(rnd, this.signer.rndAt());
  }

  private isOrdinary(input: number): boolean {
    this.tried++;
    const signature = this.sign(input);
    const hints = signature[SIGNATURE_BYTES - 1]!;
    return hints >= LEAST_HINTS && hints <= MOST_HINTS && isFirstAttempt(this.of(input), signature);
  }
}

/**
 * @returns whether a signature was made at the first attempt: then z = y + c*s1 lies within BETA of that attempt's y. Of another, eight
 * coefficients would do so about once in 10^27. @see FIPS 204 Algorithm 7, lines 7, 11 and 20; Algorithm 34
 */
export function isFirstAttempt(
  { sk, mu, rnd }: { readonly sk: Uint8Array; readonly mu: Uint8Array; readonly rnd: Uint8Array },
  signature: Uint8Array,
): boolean {
  const seed = shake256(concatBytes(sk.subarray(K, K + 32), rnd, mu), { dkLen: 64 });
  const mask = shake256(concatBytes(seed, Uint8Array.of(0, 0)), { dkLen: 20 });
  const [y, z] = [first8(mask), first8(signature.subarray(48))];
  return y.every((value, i) => Math.abs(value - z[i]!) <= BETA);
}

/** The first eight of packed coefficients, 20 bits each; their order is turned, and so are all differences. */
function first8(bytes: Uint8Array): number[] {
  return Array.from({ length: 8 }, (_, i) => {
    const at = (20 * i) >> 3;
    const bits = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
    return (bits >> ((20 * i) & 7)) & 0xfffff;
  });
}
