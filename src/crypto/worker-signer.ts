import { Worker } from 'node:worker_threads';
import { wipe } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { drawRnd, type HedgeOptions, type NobleSecret, nobleSecretOf } from './engine-noble-sign.ts';
import type { SecretKey } from './keys.ts';
import { bareUnsupported, copySignInput, muUnsupported, signFailed } from './sign-input.ts';
import type { Signer, SignInput } from './signer.ts';

/** What goes to the worker. The secret's buffer is transferred. */
export type ToWorker =
  | { readonly op: 'key'; readonly secret: NobleSecret }
  | { readonly op: 'sign'; readonly id: number; readonly input: SignInput; readonly rnd: Uint8Array }
  | { readonly op: 'close' };

/** What comes back. */
export type FromWorker =
  | { readonly op: 'ready' }
  | { readonly op: 'signed'; readonly id: number; readonly signature: Uint8Array }
  | { readonly op: 'failed'; readonly id: number; readonly reason: string };

/** A signer with a thread of its own, to be closed. */
export interface WorkerSigner extends Signer, AsyncDisposable {
  /** Finish what was asked for, wipe the worker's key and end the thread. Signing afterwards is SIGN_FAILED. */
  close(): Promise<void>;
}

/**
 * Beside this file, in dist and in src alike. From src it needs a runtime that reads TypeScript, or the loader that started us, which
 * it then inherits; from dist it inherits nothing.
 */
const FROM_SOURCE = import.meta.url.endsWith('.ts');
const WORKER_FILE = FROM_SOURCE
  ? new URL('./signer-worker.ts', import.meta.url)
  : new URL('./signer-worker.js', import.meta.url);

interface Waiting {
  resolve(signature: Uint8Array): void;
  reject(error: ReceiptError): void;
}

/**
 * Sign with noble in a worker thread: signing costs this thread two messages. Does not keep the process alive, except while a
 * signature is due. @param key copied to the worker; yours may be wiped once this resolves.
 * @throws ReceiptError ENGINE_UNAVAILABLE when the worker does not start; TypeError on a key that was wiped.
 */
export async function createWorkerSigner(key: SecretKey, options: HedgeOptions = {}): Promise<WorkerSigner> {
  // Before the worker: a key that was wiped starts none, which nothing would end.
  const secret = copyOf(nobleSecretOf(key));
  const worker = startWorker(secret);
  const waiting = new Map<number, Waiting>();
  let nextId = 0;
  let dead: ReceiptError | null = null;
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));

  const fail = (cause: unknown): void => {
    dead ??= new ReceiptError('SIGN_FAILED', 'signer worker: expected a running worker, got one that ended', {
      at: 'signer worker',
      cause,
    });
    for (const { reject } of waiting.values()) reject(dead);
    waiting.clear();
  };
  const settle = (id: number): Waiting | undefined => {
    const job = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) worker.unref();
    return job;
  };

  await new Promise<void>((resolve, reject) => {
    const unavailable = (cause?: unknown): void => {
      fail(cause);
      reject(notStarted(cause));
    };
    worker.once('error', unavailable);
    worker.once('exit', () => unavailable());
    worker.on('message', (message: FromWorker) => {
      if (message.op === 'ready') resolve();
      else if (message.op === 'signed') settle(message.id)?.resolve(message.signature);
      else settle(message.id)?.reject(signFailed('signer worker', new Error(message.reason)));
    });
    worker.postMessage({ op: 'key', secret } satisfies ToWorker, [bytesOf(secret).buffer as ArrayBuffer]);
  });
  worker.unref();

  const close = async (): Promise<void> => {
    dead ??= new ReceiptError('SIGN_FAILED', 'signer worker: expected an open signer, got a closed one', {
      at: 'signer worker',
    });
    worker.ref();
    // Messages are answered in order, so that 'close' comes after every signature already asked for.
    worker.postMessage({ op: 'close' } satisfies ToWorker);
    await exited;
  };

  return {
    publicKey: key.publicKey,
    engine: 'noble',
    async sign(input) {
      const own = copySignInput(input);
      if ('mu' in own && key.alg === 'Ed25519') throw muUnsupported('Ed25519');
      if ('bare' in own && key.alg !== 'Ed25519') throw bareUnsupported('ML-DSA-65');
      if (dead !== null) throw dead;
      const rnd = drawOrFail(options);
      const id = nextId++;
      try {
        // Sent first: what could not be sent has no answer, and must not keep the process waiting for one.
        worker.postMessage({ op: 'sign', id, input: own, rnd } satisfies ToWorker);
        worker.ref();
        return await new Promise<Uint8Array>((resolve, reject) => waiting.set(id, { resolve, reject }));
      } finally {
        wipe(rnd);
      }
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** @param secret wiped when there is no worker to take it. */
function startWorker(secret: NobleSecret): Worker {
  try {
    return new Worker(WORKER_FILE, FROM_SOURCE ? { env: {} } : { env: {}, execArgv: [] });
  } catch (cause) {
    wipe(bytesOf(secret));
    // Such as Node's permission model, which forbids threads unless told otherwise.
    throw notStarted(cause);
  }
}

function notStarted(cause: unknown): ReceiptError {
  return new ReceiptError('ENGINE_UNAVAILABLE', 'signer worker: expected it to start, got a failure', {
    at: WORKER_FILE.pathname.split('/').slice(-2).join('/'),
    next: ['sign without a worker'],
    cause,
  });
}

function drawOrFail(options: HedgeOptions): Uint8Array {
  try {
    return drawRnd(options);
  } catch (cause) {
    throw signFailed('signer worker', cause);
  }
}

function bytesOf(secret: NobleSecret): Uint8Array {
  return secret.alg === 'Ed25519' ? secret.seed : secret.expanded;
}

function copyOf(secret: NobleSecret): NobleSecret {
  return secret.alg === 'Ed25519'
    ? { alg: secret.alg, seed: secret.seed.slice() }
    : { alg: secret.alg, expanded: secret.expanded.slice() };
}
