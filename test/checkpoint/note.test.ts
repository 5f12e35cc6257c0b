import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { concatBytes, toBase64, toHex, utf8 } from '../../src/base/bytes.ts';
import { isReceiptError } from '../../src/base/errors.ts';
import { MAX_NOTE_BYTES, MAX_NOTE_SIGNATURES } from '../../src/base/limits.ts';
import { formatNote, type NoteSignature, parseNote } from '../../src/checkpoint/note.ts';
import { EXAMPLES, TEXT } from './notes.ts';

const sig = (bytes: number): string => toBase64(new Uint8Array(bytes).fill(0xa5));
const line = (name = 'example.com/log', bytes = 68): string => `— ${name} ${sig(bytes)}\n`;

describe('the specifications’ own notes', () => {
  it.each(['poem', 'message', 'cosigned'] as const)('%s reads, and writes back byte for byte', (name) => {
    const { text, signatures } = parseNote(EXAMPLES[name]);
    expect(formatNote(text, signatures)).toEqual(EXAMPLES[name]);
  });
  it('the text ends before the last empty line, and holds the one before', () => {
    const { text, signatures } = parseNote(EXAMPLES.poem);
    expect(text).toMatch(/^Ognuno .*\n.*sole:\n\ned è subito sera\.\n$/);
    expect(signatures).toHaveLength(1);
    expect(signatures[0]!.name).toBe('quasimodo.example/salvatore');
    expect(toHex(signatures[0]!.keyId)).toBe('367ba04b');
    expect(signatures[0]!.blob).toHaveLength(64);
  });
});

/** Names by the rule, from the whole of Unicode. */
const names = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 12 })
  .filter((name) => !/[\p{White_Space}+\p{Cc}]/u.test(name));
const texts = fc
  .array(fc.string({ unit: 'binary', maxLength: 9 }).map((one) => one.replace(/[\u0000-\u001f]/g, '')))
  .map((lines) => `${lines.join('\n')}\n`);
const signatures = fc.array(
  fc.record({
    name: names,
    keyId: fc.uint8Array({ minLength: 4, maxLength: 4 }),
    blob: fc.uint8Array({ minLength: 1, maxLength: 70 }),
  }),
  { minLength: 1, maxLength: 4 },
);

test('reading undoes writing', () => {
  fc.assert(
    fc.property(texts, signatures, (text, lines) => {
      expect(parseNote(formatNote(text, lines))).toEqual({ text, signatures: lines });
    }),
  );
});

test('one spelling: whatever reads, writes back as it was', () => {
  const whole = EXAMPLES.cosigned;
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.constantFrom('set', 'cut', 'insert'), (at, byte, how) => {
      const changed =
        how === 'set'
          ? whole.with(at, byte)
          : how === 'cut'
            ? concatBytes(whole.subarray(0, at), whole.subarray(at + 1))
            : concatBytes(whole.subarray(0, at), Uint8Array.of(byte), whole.subarray(at));
      let note: ReturnType<typeof parseNote>;
      try {
        note = parseNote(changed);
      } catch (error) {
        expect(isReceiptError(error, 'CHECKPOINT_MALFORMED')).toBe(true);
        return;
      }
      expect(formatNote(note.text, note.signatures)).toEqual(changed);
    }),
    { numRuns: 2000 },
  );
});

test('every byte of the note of the specification, set to every value: refused, or written back as it was', () => {
  const whole = EXAMPLES.message;
  let refused = 0;
  for (let at = 0; at < whole.length; at++)
    for (let byte = 0; byte < 256; byte++) {
      const changed = whole.with(at, byte);
      try {
        const { text, signatures: lines } = parseNote(changed);
        expect(formatNote(text, lines).every((value, i) => value === changed[i])).toBe(true);
      } catch (error) {
        if (!isReceiptError(error, 'CHECKPOINT_MALFORMED')) throw error;
        refused++;
      }
    }
  expect(refused).toBeGreaterThan(whole.length * 100);
});

