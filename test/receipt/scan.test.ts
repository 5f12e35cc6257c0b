import { describe, expect, test } from 'vitest';
import { decodeBase64url, utf8, utf8Text } from '../../src/base/bytes.ts';
import { MAX_LINE_BYTES } from '../../src/base/limits.ts';
import { lineHead, parseReceipt, readLineHead } from '../../src/receipt/receipt.ts';
import { newLineView, scanLine } from '../../src/receipt/scan.ts';
import { call, fixedKey, LogBuilder } from '../../vectors/build.ts';

const keys = [fixedKey('ed', 'Ed25519'), fixedKey('eve', 'Ed25519')];
const log = new LogBuilder(keys).genesis().add(call(1));
const line = log.lines[1]!.slice(0, -1);
const text = utf8Text(line);
const view = newLineView();

/** Code, offset and what was expected there. */
function judged(changed: string): [string | null, number, string] {
  const bytes = utf8(changed);
  return scanLine(bytes, 0, bytes.length, view) ? [null, -1, ''] : [view.code, view.at, view.expected];
}

describe('what a scan says of a good line', () => {
  const at = (begin: number, end: number): string => text.slice(begin, end);

  test('where everything stands', () => {
    expect(scanLine(line, 0, line.length, view)).toBe(true);
    const { entry, hash, sigs } = JSON.parse(text);
    expect(JSON.parse(at(view.entryBegin, view.entryEnd))).toEqual(entry);
    expect(at(view.entryBegin, view.eventBegin)).toBe('{"event":');
    expect(at(view.eventBegin, view.eventEnd)).toBe(JSON.stringify(entry.event));
    expect(at(view.idBegin, view.idBegin + 36)).toBe(entry.id);
    expect(at(view.logBegin, view.logEnd)).toBe(entry.log);
    expect(at(view.prevBegin, view.prevBegin + 64)).toBe(entry.prev);
    expect(view.seq).toBe(1);
    expect(at(view.timeBegin, view.timeBegin + 24)).toBe(entry.time);
    expect(at(view.vBegin, view.vEnd)).toBe('1');
    expect(at(view.hashBegin, view.hashBegin + 64)).toBe(hash);
    expect(view.sigCount).toBe(2);
    const found = view.sigs.slice(0, 2).map((sig) => ({
      alg: at(sig.algBegin, sig.algEnd),
      kid: at(sig.kidBegin, sig.kidEnd),
      sig: at(sig.sigBegin, sig.sigEnd),
    }));
    expect(found).toEqual(sigs);
    expect(at(view.event.typeBegin, view.event.typeEnd)).toBe('tool_call');
  });

  test('the same in the middle of a buffer, and nothing left from a longer line before', () => {
    const many = new LogBuilder([...keys, fixedKey('fay', 'Ed25519')]).genesis().lines[0]!;
    expect(scanLine(many, 0, many.length - 1, view)).toBe(true);
    expect(view.sigCount).toBe(3);
    const buf = utf8(`{{{${text}}}}`);
    expect(scanLine(buf, 3, 3 + line.length, view)).toBe(true);
    expect([view.sigCount, lineHead(buf, view).sigs.length]).toEqual([2, 2]);
    expect(lineHead(buf, view).id).toBe(readLineHead(line).id);
  });

  test('parseReceipt is the inverse of writing it', () => {
    expect(parseReceipt(line)).toEqual(JSON.parse(text));
  });
});

