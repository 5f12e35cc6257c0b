import { appendFileSync, cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, createLogger, type Rollup } from 'vite';
import { runnableBlocks } from '../docs/blocks.ts';
import { installPacked } from '../docs/packed.ts';
import { text } from '../house/tree.ts';

/** A page with perdure/verify in it, as an application that installed the package would build it. */
export interface Bundled {
  /** Folder to serve. */
  readonly folder: string;
  readonly chunks: readonly Rollup.OutputChunk[];
  /** Every script by its file name below `folder`, workers included, which are no chunks of the page. */
  readonly scripts: ReadonlyMap<string, string>;
  /** What the bundler complained about. */
  readonly warnings: readonly string[];
  remove(): void;
}

/** Loaded when it is asked for: it prepares at once. */
const LOAD_README = `
globalThis.perdure.readme = async (jwk) => {
  const { check } = await import('./readme.js');
  return check(document.querySelector('input').files[0], jwk);
};
`;

/** @returns the code that the README has for browsers. */
function readmeBlock(): string {
  const [block, ...more] = runnableBlocks(text('README.md')).filter(({ source }) =>
    source.includes('prepareVerification'),
  );
  if (block === undefined || more.length > 0) throw new Error('expected one block for browsers in README.md');
  return block.source;
}

/**
 * Pack this checkout, install the tarball, and build test/runtime/page with vite as it comes: no configuration, no plugin, no alias.
 * @param withReadme with the README's code for browsers beside it.
 */
export async function bundlePage({ withReadme = false } = {}): Promise<Bundled> {
  const installed = installPacked();
  const page = fileURLToPath(new URL('./page/', import.meta.url));
  cpSync(page, installed.dir, { recursive: true });
  if (withReadme) {
    writeFileSync(join(installed.dir, 'readme.js'), readmeBlock());
    appendFileSync(join(installed.dir, 'page.js'), LOAD_README);
  }
  const warnings: string[] = [];
  const customLogger = createLogger('silent');
  customLogger.warn = (message) => void warnings.push(message);
  customLogger.warnOnce = customLogger.warn;
  const built = await build({ root: installed.dir, configFile: false, logLevel: 'warn', customLogger });
  const { output } = (Array.isArray(built) ? built[0] : built) as Rollup.RollupOutput;
  const chunks = output.filter((part) => part.type === 'chunk');
  const scripts = new Map<string, string>();
  for (const part of output) {
    if (part.type === 'chunk') scripts.set(part.fileName, part.code);
    else if (part.fileName.endsWith('.js')) {
      scripts.set(part.fileName, typeof part.source === 'string' ? part.source : new TextDecoder().decode(part.source));
    }
  }
  return { folder: join(installed.dir, 'dist'), chunks, scripts, warnings, remove: () => installed.remove() };
}
