import { describe, expect, test } from 'vitest';
import { type AuditOptions, verify, verifyCheckpoint } from '../../src/auditor.ts';
import { concatBytes, utf8 } from '../../src/base/bytes.ts';
import { formatNote, parseNote } from '../../src/checkpoint/note.ts';
import { cosign, cosignerOf } from '../../src/checkpoint/note-keys.ts';
import { formatReceiptFile } from '../../src/checkpoint/receipt-file.ts';
import { cosignerKeyOf, formatVkey, noteKeyOf } from '../../src/checkpoint/vkey.ts';
import type { SecretKey } from '../../src/crypto/keys.ts';
import { createSigner } from '../../src/crypto/signers.ts';
import type { Verdict } from '../../src/verify/verdict.ts';
import { fixedKey, LogBuilder } from '../../vectors/build.ts';
import { checkpointOf, standAloneOf } from '../../vectors/checkpoint.ts';

const key = fixedKey('policy, log');
const witnesses = [
  fixedKey('policy, w0'),
  fixedKey('policy, w1', 'Ed25519'),
  fixedKey('policy, w2', 'Ed25519'),
] as const;
const names = ['witness.example/0', 'witness.example/1', 'witness.example/2'] as const;
const log = new LogBuilder([key]).genesis('batch').calls(6, { by: [] });

/** Cosign a checkpoint by some witnesses. @param times POSIX seconds each states. */
async function cosigned(note: Uint8Array, times: Readonly<Record<number, number>>): Promise<Uint8Array> {
  const { text, signatures } = parseNote(note);
  const lines = [...signatures];
  for (const [i, time] of Object.entries(times)) {
    const signer = await createSigner(witnesses[Number(i)]! as SecretKey);
    lines.push(await cosign(text, cosignerOf(names[Number(i)]!, signer), time));
  }
  return formatNote(text, lines);
}

function policy(quorum: string, origin = log.log): AuditOptions['witnessPolicy'] {
  const lines = [
    `log ${formatVkey(noteKeyOf(origin, key.publicKey))}`,
    ...witnesses.map((one, i) => `witness w${i} ${formatVkey(cosignerKeyOf(names[i]!, one.publicKey))}`),
    'group two 2 w0 w1 w2',
    `quorum ${quorum}`,
  ];
  return { name: 'policy', bytes: utf8(`${lines.join('\n')}\n`) };
}

const T = 1_795_000_000;
const judged = (note: Uint8Array, options: AuditOptions): Promise<Verdict> =>
  verify(concatBytes(...log.lines), { keys: [key.publicKey], checkpoints: [note], ...options });
const codes = ({ problems }: Verdict): string[] => problems.map(({ code }) => code);

describe('a witness policy', () => {
  const own = checkpointOf(log, 7, [key]);

  test('is met by its quorum: the tail is lifted, and the time is that of witnesses', async () => {
    const note = await cosigned(own, { 0: T, 1: T + 60 });
    const verdict = await judged(note, { witnessPolicy: policy('two') });
    expect(verdict).toMatchObject({
      verdict: 'valid',
      tail: { status: 'complete' },
      time: { vouched_by: 'witness_classical' },
    });
    expect(verdict.not_proven.join('\n')).toContain(new Date((T + 60) * 1000).toISOString());
    expect((await judged(await cosigned(own, { 0: T }), { witnessPolicy: policy('w0') })).time.vouched_by).toBe(
      'witness',
    );
  });

  test('is not met: the checkpoint covers and lifts nothing', async () => {
    for (const times of [{}, { 0: T }, { 2: T }] as Record<number, number>[]) {
      const verdict = await judged(await cosigned(own, times), { witnessPolicy: policy('two') });
      expect(verdict).toMatchObject({ verdict: 'unverifiable', tail: { status: 'unknown' } });
      expect(codes(verdict)).toEqual(['UNSIGNED_TAIL', 'CHECKPOINT_UNTRUSTED']);
    }
  });

  test('a time in the future vouches for no time; the cosignature counts all the same', async () => {
    const far = Math.floor(Date.now() / 1000) + 86_400;
    const verdict = await judged(await cosigned(own, { 0: far }), { witnessPolicy: policy('w0') });
    expect(verdict).toMatchObject({ verdict: 'valid', time: { vouched_by: 'signer' } });
  });

  test('that asks for nobody, or names another log', async () => {
    expect((await judged(own, { witnessPolicy: policy('none') })).verdict).toBe('valid');
    const other = await judged(own, { witnessPolicy: policy('none', 'example.com/other/0123456789ab') });
    expect(codes(other)).toContain('CHECKPOINT_UNTRUSTED');
  });

  test('a known witness whose cosignature fails spoils the checkpoint', async () => {
    const { text, signatures } = parseNote(await cosigned(own, { 0: T, 1: T }));
    const spoiled = formatNote(
      text,
      signatures.map((line, i) =>
        i === 2 ? { ...line, blob: line.blob.map((byte, at) => (at === 20 ? byte ^ 1 : byte)) } : line,
      ),
    );
    expect(codes(await judged(spoiled, { witnessPolicy: policy('w0') }))).toContain('CHECKPOINT_UNTRUSTED');
  });

  test('without any checkpoint it could not be asked: the verdict says so', async () => {
    const each = new LogBuilder([key]).genesis().calls(2);
    const verdict = await verify(each.bytes(), { keys: [key.publicKey], witnessPolicy: policy('two') });
    expect(verdict.verdict).toBe('valid');
    expect(verdict.not_checked.map(({ what }) => what)).toContain('witness policy');
  });

  test('its quorum excludes a fork of a stand-alone receipt', async () => {
    for (const [times, excluded] of [
      [{ 0: T, 1: T }, true],
      [{}, false],
    ] as const) {
      const receipt = formatReceiptFile(standAloneOf(log, 3, await cosigned(own, times)));
      const witnessPolicy = policy(excluded ? 'two' : 'none');
      const verdict = await verify(receipt, { keys: [key.publicKey], witnessPolicy });
      expect(verdict.verdict).toBe('valid');
      expect(verdict.not_proven.includes('fork not excluded')).toBe(!excluded);
    }
  });

  test('a checkpoint by itself', async () => {
    const options = { keys: [key.publicKey], witnessPolicy: policy('two') };
    expect((await verifyCheckpoint(await cosigned(own, { 0: T, 2: T }), options)).verdict).toBe('valid');
    expect((await verifyCheckpoint(own, options)).verdict).toBe('unverifiable');
  });

  test('that is none: an error before anything is said', async () => {
    const bad = { name: 'policy', bytes: utf8('quorum nobody\n') };
    await expect(judged(own, { witnessPolicy: bad })).rejects.toMatchObject({ code: 'POLICY_MALFORMED' });
  });
});
