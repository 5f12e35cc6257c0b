import { utf8 } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { verifyEd25519 } from './ed25519-verify.ts';
import { hasNativeCrypto, verifyEd25519Native } from './engine-native-verify.ts';
import { KNOWN_ANSWER } from './known-answer.ts';
import { type PublicKey, readPublicKey } from './public-key.ts';
import { MAX_CONTEXT_BYTES, signedMessage, type Verifier } from './verifier.ts';
import { areKernelsValid, provideInstances, startVerifierKernel, type VerifierKernel } from './wasm.ts';

export { VERIFIER_SHA256 } from './verifier-wasm.ts';

/** One instance a thread, started and tried at the first question; null where that failed. */
let started: VerifierKernel | null | undefined;

/** @returns whether the WASM kernels run and are right here. Found once by verifying a known answer and refusing changed ones. */
export function hasWasm(): boolean {
  started ??= probe();
  return started !== null;
}

/** The same, also in a thread that must not compile at once. To be asked first; from then on hasWasm() gives the same answer. */
export async function startWasm(): Promise<boolean> {
  if (hasWasm()) return true;
  try {
    await provideInstances();
  } catch {
    return false;
  }
  return hasWasm();
}

function probe(): VerifierKernel | null {
  try {
    const kernel = startVerifierKernel();
    const { message, context } = KNOWN_ANSWER;
    const key = readPublicKey('ML-DSA-65', KNOWN_ANSWER.publicKey());
    const signature = KNOWN_ANSWER.signature();
    const changed = signature.slice();
    changed[0]! ^= 1;
    const works =
      kernel.verify(key, [prefix(context), message], signature) &&
      !kernel.verify(key, [prefix(context), message], changed) &&
      !kernel.verify(key, [prefix(new Uint8Array(0)), message], signature);
    return works ? kernel : null;
  } catch {
    return null;
  }
}

/** @returns why hasWasm() says no, for doctor: one line. */
export function whyNoWasm(): string {
  if (typeof WebAssembly === 'undefined') return 'this runtime has no WebAssembly';
  try {
    if (!areKernelsValid()) return 'the WebAssembly of this runtime has no SIMD, which our kernels need';
  } catch {
    // Not even asking is possible: forbidden.
  }
  return 'this runtime forbids WebAssembly, or ours gave a wrong answer in it';
}

/**
 * Our own kernels: ML-DSA-65 with prepared keys, in every runtime that has WebAssembly with SIMD. Ed25519 is OpenSSL's in Node, noble's
 * elsewhere, behind the same checks (format section 2).
 */
export const wasmVerifier: Verifier = {
  engine: 'wasm',
  verify(key, message, signature, context) {
    const ctx = utf8(context);
    if (ctx.length > MAX_CONTEXT_BYTES) return false;
    if (key.alg === 'ML-DSA-65') return verifyMlDsa65Wasm(key, message, signature, ctx);
    const verify = hasNativeCrypto() ? verifyEd25519Native : verifyEd25519;
    return verify(key, signedMessage(message, context), signature);
  },
};

/** Verify ML-DSA-65 under a context of bytes. @param signature any length. @returns false, never throws, for any bytes. */
export function verifyMlDsa65Wasm(
  key: PublicKey,
  message: Uint8Array,
  signature: Uint8Array,
  context: Uint8Array,
): boolean {
  if (context.length > MAX_CONTEXT_BYTES) return false;
  return required().verify(key, [prefix(context), message], signature);
}

/** Verify ML-DSA-65 over a given mu. @param mu 64 bytes; another length is never valid. @see FIPS 204 Algorithm 8, from line 8 on */
export function verifyMlDsa65MuWasm(key: PublicKey, mu: Uint8Array, signature: Uint8Array): boolean {
  return required().verifyMu(key, mu, signature);
}

/** What stands before the message in M': 0x00 ‖ len(ctx) ‖ ctx. @see FIPS 204 Algorithm 3 */
function prefix(context: Uint8Array): Uint8Array {
  const out = new Uint8Array(2 + context.length);
  out[1] = context.length;
  out.set(context, 2);
  return out;
}

function required(): VerifierKernel {
  if (hasWasm()) return started!;
  const found = whyNoWasm();
  throw new ReceiptError('ENGINE_UNAVAILABLE', `engine wasm: ${found}`, {
    expected: 'WebAssembly with SIMD',
    found,
    next: ['use --engine auto or --engine noble'],
  });
}
