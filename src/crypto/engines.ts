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

/** Loads the JavaScript engine when it is asked for: bundlers make a chunk of their own of it, since it carries sign as well. */
export const loadNoble: LoadNoble = async () => (await import('./engine-noble-verify.ts')).nobleVerifier;

/**
 * Choose who verifies. `auto` is the fastest engine that this runtime has, found by trying it, never by its version; a name forces
 * that one. @throws ReceiptError ENGINE_UNAVAILABLE when a named engine is not there; TypeError on another name.
 */
export function chooseVerifier(engine: EngineChoice = 'auto'): Promise<Verifier> {
  return chooseVerifierOf(engine, loadNoble);
}
