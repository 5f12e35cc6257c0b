import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { openSigners } from '../../src/cli/log-signers.ts';
import { chooseSigner, keepFastest, readFastest, signerFile } from '../../src/cli/signer-choice.ts';
import { generateKey } from '../../src/crypto/keys.ts';
import { SIGNER_SHA256, type SigningSpeed } from '../../src/crypto/signers.ts';
import { cli } from './fake-io.ts';

const root = mkdtempSync(join(tmpdir(), 'perdure-signer-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** What a machine might measure where this Node has nothing to choose. */
const NATIVE: SigningSpeed = { fastest: 'native', nativeMicros: 90.4, wasmMicros: 221.7 };
const WASM: SigningSpeed = { fastest: 'wasm', nativeMicros: 900, wasmMicros: 200 };
const both = (): boolean => true;

let env: { HOME: string; XDG_CACHE_HOME: string };
let folder: string;
let file: string;
let homes = 0;
beforeEach(() => {
  const home = join(root, String(homes++));
  env = { HOME: home, XDG_CACHE_HOME: join(home, 'cache') };
  file = signerFile(env);
  folder = join(file, '..');
});

/** Change what is kept. */
function change(members: Readonly<Record<string, unknown>>): void {
  writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, 'utf8')) as object), ...members }));
}

describe('what doctor measured is kept', () => {
  test('whole, for this user alone, and read again', async () => {
    expect(await readFastest(env)).toBe(null);
    expect(await keepFastest(env, () => NATIVE)).toEqual({ file, problem: null });
    expect(await readFastest(env)).toBe('native');
    expect((statSync(folder).mode & 0o777).toString(8)).toBe('700');
    expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
      schema: 'perdure/signer/v1',
      node: process.version,
      platform: `${process.platform} ${process.arch}`,
      module_sha256: SIGNER_SHA256,
      engine: 'native',
      native_us: 90,
      wasm_us: 222,
      date: expect.stringMatching(/^\d{4}-.*Z$/),
    });
  });

  test('a later measurement takes its place, and nothing else is left in the folder', async () => {
    await keepFastest(env, () => NATIVE);
    await keepFastest(env, () => WASM);
    expect(await readFastest(env)).toBe('wasm');
    expect(readdirSync(folder)).toEqual(['signer.json']);
  });

  test('the place follows XDG: a relative XDG_CACHE_HOME is ignored', () => {
    expect(signerFile({ HOME: '/h', XDG_CACHE_HOME: '/c' })).toBe('/c/perdure/signer.json');
    expect(signerFile({ HOME: '/h', XDG_CACHE_HOME: 'c' })).toBe('/h/.cache/perdure/signer.json');
    expect(signerFile({ HOME: '/h' })).toBe('/h/.cache/perdure/signer.json');
  });
});

describe('it is as good as nothing when it', () => {
  beforeEach(() => keepFastest(env, () => NATIVE));

  test.each([
    ['is of another Node', { node: 'v19.0.0' }],
    ['is of another processor', { platform: 'linux pdp11' }],
    ['is of another module', { module_sha256: '0'.repeat(64) }],
    ['is of another schema', { schema: 'perdure/signer/v2' }],
    ['names an engine that is none of the two', { engine: 'noble' }],
    ['names something else altogether', { engine: '__proto__' }],
    ['has a time that is none', { wasm_us: -1 }],
    ['has a time that is no number', { native_us: '90' }],
    ['has no date', { date: 'today' }],
    ['holds more than it should', { next: 'https://example.com' }],
  ])('%s', async (_, members) => {
    expect(await readFastest(env)).toBe('native');
    change(members);
    expect(await readFastest(env)).toBe(null);
    expect(await chooseSigner(env, undefined, both)).toEqual({ engine: 'auto' });
  });

  test.each([
    ['is empty', ''],
    ['is no JSON', '{"schema":'],
    ['is no object', 'null'],
    ['is too large', ' '.repeat(2000)],
    ['is no UTF-8', '\xff'],
  ])('%s', async (_, text) => {
    writeFileSync(file, text, 'latin1');
    expect(await readFastest(env)).toBe(null);
  });

  test('may have been written by others', async () => {
    chmodSync(file, 0o666);
    expect(await readFastest(env)).toBe(null);
    chmodSync(file, 0o600);
    expect(await readFastest(env)).toBe('native');
    chmodSync(folder, 0o777);
    expect(await readFastest(env)).toBe(null);
  });

  test('is a link, or a folder', async () => {
    const elsewhere = join(root, `elsewhere-${homes}`);
    writeFileSync(elsewhere, readFileSync(file), { mode: 0o600 });
    rmSync(file);
    symlinkSync(elsewhere, file);
    expect(await readFastest(env)).toBe(null);
    rmSync(file);
    mkdirSync(file);
    expect(await readFastest(env)).toBe(null);
  });
});

