import { describe, expect, test } from 'vitest';
import { abbreviate, clip, folded, jsonText, printable } from '../../src/cli/printable.ts';
import { CSV_HEAD, csvCell, csvLine, ReceiptTable, tabbed } from '../../src/cli/receipt-columns.ts';
import type { JsonObject } from '../../src/receipt/json.ts';
import type { Receipt } from '../../src/receipt/receipt.ts';

function receipt(event: JsonObject, seq = 7): Receipt {
  const entry = { event, id: 'id', log: 'a/b', prev: '0'.repeat(64), seq, time: '2026-11-20T20:34:00.123Z', v: 1 };
  return { entry, hash: 'f'.repeat(64), sigs: [] };
}

/** Controls, bidi overrides, invisible and separating characters. */
const EVIL = 'a\u0000\u001b[31m\u007f\u009b\u061c\u200b\u200e\u202e\u2066\u2028\ufeff\u{e0041}b';

describe('untrusted text', () => {
  test('nothing that a terminal acts on, or that hides text, is printed', () => {
    const shown = printable(`${EVIL}\n\t\r\ud800`);
    expect(shown).toMatch(/^[\x20-\x7e]*$/);
    expect(shown).toContain('\\u202e');
    expect(shown).toContain('\\u{e0041}');
    expect(shown.endsWith('\\n\\t\\r\\ud800')).toBe(true);
    expect(printable('Müller 検証 🙂')).toBe('Müller 検証 🙂');
  });

  test('JSON hides nothing and loses nothing', () => {
    const value = { [EVIL]: [EVIL, 'Müller'] };
    const text = jsonText(value, 2);
    expect(text).toMatch(/^[\x20-\x7e\nü]*$/);
    expect(JSON.parse(text)).toEqual(value);
    expect(JSON.parse(jsonText(value))).toEqual(value);
  });

  test('hashes and kids are shortened, words are not', () => {
    const kid = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs';
    expect(abbreviate(`${'a1'.repeat(32)} by ${kid}; ${'x'.repeat(44)}`)).toBe(
      `a1a1…a1a1 by NzbL…C9Xs; ${'x'.repeat(44)}`,
    );
  });

  test('cutting counts characters, not code units', () => {
    expect(clip('🙂🙂🙂', 2)).toBe('🙂…');
    expect(clip('ab', 2)).toBe('ab');
  });

  test('folding keeps a word that is too long whole', () => {
    expect(folded('aa bb cccccccc dd', 5, () => 2)).toBe('aa bb\n  cccccccc\n  dd');
  });
});

describe('CSV', () => {
  test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', ' =1', '\uff1d1', '\n=cmd()'])(
    'traps: a cell that starts a formula is text: %j',
    (text) => {
      const cell = csvCell(text).replace(/^"/, '');
      expect(cell).not.toMatch(/^[\s]*[=+\-@\uff1d]/);
    },
  );

  test('quoting, and no other text is touched', () => {
    expect(csvCell('a,"b"')).toBe('"a,""b"""');
    expect(csvCell(' a')).toBe('" a"');
    expect(csvCell('a-b=c@d')).toBe('a-b=c@d');
    expect(csvCell(-5)).toBe('-5');
    expect([csvCell(undefined), csvCell(null), csvCell({})]).toEqual(['', '', '']);
    expect(csvCell('a\nb')).toBe('a\\nb');
  });

  test('a line has as many cells as the head, whatever the event is', () => {
    expect(csvLine(receipt({})).split(',')).toHaveLength(CSV_HEAD.split(',').length);
    const line = csvLine(
      receipt({ type: 't', agent: '=x', action: { tool: 'f', target: 'p' }, outcome: { status: 'failed' } }),
    );
    expect(line).toBe(`7,2026-11-20T20:34:00.123Z,t,'=x,f,p,,,failed,,id,${'f'.repeat(64)}\n`);
  });
});

describe('tables', () => {
  const rows = [
    receipt({ type: 'genesis' }, 0),
    receipt(
      { type: 'tool_call', agent: 'bot', action: { tool: `x${'y'.repeat(200)}` }, outcome: { status: 'failed' } },
      12,
    ),
    receipt({ type: EVIL, agent: EVIL, action: { tool: '検証検証検証検証検証検証検証検証' }, effect: 'deny' }, 13),
  ];

  test.each([60, 80, 100, 160])('fit %i cells, one line a receipt', (width) => {
    const text = new ReceiptTable(width, false).rows(rows);
    const lines = text.trimEnd().split('\n');
    expect(lines).toHaveLength(4);
    expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(Math.max(width, 70));
    expect(lines[0]).toMatch(/^seq +time +type +tool +agent +(session +)?outcome$/);
    expect(lines[0]!.includes('session')).toBe(width >= 100);
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  });

  test('the head stands once, widths stay, colour is asked for', () => {
    const table = new ReceiptTable(80, true);
    const first = table.rows(rows.slice(1));
    const second = table.rows([receipt({ type: 'x' }, 14)]);
    expect(first).toContain('\u001b[31mfailed');
    expect(second).not.toContain('seq');
    expect(second.indexOf('2026')).toBe(first.split('\n')[1]!.indexOf('2026'));
    expect(new ReceiptTable(80, false).rows(rows)).not.toContain('\u001b');
  });

  test('elsewhere than on a terminal: tabs, nothing shortened', () => {
    expect(tabbed(rows[1]!)).toBe(`12\t2026-11-20T20:34:00.123Z\ttool_call\tx${'y'.repeat(200)}\tbot\t\tfailed\n`);
    expect(tabbed(rows[2]!).match(/\t/g)).toHaveLength(6);
  });
});
