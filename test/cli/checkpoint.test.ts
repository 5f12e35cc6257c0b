import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { fromHex, toHex, utf8Text } from '../../src/base/bytes.ts';
import { readSignedCheckpoint } from '../../src/checkpoint/checkpoint.ts';
import { CompactRange } from '../../src/checkpoint/compact-range.ts';
import { parseNote } from '../../src/checkpoint/note.ts';
import { judgeSignatures, noteKeyOf, signCheckpoint } from '../../src/checkpoint/note-keys.ts';
import { formatVkey } from '../../src/checkpoint/vkey.ts';
import { createWitness, originHash } from '../../src/checkpoint/witness.ts';
import { listen, witnessServer } from '../../src/cli/witness-server.ts';
import type { Log } from '../../src/log/log.ts';
import { memoryDisk } from '../../src/log/memory.ts';
import { createLog, openLog } from '../../src/log/open.ts';
import { openWitnessStore } from '../../src/log/witness-store.ts';
import { cosigners, logSigner, mlDsa65, verifier } from '../checkpoint/keys.ts';
import { cli, ok, type World } from './fake-io.ts';

const root = mkdtempSync(join(tmpdir(), 'perdure-checkpoint-'));
const env = { XDG_DATA_HOME: join(root, 'data') };
const at = (name: string): string => join(root, name);
const run = (argv: readonly string[], world: World = {}) => cli(['checkpoint', ...argv], { env, ...world });
const good = (argv: readonly string[], world: World = {}) => ok(['checkpoint', ...argv], { env, ...world });
const json = async (argv: readonly string[]) => {
  const ran = await run([...argv, '--json']);
  return { exit: ran.exit, ...(JSON.parse(ran.stdout) as Record<string, unknown>) } as { exit: number } & Record<
    string,
    never
  >;
};
afterAll(() => rmSync(root, { recursive: true, force: true }));

const writer = { signer: logSigner, verifier };
let origin: string;

/** Sign what the log states, as its writer would. */
async function checkpointOf(log: Log): Promise<Uint8Array> {
  const range = CompactRange.empty();
  for await (const { receipt } of log.receipts()) range.append(fromHex(receipt.hash));
  return signCheckpoint({ origin: log.origin, size: range.end, root: range.root() }, [logSigner]);
}

/** Append to a log until it has so many entries, and leave a checkpoint. */
async function grow(dir: string, size: number, text = 'x'): Promise<void> {
  const log = existsSync(join(dir, 'log.json'))
    ? await openLog(dir, writer)
    : await createLog(dir, { origin: 'example.com/cosign', mode: 'each', ...writer });
  while (log.head().size < size) await log.append({ type: 'custom', data: { text } });
  await log.close();
  origin = log.origin;
  const note = await checkpointOf(log);
  writeFileSync(join(dir, 'checkpoint'), note);
  mkdirSync(join(dir, 'checkpoints'), { recursive: true });
  writeFileSync(join(dir, 'checkpoints', String(size).padStart(16, '0')), note);
}
const signaturesOf = (file: string) => parseNote(new Uint8Array(readFileSync(file))).signatures;

const logKey = () => noteKeyOf(origin, mlDsa65.publicKey);
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A witness behind a URL, in this process. */
async function served(disk = memoryDisk()): Promise<string> {
  const witness = createWitness({
    logs: [{ origin, keys: [logKey()] }],
    cosigners: [cosigners.mlDsa65, cosigners.ed25519],
    store: await openWitnessStore(disk),
    verifier,
    clock: { nowMs: () => 1_800_000_000_000 },
  });
  const server = witnessServer(witness);
  servers.push(server);
  return `http://127.0.0.1:${await listen(server, '127.0.0.1', 0)}`;
}
const witnessVkey = formatVkey(cosigners.mlDsa65.key);

beforeAll(async () => {
  await grow(at('log'), 5);
  await ok(['key', 'new', 'auditor', '--plain'], { env });
});

