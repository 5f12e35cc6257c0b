import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { nobleVerifier } from '../../src/crypto/engine-noble-verify.ts';
import { generateKey } from '../../src/crypto/keys.ts';
import { createSigner } from '../../src/crypto/signers.ts';
import { CONTEXTS } from '../../src/crypto/verifier.ts';
import { createWorkerSigner } from '../../src/crypto/worker-signer.ts';
import { requireBuilt } from './built.ts';

const input = { message: utf8('what happened'), context: CONTEXTS.entry };

describe('the worker-backed noble signer', () => {
  const key = generateKey('ML-DSA-65');

  it('signs as the in-process one does, message and mu, and goes on when the caller has wiped the key', async () => {
    const mine = generateKey('ML-DSA-65');
    const fixed = { random: { bytes: (length: number) => new Uint8Array(length).fill(9) } };
    const local = await createSigner(mine, { engine: 'noble', ...fixed });
    const expected = [await local.sign(input), await local.sign({ mu: new Uint8Array(64) })];
    const worker = await createSigner(mine, { engine: 'noble', worker: true, ...fixed });
    mine.wipe();
    expect(await worker.sign(input)).toEqual(expected[0]);
    expect(await worker.sign({ mu: new Uint8Array(64) })).toEqual(expected[1]);
    expect(worker).toMatchObject({ engine: 'noble', publicKey: mine.publicKey });
    await worker.close();
  });

  it('signs with Ed25519, and says UNSUPPORTED for its mu', async () => {
    const edKey = generateKey('Ed25519');
    await using worker = await createWorkerSigner(edKey);
    expect(await nobleVerifier.verify(edKey.publicKey, input.message, await worker.sign(input), input.context)).toBe(
      true,
    );
    await expect(worker.sign({ mu: new Uint8Array(64) })).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });

  it('leaves this thread free: many turns of the event loop pass during one signature', async () => {
    await using worker = await createWorkerSigner(key);
    await worker.sign(input);
    let turns = 0;
    let running = true;
    const count = (): void => {
      turns++;
      if (running) setImmediate(count);
    };
    setImmediate(count);
    const signatures = await Promise.all(Array.from({ length: 4 }, () => worker.sign(input)));
    running = false;
    // A signature takes milliseconds, an idle turn microseconds; signing on this thread would allow about one turn each.
    expect(turns).toBeGreaterThan(40);
    expect(new Set(signatures.map(String)).size).toBe(4);
  });

  it('finishes what was asked for before close(), and refuses afterwards with SIGN_FAILED', async () => {
    const worker = await createWorkerSigner(key);
    const pending = Array.from({ length: 3 }, () => worker.sign(input));
    const closing = worker.close();
    for (const signature of await Promise.all(pending)) {
      expect(await nobleVerifier.verify(key.publicKey, input.message, signature, input.context)).toBe(true);
    }
    await closing;
    await worker.close();
    await expect(worker.sign(input)).rejects.toMatchObject({ code: 'SIGN_FAILED' });
  });

  it('wrong arguments and a failing Random are told as by the in-process signer, and it still signs', async () => {
    let broken = true;
    await using worker = await createWorkerSigner(key, {
      random: {
        bytes: (length) => {
          if (broken) throw new Error('no entropy');
          return new Uint8Array(length);
        },
      },
    });
    await expect(worker.sign({ message: input.message, context: 'x'.repeat(256) })).rejects.toThrow(RangeError);
    await expect(worker.sign({ mu: new Uint8Array(1) })).rejects.toThrow(RangeError);
    await expect(worker.sign(input)).rejects.toMatchObject({ code: 'SIGN_FAILED' });
    broken = false;
    expect(await worker.sign(input)).toHaveLength(3309);
  });

  it('an error inside the worker is SIGN_FAILED for that signature only', async () => {
    let length = 31;
    await using worker = await createWorkerSigner(key, { random: { bytes: () => new Uint8Array(length) } });
    await expect(worker.sign(input)).rejects.toMatchObject({ code: 'SIGN_FAILED' });
    length = 32;
    expect(await worker.sign(input)).toHaveLength(3309);
  });

  it('does not keep a process alive, but a signature that is due does; from dist, as installed', () => {
    requireBuilt();
    const dist = fileURLToPath(new URL('../../dist/index.js', import.meta.url));
    const script = `
      import { createSigner, generateKey } from '${dist}';
      const signer = await createSigner(generateKey('ML-DSA-65'), { engine: 'noble', worker: true });
      signer.sign({ message: new Uint8Array(3), context: '' }).then((signature) => console.log(signature.length));`;
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect(child).toMatchObject({ status: 0, stdout: '3309\n', stderr: '' });
  });
});
