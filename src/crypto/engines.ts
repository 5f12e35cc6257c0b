import { ReceiptError } from '../base/errors.ts';
import { chooseVerifierOf, type EngineChoice, type LoadNoble } from './choose-verify.ts';
import type { Verifier } from './verifier.ts';

export {
  availableEngines,
  crossCheck,
  type EngineChoice,
  type EngineReport,
  lineEngineOf,
  moduleSha256Of,
} from './choose-verify.ts';

/**
 * Loads the JavaScript engine when it is asked for: bundlers make a chunk of their own of it, since it carries sign as well.
 * @throws ReceiptError ENGINE_UNAVAILABLE when that chunk does not come.
 */
export const loadNoble: LoadNoble = async () => {
  try {
    return (await import('./engine-noble-verify.ts')).nobleVerifier;
  } catch (cause) {
    throw new ReceiptError('ENGINE_UNAVAILABLE', 'engine noble: expected its code to load, got a failure', {
      expected: 'the code of the JavaScript engine',
      found: cause instanceof Error ? cause.message : 'a failure',
      next: ['load it while the network is on: prepareVerification({ engine })'],
      cause,
    });
  }
};

/**
 * Choose who verifies. `auto` is the fastest engine that this runtime has, found by trying it, never by its version; a name forces
 * that one. @throws ReceiptError ENGINE_UNAVAILABLE when a named engine is not there; TypeError on another name.
 */
export function chooseVerifier(engine: EngineChoice = 'auto'): Promise<Verifier> {
  return chooseVerifierOf(engine, loadNoble);
}