describe('show', () => {
  it('a log: origin, size, root, who signed, and its vkey', async () => {
    const { stdout } = await good(['show', at('log')]);
    const { checkpoint } = readSignedCheckpoint(new Uint8Array(readFileSync(at('log/checkpoint'))));
    for (const part of [
      origin,
      '\nsize        5\n',
      toHex(checkpoint.root),
      'perdure-ml-dsa-65',
      'a key the log names',
      formatVkey(logKey()),
    ])
      expect(stdout).toContain(part);
    expect(await json(['show', at('log')])).toMatchObject({
      schema: 'perdure/checkpoint/v1',
      file: at('log/checkpoint'),
      origin,
      size: 5,
      root: toHex(checkpoint.root),
      log_vkeys: [formatVkey(logKey())],
      signatures: [
        {
          name: origin,
          status: 'good',
          known_by: 'log',
          type: 'perdure-ml-dsa-65',
          kid: mlDsa65.publicKey.kid,
          time: null,
        },
      ],
    });
  });
  it('a file: nobody is known unless named; a changed signature is bad; times are shown', async () => {
    const url = await served();
    await good(['cosign', at('log'), '--to', url, '--witness', witnessVkey, '-o', at('cosigned')]);
    const shown = await json(['show', at('cosigned')]);
    const time = '2027-01-15T08:00:00.000Z';
    expect(shown.signatures).toMatchObject([
      { status: 'unknown', known_by: null, type: 'perdure-ml-dsa-65', kid: null, time: null },
      { status: 'unknown', known_by: null, type: 'perdure-cosignature-ml-dsa-65', time },
    ]);
    const named = await json(['show', at('cosigned'), '--witness', witnessVkey]);
    expect(named.signatures).toMatchObject([{ status: 'unknown' }, { status: 'good', known_by: 'key', time }]);
    writeFileSync(at('policy'), `log ${formatVkey(logKey())}\nwitness w ${witnessVkey}\nquorum w\n`);
    const byPolicy = await json(['show', at('cosigned'), '--witness-policy', at('policy')]);
    expect(byPolicy.signatures).toMatchObject([
      { known_by: 'policy', status: 'good' },
      { known_by: 'policy', status: 'good' },
    ]);
    writeFileSync(at('moved'), utf8Text(new Uint8Array(readFileSync(at('cosigned')))).replace('\n5\n', '\n6\n'));
    const moved = await json(['show', at('moved'), '--witness-policy', at('policy')]);
    expect([moved.exit, moved.signatures]).toMatchObject([0, [{ status: 'bad' }, { status: 'bad', time }]]);
    expect((await good(['show', at('moved'), '--witness-policy', at('policy')])).stdout).toContain('bad');
  });
  it('what is no checkpoint, no log, no file', async () => {
    writeFileSync(at('text'), 'hello\n');
    expect(await json(['show', at('text')])).toMatchObject({ code: 'CHECKPOINT_MALFORMED', exit: 2 });
    expect(await json(['show', at('nothing')])).toMatchObject({ code: 'IO', exit: 4 });
    mkdirSync(at('empty'), { recursive: true });
    expect(await json(['show', at('empty')])).toMatchObject({ code: 'LOG_NOT_FOUND', exit: 10 });
    cpSync(at('log'), at('bare'), { recursive: true });
    rmSync(at('bare/checkpoint'));
    expect(await json(['show', at('bare')])).toMatchObject({
      code: 'USAGE',
      next: [`perdure checkpoint create ${at('bare')}`],
    });
    const other = at('other');
    await grow(other, 2);
    cpSync(at('log/checkpoint'), join(other, 'checkpoint'));
    expect(await json(['show', other])).toMatchObject({ code: 'LOG_DAMAGED' });
    await grow(at('log'), 5);
  });
});

