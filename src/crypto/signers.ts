import { ReceiptError } from '../base/errors.ts';
import { createNativeSigner, hasNativeSigning } from './engine-native-sign.ts';
import { createNobleSigner, type HedgeOptions } from './engine-noble-sign.ts';
import type { EngineChoice, EngineReport } from './engines.ts';
import type { SecretKey } from './keys.ts';
import type { Signer } from './signer.ts';

/** How to sign. `random` and `deterministicForTests` are honoured by noble alone, so that `auto` takes noble when one is given. */
export interface SignerOptions extends HedgeOptions {
  /** `auto` (the default): native where node:crypto signs this algorithm, found by trying; else noble. */
  readonly engine?: EngineChoice;
  /** Noble in a thread of its own (about 10 ms a signature off this one). Native has OpenSSL's pool already and ignores it. */
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
  const { engine = 'auto', worker = false, random, deterministicForTests = false } = options;
  if (!['auto', 'native', 'wasm', 'noble'].includes(engine))
    throw new TypeError('createSigner: expected auto, native, wasm or noble');
  const fixed = random !== undefined || deterministicForTests;
  if (engine === 'wasm') {
    throw new ReceiptError('ENGINE_UNAVAILABLE', 'engine wasm: this version of perdure has no WASM signer yet', {
      expected: 'wasm',
      next: ['use the engine auto, native or noble'],
    });
  }
  if (engine === 'native' || (engine === 'auto' && !fixed && hasNativeSigning(key.alg))) {
    if (fixed)
      throw new TypeError(
        'createSigner: expected no random and no deterministicForTests with native, which hedges by itself',
      );
    return withClose(createNativeSigner(key));
  }
  if (worker) return (await import('./worker-signer.ts')).createWorkerSigner(key, options);
  return withClose(createNobleSigner(key, options));
}

function withClose(signer: Signer): ClosableSigner {
  return {
    publicKey: signer.publicKey,
    engine: signer.engine,
    sign: (input) => signer.sign(input),
    close: async () => undefined,
  };
}

/** @returns who can sign ML-DSA-65 here, for `doctor`; each was tried. */
export function availableSigners(): readonly EngineReport[] {
  const native = hasNativeSigning('ML-DSA-65');
  return [
    {
      engine: 'native',
      available: native,
      detail: native ? 'node:crypto signed and verified ML-DSA-65' : 'no ML-DSA-65 signing in node:crypto',
    },
    { engine: 'wasm', available: false, detail: 'this version of perdure has no WASM signer yet' },
    { engine: 'noble', available: true, detail: 'the JavaScript reference, in process or in a worker' },
  ];
}
