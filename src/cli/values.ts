import { InvalidArgumentError } from 'commander';

const HEX64 = /^[0-9a-f]{64}$/;
const RFC3339 = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

/** Read an option that counts something. @throws InvalidArgumentError, which commander words. */
export function parseCount(text: string): number {
  const value = Number(text);
  if (/^\d{1,16}$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError('Expected a whole number of at least 0.');
}

/** Read a size that a log had: nothing is pinned by 0. */
export function parseSize(text: string): number {
  if (isSize(text)) return Number(text);
  throw new InvalidArgumentError('Expected a whole number of at least 1.');
}

function isSize(text: string): boolean {
  return /^[1-9]\d{0,15}$/.test(text) && Number.isSafeInteger(Number(text));
}

/** Read `I/N`: one of so many parts, from 1 on. */
export function parseShard(text: string): { readonly index: number; readonly of: number } {
  const [index = '', of = '', ...more] = text.split('/');
  if (more.length === 0 && isSize(index) && isSize(of) && Number(index) <= Number(of)) {
    return { index: Number(index), of: Number(of) };
  }
  throw new InvalidArgumentError('Expected I/N, as 1/4 … 4/4.');
}

/** Read a hash. */
export function parseHash(text: string): string {
  if (HEX64.test(text)) return text;
  throw new InvalidArgumentError('Expected 64 lower-case hex digits.');
}

/** Read `SIZE:HASH`, as append and init print it. */
export function parseHead(text: string): { readonly size: number; readonly hash: string } {
  const [size = '', hash = '', ...more] = text.split(':');
  if (more.length === 0 && isSize(size) && HEX64.test(hash)) {
    return { size: Number(size), hash };
  }
  throw new InvalidArgumentError('Expected SIZE:HASH, a size of at least 1 and 64 lower-case hex digits.');
}

/**
 * Read an RFC 3339 time. @returns it as Date.toISOString prints it. A fraction of a millisecond rounds up: claimed times have none, so
 * that "at or after" and "before" keep their meaning.
 */
export function parseTime(text: string): string {
  const [, day, clock, fraction = '', zone] = RFC3339.exec(text) ?? [];
  const ms = Date.parse(`${day}T${clock}${zone?.toUpperCase()}`);
  // Date.parse lets 30 February pass as 1 March.
  const [year, month, date] = (day ?? '').split('-').map(Number);
  const isDay = new Date(Date.UTC(year ?? 0, (month ?? 0) - 1, date)).getUTCDate() === date;
  if (Number.isNaN(ms) || !isDay) {
    throw new InvalidArgumentError('Expected an RFC 3339 time, as 2026-11-20T20:34:00Z or 2026-11-20T21:34:00+01:00.');
  }
  const digits = fraction.slice(1).padEnd(3, '0');
  const above = /[1-9]/.test(digits.slice(3)) ? 1 : 0;
  const time = new Date(ms + Number(digits.slice(0, 3)) + above).toISOString();
  // Years outside 0000-9999 have a sign, and would sort wrongly.
  if (time.length !== 24) throw new InvalidArgumentError('Expected a time of the years 0000 to 9999.');
  return time;
}
