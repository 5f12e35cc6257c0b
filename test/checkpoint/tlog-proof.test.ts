import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { concatBytes, toBase64, utf8, utf8Text } from '../../src/base/bytes.ts';
import { isReceiptError } from '../../src/base/errors.ts';
import { signCheckpoint } from '../../src/checkpoint/note-keys.ts';
import {
  formatReceiptFile,
  formatReceiptProof,
  parseReceiptFile,
  parseReceiptProof,
  type StandAloneReceipt,
} from '../../src/checkpoint/receipt-file.ts';
import { formatTlogProof, isTlogProof, parseTlogProof } from '../../src/checkpoint/tlog-proof.ts';
import { nobleSha256Hex } from '../../src/crypto/hash.ts';
import { canonicalBytes } from '../../src/receipt/canonical.ts';
import { entryBytes, entryHash, ZERO_HASH } from '../../src/receipt/entry.ts';
import { lineOf } from '../../src/receipt/receipt.ts';
import { logSigner } from './keys.ts';
import { EXAMPLES } from './notes.ts';

const ORIGIN = 'example.com/log/0123456789ab';
const note = await signCheckpoint({ origin: ORIGIN, size: 9, root: new Uint8Array(32) }, [logSigner]);
const hash = (n: number): Uint8Array => new Uint8Array(32).fill(n);

/** The example of tlog-proof, its elided note replaced by a whole one of another specification. */
const EXAMPLE = concatBytes(
  utf8(`c2sp.org/tlog-proof@v1
extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6kYXJ3aW4tYXJ
index 73894
gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=
EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=
RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=
AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=

`),
  EXAMPLES.cosigned,
);

test('the example of the specification reads, and writes back byte for byte', () => {
  const proof = parseTlogProof(EXAMPLE);
  expect(utf8Text(proof.extra!.subarray(0, 30))).toBe('age-v1.2.1-darwin-arm64.tar.gz');
  expect(proof.index).toBe(73894);
  expect(proof.path.map(toBase64)).toEqual(utf8Text(EXAMPLE).split('\n').slice(3, 8));
  expect(proof.checkpoint).toEqual(EXAMPLES.cosigned);
  expect(formatTlogProof(proof)).toEqual(EXAMPLE);
  expect([isTlogProof(EXAMPLE), isTlogProof(note), isTlogProof(new Uint8Array(0))]).toEqual([true, false, false]);
});

test('reading undoes writing', () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 40 });
  const path = fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { maxLength: 63 });
  fc.assert(
    fc.property(fc.option(bytes), fc.maxSafeNat(), path, (extra, index, hashes) => {
      const proof = { extra, index, path: hashes, checkpoint: note };
      expect(parseTlogProof(formatTlogProof(proof))).toEqual(proof);
    }),
  );
});

test('every byte of the head, set to every value: refused, or written back as it was', () => {
  const end = EXAMPLE.length - EXAMPLES.cosigned.length;
  let refused = 0;
  for (let at = 0; at < end; at++)
    for (let byte = 0; byte < 256; byte++) {
      const changed = EXAMPLE.with(at, byte);
      try {
        expect(toBase64(formatTlogProof(parseTlogProof(changed)))).toBe(toBase64(changed));
      } catch (error) {
        if (!isReceiptError(error, 'PROOF_MALFORMED') && !isReceiptError(error, 'CHECKPOINT_MALFORMED')) throw error;
        refused++;
      }
    }
  expect(refused).toBeGreaterThan(end * 100);
});

