import { expect, test } from 'vitest';
import { ERROR_EXPLANATIONS } from '../../src/cli/error-explanations.ts';
import { exitOfError, exitOfVerdict } from '../../src/cli/exit.ts';

// exitOfError is given the code and nothing else, so that no message can choose an exit code.
test('traps: every error code has one exit code, whatever its message says', () => {
  const codes = [
    'LOG_NOT_FOUND',
    'LOG_LOCKED',
    'PASSPHRASE_NEEDED',
    'PASSPHRASE_WRONG',
    'IO',
    'USAGE',
    'INTERRUPTED',
  ] as const;
  expect(codes.map(exitOfError)).toEqual([10, 11, 12, 12, 4, 2, 130]);
  expect(new Set((Object.keys(ERROR_EXPLANATIONS) as (keyof typeof ERROR_EXPLANATIONS)[]).map(exitOfError))).toEqual(
    new Set([1, 2, 3, 4, 10, 11, 12, 130]),
  );
});

test('a verdict’s exit code comes from the verdict alone', () => {
  const exit = (verdict: string, ...what: string[]) =>
    exitOfVerdict({ verdict, not_checked: what.map((one) => ({ what: one, why: 'because' })) } as never);
  expect([exit('valid'), exit('invalid'), exit('unverifiable')]).toEqual([0, 1, 3]);
  expect([exit('valid', 'payloads'), exit('valid', 'cross-check'), exit('invalid', 'cross-check')]).toEqual([0, 3, 1]);
});
