import { execFileSync, type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { root, text } from '../house/tree.ts';

/** An empty folder in which the packed tarball is installed, as a stranger would have it, but without a network. */
export interface Installed {
  readonly dir: string;
  /** Files of the tarball, relative to the package. */
  readonly packed: readonly string[];
  /** Run a command there: the folder's own bins first on PATH, a home of its own, no stdin, nothing of this test's environment. */
  run(command: string, args: readonly string[]): SpawnSyncReturns<string>;
  remove(): void;
}

/**
 * Pack this checkout and install it: the tarball is unpacked into node_modules/perdure, and of all other packages only its runtime
 * dependencies stand beside it, so that whatever `files`, `exports` or `dependencies` forgot is missed here.
 */
export function installPacked(): Installed {
  if (!existsSync(join(root, 'dist'))) throw new Error('dist/ is missing: npm run build');
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'perdure-packed-')));
  // --ignore-scripts: `prepare` would rebuild dist/ under the feet of tests that run beside this one.
  const args = ['pack', '--ignore-scripts', '--offline', '--json', '--pack-destination', dir];
  const out = execFileSync('npm', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const [{ filename }] = JSON.parse(out) as [{ filename: string }];

  const own = join(dir, 'node_modules', 'perdure');
  mkdirSync(own, { recursive: true });
  execFileSync('tar', ['-xzf', join(dir, filename), '-C', own, '--strip-components=1']);
  rmSync(join(dir, filename));
  const { dependencies, bin } = JSON.parse(text('package.json')) as Record<string, Record<string, string>>;
  for (const name of Object.keys(dependencies!)) {
    const place = join(dir, 'node_modules', name);
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(realpathSync(join(root, 'node_modules', name)), place);
  }
  const bins = join(dir, 'node_modules', '.bin');
  mkdirSync(bins);
  for (const [name, target] of Object.entries(bin!)) symlinkSync(join('..', 'perdure', target), join(bins, name));

  const home = join(dir, 'node_modules', '.home');
  mkdirSync(home);
  const env = {
    PATH: [bins, dirname(process.execPath), process.env.PATH].join(delimiter),
    HOME: home,
    XDG_DATA_HOME: join(home, 'data'),
    TMPDIR: home,
    npm_config_offline: 'true',
    npm_config_update_notifier: 'false',
    NO_COLOR: '1',
  };
  return {
    dir,
    packed: readdirSync(own, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(own.length + 1))
      .sort(),
    run: (command, args) =>
      spawnSync(command, args, { cwd: dir, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 50_000 }),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}
