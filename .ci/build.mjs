// Build dist/ from src/. Runs as `npm run build`, and as `prepare` on every install of a checkout.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleCli } from './bundle.mjs';

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

run(tsc, '-p', root);
await bundleCli(root);

// Prune instead of clearing dist first, so that whoever runs from dist at this moment never sees it empty.
for (const entry of readdirSync(join(root, 'dist'), { withFileTypes: true, recursive: true })) {
  const path = relative(root, join(entry.parentPath, entry.name));
  if (path.startsWith(join('dist', 'cli'))) continue; // The bundle has cleared it.
  const source = path.replace(/^dist/, 'src').replace(/(\.d\.ts|\.js)$/, '.ts');
  if (entry.isFile() && source.endsWith('.ts') && !existsSync(join(root, source))) rmSync(join(root, path));
}

const bin = join(root, 'dist', 'cli', 'main.js');
if (existsSync(bin)) chmodSync(bin, 0o755);
