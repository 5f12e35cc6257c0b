import { ReceiptError } from '../base/errors.ts';
import { exitOfError } from './exit.ts';

/** An error as `--json` prints it (cli.md). */
export interface ErrorDocument {
  readonly schema: 'perdure/error/v1';
  readonly code: ReceiptError['code'];
  readonly exit: number;
  readonly message: string;
  readonly at: string | null;
  readonly expected: string | null;
  readonly found: string | null;
  readonly next: readonly string[];
}

/** @returns the document of an error. */
export function errorDocument({ code, message, at, expected, found, next }: ReceiptError): ErrorDocument {
  return {
    schema: 'perdure/error/v1',
    code,
    exit: exitOfError(code),
    message,
    at: at ?? null,
    expected: expected ?? null,
    found: found ?? null,
    next,
  };
}

/**
 * Make one of our errors of whatever was thrown, so that nobody meets a stack trace. The system's errors are IO, with their code and
 * not their text; all others are faults of ours: INTERNAL, with nothing but the kind, since nobody knows what the text holds.
 */
export function knownError(error: unknown): ReceiptError {
  if (error instanceof ReceiptError) {
    if (error.code !== 'ABORTED') return error;
    return interrupted(error);
  }
  const { code, syscall, path } = (error ?? {}) as { code?: unknown; syscall?: unknown; path?: unknown };
  if (typeof code === 'string' && typeof syscall === 'string') {
    const at = typeof path === 'string' ? path : syscall;
    return new ReceiptError('IO', `${at}: the system says ${code} (${syscall})`, { at, found: code, cause: error });
  }
  const kind = error instanceof Error ? error.name : typeof error;
  return new ReceiptError('INTERNAL', `a fault in perdure itself (${kind}); nothing about your input is shown here`, {
    found: kind,
    next: ['run it again with PERDURE_DEBUG=1 to see where, and report it'],
    cause: error,
  });
}

/** @returns the error of a verb that Ctrl-C ended. */
export function interrupted(cause?: unknown): ReceiptError {
  return new ReceiptError('INTERRUPTED', 'interrupted before the end', { cause });
}

/** Refuse how the command line was written. @param next what to do instead. */
export function usage(message: string, ...next: readonly string[]): ReceiptError {
  return new ReceiptError('USAGE', message, { next });
}
