import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { fromBase64url, utf8 } from '../../src/base/bytes.ts';
import { createWasmSigner, hasWasmSigning } from '../../src/crypto/engine-wasm-sign.ts';
import { generateKey, keyFromSeed } from '../../src/crypto/keys.ts';
import { SIGNER_WASM } from '../../src/crypto/signer-wasm.ts';
import { CONTEXTS, signedMessage } from '../../src/crypto/verifier.ts';
import { startSignerKernel } from '../../src/crypto/wasm-signer.ts';
import { compileKernels, seeded } from './kernels.ts';

const random = seeded(0x5160);
const randomBytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => random(256));

const builds: Record<string, Uint8Array<ArrayBuffer>> = {
  release: fromBase64url(SIGNER_WASM) as Uint8Array<ArrayBuffer>,
};
beforeAll(async () => {
  builds.debug = await compileKernels([], 'sign-kernels');
});

describe.each(['release', 'debug'])('the %s build beside noble', (build) => {
  it('signs byte for byte the same: 12 keys, lengths over every block edge, hedged and deterministic', () => {
    for (let round = 0; round < 12; round++) {
      const { secretKey } = ml_dsa65.keygen(randomBytes(32));
      const kernel = startSignerKernel(secretKey, builds[build]);
      for (const length of [0, 1, 5, 6, 7, 69, 70, 71, 72, 73, 135, 136, 137, 205, 300 + random(4000)].filter(
        (_, i) => i % 4 === round % 4,
      )) {
        const message = randomBytes(length);
        const rnd = round % 2 === 0 ? randomBytes(32) : new Uint8Array(32);
        const context = ['', CONTEXTS.entry, 'x'.repeat(255)][round % 3];
        const expected = ml_dsa65.sign(message, secretKey, { context: utf8(context), extraEntropy: rnd });
        const whole = signedMessage(message, context);
        const cut = random(whole.length + 1);
        expect(kernel.sign([whole.subarray(0, cut), whole.subarray(cut)], rnd)).toEqual(expected);
      }
    }
  });

  it('takes mu, and messages longer than its region', () => {
    const { secretKey } = ml_dsa65.keygen(randomBytes(32));
    const kernel = startSignerKernel(secretKey, builds[build]);
    const [mu, rnd, message] = [randomBytes(64), randomBytes(32), new Uint8Array(200_001).fill(3)];
    expect(kernel.signMu(mu, rnd)).toEqual(
      ml_dsa65.internal.sign(mu, secretKey, { externalMu: true, extraEntropy: rnd }),
    );
    expect(kernel.sign([message], rnd)).toEqual(ml_dsa65.internal.sign(message, secretKey, { extraEntropy: rnd }));
  });

  it('keeps nothing of a signature but the signature, and nothing at all once disposed of or failed', () => {
    const { secretKey } = ml_dsa65.keygen(randomBytes(32));
    const memories: WebAssembly.Memory[] = [];
    const instance = WebAssembly.Instance;
    // The kernel hides its memory; the test looks at it through the constructor.
    WebAssembly.Instance = class extends instance {
      constructor(module: WebAssembly.Module) {
        super(module);
        memories.push(this.exports.memory as WebAssembly.Memory);
      }
    } as typeof WebAssembly.Instance;
    try {
      const kernel = startSignerKernel(secretKey, builds[build]);
      const bytes = new Uint8Array(memories[0].buffer);
      const prepared = bytes.slice();
      expect(indexOf(bytes, secretKey.subarray(128, 200))).toBe(-1);
      const signature = kernel.sign([randomBytes(100)], randomBytes(32));
      const signatureAt = indexOf(bytes, signature);
      expect(signatureAt).toBeGreaterThan(0);
      bytes.fill(0, signatureAt, signatureAt + signature.length);
      expect(indexOf(bytes, prepared)).toBe(0);
      kernel.dispose();
      const tables = new WebAssembly.Instance(new WebAssembly.Module(builds[build])).exports as {
        memory: WebAssembly.Memory;
        initialise(): void;
      };
      tables.initialise();
      const fresh = new Uint8Array(tables.memory.buffer);
      expect(indexOf(bytes, fresh)).toBe(0);
      expect(() => kernel.sign([new Uint8Array(1)], new Uint8Array(32))).toThrow(TypeError);

      const failing = startSignerKernel(secretKey, builds[build]);
      const left = new Uint8Array(memories.at(-1)!.buffer);
      expect(indexOf(left, fresh)).toBe(-1);
      expect(() => failing.sign([new Uint8Array(1)], new Uint8Array(31))).toThrow(RangeError);
      expect(indexOf(left, fresh)).toBe(0);
      expect(() => failing.sign([new Uint8Array(1)], new Uint8Array(32))).toThrow(TypeError);

      const bad = secretKey.slice();
      bad[128] = 0xff;
      expect(() => startSignerKernel(bad, builds[build])).toThrow(TypeError);
      expect(indexOf(new Uint8Array(memories.at(-1)!.buffer), fresh)).toBe(0);
      expect(() => startSignerKernel(secretKey.subarray(1), builds[build])).toThrow(RangeError);
    } finally {
      WebAssembly.Instance = instance;
    }
  });
});

function indexOf(bytes: Uint8Array, part: Uint8Array): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(part);
}

describe('the signer', () => {
  const key = keyFromSeed('ML-DSA-65', new Uint8Array(32).fill(9));
  const input = { message: utf8('what happened'), context: CONTEXTS.entry };

  it('works here', () => expect(hasWasmSigning()).toBe(true));

  it('is the same as noble under one Random, and works on after its key was wiped', async () => {
    const own = generateKey('ML-DSA-65', { bytes: (length) => new Uint8Array(length).fill(9) });
    const signer = createWasmSigner(own, { random: { bytes: (length) => new Uint8Array(length).fill(7) } });
    own.wipe();
    const expected = ml_dsa65.sign(input.message, key.expanded!, {
      context: utf8(input.context),
      extraEntropy: new Uint8Array(32).fill(7),
    });
    expect(await signer.sign(input)).toEqual(expected);
  });

  it('close waits for what was asked for, then nothing is signed', async () => {
    const signer = createWasmSigner(key);
    const due = Promise.all(Array.from({ length: 20 }, () => signer.sign(input)));
    await signer.close();
    expect(await due).toHaveLength(20);
    await expect(signer.sign(input)).rejects.toMatchObject({ code: 'SIGN_FAILED' });
  });

  it('no kernel for Ed25519', () => {
    expect(() => createWasmSigner(generateKey('Ed25519'))).toThrow(
      expect.objectContaining({ code: 'ENGINE_UNAVAILABLE' }),
    );
  });
});
