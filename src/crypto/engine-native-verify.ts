import { utf8 } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { isWellFormedEd25519 } from './ed25519-verify.ts';
import { KNOWN_ANSWER } from './known-answer.ts';
import { type PublicKey, readPublicKey } from './public-key.ts';
import { encodeSpki } from './spki.ts';
import { MAX_CONTEXT_BYTES, signedMessage, type Verifier } from './verifier.ts';

type NativeKey = object;

/** The part of node:crypto that verification needs; its ML-DSA and `context` came with Node 24, after the types we compile with. */
interface NativeCrypto {
  createPublicKey(input: { key: Uint8Array; format: 'der'; type: 'spki' }): NativeKey;
  verify(
    algorithm: null,
    data: Uint8Array,
    key: NativeKey | { key: NativeKey; context: Uint8Array },
    signature: Uint8Array,
  ): boolean;
}

/** Asked of the runtime, not imported: this file also loads in a browser, where there is no node:crypto. */
function nativeCrypto(): NativeCrypto | null {
  const runtime = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  return (runtime.process?.getBuiltinModule?.('node:crypto') as NativeCrypto | undefined) ?? null;
}

/** @returns whether node:crypto is there, and with it OpenSSL's Ed25519. */
export function hasNativeCrypto(): boolean {
  return nativeCrypto() !== null;
}

/** Prepared keys: parsing SPKI costs more than an Ed25519 verification, and a log holds many signatures under few keys. */
const prepared = new WeakMap<PublicKey, NativeKey>();

let probed: boolean | undefined;

/** @returns whether this runtime's node:crypto verifies ML-DSA-65. Found once by verifying a known answer and refusing a changed one. */
export function hasNativeMlDsa(): boolean {
  probed ??= probe();
  return probed;
}

function probe(): boolean {
  try {
    const { message, context } = KNOWN_ANSWER;
    const key = readPublicKey('ML-DSA-65', KNOWN_ANSWER.publicKey());
    const signature = KNOWN_ANSWER.signature();
    const changed = signature.slice();
    changed[0]! ^= 1;
    return (
      verifyMlDsa65Native(key, message, signature, context) &&
      !verifyMlDsa65Native(key, message, changed, context) &&
      !verifyMlDsa65Native(key, message, signature, new Uint8Array(0))
    );
  } catch {
    return false;
  }
}

/**
 * node:crypto as an engine: OpenSSL's Ed25519 everywhere in Node, its ML-DSA where hasNativeMlDsa() (Node 24.7 and later).
 * Ed25519 is safe here only because readPublicKey refused mixed-order keys, and together with isWellFormedEd25519 (format section 2).
 */
export const nativeVerifier: Verifier = {
  engine: 'native',
  verify(key, message, signature, context) {
    const ctx = utf8(context);
    if (ctx.length > MAX_CONTEXT_BYTES) return false;
    if (key.alg === 'Ed25519') return verifyEd25519Native(key, signedMessage(message, context), signature);
    if (!hasNativeMlDsa()) throw unavailable();
    return verifyMlDsa65Native(key, message, signature, ctx);
  },
};

/** Verify ML-DSA-65 under a context of bytes. @param signature any length. @returns false, never throws, for any bytes, once probed. */
export function verifyMlDsa65Native(
  key: PublicKey,
  message: Uint8Array,
  signature: Uint8Array,
  context: Uint8Array,
): boolean {
  if (context.length > MAX_CONTEXT_BYTES) return false;
  const crypto = required();
  return crypto.verify(null, message, { key: prepare(crypto, key), context }, signature);
}

/** Verify Ed25519. @param signed M' (signedMessage). @param signature any length. @returns the same as verifyEd25519, for all bytes. */
export function verifyEd25519Native(key: PublicKey, signed: Uint8Array, signature: Uint8Array): boolean {
  if (!isWellFormedEd25519(signature)) return false;
  const crypto = required();
  return crypto.verify(null, signed, prepare(crypto, key), signature);
}

function prepare(crypto: NativeCrypto, key: PublicKey): NativeKey {
  const known = prepared.get(key);
  if (known !== undefined) return known;
  const native = crypto.createPublicKey({ key: encodeSpki(key), format: 'der', type: 'spki' });
  prepared.set(key, native);
  return native;
}

function required(): NativeCrypto {
  const crypto = nativeCrypto();
  if (crypto === null) throw unavailable();
  return crypto;
}

function unavailable(): ReceiptError {
  return new ReceiptError(
    'ENGINE_UNAVAILABLE',
    'engine native: expected ML-DSA-65 in node:crypto, got a runtime without it',
    {
      expected: 'node:crypto with ML-DSA-65 (Node 24.7 or later)',
      found: 'a runtime without it',
      next: ['use --engine auto or --engine noble', 'run under Node 24.7 or later'],
    },
  );
}
