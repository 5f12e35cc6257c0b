import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasNativeMlDsa } from '../../src/crypto/engine-native-verify.ts';
import { cli, ok, type World } from './fake-io.ts';

const root = mkdtempSync(join(tmpdir(), 'perdure-reading-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const env = { XDG_DATA_HOME: join(root, 'data') };
const at = (name: string): string => join(root, name);
const run = (argv: readonly string[], world: World = {}) => cli(argv, { env, ...world });
const log = at('log');
const segment = join(log, 'segments', '000000.jsonl');

/** A copy of the log with its lines changed. */
function tampered(name: string, change: (lines: string[]) => string[]): string {
  const copy = at(name);
  cpSync(log, copy, { recursive: true });
  const lines = readFileSync(segment, 'utf8').trimEnd().split('\n');
  writeFileSync(join(copy, 'segments', '000000.jsonl'), `${change(lines).join('\n')}\n`);
  return copy;
}

beforeAll(async () => {
  const events = Array.from({ length: 8 }, (_, i) =>
    JSON.stringify({
      type: i === 6 ? 'custom' : 'tool_call',
      agent: i % 2 === 0 ? 'a' : 'b',
      session: `s${i >> 2}`,
      trace_id: `t${i}`,
      action: { tool: i < 4 ? 'fs.read' : 'fs.write', params: { i } },
      outcome: i === 5 ? { status: 'failed', error: 'no' } : { status: 'executed', result: `r${i}` },
    }),
  );
  await ok(['key', 'new', 'bot', '--plain'], { env });
  await ok(['key', 'new', 'other', '--plain'], { env });
  await ok(['key', 'new', 'ed', '--alg', 'ed25519', '--plain'], { env });
  await ok(['init', log, '--origin', 'example.com/log', '--key', 'bot'], { env });
  await ok(['append', log], { env, stdin: events.join('\n') });
});

describe('log', () => {
  const seqs = async (...options: string[]): Promise<number[]> =>
    (await ok(['log', log, ...options], { env })).stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => Number(line.split('\t')[0]));

  test('filters by type, agent, tool, session, trace, outcome; from and limit', async () => {
    expect(await seqs()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(await seqs('--type', 'custom')).toEqual([7]);
    expect(await seqs('--type', 'custom', '--type', 'genesis')).toEqual([0, 7]);
    expect(await seqs('--agent', 'b', '--tool', 'fs.read')).toEqual([2, 4]);
    expect(await seqs('--session', 's1', '--limit', '2')).toEqual([5, 6]);
    expect(await seqs('--trace', 't3')).toEqual([4]);
    expect(await seqs('--outcome', 'failed')).toEqual([6]);
    expect(await seqs('--from', '7')).toEqual([7, 8]);
    expect(await seqs('--limit', '0')).toEqual([]);
    expect(await seqs('--since', '2020-01-01T00:00:00Z', '--until', '2020-01-02T00:00:00+01:00')).toEqual([]);
    expect(await seqs('--since', '2020-01-01T00:00:00Z')).toHaveLength(9);
  });

  test('--json prints the stored lines: a listing can be verified again', async () => {
    const { bytes, stdout } = await run(['log', log, '--json']);
    expect(stdout).toBe(readFileSync(segment, 'utf8'));
    expect((await run(['verify', '-', '--key', 'bot'], { stdin: bytes })).exit).toBe(0);
  });

  test('a table on a terminal, CSV with a head, not both', async () => {
    const table = await run(['log', log], { columns: 80, env: { ...env, NO_COLOR: '1' } });
    expect(table.stdout.split('\n')[0]).toMatch(/^seq +time +type +tool +agent +outcome$/);
    expect(table.stdout.split('\n')).toHaveLength(11);
    const csv = await run(['log', log, '--csv', '--limit', '2']);
    expect(csv.stdout.split('\n')[0]).toMatch(/^seq,time,type,/);
    expect((await run(['log', log, '--csv', '--json'])).exit).toBe(2);
  });

  test('--follow goes on until it is interrupted', async () => {
    const interrupt = new AbortController();
    const following = run(['log', log, '--follow', '--from', '8'], { signal: interrupt.signal });
    setTimeout(() => interrupt.abort(), 300);
    const { exit, stdout } = await following;
    expect(exit).toBe(130);
    expect(stdout).toMatch(/^8\t/);
    expect((await run(['log', log, '--follow', '--limit', '3'])).stdout.trimEnd().split('\n')).toHaveLength(3);
  });

  test('damaged lines are told and skipped, and the exit code says so', async () => {
    const copy = tampered('log-damaged', (lines) => lines.map((line, i) => (i === 3 ? `${line} ` : line)));
    const ran = await run(['log', copy]);
    expect(ran.exit).toBe(4);
    expect(ran.stdout.trimEnd().split('\n')).toHaveLength(8);
    expect(ran.stderr).toMatch(/warning: 000000.jsonl byte \d+ is no receipt/);
    expect(ran.stderr).toContain('LOG_DAMAGED');
  });

  test('a folder without log.json and a single file are read too', async () => {
    const copy = tampered('log-bare', (lines) => lines);
    rmSync(join(copy, 'log.json'));
    for (const path of [copy, segment]) {
      expect((await run(['log', path, '--from', '5'])).stdout.trimEnd().split('\n')).toHaveLength(4);
      expect((await run(['show', path, '5'])).stdout).toMatch(/^seq 5 /);
      expect((await run(['log', path, '--follow'])).exit).toBe(2);
    }
    expect((await run(['log', at('nothing')])).exit).toBe(10);
    expect((await run(['log', root])).exit).toBe(10);
  });
});

describe('show', () => {
  test('by seq and by id, pretty and raw', async () => {
    const raw = await run(['show', log, '3', '--raw']);
    expect(raw.stdout).toBe(`${readFileSync(segment, 'utf8').split('\n')[3]}\n`);
    const { id } = (JSON.parse(raw.stdout) as { entry: { id: string } }).entry;
    const shown = await run(['show', log, id]);
    expect(shown.stdout).toMatch(/^seq 3 · .* · tool_call · tool fs.read · agent a\n/);
    expect(shown.stdout).toContain('unchecked signatures, hashes, chain: perdure verify');
    const json = JSON.parse((await run(['show', log, '3', '--json'])).stdout) as Record<string, unknown>;
    expect(json.receipt).toEqual(JSON.parse(raw.stdout));
    expect(Object.keys(json)).toEqual(['schema', 'receipt', 'stored']);
  });

  test('--payload proves a kept payload: matches 0, another one 1, gone 3', async () => {
    const shown = await run(['show', log, '2', '--payload']);
    expect(shown.exit).toBe(0);
    expect(shown.stdout).toContain('params    matches its commitment');
    expect(shown.stdout).toContain('"i": 1');
    expect(shown.stdout).toContain('r1');
    const { payloads } = JSON.parse((await run(['show', log, '2', '--payload', '--json'])).stdout) as {
      payloads: { commitment: string; status: string; form: string; value: unknown }[];
    };
    expect(payloads.map(({ status, form, value }) => [status, form, value])).toEqual([
      ['matches', 'json', { i: 1 }],
      ['matches', 'text', 'r1'],
    ]);
    const copy = tampered('payloads', (lines) => lines);
    const [params, result] = payloads.map(({ commitment }) =>
      join(copy, 'payloads', commitment.slice(0, 2), commitment),
    );
    writeFileSync(result!, `${readFileSync(result!, 'latin1').slice(0, -1)}X`, 'latin1');
    const changed = await run(['show', copy, '2', '--payload']);
    expect(changed.exit).toBe(1);
    expect(changed.stdout).toContain('result    MISMATCH');
    writeFileSync(result!, 'short');
    expect((await run(['show', copy, '2', '--payload'])).exit).toBe(1);
    rmSync(result!);
    rmSync(params!);
    const gone = await run(['show', copy, '2', '--payload']);
    expect(gone.exit).toBe(3);
    expect(gone.stdout).toContain('params    not here');
    expect((await run(['show', log, '0', '--payload'])).exit).toBe(0);
  });

  test('what is not there, and what is no name of an entry', async () => {
    expect((await run(['show', log, '99'])).exit).toBe(2);
    expect((await run(['show', log, '01a1fca6-15bd-75e2-8126-386c0da15634'])).stderr).toContain('ENTRY_NOT_FOUND');
    expect((await run(['show', log, 'x'])).stderr).toContain('USAGE');
    expect((await run(['show', log, '1', '--raw', '--json'])).exit).toBe(2);
  });
});

/** Every member of the verdict, as cli.md lists them; `count` of a problem is format section 8's ("once, with a count"). */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  '': 'schema verdict subject head tail counts signatures keys time problems problem_count problems_truncated notes not_checked not_proven run'.split(
    ' ',
  ),
  subject: ['kind', 'name', 'origin', 'mode'],
  head: ['size', 'hash', 'genesis'],
  tail: ['status', 'pinned_by', 'pinned_size', 'torn_bytes'],
  counts: 'lines valid invalid unverifiable not_judged recovered unsigned_tail intact_through_line'.split(' '),
  signatures: ['required', 'valid', 'invalid', 'missing', 'unknown', 'by_alg'],
  keys: ['kid', 'alg', 'name', 'trusted_by', 'through_seq', 'receipts'],
  time: ['first', 'last', 'vouched_by'],
  problems: 'code verdict check line seq offset segment segment_offset expected found count meaning next'.split(' '),
  notes: ['code', 'line', 'count'],
  not_checked: ['what', 'why'],
  run: ['tool', 'engine', 'module_sha256', 'cross_checked_with', 'workers', 'elapsed_ms'],
};

describe('verify', () => {
  const head = async (): Promise<{ size: number; hash: string; genesis: string }> =>
    (JSON.parse((await run(['verify', log, '--key', 'bot', '--json'])).stdout) as { head: never }).head;

  test('valid: exit 0, and every way to name the log gives the same', async () => {
    const folder = await run(['verify', log, '--key', 'bot']);
    expect([folder.exit, folder.stderr]).toEqual([0, '']);
    expect(folder.stdout).toMatch(/^VALID 9 receipts · 9 ML-DSA-65 signatures \(wasm, 1 key\) · chain · head /);
    const stream = await run(['verify', '-', '--key', 'bot'], { stdin: readFileSync(segment) });
    expect(stream.stdout).toBe(folder.stdout);
    expect((await run(['verify', segment, '--key', 'bot'])).exit).toBe(0);
  });

  test('--json has exactly the members of the verdict', async () => {
    const copy = tampered('json', (lines) => lines.with(4, lines[4]!.replace('fs.read', 'fs.rm!!')));
    const ran = await run(['verify', copy, '--key', 'bot', '--json']);
    expect(ran.exit).toBe(1);
    const verdict = JSON.parse(ran.stdout) as Record<string, unknown>;
    expect(Object.keys(verdict)).toEqual(MEMBERS['']);
    for (const [name, members] of Object.entries(MEMBERS)) {
      if (name === '') continue;
      const value = verdict[name];
      for (const one of Array.isArray(value) ? value : [value]) {
        expect(Object.keys(one as object).sort()).toEqual([...members].sort());
      }
    }
    expect(verdict.problems).toMatchObject([
      { code: 'HASH_MISMATCH', line: 5, seq: 4, segment: '000000.jsonl' },
      { code: 'SIGNATURE_INVALID', line: 5 },
    ]);
    expect((verdict.problems as { next: string[] }[])[0]!.next[0]).toBe(`perdure show ${copy}/ 4`);
    expect(verdict.run).toMatchObject({
      engine: 'wasm',
      module_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      cross_checked_with: null,
    });
  });

  test('invalid: exit 1, the line, what it claims, what was expected and found', async () => {
    const copy = tampered('gap', (lines) => lines.toSpliced(5, 1));
    const ran = await run(['verify', copy, '--key', 'bot']);
    expect(ran.exit).toBe(1);
    const lines = ran.stdout.split('\n');
    expect(lines[0]).toBe(`INVALID ${copy}/ line 6 of 8: seq broken (2 problems)`);
    expect(lines[1]).toMatch(/^ {2}seq 6 · \d{4}-.*Z · tool fs.write · agent b · byte \d+$/);
    expect(lines[2]).toMatch(/^ {2}check {5}seq {7}expected 5 {4}found 6$/);
    expect(ran.stdout).toContain('  intact    lines 1-5');
    expect(ran.stdout).toContain('(stated by line 5)');
    expect((await run(['verify', copy, '--key', 'bot', '--max-problems', '1'])).stdout).toContain('1 more problem');
  });

  test('unverifiable: exit 3, without a key, with another one, empty, classical', async () => {
    expect((await run(['verify', log])).exit).toBe(3);
    const other = await run(['verify', log, '--key', 'other']);
    expect([other.exit, other.stdout.split('\n')[0]]).toEqual([
      3,
      `UNVERIFIABLE ${log}/ line 1 of 9: unknown signer, 9 lines (1 problem)`,
    ]);
    expect((await run(['verify', '-', '--key', 'bot'], { stdin: '' })).exit).toBe(3);
    const classical = at('classical');
    const started = await run(['init', classical, '--origin', 'a/b', '--key', 'ed']);
    expect(started.stderr).toContain('CLASSICAL_ONLY');
    expect((await run(['verify', classical, '--key', 'ed'])).exit).toBe(3);
    expect((await run(['verify', classical, '--key', 'ed', '--allow-classical'])).exit).toBe(0);
  });

  test('pins: head, size, least size, genesis', async () => {
    const { size, hash, genesis } = await head();
    const verify = async (...more: string[]): Promise<readonly [number, string]> => {
      const ran = await run(['verify', log, '--key', 'bot', '--json', ...more]);
      return [ran.exit, (JSON.parse(ran.stdout) as { tail: { status: string } }).tail.status];
    };
    expect(await verify('--expect-head', `${size}:${hash}`)).toEqual([0, 'complete']);
    expect(await verify('--expect-head', `${size}:${genesis}`)).toEqual([1, 'forked']);
    expect(await verify('--expect-head', `1:${genesis}`)).toEqual([0, 'open']);
    expect(await verify('--expect-size', '9')).toEqual([0, 'complete']);
    expect(await verify('--expect-size', '10')).toEqual([1, 'truncated']);
    expect(await verify('--min-size', '9')).toEqual([0, 'unknown']);
    expect(await verify('--min-size', '10')).toEqual([1, 'truncated']);
    expect(await verify('--expect-genesis', genesis)).toEqual([0, 'unknown']);
    expect(await verify('--expect-genesis', hash)).toEqual([1, 'forked']);
  });

  test('a window of claimed times, in any zone', async () => {
    expect((await run(['verify', log, '--key', 'bot', '--not-before', '2020-01-01T00:00:00+02:00'])).exit).toBe(0);
    expect((await run(['verify', log, '--key', 'bot', '--not-after', '2020-01-01T00:00:00Z'])).exit).toBe(1);
  });

  test('a kid pinned on a stream that can be read only once', async () => {
    const { kid } = JSON.parse((await run(['key', 'show', 'bot', '--json'])).stdout) as { kid: string };
    expect((await run(['verify', '-', '--key', kid], { stdin: readFileSync(segment) })).exit).toBe(0);
  });

  test('engines that are not here, and options of later versions, are usage errors that say so', async () => {
    const native = await run(['verify', log, '--key', 'bot', '--engine', 'native']);
    if (hasNativeMlDsa()) expect(native.exit).toBe(0);
    else expect(native.stderr).toContain('ENGINE_UNAVAILABLE');
    expect((await run(['verify', log, '--key', 'bot', '--engine', 'wasm'])).stdout).toContain('signatures (wasm');
    expect((await run(['verify', log, '--engine', 'abacus'])).exit).toBe(2);
    for (const option of '--trust --session --sequence'.split(' ')) {
      const ran = await run(['verify', log, option, 'x']);
      expect(ran.exit).toBe(2);
      expect(ran.stderr.replace(/\s+/g, ' ')).toContain(`this version of perdure (0.1.0) does not have ${option} yet`);
    }
    for (const bad of [
      ['--expect-head', '9'],
      ['--min-size', '-1'],
      ['--not-before', '2026-13-01'],
      ['--workers', '0'],
      ['--nonsense'],
    ])
      expect((await run(['verify', log, ...bad])).exit).toBe(2);
    expect((await run(['verify'])).exit).toBe(2);
    expect((await run(['verify', log, log])).exit).toBe(2);
    expect((await run(['verify', at('nothing')])).exit).toBe(10);
  });

  test('an interrupt is one', async () => {
    const ran = await run(['verify', log, '--key', 'bot', '--json'], { signal: AbortSignal.abort() });
    expect(ran.exit).toBe(130);
    expect(JSON.parse(ran.stdout)).toMatchObject({ code: 'INTERRUPTED', exit: 130 });
  });
});
