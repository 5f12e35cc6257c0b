import { utf8, utf8Text } from '../src/base/bytes.ts';
import { formatReceiptFile, formatReceiptProof, type StandAloneReceipt } from '../src/checkpoint/receipt-file.ts';
import { rotationEvent } from '../src/receipt/control.ts';
import { LogBuilder } from './build.ts';
import { KEYS, type KeyName, keyTable } from './case.ts';
import { checkpointOf, proofOf, standAloneOf } from './checkpoint.ts';

/** A stand-alone receipt or a checkpoint by itself, and what must come of it. */
export interface ProofCase {
  readonly name: string;
  /** The rule it shows, with the section of the format. */
  readonly about: string;
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly trust: readonly KeyName[];
  /** A verdict and the codes of its problems, in order; or the error of what is none. */
  readonly expect: { readonly verdict: string; readonly codes: readonly string[] } | { readonly error: string };
}

const { alice, bob, eve } = KEYS;
const RECEIPT = '7: a stand-alone receipt: line, path, checkpoint, genesis and rotations before it with their paths';
const PATH = '7: every path must lead to the root of the checkpoint';
const SIGNED = '7: the requirement applies unchanged: the keys that rule at its size signed the checkpoint';
const SPELLING = '7, C2SP: one spelling only';
const VALID = { verdict: 'valid', codes: [] };

const log = new LogBuilder([alice]).genesis('batch').calls(10, { by: [] });
const signed = new LogBuilder([alice]).genesis().calls(3);
const rotated = new LogBuilder([alice]).genesis('batch').calls(2, { by: [] });
rotated.add(rotationEvent({ mode: 'batch', keys: [bob.publicKey] }), { by: [alice, bob] });
rotated.keys = [bob];
rotated.calls(4, { by: [] });

const note = checkpointOf(log, 11, [alice]);
const five = standAloneOf(log, 5, note);
const flipped = (hash: Uint8Array): Uint8Array => hash.map((byte, i) => (i === 0 ? byte ^ 1 : byte));
const withPath = (one: StandAloneReceipt, path: readonly Uint8Array[]): StandAloneReceipt => ({
  ...one,
  receipt: { ...one.receipt, path },
});

type Made = Omit<ProofCase, 'trust'> & { readonly trust?: ProofCase['trust'] };

/** Both forms of one receipt. */
function both(
  name: string,
  about: string,
  one: StandAloneReceipt,
  expect: ProofCase['expect'],
  trust?: ProofCase['trust'],
): Made[] {
  const shared = { about, expect, ...(trust === undefined ? {} : { trust }) };
  return [
    { ...shared, name, file: `${name}.tlog-proof`, bytes: formatReceiptProof(one) },
    { ...shared, name: `${name}-json`, file: `${name}.json`, bytes: formatReceiptFile(one) },
  ];
}

