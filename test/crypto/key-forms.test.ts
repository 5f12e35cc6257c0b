import { generateKeyPairSync } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { concatBytes, fromHex, toHex, utf8 } from '../../src/base/bytes.ts';
import { type ErrorCode, isReceiptError } from '../../src/base/errors.ts';
import { der, derBits, TAG } from '../../src/crypto/der.ts';
import { generateKey, keyFromExpanded, keyFromSeed, type SecretKey } from '../../src/crypto/keys.ts';
import { decodeKeyFile, encodeKeyFile, openKeyFile } from '../../src/crypto/keystore-file.ts';
import { decodePkcs8, encodePkcs8 } from '../../src/crypto/pkcs8.ts';
import { toJwk } from '../../src/crypto/public-key.ts';
import { readPublicKeyFile } from '../../src/crypto/public-key-file.ts';
import { decodeSecretJwk, encodeSecretJwk, readSecretKeyFile } from '../../src/crypto/secret-key-file.ts';
import { derAlgorithm, encodeSpki } from '../../src/crypto/spki.ts';

const key = generateKey('ML-DSA-65');
const refuses = (code: ErrorCode, read: () => unknown, text?: RegExp): void => {
  expect(read).toThrowError(
    expect.toSatisfy((error) => isReceiptError(error, code) && (text === undefined || text.test(error.message))),
  );
};

describe('kid', () => {
  it('RFC 9964: the JWK of the all-zero seed has the thumbprint that the RFC prints', () => {
    expect(keyFromSeed('ML-DSA-65', new Uint8Array(32)).publicKey.kid).toBe(
      'Suiu29qbfuaBaR4Ats-c6XQBePB_OpAxAwcTR_0KXVM',
    );
  });
});

describe('PKCS#8 version 1 (RFC 5958) of ML-DSA-65: attributes, and the public key beside the secret', () => {
  const version = (n: number): Uint8Array => der(TAG.integer, Uint8Array.of(n));
  const algorithm = derAlgorithm('ML-DSA-65');
  const inner = der(TAG.octetString, der(TAG.context0, key.seed!));
  // friendlyName, as PKCS#12 tools leave it.
  const attribute = der(
    TAG.sequence,
    der(TAG.oid, fromHex('2a864886f70d010914')),
    der(0x31, der(0x1e, fromHex('00620075'))),
  );
  const attributes = der(TAG.context0Set, attribute);
  const publicKey = derBits(TAG.context1, key.publicKey.bytes);
  const outer = (...parts: Uint8Array[]): Uint8Array => der(TAG.sequence, ...parts);

  it('reads every lawful mixture as the one key', () => {
    for (const bytes of [
      outer(version(0), algorithm, inner, attributes),
      outer(version(1), algorithm, inner, publicKey),
      outer(version(1), algorithm, inner, attributes, publicKey),
    ]) {
      const read = decodePkcs8(bytes);
      expect(read.publicKey.kid).toBe(key.publicKey.kid);
      expect(toHex(encodePkcs8(read))).toBe(toHex(encodePkcs8(key)));
    }
  });

  it('another public key, one bit of it, another length, unused bits', () => {
    const other = generateKey('ML-DSA-65').publicKey.bytes;
    const oneBit = key.publicKey.bytes.slice();
    oneBit[1951] ^= 0x80;
    for (const bytes of [other, oneBit])
      refuses('KEY_MISMATCH', () => decodePkcs8(outer(version(1), algorithm, inner, derBits(TAG.context1, bytes))));
    for (const bytes of [other.subarray(1), new Uint8Array(0)])
      refuses('KEY_MALFORMED', () => decodePkcs8(outer(version(1), algorithm, inner, derBits(TAG.context1, bytes))));
    const unused = der(TAG.context1, Uint8Array.of(1), key.publicKey.bytes);
    refuses('KEY_MALFORMED', () => decodePkcs8(outer(version(1), algorithm, inner, unused)), /whole bytes/);
  });

  it('order, repetition, version 0 with a public key, attributes that are none, versions of two bytes', () => {
    const twoBytes = der(TAG.integer, Uint8Array.of(0, 1));
    for (const bytes of [
      outer(version(1), algorithm, inner, publicKey, attributes),
      outer(version(1), algorithm, inner, publicKey, publicKey),
      outer(version(1), algorithm, inner, attributes, attributes),
      outer(version(0), algorithm, inner, publicKey),
      outer(version(0), algorithm, inner, der(TAG.context0Set, fromHex('0500'))),
      outer(version(0), algorithm, inner, der(TAG.context0Set, attribute.subarray(0, -1))),
      outer(version(2), algorithm, inner),
      outer(version(0x80), algorithm, inner),
      outer(twoBytes, algorithm, inner),
      outer(algorithm, inner),
      outer(version(0), inner, algorithm),
      outer(version(0), algorithm),
    ]) {
      refuses('KEY_MALFORMED', () => decodePkcs8(bytes));
    }
  });

  it('the key of the other algorithm under this OID, and the reverse', () => {
    const ed25519 = der(TAG.octetString, der(TAG.octetString, key.seed!));
    refuses('KEY_MALFORMED', () => decodePkcs8(outer(version(0), algorithm, ed25519)));
    refuses('KEY_MALFORMED', () => decodePkcs8(outer(version(0), derAlgorithm('Ed25519'), inner)));
    const mlDsa44 = der(TAG.sequence, der(TAG.oid, fromHex('608648016503040311')));
    refuses('UNSUPPORTED', () => decodePkcs8(outer(version(0), mlDsa44, inner)));
  });
});

