import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js';
import { cosignerOf, mlDsa44CosignerOf } from '../../src/checkpoint/note-keys.ts';
import { createNobleSigner } from '../../src/crypto/engine-noble-sign.ts';
import { nobleVerifier } from '../../src/crypto/engine-noble-verify.ts';
import { keyFromSeed } from '../../src/crypto/keys.ts';
import { deriveMlDsa44 } from '../../src/crypto/ml-dsa-44-sign.ts';

export const verifier = nobleVerifier;
export const mlDsa65 = keyFromSeed('ML-DSA-65', new Uint8Array(32).fill(1));
export const ed25519 = keyFromSeed('Ed25519', new Uint8Array(32).fill(2));
export const witnessKey = keyFromSeed('ML-DSA-65', new Uint8Array(32).fill(3));
export const witnessEd25519 = keyFromSeed('Ed25519', new Uint8Array(32).fill(4));
export const logSigner = createNobleSigner(mlDsa65);
export const logSignerEd25519 = createNobleSigner(ed25519);

/** Raw ML-DSA-44 bytes of a fixed seed, straight from noble. */
export const mlDsa44Keys = ml_dsa44.keygen(new Uint8Array(32).fill(5));

/** One cosigner of each kind, all named `witness.example/w1`. */
export const WITNESS = 'witness.example/w1';
export const cosigners = {
  mlDsa65: cosignerOf(WITNESS, createNobleSigner(witnessKey)),
  ed25519: cosignerOf(WITNESS, createNobleSigner(witnessEd25519)),
  mlDsa44: mlDsa44CosignerOf(WITNESS, deriveMlDsa44(witnessKey)),
};