function receipts(): Made[] {
  const invalid = (...codes: string[]): ProofCase['expect'] => ({ verdict: 'invalid', codes });
  const open = (...codes: string[]): ProofCase['expect'] => ({ verdict: 'unverifiable', codes });
  const byBob = checkpointOf(rotated, 8, [bob]);
  const six = standAloneOf(rotated, 6, byBob);
  const edited = utf8(utf8Text(five.receipt.line).replace('fs.', 'fz.'));
  return [
    ...both('receipt', RECEIPT, five, VALID),
    ...both('receipt-genesis', RECEIPT, standAloneOf(log, 0, note), VALID),
    ...both('receipt-last', RECEIPT, standAloneOf(log, 10, note), VALID),
    ...both(
      'receipt-only-one',
      '7: the path of the only leaf is empty',
      standAloneOf(log, 0, checkpointOf(log, 1, [alice])),
      VALID,
    ),
    ...both('receipt-signed-by-itself', RECEIPT, standAloneOf(signed, 2, checkpointOf(signed, 4, [alice])), VALID),
    ...both('receipt-after-rotation', SIGNED, six, VALID),
    ...both(
      'path-hash-changed',
      PATH,
      withPath(
        five,
        five.receipt.path.map((hash, i) => (i === 1 ? flipped(hash) : hash)),
      ),
      invalid('UNSIGNED_TAIL', 'TAIL_FORKED'),
    ),
    ...both(
      'path-too-short',
      PATH,
      withPath(five, five.receipt.path.slice(1)),
      invalid('UNSIGNED_TAIL', 'TAIL_FORKED'),
    ),
    ...both(
      'path-too-long',
      PATH,
      withPath(five, [...five.receipt.path, five.receipt.path[0]!]),
      invalid('UNSIGNED_TAIL', 'TAIL_FORKED'),
    ),
    ...both(
      'path-of-another',
      PATH,
      withPath(five, proofOf(log.lines, 4, 11)),
      invalid('UNSIGNED_TAIL', 'TAIL_FORKED'),
    ),
    ...both(
      'path-of-genesis-changed',
      PATH,
      { ...five, before: [{ ...five.before[0]!, path: five.before[0]!.path.map(flipped) }] },
      invalid('UNSIGNED_TAIL', 'TAIL_FORKED'),
    ),
    ...both(
      'line-edited',
      '2: each stated hash equals the computed one',
      { ...five, receipt: { ...five.receipt, line: edited } },
      invalid('HASH_MISMATCH'),
    ),
    ...both(
      'checkpoint-by-a-stranger',
      SIGNED,
      standAloneOf(log, 5, checkpointOf(log, 11, [eve])),
      open('UNSIGNED_TAIL', 'CHECKPOINT_UNTRUSTED'),
    ),
    ...both(
      'rotation-left-out',
      SIGNED,
      { ...six, before: six.before.slice(0, 1) },
      open('UNSIGNED_TAIL', 'CHECKPOINT_UNTRUSTED'),
    ),
    ...both(
      'genesis-left-out',
      '3: without a chain requirement a line lacks an ML-DSA signature',
      { ...five, before: [] },
      invalid('SIGNATURE_MISSING'),
    ),
    ...both('nobody-known', '3: UNKNOWN_SIGNER: it rests on no outside key', five, open('UNKNOWN_SIGNER'), []),
  ];
}

