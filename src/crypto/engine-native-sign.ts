import { equalBytes, utf8, wipe } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { verifyEd25519Native, verifyMlDsa65Native } from './engine-native-verify.ts';
import { keyFromSeed, type SecretKey } from './keys.ts';
import { KNOWN_ANSWER } from './known-answer.ts';
import { encodePkcs8 } from './pkcs8.ts';
import type { Algorithm } from './public-key.ts';
import { bareUnsupported, copySignInput, ed25519Message, muUnsupported, signFailed } from './sign-input.ts';
import { meanMicros } from './sign-time.ts';
import type { Signer, SignInput } from './signer.ts';
import { encodeSpki } from './spki.ts';

type NativeSecret = object;
type NativePublic = { export(form: { format: 'der'; type: 'spki' }): Uint8Array };
type NativeSignKey = NativeSecret | { key: NativeSecret; context: Uint8Array };

/** The part of node:crypto that signing needs (see engine-native-verify.ts). */
interface NativeCrypto {
  createPrivateKey(input: { key: Uint8Array; format: 'der'; type: 'pkcs8' }): NativeSecret;
  createPublicKey(secret: NativeSecret): NativePublic;
  sign(algorithm: null, data: Uint8Array, key: NativeSignKey): Uint8Array;
  sign(
    algorithm: null,
    data: Uint8Array,
    key: NativeSignKey,
    done: (error: Error | null, signature: Uint8Array) => void,
  ): void;
}

function nativeCrypto(): NativeCrypto | null {
  const runtime = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  return (runtime.process?.getBuiltinModule?.('node:crypto') as NativeCrypto | undefined) ?? null;
}

const probed = new Map<Algorithm, boolean>();

/**
 * @returns whether node:crypto signs with this algorithm. Found once by trying: a fixed seed must open to the public key that we know
 * it has, and a signature under a context must verify.
 */
export function hasNativeSigning(alg: Algorithm): boolean {
  const known = probed.get(alg);
  if (known !== undefined) return known;
  const answer = probe(alg);
  probed.set(alg, answer);
  return answer;
}

function probe(alg: Algorithm): boolean {
  try {
    const crypto = nativeCrypto();
    if (crypto === null) return false;
    const key = keyFromSeed(alg, new Uint8Array(32).fill(0x50));
    const secret = importSecret(crypto, key);
    const spki = crypto.createPublicKey(secret).export({ format: 'der', type: 'spki' });
    if (!equalBytes(spki, encodeSpki(key.publicKey))) return false;
    const { message, context } = KNOWN_ANSWER;
    if (alg === 'Ed25519') return verifyEd25519Native(key.publicKey, message, crypto.sign(null, message, secret));
    return verifyMlDsa65Native(key.publicKey, message, crypto.sign(null, message, { key: secret, context }), context);
  } catch {
    return false;
  }
}

/** @returns the mean time of an ML-DSA-65 signature in microseconds, over `count`; only where hasNativeSigning. */
export function timeNativeSigning(count: number): number {
  const crypto = nativeCrypto()!;
  const secret = importSecret(crypto, keyFromSeed('ML-DSA-65', new Uint8Array(32).fill(0x50)));
  const { message, context } = KNOWN_ANSWER;
  return meanMicros(count, () => crypto.sign(null, message, { key: secret, context }));
}

/**
 * Sign with node:crypto, in its thread pool. ML-DSA is always hedged, with OpenSSL's own randomness; mu is UNSUPPORTED.
 * @param key read once; OpenSSL keeps a copy that we cannot wipe. @throws ReceiptError ENGINE_UNAVAILABLE
 */
export function createNativeSigner(key: SecretKey): Signer {
  const crypto = nativeCrypto();
  if (crypto === null || !hasNativeSigning(key.alg)) {
    throw new ReceiptError(
      'ENGINE_UNAVAILABLE',
      `engine native: expected ${key.alg} signing in node:crypto, got a runtime without it`,
      {
        expected: `node:crypto that signs ${key.alg} (ML-DSA: Node 24.7 or later)`,
        found: 'a runtime without it',
        next: ['use the engine auto or noble'],
      },
    );
  }
  const secret = importSecret(crypto, key);
  return {
    publicKey: key.publicKey,
    engine: 'native',
    async sign(input) {
      const own = copySignInput(input);
      const [data, signingKey] = nativeInput(key.alg, own, secret);
      return new Promise((resolve, reject) => {
        crypto.sign(null, data, signingKey, (error, signature) => {
          if (error) reject(signFailed('signer native', error));
          // A plain array of our own: Node answers with a Buffer.
          else resolve(Uint8Array.from(signature));
        });
      });
    },
  };
}

/** @returns what node:crypto is handed: the signed bytes, and the key with its context where it forms M' itself. */
function nativeInput(alg: Algorithm, input: SignInput, secret: NativeSecret): [data: Uint8Array, key: NativeSignKey] {
  if ('mu' in input) throw muUnsupported('signer native');
  if (alg === 'Ed25519') return [ed25519Message(input, 'signer native'), secret];
  if ('bare' in input) throw bareUnsupported('signer native');
  return [input.message, { key: secret, context: utf8(input.context) }];
}

function importSecret(crypto: NativeCrypto, key: SecretKey): NativeSecret {
  const der = encodePkcs8(key, key.seed === null ? 'expanded' : 'seed');
  try {
    return crypto.createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  } finally {
    wipe(der);
  }
}