describe('where a line breaks', () => {
  test('the byte and what should have stood there', () => {
    const at = (part: string): number => text.indexOf(part);
    expect(judged(text.replace('"seq":1', '"seq":01'))).toEqual([
      'MALFORMED',
      at('"seq":') + 6,
      'a seq of 0 to 2^53-1 without leading zero',
    ]);
    expect(judged(text.replace('"hash":"', '"hash": "'))).toEqual([
      'MALFORMED',
      at('"hash":') + 7,
      'the literal },"hash":"',
    ]);
    expect(judged(`${text} `)).toEqual(['MALFORMED', text.length, 'the end of the line']);
    expect(judged(text.replace('"n":1', '"n":1.0'))).toEqual([
      'NOT_CANONICAL',
      at('"n":1') + 4,
      'RFC 8785 canonical JSON',
    ]);
    expect(judged('')).toEqual(['MALFORMED', 0, 'the literal {"entry":{"event":']);
    expect(judged('{"entry":')[1]).toBe(9);
  });

  test('every beginning of a line is no line, every byte after it is one too many', () => {
    for (let end = 0; end < line.length; end++) {
      expect(scanLine(line, 0, end, view)).toBe(false);
      expect([view.code, view.at <= end]).toEqual(['MALFORMED', true]);
    }
    for (let byte = 0; byte < 256; byte++) {
      const longer = Uint8Array.of(...line, byte);
      expect(scanLine(longer, 0, longer.length, view)).toBe(false);
    }
  });

  test('what precedes what: line size and depth, grammar, entry size, canonical form', () => {
    const event = text.slice(text.indexOf('{"action"'), text.indexOf(',"id":'));
    const put = (other: string): string => text.replace(event, other);
    const deep = `{"a":${'['.repeat(65)}`;
    const big = `{"a":"${'x'.repeat(70_000)}"}`;
    const bigAndLoose = `{"a":"${'x'.repeat(70_000)}" }`;
    expect(judged(put(deep))[0]).toBe('TOO_LARGE');
    expect(judged(put(big))[0]).toBe('TOO_LARGE');
    expect(judged(put(bigAndLoose))[0]).toBe('TOO_LARGE');
    expect(judged(put(big).replace('"v":1}', '"v":01}'))[0]).toBe('MALFORMED');
    expect(judged(put('{"a":1 }'))[0]).toBe('NOT_CANONICAL');
    expect(judged(put('{"a":1 }').replace('"v":1}', '"v":01}'))[0]).toBe('MALFORMED');
    expect(judged('{'.repeat(MAX_LINE_BYTES))[0]).toBe('MALFORMED');
    expect(judged('{'.repeat(MAX_LINE_BYTES + 1))[0]).toBe('TOO_LARGE');
  });

  test('every last character of a kid and of signatures of one and two bytes: what decodes, and nothing else', () => {
    const chars = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const open = text.slice(0, text.indexOf('"sigs":[') + 8);
    const accepted = { kid: 0, two: 0, three: 0 };
    for (const last of chars) {
      for (const [what, kid, sig] of [
        ['kid', `${'A'.repeat(42)}${last}`, 'AA'],
        ['two', 'A'.repeat(43), `A${last}`],
        ['three', 'A'.repeat(43), `AA${last}`],
      ] as const) {
        const [code] = judged(`${open}{"alg":"unknown","kid":"${kid}","sig":"${sig}"}]}`);
        const decodes = decodeBase64url(utf8(kid)) !== null && decodeBase64url(utf8(sig)) !== null;
        expect(code, `${kid} ${sig}`).toBe(decodes ? null : 'MALFORMED');
        if (decodes) accepted[what]++;
      }
    }
    expect(accepted).toEqual({ kid: 16, two: 4, three: 16 });
  });

  test('the longest seq and the first too long', () => {
    const seq = (value: string): string => text.replace('"seq":1', `"seq":${value}`);
    expect(judged(seq('9007199254740991'))[0]).toBeNull();
    expect(view.seq).toBe(Number.MAX_SAFE_INTEGER);
    for (const value of [
      '9007199254740992',
      '9007199254740993',
      '90071992547409910',
      '99999999999999999',
      '100000000000000000',
      '0'.repeat(30),
    ]) {
      expect(judged(seq(value))[0], value).toBe('MALFORMED');
    }
  });
});