/** Files that are no receipts, each by one change of the text of a good one. */
function refusedReceipts(): Made[] {
  const proof = utf8Text(formatReceiptProof(five));
  const json = utf8Text(formatReceiptFile(five));
  const plain = (name: string, text: string, change: (text: string) => string, error: string): Made => {
    const bytes = utf8(change(text));
    if (utf8Text(bytes) === text) throw new Error(`proofs: ${name} changes nothing`);
    const file = `${name}.${text === proof ? 'tlog-proof' : 'json'}`;
    return { name, about: SPELLING, file, bytes, expect: { error } };
  };
  const P = 'PROOF_MALFORMED';
  return [
    plain('proof-crlf', proof, (text) => text.replaceAll('\n', '\r\n'), P),
    plain(
      'proof-index-zero-padded',
      proof,
      (text) => text.replace('\nindex 5\n', '\nindex 05\n'),
      'CHECKPOINT_MALFORMED',
    ),
    plain('proof-index-of-another', proof, (text) => text.replace('\nindex 5\n', '\nindex 6\n'), P),
    plain('proof-without-extra', proof, (text) => text.replace(/\nextra .*\n/, '\n'), P),
    plain('proof-without-empty-line', proof, (text) => text.replaceAll('\n\n', '\n'), P),
    plain(
      'json-pretty',
      json,
      (text) => `${JSON.stringify(JSON.parse(text), null, 1)}\n`.replace('{\n "checkpoint": "', '{"checkpoint":"'),
      P,
    ),
    plain(
      'json-hex-upper-case',
      json,
      (text) => text.replace(/"path":\["[0-9a-f]{64}/, (hash) => `"path":["${hash.slice(9).toUpperCase()}`),
      P,
    ),
    plain('json-another-member', json, (text) => text.replace('"schema":', '"role":"x","schema":'), P),
    plain('json-without-its-end', json, (text) => text.trimEnd(), P),
  ];
}

/** Checkpoints by themselves. */
function checkpoints(): Made[] {
  const text = utf8Text(note);
  const one = (name: string, about: string, bytes: Uint8Array, expect: ProofCase['expect']): Made => ({
    name,
    about,
    file: `${name}.checkpoint`,
    bytes,
    expect,
  });
  const refused = (name: string, change: (text: string) => string): Made => {
    if (change(text) === text) throw new Error(`proofs: ${name} changes nothing`);
    return one(name, SPELLING, utf8(change(text)), { error: 'CHECKPOINT_MALFORMED' });
  };
  const untrusted = { verdict: 'unverifiable', codes: ['CHECKPOINT_UNTRUSTED'] };
  return [
    one('checkpoint', '7: a checkpoint that a known key signed', note, VALID),
    one(
      'checkpoint-with-a-stranger-too',
      '7, C2SP: unknown signatures are ignored',
      checkpointOf(log, 11, [eve, alice]),
      VALID,
    ),
    one('checkpoint-stranger', '8: one without the lines that are asked for', checkpointOf(log, 11, [eve]), untrusted),
    one(
      'checkpoint-root-changed',
      '8: a known key ID whose signature fails',
      utf8(text.replace(/\n11\n./, (root) => `\n11\n${root[4] === 'A' ? 'B' : 'A'}`)),
      untrusted,
    ),
    refused('note-crlf', (lines) => lines.replaceAll('\n', '\r\n')),
    refused('note-without-its-last-line-end', (lines) => lines.slice(0, -1)),
    refused('note-without-signatures', (lines) => lines.slice(0, lines.indexOf('— '))),
    refused('note-hyphen-for-dash', (lines) => lines.replace('— ', '- ')),
    refused('note-size-zero-padded', (lines) => lines.replace('\n11\n', '\n011\n')),
    refused('note-size-signed', (lines) => lines.replace('\n11\n', '\n+11\n')),
    refused('note-size-above-2-53', (lines) => lines.replace('\n11\n', '\n9007199254740992\n')),
    refused('note-root-without-padding', (lines) => lines.replace('=\n\n', '\n\n')),
    refused('note-root-loose-bits', (lines) =>
      lines.replace(/.=\n\n/, (end) => `${String.fromCharCode(end.charCodeAt(0) + 1)}=\n\n`),
    ),
    refused('note-extension-line', (lines) => lines.replace('\n\n', '\nmore\n\n')),
    refused('note-two-empty-lines', (lines) => lines.replace('\n\n', '\n\n\n')),
    refused('note-space-at-the-end', (lines) => lines.replace(/\n$/, ' \n')),
    refused('note-something-after-it', (lines) => `${lines}more\n`),
  ];
}

/** All cases, in order. @throws Error when a name or a file recurs. */
export function proofCases(): ProofCase[] {
  const all = [...receipts(), ...refusedReceipts(), ...checkpoints()].map((one) => ({
    trust: ['alice'] as const,
    ...one,
  }));
  if (
    new Set(all.map(({ name }) => name)).size !== all.length ||
    new Set(all.map(({ file }) => file)).size !== all.length
  )
    throw new Error('proofs: a name recurs');
  return all;
}

/** @returns contents by path below vectors/, the index among them. */
export function proofFiles(): Map<string, Uint8Array> {
  const cases = proofCases();
  const files = new Map(cases.map(({ file, bytes }) => [`proofs/${file}`, bytes] as const));
  const entries = cases.map(({ name, about, file, trust, expect }) =>
    JSON.stringify({ name, about, file, keys: trust.map((key) => ({ key })), expected: expect }),
  );
  const keys = JSON.stringify(keyTable(), null, 2).replaceAll('\n', '\n  ');
  const index = `{\n  "schema": "perdure/vectors-proofs/v1",\n  "keys": ${keys},\n  "cases": [\n    ${entries.join(',\n    ')}\n  ]\n}\n`;
  return files.set('proofs/index.json', utf8(index));
}
