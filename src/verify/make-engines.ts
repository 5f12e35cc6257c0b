import { isReceiptError } from '../base/errors.ts';
import {
  chooseVerifierOf,
  crossCheck,
  type EngineChoice,
  type LoadNoble,
  lineEngineOf,
  moduleSha256Of,
} from '../crypto/choose-verify.ts';
import { nobleSha256Hex, type Sha256Hex, sha256Hex } from '../crypto/hash.ts';
import type { LineVerifier } from '../crypto/line-verifier.ts';
import { CONTEXTS, type Verifier } from '../crypto/verifier.ts';
import { eventShapeBytes } from '../receipt/shape-bytes.ts';
import type { Engines } from './source.ts';

/** Engines by name: what every thread of a verification makes its own of. */
export interface EngineWish {
  readonly engine?: EngineChoice | undefined;
  /** Let a second engine check every signature; a difference throws ENGINES_DISAGREE, no second engine stands in `not_checked`. */
  readonly crossCheck?: boolean | undefined;
}

/** Make the engines of a verification. @throws ReceiptError ENGINE_UNAVAILABLE, and whatever `loadNoble` throws. */
export async function makeEngines(wish: EngineWish, loadNoble: LoadNoble): Promise<Engines> {
  const verifier = await chooseVerifierOf(wish.engine ?? 'auto', loadNoble);
  const hash: Sha256Hex = wish.engine === 'noble' ? nobleSha256Hex : sha256Hex;
  // With a cross-check every signature must reach both engines: then lines leave them alone.
  const lines = lineEngineOf(verifier, !wish.crossCheck);
  const engines = { verifier, moduleSha256: moduleSha256Of(verifier), sha256Hex: hash, lines };
  if (!wish.crossCheck) return engines;
  const second = await secondEngine(verifier, loadNoble);
  if (second === null) return { ...engines, crossCheckedWith: null };
  return { ...engines, verifier: crossCheck(verifier, second), crossCheckedWith: second.engine };
}

/** Begin to read lines. @param acceptedBelow see Context. @returns null where the engine leaves all of them to TypeScript; else yours to release. */
export function openLines({ lines }: Engines, acceptedBelow: number): LineVerifier | null {
  const opened = lines?.open(eventShapeBytes(), CONTEXTS.entry) ?? null;
  opened?.accept(acceptedBelow);
  return opened;
}

/** @returns null where this runtime has no other engine: the verdict then says that the cross-check was not done. */
async function secondEngine({ engine }: Verifier, loadNoble: LoadNoble): Promise<Verifier | null> {
  try {
    const second = await chooseVerifierOf(engine === 'noble' ? 'auto' : 'noble', loadNoble);
    return second.engine === engine ? null : second;
  } catch (error) {
    if (isReceiptError(error, 'ENGINE_UNAVAILABLE')) return null;
    throw error;
  }
}