describe('where nothing can be kept', () => {
  test('a file stands where the folder should be: said, not thrown, and signing goes on', async () => {
    mkdirSync(env.HOME, { recursive: true });
    writeFileSync(env.XDG_CACHE_HOME, '');
    const { problem } = await keepFastest(env, () => WASM);
    expect(problem).toMatch(/ENOTDIR|EEXIST/);
    expect(await chooseSigner(env, undefined, both)).toEqual({ engine: 'auto' });
  });

  test('the folder is open to others: nothing is written into it', async () => {
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o777);
    expect((await keepFastest(env, () => WASM)).problem).toMatch(/mode 0777/);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a leftover of another run is no hindrance, and a folder in its place is said', async () => {
    mkdirSync(file, { recursive: true });
    chmodSync(folder, 0o700);
    expect((await keepFastest(env, () => WASM)).problem).toMatch(/EISDIR|ENOTEMPTY|EEXIST/);
    expect(readdirSync(folder)).toEqual(['signer.json']);
  });
});

describe('who signs', () => {
  test('an option before the environment, that before what is kept', async () => {
    await keepFastest(env, () => NATIVE);
    const asks = { ...env, PERDURE_SIGN_ENGINE: 'noble' };
    expect(await chooseSigner(asks, 'wasm', both)).toEqual({ engine: 'wasm' });
    expect(await chooseSigner(asks, undefined, both)).toEqual({ engine: 'noble' });
    expect(await chooseSigner({ ...env, PERDURE_SIGN_ENGINE: '' }, undefined, both)).toEqual({
      engine: 'auto',
      fastest: 'native',
    });
    expect(await chooseSigner(asks, 'auto', both)).toEqual({ engine: 'auto', fastest: 'native' });
  });

  test('where there is no choice nothing is read and nothing is kept', async () => {
    await keepFastest(env, () => NATIVE);
    expect(await chooseSigner(env, undefined, () => false)).toEqual({ engine: 'auto' });
  });

  test('Ed25519 has no choice: a log with both kinds of keys signs with any engine', async () => {
    const keys = [generateKey('ML-DSA-65'), generateKey('Ed25519')];
    const { signers, close } = await openSigners(keys, { engine: 'wasm' });
    expect(signers.map(({ engine }) => engine)).toEqual(['wasm', 'native']);
    await close();
  });

  test('append and init take --engine and PERDURE_SIGN_ENGINE, and refuse what they do not know', async () => {
    const keys = ['--keys', join(env.HOME, 'keys')];
    await cli(['key', 'new', 'bot', '--plain', ...keys], { env });
    const init = ['init', join(env.HOME, 'log'), '--origin', 'a/b', '--key', 'bot', ...keys];
    const bad = await cli(init, { env: { ...env, PERDURE_SIGN_ENGINE: 'fast' } });
    expect([bad.exit, bad.stderr]).toEqual([2, expect.stringContaining('PERDURE_SIGN_ENGINE: expected one of auto')]);
    expect((await cli([...init, '--engine', 'fast'], { env })).exit).toBe(2);
    expect((await cli([...init, '--engine', 'wasm'], { env })).exit).toBe(0);
    const append = ['append', join(env.HOME, 'log'), '--key', 'bot', ...keys, '--engine', 'noble'];
    const stdin = '{"agent":"bot","action":{"tool":"t"}}';
    expect(await cli(append, { env, stdin })).toMatchObject({
      exit: 0,
      stdout: expect.stringMatching(/^1 [0-9a-f]{64}\n$/),
    });
  });

  test('doctor says who signs, and why', async () => {
    const asked = await cli(['doctor', '--json'], { env: { ...env, PERDURE_SIGN_ENGINE: 'noble' } });
    expect(JSON.parse(asked.stdout)).toMatchObject({ signing: { engine: 'noble', because: 'environment' } });
    const text = await cli(['doctor'], { env });
    expect(text.stdout).toMatch(/^ {10}ML-DSA-65 is signed by (native|wasm) \(/m);
    expect(existsSync(file)).toBe(text.stdout.includes(`kept in ${file}`));
  });
});
