import { concatBytes, fromHex } from '../src/base/bytes.ts';
import { nobleSha256Hex } from '../src/crypto/hash.ts';
import { rotationEvent } from '../src/receipt/control.ts';
import { entryHash } from '../src/receipt/entry.ts';
import { type LogBuilder, rawSignature } from './build.ts';
import { type Case, KEYS } from './case.ts';
import { rawText, replaceOnce, withLine } from './edit.ts';
import { cl, classical, flipped, HOLDS, pq, signed, spoiled } from './signed-case.ts';

const { alice, bob, ed, fay } = KEYS;

/** S + L for S: the same signature to whoever does not check S < L. */
function plusOrder(bytes: Uint8Array): Uint8Array {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  let s = order;
  for (let i = 63; i >= 32; i--) s += BigInt(bytes[i]!) << BigInt(8 * (i - 32));
  for (let i = 32; i < 64; i++, s >>= 8n) bytes[i] = Number(s & 255n);
  return bytes;
}

/** Signatures by known keys that do not verify. */
export function tamperedSignatures(): Case[] {
  const bad = { lines: { 2: 'SIGNATURE_INVALID' } };
  const pqBad = (name: string, about: string, change: Parameters<LogBuilder['calls']>[1]): Case =>
    signed(name, about, pq().calls(1, change).bytes(), ['alice'], { ...bad, signatures: [2, 1, 1, 0, 0] });
  const clBad = (name: string, about: string, change: (bytes: Uint8Array) => Uint8Array): Case =>
    classical(
      name,
      about,
      cl()
        .calls(1, { signatures: (entry) => [spoiled(ed, change)(entry)] })
        .bytes(),
      ['ed'],
      { ...bad, good: '1' },
    );
  const swapped = pq().calls(2).lines;
  const sigs = swapped.map((line) => /"sigs":\[.*\]/.exec(rawText(line))![0]);
  return [
    pqBad('signature-bit-flipped', HOLDS, { signatures: (entry) => [spoiled(alice, flipped)(entry)] }),
    pqBad('signature-other-context', '2: entries are signed under perdure/entry/v1', { context: 'perdure/request/v1' }),
    pqBad('signature-empty-context', '2: entries are signed under perdure/entry/v1', { context: '' }),
    pqBad('signature-over-hash', '2: a signature is over the entry bytes, not over their hash', {
      signatures: (entry) => [rawSignature(alice, fromHex(entryHash(entry, nobleSha256Hex)))],
    }),
    pqBad('signature-one-byte-short', HOLDS, {
      signatures: (entry) => [spoiled(alice, (bytes) => bytes.slice(0, -1))(entry)],
    }),
    pqBad('signature-one-byte-long', HOLDS, {
      signatures: (entry) => [spoiled(alice, (bytes) => concatBytes(bytes, Uint8Array.of(0)))(entry)],
    }),
    pqBad('signature-all-zero', HOLDS, {
      signatures: (entry) => [spoiled(alice, (bytes) => bytes.fill(0))(entry)],
    }),
    pqBad('signature-under-other-alg', HOLDS, {
      signatures: (entry) => [{ ...rawSignature(alice, entry), alg: 'ML-DSA-87' }],
    }),
    pqBad('signature-under-other-known-alg', HOLDS, {
      signatures: (entry) => [{ ...rawSignature(ed, entry), kid: alice.publicKey.kid }],
    }),
    pqBad('signature-by-other-key', HOLDS, {
      signatures: (entry) => [{ ...rawSignature(bob, entry), kid: alice.publicKey.kid }],
    }),
    clBad('ed25519-bit-flipped', HOLDS, flipped),
    clBad('ed25519-s-plus-order', '2: S < L', plusOrder),
    clBad('ed25519-s-flipped', HOLDS, (bytes) => {
      bytes[40]! ^= 1;
      return bytes;
    }),
    clBad('ed25519-r-identity', '2: R ≠ identity', (bytes) => bytes.fill(0, 1, 32).fill(1, 0, 1)),
    clBad('ed25519-63-bytes', HOLDS, (bytes) => bytes.slice(0, 63)),
    clBad('ed25519-65-bytes', HOLDS, (bytes) => concatBytes(bytes, Uint8Array.of(0))),
    classical(
      'ed25519-without-context',
      '2: Ed25519 signs 0x00 ‖ len(ctx) ‖ ctx ‖ entry',
      cl().calls(1, { context: '' }).bytes(),
      ['ed'],
      {
        ...bad,
        good: '1',
      },
    ),
    classical(
      'ed25519-alg-eddsa',
      HOLDS,
      cl()
        .calls(1, { signatures: (entry) => [{ ...rawSignature(ed, entry), alg: 'EdDSA' }] })
        .bytes(),
      ['ed'],
      {
        ...bad,
        good: '1',
      },
    ),
    signed(
      'signatures-swapped',
      HOLDS,
      withLine(
        withLine(swapped, 2, (line) => replaceOnce(line, sigs[1]!, sigs[2]!)),
        3,
        (line) => replaceOnce(line, sigs[2]!, sigs[1]!),
      ),
      ['alice'],
      { lines: { '2-3': 'SIGNATURE_INVALID' }, signatures: [3, 1, 2, 0, 0] },
    ),
    signed(
      'signature-not-required-bad',
      HOLDS,
      pq()
        .calls(1, { signatures: (entry) => [rawSignature(alice, entry), spoiled(fay, flipped)(entry)] })
        .bytes(),
      ['alice', 'fay'],
      { ...bad, signatures: [2, 2, 1, 0, 0] },
    ),
    signed(
      'signature-by-pinned-kid-bad',
      'head: a pinned kid is known wherever its JWK is found, also on lines before',
      pinnedKidBad(),
      ['alice', 'kid:fay'],
      { ...bad, signatures: [4, 4, 1, 0, 0] },
    ),
    signed(
      'genesis-key-bad-signature-no-key-given',
      "8: a genesis-named key's bad signature is invalid, its good one alone unverifiable",
      cl()
        .calls(1, { signatures: (entry) => [spoiled(ed, flipped)(entry)] })
        .bytes(),
      [],
      { lines: { 1: 'UNKNOWN_SIGNER', 2: 'SIGNATURE_INVALID' }, signatures: [2, 1, 1, 0, 0] },
    ),
  ];
}

/** fay signs line 2 badly and is named by the rotation on line 3 only. */
function pinnedKidBad(): Uint8Array {
  const log = pq().calls(1, { signatures: (entry) => [rawSignature(alice, entry), spoiled(fay, flipped)(entry)] });
  return log.add(rotationEvent({ mode: 'each', keys: [alice.publicKey, fay.publicKey] }), { by: [alice, fay] }).bytes();
}
