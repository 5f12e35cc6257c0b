import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** The built program: what users run. `npm test` builds it before. */
const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'perdure-process-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Not our own variables: this suite may run in CI, with colours forced or forbidden. */
const env = { PATH: process.env.PATH, HOME: root, XDG_DATA_HOME: join(root, 'data') };
const EVENT = '{"type":"tool_call","agent":"bot","action":{"tool":"fs.read"}}\n';

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function perdure(args: readonly string[], { input = '', more = {} as Record<string, string> } = {}): Ran {
  return spawnSync(process.execPath, [MAIN, ...args], {
    input,
    env: { ...env, ...more },
    encoding: 'utf8',
    cwd: root,
    timeout: 50_000,
  });
}

/** Start one and leave it running. */
function start(args: readonly string[], node: readonly string[] = []): { child: ChildProcess; ended: Promise<Ran> } {
  const child = spawn(process.execPath, [...node, MAIN, ...args], { env, cwd: root, stdio: 'pipe' });
  let stdout = '';
  let stderr = '';
  child.stdout!.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr!.on('data', (chunk) => {
    stderr += chunk;
  });
  // One that is killed takes what is written to it no more.
  child.stdin!.on('error', () => undefined);
  const ended = new Promise<Ran>((resolve) => child.on('close', (status) => resolve({ status, stdout, stderr })));
  return { child, ended };
}

/**
 * Says `ready` on standard error once the program listens for SIGINT. Looking at the process from outside would not do: Node catches
 * the signal itself from its first moment on.
 */
const TELLS_READY = `data:text/javascript,${encodeURIComponent(`
  const { on } = process;
  process.on = function (name, ...rest) {
    on.call(this, name, ...rest);
    if (name === 'SIGINT') process.stderr.write('ready\\n');
    return this;
  };
`)}`;

/** Start one that waits in silence. @returns once an interrupt would reach its handler. */
async function startListening(args: readonly string[]): Promise<ReturnType<typeof start>> {
  const started = start(args, ['--import', TELLS_READY]);
  await new Promise<void>((resolve) => started.child.stderr!.once('data', () => resolve()));
  return started;
}

/** Wait for the first output of a child. */
function firstOutput({ child }: { child: ChildProcess }): Promise<void> {
  return new Promise((resolve) => child.stdout!.once('data', () => resolve()));
}

beforeAll(() => {
  expect(existsSync(MAIN)).toBe(true);
  expect(perdure(['key', 'new', 'bot', '--plain']).status).toBe(0);
  expect(perdure(['init', 'log', '--origin', 'a/b', '--key', 'bot']).status).toBe(0);
  expect(perdure(['append', 'log'], { input: EVENT.repeat(40) }).status).toBe(0);
});

