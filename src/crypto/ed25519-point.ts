import { edwards } from '@noble/curves/abstract/edwards.js';

/**
 * Points of edwards25519, noble's arithmetic over the constants of RFC 8032 section 5.1. Made here and not taken from noble's
 * ed25519.js, which brings threshold signatures, oblivious functions and hashing to curves along: half of all that a verifier loads.
 * What is decoded, added and compared is the same (test/crypto/ed25519-point.test.ts).
 */
const make = () =>
  edwards({
    p: 2n ** 255n - 19n,
    n: 2n ** 252n + 27742317777372353535851937790883648493n,
    h: 8n,
    a: 2n ** 255n - 20n,
    d: 37095705934669439343138083508754565189542113879843219016388785533085940283555n,
    Gx: 15112221349535400772501151409588531511454012693041857206046113283949847762202n,
    Gy: 46316835694926478169428394003475163141307993866256225615783033603165251855960n,
  });

/** The curve, with the arithmetic of its points. */
export type Curve = ReturnType<typeof make>;
export type Point = InstanceType<Curve>;

let curve: Curve | null = null;

/** @returns the curve, made when a key first asks for it: most logs have none of Ed25519, and it takes a verifier a tenth of its start. */
export function edwards25519(): Curve {
  curve ??= make();
  return curve;
}
