import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { utf8Text } from '../../src/base/bytes.ts';
import { readForeignCheckpoint } from '../../src/checkpoint/checkpoint.ts';
import { parseNote } from '../../src/checkpoint/note.ts';
import { judgeSignatures, noteKeyOf } from '../../src/checkpoint/note-keys.ts';
import { formatVkey, type NoteVerifierKey, parseVkey } from '../../src/checkpoint/vkey.ts';
import { originHash } from '../../src/checkpoint/witness.ts';
import { requestCosignatures } from '../../src/checkpoint/witness-client.ts';
import { formatAddCheckpoint, MAX_REQUEST_BYTES } from '../../src/checkpoint/witness-request.ts';
import { postTo } from '../../src/cli/witness-http.ts';
import { GrowingTree } from '../checkpoint/growing-tree.ts';
import { cosigners, ed25519, logSigner, logSignerEd25519, mlDsa65, verifier } from '../checkpoint/keys.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const CHILD = [
  '--import',
  new URL('../../.ci/ts.mjs', import.meta.url).href,
  fileURLToPath(new URL('witness-child.mjs', import.meta.url)),
];
const ORIGIN = 'example.com/log/0123456789ab';
const root = mkdtempSync(join(tmpdir(), 'perdure-witness-'));
const env = { ...process.env, XDG_DATA_HOME: join(root, 'data'), NODE_OPTIONS: '' };

/** A witness in a process of its own. */
interface Served {
  readonly process: ChildProcess;
  readonly url: string;
  readonly keys: readonly NoteVerifierKey[];
  readonly said: string[];
  /** Resolves with the exit code, null when it was killed. */
  readonly ended: Promise<number | null>;
}

const running: Served[] = [];
afterEach(async () => {
  for (const one of running.splice(0)) {
    one.process.kill('SIGKILL');
    await one.ended;
  }
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function start(argv: readonly string[], keys: readonly NoteVerifierKey[] = []): Promise<Served> {
  const child = spawn(process.execPath, argv, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const said: string[] = [];
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      said.push(line);
      const address = /^(?:listening on )?(http:\/\/\S+)$/.exec(line)?.[1];
      if (address !== undefined) resolve(address);
    });
    void ended.then((code) => reject(new Error(`a witness ended with ${code}: ${errors}`)));
  });
  const served = { process: child, url, keys, said, ended };
  running.push(served);
  return served;
}

const logVkey = (alg: 'ML-DSA-65' | 'Ed25519') =>
  formatVkey(noteKeyOf(ORIGIN, (alg === 'ML-DSA-65' ? mlDsa65 : ed25519).publicKey));

/** `perdure witness serve`. @returns once it listens; its keys are those it prints. */
async function serve(state: string, name = 'witness.example/w1'): Promise<Served> {
  const args = ['--listen', '127.0.0.1:0', '--state', join(root, state), '--name', name, '--key', 'w1'];
  const served = await start([MAIN, 'witness', 'serve', ...args, '--log-key', logVkey('ML-DSA-65')]);
  await heard(served, /^log /);
  const keys = served.said.flatMap((line) => (line.startsWith('vkey ') ? [parseVkey(line.slice(5))] : []));
  return { ...served, keys };
}

