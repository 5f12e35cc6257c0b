import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { chooseSigner, readFastest, signerFile } from '../../src/cli/signer-choice.ts';
import { generateKey } from '../../src/crypto/keys.ts';
import { createSigner, measureSigning } from '../../src/crypto/signers.ts';
import { cli } from '../cli/fake-io.ts';
import { nativeMlDsa } from './native.ts';

const root = mkdtempSync(join(tmpdir(), 'perdure-signer26-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const env = { HOME: root, XDG_CACHE_HOME: join(root, 'cache'), XDG_DATA_HOME: join(root, 'data') };
const file = signerFile(env);

describe.skipIf(!nativeMlDsa)('the signer of the command line, where there is a choice', () => {
  it('doctor measures, keeps, and says so', async () => {
    const { signing } = JSON.parse((await cli(['doctor', '--json'], { env })).stdout) as { signing: object };
    const { fastest } = measureSigning();
    expect(signing).toEqual({ engine: fastest, because: 'measured', kept_in: file, problem: null });
    expect(await readFastest(env)).toBe(fastest);
    expect(await chooseSigner(env, undefined)).toEqual({ engine: 'auto', fastest });
  });

  it.each(['native', 'wasm'] as const)('a verb signs with what is kept and measures nothing: %s', async (engine) => {
    const kept = JSON.parse(readFileSync(file, 'utf8')) as object;
    writeFileSync(file, JSON.stringify({ ...kept, engine }));
    const { exit, stdout } = await cli(['demo'], { env });
    expect(exit).toBe(0);
    expect(stdout).toContain(`signs with the engine ${engine}`);
  });

  it('what is kept of another Node counts for nothing: the verb measures', async () => {
    const kept = JSON.parse(readFileSync(file, 'utf8')) as object;
    const { fastest } = measureSigning();
    const other = fastest === 'wasm' ? 'native' : 'wasm';
    writeFileSync(file, JSON.stringify({ ...kept, node: 'v26.0.0-other', engine: other }));
    expect((await cli(['demo'], { env })).stdout).toContain(`signs with the engine ${fastest}`);
  });

  it('the environment overrides it', async () => {
    const asks = { ...env, PERDURE_SIGN_ENGINE: 'native' };
    expect((await cli(['demo'], { env: asks })).stdout).toContain('signs with the engine native');
  });

  it('the library takes the finding as an option, and another engine by name beats it', async () => {
    const key = generateKey('ML-DSA-65');
    for (const fastest of ['native', 'wasm'] as const) {
      expect((await createSigner(key, { fastest })).engine).toBe(fastest);
      expect((await createSigner(key, { fastest, engine: 'noble' })).engine).toBe('noble');
      // A fixed source of randomness is nothing that native takes.
      expect((await createSigner(key, { fastest, deterministicForTests: true })).engine).toBe('wasm');
    }
    await expect(createSigner(key, { fastest: 'noble' as 'wasm' })).rejects.toThrow(TypeError);
  });
});