describe('cosign by a URL', () => {
  it('a log that grows: its checkpoint and the one kept by size get the lines, each key once', async () => {
    await grow(at('growing'), 4);
    const url = await served();
    const args = ['cosign', at('growing'), '--to', `${url}/`, '--witness', witnessVkey];
    expect((await good(args)).stderr).toContain(`cosigned (1) size 4 of ${origin}`);
    for (const file of ['checkpoint', 'checkpoints/0000000000000004'])
      expect(signaturesOf(at(`growing/${file}`))).toHaveLength(2);
    await grow(at('growing'), 11);
    expect(await json(args)).toMatchObject({
      exit: 0,
      schema: 'perdure/cosign/v1',
      origin,
      size: 11,
      file: at('growing/checkpoint'),
      witnesses: [{ to: `${url}/`, cosignatures: 1, error: null }],
    });
    await good(args);
    const note = parseNote(new Uint8Array(readFileSync(at('growing/checkpoint'))));
    const judged = await judgeSignatures(note, [logKey(), cosigners.mlDsa65.key], verifier);
    expect([judged.good.length, judged.bad.length, judged.unknown]).toEqual([2, 0, 0]);
    expect(signaturesOf(at('growing/checkpoints/0000000000000004'))).toHaveLength(2);
  });
  it('a policy gives URLs and keys', async () => {
    await grow(at('log'), 5);
    const url = await served();
    writeFileSync(at('asked'), `witness w ${witnessVkey} ${url}\nquorum w\n`);
    const { stdout } = await good(['cosign', at('log'), '--witness-policy', at('asked'), '-o', '-']);
    expect(parseNote(new TextEncoder().encode(stdout)).signatures).toHaveLength(2);
    expect(signaturesOf(at('log/checkpoint'))).toHaveLength(1);
  });
  it('a rolled-back log, a forked log: refused with exit 1, and nothing is written', async () => {
    await grow(at('original'), 3);
    cpSync(at('original'), at('rolled'), { recursive: true });
    cpSync(at('original'), at('forked'), { recursive: true });
    await grow(at('original'), 6);
    await grow(at('forked'), 8, 'another past');
    const url = await served();
    await good(['cosign', at('original'), '--to', url, '--witness', witnessVkey]);
    for (const [dir, why] of [
      ['rolled', /size 6 or more/],
      ['forked', /proof from its tree/],
    ] as const) {
      const refused = await json(['cosign', at(dir), '--to', url, '--witness', witnessVkey]);
      expect(refused).toMatchObject({ exit: 1, code: 'WITNESS_REFUSED', message: expect.stringMatching(why) });
      expect(signaturesOf(at(`${dir}/checkpoint`))).toHaveLength(1);
    }
  });
  it('several witnesses: those that answer count, and the exit code tells that one did not', async () => {
    await grow(at('log'), 5);
    const url = await served();
    const dead = 'http://127.0.0.1:1';
    const args = ['cosign', at('log'), '--to', dead, '--to', url, '--witness', witnessVkey, '-o', at('several')];
    expect(await json(args)).toMatchObject({
      exit: 4,
      file: at('several'),
      witnesses: [
        { to: dead, cosignatures: 0, error: { code: 'IO' } },
        { to: url, cosignatures: 1 },
      ],
    });
    expect(signaturesOf(at('several'))).toHaveLength(2);
    expect((await run(args)).stderr).toContain('IO ');
  });
  it('the log’s files are not written while another writer holds it', async () => {
    await grow(at('held'), 3);
    const url = await served();
    const log = await openLog(at('held'), writer);
    const args = ['cosign', at('held'), '--to', url, '--witness', witnessVkey];
    expect(await json(args)).toMatchObject({
      exit: 11,
      code: 'LOG_LOCKED',
      next: [expect.stringContaining('-o FILE'), expect.anything()],
    });
    await good([...args, '-o', at('elsewhere')]);
    expect(signaturesOf(at('elsewhere'))).toHaveLength(2);
    await log.close();
    await good(args);
    expect(signaturesOf(at('held/checkpoint'))).toHaveLength(2);
  });
});