describe('must reject', () => {
  it.each<[why: string, note: string | Uint8Array, at: string]>([
    ['nothing', '', 'note'],
    ['no empty line', `a\n${line()}`, 'note'],
    ['no signature line', 'a\n\n', 'note'],
    ['an empty line after the signatures', `a\n\n${line()}\n`, 'note'],
    ['an empty line between signatures', `a\n\n${line()}\n${'x'}`, 'note'],
    ['no LF at the end', `a\n\n${line()}`.slice(0, -1), 'note'],
    ['CR before LF', `a\r\n\r\n${line()}`, 'note, line 1'],
    ['CR in a signature line', `a\n\n${line().replace('\n', '\r\n')}`, 'note, line 3'],
    ['a tab', `a\tb\n\n${line()}`, 'note, line 1'],
    ['a NUL', `a\0\n\n${line()}`, 'note, line 1'],
    ['a vertical tab in a name', `a\n\n${line('x\v')}`, 'note, line 3'],
    ['other bytes than UTF-8', concatBytes(Uint8Array.of(0xff), utf8(`\n\n${line()}`)), 'note'],
    ['an overlong form', concatBytes(Uint8Array.of(0xc0, 0x8a), utf8(`\n\n${line()}`)), 'note'],
    ['an encoded surrogate', concatBytes(Uint8Array.of(0xed, 0xa0, 0x80), utf8(`\n\n${line()}`)), 'note'],
    ['a hyphen for the em dash', `a\n\n${line().replace('—', '-')}`, 'note, line 3'],
    ['an en dash', `a\n\n${line().replace('—', '–')}`, 'note, line 3'],
    ['a horizontal bar', `a\n\n${line().replace('—', '―')}`, 'note, line 3'],
    ['no space after the dash', `a\n\n${line().replace('— ', '—')}`, 'note, line 3'],
    ['a no-break space after the dash', `a\n\n${line().replace('— ', '—\u00a0')}`, 'note, line 3'],
    ['two spaces after the dash', `a\n\n${line().replace('— ', '—  ')}`, 'note, line 3'],
    ['a space before the dash', `a\n\n ${line()}`, 'note, line 3'],
    ['a byte order mark before the dash', `a\n\n\ufeff${line()}`, 'note, line 3'],
    ['no name', `a\n\n— ${sig(68)}\n`, 'note, line 3'],
    ['a plus in the name', `a\n\n${line('x+y')}`, 'note, line 3'],
    ['a next line (U+0085) in the name', `a\n\n${line('x\u0085')}`, 'note, line 3'],
    ['an ideographic space in the name', `a\n\n${line('x\u3000')}`, 'note, line 3'],
    ['a line separator in the name', `a\n\n${line('x\u2028')}`, 'note, line 3'],
    ['two spaces before the signature', `a\n\n${line('x ')}`, 'note, line 3'],
    ['a space after the signature', `a\n\n${line().replace('\n', ' \n')}`, 'note, line 3'],
    ['no padding', `a\n\n${line('x', 67).replaceAll('=', '')}`, 'note, line 3'],
    ['too much padding', `a\n\n${line('x', 67).replace('=', '==')}`, 'note, line 3'],
    ['base64url', `a\n\n— x ${'-_'.repeat(34)}\n`, 'note, line 3'],
    ['spare bits', `a\n\n— x ${'A'.repeat(9)}B==\n`, 'note, line 3'],
    ['a key ID without a signature', `a\n\n${line('x', 4)}`, 'note, line 3'],
    ['less than a key ID', `a\n\n${line('x', 3)}`, 'note, line 3'],
    ['no base64', `a\n\n— x \n`, 'note, line 3'],
    ['a bad line after good ones', `a\n\n${line()}${line('y')}text\n`, 'note, line 5'],
    ['one line more than the cap', `a\n\n${line('x', 5).repeat(MAX_NOTE_SIGNATURES + 1)}`, 'note'],
    ['one byte more than the cap', `${'a'.repeat(MAX_NOTE_BYTES - line().length - 1)}\n\n${line()}`, 'note'],
  ])('%s', (_, note, at) => {
    const bytes = typeof note === 'string' ? utf8(note) : note;
    expect(() => parseNote(bytes)).toThrow(expect.objectContaining({ code: 'CHECKPOINT_MALFORMED', at }));
  });
});

describe('must accept', () => {
  it.each<[why: string, note: string, lines: number]>([
    ['a byte order mark and DEL in the text', `\ufeffa\u007f\n\n${line()}`, 1],
    ['an empty text line alone', `\n\n${line()}`, 1],
    ['a text that looks like signatures', `${line()}\n${line()}`, 1],
    ['as many lines as the cap', `a\n\n${line('x', 5).repeat(MAX_NOTE_SIGNATURES)}`, MAX_NOTE_SIGNATURES],
    ['as many bytes as the cap', `${'a'.repeat(MAX_NOTE_BYTES - utf8(line()).length - 2)}\n\n${line()}`, 1],
    ['names of other scripts', `a\n\n${line('журнал.example/日誌')}`, 1],
  ])('%s', (_, note, lines) => {
    const parsed = parseNote(utf8(note));
    expect(parsed.signatures).toHaveLength(lines);
    expect(formatNote(parsed.text, parsed.signatures)).toEqual(utf8(note));
  });
});

test('what cannot be read cannot be written', () => {
  const good: NoteSignature = { name: 'x', keyId: new Uint8Array(4), blob: new Uint8Array(1) };
  expect(parseNote(formatNote(TEXT, [good])).signatures).toEqual([good]);
  for (const [text, lines] of [
    ['no LF', [good]],
    ['', [good]],
    ['tab\t\n', [good]],
    ['lone \ud800\n', [good]],
    [TEXT, []],
    [TEXT, Array.from({ length: MAX_NOTE_SIGNATURES + 1 }, () => good)],
    [TEXT, [{ ...good, name: '' }]],
    [TEXT, [{ ...good, name: 'a b' }]],
    [TEXT, [{ ...good, name: 'a\n' }]],
    [TEXT, [{ ...good, name: '\udc00' }]],
    [TEXT, [{ ...good, keyId: new Uint8Array(3) }]],
    [TEXT, [{ ...good, blob: new Uint8Array(0) }]],
    [`${'a'.repeat(MAX_NOTE_BYTES)}\n`, [good]],
  ] as const)
    expect(() => formatNote(text, lines)).toThrow(RangeError);
});