describe('start-up', () => {
  /** Tells on standard error what is imported, as the runtime resolves it. */
  const spy = `data:text/javascript,${encodeURIComponent(`
    import { register } from 'node:module';
    register('data:text/javascript,' + encodeURIComponent(\`
      import { writeSync } from 'node:fs';
      export async function resolve(specifier, context, next) {
        const found = await next(specifier, context);
        writeSync(2, 'import ' + found.url + '\\\\n');
        return found;
      }\`));
  `)}`;

  test('--version loads no crypto, no schema and no option parser', () => {
    const ran = spawnSync(process.execPath, ['--import', spy, MAIN, '--version'], { env, encoding: 'utf8' });
    const imports = ran.stderr.split('\n').filter((line) => line.startsWith('import '));
    expect(ran.stdout).toBe('perdure 0.1.0\n');
    expect(imports.some((line) => line.endsWith('/cli/main.js'))).toBe(true);
    expect(imports.filter((line) => line.includes('/node_modules/'))).toEqual([]);
    expect(imports.length).toBeLessThan(20);
  });
});

describe('exit codes', () => {
  test.each([
    [0, ['verify', 'log', '--key', 'bot']],
    [1, ['verify', 'log', '--key', 'bot', '--min-size', '99']],
    [2, ['verify']],
    [3, ['verify', 'log']],
    [4, ['canonicalize', '.']],
    [10, ['log', 'nothing']],
    [12, ['key', 'new', 'guarded']],
  ])('%i', (status, args) => {
    const ran = perdure(args);
    expect(ran.status).toBe(status);
    expect(`${ran.stdout}${ran.stderr}`).not.toMatch(/\n\s+at /);
    if (status === 0) expect(ran.stderr).toBe('');
  });

  test('11 while another process writes; a crashed writer is taken over', async () => {
    const writer = start(['append', 'log']);
    writer.child.stdin!.write(EVENT);
    await firstOutput(writer);
    const second = perdure(['append', 'log', '--json'], { input: EVENT });
    expect(second.status).toBe(11);
    expect(JSON.parse(second.stdout)).toMatchObject({ code: 'LOG_LOCKED', exit: 11 });
    writer.child.kill('SIGKILL');
    await writer.ended;
    expect(perdure(['append', 'log'], { input: EVENT }).status).toBe(0);
  });
});

describe('interrupts', () => {
  test('append records what it took, says so, and ends with 130', async () => {
    const writer = start(['append', 'log']);
    writer.child.stdin!.write(EVENT);
    await firstOutput(writer);
    writer.child.kill('SIGINT');
    const ran = await writer.ended;
    expect(ran.status).toBe(130);
    expect(ran.stderr).toMatch(/recorded 1 receipt in log; head \d+:/);
    expect(ran.stderr).toContain('INTERRUPTED');
    expect(perdure(['verify', 'log', '--key', 'bot']).status).toBe(0);
  });

  test('a verb that waits for its input ends at once, with a document', async () => {
    const waiting = await startListening(['canonicalize', '-', '--json']);
    waiting.child.stdin!.write('{');
    waiting.child.kill('SIGINT');
    const ran = await waiting.ended;
    expect(ran.status).toBe(130);
    expect(JSON.parse(ran.stdout)).toMatchObject({ schema: 'perdure/error/v1', code: 'INTERRUPTED', exit: 130 });
  });
});

describe('pipes', () => {
  const sh = (script: string): Ran =>
    spawnSync('bash', ['-c', `set -o pipefail; perdure() { "${process.execPath}" "${MAIN}" "$@"; }; ${script}`], {
      env,
      cwd: root,
      encoding: 'utf8',
    });

  test('a reader that goes away ends a listing quietly', () => {
    // More than a pipe holds, so that writing meets the closed end.
    const ran = sh('perdure log log --json | head -1 | wc -l');
    expect([ran.status, ran.stdout.trim(), ran.stderr]).toEqual([0, '1', '']);
  });

  test('it takes nothing from a verdict, and no event from a log', () => {
    expect(sh('perdure verify log | true').status).toBe(3);
    const ran = sh(`perdure append log --payload discard < <(yes '${EVENT.trim()}' | head -60) | true`);
    expect(ran.status).toBe(0);
    expect(ran.stderr).toContain('recorded 60 receipts');
  });

  test.skipIf(!existsSync('/dev/full'))('output that is lost is an error', () => {
    const ran = sh('perdure log log > /dev/full');
    expect(ran.status).toBe(4);
    expect(ran.stderr).toContain('ENOSPC');
  });

  test('a log through a pipe, and through a file that can be read only once', () => {
    expect(sh('cat log/segments/*.jsonl | perdure verify - --key bot').status).toBe(0);
    expect(sh('perdure verify <(cat log/segments/*.jsonl) --key bot').status).toBe(0);
    expect(sh('perdure verify <(cat log/segments/*.jsonl)').status).toBe(3);
  });
});

describe('terminals', () => {
  test('nothing prompts where standard input is no terminal, even one that stays open', async () => {
    const waiting = start(['key', 'new', 'guarded', '--json']);
    const ran = await waiting.ended;
    expect(ran.status).toBe(12);
    expect(JSON.parse(ran.stdout)).toMatchObject({ code: 'PASSPHRASE_NEEDED' });
  });

  test('colour: none in a pipe, FORCE_COLOR brings it, NO_COLOR forbids it', () => {
    expect(perdure(['verify', 'log']).stdout).not.toContain('\u001b');
    expect(perdure(['verify', 'log'], { more: { FORCE_COLOR: '1' } }).stdout).toContain('\u001b[33m');
    expect(perdure(['verify', 'log'], { more: { FORCE_COLOR: '1', NO_COLOR: '1' } }).stdout).not.toContain('\u001b');
  });
});

test('a passphrase and a secret are in no output and in no file but the key’s', () => {
  const passphrase = 'correct horse battery';
  const more = { PERDURE_PASSPHRASE: passphrase };
  const all = [
    perdure(['key', 'new', 'guarded'], { more }),
    perdure(['init', 'guarded', '--origin', 'a/b', '--key', 'guarded'], { more }),
    perdure(['append', 'guarded', '--json'], { more, input: EVENT }),
    perdure(['append', 'guarded'], { more: { ...more, PERDURE_PASSPHRASE: `${passphrase}!` }, input: EVENT }),
    perdure(['key', 'export', 'guarded', '--json'], { more }),
    perdure(['doctor', '--json'], { more }),
  ];
  expect(all.map(({ status }) => status)).toEqual([0, 0, 0, 12, 0, 0]);
  const output = all.map(({ stdout, stderr }) => stdout + stderr).join('');
  expect(output).not.toContain(passphrase);
  const plain = readFileSync(join(root, 'data/perdure/keys/bot.key'), 'utf8').split('\n')[1]!;
  const shown = ['key list', 'key show bot', 'key export bot', 'show log 0 --raw', 'verify log --key bot --json']
    .map((line) => perdure(line.split(' ')))
    .map(({ stdout, stderr }) => stdout + stderr)
    .join('');
  expect(shown.length).toBeGreaterThan(1000);
  expect(shown).not.toContain(plain.slice(30, 60));
});

test('completion scripts are scripts', () => {
  const { stdout } = perdure(['completion', 'bash']);
  const checked = spawnSync('bash', ['-n'], { input: stdout, encoding: 'utf8' });
  expect([checked.status, checked.stderr]).toEqual([0, '']);
  const completed = (line: string): string => {
    // The last word is the one being typed; `_` stands for nothing typed yet.
    const words = line.split(' ').map((word) => (word === '_' ? "''" : word));
    const script = `${stdout}\nCOMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _perdure; echo "\${COMPREPLY[*]}"`;
    return spawnSync('bash', ['-c', script], { encoding: 'utf8' }).stdout.trim();
  };
  expect(completed('perdure ver')).toBe('verify');
  expect(completed('perdure verify --exp')).toBe('--expect-genesis --expect-head --expect-size');
  expect(completed('perdure verify log --engine _')).toBe('auto native wasm noble');
  expect(completed('perdure key _')).toBe('new list show export');
  expect(completed('perdure completion z')).toBe('zsh');
  // Nothing of ours: bash completes a file.
  for (const line of ['perdure verify _', 'perdure verify --key _', 'perdure key export bot _', 'perdure show log _'])
    expect(completed(line)).toBe('');
});
