import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, createLogger, type Rollup } from 'vite';
import { installPacked } from '../docs/packed.ts';

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

/**
 * Pack this checkout, install the tarball, and build test/runtime/page with vite as it comes: no configuration, no plugin, no alias.
 */
export async function bundlePage(): Promise<Bundled> {
  const installed = installPacked();
  const page = fileURLToPath(new URL('./page/', import.meta.url));
  cpSync(page, installed.dir, { recursive: true });
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
