// Put the command line's modules together: `perdure verify` reads some 90 of ours, and at half a millisecond each Node spends more time
// on finding them than on a small log. What they do stays as tsc wrote it, names and docstrings too; packages of others stay imports.
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

/** What one file is made of: the modules named here and all that they import, unless an earlier line has it. */
const FILES = [
  // Errors, streams, and the table of verbs: all that `--version` and `--help` need.
  { name: 'start', test: /[\\/]cli[\\/](run|process-io|leisure)\.js$/, priority: 2 },
  // What verify needs. Other verbs share most of it.
  { name: 'reading', test: /[\\/]cli[\\/](command|verify)\.js$/, priority: 1 },
];

/**
 * Replace what tsc wrote into dist/cli by the bundle, dist/cli/main.js included. Verbs stay files of their own, loaded when called for.
 * @param root folder of the package, with dist/ as tsc leaves it.
 */
export async function bundleCli(root) {
  const { build } = await import('vite');
  const folder = join(root, 'dist', 'cli');
  const built = await build({
    root,
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    plugins: [urlOfModule(folder)],
    build: {
      ssr: join(folder, 'main.js'),
      write: false,
      minify: false,
      target: 'node20',
      rolldownOptions: {
        external: (id) => !/^[./]/.test(id) && !id.startsWith(root),
        output: {
          entryFileNames: '[name].js',
          chunkFileNames: '[name].js',
          codeSplitting: { groups: FILES },
        },
      },
    },
  });
  const chunks = built.output;
  // The entry waits for its verb: a verb that waited for the entry would never come.
  const late = chunks.filter(({ imports, fileName }) => fileName !== 'main.js' && imports.includes('main.js'));
  if (late.length > 0) throw new Error(`bundle: ${late[0].fileName} imports the entry`);

  mkdirSync(folder, { recursive: true });
  // The entry last, each by renaming, and only then what is left of before: whoever starts the program meanwhile finds a whole one.
  for (const { fileName, code } of [...chunks].sort((a, b) => Number(a.isEntry) - Number(b.isEntry))) {
    const file = join(folder, fileName);
    writeFileSync(`${file}.new`, code);
    renameSync(`${file}.new`, file);
  }
  const kept = new Set(chunks.map(({ fileName }) => fileName));
  for (const name of readdirSync(folder)) if (!kept.has(name)) rmSync(join(folder, name), { recursive: true });
}

/** Let `import.meta.url` go on meaning the module's own place: workers are found beside it, outside of the bundle. */
function urlOfModule(folder) {
  return {
    name: 'url-of-module',
    transform(code, id) {
      if (!code.includes('import.meta.url') || dirname(id) === folder) return null;
      const place = relative(folder, id).split(sep).join('/');
      return { code: code.replaceAll('import.meta.url', `new URL('${place}', import.meta.url).href`), map: null };
    },
  };
}