describe('must reject', () => {
  const text = utf8Text(EXAMPLE);
  it.each<[why: string, proof: string]>([
    ['nothing', ''],
    ['another version', text.replace('@v1', '@v2')],
    ['extra after index', text.replace(/(extra .*\n)(index .*\n)/, '$2$1')],
    ['two extras', text.replace(/(extra .*\n)/, '$1$1')],
    ['an empty extra', text.replace(/extra .*\n/, 'extra \n')],
    ['extra without a space', text.replace('extra ', 'extra')],
    ['no index', text.replace(/index .*\n/, '')],
    ['a leading zero', text.replace('index 7', 'index 07')],
    ['a sign', text.replace('index 7', 'index +7')],
    ['index 2^53', text.replace('73894', '9007199254740992')],
    ['two spaces', text.replace('index ', 'index  ')],
    ['CRLF', text.replaceAll('\n', '\r\n')],
    ['a hash of 31 bytes', text.replace(/gSKy.*\n/, `${toBase64(new Uint8Array(31))}\n`)],
    ['a hash without padding', text.replace('dPlQ=', 'dPlQ')],
    ['64 hashes', text.replace(/gSKy.*\n/, `${toBase64(hash(1))}\n`.repeat(60))],
    ['no empty line', text.replace('5vk=\n\n', '5vk=\n')],
    ['two empty lines', text.replace('5vk=\n\n', '5vk=\n\n\n')],
    ['no checkpoint', text.slice(0, text.indexOf('example.com'))],
    ['a checkpoint that is none', text.replace('20852163', '0020852163')],
    ['a checkpoint without signatures', text.slice(0, text.indexOf('\n—'))],
  ])('%s', (_, proof) => {
    expect(proof).not.toBe(text);
    expect(() => parseTlogProof(utf8(proof))).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^(PROOF|CHECKPOINT)_MALFORMED$/) }),
    );
  });
  it('what cannot be read cannot be written', () => {
    const good = parseTlogProof(EXAMPLE);
    for (const bad of [
      { extra: new Uint8Array(0) },
      { index: -1 },
      { index: 0.5 },
      { path: [new Uint8Array(31)] },
      { path: Array.from({ length: 64 }, () => hash(1)) },
    ])
      expect(() => formatTlogProof({ ...good, ...bad })).toThrow(RangeError);
    expect(() => formatTlogProof({ ...good, checkpoint: utf8('x') })).toThrow(/empty line/);
  });
});

function line(seq: number, event: Record<string, string> = { type: 'custom' }): Uint8Array {
  const entry = entryBytes(canonicalBytes(event), {
    id: `01890a5d-ac96-774b-bcce-b302099a${String(seq).padStart(4, '0')}`,
    log: ORIGIN,
    prev: ZERO_HASH,
    seq,
    time: '2026-11-20T20:34:00.123Z',
  });
  return lineOf(entry, entryHash(entry, nobleSha256Hex), []).slice(0, -1);
}

const genesis = { line: line(0), path: [hash(1)] };
const rotation = { line: line(3), path: [hash(2), hash(3)] };
const receipt = { line: line(7, { type: 'custom', text: '“quotes” \u2028 "and" \\ more' }), path: [hash(4)] };
const whole: StandAloneReceipt = { receipt, before: [genesis, rotation], checkpoint: note };
const first: StandAloneReceipt = { receipt: genesis, before: [], checkpoint: note };

