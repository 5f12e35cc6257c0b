import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { nobleVerifier } from '../../src/crypto/engine-noble-verify.ts';
import { generateKey } from '../../src/crypto/keys.ts';
import { createWorkerSigner } from '../../src/crypto/worker-signer.ts';
import { requireBuilt } from './built.ts';

/** Every worker that a test started, and whether the next one may start at all. */
const control = vi.hoisted(() => ({ started: [] as Worker[], forbidden: false }));
vi.mock('node:worker_threads', async (original) => {
  const actual = await original<typeof import('node:worker_threads')>();
  return {
    ...actual,
    Worker: class extends actual.Worker {
      constructor(...args: ConstructorParameters<typeof actual.Worker>) {
        // What Node's permission model does where threads are not allowed.
        if (control.forbidden) throw Object.assign(new Error('restricted'), { code: 'ERR_ACCESS_DENIED' });
        super(...args);
        control.started.push(this);
      }
    },
  };
});

const key = generateKey('ML-DSA-65');
const input = { message: utf8('what happened'), context: '' };

afterEach(() => {
  control.forbidden = false;
  control.started.length = 0;
});

describe('a worker signer whose worker fails', () => {
  it('that ends under way: what is due and what follows is SIGN_FAILED, and it closes', async () => {
    const signer = await createWorkerSigner(key);
    const due = Array.from({ length: 5 }, () => signer.sign(input));
    const results = Promise.allSettled(due);
    await control.started[0].terminate();
    const settled = await results;
    expect(settled.map(({ status }) => status)).toContain('rejected');
    for (const result of settled)
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'SIGN_FAILED' });
    await expect(signer.sign(input)).rejects.toMatchObject({ code: 'SIGN_FAILED' });
    await signer.close();
  });

  it('that throws where nobody catches: the same, and no error that nobody catches here', async () => {
    const signer = await createWorkerSigner(key);
    const due = signer.sign(input).catch((error: unknown) => error);
    control.started[0].postMessage(null);
    // Messages are taken in order: the one that was due before is made, the one after it is not. Whether the first answer or the end of
    // the worker is told here first, Node leaves open.
    const after = signer.sign(input);
    const reason = await after.catch((error: unknown) => error);
    expect(reason).toMatchObject({ code: 'SIGN_FAILED', cause: expect.any(Error) });
    const before = await due;
    if (before instanceof Uint8Array) expect(before).toHaveLength(3309);
    else expect(before).toMatchObject({ code: 'SIGN_FAILED' });
    await signer.close();
  });

  it('that may not start is ENGINE_UNAVAILABLE with what to do', async () => {
    control.forbidden = true;
    await expect(createWorkerSigner(key)).rejects.toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
      next: ['sign without a worker'],
    });
  });

  it('a key that is wiped already starts none', async () => {
    const gone = generateKey('Ed25519');
    gone.wipe();
    await expect(createWorkerSigner(gone)).rejects.toThrow(TypeError);
    expect(control.started).toEqual([]);
  });

  it('randomness that is no bytes is SIGN_FAILED, and leaves nothing waiting', async () => {
    let rnd: unknown;
    await using signer = await createWorkerSigner(key, { random: { bytes: () => rnd as Uint8Array } });
    for (rnd of [Promise.resolve(new Uint8Array(32)), 'x'.repeat(32), null])
      await expect(signer.sign(input)).rejects.toMatchObject({ code: 'SIGN_FAILED' });
    rnd = new Uint8Array(32);
    expect(await signer.sign(input)).toHaveLength(3309);
  });

  it('200 signatures at once: each its own, all good', async () => {
    const edKey = generateKey('Ed25519');
    await using signer = await createWorkerSigner(edKey);
    const messages = Array.from({ length: 200 }, (_, i) => utf8(`${i}`));
    const signatures = await Promise.all(messages.map((message) => signer.sign({ message, context: '' })));
    for (const [i, signature] of signatures.entries())
      expect(await nobleVerifier.verify(edKey.publicKey, messages[i], signature, '')).toBe(true);
  });
});

it('a process ends by itself after each of these, closed or not; from dist, as installed', () => {
  requireBuilt();
  const dist = fileURLToPath(new URL('../../dist/index.js', import.meta.url));
  const script = `
    import { createWorkerSigner, generateKey } from '${dist}';
    const said = [];
    const tell = (promise) => promise.catch((error) => said.push(error.code ?? error.name));
    const gone = generateKey('Ed25519');
    gone.wipe();
    await tell(createWorkerSigner(gone));
    const odd = await createWorkerSigner(generateKey('Ed25519'), { random: { bytes: () => Promise.resolve() } });
    await tell(odd.sign({ message: new Uint8Array(1), context: '' }));
    const idle = await createWorkerSigner(generateKey('Ed25519'));
    await idle.sign({ message: new Uint8Array(1), context: '' });
    console.log(said.join(' '));`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  expect(child).toMatchObject({ status: 0, stdout: 'TypeError SIGN_FAILED\n', stderr: '' });
});
