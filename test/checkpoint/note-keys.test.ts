import { createPublicKey, verify as nodeVerify } from 'node:crypto';
import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js';
import { describe, expect, it, test } from 'vitest';
import { concatBytes, fromHex, utf8 } from '../../src/base/bytes.ts';
import { checkpointText, readSignedCheckpoint } from '../../src/checkpoint/checkpoint.ts';
import { cosignatureMessage, subtreeMessage } from '../../src/checkpoint/cosignature.ts';
import { formatNote, type Note, type NoteSignature, parseNote } from '../../src/checkpoint/note.ts';
import {
  cosign,
  cosignerKeyOf,
  cosignerOf,
  judgeSignatures,
  mlDsa44KeyOf,
  noteKeyOf,
  signCheckpoint,
} from '../../src/checkpoint/note-keys.ts';
import { type NoteVerifierKey, parseVkey } from '../../src/checkpoint/vkey.ts';
import { createNobleSigner } from '../../src/crypto/engine-noble-sign.ts';
import { generateKey } from '../../src/crypto/keys.ts';
import { deriveMlDsa44 } from '../../src/crypto/ml-dsa-44-sign.ts';
import type { Signer } from '../../src/crypto/signer.ts';
import { encodeSpki } from '../../src/crypto/spki.ts';
import { CONTEXTS } from '../../src/crypto/verifier.ts';
import {
  cosigners,
  ed25519,
  logSigner,
  logSignerEd25519,
  mlDsa44Keys,
  mlDsa65,
  verifier,
  WITNESS,
  witnessKey,
} from './keys.ts';
import { EXAMPLES, TEXT } from './notes.ts';

const ORIGIN = 'example.com/log/0123456789ab';
const checkpoint = { origin: ORIGIN, size: 7, root: new Uint8Array(32) };
const NOW = 1_800_000_000;
const pq = noteKeyOf(ORIGIN, mlDsa65.publicKey);
const classical = noteKeyOf(ORIGIN, ed25519.publicKey);
const judge = (note: Note, ...keys: readonly NoteVerifierKey[]) => judgeSignatures(note, keys, verifier);
const note = parseNote(await signCheckpoint(checkpoint, [logSigner, logSignerEd25519]));
const flipped = (bytes: Uint8Array, at: number): Uint8Array => bytes.with(at, bytes[at]! ^ 1);
const withBlob = (at: number, blob: Uint8Array): Note => ({
  text: note.text,
  signatures: note.signatures.map((one, i) => (i === at ? { ...one, blob } : one)),
});

test('the note of the specification verifies under its key, and no changed text or signature does', async () => {
  const key = parseVkey(EXAMPLES.messageKey);
  const example = parseNote(EXAMPLES.message);
  expect(await judge(example, key)).toEqual({ good: [{ key, timestamp: null }], bad: [], unknown: 0 });
  expect(await judge({ ...example, text: `${example.text}\n` }, key)).toEqual({ good: [], bad: [key], unknown: 0 });
  const [line] = example.signatures as [NoteSignature];
  const changed = { text: example.text, signatures: [{ ...line, blob: flipped(line.blob, 40) }] };
  expect((await judge(changed, key)).bad).toEqual([key]);
});