describe('files that are neither half', () => {
  it('encrypted PKCS#8 is unsupported as secret and as public, in DER as in PEM, and called no public key', () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const locked = { type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' } as const;
    const encrypted = new Uint8Array(privateKey.export({ ...locked, format: 'der' }));
    refuses('UNSUPPORTED', () => readSecretKeyFile(encrypted));
    refuses('UNSUPPORTED', () => readPublicKeyFile(encrypted));
    refuses('UNSUPPORTED', () => readSecretKeyFile(utf8(privateKey.export({ ...locked, format: 'pem' }) as string)));
  });

  it('only a whole SPKI is called a public key; what merely starts like DER is malformed', () => {
    const spki = encodeSpki(key.publicKey);
    refuses('KEY_UNSUITABLE', () => readSecretKeyFile(spki), /public key/);
    for (const bytes of [concatBytes(spki, Uint8Array.of(0)), spki.subarray(0, -1), fromHex('3000'), fromHex('30')])
      refuses('KEY_MALFORMED', () => readSecretKeyFile(bytes));
  });
});

describe('a secret that is refused is wiped', () => {
  const wiped: SecretKey[] = [];
  afterEach(() => {
    wiped.length = 0;
    vi.restoreAllMocks();
  });
  const watch = (): void => {
    const { wipe } = Object.getPrototypeOf(key) as SecretKey;
    vi.spyOn(Object.getPrototypeOf(key) as SecretKey, 'wipe').mockImplementation(function (this: SecretKey) {
      wiped.push(this);
      wipe.call(this);
    });
  };

  it('where the public half beside it is another: private JWK, key file, PKCS#8', async () => {
    const mine = generateKey('Ed25519');
    const jwk = JSON.parse(new TextDecoder().decode(encodeSecretJwk(mine))) as object;
    const other = generateKey('Ed25519').publicKey;
    const file = decodeKeyFile(await encodeKeyFile(mine, null), 'key');
    const oneAsymmetricKey = der(
      TAG.sequence,
      der(TAG.integer, Uint8Array.of(1)),
      derAlgorithm('Ed25519'),
      der(TAG.octetString, der(TAG.octetString, mine.seed!)),
      derBits(TAG.context1, other.bytes),
    );
    watch();
    refuses('KEY_MISMATCH', () => decodeSecretJwk(JSON.stringify({ ...jwk, ...toJwk(other), kid: undefined })));
    refuses('KEY_MISMATCH', () => decodePkcs8(oneAsymmetricKey));
    await expect(openKeyFile({ ...file, publicKey: other }, undefined, 'key')).rejects.toMatchObject({
      code: 'KEY_MISMATCH',
    });
    expect(wiped.map(({ publicKey }) => publicKey.kid)).toEqual(Array(3).fill(mine.publicKey.kid));
  });

  it('and what was given to be read stays as it was', () => {
    const expanded = key.expanded!.slice();
    expanded[64] ^= 1;
    const before = toHex(expanded);
    refuses('KEY_MISMATCH', () => keyFromExpanded(expanded));
    expect(toHex(expanded)).toBe(before);
    const file = encodePkcs8(key, 'both');
    const whole = toHex(file);
    readSecretKeyFile(file).wipe();
    expect(toHex(file)).toBe(whole);
  });
});