describe('a stand-alone receipt', () => {
  it.each([
    ['with genesis and a rotation', whole],
    ['of genesis', first],
    ['with genesis alone', { ...whole, before: [genesis] }],
  ])('%s: reading undoes writing, in both forms', (_, one) => {
    expect(parseReceiptFile(formatReceiptFile(one))).toEqual(one);
    expect(parseReceiptProof(formatReceiptProof(one))).toEqual(one);
  });
  it('JSON is one canonical line, whose members are those of the format', () => {
    const bytes = formatReceiptFile(whole);
    const value = JSON.parse(utf8Text(bytes));
    expect(Object.keys(value)).toEqual(['checkpoint', 'genesis', 'line', 'path', 'rotations', 'schema']);
    expect(value).toMatchObject({
      schema: 'perdure/receipt/v1',
      line: utf8Text(receipt.line),
      path: ['04'.repeat(32)],
      genesis: { line: utf8Text(genesis.line), path: ['01'.repeat(32)] },
      rotations: [{ path: ['02'.repeat(32), '03'.repeat(32)] }],
      checkpoint: utf8Text(note),
    });
    expect(bytes).toEqual(concatBytes(canonicalBytes(value), utf8('\n')));
  });
  it('.tlog-proof: index and path are the receipt’s, the checkpoint stands there byte for byte', () => {
    const { index, path, checkpoint, extra } = parseTlogProof(formatReceiptProof(whole));
    expect({ index, path, checkpoint }).toEqual({ index: 7, path: receipt.path, checkpoint: note });
    expect(Object.keys(JSON.parse(utf8Text(extra!)))).toEqual(['genesis', 'line', 'rotations', 'schema']);
  });
  it('is refused in any other spelling', () => {
    const value = JSON.parse(utf8Text(formatReceiptFile(whole)));
    const json = (change: object): Uint8Array => concatBytes(canonicalBytes({ ...value, ...change }), utf8('\n'));
    expect(parseReceiptFile(json({}))).toEqual(whole);
    const { genesis: _, ...lacking } = value;
    const bad: [string, Uint8Array][] = [
      ['nothing', new Uint8Array(0)],
      ['no LF', json({}).slice(0, -1)],
      ['two LF', concatBytes(json({}), utf8('\n'))],
      ['a space', utf8(utf8Text(json({})).replace(',', ', '))],
      ['members in another order', utf8(`${JSON.stringify({ schema: value.schema, ...value })}\n`)],
      ['a duplicate', utf8(utf8Text(json({})).replace('{', '{"schema":"perdure/receipt/v1",'))],
      ['an array', utf8('[]\n')],
      ['null', utf8('null\n')],
      ['another schema', json({ schema: 'perdure/receipt/v2' })],
      ['a further member', json({ note: '' })],
      ['a missing member', concatBytes(canonicalBytes(lacking), utf8('\n'))],
      ['a path that is none', json({ path: null })],
      ['upper-case hex', json({ path: ['AB'.repeat(32)] })],
      ['base64 in a path', json({ path: [toBase64(hash(1))] })],
      ['a number in a path', json({ path: [1] })],
      ['64 hashes', json({ path: Array(64).fill('00'.repeat(32)) })],
      ['a line that is no text', json({ line: 7 })],
      ['an empty line', json({ line: '' })],
      ['two lines in one', json({ line: `${value.line}\n${value.line}` })],
      ['two lines as genesis', json({ genesis: { ...value.genesis, line: `${value.line}\n${value.line}` } })],
      ['a genesis with more', json({ genesis: { ...value.genesis, seq: 0 } })],
      ['a genesis that is text', json({ genesis: 'genesis' })],
      ['rotations without genesis', json({ genesis: null })],
      ['rotations that are none', json({ rotations: {} })],
      ['a rotation without a path', json({ rotations: [{ line: value.line }] })],
      ['a checkpoint that is none', json({ checkpoint: 'x' })],
      [
        'another log’s checkpoint with an extension line',
        json({ checkpoint: value.checkpoint.replace('\n\n', '\nx\n\n') }),
      ],
    ];
    for (const [why, bytes] of bad)
      expect(() => parseReceiptFile(bytes), why).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^(PROOF|CHECKPOINT)_MALFORMED$/) }),
      );
  });
  it('.tlog-proof: the index must be the seq of the line; other tools’ proofs carry no receipt', () => {
    const proof = parseTlogProof(formatReceiptProof(whole));
    expect(() => parseReceiptProof(formatTlogProof({ ...proof, index: 6 }))).toThrow(/seq of its line/);
    expect(() => parseReceiptProof(formatTlogProof({ ...proof, extra: null }))).toThrow(/extra data/);
    expect(() => parseReceiptProof(EXAMPLE)).toThrow(expect.objectContaining({ code: 'PROOF_MALFORMED' }));
  });
  it('a line that is no receipt is left to verification', () => {
    const broken = { ...whole, receipt: { ...receipt, line: utf8('{"entry":') } };
    expect(parseReceiptFile(formatReceiptFile(broken))).toEqual(broken);
    expect(() => formatReceiptProof(broken)).toThrow(expect.objectContaining({ code: 'LINE_MALFORMED' }));
  });
});
