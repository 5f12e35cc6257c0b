import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cli, ok, type World } from './fake-io.ts';

const root = mkdtempSync(join(tmpdir(), 'perdure-shards-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const env = { XDG_DATA_HOME: join(root, 'data') };
const at = (name: string): string => join(root, name);
const run = (argv: readonly string[], world: World = {}) => cli(argv, { env, ...world });
const log = at('log');
const broken = at('broken');

beforeAll(async () => {
  const event = '{"type":"tool_call","agent":"bot","action":{"tool":"fs.read"},"session":"s"}\n';
  await ok(['key', 'new', 'bot', '--plain'], { env });
  await ok(['init', log, '--origin', 'a/b', '--key', 'bot'], { env });
  await ok(['append', log], { env, stdin: event.repeat(24) });
  cpSync(log, broken, { recursive: true });
  const segment = join(broken, 'segments', '000000.jsonl');
  const lines = readFileSync(segment, 'utf8').split('\n');
  lines.splice(9, 2, lines[9]!.replace('fs.read', 'fs.rm'));
  writeFileSync(segment, lines.join('\n'));
});

/** Make shards into files. @returns their paths. */
async function shards(of: number, args: readonly string[], path = log, name = 'shard'): Promise<string[]> {
  const files: string[] = [];
  for (let i = 1; i <= of; i++) {
    const { stdout, exit } = await run(['verify', path, '--shard', `${i}/${of}`, '--json', ...args]);
    expect(exit, stdout).toBe(0);
    files.push(at(`${name}-${i}.json`));
    writeFileSync(files.at(-1)!, stdout);
  }
  return files;
}

const outsideRun = (text: string): object => ({ ...JSON.parse(text), run: null });

describe('merge', () => {
  test.each<[string, readonly string[], number]>([
    ['valid', ['--key', 'bot', '--min-size', '25'], 0],
    ['invalid', ['--key', 'bot', '--min-size', '26', '--max-problems', '3'], 1],
    ['unverifiable', [], 3],
  ])('%s: the document and the exit code of one verification, from files in any order', async (_, args, exit) => {
    const files = await shards(4, args);
    const merged = await run(['merge', ...files.reverse(), '--json']);
    const once = await run(['verify', log, '--json', ...args]);
    expect([merged.exit, once.exit]).toEqual([exit, exit]);
    expect(outsideRun(merged.stdout)).toEqual(outsideRun(once.stdout));
    expect(JSON.parse(merged.stdout).run).toMatchObject({ engine: 'wasm', workers: 4 });
  });

  test('for people: what broke, in which segment', async () => {
    const files = await shards(5, ['--key', 'bot'], broken);
    const { stdout, exit } = await run(['merge', ...files]);
    expect(exit).toBe(1);
    expect(stdout).toMatch(/^INVALID .*broken\/ line 10 of 24: hash mismatch \(4 problems\)\n/);
    const json = await run(['merge', ...files, '--json']);
    const once = await run(['verify', broken, '--key', 'bot', '--json']);
    expect(outsideRun(json.stdout)).toEqual(outsideRun(once.stdout));
  });

  test('refuses what does not fit, names the file, and prints no verdict', async () => {
    const files = await shards(3, ['--key', 'bot']);
    const [other] = await shards(3, [], log, 'other');
    const refused = async (paths: readonly string[]): Promise<{ code: string; exit: number; at: string | null }> => {
      const ran = await run(['merge', ...paths, '--json']);
      const document = JSON.parse(ran.stdout);
      expect([document.schema, document.exit]).toEqual(['perdure/error/v1', ran.exit]);
      return document;
    };
    expect(await refused(files.slice(1))).toMatchObject({ code: 'SHARDS_DIFFER', exit: 2 });
    expect(await refused([...files, files[0]!])).toMatchObject({ code: 'SHARDS_DIFFER', exit: 2, at: files[0] });
    expect(await refused([...files.slice(1), other!])).toMatchObject({ code: 'SHARDS_DIFFER', exit: 2, at: other });
    const key = at('no-shard.json');
    writeFileSync(key, '{"schema":"perdure/verdict/v1"}');
    expect(await refused([...files, key])).toMatchObject({ code: 'SHARD_MALFORMED', exit: 2, at: key });
    expect(await refused([at('nothing.json')])).toMatchObject({ code: 'IO', exit: 4, found: 'ENOENT' });
    expect((await run(['merge'])).exit).toBe(2);
  });
});

describe('verify --shard', () => {
  test('for people it says what to do', async () => {
    const { stdout, exit } = await run(['verify', log, '--shard', '2/4']);
    expect(exit).toBe(0);
    expect(stdout).toMatch(/^SHARD 2 of 4: \d+ lines read, nothing judged\. .*--json.*perdure merge/);
  });

  test('of a stream, or of no such number, is a usage error', async () => {
    const stream = await run(['verify', '-', '--shard', '1/2'], { stdin: '' });
    expect([stream.exit, stream.stderr]).toEqual([2, expect.stringContaining('can be read only once')]);
    for (const bad of ['3/2', '0/2', '1', '1/2/3', '1/x', '-1/2', '1/0']) {
      expect((await run(['verify', log, '--shard', bad])).exit, bad).toBe(2);
    }
  });

  test('the document names keys by kid and says what it was verified against', async () => {
    const { stdout } = await run(['verify', log, '--shard', '1/2', '--json', '--key', 'bot', '--expect-size', '9']);
    const { schema, shard, ground, subject } = JSON.parse(stdout);
    expect({ schema, shard, subject }).toEqual({
      schema: 'perdure/shard/v1',
      shard: { index: 1, of: 2 },
      subject: { kind: 'log', name: `${log}/` },
    });
    expect(ground).toMatchObject({
      keys: [{ name: 'bot', kid: expect.stringMatching(/^[\w-]{43}$/), jwk: { alg: 'ML-DSA-65' } }],
      expect: { head: null, genesis: null, size: 9, min_size: null },
      segments: [{ name: '000000.jsonl', offset: 0 }],
      max_problems: 100,
    });
  });
});

describe('as processes', () => {
  const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
  const sh = (script: string) =>
    spawnSync('bash', ['-eo', 'pipefail', '-c', script], {
      env: { PATH: process.env.PATH, HOME: root, XDG_DATA_HOME: env.XDG_DATA_HOME, NODE: process.execPath, MAIN: main },
      cwd: root,
      encoding: 'utf8',
      timeout: 50_000,
    });

  test('xargs -P, and a job array', () => {
    const parallel = sh(
      `seq 3 | xargs -P 2 -I{} sh -c '"$NODE" "$MAIN" verify log --key bot --shard {}/3 --json > part-{}.json'
       "$NODE" "$MAIN" merge part-*.json`,
    );
    expect(parallel.stderr).toBe('');
    expect(parallel.stdout).toMatch(/^VALID 25 receipts/);
    expect(parallel.status).toBe(0);
  });

  test('--workers gives the verdict of one, whatever the engine', () => {
    const big = sh(
      `for i in $(seq 50); do cat log/segments/000000.jsonl; done > big.jsonl
       perdure() { "$NODE" "$MAIN" verify big.jsonl --key bot --json "$@" || test $? = 1; }
       perdure --workers 1 --engine wasm > big-1.json
       perdure --workers 2 --engine noble > big-2.json`,
    );
    expect([big.status, big.stderr]).toEqual([0, '']);
    const [one, two] = [1, 2].map((n) => readFileSync(at(`big-${n}.json`), 'utf8'));
    expect(outsideRun(two!)).toEqual(outsideRun(one!));
    expect([JSON.parse(one!).run.workers, JSON.parse(two!).run.workers]).toEqual([1, 2]);
  });
});
