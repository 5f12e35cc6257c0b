import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { toHex, utf8 } from '../../src/base/bytes.ts';
import {
  checkpointText,
  parseCheckpointText,
  parseForeignCheckpointText,
  readForeignCheckpoint,
  readSignedCheckpoint,
} from '../../src/checkpoint/checkpoint.ts';
import { formatNote, parseNote } from '../../src/checkpoint/note.ts';
import { EXAMPLES, TEXT } from './notes.ts';

const ROOT = `${'A'.repeat(43)}=`;

test('the example of tlog-checkpoint: origin, size and root', () => {
  const { checkpoint, note } = readSignedCheckpoint(EXAMPLES.cosigned);
  expect({ ...checkpoint, root: toHex(checkpoint.root) }).toEqual({
    origin: 'example.com/behind-the-sofa',
    size: 20852163,
    root: '0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62',
  });
  expect(checkpointText(checkpoint)).toBe(note.text);
  expect(note.signatures.map(({ blob }) => blob.length)).toEqual([64, 72]);
});

test('reading undoes writing', () => {
  const origins = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._~/:-]{0,199}$/);
  fc.assert(
    fc.property(origins, fc.maxSafeNat(), fc.uint8Array({ minLength: 32, maxLength: 32 }), (origin, size, root) => {
      expect(parseCheckpointText(checkpointText({ origin, size, root }))).toEqual({ origin, size, root });
    }),
  );
});

describe('must reject', () => {
  it.each<[why: string, text: string]>([
    ['nothing', ''],
    ['no LF at the end', TEXT.slice(0, -1)],
    ['two lines', 'example.com/a\n7\n'],
    ['an empty origin', `\n7\n${ROOT}\n`],
    ['an empty size', `example.com/a\n\n${ROOT}\n`],
    ['a leading zero', `example.com/a\n07\n${ROOT}\n`],
    ['two zeros', `example.com/a\n00\n${ROOT}\n`],
    ['a sign', `example.com/a\n+7\n${ROOT}\n`],
    ['minus zero', `example.com/a\n-0\n${ROOT}\n`],
    ['a fraction', `example.com/a\n7.0\n${ROOT}\n`],
    ['an exponent', `example.com/a\n1e3\n${ROOT}\n`],
    ['hexadecimal', `example.com/a\n0x7\n${ROOT}\n`],
    ['a space before the size', `example.com/a\n 7\n${ROOT}\n`],
    ['a space after the size', `example.com/a\n7 \n${ROOT}\n`],
    ['other digits', `example.com/a\n٧\n${ROOT}\n`],
    ['2^53', `example.com/a\n9007199254740992\n${ROOT}\n`],
    ['2^64', `example.com/a\n18446744073709551616\n${ROOT}\n`],
    ['a root of 31 bytes', `example.com/a\n7\n${'A'.repeat(42)}==\n`],
    ['a root of 33 bytes', `example.com/a\n7\n${'A'.repeat(44)}\n`],
    ['a root without padding', `example.com/a\n7\n${'A'.repeat(43)}\n`],
    ['a root with spare bits', `example.com/a\n7\n${'A'.repeat(42)}B=\n`],
    ['a root in base64url', `example.com/a\n7\n${'_'.repeat(42)}8=\n`],
    ['a root in hexadecimal', `example.com/a\n7\n${'0'.repeat(64)}\n`],
    ['an empty line at the end', `${TEXT}\n`],
  ])('%s, of our logs and of others', (_, text) => {
    expect(() => parseCheckpointText(text)).toThrow(expect.objectContaining({ code: 'CHECKPOINT_MALFORMED' }));
    expect(() => parseForeignCheckpointText(text)).toThrow(expect.objectContaining({ code: 'CHECKPOINT_MALFORMED' }));
  });

  it.each<[why: string, text: string]>([
    ['an extension line', `${TEXT}more\n`],
    ['an origin with a space', `Go sum database\n7\n${ROOT}\n`],
    ['an origin of 201 characters', `${'a'.repeat(201)}\n7\n${ROOT}\n`],
    ['an origin that begins with a slash', `/a\n7\n${ROOT}\n`],
  ])('%s: of others only', (_, text) => {
    expect(() => parseCheckpointText(text)).toThrow(expect.objectContaining({ code: 'CHECKPOINT_MALFORMED' }));
    expect(parseForeignCheckpointText(text)).toMatchObject({ size: 7, root: new Uint8Array(32) });
  });
});

test('another log’s extension lines are read and kept; an empty one is not', () => {
  expect(parseForeignCheckpointText(`${TEXT}one\ntwo\n`).extensions).toEqual(['one', 'two']);
  expect(() => parseForeignCheckpointText(`${TEXT}one\n\ntwo\n`)).toThrow(/line 5/);
  const { signatures } = parseNote(EXAMPLES.cosigned);
  const note = formatNote(`${TEXT}one\n`, signatures);
  expect(readForeignCheckpoint(note)).toMatchObject({
    checkpoint: { extensions: ['one'] },
    note: { text: `${TEXT}one\n` },
  });
  expect(() => readSignedCheckpoint(note)).toThrow(/three lines/);
  expect(() => readSignedCheckpoint(utf8(TEXT))).toThrow(/empty line/);
});

test('what cannot be read cannot be written', () => {
  const good = { origin: 'example.com/a', size: 7, root: new Uint8Array(32) };
  expect(checkpointText(good)).toBe(`example.com/a\n7\n${ROOT}\n`);
  for (const bad of [
    { ...good, origin: '' },
    { ...good, origin: 'a\nb' },
    { ...good, size: -1 },
    { ...good, size: 0.5 },
    { ...good, size: 2 ** 53 },
    { ...good, root: new Uint8Array(31) },
  ])
    expect(() => checkpointText(bad)).toThrow(RangeError);
});
