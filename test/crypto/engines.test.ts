import { describe, expect, it, vi } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { hasNativeMlDsa, nativeVerifier } from '../../src/crypto/engine-native-verify.ts';
import { nobleVerifier } from '../../src/crypto/engine-noble-verify.ts';
import { hasWasm, VERIFIER_SHA256, wasmVerifier } from '../../src/crypto/engine-wasm-verify.ts';
import { availableEngines, chooseVerifier, crossCheck } from '../../src/crypto/engines.ts';
import { generateKey } from '../../src/crypto/keys.ts';
import { createSigner } from '../../src/crypto/signers.ts';
import type { Verifier } from '../../src/crypto/verifier.ts';

const message = utf8('a payload that no message may show');
const key = generateKey('Ed25519').publicKey;
const says = (engine: 'native' | 'noble', answer: boolean | Promise<boolean>): Verifier => ({
  engine,
  verify: () => answer,
});

describe('choosing an engine', () => {
  it('auto is wasm, which every Node has; a name forces one', async () => {
    expect(hasWasm()).toBe(true);
    expect(await chooseVerifier()).toBe(wasmVerifier);
    expect(await chooseVerifier('wasm')).toBe(wasmVerifier);
    expect(await chooseVerifier('noble')).toBe(nobleVerifier);
    if (hasNativeMlDsa()) expect(await chooseVerifier('native')).toBe(nativeVerifier);
  });

  it('native without ML-DSA is ENGINE_UNAVAILABLE and says what to do', async () => {
    if (!hasNativeMlDsa()) {
      await expect(chooseVerifier('native')).rejects.toMatchObject({
        code: 'ENGINE_UNAVAILABLE',
        next: expect.arrayContaining(['perdure doctor']),
      });
      const mlDsa = generateKey('ML-DSA-65').publicKey;
      expect(() => nativeVerifier.verify(mlDsa, message, new Uint8Array(3309), '')).toThrowError(
        expect.objectContaining({ code: 'ENGINE_UNAVAILABLE' }),
      );
    }
    await expect(chooseVerifier('openssl' as 'native')).rejects.toThrow(TypeError);
  });

  it('the probe asks the runtime, not its version: without getBuiltinModule there is no native engine', async () => {
    const { getBuiltinModule } = process;
    try {
      Object.defineProperty(process, 'getBuiltinModule', { value: undefined, configurable: true, writable: true });
      expect(() => nativeVerifier.verify(key, message, new Uint8Array(64).fill(2), '')).toThrowError(
        expect.objectContaining({ code: 'ENGINE_UNAVAILABLE' }),
      );
    } finally {
      Object.defineProperty(process, 'getBuiltinModule', {
        value: getBuiltinModule,
        configurable: true,
        writable: true,
      });
    }
  });

  it('doctor gets every engine, with a reason', () => {
    expect(availableEngines().map(({ engine, available }) => [engine, available])).toEqual([
      ['native', hasNativeMlDsa()],
      ['wasm', true],
      ['noble', true],
    ]);
    expect(availableEngines()[1]).toMatchObject({ moduleSha256: VERIFIER_SHA256 });
    for (const { detail } of availableEngines()) expect(detail.length).toBeGreaterThan(10);
  });
});

describe('without WebAssembly', () => {
  const Module = class {
    constructor() {
      throw new Error('not under this policy');
    }
  };
  it.each([
    ['missing', undefined, /no WebAssembly/],
    ['forbidden', { Module }, /forbids/],
    ['older than SIMD', { Module, validate: () => false }, /no SIMD/],
    ['forbidden by name only', { Module, validate: () => true }, /forbids/],
  ])('%s: auto falls back, wasm by name is ENGINE_UNAVAILABLE, doctor says why', async (_, webAssembly, why) => {
    vi.resetModules();
    vi.stubGlobal('WebAssembly', webAssembly);
    try {
      const fresh = await import('../../src/crypto/engines.ts');
      const { wasmVerifier: lame } = await import('../../src/crypto/engine-wasm-verify.ts');
      expect((await fresh.chooseVerifier()).engine).toBe(hasNativeMlDsa() ? 'native' : 'noble');
      await expect(fresh.chooseVerifier('wasm')).rejects.toMatchObject({
        code: 'ENGINE_UNAVAILABLE',
        next: expect.arrayContaining(['perdure doctor']),
      });
      expect(fresh.availableEngines()[1]).toMatchObject({
        engine: 'wasm',
        available: false,
        detail: expect.stringMatching(why),
      });
      const mlDsa = generateKey('ML-DSA-65').publicKey;
      expect(() => lame.verify(mlDsa, message, new Uint8Array(3309), '')).toThrowError(
        expect.objectContaining({ code: 'ENGINE_UNAVAILABLE', found: expect.stringMatching(why) }),
      );
    } finally {
      vi.unstubAllGlobals();
      vi.resetModules();
    }
  });
});

describe('crossCheck', () => {
  it('gives the answer that both give, under the name of the first', async () => {
    const edKey = generateKey('Ed25519');
    const signature = await (await createSigner(edKey)).sign({ message, context: '' });
    const both = crossCheck(nobleVerifier, nativeVerifier);
    expect(both.engine).toBe('noble');
    expect(await both.verify(edKey.publicKey, message, signature, '')).toBe(true);
    expect(await both.verify(edKey.publicKey, message, signature, 'other')).toBe(false);
  });

  it('throws ENGINES_DISAGREE that names the key and the answers, never the message', async () => {
    for (const [a, b] of [
      [true, false],
      [false, Promise.resolve(true)],
    ] as const) {
      const both = crossCheck(says('noble', a), says('native', b));
      const error = await Promise.resolve(both.verify(key, message, new Uint8Array(64), '')).catch(
        (reason: unknown) => reason,
      );
      expect(error).toMatchObject({
        code: 'ENGINES_DISAGREE',
        expected: `noble: ${await a}`,
        found: `native: ${await b}`,
      });
      expect(String(error)).toContain(key.kid);
      expect(JSON.stringify(error) + String(error)).not.toContain('payload');
    }
  });
});