describe('a checkpoint of a log', () => {
  it('has one line a signer, in their order, named by the origin', async () => {
    expect(readSignedCheckpoint(formatNote(note.text, note.signatures)).checkpoint).toEqual(checkpoint);
    expect(note.signatures.map(({ name, keyId, blob }) => [name, keyId, blob.length])).toEqual([
      [ORIGIN, pq.id, 3309],
      [ORIGIN, classical.id, 64],
    ]);
    expect(await judge(note, pq, classical)).toEqual({
      good: [
        { key: pq, timestamp: null },
        { key: classical, timestamp: null },
      ],
      bad: [],
      unknown: 0,
    });
  });
  it('signs the text under our context with ML-DSA-65, and bare with Ed25519, which any other tool verifies', async () => {
    const [first, second] = note.signatures as [NoteSignature, NoteSignature];
    expect(await verifier.verify(mlDsa65.publicKey, utf8(note.text), first.blob, CONTEXTS.checkpoint)).toBe(true);
    for (const context of ['', CONTEXTS.entry, CONTEXTS.trust])
      expect(await verifier.verify(mlDsa65.publicKey, utf8(note.text), first.blob, context)).toBe(false);
    const spki = createPublicKey({ key: Buffer.from(encodeSpki(ed25519.publicKey)), format: 'der', type: 'spki' });
    expect(nodeVerify(null, utf8(note.text), spki, second.blob)).toBe(true);
    for (const context of ['', CONTEXTS.checkpoint])
      expect(await verifier.verify(ed25519.publicKey, utf8(note.text), second.blob, context)).toBe(false);
  });
  it('every engine that signs Ed25519 signs bare text alike; ML-DSA refuses it', async () => {
    const { createSigner } = await import('../../src/crypto/signers.ts');
    const bare = utf8(note.text);
    for (const options of [{ engine: 'noble' }, { engine: 'native' }, { engine: 'noble', worker: true }] as const) {
      const signer = await createSigner(ed25519, options);
      expect(await signer.sign({ bare })).toEqual(note.signatures[1]!.blob);
      await signer.close();
    }
    for (const options of [{ engine: 'noble' }, { engine: 'wasm' }, { engine: 'noble', worker: true }] as const) {
      const signer = await createSigner(mlDsa65, options);
      await expect(signer.sign({ bare })).rejects.toMatchObject({ code: 'UNSUPPORTED' });
      await signer.close();
    }
  });
  it('nothing that could be signed under a context is signed bare', async () => {
    for (const bare of [new Uint8Array(0), Uint8Array.of(0, 0, 65), Uint8Array.of(0x1f), Uint8Array.of(10)])
      await expect(logSignerEd25519.sign({ bare })).rejects.toThrow(RangeError);
    await expect(logSignerEd25519.sign({ bare: 'text' as unknown as Uint8Array })).rejects.toThrow(TypeError);
    await expect(logSignerEd25519.sign({ bare: utf8('a'), mu: new Uint8Array(64) })).rejects.toThrow(TypeError);
    await expect(logSignerEd25519.sign({ bare: utf8('a'), message: utf8('a'), context: '' })).rejects.toThrow(
      TypeError,
    );
  });
  it('needs a signer, each once', async () => {
    await expect(signCheckpoint(checkpoint, [])).rejects.toThrow(RangeError);
    await expect(signCheckpoint(checkpoint, [logSigner, logSigner])).rejects.toThrow(RangeError);
    await expect(signCheckpoint({ ...checkpoint, origin: 'a b' }, [logSigner])).rejects.toThrow(RangeError);
  });
});

describe('judging signatures', () => {
  it('unknown keys say nothing, also when they share name or ID with a known one, but not both', async () => {
    const other = noteKeyOf(ORIGIN, generateKey('ML-DSA-65').publicKey);
    expect(await judge(note, other)).toEqual({ good: [], bad: [], unknown: 2 });
    expect(await judge(note)).toEqual({ good: [], bad: [], unknown: 2 });
    const elsewhere = noteKeyOf('example.com/other', mlDsa65.publicKey);
    expect(await judge(note, elsewhere)).toMatchObject({ good: [], unknown: 2 });
    // The ID of another name, as nobody computes it: still not the name of the line.
    expect(await judge(note, { ...pq, name: 'example.com/other' })).toMatchObject({ good: [], bad: [], unknown: 2 });
  });
  it('a known key whose line fails is bad, whatever was changed', async () => {
    const { blob } = note.signatures[0]!;
    for (const [changed, why] of [
      [flipped(blob, 0), 'first byte'],
      [flipped(blob, 3308), 'last byte'],
      [blob.subarray(1), 'shorter'],
      [concatBytes(blob, Uint8Array.of(0)), 'longer'],
      [new Uint8Array(3309), 'zeros'],
      [note.signatures[1]!.blob, 'the signature of the other line'],
    ] as const)
      expect(await judge(withBlob(0, changed), pq, classical), why).toEqual({
        good: [{ key: classical, timestamp: null }],
        bad: [pq],
        unknown: 0,
      });
    const moved = { ...note, text: checkpointText({ ...checkpoint, size: 8 }) };
    expect(await judge(moved, pq, classical)).toEqual({ good: [], bad: [pq, classical], unknown: 0 });
  });
  it('two lines of one key are refused: good twice, good and bad, bad and good', async () => {
    const [line] = note.signatures as [NoteSignature];
    const broken = { ...line, blob: flipped(line.blob, 9) };
    const again = { ...line, blob: (await fresh()).blob };
    for (const signatures of [
      [line, line],
      [line, again],
      [line, broken],
      [broken, line],
      [line, line, line],
      [broken, line, line],
    ])
      expect(await judge({ text: note.text, signatures }, pq)).toEqual({ good: [], bad: [pq], unknown: 0 });
  });
  it('two lines of one key under two names are refused as well', async () => {
    const alias = { ...pq, name: 'example.com/alias' };
    const [line] = note.signatures as [NoteSignature];
    const signatures = [line, { ...line, name: alias.name }];
    expect(await judge({ text: note.text, signatures }, pq, alias)).toMatchObject({ good: [], bad: [alias] });
  });
  it('known keys that share name and ID: each line is that of the key it verifies under', async () => {
    const key = generateKey('ML-DSA-65');
    const twin: NoteVerifierKey = { ...noteKeyOf(ORIGIN, key.publicKey), id: pq.id };
    const blob = await createNobleSigner(key).sign({ message: utf8(note.text), context: CONTEXTS.checkpoint });
    const [line] = note.signatures as [NoteSignature];
    const both = { text: note.text, signatures: [line, { ...line, blob }] };
    for (const keys of [
      [pq, twin],
      [twin, pq],
    ]) {
      expect((await judge(both, ...keys)).good.map(({ key: { kid } }) => kid)).toEqual([pq.kid, twin.kid]);
      expect((await judge({ ...both, signatures: [{ ...line, blob }] }, ...keys)).good[0]!.key).toBe(twin);
      expect((await judge({ ...both, signatures: [{ ...line, blob: flipped(blob, 1) }] }, ...keys)).bad).toEqual([
        keys[0],
      ]);
    }
  });
  it('an Ed25519 line never stands in for the ML-DSA line, not even under its ID', async () => {
    const [, second] = note.signatures as [NoteSignature, NoteSignature];
    expect(await judge({ text: note.text, signatures: [second] }, pq)).toEqual({ good: [], bad: [], unknown: 1 });
    const signatures = [{ ...second, keyId: pq.id }];
    expect(await judge({ text: note.text, signatures }, pq, classical)).toEqual({ good: [], bad: [pq], unknown: 0 });
  });
  async function fresh(): Promise<NoteSignature> {
    return parseNote(await signCheckpoint(checkpoint, [logSigner])).signatures[0]!;
  }
});

