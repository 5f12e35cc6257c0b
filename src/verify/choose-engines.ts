import { loadNoble } from '../crypto/engines.ts';
import { type EngineWish, makeEngines } from './make-engines.ts';
import type { Engines } from './source.ts';

/** Make the engines of a verification, the JavaScript one on demand. @throws ReceiptError ENGINE_UNAVAILABLE. */
export function chooseEngines(wish: EngineWish): Promise<Engines> {
  return makeEngines(wish, loadNoble);
}
