import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Make sure that dist holds what src/crypto and src/base say now, for a test of what is installed.
 * @throws Error that says what to do when there is no build and none can be made.
 */
export function requireBuilt(): void {
  const target = `${root}dist/crypto/signer-worker.js`;
  if (isFresh(target)) return;
  const built = spawnSync(process.execPath, [`${root}.ci/build.mjs`], { encoding: 'utf8' });
  if (!existsSync(target))
    throw new Error(
      `dist/crypto/signer-worker.js is missing: run "npm run build" first.\n${built.stdout}${built.stderr}`,
    );
}

function isFresh(target: string): boolean {
  if (!existsSync(target)) return false;
  const builtAt = statSync(target).mtimeMs;
  return ['src/crypto', 'src/base'].every((folder) =>
    readdirSync(`${root}${folder}`).every((file) => statSync(`${root}${folder}/${file}`).mtimeMs <= builtAt),
  );
}
