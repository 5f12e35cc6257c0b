import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, fromBase64url, fromHex, toBase64url, toHex, utf8, utf8Text } from '../../src/base/bytes.ts';
import { type ErrorCode, isReceiptError, ReceiptError } from '../../src/base/errors.ts';
import { der, derBits, TAG } from '../../src/crypto/der.ts';
import { generateKey, keyFromExpanded, keyFromSeed, type SecretKey } from '../../src/crypto/keys.ts';
import { encodePem } from '../../src/crypto/pem.ts';
import { decodePkcs8, encodePkcs8 } from '../../src/crypto/pkcs8.ts';
import { type Algorithm, type PublicKey, toJwk } from '../../src/crypto/public-key.ts';
import { encodePublicKey, readPublicKeyFile } from '../../src/crypto/public-key-file.ts';
import {
  decodeSecretJwk,
  encodeSecretJwk,
  encodeSecretPem,
  readSecretKeyFile,
} from '../../src/crypto/secret-key-file.ts';
import { decodeSpki, derAlgorithm, encodeSpki } from '../../src/crypto/spki.ts';

const ALGS: Algorithm[] = ['ML-DSA-65', 'Ed25519'];
const keys: Record<Algorithm, SecretKey> = {
  'ML-DSA-65': keyFromSeed(
    'ML-DSA-65',
    new Uint8Array(32).map((_, i) => i),
  ),
  Ed25519: keyFromSeed(
    'Ed25519',
    new Uint8Array(32).map((_, i) => 255 - i),
  ),
};
const refuses = (code: ErrorCode, read: () => unknown, text?: RegExp): void => {
  expect(read).toThrowError(
    expect.toSatisfy((error) => isReceiptError(error, code) && (text === undefined || text.test(error.message))),
  );
};
const same = (a: PublicKey, b: PublicKey): void => {
  expect(a.alg).toBe(b.alg);
  expect(a.kid).toBe(b.kid);
  expect(toHex(a.bytes)).toBe(toHex(b.bytes));
};
const json = (bytes: Uint8Array): Record<string, unknown> => JSON.parse(utf8Text(bytes)) as Record<string, unknown>;
const jsonBytes = (value: unknown): Uint8Array => utf8(JSON.stringify(value));

