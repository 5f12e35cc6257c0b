import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CODES } from '../../src/verify/codes.ts';
import { cli, ok, type World } from './fake-io.ts';

const root = mkdtempSync(join(tmpdir(), 'perdure-small-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const env = { XDG_DATA_HOME: join(root, 'data'), XDG_CACHE_HOME: join(root, 'cache') };
const at = (name: string): string => join(root, name);
const run = (argv: readonly string[], world: World = {}) => cli(argv, { env, ...world });

beforeAll(async () => {
  for (const name of ['bot', 'other']) await ok(['key', 'new', name, '--plain'], { env });
});

describe('the small verbs', () => {
  test('canonicalize prints the bytes and nothing else', async () => {
    const ran = await run(['canonicalize', '-'], { stdin: '{"b":1.0, "a":"\\u20ac", "\\u05d0": [1e21]}\n' });
    expect(ran.stdout).toBe('{"a":"€","b":1,"א":[1e+21]}');
    const twice = await run(['canonicalize', '-', '--json'], { stdin: '{"a":1,\n"a":1}' });
    expect([twice.exit, JSON.parse(twice.stdout)]).toMatchObject([2, { code: 'NOT_JSON', at: 'stdin line 2, byte 8' }]);
    expect((await run(['canonicalize', at('nothing')])).exit).toBe(4);
    writeFileSync(at('bad.json'), '[1,]');
    expect((await run(['canonicalize', at('bad.json')])).stderr).toContain(
      `${at('bad.json')} line 1, byte 3: expected`,
    );
    writeFileSync(at('doc.json'), '[ 1 ]');
    expect((await run(['canonicalize', at('doc.json')])).stdout).toBe('[1]');
  });

  test('explain: any spelling of a code, all of them, none', async () => {
    const one = await run(['explain', 'chain-broken']);
    expect(one.stdout).toMatch(/^CHAIN_BROKEN \(invalid, check prev\)\n {2}meaning .+\n {2}how .+\n {2}to do .+\n$/);
    const both = JSON.parse((await run(['explain', 'PAYLOAD_MISMATCH', '--json'])).stdout) as {
      entries: { kind: string }[];
    };
    expect(both.entries.map(({ kind }) => kind)).toEqual(['verdict', 'error']);
    const all = await run(['explain']);
    for (const code of Object.keys(CODES)) expect(all.stdout).toContain(code);
    expect((await run(['explain', 'NOPE'])).exit).toBe(2);
    expect((await run(['explain', 'constructor'])).exit).toBe(2);
  });

  test('doctor: engines, versions, keystore', async () => {
    const report = JSON.parse((await run(['doctor', '--json'])).stdout) as Record<string, unknown>;
    expect(report).toMatchObject({
      schema: 'perdure/doctor/v1',
      perdure: '0.1.0',
      node: process.version,
      keystore: { exists: true, mode: '0700', keys: 2, problems: [] },
    });
    expect((report.verifiers as { engine: string }[]).map(({ engine }) => engine)).toEqual(['native', 'wasm', 'noble']);
    const { moduleSha256 } = (report.verifiers as { moduleSha256: string }[])[1];
    expect(moduleSha256).toMatch(/^[0-9a-f]{64}$/);
    const text = await run(['doctor', '--keys', at('no-keys')]);
    expect(text.stdout).toContain(`module SHA-256 ${moduleSha256}\n`);
    expect([text.exit, text.stdout]).toEqual([0, expect.stringContaining('(not there yet)')]);
  });

  test('completion names every verb and option, in three shells', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { stdout } = await run(['completion', shell]);
      for (const word of ['verify', 'canonicalize', 'expect-head', 'payload', 'ml-dsa-65', 'export'])
        expect(stdout).toContain(word);
    }
    expect((await run(['completion', 'tcsh'])).exit).toBe(2);
    expect((await run(['completion'])).exit).toBe(2);
  });

  test('help, version, wrong verbs', async () => {
    expect((await run(['--version'])).stdout).toBe('perdure 0.1.0\n');
    expect((await run(['--help'])).stdout).toContain('Usage: perdure VERB');
    const bare = await run([]);
    expect([bare.exit, bare.stdout]).toEqual([2, '']);
    for (const verb of 'key init append log show verify merge canonicalize explain doctor demo completion'.split(' ')) {
      const help = await run(['help', verb]);
      expect([help.exit, help.stdout]).toEqual([0, expect.stringContaining(`Usage: perdure ${verb}`)]);
    }
    expect((await run(['verfiy'])).stderr).toContain('perdure verify --help');
    expect((await run(['bundle', 'x'])).stderr).toContain('does not have "bundle" yet');
    expect((await run(['--json'])).stdout).toContain('"code":"USAGE"');
    expect((await run(['toString'])).exit).toBe(2);
  });
});
