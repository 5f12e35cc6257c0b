import { ReceiptError } from '../base/errors.ts';
import { shellWord } from '../base/shell-word.ts';
import { usage } from './error-report.ts';

/** Read how a command names an entry. @param verb in messages. @returns its seq, or its id in lower case. @throws ReceiptError USAGE. */
export function parseEntryKey(verb: string, which: string): number | string {
  if (/^\d{1,16}$/.test(which) && Number.isSafeInteger(Number(which))) return Number(which);
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(which)) return which.toLowerCase();
  throw usage(`perdure ${verb}: expected a seq or an id, got ${JSON.stringify(which)}`, 'perdure log LOG lists both');
}

/** @returns the error of an entry that is not there. @param key as parseEntryKey read it. */
export function entryNotFound(path: string, key: number | string): ReceiptError {
  const named = `${typeof key === 'number' ? 'seq' : 'id'} ${key}`;
  return new ReceiptError('ENTRY_NOT_FOUND', `${path}: expected an entry with ${named}, found none`, {
    at: path,
    expected: named,
    found: 'none',
    next: [`perdure log ${shellWord(path)}`, `perdure verify ${shellWord(path)}`],
  });
}
