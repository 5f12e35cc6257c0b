import { ReceiptError } from '../base/errors.ts';

/** What helps after a failed write. */
export const REOPEN = ['close this log and open it again: it then recovers', 'perdure verify'];

/** @returns the error of an append, or of one who waits for a checkpoint, after a write failed. @param consequence for this one. */
export function closedBy(failure: ReceiptError, consequence: string): ReceiptError {
  return new ReceiptError('LOG_CLOSED', `${failure.message}; ${consequence}`, { cause: failure.cause, next: REOPEN });
}

/** @returns the error of an append to a log that a close entry ended. */
export function endedError(): ReceiptError {
  return new ReceiptError('LOG_CLOSED', 'log.append: this log ended with a close entry; nothing may follow it', {
    next: ['start a new log'],
  });
}
