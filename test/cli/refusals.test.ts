import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cli, ok, type World } from './fake-io.ts';

const root = mkdtempSync(join(tmpdir(), 'perdure-refusals-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const at = (name: string): string => join(root, name);
const env = { XDG_DATA_HOME: at('data') };
const run = (argv: readonly string[], world: World = {}) => cli(argv, { env, ...world });
const refusal = async (argv: readonly string[]): Promise<unknown> => {
  const ran = await run([...argv, '--json']);
  return [ran.exit, JSON.parse(ran.stdout)];
};

beforeAll(async () => {
  await ok(['key', 'new', 'bot', '--plain'], { env });
  await ok(['init', at('log'), '--origin', 'a/b', '--key', 'bot'], { env });
});

describe('the command line', () => {
  test('help of a subcommand is shown wherever it is asked for, and is no error', async () => {
    for (const argv of [
      ['key', 'new', '--help'],
      ['key', 'help', 'new'],
      ['help', 'key', 'new'],
    ]) {
      const ran = await run(argv);
      expect([ran.exit, ran.stderr, ran.stdout]).toEqual([0, '', expect.stringContaining('Usage: perdure key new')]);
    }
    expect(await run(['key', 'help'])).toMatchObject({ exit: 0, stderr: '' });
    expect(await refusal(['key', 'nothing'])).toMatchObject([2, { code: 'USAGE', next: ['perdure key --help'] }]);
    expect((await run(['key'])).exit).toBe(2);
  });

  test('a fault of a subcommand is told as one of it', async () => {
    expect(await refusal(['key', 'new'])).toMatchObject([2, { next: ['perdure key new --help'] }]);
  });

  test('a subcommand of a later version is known by name', async () => {
    expect(await refusal(['key', 'rotate', at('log')])).toMatchObject([
      2,
      { code: 'USAGE', message: expect.stringMatching(/^perdure key: this version .* does not have rotate yet$/) },
    ]);
  });

  test.each([
    ['a log', ['log', ''], 'perdure log: expected a value for an argument'],
    ['a folder', ['key', 'list', '--keys', ''], 'perdure key list: expected a value for --keys'],
    ['a filter', ['log', 'somewhere', '--agent', 'a', '--agent', ''], 'perdure log: expected a value for --agent'],
    [
      'a prefix',
      ['append', 'x', '--map', 'result=r', '--error-prefix', ''],
      'perdure append: expected a value for --err',
    ],
  ])('%s from a variable that was not set is refused', async (_name, argv, message) => {
    expect(await refusal(argv)).toMatchObject([2, { code: 'USAGE', message: expect.stringContaining(message) }]);
  });
});

describe('evidence that cannot be read', () => {
  test('is not evidence that is not there: exit 4, not 10', async () => {
    // A folder that the system refuses to everybody, root included.
    mkdirSync(at('refused'));
    symlinkSync('segments', at('refused/segments'));
    expect(await refusal(['verify', at('refused')])).toMatchObject([4, { code: 'IO', found: 'ELOOP' }]);
    mkdirSync(at('empty'));
    expect(await refusal(['verify', at('empty')])).toMatchObject([10, { code: 'LOG_NOT_FOUND' }]);
    writeFileSync(at('empty/segments'), '');
    expect(await refusal(['verify', at('empty')])).toMatchObject([10, { code: 'LOG_NOT_FOUND' }]);
  });
});

describe('commands that are shown to be copied', () => {
  test('traps: a file name that a shell would act on is quoted', async () => {
    const name = at("it's; touch x");
    const quoted = `'${name.replaceAll("'", `'\\''`)}'`;
    writeFileSync(name, 'no receipt\n');
    expect((await run(['log', name])).stderr).toContain(`perdure verify ${quoted}\n`);
    expect((await run(['show', name, '1'])).stderr).toContain(`perdure log ${quoted}\n`);
    const line = (await ok(['show', at('log'), '0', '--raw'], { env })).stdout;
    writeFileSync(name, line);
    expect((await run(['show', name, '0'])).stdout).toContain(`perdure verify ${quoted}\n`);
    expect((await run(['verify', name])).stdout).toContain(`perdure show ${quoted} 0 `);
    expect((await run(['verify', name, '--min-size', '9'])).stdout).toContain(`perdure log ${quoted} `);
  });
});

test('traps: a stored line shown on a terminal hides nothing; elsewhere it is the very bytes', async () => {
  const stdin = '{"agent":"\\u202ebot\\u009b","type":"tool_call"}';
  await ok(['append', at('log')], { env, stdin });
  const raw = (await ok(['show', at('log'), '1', '--raw'], { env })).stdout;
  expect(raw).toContain('"agent":"\u202ebot\u009b"');
  const shown = (await ok(['show', at('log'), '1', '--raw'], { env, columns: 80 })).stdout;
  expect(shown).toContain('"agent":"\\u202ebot\\u009b"');
  expect(JSON.parse(shown)).toEqual(JSON.parse(raw));
});
