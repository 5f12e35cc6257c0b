import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/*
 * Rivals that are no dependency of ours: bench/thirdparty has its own package.json and lockfile. run.ts installs them, without install
 * scripts, and tells the stages where they are (PERDURE_THIRDPARTY); a stage does without those that are not there.
 */

interface Manifest {
  readonly version: string;
  readonly main: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const manifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;

/** @returns versions of the rivals that are installed, as they were asked for. */
export function installedRivals(folder: string): Readonly<Record<string, string>> {
  const wanted = Object.entries(manifest(folder).dependencies ?? {});
  return Object.fromEntries(wanted.filter(([name, version]) => isThere(folder, name, version)));
}

function isThere(folder: string, name: string, version: string): boolean {
  const at = join(folder, 'node_modules', name);
  return existsSync(join(at, 'package.json')) && manifest(at).version === version;
}

/** Install what is missing. Never throws: where that cannot be done, the stage says what was not measured. */
export function installRivals(folder: string): void {
  const wanted = Object.keys(manifest(folder).dependencies ?? {});
  if (Object.keys(installedRivals(folder)).length === wanted.length) return;
  process.stderr.write(`bench: installing ${wanted.join(', ')} into bench/thirdparty, once\n`);
  try {
    execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  } catch (error) {
    const last = String((error as { stderr?: Buffer }).stderr ?? error).trim();
    process.stderr.write(`bench: they could not be installed, and are left out: ${last.split('\n')[0]}\n`);
  }
}

/** Load a rival. @returns null where it is not installed. */
export async function loadRival<T>(name: string): Promise<T | null> {
  const folder = process.env.PERDURE_THIRDPARTY;
  if (folder === undefined || installedRivals(folder)[name] === undefined) return null;
  const at = join(folder, 'node_modules', name);
  const loaded = (await import(pathToFileURL(join(at, manifest(at).main)).href)) as { default?: T };
  // What is CommonJS has all of its names in `default`.
  return loaded.default ?? (loaded as T);
}
