import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { keyFromSeed } from '../../src/crypto/keys.ts';
import { encodeSecretJwk, encodeSecretPem } from '../../src/crypto/secret-key-file.ts';
import { cli, ok, type World } from './fake-io.ts';

const root = mkdtempSync(join(tmpdir(), 'perdure-verbs-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const PASSPHRASE = 'correct horse battery';
const env = { XDG_DATA_HOME: join(root, 'data') };
const keys = join(root, 'data', 'perdure', 'keys');
const at = (name: string): string => join(root, name);
const run = (argv: readonly string[], world: World = {}) => cli(argv, { env, ...world });
const good = (argv: readonly string[], world: World = {}) => ok(argv, { env, ...world });
const EVENT =
  '{"type":"tool_call","agent":"bot","action":{"tool":"fs.read","params":{"path":"/x"}},"outcome":{"result":"text"}}\n';

/** The one document of an error. */
async function failure(
  argv: readonly string[],
  world: World = {},
): Promise<Record<string, unknown> & { exit: number }> {
  const ran = await run([...argv, '--json'], world);
  const document = JSON.parse(ran.stdout) as Record<string, unknown> & { exit: number };
  expect(Object.keys(document)).toEqual(['schema', 'code', 'exit', 'message', 'at', 'expected', 'found', 'next']);
  expect(document.schema).toBe('perdure/error/v1');
  expect(document.exit).toBe(ran.exit);
  expect(ran.stderr).toBe('');
  return document;
}

beforeAll(async () => {
  await good(['key', 'new', 'bot', '--plain']);
  await good(['key', 'new', 'ed', '--alg', 'ed25519', '--plain']);
  await good(['init', at('log'), '--origin', 'example.com/log', '--key', 'bot']);
  await good(['append', at('log')], { stdin: EVENT + EVENT.replace('fs.read', 'fs.write') });
});

describe('key', () => {
  test('new, list, show: folder and file are for their owner only, no secret is printed', async () => {
    expect(statSync(keys).mode & 0o777).toBe(0o700);
    expect(statSync(join(keys, 'bot.key')).mode & 0o777).toBe(0o600);
    const secret = readFileSync(join(keys, 'bot.key'), 'utf8').split('\n')[1]!;
    const shown = await good(['key', 'show', 'bot', '--json']);
    const list = await good(['key', 'list', '--json']);
    const { kid } = JSON.parse(shown.stdout) as { kid: string };
    expect(JSON.parse(list.stdout)).toMatchObject({
      schema: 'perdure/key-list/v1',
      folder: keys,
      keys: [
        { name: 'bot', alg: 'ML-DSA-65', kid, protection: 'none' },
        { name: 'ed', alg: 'Ed25519' },
      ],
    });
    for (const format of ['jwk', 'spki', 'raw']) await good(['key', 'export', 'bot', '--format', format]);
    const all = `${shown.stdout}${list.stdout}${(await good(['key', 'export', 'bot'])).stdout}`;
    expect(all).not.toContain(secret.slice(40, 80));
    expect(all).not.toMatch(/"(priv|d)":/);
  });

  test('export: to a file, to standard output, not raw to a terminal', async () => {
    await good(['key', 'export', 'bot', '--format', 'raw', '-o', at('bot.raw')]);
    expect(readFileSync(at('bot.raw')).length).toBe(1952);
    expect((await good(['key', 'export', 'bot', '--format', 'spki'])).stdout).toMatch(/^-----BEGIN PUBLIC KEY-----/);
    expect((await good(['key', 'export', 'bot', '-o', '-'])).stdout).toMatch(/^\{"alg":"ML-DSA-65"/);
    const raw = await run(['key', 'export', 'bot', '--format', 'raw'], { columns: 80 });
    expect([raw.exit, raw.stdout]).toEqual([2, '']);
    const json = JSON.parse((await good(['key', 'export', 'bot', '--json'])).stdout) as { content: { kty: string } };
    expect(json.content.kty).toBe('AKP');
  });

  test('a passphrase is typed twice on a terminal, and never shown', async () => {
    const typed = await run(['key', 'new', 'typed'], { columns: 80, answers: [PASSPHRASE, PASSPHRASE] });
    expect(typed.exit).toBe(0);
    expect(typed.stdout + typed.stderr).not.toContain(PASSPHRASE);
    expect(JSON.parse((await good(['key', 'show', 'typed', '--json'])).stdout)).toMatchObject({
      protection: 'passphrase',
    });
    const twice = await run(['key', 'new', 'other'], { columns: 80, answers: [PASSPHRASE, 'another'] });
    expect(twice.exit).toBe(12);
    expect((await run(['key', 'new', 'other'], { columns: 80, answers: [] })).exit).toBe(12);
    expect(readdirSync(keys)).not.toContain('other.key');
  }, 30_000);

  test('without terminal and passphrase it fails and names the ways, unless --plain', async () => {
    const none = await failure(['key', 'new', 'nobody']);
    expect([none.code, none.exit]).toEqual(['PASSPHRASE_NEEDED', 12]);
    const said = String(none.next);
    for (const name of ['PERDURE_PASSPHRASE', 'PERDURE_PASSPHRASE_FILE', 'PERDURE_PASSPHRASE_COMMAND', '--plain']) {
      expect(said).toContain(name);
    }
  });

  test('names, taken names, loose modes, another folder', async () => {
    expect(await failure(['key', 'new', 'bot', '--plain'])).toMatchObject({ code: 'KEY_EXISTS', exit: 2 });
    expect(await failure(['key', 'new', '../x', '--plain'])).toMatchObject({ code: 'USAGE', exit: 2 });
    expect(await failure(['key', 'show', 'nobody'])).toMatchObject({ code: 'KEY_NOT_FOUND', exit: 2 });
    expect(await failure(['key', 'new', 'x', '--alg', 'rsa'])).toMatchObject({ code: 'USAGE' });
    expect(await failure(['key'])).toMatchObject({ code: 'USAGE', exit: 2 });
    await good(['key', 'new', 'loose', '--plain', '--keys', at('loose')]);
    expect((await good(['key', 'list', '--keys', at('loose')])).stdout).toMatch(/^loose +ML-DSA-65/);
    chmodSync(join(at('loose'), 'loose.key'), 0o644);
    const listed = await run(['key', 'list', '--keys', at('loose'), '--json']);
    expect(listed.exit).toBe(2);
    expect(JSON.parse(listed.stdout)).toMatchObject({ keys: [{ name: 'loose', error: { code: 'KEY_FILE_MODE' } }] });
    expect((await run(['doctor', '--keys', at('loose')])).exit).toBe(2);
  });
});

describe('passphrases of writers', () => {
  beforeAll(async () => {
    await good(['key', 'new', 'guarded'], { env: { ...env, PERDURE_PASSPHRASE: PASSPHRASE } });
    await good(['init', at('guarded'), '--origin', 'a/b', '--key', 'guarded'], {
      env: { ...env, PERDURE_PASSPHRASE: PASSPHRASE },
    });
    writeFileSync(at('pass'), `${PASSPHRASE}\nsecond line\n`);
  }, 30_000);

  test.each([
    ['a variable', { PERDURE_PASSPHRASE: PASSPHRASE }],
    ['a file', { PERDURE_PASSPHRASE_FILE: at('pass') }],
    ['a command', { PERDURE_PASSPHRASE_COMMAND: `cat '${at('pass')}'` }],
  ])('from %s; nothing of it is printed', async (_name, variables) => {
    const ran = await good(['append', at('guarded')], { stdin: EVENT, env: { ...env, ...variables } });
    expect(ran.stdout + ran.stderr).not.toContain(PASSPHRASE);
  });

  test.each([
    ['none', {}, 'PASSPHRASE_NEEDED'],
    ['an empty one', { PERDURE_PASSPHRASE: '' }, 'PASSPHRASE_NEEDED'],
    ['a file that is not there', { PERDURE_PASSPHRASE_FILE: at('nothing') }, 'PASSPHRASE_NEEDED'],
    ['a command that fails', { PERDURE_PASSPHRASE_COMMAND: 'echo hunter2; exit 3' }, 'PASSPHRASE_NEEDED'],
    ['a wrong one', { PERDURE_PASSPHRASE: 'hunter2' }, 'PASSPHRASE_WRONG'],
  ])('%s: exit 12', async (_name, variables, code) => {
    const error = await failure(['append', at('guarded')], { stdin: EVENT, env: { ...env, ...variables } });
    expect(error).toMatchObject({ code, exit: 12 });
    expect(JSON.stringify(error)).not.toContain('hunter2');
  });

  test('to verify nobody is asked for a passphrase', async () => {
    expect((await run(['verify', at('guarded'), '--key', 'guarded'])).exit).toBe(0);
    expect((await run(['verify', at('guarded'), '--key', join(keys, 'guarded.key')])).exit).toBe(0);
  });
});

describe('--key in its forms', () => {
  const seeded = keyFromSeed('ML-DSA-65', new Uint8Array(32).fill(7));
  const files = { pem: at('seed.pem'), jwk: at('seed.jwk'), public: at('seed.pub') };
  beforeAll(async () => {
    writeFileSync(files.pem, encodeSecretPem(seeded), { mode: 0o600 });
    writeFileSync(files.jwk, encodeSecretJwk(seeded), { mode: 0o600 });
    writeFileSync(files.public, seeded.publicKey.bytes);
    await good(['init', at('seeded'), '--origin', 'a/b', '--key', files.pem]);
  });

  test('writers take the secret half of a file; a public one is refused', async () => {
    expect((await good(['append', at('seeded'), '--key', files.jwk], { stdin: EVENT })).stderr).not.toContain(
      'warning',
    );
    chmodSync(files.jwk, 0o644);
    const loose = await good(['append', at('seeded'), '--key', files.jwk], { stdin: EVENT });
    expect(loose.stderr).toContain('is open to others (mode 0644)');
    expect(await failure(['append', at('seeded'), '--key', files.public], { stdin: EVENT })).toMatchObject({ exit: 2 });
    expect(await failure(['append', at('seeded')], { stdin: EVENT })).toMatchObject({ code: 'KEY_NOT_FOUND' });
    expect(await failure(['append', at('seeded'), '--key', 'bot'], { stdin: EVENT })).toMatchObject({
      code: 'KEY_UNSUITABLE',
      exit: 2,
    });
  });

  test('verifiers take the public half of whatever they are given, and say when it was a secret', async () => {
    for (const key of [files.public, seeded.publicKey.kid]) {
      const ran = await run(['verify', at('seeded'), '--key', key]);
      expect([ran.exit, ran.stderr]).toEqual([0, '']);
    }
    for (const key of [files.pem, files.jwk]) {
      const ran = await run(['verify', at('seeded'), '--key', key]);
      expect(ran.exit).toBe(0);
      expect(ran.stderr).toContain('SECRET');
    }
  });

  test('writers find a kid in the keystore', async () => {
    const { kid } = JSON.parse((await good(['key', 'show', 'bot', '--json'])).stdout) as { kid: string };
    await good(['init', at('by-kid'), '--origin', 'a/b', '--key', kid]);
    expect((await run(['verify', at('by-kid'), '--key', 'bot'])).exit).toBe(0);
  });

  test('a bad outside key is a usage error: small order, wrong length, something else, nothing', async () => {
    writeFileSync(at('small'), new Uint8Array(32));
    writeFileSync(at('short'), new Uint8Array(1951).fill(1));
    writeFileSync(at('text'), 'hello');
    for (const name of ['small', 'short', 'text']) {
      expect(await failure(['verify', at('log'), '--key', at(name)])).toMatchObject({ code: 'KEY_MALFORMED', exit: 2 });
    }
    expect(await failure(['verify', at('log'), '--key', at('nowhere')])).toMatchObject({
      code: 'KEY_NOT_FOUND',
      exit: 2,
    });
  });

  test('a file named like a kid does not take the place of the kid', async () => {
    const { kid } = seeded.publicKey;
    const before = process.cwd();
    process.chdir(root);
    try {
      await good(['key', 'export', 'bot', '--format', 'raw', '-o', kid]);
      expect((await run(['verify', at('seeded'), '--key', kid])).exit).toBe(0);
      expect((await run(['verify', at('log'), '--key', kid])).exit).toBe(3);
    } finally {
      process.chdir(before);
    }
  });
});

describe('append', () => {
  test('one JSON line a receipt; the payloads are kept', async () => {
    await good(['init', at('lines'), '--origin', 'a/b', '--key', 'bot']);
    const ran = await good(['append', at('lines'), '--json'], { stdin: EVENT.repeat(3) });
    const lines = ran.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({ seq, signed }) => [seq, signed])).toEqual([1, 2, 3].map((seq) => [seq, true]));
    expect(Object.keys(lines[0]!)).toEqual(['schema', 'seq', 'id', 'hash', 'time', 'signed']);
    expect(ran.stderr).toMatch(/^recorded 3 receipts in .*; head 4:[0-9a-f]{64}\n$/);
    expect(readdirSync(join(at('lines'), 'payloads')).length).toBeGreaterThan(0);
  });

  test('a bad line: all before it is recorded, nothing behind it, and it is named', async () => {
    await good(['init', at('bad'), '--origin', 'a/b', '--key', 'bot']);
    const sizes: number[] = [];
    for (const bad of [
      '{"type":"nope"}',
      '{"type":',
      '{"type":"custom","data":{"x":1,"x":2}}',
      '[]',
      '{"type":"genesis"}',
    ]) {
      const ran = await run(['append', at('bad'), '--json', '--payload', 'discard'], {
        stdin: `${EVENT}\n${EVENT}${bad}\n${EVENT.repeat(20)}`,
      });
      const lines = ran.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(ran.exit).toBe(2);
      expect(lines).toHaveLength(3);
      expect(lines[2]!.message).toMatch(/stdin line 4[,:].*2 events before it are recorded/);
      sizes.push(Number(/head (\d+):/.exec(ran.stderr)![1]));
    }
    expect(sizes).toEqual([3, 5, 7, 9, 11]);
    expect((await run(['verify', at('bad'), '--key', 'bot', '--expect-size', '11'])).exit).toBe(0);
  });

  test('inline above the limit is refused before anything is written; kept, 10 MB pass', async () => {
    await good(['init', at('large'), '--origin', 'a/b', '--key', 'bot', '--signing', 'batch']);
    const large = `{"type":"tool_call","action":{"tool":"t","params":"${'x'.repeat(10_000_000)}"}}`;
    const ran = await run(['append', at('large'), '--payload', 'inline', '--json'], { stdin: large });
    expect(JSON.parse(ran.stdout)).toMatchObject({ code: 'ENTRY_TOO_LARGE', exit: 2 });
    expect(ran.stderr).toContain('recorded 0 receipts');
    await good(['append', at('large')], { stdin: large });
    expect((await run(['show', at('large'), '1', '--payload'])).exit).toBe(0);
  });

  test('a log of batches: durable entries say that they are unsigned, and are covered when the command ends', async () => {
    expect((await good(['append', at('large')], { stdin: EVENT })).stdout).toMatch(/ unsigned\n$/);
    const { schema, size } = JSON.parse((await good(['checkpoint', 'show', at('large'), '--json'])).stdout);
    const waited = await good(['append', at('large'), '--wait', 'signed', '--json'], { stdin: EVENT.repeat(3) });
    const signed = waited.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(signed.map((one) => [one.seq, one.signed])).toEqual([0, 1, 2].map((n) => [size + n, true]));
    // Nothing of it is uncovered, so an auditor asks for no leave.
    const shown = JSON.parse((await good(['checkpoint', 'show', at('large'), '--json'])).stdout);
    expect([schema, shown.size, shown.signatures[0].status]).toEqual(['perdure/checkpoint/v1', size + 3, 'good']);
  });

  test('checkpoint create: in a log of either kind, once for each head, and a copy to keep outside', async () => {
    for (const log of [at('log'), at('large')]) {
      const made = JSON.parse((await good(['checkpoint', 'create', log, '--key', 'bot', '--json'])).stdout);
      expect(made).toMatchObject({ schema: 'perdure/checkpoint-created/v1', log, file: join(log, 'checkpoint') });
      const bytes = readFileSync(join(log, 'checkpoint'));
      expect((await good(['checkpoint', 'create', log, '-o', '-'])).stdout).toBe(bytes.toString());
      const human = await good(['checkpoint', 'create', log, '-o', at('outside')]);
      expect(human.stdout).toContain(`size        ${made.size}`);
      expect(readFileSync(at('outside'))).toEqual(bytes);
    }
    expect(await failure(['checkpoint', 'create', at('nothing')])).toMatchObject({ code: 'LOG_NOT_FOUND', exit: 10 });
  });

  test('secrets are replaced before anything is written; a rule that finds nothing is told', async () => {
    const secret = 'sk-live-4242424242424242';
    const input = JSON.stringify({ t: 'x', a: { password: secret, keep: 'me' } });
    const ran = await good(['append', at('large'), '--map', 'tool=t', '--map', 'params=a', '--map', 'agent=none'], {
      stdin: input,
    });
    expect(ran.stderr).toContain('--map agent=none found nothing');
    const seq = ran.stdout.split(' ')[0]!;
    const shown = JSON.parse((await good(['show', at('large'), seq, '--payload', '--json'])).stdout) as {
      receipt: { entry: { event: { redacted: number } } };
      payloads: { status: string; value: { keep: string } }[];
    };
    expect(shown.receipt.entry.event.redacted).toBe(1);
    expect(shown.payloads[0]).toMatchObject({ status: 'matches', value: { keep: 'me' } });
    expect(JSON.stringify(shown)).not.toContain(secret);
  });

  test('an interrupt ends it in good order', async () => {
    const interrupt = new AbortController();
    const stdin = (async function* () {
      yield utf8(EVENT);
      interrupt.abort();
      yield utf8(EVENT);
    })();
    const ran = await run(['append', at('lines')], { stdin, signal: interrupt.signal });
    expect(ran.exit).toBe(130);
    expect(ran.stderr).toContain('recorded 1 receipt ');
    expect((await run(['verify', at('lines'), '--key', 'bot'])).exit).toBe(0);
  });

  test('when nobody reads its output any more it records all the same', async () => {
    const ran = await good(['append', at('lines')], { stdin: EVENT.repeat(5), closesAfter: 1 });
    expect(ran.stdout.split('\n')).toHaveLength(2);
    expect(ran.stderr).toContain('recorded 5 receipts');
  });

  test('logs: none there, one there already, one that another process writes to, an origin that is none', async () => {
    expect(await failure(['append', at('nothing')])).toMatchObject({ code: 'LOG_NOT_FOUND', exit: 10 });
    expect(await failure(['init', at('log'), '--origin', 'a/b', '--key', 'bot'])).toMatchObject({
      code: 'LOG_EXISTS',
      exit: 2,
    });
    expect(await failure(['init', at('new'), '--origin', '/a', '--key', 'bot'])).toMatchObject({
      code: 'USAGE',
      exit: 2,
    });
    expect(await failure(['init', at('new'), '--origin', 'a', '--key', 'bot', '--key', 'bot'])).toMatchObject({
      code: 'USAGE',
    });
    const { openLog } = await import('../../src/log/open.ts');
    const { createSigner } = await import('../../src/crypto/signers.ts');
    const { Keystore } = await import('../../src/crypto/keystore.ts');
    const writer = await openLog(at('log'), { signer: await createSigner(await new Keystore(keys).load('bot')) });
    try {
      expect(await failure(['append', at('log')], { stdin: EVENT })).toMatchObject({ code: 'LOG_LOCKED', exit: 11 });
    } finally {
      await writer.close();
    }
  });
});
