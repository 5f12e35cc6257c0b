import { utf8Text, wipe } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { drawRnd, type HedgeOptions, RND_BYTES } from './engine-noble-sign.ts';
import { nobleSha256Hex } from './hash.ts';
import { keyFromSeed, type SecretKey } from './keys.ts';
import { KNOWN_ANSWER } from './known-answer.ts';
import { bareUnsupported, copySignInput, signFailed } from './sign-input.ts';
import { meanMicros } from './sign-time.ts';
import type { Signer } from './signer.ts';
import { inTurns } from './turns.ts';
import { signedMessage } from './verifier.ts';
import { startSignerKernel } from './wasm-signer.ts';

export { SIGNER_SHA256 } from './signer-wasm.ts';

/** SHA-256 of the deterministic signature of KNOWN_ANSWER's message by the key of the seed 50 50 … 50, made with noble. */
const KNOWN_SIGNATURE = '670fb2f7c5e9e64facc3c915ad98690e536d86af54b11677253f25ba74b9f3d0';

let works: boolean | undefined;

/** @returns whether signer.wasm runs and is right here. Found once by making a signature that is known. */
export function hasWasmSigning(): boolean {
  works ??= probe();
  return works;
}

function probe(): boolean {
  try {
    const key = keyFromSeed('ML-DSA-65', new Uint8Array(32).fill(0x50));
    const kernel = startSignerKernel(nonNull(key.expanded));
    const message = signedMessage(KNOWN_ANSWER.message, utf8Text(KNOWN_ANSWER.context));
    const signature = kernel.sign([message], new Uint8Array(RND_BYTES));
    kernel.dispose();
    return nobleSha256Hex(signature) === KNOWN_SIGNATURE;
  } catch {
    return false;
  }
}

/** @returns the mean time of a signature in microseconds, over `count`; only where hasWasmSigning. */
export function timeWasmSigning(count: number): number {
  const kernel = startSignerKernel(nonNull(keyFromSeed('ML-DSA-65', new Uint8Array(32).fill(0x50)).expanded));
  let drawn = 0;
  const micros = meanMicros(count, () => kernel.sign([KNOWN_ANSWER.message], new Uint8Array(RND_BYTES).fill(drawn++)));
  kernel.dispose();
  return micros;
}

/**
 * Sign ML-DSA-65 with our kernels on this thread, hedged: about 0.15 ms a signature, so that none is worth a thread. Those asked for at
 * once are made one after another, each in a turn of the event loop of its own.
 * @param key copied into the instance's memory, which close() wipes; wipe yours when you like.
 * @throws ReceiptError ENGINE_UNAVAILABLE where WebAssembly does not run them, and for Ed25519, which has no kernel.
 */
export function createWasmSigner(key: SecretKey, options: HedgeOptions = {}): Signer & { close(): Promise<void> } {
  if (key.alg !== 'ML-DSA-65' || !hasWasmSigning()) throw unavailable(key.alg);
  const kernel = startSignerKernel(nonNull(key.expanded));
  let closed = false;
  const signInTurn = inTurns((input) => {
    let rnd: Uint8Array = new Uint8Array(0);
    try {
      if (closed) throw new Error('closed');
      if ('bare' in input) throw bareUnsupported('signer wasm');
      rnd = drawRnd(options);
      return 'mu' in input
        ? kernel.signMu(input.mu, rnd)
        : kernel.sign([signedMessage(input.message, input.context)], rnd);
    } catch (cause) {
      throw signFailed('signer wasm', cause);
    } finally {
      wipe(rnd);
    }
  });
  let last: Promise<unknown> = Promise.resolve();
  return {
    publicKey: key.publicKey,
    engine: 'wasm',
    async sign(input) {
      const job = signInTurn(copySignInput(input));
      last = job.catch(() => undefined);
      return job;
    },
    async close() {
      await last;
      closed = true;
      kernel.dispose();
    },
  };
}

function nonNull(expanded: Uint8Array | null): Uint8Array {
  if (expanded === null) throw new TypeError('signer wasm: expected an ML-DSA-65 key');
  return expanded;
}

function unavailable(alg: string): ReceiptError {
  return new ReceiptError(
    'ENGINE_UNAVAILABLE',
    `engine wasm: expected ${alg} signing by our kernels, got a runtime or an algorithm without it`,
    {
      expected: `WebAssembly with SIMD, and ML-DSA-65`,
      found: alg,
      next: ['use the engine auto or noble'],
    },
  );
}
