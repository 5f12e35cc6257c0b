import { createNativeSigner, hasNativeSigning, timeNativeSigning } from './engine-native-sign.ts';
import { createNobleSigner, type HedgeOptions } from './engine-noble-sign.ts';
import { createWasmSigner, hasWasmSigning, SIGNER_SHA256, timeWasmSigning } from './engine-wasm-sign.ts';
import type { EngineChoice, EngineReport } from './engines.ts';
import type { SecretKey } from './keys.ts';
import type { Algorithm } from './public-key.ts';
import type { Signer } from './signer.ts';
import type { EngineName } from './verifier.ts';

export { SIGNER_SHA256 } from './engine-wasm-sign.ts';

/** How to sign. `random` and `deterministicForTests` are honoured by wasm and noble; native hedges by itself. */
export interface SignerOptions extends HedgeOptions {
  /**
   * `auto` (the default): for ML-DSA-65 the faster of native and wasm where this runtime has both (measured at the first use), else the
   * one it has, else noble; for Ed25519 native, else noble. Each is found by trying, never by version.
   */
  readonly engine?: EngineChoice;
  /** With `auto`: which of native and wasm measureSigning found faster earlier. Where this runtime has both, nothing is measured then. */
  readonly fastest?: SigningSpeed['fastest'] | undefined;
  /** Noble in a thread of its own (about 10 ms a signature off this one). Native has OpenSSL's pool, wasm is done sooner: both ignore it. */
  readonly worker?: boolean;
}

/** A signer that may hold a thread. */
export type ClosableSigner = Signer & {
  /** Give back what the signer holds; at once where that is nothing. */
  close(): Promise<void>;
};

/**
 * Make a signer for a secret key. @param key must outlive an in-process noble signer, which uses it in place; the others copy it.
 * @throws ReceiptError ENGINE_UNAVAILABLE; TypeError when native is forced together with a source of randomness it cannot take.
 */
export async function createSigner(key: SecretKey, options: SignerOptions = {}): Promise<ClosableSigner> {
  const { engine = 'auto', fastest, worker = false, random, deterministicForTests = false } = options;
  if (!['auto', 'native', 'wasm', 'noble'].includes(engine))
    throw new TypeError('createSigner: expected auto, native, wasm or noble');
  if (fastest !== undefined && fastest !== 'native' && fastest !== 'wasm')
    throw new TypeError('createSigner: expected fastest to be native or wasm');
  const fixed = random !== undefined || deterministicForTests;
  if (engine === 'native' && fixed)
    throw new TypeError(
      'createSigner: expected no random and no deterministicForTests with native, which hedges by itself',
    );
  switch (engine === 'auto' ? choose(key.alg, fixed, fastest) : engine) {
    case 'native':
      return withClose(createNativeSigner(key));
    case 'wasm':
      return createWasmSigner(key, options);
    case 'noble':
      if (worker) return (await import('./worker-signer.ts')).createWorkerSigner(key, options);
      return withClose(createNobleSigner(key, options));
  }
}

/** @param fixed a source of randomness is given, which native does not take. */
function choose(alg: Algorithm, fixed: boolean, fastest: SigningSpeed['fastest'] | undefined): EngineName {
  const native = !fixed && hasNativeSigning(alg);
  const wasm = alg === 'ML-DSA-65' && hasWasmSigning();
  if (native && wasm) return fastest ?? measureSigning().fastest;
  return native ? 'native' : wasm ? 'wasm' : 'noble';
}

function withClose(signer: Signer): ClosableSigner {
  return {
    publicKey: signer.publicKey,
    engine: signer.engine,
    sign: (input) => signer.sign(input),
    close: async () => undefined,
  };
}

/** What ML-DSA-65 signing costs here. */
export interface SigningSpeed {
  /** Of native and wasm. */
  readonly fastest: 'native' | 'wasm';
  /** Mean time of a signature in microseconds. */
  readonly nativeMicros: number;
  readonly wasmMicros: number;
}

/** @returns whether native and wasm can both sign ML-DSA-65 here: else there is nothing to measure. Each is tried once a process. */
export function hasSigningChoice(): boolean {
  return hasNativeSigning('ML-DSA-65') && hasWasmSigning();
}

let measured: SigningSpeed | undefined;

/**
 * Time both engines on the same messages, once a process: about 30 ms. How many attempts a signature takes is drawn anew each time, so
 * that a mean of few is rough; the two lie far apart. Only where this runtime has both.
 */
export function measureSigning(): SigningSpeed {
  measured ??= (() => {
    const nativeMicros = timeNativeSigning(MEASURED);
    const wasmMicros = timeWasmSigning(MEASURED);
    return { fastest: wasmMicros < nativeMicros ? 'wasm' : 'native', nativeMicros, wasmMicros } as const;
  })();
  return measured;
}

/** Signatures timed. */
const MEASURED = 24;

/** @returns who can sign ML-DSA-65 here, for `doctor`; each was tried, and timed where there is a choice. */
export function availableSigners(): readonly EngineReport[] {
  const native = hasNativeSigning('ML-DSA-65');
  const wasm = hasWasmSigning();
  const speed = native && wasm ? measureSigning() : null;
  const cost = (micros: number | undefined): string =>
    micros === undefined ? '' : `, ${Math.round(micros)} µs a signature`;
  return [
    {
      engine: 'native',
      available: native,
      detail: native
        ? `node:crypto signed and verified ML-DSA-65${cost(speed?.nativeMicros)}`
        : 'no ML-DSA-65 signing in node:crypto',
    },
    {
      engine: 'wasm',
      available: wasm,
      detail: wasm
        ? `our kernels made a known ML-DSA-65 signature${cost(speed?.wasmMicros)}`
        : 'this runtime has no WebAssembly with SIMD that runs our kernels',
      ...(wasm ? { moduleSha256: SIGNER_SHA256 } : {}),
    },
    { engine: 'noble', available: true, detail: 'the JavaScript reference, in process or in a worker' },
  ];
}
