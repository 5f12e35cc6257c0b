import { equalBytes, fromHex, toHex } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { DerReader, der, derBits, TAG } from './der.ts';
import { type Algorithm, type PublicKey, readPublicKey } from './public-key.ts';

/** Contents of the OBJECT IDENTIFIER: id-ml-dsa-65 2.16.840.1.101.3.4.3.18 (RFC 9881), id-Ed25519 1.3.101.112 (RFC 8410). */
const OIDS: Readonly<Record<Algorithm, Uint8Array>> = {
  'ML-DSA-65': fromHex('608648016503040312'),
  Ed25519: fromHex('2b6570'),
};

/** Write the AlgorithmIdentifier: the OID alone, parameters absent. @see RFC 9881 section 2; RFC 8410 section 3 */
export function derAlgorithm(alg: Algorithm): Uint8Array {
  return der(TAG.sequence, der(TAG.oid, OIDS[alg]));
}

/** Read an AlgorithmIdentifier of format 1. @throws ReceiptError KEY_MALFORMED on parameters, UNSUPPORTED on another algorithm. */
export function readAlgorithm(reader: DerReader): Algorithm {
  const inner = reader.enter(TAG.sequence, 'algorithm');
  const oid = inner.read(TAG.oid, 'identifier');
  for (const alg of ['ML-DSA-65', 'Ed25519'] as const) {
    if (!equalBytes(oid, OIDS[alg])) continue;
    inner.end();
    return alg;
  }
  throw new ReceiptError(
    'UNSUPPORTED',
    `key algorithm: expected ML-DSA-65 or Ed25519, got OID with contents ${toHex(oid.subarray(0, 16))}`,
    {
      at: 'algorithm',
      expected: 'ML-DSA-65 or Ed25519',
      found: toHex(oid.subarray(0, 16)),
    },
  );
}

/**
 * Write SubjectPublicKeyInfo.
 *
 *     SEQUENCE { SEQUENCE { OID alg }, BIT STRING key }
 *
 * @returns fresh DER: 1974 bytes for ML-DSA-65, 44 for Ed25519. @see RFC 5280 section 4.1.2.7, RFC 9881 section 4, RFC 8410 section 4
 */
export function encodeSpki(key: PublicKey): Uint8Array {
  return der(TAG.sequence, derAlgorithm(key.alg), derBits(TAG.bitString, key.bytes));
}

/** Read SubjectPublicKeyInfo, all of `bytes`. @throws ReceiptError KEY_MALFORMED (trailing bytes, BER, bad key), UNSUPPORTED. */
export function decodeSpki(bytes: Uint8Array): PublicKey {
  const outer = new DerReader(bytes, 'SPKI');
  const inner = outer.enter(TAG.sequence, 'outer');
  outer.end();
  const alg = readAlgorithm(inner);
  const key = inner.bits(TAG.bitString, 'key');
  inner.end();
  return readPublicKey(alg, key);
}
