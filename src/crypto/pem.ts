import { fromBase64url, toBase64url, utf8 } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';

/** The labels of RFC 7468 that key files carry. */
export type PemLabel = 'PUBLIC KEY' | 'PRIVATE KEY';

/**
 * Write one PEM block: 64 characters a line, LF, ended by LF. @returns fresh bytes. @see RFC 7468 section 3
 *
 *     -----BEGIN PUBLIC KEY-----
 *     MCowBQYDK2VwAyEA…
 *     -----END PUBLIC KEY-----
 */
export function encodePem(label: PemLabel, der: Uint8Array): Uint8Array {
  const text = toBase64url(der).replaceAll('-', '+').replaceAll('_', '/');
  const padded = text.padEnd(Math.ceil(text.length / 4) * 4, '=');
  const lines = padded.match(/.{1,64}/g) ?? [];
  return utf8(`-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`);
}

/** @returns whether `text` starts like PEM, so that errors speak of PEM. */
export function looksLikePem(text: string): boolean {
  return /^\s*-----BEGIN /.test(text);
}

/**
 * Read exactly one PEM block: white space around it and CRLF are fine, other text, headers and a second block are not; base64 is
 * padded with zero spare bits, so each key has one spelling up to line breaks.
 * @returns the label as written, and fresh bytes. @throws ReceiptError KEY_MALFORMED @see RFC 7468 section 3
 */
export function decodePem(text: string): { label: string; der: Uint8Array } {
  const match =
    /^\s*-----BEGIN ([A-Z0-9 ]{1,64})-----[ \t]*\r?\n([A-Za-z0-9+/=\r\n]*?)\r?\n-----END ([A-Z0-9 ]{1,64})-----\s*$/.exec(
      text,
    );
  if (match === null) throw malformed('one block with nothing around it', 'other text');
  const [, label = '', body = '', endLabel = ''] = match;
  if (label !== endLabel) throw malformed(`an end line of ${label}`, endLabel);
  const base64 = body.replace(/[\r\n]/g, '');
  if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64))
    throw malformed('padded base64', 'something else');
  try {
    return { label, der: fromBase64url(base64.replace(/=+$/, '').replaceAll('+', '-').replaceAll('/', '_')) };
  } catch {
    throw malformed('base64 with zero spare bits', 'something else');
  }
}

function malformed(expected: string, found: string): ReceiptError {
  return new ReceiptError('KEY_MALFORMED', `PEM: expected ${expected}, got ${found}`, { at: 'PEM', expected, found });
}
