// Build dist/ from src/. Runs as `npm run build`, and as `prepare` on every install of a checkout.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const asPrepare = process.argv.includes('--prepare');

const require = createRequire(import.meta.url);
let tsc;
let asc;
try {
  tsc = join(require.resolve('typescript/package.json'), '..', 'bin', 'tsc');
  asc = join(require.resolve('assemblyscript/package.json'), '..', 'bin', 'asc.js');
} catch {
  // `npm ci --omit=dev` runs prepare too, without compilers: an install of the dependencies alone is what was asked for.
  console.log('perdure: dist/ is not built, because dev dependencies (the compilers) are left out');
  process.exit(asPrepare ? 0 : 1);
}

const run = (...args) => {
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit', cwd: root });
  if (status !== 0) process.exit(status ?? 1);
};

// The kernels first: their bytes go into modules of src/ that git ignores, so that sources, tests, dist and bundlers find them alike.
// Two modules: the verifier never meets a secret, and who only verifies never loads the signer.
mkdirSync(join(root, 'dist'), { recursive: true });
for (const name of ['verifier', 'signer']) {
  const wasm = join(root, 'dist', `${name}.wasm`);
  run(asc, `assembly/${name}.ts`, '--config', 'asconfig.json', '--target', name, '--outFile', wasm);
  const bytes = readFileSync(wasm);
  const embedded = join(root, 'src', 'crypto', `${name}-wasm.ts`);
  const constant = name.toUpperCase();
  const text = `// Generated from assembly/ by the build, never edited.

/** dist/${name}.wasm as base64url. */
export const ${constant}_WASM: string =
  '${bytes.toString('base64url')}';

/** SHA-256 of those bytes, hex. */
export const ${constant}_SHA256: string = '${createHash('sha256').update(bytes).digest('hex')}';
`;
  // Written only when it changes: whoever runs from src/ at this moment reads it whole.
  if (!existsSync(embedded) || readFileSync(embedded, 'utf8') !== text) writeFileSync(embedded, text);
}

run(tsc, '-p', root, '--emitDeclarationOnly');
// Now that compilers are known to be there.
const { bundle } = await import('./bundle.mjs');
const kept = new Set([...(await bundle(root)), 'verifier.wasm', 'signer.wasm', ...(await declarations())]);

// Prune instead of clearing dist first, so that whoever runs from dist at this moment never sees it empty.
const dist = join(root, 'dist');
for (const entry of readdirSync(dist, { withFileTypes: true, recursive: true })) {
  const path = join(entry.parentPath, entry.name);
  if (entry.isFile() && !kept.has(relative(dist, path).split(sep).join('/'))) rmSync(path);
}
for (const name of readdirSync(dist, { recursive: true }).sort().reverse()) {
  const path = join(dist, name);
  if (existsSync(path) && statSync(path).isDirectory() && readdirSync(path).length === 0) rmdirSync(path);
}

chmodSync(join(dist, 'cli', 'main.js'), 0o755);

/** @returns the declarations that those named in package.json lead to, relative to dist/; the rest describes what nobody can import. */
async function declarations() {
  const { default: ts } = await import('typescript');
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const found = new Set(
    Object.values(exports).flatMap(({ types }) => (types === undefined ? [] : [types.replace('./dist/', '')])),
  );
  for (const path of found) {
    const { importedFiles } = ts.preProcessFile(readFileSync(join(root, 'dist', path), 'utf8'));
    for (const { fileName } of importedFiles) {
      if (!fileName.startsWith('.')) continue;
      found.add(posix.join(posix.dirname(path), fileName).replace(/\.[jt]s$/, '.d.ts'));
    }
  }
  return found;
}