async function heard({ said }: Served, what: RegExp): Promise<void> {
  for (let tries = 0; !said.some((line) => what.test(line)); tries++) {
    if (tries > 5000) throw new Error(`a witness said only ${JSON.stringify(said)}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

async function cosigned(served: Served, tree: GrowingTree, size: number) {
  const note = await tree.note(size);
  const task = { note, prove: (oldSize: number) => tree.prove(oldSize, size), name: served.url };
  return requestCosignatures(postTo(served.url), task, { keys: served.keys, verifier });
}

async function post(served: Served, body: Uint8Array): Promise<{ status: number; body: string }> {
  const reply = await postTo(served.url)(body);
  return { status: reply.status, body: utf8Text(reply.body) };
}

beforeAll(async () => {
  if (!existsSync(MAIN)) throw new Error('dist/ is missing: npm run build');
  const made = spawn(process.execPath, [MAIN, 'key', 'new', 'w1', '--plain'], { env, stdio: 'ignore' });
  expect(await new Promise((resolve) => made.once('exit', resolve))).toBe(0);
});

describe('a log and witnesses, each a process of its own', () => {
  const tree = new GrowingTree(ORIGIN);

  it('cosigns growth, and serves what it cosigned to monitors', async () => {
    const served = await serve('grows');
    expect(served.keys.map(({ type }) => type)).toEqual(['perdure-cosignature-ml-dsa-65', 'cosignature-ml-dsa-44']);
    for (const size of [3, 8, 8, 20]) expect(await cosigned(served, tree, size)).toHaveLength(2);
    const reply = await fetch(`${served.url}/${originHash(ORIGIN)}/checkpoint`);
    expect(reply.status).toBe(200);
    const note = parseNote(new Uint8Array(await reply.arrayBuffer()));
    const judged = await judgeSignatures(note, [noteKeyOf(ORIGIN, mlDsa65.publicKey), ...served.keys], verifier);
    expect([judged.good.length, judged.bad.length, judged.unknown]).toEqual([3, 0, 0]);
    expect(judged.good.slice(1).every(({ timestamp }) => Math.abs(timestamp! - Date.now() / 1000) < 60)).toBe(true);
  });

  it('split view: of a fork shown to two witnesses neither cosigns the other’s side', async () => {
    const fork = new GrowingTree(ORIGIN, 5);
    const [one, two] = [await serve('split-1'), await serve('split-2', 'witness.example/w2')];
    await cosigned(one, tree, 9);
    await cosigned(two, fork, 9);
    for (const size of [9, 12]) {
      await expect(cosigned(one, fork, size)).rejects.toMatchObject({ code: 'WITNESS_REFUSED', found: /422/ });
      await expect(cosigned(two, tree, size)).rejects.toMatchObject({ code: 'WITNESS_REFUSED', found: /422/ });
    }
    // So that no quorum of both ever stands on either side, while each side goes on with its own witness.
    expect(await cosigned(one, tree, 12)).toHaveLength(2);
    expect(await cosigned(two, fork, 12)).toHaveLength(2);
  });

  it('rollback, replayed and stale checkpoints: refused, also after a restart', async () => {
    const first = await serve('stale');
    const replayed = formatAddCheckpoint(await tree.request(0, 4));
    expect((await post(first, replayed)).status).toBe(200);
    await cosigned(first, tree, 9);
    const check = async (served: Served): Promise<void> => {
      await expect(cosigned(served, tree, 4)).rejects.toThrow(/size 9 or more/);
      expect(await post(served, replayed)).toEqual({ status: 409, body: '9\n' });
      const rollback = { oldSize: 9, proof: [], checkpoint: await tree.note(4) };
      expect((await post(served, formatAddCheckpoint(rollback))).status).toBe(400);
      expect((await post(served, formatAddCheckpoint(await tree.request(4, 8)))).body).toBe('9\n');
    };
    await check(first);
    first.process.kill('SIGKILL');
    await first.ended;
    const second = await serve('stale');
    await check(second);
    expect(await cosigned(second, tree, 10)).toHaveLength(2);
  });

  it('one process a state folder; Ctrl-C ends it with 130 and leaves the folder free', async () => {
    const first = await serve('locked');
    await expect(serve('locked')).rejects.toThrow(/ended with 11/);
    first.process.kill('SIGINT');
    expect(await first.ended).toBe(130);
    await serve('locked');
  });

  it('answers other requests as HTTP has it, and none that is too long', async () => {
    const { url } = await serve('http');
    const status = async (path: string, init: RequestInit = {}) => (await fetch(url + path, init)).status;
    expect(await status('/')).toBe(404);
    expect(await status('/add-checkpoint')).toBe(405);
    expect(await status(`/${originHash(ORIGIN)}/checkpoint`)).toBe(404);
    expect(await status(`/${originHash(ORIGIN)}/checkpoint`, { method: 'DELETE' })).toBe(405);
    expect(await status('/../add-checkpoint', { method: 'POST', body: 'x' })).toBe(400);
    expect(await status('/add-checkpoint', { method: 'POST', body: '' })).toBe(400);
    const long = new Uint8Array(MAX_REQUEST_BYTES + 1);
    expect(await status('/add-checkpoint', { method: 'POST', body: Buffer.from(long) }).catch(() => 413)).toBe(413);
    expect(await status('/add-checkpoint', { method: 'POST', body: 'old 0\n\n' })).toBe(400);
  });
});

describe('kill -9 between the write and the answer', () => {
  const tree = new GrowingTree(ORIGIN);
  const request = async (of: GrowingTree, oldSize: number, size: number) =>
    formatAddCheckpoint({
      oldSize,
      proof: oldSize === 0 ? [] : await of.prove(oldSize, size),
      checkpoint: await of.note(size, [logSignerEd25519]),
    });

  it.each([1, 2, 3])('at write %i: the restarted witness remembers what it had not answered yet', async (stopAt) => {
    const dir = join(root, `killed-${stopAt}`);
    const sizes = [0, 4, 9, 13];
    const served = await start([...CHILD, dir, ORIGIN, String(stopAt)]);
    for (let i = 1; i < stopAt; i++)
      expect((await post(served, await request(tree, sizes[i - 1]!, sizes[i]!))).status).toBe(200);
    const before = sizes[stopAt - 1]!;
    const size = sizes[stopAt]!;
    const unanswered = post(served, await request(tree, before, size)).then(
      () => 'answered',
      () => 'no answer',
    );
    await heard(served, /^persisted$/);
    served.process.kill('SIGKILL');
    expect(await served.ended).toBeNull();
    expect(await unanswered).toBe('no answer');
    const [file, ...others] = readdirSync(dir).filter((name) => !name.startsWith('lock'));
    expect([file, others]).toEqual([`${originHash(ORIGIN)}.checkpoint`, []]);
    expect(readForeignCheckpoint(new Uint8Array(readFileSync(join(dir, file!)))).checkpoint.size).toBe(size);

    const again = await start([...CHILD, dir, ORIGIN, '0']);
    // A fork of what it signed and did not hand out is refused: it counts as signed.
    const fork = new GrowingTree(ORIGIN, 3);
    expect(await post(again, await request(fork, before, size + 1))).toEqual({ status: 409, body: `${size}\n` });
    expect((await post(again, await request(fork, size, size))).status).toBe(422);
    expect((await post(again, await request(fork, size, size + 1))).status).toBe(422);
    // The log that got no answer asks again, and gets on.
    const task = {
      note: await tree.note(size, [logSignerEd25519]),
      prove: (old: number) => tree.prove(old, size),
      name: 'w',
    };
    const known = { keys: [cosigners.ed25519.key], verifier };
    expect(await requestCosignatures(postTo(again.url), task, known)).toHaveLength(1);
    expect((await post(again, await request(tree, size, size + 5))).status).toBe(200);
  });
});

it('the port that these tests speak to is the one of the specification', async () => {
  const served = await serve('plain');
  const note = await new GrowingTree(ORIGIN).note(2, [logSigner]);
  const reply = await fetch(`${served.url}/add-checkpoint`, {
    method: 'POST',
    body: `old 1\n\n${utf8Text(note)}`,
  });
  expect([reply.status, reply.headers.get('content-type'), await reply.text()]).toEqual([
    409,
    'text/x.tlog.size',
    '0\n',
  ]);
});
