import { createPrivateKey, sign } from 'node:crypto';
import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import { equalBytes } from '../src/base/bytes.ts';
import { hasNativeSigning } from '../src/crypto/engine-native-sign.ts';
import { nobleVerifier } from '../src/crypto/engine-noble-verify.ts';
import { encodePkcs8 } from '../src/crypto/pkcs8.ts';
import { signedMessage } from '../src/crypto/verifier.ts';
import { startSignerKernel } from '../src/crypto/wasm-signer.ts';
import { canonicalBytes } from '../src/receipt/canonical.ts';
import { NODE, type Part } from './engine-parts.ts';
import { benchKey, call400 } from './events.ts';
import { assertThat, progress, QUICK } from './result.ts';
import { type Contender, ratioOfTimes, rowOfTimes, takeTurns } from './turns.ts';

/*
 * One ML-DSA-65 signature with a prepared key. Signing tries again until a candidate passes, 5.1 times on average, and how often depends
 * on the message: so both sides sign the same many messages, others in each round. Noble, deterministic, tries as often as we do, to
 * the byte; node:crypto always hedges, so that its attempts are drawn anew, and only their mean over many messages compares.
 */

const ROUNDS = QUICK ? 1 : 7;
const FOR_NOBLE = QUICK ? 2 : 32;
const FOR_NATIVE = QUICK ? 2 : 400;
const ZEROS = new Uint8Array(32);

/** Signing beside noble and, where it is, node:crypto. */
export function measureSign(): Part {
  const key = benchKey('ML-DSA-65');
  const secret = key.expanded!;
  const kernel = startSignerKernel(secret);
  const calls = hasNativeSigning('ML-DSA-65') ? FOR_NATIVE : FOR_NOBLE;
  // Of each round, and of the one that warms up.
  const messages = Array.from({ length: (ROUNDS + 1) * calls }, (_, n) => canonicalBytes(call400(n)));
  const framed = messages.map((message) => signedMessage(message, ''));
  const ours = (n: number): Uint8Array => kernel.sign([framed[n]!], ZEROS);
  const noble = (n: number): Uint8Array => ml_dsa65.sign(messages[n]!, secret, { extraEntropy: false });
  for (let n = 0; n < 3; n++) {
    assertThat(equalBytes(ours(n), noble(n)), 'the signature of noble, to the byte');
    assertThat(nobleVerifier.verify(key.publicKey, messages[n]!, ours(n), '') === true, 'a signature that verifies');
  }
  const what = 'sign, prepared key';
  const contender = (rival: string, count: number, run: (n: number) => Uint8Array): Contender => ({
    name: `${what}, ${rival}, ${NODE}`,
    run: (n) => run(n).length === 3309,
    calls: count,
  });
  const contenders = [contender('perdure', FOR_NOBLE, ours), contender('noble', FOR_NOBLE, noble)];
  if (hasNativeSigning('ML-DSA-65')) {
    const der = Buffer.from(encodePkcs8(key, 'seed'));
    const object = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    const native = (n: number): Uint8Array => sign(null, messages[n]!, object);
    assertThat(nobleVerifier.verify(key.publicKey, messages[0]!, native(0), '') === true, 'native to sign');
    contenders.push(contender('perdure, the messages of native', FOR_NATIVE, ours));
    contenders.push(contender('native (hedged)', FOR_NATIVE, native));
  }
  progress(`engine, ${NODE}: sign`);
  const times = takeTurns(contenders, ROUNDS);
  kernel.dispose();
  const [first, second, third, fourth] = times;
  const rivals = ['perdure', 'noble', 'perdure', 'native (hedged)'];
  return {
    rows: times.map((one, i) =>
      rowOfTimes(one, { what, rival: rivals[i]!, node: NODE, messages: contenders[i]!.calls! * ROUNDS }),
    ),
    ratios: [
      ratioOfTimes(second!, first!, `${what}: noble / perdure, ${NODE}`, { at_least: 45, goal: 65 }),
      ...(fourth === undefined
        ? []
        : [ratioOfTimes(fourth, third!, `${what}: native (hedged) / perdure, ${NODE}`, { at_least: 5, goal: 7 })]),
    ],
  };
}
