import { shake256 } from '@noble/hashes/sha3.js';
import { describe, expect, it } from 'vitest';
import { concatBytes, utf8 } from '../../src/base/bytes.ts';
import { isReceiptError } from '../../src/base/errors.ts';
import type { Random } from '../../src/base/ports.ts';
import { hasNativeSigning } from '../../src/crypto/engine-native-sign.ts';
import { nobleVerifier } from '../../src/crypto/engine-noble-verify.ts';
import { hasWasmSigning } from '../../src/crypto/engine-wasm-sign.ts';
import { generateKey, keyFromExpanded } from '../../src/crypto/keys.ts';
import type { Signer } from '../../src/crypto/signer.ts';
import { availableSigners, createSigner, measureSigning } from '../../src/crypto/signers.ts';
import { CONTEXTS, signedMessage } from '../../src/crypto/verifier.ts';

const key = generateKey('ML-DSA-65');
const edKey = generateKey('Ed25519');
const input = { message: utf8('what happened'), context: CONTEXTS.entry };
const fixedRandom: Random = { bytes: (length) => new Uint8Array(length).fill(7) };
const verified = (signer: Signer, signature: Uint8Array, context: string = CONTEXTS.entry) =>
  nobleVerifier.verify(signer.publicKey, input.message, signature, context);

describe.each(['noble', 'wasm'] as const)('signing with %s', (engine) => {
  it('is hedged by default: two signatures of one message differ, both verify, under that context only', async () => {
    const signer = await createSigner(key, { engine });
    const [a, b] = await Promise.all([signer.sign(input), signer.sign(input)]);
    expect(a).not.toEqual(b);
    for (const signature of [a, b]) {
      expect(signature).toHaveLength(3309);
      expect(await verified(signer, signature)).toBe(true);
      expect(await verified(signer, signature, CONTEXTS.request)).toBe(false);
    }
    expect(signer).toMatchObject({ engine, publicKey: key.publicKey });
  });

  it('repeats itself only when a test says so by name, or with a fixed Random', async () => {
    const deterministic = await createSigner(key, { engine, deterministicForTests: true });
    const zeros = await createSigner(key, { engine, random: { bytes: (length) => new Uint8Array(length) } });
    const sevens = await createSigner(key, { engine, random: fixedRandom });
    const first = await deterministic.sign(input);
    expect(await deterministic.sign(input)).toEqual(first);
    // FIPS 204 section 3.4: the deterministic variant is rnd = 0^32.
    expect(await zeros.sign(input)).toEqual(first);
    const other = await sevens.sign(input);
    expect(await sevens.sign(input)).toEqual(other);
    expect(other).not.toEqual(first);
  });

  it('takes mu = H(tr ‖ M′), computed elsewhere, and gives the same signature as from the message', async () => {
    const signer = await createSigner(key, { engine, random: fixedRandom });
    const tr = shake256(key.publicKey.bytes, { dkLen: 64 });
    const mu = shake256(concatBytes(tr, signedMessage(input.message, input.context)), { dkLen: 64 });
    expect(await signer.sign({ mu })).toEqual(await signer.sign(input));
  });

  it('signs with a key that came in expanded form', async () => {
    const signer = await createSigner(keyFromExpanded(key.expanded!), { engine });
    expect(await verified(signer, await signer.sign(input))).toBe(true);
  });

  it('signs what it was given, though the caller changes its buffer while the signature waits', async () => {
    const signer = await createSigner(key, { engine });
    const buffer = input.message.slice();
    const pending = [
      signer.sign({ message: buffer, context: input.context }),
      signer.sign({ message: buffer, context: input.context }),
    ];
    buffer.fill(0);
    for (const signature of await Promise.all(pending)) expect(await verified(signer, signature)).toBe(true);
  });

  it('holds the event loop for one signature at most: a timer turn passes between any two', async () => {
    const signer = await createSigner(key, { engine });
    let turns = 0;
    let running = true;
    const count = (): void => {
      turns++;
      if (running) setImmediate(count);
    };
    setImmediate(count);
    const seen: number[] = [];
    await Promise.all(Array.from({ length: 8 }, () => signer.sign(input).then(() => seen.push(turns))));
    running = false;
    expect(seen).toHaveLength(8);
    for (let i = 1; i < seen.length; i++) expect(seen[i]).toBeGreaterThan(seen[i - 1]);
  });

  it('a source of randomness that fails is SIGN_FAILED, and the next signature is made', async () => {
    let broken = true;
    const signer = await createSigner(key, {
      engine,
      random: {
        bytes: (length) => {
          if (broken) throw new Error('no entropy');
          return new Uint8Array(length).fill(1);
        },
      },
    });
    await expect(signer.sign(input)).rejects.toMatchObject({ code: 'SIGN_FAILED' });
    broken = false;
    expect(await verified(signer, await signer.sign(input))).toBe(true);
  });
});

