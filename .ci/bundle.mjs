// Put the modules of src/ together into the few files that are published: to verify a log takes some 80 of them, and Node spends more
// time on finding each, and memory on keeping it, than on what it says. All entries are bundled at once and share their chunks, so that
// there is one ReceiptError whoever imports what. Names stay as written, for who reads a stack trace or audits dist/; packages of others
// stay imports, and what is loaded on demand stays so.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import ts from 'typescript';
import { build } from 'vite';

/** What package.json names, and what is started in a thread of its own: the file that starts it names it as it stands in src/. */
const ENTRIES = [
  'index',
  'auditor',
  'receipt/index',
  'gate/index',
  'cli/main',
  'verify/worker',
  'verify/worker-noble',
  'crypto/signer-worker',
];

/**
 * What entries share. Each file is made of the modules named behind it and of all that they import at once, unless an earlier line has
 * that: so a file imports none of a later line, and takes along what its modules need and no more. What no line has becomes a file
 * where it is needed.
 */
const FILES = [
  // Whatever starts needs errors; `perdure --version` needs no more of us.
  ['base/errors', 'base/errors', 'base/ports', 'base/shell-word', 'base/version'],
  ['cli/start', 'cli/run', 'cli/process-io', 'cli/leisure'],
  // What readers and writers of receipts share.
  ['receipt/receipt', 'receipt/receipt'],
  // A worker is this and what it imports. It loads nothing on demand, so that bundlers can make one script of it.
  ['verify/workshop', 'verify/worker-thread'],
  // Who hands out the work; beside the files of the workers, which it names.
  ['verify/verify', 'verify/verify', 'verify/threads', 'verify/choose-engines', 'verify/files'],
  // Apart, and nothing that it loads on demand imports it: so a bundler drops what is loaded by functions that a page does not use.
  ['verify/auditor', 'auditor'],
  ['receipt/canonical', 'receipt/canonical', 'receipt/commitment'],
  ['verify/shards', 'verify/shard', 'verify/write-shard', 'verify/read-shard', 'verify/merge-shards'],
  ['crypto/noble-verifier', 'crypto/engine-noble-verify'],
  ['crypto/keystore', 'crypto/keystore', 'crypto/public-key-file'],
  ['cli/reading', 'cli/command', 'cli/verify'],
  // From here on secret keys.
  ['crypto/noble-signer', 'crypto/engine-noble-sign'],
  ['crypto/signers', 'crypto/signers', 'crypto/secret-key-file'],
  ['crypto/signer-thread', 'crypto/worker-signer'],
  ['log/open', 'log/open'],
  ['recorder', 'recorder', 'receipt/event'],
];

/**
 * Write the published code into dist/. A file that is there is replaced by renaming, the entries last: whoever starts meanwhile finds a
 * whole program.
 * @param root folder of the package.
 * @returns the files written, relative to dist/, with slashes.
 */
export async function bundle(root) {
  const source = join(root, 'src');
  const nameOf = (id) => relative(source, id).split(sep).join('/').replace(/\.ts$/, '');
  const { output } = await build({
    root,
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    oxc: false,
    plugins: [typescript(root)],
    build: {
      ssr: true,
      write: false,
      minify: false,
      target: 'node20',
      rolldownOptions: {
        checks: { pluginTimings: false },
        input: Object.fromEntries(ENTRIES.map((name) => [name, join(source, `${name}.ts`)])),
        external: (id) => !/^[./]/.test(id) && !id.startsWith(root),
        output: {
          entryFileNames: '[name].js',
          // One that no line names is called after what is loaded on demand, or after the module for whose sake it is there.
          chunkFileNames: ({ name, facadeModuleId, moduleIds }) =>
            `${name.includes('/') ? name : nameOf(facadeModuleId ?? moduleIds.at(-1))}.js`,
          minifyInternalExports: false,
          // For who audits dist/, and for tests that look what is loaded with what.
          banner: ({ moduleIds }) => (moduleIds.length > 0 ? `// Of src/: ${moduleIds.map(nameOf).join(' ')}` : ''),
          // What a function is for stands in its declaration; why it does it so, in src/.
          comments: { legal: true, annotation: true, jsdoc: false },
          codeSplitting: {
            groups: FILES.map(([name, ...modules], i) => ({
              name,
              test: (id) => modules.includes(nameOf(id)),
              priority: FILES.length - i,
            })),
          },
        },
      },
    },
  });
  const chunks = withoutDetours(output);
  for (const chunk of chunks) inspect(chunk, nameOf);
  for (const { fileName, code } of [...chunks].sort((a, b) => Number(a.isEntry) - Number(b.isEntry))) {
    const file = join(root, 'dist', fileName);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.new`, code);
    renameSync(`${file}.new`, file);
  }
  return chunks.map(({ fileName }) => fileName);
}

/** The compiler that checks the types erases them, too: bundlers bring packages for what a Node of today lacks, such as `using`. */
function typescript(root) {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const compilerOptions = { ...options, module: ts.ModuleKind.ESNext, rewriteRelativeImportExtensions: false };
  return {
    name: 'typescript',
    enforce: 'pre',
    transform(code, id) {
      if (!id.endsWith('.ts')) return null;
      const { outputText } = ts.transpileModule(code, { fileName: id, compilerOptions });
      return { code: outputText, map: null, moduleType: 'js' };
    },
  };
}

/**
 * Ask for what is loaded on demand where it stands. The bundler makes a file of its own for each module that is loaded so, which only
 * passes on what it takes from a file above; finding it costs as much as finding a large one.
 * @returns the chunks without those.
 */
function withoutDetours(chunks) {
  const targets = new Map();
  for (const { fileName, code, moduleIds, isEntry } of chunks) {
    const [, target] = /^(?:import "[^"]+";\s+)*export \{ (?:\w+(?:, )?)+ \} from "([^"]+)";\s*$/.exec(code) ?? [];
    if (moduleIds.length === 0 && !isEntry && target !== undefined)
      targets.set(fileName, posix.join(posix.dirname(fileName), target));
  }
  const direct = (fileName, code) => {
    const folder = posix.dirname(fileName);
    return code.replace(/\bimport\("(\.[^"]+)"\)/g, (call, name) => {
      const target = targets.get(posix.join(folder, name));
      if (target === undefined) return call;
      const path = posix.relative(folder, target);
      return `import("${path.startsWith('.') ? path : `./${path}`}")`;
    });
  };
  return chunks
    .filter(({ fileName }) => !targets.has(fileName))
    .map(({ fileName, code, moduleIds, imports, isEntry }) => ({
      fileName,
      code: direct(fileName, code),
      moduleIds,
      imports,
      isEntry,
    }));
}

/** @throws Error on a chunk that would not do what its modules do. */
function inspect({ fileName, code, moduleIds, imports }, nameOf) {
  if (code.includes('import.meta.url')) {
    // Workers are found beside the module that starts them, so that module must not move.
    const strangers = moduleIds.filter(
      (id) => ts.sys.readFile(id).includes('import.meta.url') && dirname(nameOf(id)) !== dirname(fileName),
    );
    if (strangers.length > 0) throw new Error(`bundle: ${nameOf(strangers[0])} names files beside it, not ${fileName}`);
  }
  // The entry waits for its verb: a verb that waited for the entry would never come.
  if (imports.includes('cli/main.js')) throw new Error(`bundle: ${fileName} imports the entry cli/main.js`);
}
