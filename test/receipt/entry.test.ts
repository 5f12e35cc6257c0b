import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { utf8, utf8Text } from '../../src/base/bytes.ts';
import { nobleSha256Hex, sha256Hex } from '../../src/crypto/hash.ts';
import { isReceiptError } from '../../src/index.ts';
import { canonicalBytes } from '../../src/receipt/canonical.ts';
import { entryBytes, entryHash } from '../../src/receipt/entry.ts';
import { lineBytes, parseReceipt, readLineHead } from '../../src/receipt/receipt.ts';

const frame = {
  id: '01997a1b-2c3d-7e4f-8a5b-6c7d8e9f0a1b',
  log: 'example.com/audit/3fa2c1d4e5f6',
  prev: 'ab'.repeat(32),
  seq: 41,
  time: '2026-11-20T20:34:00.123Z',
};
const event = { type: 'tool_call', agent: 'build-bot' };
// Written out by hand, byte for byte as format section 1 says: this is what is hashed and signed.
const ENTRY =
  '{"event":{"agent":"build-bot","type":"tool_call"},"id":"01997a1b-2c3d-7e4f-8a5b-6c7d8e9f0a1b",' +
  '"log":"example.com/audit/3fa2c1d4e5f6","prev":"abababababababababababababababababababababababababababababababab",' +
  '"seq":41,"time":"2026-11-20T20:34:00.123Z","v":1}';
const HASH = createHash('sha256')
  .update(Buffer.concat([Buffer.of(0), Buffer.from(ENTRY)]))
  .digest('hex');

describe('the bytes that are signed', () => {
  test('are these', () => {
    expect(utf8Text(entryBytes(canonicalBytes(event), frame))).toBe(ENTRY);
  });
  test('their hash is SHA-256 of a zero byte and them: the RFC 9162 leaf hash', () => {
    expect(entryHash(utf8(ENTRY), sha256Hex)).toBe(HASH);
    expect(entryHash(utf8(ENTRY), nobleSha256Hex)).toBe(HASH);
  });
  test('65,535 of them are allowed, 65,536 refused', () => {
    const pad = (size: number) => ({ data: 'x'.repeat(size) });
    const overhead = entryBytes(canonicalBytes(pad(0)), frame).length;
    expect(entryBytes(canonicalBytes(pad(65_535 - overhead)), frame)).toHaveLength(65_535);
    expect(() => entryBytes(canonicalBytes(pad(65_536 - overhead)), frame)).toThrow(
      expect.objectContaining({ code: 'ENTRY_TOO_LARGE' }),
    );
  });
});

describe('the line', () => {
  const kidA = `A${'A'.repeat(42)}`;
  const kidB = `B${'A'.repeat(42)}`;
  const signatures = [
    { alg: 'X', kid: kidB, bytes: Uint8Array.of(255, 255) },
    { alg: 'Y', kid: kidA, bytes: Uint8Array.of(0) },
  ];
  const LINE = `{"entry":${ENTRY},"hash":"${HASH}","sigs":[{"alg":"Y","kid":"${kidA}","sig":"AA"},{"alg":"X","kid":"${kidB}","sig":"__8"}]}\n`;
  test('is this, signatures ascending by kid whatever order they were made in', () => {
    expect(utf8Text(lineBytes(utf8(ENTRY), HASH, signatures))).toBe(LINE);
  });
  test('parses back to what it was made of', () => {
    const receipt = parseReceipt(utf8(LINE.slice(0, -1)));
    expect(receipt.entry).toEqual({ event, ...frame, v: 1 });
    expect(receipt.hash).toBe(HASH);
    expect(receipt.sigs.map(({ kid, sig }) => [kid, sig])).toEqual([
      [kidA, 'AA'],
      [kidB, '__8'],
    ]);
    expect(utf8Text(readLineHead(utf8(LINE.slice(0, -1))).entryBytes)).toBe(ENTRY);
  });
  test('what is no line is refused with the byte where it breaks', () => {
    try {
      parseReceipt(utf8(LINE.slice(0, -1).replace('"seq":41', '"seq":041')));
      expect.unreachable();
    } catch (error) {
      expect(isReceiptError(error, 'LINE_MALFORMED')).toBe(true);
      expect((error as { at: string }).at).toBe(`byte ${LINE.indexOf('"seq":41') + 6}`);
    }
  });
});
