import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type ErrorCode, ReceiptError } from '../../src/base/errors.ts';
import { ERROR_EXPLANATIONS } from '../../src/cli/error-explanations.ts';
import { errorDocument, knownError } from '../../src/cli/error-report.ts';
import { wantsColor, wantsProgress } from '../../src/cli/io.ts';
import { CODES } from '../../src/verify/codes.ts';
import { EXPLANATIONS } from '../../src/verify/explain.ts';

/** The union of codes is a type; its members are read from where they stand. */
const ERROR_CODES = [
  ...readFileSync(new URL('../../src/base/errors.ts', import.meta.url), 'utf8').matchAll(/^ {2}\| '([A-Z_]+)'/gm),
].map(([, code]) => code as ErrorCode);

test('every code has an explanation, of a verdict and of an error', () => {
  expect(ERROR_CODES.length).toBeGreaterThan(30);
  expect(Object.keys(ERROR_EXPLANATIONS).sort()).toEqual([...ERROR_CODES].sort());
  expect(Object.keys(EXPLANATIONS)).toEqual(Object.keys(CODES));
  for (const { how, todo } of [...Object.values(EXPLANATIONS), ...Object.values(ERROR_EXPLANATIONS)]) {
    expect(how.length).toBeGreaterThan(10);
    expect(todo.length).toBeGreaterThan(5);
  }
});

test('of an error nobody foresaw nothing is told but its kind; of the system’s its code', () => {
  const fault = errorDocument(knownError(new TypeError('the password is hunter2')));
  expect(fault).toMatchObject({ code: 'INTERNAL', exit: 4, found: 'TypeError' });
  expect(JSON.stringify(fault)).not.toContain('hunter2');
  const system = Object.assign(new Error('EACCES: hunter2'), { code: 'EACCES', syscall: 'open', path: '/x' });
  expect(errorDocument(knownError(system))).toMatchObject({ code: 'IO', exit: 4, at: '/x', found: 'EACCES' });
  expect(JSON.stringify(errorDocument(knownError(system)))).not.toContain('hunter2');
  expect(knownError(new ReceiptError('ABORTED', 'x')).code).toBe('INTERRUPTED');
  expect(knownError(undefined).code).toBe('INTERNAL');
});

test('NO_COLOR forbids, FORCE_COLOR demands, else a terminal that is not CI’s', () => {
  expect(wantsColor({}, true)).toBe(true);
  expect(wantsColor({}, false)).toBe(false);
  expect(wantsColor({ NO_COLOR: '1' }, true)).toBe(false);
  expect(wantsColor({ NO_COLOR: '' }, true)).toBe(true);
  expect(wantsColor({ FORCE_COLOR: '1' }, false)).toBe(true);
  expect(wantsColor({ FORCE_COLOR: '0' }, true)).toBe(false);
  expect(wantsColor({ FORCE_COLOR: '1', NO_COLOR: '1' }, true)).toBe(false);
  expect(wantsColor({ CI: 'true' }, true)).toBe(false);
  expect(wantsColor({ TERM: 'dumb' }, true)).toBe(false);
  const stderr = (isTTY: boolean) => ({ isTTY }) as Parameters<typeof wantsProgress>[0]['stderr'];
  expect(wantsProgress({ env: {}, stderr: stderr(true) })).toBe(true);
  expect(wantsProgress({ env: {}, stderr: stderr(false) })).toBe(false);
  expect(wantsProgress({ env: { CI: '1' }, stderr: stderr(true) })).toBe(false);
});
