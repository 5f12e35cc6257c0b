import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { modulesIn } from '../../bench/dist-modules.ts';
import { root, text } from '../house/tree.ts';
import { installPacked } from './packed.ts';

const installed = installPacked();
afterAll(() => installed.remove());

type Target = string | { readonly types: string; readonly default: string };
const manifest = JSON.parse(text('package.json')) as {
  version: string;
  files: string[];
  exports: Record<string, Target>;
};
const entries = Object.entries(manifest.exports).filter(([name]) => name !== './package.json');
const specifier = (name: string): string => `perdure${name.slice(1)}`;

/** What a pattern of `files` names: itself, what lies in it, and `**` and `*` as npm reads them. */
function globToRegExp(name: string): RegExp {
  const text = name
    .replace(/[.]/g, '\\.')
    .replace(/\*\*\//g, '(?:.+/)?')
    .replace(/\*/g, '[^/]+');
  return new RegExp(`^${text}(?:/.*)?$`);
}

test('the tarball holds what `files` names and nothing of the workshop', () => {
  // `files` names folders, files, and for the kit its data without the scripts that make it.
  const patterns = manifest.files.map((name) => [name, globToRegExp(name)] as const);
  for (const [name, pattern] of patterns)
    expect(
      installed.packed.some((path) => pattern.test(path)),
      name,
    ).toBe(true);
  const strangers = installed.packed.filter((path) => !patterns.some(([, pattern]) => pattern.test(path)));
  expect(strangers).toEqual(['package.json']);
  expect(installed.packed.filter((path) => path.startsWith('vectors/') && path.endsWith('.ts'))).toEqual([]);
  expect(installed.packed.filter((path) => /^dist\/.*\.ts$/.test(path) && !path.endsWith('.d.ts'))).toEqual([]);
});

test.each(entries)('%s: types and code are in the tarball', (_, target) => {
  if (typeof target === 'string') throw new TypeError('expected { types, default }');
  expect(Object.keys(target)).toEqual(['types', 'default']);
  expect(installed.packed).toContain(target.types.slice(2));
  expect(installed.packed).toContain(target.default.slice(2));
});

test.each(entries)('%s: loads, exports names, and does nothing at import', (name) => {
  const script = `const m = await import('${specifier(name)}'); process.exitCode = Object.keys(m).length > 0 ? 0 : 9;`;
  const { status, stdout, stderr } = installed.run(process.execPath, ['--input-type=module', '-e', script]);
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
});

test('what the export map does not name cannot be imported', () => {
  const script = `await import('perdure/dist/base/bytes.js')`;
  const { status, stderr } = installed.run(process.execPath, ['--input-type=module', '-e', script]);
  expect(status).toBe(1);
  expect(stderr).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED');
});

test('npx perdure runs the bin of the tarball', () => {
  const { status, stdout } = installed.run('npx', ['--no-install', 'perdure', '--version']);
  expect(status).toBe(0);
  expect(stdout).toContain(manifest.version);
});

test('the demo runs from an install, on its own files, and the commands it ends with do what it says', () => {
  const { status, stdout, stderr } = installed.run('npx', ['--no-install', 'perdure', 'demo']);
  expect({ status, stderr }, stdout).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain('AS TOLD');
  expect(stdout).toMatch(/fs\.search +dist /);
  const commands = stdout.replaceAll('\\\n', '').matchAll(/^ {3}(npx perdure|rm) (.*)$/gm);
  const exits = [...commands].map(([, program, rest]) => {
    const ran = installed.run('bash', ['-c', `${program} ${rest}`]);
    return `${program} ${rest!.split(' ')[0]}: ${ran.status}${ran.stdout.includes(' matches its commitment ') ? ', matches' : ''}`;
  });
  expect(exits).toEqual([
    'npx perdure verify: 0',
    'npx perdure verify: 1',
    'npx perdure explain: 0',
    'npx perdure show: 0, matches',
    'rm -r: 0',
  ]);
});

test('the tarball names no path of the machine that built it', () => {
  const { status, stdout } = installed.run('grep', ['-rlF', root, 'node_modules/perdure']);
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
});

/** Code in the tarball, as `dist/…`. */
const published = installed.packed.filter((path) => path.startsWith('dist/') && path.endsWith('.js'));
const ofPackage = (path: string): string => join(installed.dir, 'node_modules', 'perdure', path);

test('few files, and each module of src/ in one of them: so there is one of each class, whoever imports it from where', () => {
  const modules = published.flatMap((path) => modulesIn(ofPackage(path)));
  expect(modules.filter((name, i) => modules.indexOf(name) !== i)).toEqual([]);
  expect(modules.length).toBeGreaterThan(150);
  expect(published.length).toBeLessThan(modules.length / 4);
  const script = `
    import * as all from 'perdure';
    import { verifyReceipt } from 'perdure/verify';
    import * as line from 'perdure/receipt';
    const code = (run) => { try { run(); } catch (error) { return error instanceof all.ReceiptError && error.code; } };
    console.log(code(() => line.canonicalText(NaN)), verifyReceipt === all.verifyReceipt, line.parseReceipt === all.parseReceipt);`;
  const { stdout, stderr } = installed.run(process.execPath, ['--input-type=module', '-e', script]);
  expect({ stdout, stderr }).toEqual({ stdout: 'NOT_REPRESENTABLE true true\n', stderr: '' });
});

test('to verify takes six files of ours, none of which signs', () => {
  const loaded = new Set(['dist/auditor.js']);
  for (const path of loaded) {
    for (const [, target] of readFileSync(ofPackage(path), 'utf8').matchAll(/^(?:import|export) .*"(\.[^"]+)";$/gm)) {
      loaded.add(posix.join(posix.dirname(path), target!));
    }
  }
  const modules = [...loaded].flatMap((path) => modulesIn(ofPackage(path)));
  expect(modules.filter((name) => /^crypto\/.*(sign|secret|keys)|^recorder$|^log\//.test(name))).toEqual([]);
  expect([...loaded].sort()).toEqual([
    'dist/auditor.js',
    'dist/base/errors.js',
    'dist/receipt/receipt.js',
    'dist/verify/auditor.js',
    'dist/verify/verify.js',
    'dist/verify/workshop.js',
  ]);
});

test('declarations are those of what can be imported, and whole', () => {
  const declared = new Set(entries.map(([, target]) => (target as { types: string }).types.slice(2)));
  for (const path of declared) {
    for (const [, target] of readFileSync(ofPackage(path), 'utf8').matchAll(/(?:from |import\()['"](\.[^'"]+)['"]/g)) {
      declared.add(posix.join(posix.dirname(path), target!.replace(/\.[jt]s$/, '.d.ts')));
    }
  }
  expect([...declared].sort()).toEqual(installed.packed.filter((path) => path.endsWith('.d.ts')));
});
