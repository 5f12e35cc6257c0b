import { ReceiptError } from '../base/errors.ts';
import { hasNativeMlDsa, nativeVerifier } from './engine-native-verify.ts';
import { hasWasm, startWasm, VERIFIER_SHA256, wasmVerifier, whyNoWasm } from './engine-wasm-verify.ts';
import type { LineEngine } from './line-verifier.ts';
import type { EngineName, Verifier } from './verifier.ts';
import { wasmLines } from './wasm-lines.ts';

/** What `--engine` takes. */
export type EngineChoice = 'auto' | EngineName;

/** What `doctor` says about one engine. */
export interface EngineReport {
  readonly engine: EngineName;
  readonly available: boolean;
  /** One line: what was tried, or why it is not there. */
  readonly detail: string;
  /** wasm: SHA-256 of its module, hex. */
  readonly moduleSha256?: string;
}

/** Gets the JavaScript engine. @throws where this thread has none. */
export type LoadNoble = () => Promise<Verifier>;

/**
 * chooseVerifier of engines.ts, for those who must say themselves where the JavaScript engine comes from: no import of it stands here,
 * on demand or otherwise, so that a worker can be one file.
 */
export async function chooseVerifierOf(engine: EngineChoice, loadNoble: LoadNoble): Promise<Verifier> {
  switch (engine) {
    case 'auto':
      // Our kernels keep keys prepared, which node:crypto does not: faster than native ML-DSA, and far ahead of JavaScript.
      if (await startWasm()) return wasmVerifier;
      return hasNativeMlDsa() ? nativeVerifier : loadNoble();
    case 'noble':
      return loadNoble();
    case 'native':
      if (hasNativeMlDsa()) return nativeVerifier;
      throw unavailable(engine);
    case 'wasm':
      if (await startWasm()) return wasmVerifier;
      throw unavailable(engine);
    default:
      throw new TypeError('chooseVerifier: expected auto, native, wasm or noble');
  }
}

function unavailable(engine: EngineName): ReceiptError {
  const { detail } = reportOf(engine);
  return new ReceiptError('ENGINE_UNAVAILABLE', `engine ${engine}: ${detail}`, {
    expected: engine,
    found: detail,
    next: ['use --engine auto or --engine noble', 'perdure doctor'],
  });
}

/** @returns every engine of format 1 and whether it can verify ML-DSA-65 here, each tried. */
export function availableEngines(): readonly EngineReport[] {
  return [reportOf('native'), reportOf('wasm'), reportOf('noble')];
}

function reportOf(engine: EngineName): EngineReport {
  switch (engine) {
    case 'native':
      return hasNativeMlDsa()
        ? { engine, available: true, detail: 'node:crypto verified a known ML-DSA-65 answer' }
        : {
            engine,
            available: false,
            detail: 'this runtime has no ML-DSA-65 in node:crypto (Node 24.7 and later have it)',
          };
    case 'wasm':
      return hasWasm()
        ? {
            engine,
            available: true,
            detail: 'our kernels verified a known ML-DSA-65 answer',
            moduleSha256: VERIFIER_SHA256,
          }
        : { engine, available: false, detail: whyNoWasm() };
    case 'noble':
      return { engine, available: true, detail: 'the JavaScript reference, loaded on demand' };
  }
}

/** @returns SHA-256 of the WASM module that computes for `verifier`, hex; null where none does. */
export function moduleSha256Of({ engine }: Verifier): string | null {
  return engine === 'wasm' ? VERIFIER_SHA256 : null;
}

/** @returns what reads lines beside `verifier`; null where nothing does. @param signatures whether it may verify signatures itself. */
export function lineEngineOf({ engine }: Verifier, signatures: boolean): LineEngine | null {
  return engine === 'wasm' ? wasmLines(signatures) : null;
}

/**
 * Run two engines on every signature and accept no difference. @param a answers; @param b is compared with it.
 * @returns a verifier under the name of `a`. It throws ENGINES_DISAGREE, naming key and answers, never the message.
 */
export function crossCheck(a: Verifier, b: Verifier): Verifier {
  return {
    engine: a.engine,
    async verify(key, message, signature, context) {
      const [first, second] = await Promise.all([
        a.verify(key, message, signature, context),
        b.verify(key, message, signature, context),
      ]);
      if (first === second) return first;
      throw new ReceiptError(
        'ENGINES_DISAGREE',
        `engines on a signature by ${key.kid} (${key.alg}): ${a.engine} says ${first}, ${b.engine} says ${second}`,
        {
          at: `${key.alg} ${key.kid}`,
          expected: `${a.engine}: ${first}`,
          found: `${b.engine}: ${second}`,
          next: ['keep the input and report it: one of the two engines is wrong'],
        },
      );
    },
  };
}