describe('cosignatures', () => {
  it('Ed25519 signs the message that the specification prints', () => {
    const { text } = parseNote(EXAMPLES.cosigned);
    const printed = `cosignature/v1
time 1679315147
example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
`;
    expect(cosignatureMessage(text, 1_679_315_147n)).toEqual(utf8(printed));
    // The time stands in the example's own line, eight bytes big-endian after the key ID.
    const { blob } = parseNote(EXAMPLES.cosigned).signatures[1]!;
    expect(new DataView(blob.buffer, blob.byteOffset).getBigUint64(0)).toBe(1_679_315_147n);
  });
  it('ML-DSA-44 signs a cosigned_message: label, names with their lengths, time, 0, size, root', () => {
    const hex = [
      '737562747265652f76310a00',
      `12${Buffer.from(WITNESS).toString('hex')}`,
      '000000006b49d200',
      `1c${Buffer.from(ORIGIN).toString('hex')}`,
      '0000000000000000',
      '0000000000000007',
      '00'.repeat(32),
    ].join('');
    expect(subtreeMessage(TEXT, WITNESS, BigInt(NOW))).toEqual(fromHex(hex));
    expect(subtreeMessage(`${TEXT}extension\n`, WITNESS, BigInt(NOW))).toEqual(fromHex(hex));
  });

  it.each(['mlDsa65', 'ed25519', 'mlDsa44'] as const)(
    '%s: good with its time; time and text are signed',
    async (which) => {
      const cosigner = cosigners[which];
      const line = await cosign(TEXT, cosigner, NOW);
      const judged = (text: string, blob = line.blob) =>
        judge({ text, signatures: [...note.signatures, { ...line, blob }] }, pq, cosigner.key);
      expect(await judged(TEXT)).toMatchObject({
        good: [{ key: pq }, { key: cosigner.key, timestamp: NOW }],
        bad: [],
        unknown: 1,
      });
      for (let at = 0; at < 8; at++) expect((await judged(TEXT, flipped(line.blob, at))).bad).toEqual([cosigner.key]);
      expect((await judged(TEXT, line.blob.subarray(8))).bad).toEqual([cosigner.key]);
      expect((await judged(TEXT, line.blob.subarray(0, 8))).bad).toEqual([cosigner.key]);
      expect((await judged(TEXT.replace('7', '8'))).bad).toContain(cosigner.key);
      expect((await judged('no checkpoint\n')).bad).toContain(cosigner.key);
      // Extension lines: signed as they stand, but for ML-DSA-44, whose message has no room for them.
      expect((await judged(`${TEXT}more\n`)).bad.includes(cosigner.key)).toBe(which !== 'mlDsa44');
    },
  );

  it('C2SP’s kinds verify with other tools: OpenSSL’s Ed25519 over the bare message, ML-DSA-44 with the empty context', async () => {
    const classicalLine = await cosign(TEXT, cosigners.ed25519, NOW);
    const spki = createPublicKey({
      key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), cosigners.ed25519.key.publicKey]),
      format: 'der',
      type: 'spki',
    });
    expect(nodeVerify(null, utf8(`cosignature/v1\ntime ${NOW}\n${TEXT}`), spki, classicalLine.blob.subarray(8))).toBe(
      true,
    );
    const line = await cosign(TEXT, cosigners.mlDsa44, NOW);
    const message = subtreeMessage(TEXT, WITNESS, BigInt(NOW));
    expect(ml_dsa44.verify(line.blob.subarray(8), message, cosigners.mlDsa44.key.publicKey)).toBe(true);
  });

  it('the name of the witness is in what ML-DSA-44 signs', async () => {
    const line = await cosign(TEXT, cosigners.mlDsa44, NOW);
    const other = mlDsa44KeyOf('witness.example/w2', cosigners.mlDsa44.key.publicKey);
    const renamed = { text: TEXT, signatures: [{ ...line, name: other.name, keyId: other.id }] };
    expect(await judge(renamed, other)).toEqual({ good: [], bad: [other], unknown: 0 });
  });

  it('a cosignature is no signature of the log, and the reverse, also by one key', async () => {
    const own = cosignerOf(ORIGIN, logSigner);
    const line = await cosign(TEXT, own, NOW);
    const asLog = { text: TEXT, signatures: [{ ...line, keyId: pq.id, blob: line.blob.subarray(8) }] };
    expect(await judge(asLog, pq)).toEqual({ good: [], bad: [pq], unknown: 0 });
    const blob = concatBytes(line.blob.subarray(0, 8), note.signatures[0]!.blob);
    const asWitness = { text: TEXT, signatures: [{ ...line, blob }] };
    expect(await judge(asWitness, own.key)).toEqual({ good: [], bad: [own.key], unknown: 0 });
  });

  it('time zero is read, of whoever states none; above 2^63-1 nothing is', async () => {
    const message = subtreeMessage(TEXT, WITNESS, 0n);
    const key = mlDsa44KeyOf(WITNESS, mlDsa44Keys.publicKey);
    const zero = concatBytes(new Uint8Array(8), ml_dsa44.sign(message, mlDsa44Keys.secretKey));
    const lines = (blob: Uint8Array) => ({ text: TEXT, signatures: [{ name: WITNESS, keyId: key.id, blob }] });
    expect(await judge(lines(zero), key)).toEqual({ good: [{ key, timestamp: 0 }], bad: [], unknown: 0 });
    for (const [timestamp, good] of [
      [2n ** 63n - 1n, 1],
      [2n ** 63n, 0],
    ] as const) {
      const time = new Uint8Array(8);
      new DataView(time.buffer).setBigUint64(0, timestamp);
      const blob = concatBytes(time, ml_dsa44.sign(subtreeMessage(TEXT, WITNESS, timestamp), mlDsa44Keys.secretKey));
      expect((await judge(lines(blob), key)).good).toHaveLength(good);
    }
  });

  it('is not made without a time, nor of a text that is no checkpoint', async () => {
    for (const timestamp of [0, -1, 1.5, 2 ** 53, Number.NaN])
      await expect(cosign(TEXT, cosigners.ed25519, timestamp)).rejects.toThrow(RangeError);
    for (const cosigner of Object.values(cosigners))
      await expect(cosign('hello\n', cosigner, NOW)).rejects.toMatchObject({ code: 'CHECKPOINT_MALFORMED' });
    const long = cosignerOf('w'.repeat(256), logSigner);
    const longName = { ...cosigners.mlDsa44, key: mlDsa44KeyOf('w'.repeat(256), mlDsa44Keys.publicKey) };
    expect((await cosign(TEXT, long, NOW)).name).toHaveLength(256);
    await expect(cosign(TEXT, longName, NOW)).rejects.toMatchObject({ code: 'CHECKPOINT_MALFORMED' });
  });

  it('the derived ML-DSA-44 key follows from the seed alone, and needs one', () => {
    expect(deriveMlDsa44(witnessKey).publicKey).toEqual(cosigners.mlDsa44.key.publicKey);
    expect(deriveMlDsa44(mlDsa65).publicKey).not.toEqual(cosigners.mlDsa44.key.publicKey);
    const closed = deriveMlDsa44(witnessKey);
    closed.close();
    expect(() => closed.sign(utf8('a'))).toThrow(expect.objectContaining({ code: 'SIGN_FAILED' }));
  });

  it('a signer that fails says so', async () => {
    const failing: Signer = { ...logSigner, sign: async () => Promise.reject(new Error('device gone')) };
    await expect(cosign(TEXT, cosignerOf(WITNESS, failing), NOW)).rejects.toThrow('device gone');
    expect(cosignerKeyOf(WITNESS, failing.publicKey).kid).toBe(mlDsa65.publicKey.kid);
  });
});
