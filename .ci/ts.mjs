// `node --import ./.ci/ts.mjs file.ts` runs TypeScript on a Node that does not strip types itself (before 22.18). Worker threads
// inherit it. Types are erased, never checked: `npm run check` does that.
import { readFile } from 'node:fs/promises';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';

// Node evaluates this file twice: once for --import, once, with the query, in its loader thread.
const inLoader = import.meta.url.endsWith('?loader');
if (!inLoader && !process.features.typescript) register(`${import.meta.url}?loader`);

export async function load(url, context, nextLoad) {
  if (!url.startsWith('file:') || !/\.ts(\?|$)/.test(url)) return nextLoad(url, context);
  // Loaded at the first .ts file: many a process that inherits --import never meets one.
  const { default: ts } = await import('typescript');
  const { outputText } = ts.transpileModule(await readFile(fileURLToPath(url), 'utf8'), {
    fileName: fileURLToPath(url),
    compilerOptions: { target: 'es2023', module: 'esnext', verbatimModuleSyntax: true, inlineSourceMap: true },
  });
  return { format: 'module', shortCircuit: true, source: outputText };
}