describe('every signer', () => {
  it('a context above 255 bytes, a mu of another length and other kinds are mistakes of the programmer', async () => {
    for (const signer of [
      await createSigner(key, { engine: 'noble' }),
      await createSigner(key, { engine: 'wasm' }),
      await createSigner(edKey, { engine: 'native' }),
    ]) {
      await expect(signer.sign({ message: input.message, context: 'x'.repeat(256) })).rejects.toThrow(RangeError);
      await expect(signer.sign({ message: input.message, context: 'é'.repeat(128) })).rejects.toThrow(RangeError);
      await expect(signer.sign({ message: 'text' as unknown as Uint8Array, context: '' })).rejects.toThrow(TypeError);
      await expect(signer.sign({ message: input.message } as unknown as { mu: Uint8Array })).rejects.toThrow(TypeError);
    }
    const noble = await createSigner(key, { engine: 'noble' });
    await expect(noble.sign({ mu: new Uint8Array(63) })).rejects.toThrow(RangeError);
    await expect(noble.sign({ mu: 'x' as unknown as Uint8Array })).rejects.toThrow(TypeError);
    // Of two, one would be signed and the other believed signed.
    await expect(noble.sign({ ...input, mu: new Uint8Array(64) })).rejects.toThrow(TypeError);
  });

  it('mu is UNSUPPORTED for Ed25519, which has none, in every engine', async () => {
    for (const engine of ['noble', 'native'] as const) {
      const signer = await createSigner(edKey, { engine });
      await expect(signer.sign({ mu: new Uint8Array(64) })).rejects.toSatisfy((error) =>
        isReceiptError(error, 'UNSUPPORTED'),
      );
    }
  });

  it('auto takes the faster of native and wasm where both are, wasm where randomness is given', async () => {
    const both = hasNativeSigning('ML-DSA-65') && hasWasmSigning();
    expect((await createSigner(key)).engine).toBe(both ? measureSigning().fastest : 'wasm');
    for (const fixed of [{ random: fixedRandom }, { deterministicForTests: true }]) {
      expect((await createSigner(key, fixed)).engine).toBe('wasm');
      expect((await createSigner(edKey, fixed)).engine).toBe('noble');
    }
    expect((await createSigner(edKey)).engine).toBe('native');
    for (const engine of ['wasm', 'noble'] as const) expect((await createSigner(key, { engine })).engine).toBe(engine);
    await expect(createSigner(edKey, { engine: 'native', random: fixedRandom })).rejects.toThrow(TypeError);
    await expect(createSigner(key, { engine: 'openssl' as 'native' })).rejects.toThrow(TypeError);
  });

  it('an engine that is not there is ENGINE_UNAVAILABLE with what to do', async () => {
    await expect(createSigner(edKey, { engine: 'wasm' })).rejects.toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
      next: [expect.any(String)],
    });
    if (!hasNativeSigning('ML-DSA-65')) {
      await expect(createSigner(key, { engine: 'native' })).rejects.toMatchObject({
        code: 'ENGINE_UNAVAILABLE',
        next: [expect.any(String)],
      });
    }
    expect(availableSigners().map(({ engine, available }) => [engine, available])).toEqual([
      ['native', hasNativeSigning('ML-DSA-65')],
      ['wasm', true],
      ['noble', true],
    ]);
  });
});
