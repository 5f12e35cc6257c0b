import { availableParallelism } from 'node:os';
import { isReceiptError } from '../base/errors.ts';
import type { SecretKey } from '../crypto/keys.ts';
import { type ClosableSigner, createSigner } from '../crypto/signers.ts';
import type { SignerChoice } from './signer-choice.ts';

/** From so many signatures due at once on, workers are worth their start (about 0.1 s). */
const WORTH_WORKERS = 4;
const MAX_WORKERS = 4;

/** Signers of one run, and what they hold. */
export interface OpenSigners {
  readonly signers: readonly ClosableSigner[];
  /** Give back threads and wipe the keys. */
  close(): Promise<void>;
}

/**
 * Make a signer for each key. @param keys taken over: wiped by close. @param choice who computes ML-DSA; Ed25519 has no choice.
 * @throws ReceiptError ENGINE_UNAVAILABLE; the keys are wiped then.
 */
export async function openSigners(keys: readonly SecretKey[], choice: SignerChoice): Promise<OpenSigners> {
  const wipe = (): void => {
    for (const key of keys) key.wipe();
  };
  try {
    const signers = await Promise.all(keys.map((key) => growingSigner(key, choice)));
    return {
      signers,
      close: async () => {
        await Promise.all(signers.map((signer) => signer.close()));
        wipe();
      },
    };
  } catch (error) {
    wipe();
    throw error;
  }
}

/**
 * Sign in this thread as long as little is due, which is what one event wants; with more due at once, in workers, as many as there are
 * processors. Only noble's ML-DSA is worth it: native has a pool of its own, Ed25519 costs nothing.
 */
async function growingSigner(key: SecretKey, choice: SignerChoice): Promise<ClosableSigner> {
  const here = await createSigner(key, key.alg === 'Ed25519' ? {} : choice);
  if (here.engine !== 'noble' || key.alg === 'Ed25519') return here;
  let pool: Promise<readonly ClosableSigner[]> | null = null;
  let due = 0;
  let turn = 0;
  return {
    publicKey: here.publicKey,
    engine: here.engine,
    async sign(input) {
      due++;
      try {
        if (due >= WORTH_WORKERS) pool ??= startWorkers(key, here);
        const signers = pool === null ? [here] : await pool;
        return await signers[turn++ % signers.length]!.sign(input);
      } finally {
        due--;
      }
    },
    async close() {
      const workers = pool === null ? [] : await pool;
      await Promise.all([here, ...workers.filter((one) => one !== here)].map((signer) => signer.close()));
    },
  };
}

async function startWorkers(key: SecretKey, here: ClosableSigner): Promise<readonly ClosableSigner[]> {
  const count = Math.min(MAX_WORKERS, availableParallelism());
  try {
    return await Promise.all(Array.from({ length: count }, () => createSigner(key, { worker: true, engine: 'noble' })));
  } catch (error) {
    // A machine that starts no thread signs more slowly, and that is all.
    if (isReceiptError(error, 'ENGINE_UNAVAILABLE')) return [here];
    throw error;
  }
}