describe.each(ALGS)('key files of %s', (alg) => {
  const key = keys[alg];
  const spki = encodeSpki(key.publicKey);

  it('public: JWK, SPKI in PEM and DER, and raw come back as the same key', () => {
    for (const format of ['jwk', 'spki', 'raw'] as const)
      same(readPublicKeyFile(encodePublicKey(key.publicKey, format)), key.publicKey);
    same(readPublicKeyFile(spki), key.publicKey);
    same(
      readPublicKeyFile(utf8(`\r\n${utf8Text(encodePublicKey(key.publicKey, 'spki')).replaceAll('\n', '\r\n')}\r\n`)),
      key.publicKey,
    );
    expect(spki.length).toBe(alg === 'Ed25519' ? 44 : 1974);
  });

  it('secret: PKCS#8 in PEM and DER and the private JWK come back as the same key, in seed form', () => {
    for (const bytes of [encodePkcs8(key), encodeSecretPem(key), encodeSecretJwk(key)]) {
      const read = readSecretKeyFile(bytes);
      same(read.publicKey, key.publicKey);
      expect(read.seed).toEqual(key.seed);
      expect(read.expanded).toEqual(key.expanded);
    }
    expect(encodePkcs8(key).length).toBe(alg === 'Ed25519' ? 48 : 54);
  });

  it('generateKey draws 32 bytes from its Random, and from the machine two keys that differ', () => {
    const lengths: number[] = [];
    const fixed = generateKey(alg, {
      bytes: (length) => {
        lengths.push(length);
        return key.seed!.slice();
      },
    });
    same(fixed.publicKey, key.publicKey);
    expect(lengths).toEqual([32]);
    expect(generateKey(alg).publicKey.kid).not.toBe(generateKey(alg).publicKey.kid);
  });

  it('keyFromSeed copies, and refuses another length or kind as a mistake of the programmer', () => {
    const seed = key.seed!.slice();
    const mine = keyFromSeed(alg, seed);
    seed.fill(0);
    expect(mine.seed).toEqual(key.seed);
    expect(() => keyFromSeed(alg, new Uint8Array(31))).toThrow(RangeError);
    expect(() => keyFromSeed(alg, 'x'.repeat(32) as unknown as Uint8Array)).toThrow(TypeError);
  });

  // Trap: "SPKI parsers that ignore trailing bytes (Node does): ours must not."
  it('SPKI: trailing bytes at every level, parameters, unused bits, other lengths', () => {
    const algorithm = derAlgorithm(alg);
    const bits = derBits(TAG.bitString, key.publicKey.bytes);
    refuses('KEY_MALFORMED', () => decodeSpki(concatBytes(spki, Uint8Array.of(0))), /trailing/);
    refuses(
      'KEY_MALFORMED',
      () => readPublicKeyFile(encodePem('PUBLIC KEY', concatBytes(spki, Uint8Array.of(0)))),
      /trailing/,
    );
    refuses('KEY_MALFORMED', () => decodeSpki(der(TAG.sequence, algorithm, bits, Uint8Array.of(5, 0))), /trailing/);
    const withNull = der(TAG.sequence, algorithm.subarray(2), Uint8Array.of(5, 0));
    refuses('KEY_MALFORMED', () => decodeSpki(der(TAG.sequence, withNull, bits)), /trailing/);
    refuses(
      'KEY_MALFORMED',
      () => decodeSpki(der(TAG.sequence, algorithm, der(TAG.bitString, Uint8Array.of(1), key.publicKey.bytes))),
      /whole bytes/,
    );
    refuses('KEY_MALFORMED', () => decodeSpki(der(TAG.sequence, algorithm, der(TAG.bitString))), /whole bytes/);
    refuses(
      'KEY_MALFORMED',
      () => decodeSpki(der(TAG.sequence, algorithm, derBits(TAG.bitString, key.publicKey.bytes.subarray(1)))),
      /bytes/,
    );
    refuses('KEY_MALFORMED', () => decodeSpki(new Uint8Array(0)));
  });

  it('SPKI: an algorithm that is not ours is unsupported, and says so', () => {
    const other = der(TAG.sequence, der(TAG.oid, fromHex('608648016503040311')));
    refuses(
      'UNSUPPORTED',
      () => decodeSpki(der(TAG.sequence, other, derBits(TAG.bitString, key.publicKey.bytes))),
      /608648016503040311/,
    );
  });

  it('SPKI and PKCS#8: BER lengths (indefinite, not minimal) are refused', () => {
    for (const bytes of [spki, encodePkcs8(key)]) {
      const header = bytes[1] < 0x80 ? 2 : 4;
      const body = bytes.subarray(header);
      const longer =
        body.length < 0x80
          ? Uint8Array.of(0x30, 0x81, body.length)
          : Uint8Array.of(0x30, 0x83, 0, body.length >> 8, body.length & 255);
      const read = bytes === spki ? decodeSpki : decodePkcs8;
      refuses('KEY_MALFORMED', () => read(concatBytes(longer, body)));
      refuses(
        'KEY_MALFORMED',
        () => read(concatBytes(Uint8Array.of(0x30, 0x80), body, Uint8Array.of(0, 0))),
        /definite length/,
      );
      refuses('KEY_MALFORMED', () => read(concatBytes(bytes.subarray(0, header), body.subarray(0, -1))));
    }
  });

  it('hostile DER: changed, cut, grown and random bytes give a key or a ReceiptError, nothing else', () => {
    const sources = [spki, encodePkcs8(key), encodePkcs8(key, alg === 'Ed25519' ? 'seed' : 'both')];
    const change = fc.tuple(fc.nat(2), fc.nat(), fc.nat(255), fc.constantFrom('set', 'cut', 'insert', 'head'));
    fc.assert(
      fc.property(change, ([which, where, value, how]) => {
        const source = sources[which];
        // Structure stands in the first bytes; half of the changes go there.
        const at = how === 'head' || where % 2 === 0 ? where % Math.min(64, source.length) : where % source.length;
        const bytes =
          how === 'cut'
            ? source.slice(0, at)
            : how === 'insert'
              ? concatBytes(source.subarray(0, at), Uint8Array.of(value), source.subarray(at))
              : source.slice().fill(value, at, at + 1);
        for (const read of [decodeSpki, decodePkcs8, readPublicKeyFile, readSecretKeyFile]) {
          try {
            read(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(ReceiptError);
          }
        }
      }),
      { numRuns: 150 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        for (const read of [readPublicKeyFile, readSecretKeyFile]) {
          try {
            read(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(ReceiptError);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it('a public reader that is given a secret key says that it is secret, and shows nothing of it', () => {
    for (const bytes of [encodePkcs8(key), encodeSecretPem(key), encodeSecretJwk(key)]) {
      refuses('KEY_UNSUITABLE', () => readPublicKeyFile(bytes), /SECRET key/);
      try {
        readPublicKeyFile(bytes);
      } catch (error) {
        expect(JSON.stringify(error) + String(error)).not.toContain(toBase64url(key.seed!).slice(0, 12));
      }
    }
    for (const format of ['jwk', 'spki'] as const)
      refuses('KEY_UNSUITABLE', () => readSecretKeyFile(encodePublicKey(key.publicKey, format)), /public key/);
    refuses('KEY_UNSUITABLE', () => readSecretKeyFile(spki), /public key/);
    refuses('KEY_MALFORMED', () => readSecretKeyFile(key.seed!));
  });

  it('JWK files: more members are fine, a kid must be the thumbprint, use must be sig', () => {
    const jwk = toJwk(key.publicKey);
    same(
      readPublicKeyFile(jsonBytes({ ...jwk, kid: key.publicKey.kid, use: 'sig', key_ops: ['verify'], note: 'x' })),
      key.publicKey,
    );
    refuses('KEY_MISMATCH', () => readPublicKeyFile(jsonBytes({ ...jwk, kid: 'build-bot' })));
    refuses('KEY_MISMATCH', () => readPublicKeyFile(jsonBytes({ ...jwk, kid: 7 })));
    refuses('KEY_UNSUITABLE', () => readPublicKeyFile(jsonBytes({ ...jwk, use: 'enc' })));
    refuses('UNSUPPORTED', () => readPublicKeyFile(jsonBytes({ ...jwk, kty: 'EC' })));
    refuses('UNSUPPORTED', () => readPublicKeyFile(jsonBytes({ ...jwk, alg: 'ML-DSA-44' })));
    for (const secret of ['priv', 'd', 'k'])
      refuses('KEY_UNSUITABLE', () => readPublicKeyFile(jsonBytes({ ...jwk, [secret]: 'AAAA' })), /SECRET/);
    const member = alg === 'Ed25519' ? 'x' : 'pub';
    for (const value of [undefined, 5, '', 'AA', `${toBase64url(key.publicKey.bytes)}=`]) {
      refuses('KEY_MALFORMED', () => readPublicKeyFile(jsonBytes({ ...jwk, [member]: value, filler: '-'.repeat(80) })));
    }
    refuses('KEY_MALFORMED', () => readPublicKeyFile(utf8(`{${' '.repeat(100)}`)));
  });

  it('private JWK: the secret and the public members must be one key', () => {
    const jwk = json(encodeSecretJwk(key));
    const member = alg === 'Ed25519' ? 'd' : 'priv';
    expect(Object.keys(jwk)).toEqual(
      alg === 'Ed25519' ? ['crv', 'kty', 'x', 'kid', 'd'] : ['alg', 'kty', 'pub', 'kid', 'priv'],
    );
    refuses('KEY_MISMATCH', () =>
      decodeSecretJwk(JSON.stringify({ ...jwk, [member]: toBase64url(new Uint8Array(32)) })),
    );
    for (const value of [5, 'AA', toBase64url(new Uint8Array(33)), '!']) {
      refuses('KEY_MALFORMED', () => decodeSecretJwk(JSON.stringify({ ...jwk, [member]: value })));
    }
    refuses('KEY_MALFORMED', () => decodeSecretJwk('[]'));
  });
});

describe('PKCS#8 of ML-DSA-65 (RFC 9881)', () => {
  const key = keys['ML-DSA-65'];
  const other = keyFromSeed('ML-DSA-65', new Uint8Array(32));
  const wrap = (inner: Uint8Array): Uint8Array =>
    der(TAG.sequence, der(TAG.integer, Uint8Array.of(0)), derAlgorithm('ML-DSA-65'), der(TAG.octetString, inner));
  const octets = (bytes: Uint8Array): Uint8Array => der(TAG.octetString, bytes);

  it('reads the seed, the expanded and the both form, and writes the seed form', () => {
    for (const form of ['seed', 'expanded', 'both'] as const) {
      const read = decodePkcs8(encodePkcs8(key, form));
      same(read.publicKey, key.publicKey);
      expect(read.expanded).toEqual(key.expanded);
      if (form === 'expanded') expect(read.seed).toBeNull();
      else expect(encodePkcs8(read)).toEqual(encodePkcs8(key));
    }
    expect(toHex(encodePkcs8(key)).slice(0, 44)).toBe('3034020100300b060960864801650304031204228020');
  });

  it('a key without a seed writes its expanded form only', () => {
    const expanded = keyFromExpanded(key.expanded!);
    refuses('KEY_UNSUITABLE', () => encodePkcs8(expanded), /seed/);
    refuses('KEY_UNSUITABLE', () => encodePkcs8(expanded, 'both'));
    refuses('KEY_UNSUITABLE', () => encodeSecretJwk(expanded));
    expect(encodePkcs8(expanded, 'expanded')).toEqual(encodePkcs8(key, 'expanded'));
  });

  it('refuses a seed beside another expanded key', () => {
    refuses('KEY_MISMATCH', () => decodePkcs8(wrap(der(TAG.sequence, octets(key.seed!), octets(other.expanded!)))));
    const oneBit = key.expanded!.slice();
    oneBit[40] ^= 1; // K: nothing but the seed binds it.
    refuses('KEY_MISMATCH', () => decodePkcs8(wrap(der(TAG.sequence, octets(key.seed!), octets(oneBit)))));
  });

  it('refuses an expanded key whose parts disagree: any bit of rho, tr, s1, s2 or t0', () => {
    const regions = { rho: [0, 32], tr: [64, 128], s1: [128, 768], s2: [768, 1536], t0: [1536, 4032] } as const;
    for (const [begin, end] of Object.values(regions)) {
      for (const at of [begin, begin + 1, Math.floor((begin + end) / 2), end - 1]) {
        const changed = key.expanded!.slice();
        changed[at] ^= 0x01;
        expect(() => keyFromExpanded(changed), `byte ${at}`).toThrowError(
          expect.toSatisfy((error) => isReceiptError(error, 'KEY_MISMATCH') || isReceiptError(error, 'KEY_MALFORMED')),
        );
      }
    }
    const outOfRange = key.expanded!.slice().fill(0xff, 128, 129);
    refuses('KEY_MALFORMED', () => keyFromExpanded(outOfRange), /s1 and s2/);
    refuses('KEY_MALFORMED', () => keyFromExpanded(key.expanded!.subarray(1)), /4032/);
  });

  it('accepts a changed K alone: FIPS 204 binds it to nothing that an expanded key holds', () => {
    const changed = key.expanded!.slice();
    changed[40] ^= 1;
    same(keyFromExpanded(changed).publicKey, key.publicKey);
  });

  it('other lengths, forms, orders and trailing bytes inside', () => {
    refuses('KEY_MALFORMED', () => decodePkcs8(wrap(der(TAG.context0, new Uint8Array(31)))));
    refuses(
      'KEY_MALFORMED',
      () => decodePkcs8(wrap(concatBytes(der(TAG.context0, key.seed!), Uint8Array.of(0)))),
      /trailing/,
    );
    refuses('KEY_MALFORMED', () => decodePkcs8(wrap(octets(key.seed!))), /4032/);
    refuses('KEY_MALFORMED', () => decodePkcs8(wrap(key.seed!)));
    refuses('KEY_MALFORMED', () => decodePkcs8(wrap(der(TAG.sequence, octets(key.expanded!), octets(key.seed!)))));
    refuses(
      'KEY_MALFORMED',
      () => decodePkcs8(wrap(der(TAG.sequence, octets(key.seed!), octets(key.expanded!), octets(key.seed!)))),
      /trailing/,
    );
    refuses('KEY_MALFORMED', () => decodePkcs8(wrap(der(0xa0, octets(key.seed!)))));
    refuses('KEY_MALFORMED', () => decodePkcs8(wrap(new Uint8Array(0))));
  });
});

describe('known key files', () => {
  // RFC 8410 sections 10.1 and 10.3, RFC 8037 appendix A.3.
  const plain = 'MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC';
  const withPublic =
    'MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhCoB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=';
  const pub = 'MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=';
  const pem = (label: string, base64: string): Uint8Array =>
    utf8(`-----BEGIN ${label}-----\n${base64.match(/.{1,64}/g)!.join('\n')}\n-----END ${label}-----\n`);

  it('RFC 8410: both private examples and the public one are one key', () => {
    const expected = readPublicKeyFile(pem('PUBLIC KEY', pub));
    same(readSecretKeyFile(pem('PRIVATE KEY', plain)).publicKey, expected);
    same(readSecretKeyFile(pem('PRIVATE KEY', withPublic)).publicKey, expected);
    expect(utf8Text(encodePublicKey(expected, 'spki'))).toBe(utf8Text(pem('PUBLIC KEY', pub)));
    expect(utf8Text(encodeSecretPem(readSecretKeyFile(pem('PRIVATE KEY', plain))))).toBe(
      utf8Text(pem('PRIVATE KEY', plain)),
    );
  });

  it('a public key beside the secret that is not its own, or in a version 0 file', () => {
    const bytes = fromBase64url(withPublic.replace(/=$/, '').replaceAll('+', '-').replaceAll('/', '_'));
    refuses('KEY_MISMATCH', () => decodePkcs8(concatBytes(bytes.subarray(0, -32), keys.Ed25519.publicKey.bytes)));
    const version0 = bytes.slice();
    version0[4] = 0;
    refuses('KEY_MALFORMED', () => decodePkcs8(version0), /trailing/);
    version0[4] = 2;
    refuses('KEY_MALFORMED', () => decodePkcs8(version0), /version/);
  });

  it('RFC 8037 appendix A: the thumbprint is the kid', () => {
    const key = readPublicKeyFile(
      jsonBytes({ kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }),
    );
    expect(key.kid).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
  });

  it('PEM: one block, one label, one spelling', () => {
    const good = utf8Text(pem('PUBLIC KEY', pub));
    const bad = [
      `${good}${good}`,
      `hello\n${good}`,
      `${good}hello`,
      good.replace('END PUBLIC', 'END PRIVATE'),
      good.replace('uE=', 'uF='),
      good.replace('uE=', 'uE'),
      good.replace('MCow', 'MC w'),
      good.replace('-----\nM', '-----\nProc-Type: 4,ENCRYPTED\n\nM'),
      '-----BEGIN PUBLIC KEY-----\n',
      '-----BEGIN PUBLIC KEY-----\n\n-----END PUBLIC KEY-----\n',
    ];
    for (const text of bad) refuses('KEY_MALFORMED', () => readPublicKeyFile(utf8(text)));
    refuses('KEY_MALFORMED', () => readPublicKeyFile(pem('CERTIFICATE', pub)), /CERTIFICATE/);
    refuses('UNSUPPORTED', () => readSecretKeyFile(pem('ENCRYPTED PRIVATE KEY', plain)), /ENCRYPTED/);
  });

  it('anything else is named with its size, and never read when huge', () => {
    refuses('KEY_MALFORMED', () => readPublicKeyFile(new Uint8Array(33).fill(1)), /33 bytes/);
    refuses('KEY_MALFORMED', () => readPublicKeyFile(new Uint8Array(0)));
    refuses('KEY_MALFORMED', () => readPublicKeyFile(new Uint8Array(65_537).fill(0x30)), /65537/);
    refuses('KEY_MALFORMED', () => readSecretKeyFile(new Uint8Array(65_537).fill(0x30)));
    refuses('KEY_MALFORMED', () => readPublicKeyFile(new Uint8Array(1953)));
  });
});
