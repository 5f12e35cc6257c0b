import { copyBytes, utf8 } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import type { SignInput } from './signer.ts';
import { MAX_CONTEXT_BYTES } from './verifier.ts';

/** mu of FIPS 204 Algorithm 7: 64 bytes. */
export const MU_BYTES = 64;

/**
 * Take our own copy of what to sign, so that a caller may reuse its buffer while the signature waits for its turn.
 * @throws TypeError on another shape, RangeError on a context above 255 bytes or a mu of another length than 64.
 */
export function copySignInput(input: SignInput): SignInput {
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
