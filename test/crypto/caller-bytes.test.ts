import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { toHex, utf8 } from '../../src/base/bytes.ts';
import { nobleVerifier } from '../../src/crypto/engine-noble-verify.ts';
import { wasmVerifier } from '../../src/crypto/engine-wasm-verify.ts';
import { generateKey, keyFromExpanded, keyFromSeed } from '../../src/crypto/keys.ts';
import { decodePkcs8, encodePkcs8 } from '../../src/crypto/pkcs8.ts';
import { encodePublicKey, readPublicKeyFile } from '../../src/crypto/public-key-file.ts';
import { readSecretKeyFile } from '../../src/crypto/secret-key-file.ts';
import { createSigner } from '../../src/crypto/signers.ts';
import { encodeSpki } from '../../src/crypto/spki.ts';
import { CONTEXTS } from '../../src/crypto/verifier.ts';

const context = CONTEXTS.entry;

// Node's Buffer is a Uint8Array whose slice() is a view: what was meant as a copy changes with the caller's bytes.
describe.each(['ML-DSA-65', 'Ed25519'] as const)('%s: bytes of the caller that are a Buffer are copied', (alg) => {
  const key = generateKey(alg);

  it('a Random that answers with Buffers gives a key that signs, and the seed that it drew', async () => {
    const drawn: string[] = [];
    const mine = generateKey(alg, {
      bytes: (length) => {
        const bytes = randomBytes(length);
        drawn.push(toHex(bytes));
        return bytes;
      },
    });
    expect(toHex(mine.seed!)).toBe(drawn[0]);
    expect(decodePkcs8(encodePkcs8(mine)).publicKey.kid).toBe(mine.publicKey.kid);
    const message = utf8('what happened');
    const signature = await (await createSigner(mine, { engine: 'noble' })).sign({ message, context });
    expect(await nobleVerifier.verify(mine.publicKey, message, signature, context)).toBe(true);
  });

  it('a key outlives the buffer that it was read from, secret and public, in every form', () => {
    const keep = (bytes: Uint8Array, read: (bytes: Uint8Array) => string, expected: string): void => {
      const buffer = Buffer.from(bytes);
      const first = read(buffer);
      expect(first).toBe(expected);
    };
    const secretOf = (made: (bytes: Uint8Array) => { seed: Uint8Array | null; expanded: Uint8Array | null }) => {
      return (bytes: Uint8Array): string => {
        const secret = made(bytes);
        bytes.fill(0);
        return toHex(secret.expanded ?? secret.seed!);
      };
    };
    const publicOf = (bytes: Uint8Array): string => {
      const made = readPublicKeyFile(bytes);
      bytes.fill(0);
      expect(made.bytes.constructor).toBe(Uint8Array);
      return toHex(made.bytes);
    };
    const secret = toHex(key.expanded ?? key.seed!);
    keep(
      key.seed!,
      secretOf((bytes) => keyFromSeed(alg, bytes)),
      secret,
    );
    keep(encodePkcs8(key), secretOf(readSecretKeyFile), secret);
    if (key.expanded !== null) {
      keep(key.expanded, secretOf(keyFromExpanded), secret);
      keep(encodePkcs8(key, 'expanded'), secretOf(readSecretKeyFile), secret);
    }
    for (const bytes of [encodeSpki(key.publicKey), encodePublicKey(key.publicKey, 'raw')])
      keep(bytes, publicOf, toHex(key.publicKey.bytes));
  });

  it('what is signed is what was given, though the buffer changes while the signature waits', async () => {
    const signer = await createSigner(key, { engine: 'noble' });
    const buffer = Buffer.from('what happened');
    const pending = signer.sign({ message: buffer, context });
    buffer.fill(0);
    expect(await nobleVerifier.verify(key.publicKey, utf8('what happened'), await pending, context)).toBe(true);
    if (alg === 'Ed25519') return;
    const fixed = await createSigner(key, { engine: 'noble', deterministicForTests: true });
    const mu = Buffer.alloc(64, 9);
    const overMu = fixed.sign({ mu });
    mu.fill(0);
    expect(await overMu).toEqual(await fixed.sign({ mu: new Uint8Array(64).fill(9) }));
  });

  it('engines take a message and a signature that are Buffers', async () => {
    const message = Buffer.from('what happened');
    const signature = await (await createSigner(key, { engine: 'noble' })).sign({ message, context });
    for (const engine of [nobleVerifier, wasmVerifier]) {
      expect(await engine.verify(key.publicKey, message, Buffer.from(signature), context)).toBe(true);
      expect(await engine.verify(key.publicKey, Buffer.from('other'), Buffer.from(signature), context)).toBe(false);
    }
  });

  it('text where bytes are due is a mistake of the programmer, and no key', () => {
    const text = 'x'.repeat(key.publicKey.bytes.length) as unknown as Uint8Array;
    expect(() => readPublicKeyFile(text)).toThrow(TypeError);
    expect(() => readSecretKeyFile(text)).toThrow(TypeError);
  });
});
