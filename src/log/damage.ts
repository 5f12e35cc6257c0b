import { ReceiptError } from '../base/errors.ts';
import { segmentPath } from './segments.ts';

/**
 * @returns the error of a log that a writer refuses to go on with, because what stands there was not left by an interrupted write.
 * @param name file name of a segment. @param byte first byte of what is wrong, in that segment.
 */
export function damaged(
  name: string,
  byte: number,
  expected: string,
  found: string,
  next: readonly string[] = ['perdure verify'],
): ReceiptError {
  const at = `${segmentPath(name)} byte ${byte}`;
  return new ReceiptError(
    'LOG_DAMAGED',
    `log: ${at}: expected ${expected}, got ${found}; nothing is appended to a damaged log`,
    { at, expected, found, next },
  );
}
