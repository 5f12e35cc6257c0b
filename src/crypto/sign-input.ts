import { copyBytes, utf8 } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import type { SignInput } from './signer.ts';
import { MAX_CONTEXT_BYTES, signedMessage } from './verifier.ts';

/** mu of FIPS 204 Algorithm 7: 64 bytes. */
export const MU_BYTES = 64;

/**
 * Take our own copy of what to sign, so that a caller may reuse its buffer while the signature waits for its turn.
 * @throws TypeError on another shape, RangeError on a context above 255 bytes, a mu of another length than 64, or bare bytes that could
 * be the M' of a message under a context.
 */
export function copySignInput(input: SignInput): SignInput {
  if (['message', 'mu', 'bare'].filter((name) => name in input).length > 1)
    throw new TypeError('sign: expected a message and context, or a mu, or bare bytes, not both');
  if ('bare' in input) return { bare: copyBare(input.bare) };
  if ('mu' in input) {
    if (!(input.mu instanceof Uint8Array)) throw new TypeError('sign: expected mu as Uint8Array');
    if (input.mu.length !== MU_BYTES)
      throw new RangeError(`sign: expected a mu of ${MU_BYTES} bytes, got ${input.mu.length}`);
    return { mu: copyBytes(input.mu) };
  }
  if (!(input.message instanceof Uint8Array)) throw new TypeError('sign: expected the message as Uint8Array');
  if (typeof input.context !== 'string') throw new TypeError('sign: expected the context as text');
  const length = utf8(input.context).length;
  if (length > MAX_CONTEXT_BYTES)
    throw new RangeError(`sign: expected a context of at most ${MAX_CONTEXT_BYTES} bytes, got ${length}`);
  return { message: copyBytes(input.message), context: input.context };
}

/** M' begins with 0x00 (signedMessage); what is signed bare begins with a printable ASCII character or more, so that it is never one. */
function copyBare(bare: Uint8Array): Uint8Array {
  if (!(bare instanceof Uint8Array)) throw new TypeError('sign: expected bare bytes as Uint8Array');
  if (!(bare[0]! >= 0x20)) throw new RangeError('sign: expected bare bytes that begin with a printable character');
  return copyBytes(bare);
}

/** @returns the bytes that Ed25519 signs: M', or the bare bytes as they are. @throws ReceiptError UNSUPPORTED on mu */
export function ed25519Message(input: SignInput, signer: string): Uint8Array {
  if ('mu' in input) throw muUnsupported(signer);
  return 'bare' in input ? input.bare : signedMessage(input.message, input.context);
}

/** @returns the error of an ML-DSA signer that was asked to sign bare bytes: FIPS 204 always has M' around a message. */
export function bareUnsupported(signer: string): ReceiptError {
  return new ReceiptError(
    'UNSUPPORTED',
    `${signer}: expected a message and context, got bare bytes, for Ed25519 alone`,
    {
      at: signer,
      expected: 'a message and context',
      found: 'bare bytes',
    },
  );
}

/** @returns the error of a signer that takes messages only. */
export function muUnsupported(signer: string): ReceiptError {
  return new ReceiptError('UNSUPPORTED', `${signer}: expected a message and context, got a mu, which it cannot take`, {
    at: signer,
    expected: 'a message and context',
    found: 'mu',
  });
}

/** @returns the error of a signer that could not sign; what went wrong inside is its cause. */
export function signFailed(signer: string, cause: unknown): ReceiptError {
  if (cause instanceof ReceiptError) return cause;
  return new ReceiptError('SIGN_FAILED', `${signer}: expected a signature, got a failure`, { at: signer, cause });
}
