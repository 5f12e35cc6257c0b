import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Third-party vectors and recorded agent calls stand beside a checkout, not in it (see vectors/README.md). */
const root = fileURLToPath(new URL('../../shared/', import.meta.url));

/** Whether the shared data stands beside this checkout. With CI=true its absence is a failure, not a reason to skip. */
export const hasShared: boolean = existsSync(root);
if (!hasShared && process.env.CI === 'true')
  throw new Error('CI=true, but ../shared with the third-party vectors is missing');
if (!hasShared) console.warn('skipped: tests over ../shared (third-party vectors are not beside this clone)');

/** Read one shared file, path below ../shared. */
export function sharedFile(path: string): string {
  return readFileSync(`${root}${path}`, 'utf8');
}

/** Read one shared JSON file. */
export function sharedJson<T>(path: string): T {
  return JSON.parse(sharedFile(path)) as T;
}
