import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SIGNER_SHA256 } from '../../src/crypto/signer-wasm.ts';
import { VERIFIER_SHA256 } from '../../src/crypto/verifier-wasm.ts';

/*
 * What a command loads before it answers. Time depends on the machine and on who else works on it (bench/startup.bench.ts measures
 * it); what is loaded does not, and is most of it.
 */

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'perdure-startup-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const ENTRIES = 1000;
const key = ['--key', 'bot', '--keys', join(root, 'keys')];
const SAYS = join(root, 'says.mjs');
const BUILTINS = join(root, 'builtins.mjs');

/** Says each module on standard error as it is loaded. Evaluated once for --import, once, with the query, among Node's own hooks. */
const SAYS_LOADS = `import { writeSync } from 'node:fs';
import { register } from 'node:module';
if (!import.meta.url.endsWith('?hook')) register(import.meta.url + '?hook');
export async function load(url, context, next) {
  writeSync(2, 'LOAD ' + url + '\\n');
  return next(url, context);
}
`;
/** Says at the end which of Node's modules were loaded. A run of its own: hooks need some themselves. */
const SAYS_BUILTINS = `process.on('exit', () => process.stderr.write(process.moduleLoadList.join('\\n')));\n`;

function perdure(args: readonly string[], input = '', first: readonly string[] = []) {
  const ran = spawnSync(process.execPath, [...first, MAIN, ...args], { cwd: root, input, encoding: 'utf8' });
  expect(ran.status, ran.stderr).toBe(0);
  return ran;
}

/** What a command loaded: our files, the packages of others, and all modules together but those of Node. */
function loads(...args: string[]) {
  const { stderr } = perdure(args, '', ['--import', SAYS]);
  const urls = [...stderr.matchAll(/^LOAD (file:.*)$/gm)].map(([, url]) => fileURLToPath(url!));
  const strangers = urls.map((path) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]);
  return {
    ours: urls.filter((_, i) => strangers[i] === undefined),
    packages: [...new Set(strangers.filter((name) => name !== undefined))].sort(),
    count: urls.length,
  };
}

beforeAll(() => {
  writeFileSync(SAYS, SAYS_LOADS);
  writeFileSync(BUILTINS, SAYS_BUILTINS);
  perdure(['key', 'new', 'bot', '--plain', '--keys', join(root, 'keys')]);
  const events = '{"type":"tool_call","agent":"bot","action":{"tool":"fs.read"}}\n'.repeat(ENTRIES - 1);
  for (const signing of ['each', 'batch']) {
    perdure(['init', signing, '--origin', 'a/b', ...key, '--signing', signing]);
    perdure(['append', signing, ...key], events);
  }
});

describe.each([
  ['signed', ['verify', 'each', ...key]],
  ['unsigned', ['verify', 'batch', ...key, '--allow-unsigned-tail']],
])('verify, 1,000 entries, %s', (_, args) => {
  test('loads few files, of few packages', () => {
    const { ours, packages, count } = loads(...args);
    // No zod, no ML-DSA of noble’s, no ciphers, nothing that draws a progress bar.
    expect(packages).toEqual(['@noble/curves', '@noble/hashes', 'commander', 'picocolors']);
    // Each costs about half a millisecond. Unbundled there were 90 of ours; the library's own are six of these.
    expect(ours.length).toBeLessThanOrEqual(9);
    expect(count).toBeLessThanOrEqual(20);
  });

  test('loads the kernels that verify and none that sign', () => {
    const code = loads(...args)
      .ours.map((path) => readFileSync(path, 'utf8'))
      .join('');
    expect(code).toContain(VERIFIER_SHA256);
    expect(code).not.toContain(SIGNER_SHA256);
  });

  test('starts no thread, and does not load what starts them', () => {
    const { stdout, stderr } = perdure(args, '', ['--import', BUILTINS]);
    expect(stdout).toContain(`VALID ${ENTRIES} receipts`);
    expect(stderr).toContain('NativeModule fs');
    expect(stderr).not.toContain('NativeModule worker_threads');
  });
});

test('the version needs three files, and no package', () => {
  const { ours, packages } = loads('--version');
  expect(packages).toEqual([]);
  expect(ours.map((path) => path.slice(path.lastIndexOf('/') + 1))).toEqual(['main.js', 'start.js', 'errors.js']);
});

test('workers are found from the bundle, where there is enough to share', () => {
  const { stdout } = perdure(['verify', 'each', ...key, '--engine', 'noble', '--workers', '2', '--json']);
  const { verdict, run } = JSON.parse(stdout) as { verdict: string; run: { workers: number } };
  expect({ verdict, workers: run.workers }).toEqual({ verdict: 'valid', workers: 2 });
});
