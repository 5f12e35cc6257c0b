import { expect, test } from 'vitest';
import { isReceiptError, ReceiptError } from '../../src/base/errors.ts';

test('a ReceiptError says code, where, expected, found, what next, and why', () => {
  const cause = new Error('disk');
  const error = new ReceiptError('IO', 'log.append: expected 10 bytes written, got 4', {
    at: 'segments/000000.jsonl:81920',
    expected: '10 bytes',
    found: '4 bytes',
    next: ['perdure verify audit/'],
    cause,
  });
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({
    name: 'ReceiptError',
    code: 'IO',
    message: 'log.append: expected 10 bytes written, got 4',
    at: 'segments/000000.jsonl:81920',
    expected: '10 bytes',
    found: '4 bytes',
    next: ['perdure verify audit/'],
  });
  expect(error.cause).toBe(cause);
  expect(error.stack).toContain('errors.test');
});

test('what is not known is undefined or empty, never made up', () => {
  const error = new ReceiptError('LOG_CLOSED', 'log.append: expected an open log, got a closed one');
  expect([error.at, error.expected, error.found]).toEqual([undefined, undefined, undefined]);
  expect(error.next).toEqual([]);
  expect('cause' in error).toBe(false);
});

test('isReceiptError tells it from everything else that can be thrown', () => {
  const error = new ReceiptError('LOG_LOCKED', 'x');
  expect(isReceiptError(error)).toBe(true);
  expect(isReceiptError(error, 'LOG_LOCKED')).toBe(true);
  expect(isReceiptError(error, 'IO')).toBe(false);
  const others = [new Error('x'), new RangeError('x'), { code: 'IO', name: 'ReceiptError' }, null, undefined, 'IO'];
  for (const other of others) expect(isReceiptError(other)).toBe(false);
});
