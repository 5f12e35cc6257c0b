import { concatBytes, fromHex, utf8 } from '../base/bytes.ts';
import { KEY_SIZES } from './public-key.ts';

/**
 * One valid ML-DSA-65 signature, small enough to stand here: under a key with t1 = 0 the challenge cancels (c·t1 = 0), so that z and
 * the hint can be patterns and only c̃ = H(mu ‖ w1Encode(UseHint(h, A·z))) is a real value. It takes an engine through decoding,
 * expandA, the NTT, UseHint and mu with its context; the ACVP tests do the rest.
 *
 *     pk   rho = 32 × 0x50 │ t1 = 0
 *     sig  c̃ 48 │ z: 3200 × 0x55 (every coefficient 174,763) │ hint: one bit, polynomial 0 coefficient 7, counts 1 1 1 1 1 1
 */
export const KNOWN_ANSWER = {
  message: utf8('perdure'),
  context: utf8('perdure/probe'),
  publicKey(): Uint8Array {
    return new Uint8Array(KEY_SIZES['ML-DSA-65'].publicKey).fill(0x50, 0, 32);
  },
  signature(): Uint8Array {
    const commitment = fromHex(
      'a2b69d824d16506516e15a3871a122d6611551e4c11f4da5f8343a673229558a178b759effa9d939f981fc92b64922ca',
    );
    const hint = new Uint8Array(61).fill(1, 55);
    hint[0] = 7;
    return concatBytes(commitment, new Uint8Array(3200).fill(0x55), hint);
  },
} as const;