describe('cosign by a folder', () => {
  it('remembers the newest checkpoint, refuses rollback and fork, without a key', async () => {
    await grow(at('a'), 3);
    cpSync(at('a'), at('a-old'), { recursive: true });
    cpSync(at('a'), at('a-fork'), { recursive: true });
    const memory = at('memory');
    expect((await good(['cosign', at('a'), '--to', memory])).stderr).toContain('remembered size 3');
    await grow(at('a'), 9);
    expect(await json(['cosign', at('a'), '--to', memory])).toMatchObject({ exit: 0, file: null, size: 9 });
    const kept = join(memory, `${originHash(origin)}.checkpoint`);
    expect(readSignedCheckpoint(new Uint8Array(readFileSync(kept))).checkpoint.size).toBe(9);
    await grow(at('a-fork'), 12, 'another past');
    for (const dir of ['a-old', 'a-fork'])
      expect(await json(['cosign', at(dir), '--to', memory])).toMatchObject({ exit: 1, code: 'WITNESS_REFUSED' });
    expect(readSignedCheckpoint(new Uint8Array(readFileSync(kept))).checkpoint.size).toBe(9);
    await good(['cosign', at('a'), '--to', memory]);
  });
  it('with a key it cosigns as well: ML-DSA-65 and the ML-DSA-44 that follows from it', async () => {
    await grow(at('b'), 3);
    const args = ['cosign', at('b'), '--to', at('memory-b'), '--key', 'auditor', '--name', 'auditor.example/w'];
    expect((await good(args)).stderr).toContain('cosigned (2) size 3');
    const shown = await json(['show', at('b')]);
    expect(shown.signatures).toMatchObject([
      { status: 'good' },
      { name: 'auditor.example/w', type: 'perdure-cosignature-ml-dsa-65' },
      { name: 'auditor.example/w', type: 'cosignature-ml-dsa-44' },
    ]);
  });
  it('a file alone: the first time with its key named, or the same again; its growth cannot be proven', async () => {
    await grow(at('c'), 3);
    cpSync(at('c/checkpoint'), at('c-3'));
    await grow(at('c'), 5);
    cpSync(at('c/checkpoint'), at('c-5'));
    const to = ['--to', at('memory-c')];
    expect(await json(['cosign', at('c-3'), ...to])).toMatchObject({ code: 'USAGE' });
    const key = ['--log-key', formatVkey(logKey())];
    await good(['cosign', at('c-3'), ...to, ...key]);
    await good(['cosign', at('c-3'), ...to, ...key]);
    expect(await json(['cosign', at('c-5'), ...to, ...key])).toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('size 3'),
    });
    await good(['cosign', at('c'), ...to]);
  });
  it('a log whose entries do not give the root of its checkpoint proves nothing', async () => {
    await grow(at('d'), 3);
    await good(['cosign', at('d'), '--to', at('memory-d')]);
    await grow(at('d'), 6);
    const root = new Uint8Array(32).fill(7);
    writeFileSync(at('d/checkpoint'), await signCheckpoint({ origin, size: 6, root }, [logSigner]));
    expect(await json(['cosign', at('d'), '--to', at('memory-d')])).toMatchObject({ code: 'LOG_DAMAGED', exit: 4 });
    writeFileSync(at('d/checkpoint'), await signCheckpoint({ origin, size: 9, root }, [logSigner]));
    expect(await json(['cosign', at('d'), '--to', at('memory-d')])).toMatchObject({ code: 'ENTRY_NOT_FOUND' });
  });
});

describe('refusals of the command line', () => {
  it.each<[why: string, argv: string[]]>([
    ['no witness', []],
    ['a URL without keys', ['--to', 'http://127.0.0.1:1']],
    ['--key without --name', ['--to', at('m'), '--key', 'auditor']],
    ['--name without --key', ['--to', at('m'), '--name', 'w']],
    ['--key with a URL', ['--to', 'http://127.0.0.1:1', '--witness', witnessVkey, '--key', 'auditor', '--name', 'w']],
    ['a name with a space', ['--to', at('m'), '--key', 'auditor', '--name', 'a b']],
  ])('cosign: %s', async (_, argv) => {
    expect(await json(['cosign', at('log'), ...argv])).toMatchObject({ code: 'USAGE', exit: 2 });
  });
  it.each<[why: string, argv: string[]]>([
    ['no log', []],
    ['a bad address', ['--listen', 'localhost', '--log-key', witnessVkey]],
    ['a bad port', ['--listen', 'localhost:70000', '--log-key', witnessVkey]],
    ['a bad name', ['--name', 'a+b', '--log-key', witnessVkey]],
  ])('witness serve: %s', async (_, argv) => {
    const base = { '--listen': '127.0.0.1:0', '--state': at('m'), '--name': 'w', '--key': 'auditor' };
    const rest = Object.entries(base).flatMap(([name, value]) => (argv.includes(name) ? [] : [name, value]));
    const ran = await cli(['witness', 'serve', ...argv, ...rest, '--json'], { env });
    expect([ran.exit, JSON.parse(ran.stdout).code]).toEqual([2, 'USAGE']);
  });
  it('a key of another kind', async () => {
    expect(await json(['cosign', at('log'), '--to', 'http://127.0.0.1:1', '--witness', 'x'])).toMatchObject({
      code: 'KEY_MALFORMED',
    });
  });
});
