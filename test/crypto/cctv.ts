import { shake128 } from '@noble/hashes/sha3.js';
import { equalBytes, toHex } from '../../src/base/bytes.ts';
import { createNobleSigner } from '../../src/crypto/engine-noble-sign.ts';
import { nobleVerifier } from '../../src/crypto/engine-noble-verify.ts';
import { createWasmSigner } from '../../src/crypto/engine-wasm-sign.ts';
import { wasmVerifier } from '../../src/crypto/engine-wasm-verify.ts';
import { keyFromSeed } from '../../src/crypto/keys.ts';
import { sharedJson } from '../shared.ts';

/** @returns the published digest after `iterations`. @throws where there is none. */
export function accumulatedDigest(iterations: number): string {
  const digest = sharedJson<Record<string, Record<string, string>>>('vectors/cctv-mldsa/accumulated.json')['ML-DSA-65'][
    iterations
  ];
  if (digest === undefined) throw new Error(`no accumulated digest for ${iterations} iterations`);
  return digest;
}

/**
 * Seeds from SHAKE128(""), each: pk and the deterministic signature of the empty message under the empty context into the digest, and
 * the signature made and verified by noble and by wasm. @returns how many verified, and the digest.
 */
export async function accumulate(iterations: number): Promise<{ verified: number; digest: string }> {
  const seeds = shake128.create({});
  const digest = shake128.create({});
  const empty = new Uint8Array(0);
  let verified = 0;
  for (let i = 0; i < iterations; i++) {
    const key = keyFromSeed('ML-DSA-65', seeds.xof(32));
    const [signature, other] = await Promise.all(
      [createNobleSigner, createWasmSigner].map((create) =>
        create(key, { deterministicForTests: true }).sign({ message: empty, context: '' }),
      ),
    );
    if (!equalBytes(signature, other)) throw new Error(`noble and wasm sign differently, iteration ${i}`);
    digest.update(key.publicKey.bytes).update(signature);
    const answers = [nobleVerifier, wasmVerifier].map((engine) => engine.verify(key.publicKey, empty, signature, ''));
    if (answers.every((answer) => answer === true)) verified++;
  }
  return { verified, digest: toHex(digest.xof(32)) };
}
