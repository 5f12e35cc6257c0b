import { CONTEXTS } from '../crypto/verifier.ts';
import type { LineView } from '../receipt/scan.ts';
import { ascii } from './checks.ts';
import type { Context } from './context.ts';
import type { SignatureFact } from './summary.ts';
import type { Waiting } from './waiting.ts';

/** What is known of the signatures of a line before any is verified. */
interface Facts {
  /** Those by keys that someone names; none is good yet, unless all are accepted. */
  readonly signatures: SignatureFact[];
  /** How each of them is to be verified. */
  readonly checks: Waiting['checks'];
  /** Signatures by keys that nobody names. */
  readonly unnamed: number;
  readonly accepted: boolean;
}

/** Look up who signed a scanned line. */
export function factsOf(buf: Uint8Array, view: LineView, context: Context): Facts {
  const { trust: outside, named, strangers, lines } = context;
  // Of a line without signatures there is nothing to accept.
  const accepted = view.sigCount > 0 && view.seq < context.acceptedBelow;
  const signatures: SignatureFact[] = [];
  const checks: Waiting['checks'] = [];
  let unnamed = 0;
  for (let i = 0; i < view.sigCount; i++) {
    const sig = view.sigs[i]!;
    const kid = ascii(buf, sig.kidBegin, sig.kidEnd);
    const time = ascii(buf, view.timeBegin, view.timeBegin + 24);
    const trust = outside.trust(kid, view.seq, time, CONTEXTS.entry);
    const key = trust?.key ?? named.get(kid);
    if (key === undefined) {
      strangers?.add(kid);
      unnamed++;
      continue;
    }
    // Who signed this line signs the next, as a rule: there it need not be looked up again.
    lines?.know(key);
    const fact = { kid, alg: key.alg, good: accepted, trust: trust && { by: trust.by, problem: trust.problem } };
    signatures.push(fact);
    if (!accepted) checks.push({ key, sig: { ...sig }, fact });
  }
  return { signatures, checks, unnamed, accepted };
}
