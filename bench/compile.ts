import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** The repository. */
export const root: string = fileURLToPath(new URL('..', import.meta.url));

/** Where what is measured stands: below node_modules, so that packages are found and git is not bothered. */
const OUT = join(root, 'node_modules', '.cache', 'perdure-bench');

/**
 * Turn src/ and bench/ into plain JavaScript. What is timed must not carry a TypeScript loader in its memory and its start. Whole
 * verifications and commands are timed from dist/ instead, which `npm run bench` builds: how a program is put together costs, too.
 * Types are erased, never checked: `npm run check` does that.
 * @returns the folder that holds src/ and bench/, of this process alone; `dispose` removes it.
 */
export function compile(): { readonly dir: string; dispose(): void } {
  const dir = join(OUT, String(process.pid));
  rmSync(dir, { recursive: true, force: true });
  for (const folder of ['src', 'bench']) {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true, recursive: true })) {
      if (!entry.isFile() || !entry.name.endsWith('.ts')) continue;
      const source = join(entry.parentPath, entry.name);
      // Rivals stand in bench/thirdparty.
      if (source.includes('node_modules')) continue;
      const target = join(dir, source.slice(root.length).replace(/\.ts$/, '.js'));
      const { outputText } = ts.transpileModule(readFileSync(source, 'utf8'), {
        fileName: source,
        compilerOptions: {
          target: ts.ScriptTarget.ES2023,
          module: ts.ModuleKind.ESNext,
          verbatimModuleSyntax: true,
          rewriteRelativeImportExtensions: true,
        },
      });
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, outputText);
    }
  }
  writeFileSync(join(dir, 'package.json'), '{"type":"module"}\n');
  return { dir, dispose: () => rmSync(dir, { recursive: true, force: true }) };
}
