import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, type Rollup } from 'vite';
import { modulesIn } from './dist-modules.ts';

/**
 * Bundle every entry of the export map as an application would, print its bytes, and check what the entry chunk of perdure/verify
 * holds by name: none of our signing code and no noble ML-DSA (that object carries sign), which may only come later, on demand.
 */
const root = fileURLToPath(new URL('..', import.meta.url));
const FORBIDDEN: Readonly<Record<string, RegExp>> = {
  './verify': /^(crypto\/.*(sign|secret|keys|keystore|pkcs8|expanded|worker).*|recorder|log\/.*)$|post-quantum|\/zod\//,
};

async function bundle(file: string): Promise<Rollup.OutputChunk[]> {
  const built = (await build({
    root,
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      minify: true,
      target: 'es2023',
      lib: { entry: `${root}${file.slice(2)}`, formats: ['es'] },
      rollupOptions: { external: [/^node:/, ...builtinModules] },
    },
  })) as Rollup.RollupOutput[];
  return built.flatMap(({ output }) => output.filter((part) => part.type === 'chunk'));
}

const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
  exports: Record<string, string | { default: string }>;
};
const kib = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`;
let bad = 0;

for (const [name, target] of Object.entries(exports)) {
  if (typeof target === 'string') continue;
  const chunks = await bundle(target.default);
  // What loads at once: the entry chunk and all that it imports, a chunk shared with a later one included.
  const atOnce = new Set(chunks.filter(({ isEntry }) => isEntry).map(({ fileName }) => fileName));
  for (const file of atOnce)
    for (const next of chunks.find((chunk) => chunk.fileName === file)?.imports ?? []) atOnce.add(next);

  for (const { fileName, code, isEntry, moduleIds } of chunks) {
    const role = isEntry ? name : `  ${atOnce.has(fileName) ? 'with it' : 'later'}: ${fileName}`;
    const sizes = [Buffer.byteLength(code), gzipSync(code).length].map((bytes) => kib(bytes).padStart(10)).join(' ');
    console.log(`${role.padEnd(44)} ${sizes} gzip  ${moduleIds.length} files`);
    const names = moduleIds.flatMap((id) => (id.startsWith(`${root}dist/`) ? modulesIn(id) : [id]));
    for (const id of atOnce.has(fileName) ? names : []) {
      if (!FORBIDDEN[name]?.test(id)) continue;
      bad++;
      console.error(`  must not load with ${name}: ${id.replace(/^.*node_modules\//, '')}`);
    }
  }
}
process.exitCode = bad === 0 ? 0 : 1;
