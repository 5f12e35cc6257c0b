import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository this test stands in. */
export const root: string = fileURLToPath(new URL('../..', import.meta.url));

/** Files that git knows or would add, relative to the root; `under` narrows them. A file removed but not committed is left out. */
export function files(...under: string[]): string[] {
  const out = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', ...under], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  return [...new Set(out.split('\0'))].filter((path) => path !== '' && existsSync(join(root, path))).sort();
}

/** Read one file of the repository. */
export function text(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}
