import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fromBase64url, toBase64url, toHex, utf8, utf8Text } from '../../src/base/bytes.ts';
import { isReceiptError, ReceiptError } from '../../src/base/errors.ts';
import { generateKey, keyFromExpanded, keyFromSeed } from '../../src/crypto/keys.ts';
import { defaultKeyFolder, Keystore } from '../../src/crypto/keystore.ts';
import { DEFAULT_COST, isAffordable } from '../../src/crypto/passphrase.ts';
import { toJwk } from '../../src/crypto/public-key.ts';
import { readPublicKeyFile } from '../../src/crypto/public-key-file.ts';

// Scrypt in earnest takes most of a second; one test pays for it.
const cost = { n: 16, r: 8, p: 1 };
const passphrase = 'correct horse battery staple';
const ed = keyFromSeed('Ed25519', new Uint8Array(32).fill(3));
const mlDsa = keyFromSeed('ML-DSA-65', new Uint8Array(32).fill(4));

let base: string;
let folder: string;
let store: Keystore;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'perdure-keys-'));
  folder = join(base, 'data', 'keys');
  store = new Keystore(folder, { cost });
});
afterEach(() => rm(base, { recursive: true, force: true }));

const code = (wanted: string) =>
  expect.toSatisfy((error) => error instanceof ReceiptError && error.code === wanted, wanted);
const refuses = (promise: Promise<unknown>, wanted: string) => expect(promise).rejects.toEqual(code(wanted));
const mode = async (path: string) => (await stat(path)).mode & 0o777;
const file = (name: string) => join(folder, `${name}.key`);
const rewrite = async (name: string, change: (text: string) => string) =>
  writeFile(file(name), change(await readFile(file(name), 'utf8')));

describe('the keystore', () => {
  it('keeps both algorithms under a passphrase and plain, in a folder of 0700 with files of 0600, and gives them back', async () => {
    for (const [name, key] of [
      ['bot', mlDsa],
      ['bot.ed_25519-1', ed],
    ] as const) {
      expect(await store.create(name, key, { passphrase })).toEqual({
        name,
        publicKey: key.publicKey,
        protection: 'passphrase',
      });
      await store.create(`plain-${name}`, key, { plain: true });
      const opened = await store.load(name, passphrase);
      expect(opened.publicKey.kid).toBe(key.publicKey.kid);
      expect(opened.seed).toEqual(key.seed);
      expect((await store.load(`plain-${name}`)).seed).toEqual(key.seed);
      expect(await mode(file(name))).toBe(0o600);
      expect(await mode(file(`plain-${name}`))).toBe(0o600);
    }
    expect(await mode(folder)).toBe(0o700);
    expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('keeps the modes under any umask', async () => {
    const umask = process.umask(0);
    try {
      await store.create('open', ed, { plain: true });
    } finally {
      process.umask(umask);
    }
    expect([await mode(folder), await mode(file('open'))]).toEqual([0o700, 0o600]);
  });

  it('a key that create() told of survives a power loss: its file, its folder and every folder made for it are synced', async () => {
    const synced: number[] = [];
    const handle = await open(base, 'r');
    const prototype = Object.getPrototypeOf(handle) as { sync(this: typeof handle): Promise<void> };
    await handle.close();
    const { sync } = prototype;
    prototype.sync = async function () {
      synced.push((await this.stat()).ino);
      return sync.call(this);
    };
    try {
      await store.create('first', ed, { plain: true });
      const inodes = async (paths: string[]) => Promise.all(paths.map(async (path) => (await stat(path)).ino));
      expect(synced).toEqual(expect.arrayContaining(await inodes([base, join(base, 'data'), folder, file('first')])));
      synced.length = 0;
      await store.create('second', ed, { plain: true });
      expect(synced).toEqual(expect.arrayContaining(await inodes([folder, file('second')])));
    } finally {
      prototype.sync = sync;
    }
  });

  it('uses scrypt N 2^17, r 8, p 1 unless told otherwise', async () => {
    expect(DEFAULT_COST).toEqual({ n: 131_072, r: 8, p: 1 });
    const real = new Keystore(folder);
    await real.create('real', ed, { passphrase });
    expect(JSON.parse((await readFile(file('real'), 'utf8')).split('\n')[0])).toMatchObject({
      kdf: 'scrypt',
      n: 131_072,
      r: 8,
      p: 1,
    });
    expect((await real.load('real', passphrase)).seed).toEqual(ed.seed);
  });

  it('lists, shows and exports public halves without a passphrase, sorted, and an unreadable file beside the others', async () => {
    expect(await store.list()).toEqual([]);
    await store.create('b', ed, { passphrase });
    await store.create('a', mlDsa, { plain: true });
    await writeFile(file('c'), 'no key\n', { mode: 0o600 });
    await writeFile(join(folder, '.new-left'), 'x');
    await writeFile(join(folder, 'README'), 'x');
    const listing = await store.list();
    expect(listing.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    expect(listing[0]).toEqual({ name: 'a', publicKey: mlDsa.publicKey, protection: 'none' });
    expect(listing[1]).toEqual({ name: 'b', publicKey: ed.publicKey, protection: 'passphrase' });
    expect(listing[2]).toEqual({ name: 'c', error: code('KEY_MALFORMED') });
    expect(await store.show('b')).toEqual(listing[1]);
    for (const format of ['jwk', 'spki', 'raw'] as const)
      expect(readPublicKeyFile(await store.exportPublic('b', format)).kid).toBe(ed.publicKey.kid);
    expect(utf8Text(await store.exportPublic('a'))).toBe(`${JSON.stringify(toJwk(mlDsa.publicKey))}\n`);
  });

  it('asks for a passphrase only when one is needed, and tells a missing from a wrong one', async () => {
    await store.create('locked', ed, { passphrase });
    await store.create('open', ed, { plain: true });
    let asked = 0;
    const ask = async (): Promise<string> => {
      asked++;
      return passphrase;
    };
    await store.load('open', ask);
    await store.show('locked');
    expect(asked).toBe(0);
    expect((await store.load('locked', ask)).seed).toEqual(ed.seed);
    expect(asked).toBe(1);
    await refuses(store.load('locked'), 'PASSPHRASE_NEEDED');
    await refuses(store.load('locked', ''), 'PASSPHRASE_NEEDED');
    await refuses(store.load('locked', `${passphrase} `), 'PASSPHRASE_WRONG');
  });

  it('takes a passphrase in NFC: composed and decomposed letters are one', async () => {
    await store.create('accent', ed, { passphrase: 'caf\u00e9' });
    expect((await store.load('accent', 'cafe\u0301')).seed).toEqual(ed.seed);
  });

  it('never overwrites: a taken name is KEY_EXISTS, also when two create it at once', async () => {
    await store.create('once', ed, { plain: true });
    const before = await readFile(file('once'));
    await refuses(store.create('once', mlDsa, { plain: true }), 'KEY_EXISTS');
    expect(await readFile(file('once'))).toEqual(before);
    const race = await Promise.allSettled(
      Array.from({ length: 6 }, () => store.create('race', generateKey('Ed25519'), { plain: true })),
    );
    expect(race.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of race)
      if (result.status === 'rejected') expect(isReceiptError(result.reason, 'KEY_EXISTS')).toBe(true);
    expect((await readdir(folder)).sort()).toEqual(['once.key', 'race.key']);
    await symlink('/nowhere', file('dangling'));
    await refuses(store.create('dangling', ed, { plain: true }), 'KEY_EXISTS');
  });

  it('needs a passphrase or an explicit plain', async () => {
    await expect(store.create('x', ed, { passphrase: '' })).rejects.toThrow(TypeError);
    // Ways to ask for plain that are none, as plain JavaScript allows them: a file must not end up plain by a slip.
    for (const guard of [
      {},
      { plain: false },
      { plain: 1 },
      { plain: 'yes' },
      { plain: true, passphrase },
      { plain: undefined, passphrase: '' },
      { passphrase: 5 },
      { passphrase: null },
    ]) {
      await expect(store.create('x', ed, guard as { plain: true }), JSON.stringify(guard)).rejects.toThrow(TypeError);
    }
    expect(await store.list()).toEqual([]);
    for (const [name, plain] of Object.entries({ no: false, none: undefined })) {
      const guard = { plain, passphrase } as unknown as { passphrase: string };
      expect(await store.create(name, ed, guard)).toMatchObject({ protection: 'passphrase' });
      await refuses(store.load(name), 'PASSPHRASE_NEEDED');
    }
  });

  it('refuses a passphrase that has no UTF-8 form: encoding would replace, and make one passphrase of many', async () => {
    await store.create('k', ed, { passphrase: '\ufffd' });
    for (const half of ['\ud800', 'a\udc00', '\ud801b']) {
      await expect(store.create('x', ed, { passphrase: half })).rejects.toThrow(TypeError);
      await expect(store.load('k', half)).rejects.toThrow(TypeError);
    }
    expect((await store.list()).map(({ name }) => name)).toEqual(['k']);
  });

  it('names are file names and never paths', async () => {
    for (const name of ['', '.', '..', '.hidden', '../up', 'a/b', 'a\\b', 'a b', 'ü', 'a\0b', 'x'.repeat(65), 'a\n']) {
      await expect(store.create(name, ed, { plain: true }), JSON.stringify(name)).rejects.toThrow(RangeError);
      await expect(store.load(name)).rejects.toThrow(RangeError);
    }
    await store.create('x'.repeat(64), ed, { plain: true });
    await refuses(store.show('unknown'), 'KEY_NOT_FOUND');
    await refuses(new Keystore(join(base, 'none')).load('unknown'), 'KEY_NOT_FOUND');
  });

  it('refuses a looser folder and looser files, on every use', async () => {
    await store.create('k', ed, { plain: true });
    for (const loose of [0o640, 0o604, 0o660, 0o610]) {
      await chmod(file('k'), loose);
      await refuses(store.load('k'), 'KEY_FILE_MODE');
      await refuses(store.show('k'), 'KEY_FILE_MODE');
      expect(await store.list()).toEqual([{ name: 'k', error: code('KEY_FILE_MODE') }]);
    }
    await chmod(file('k'), 0o400);
    expect((await store.load('k')).seed).toEqual(ed.seed);
    for (const loose of [0o750, 0o701, 0o770]) {
      await chmod(folder, loose);
      await refuses(store.load('k'), 'KEY_FILE_MODE');
      await refuses(store.list(), 'KEY_FILE_MODE');
      await refuses(store.create('new', ed, { plain: true }), 'KEY_FILE_MODE');
    }
  });

  it('refuses symbolic links, out of the folder and within it, and what is no file', async () => {
    await store.create('real', ed, { plain: true });
    const outside = join(base, 'outside.key');
    await rename(file('real'), outside);
    await symlink(outside, file('out'));
    await refuses(store.load('out'), 'KEY_FILE_MODE');
    await rename(outside, file('real'));
    await symlink('real.key', file('in'));
    await refuses(store.load('in'), 'KEY_FILE_MODE');
    await mkdir(file('folder'));
    await refuses(store.load('folder'), 'KEY_FILE_MODE');
    expect(spawnSync('mkfifo', ['-m', '600', file('fifo')]).status).toBe(0);
    await refuses(store.load('fifo'), 'KEY_FILE_MODE');
    expect((await store.load('real')).seed).toEqual(ed.seed);
  });

  it('a folder behind a link is judged as what it is', async () => {
    await store.create('k', ed, { plain: true });
    const link = join(base, 'link');
    await symlink(folder, link);
    expect((await new Keystore(link).load('k')).seed).toEqual(ed.seed);
    await chmod(folder, 0o755);
    await refuses(new Keystore(link).load('k'), 'KEY_FILE_MODE');
  });

  it('keeps a key that came in expanded form', async () => {
    await store.create('expanded', keyFromExpanded(mlDsa.expanded!), { passphrase });
    const opened = await store.load('expanded', passphrase);
    expect(opened.seed).toBeNull();
    expect(opened.publicKey.kid).toBe(mlDsa.publicKey.kid);
  });
});

describe('a key file that was changed', () => {
  it('under a passphrase: any change of header or ciphertext does not open', async () => {
    await store.create('k', ed, { passphrase });
    const text = await readFile(file('k'), 'utf8');
    const other = toBase64url(mlDsa.seed!);
    const header = JSON.parse(text.split('\n')[0]) as { salt: string; nonce: string };
    const otherPublic = JSON.stringify(toJwk(generateKey('Ed25519').publicKey));
    const changes: ((was: string) => string)[] = [
      (was) => was.replace(JSON.stringify(toJwk(ed.publicKey)), otherPublic),
      (was) => was.replace(header.salt, other),
      (was) => was.replace(header.nonce, other.slice(0, 32)),
      (was) => was.replace('"n":16', '"n":32'),
      (was) => was.replace(/\n(.)/, (_, first: string) => `\n${first === 'A' ? 'B' : 'A'}`),
    ];
    for (const change of changes) {
      expect(change(text)).not.toBe(text);
      await writeFile(file('k'), change(text));
      await refuses(store.load('k', passphrase), 'PASSPHRASE_WRONG');
    }
  });

  it('plain: a public half that is not its own', async () => {
    await store.create('k', ed, { plain: true });
    await rewrite('k', (was) =>
      was.replace(JSON.stringify(toJwk(ed.publicKey)), JSON.stringify(toJwk(generateKey('Ed25519').publicKey))),
    );
    await refuses(store.load('k'), 'KEY_MISMATCH');
  });

  it('another shape: members, order, spelling, lines, size', async () => {
    await store.create('k', ed, { passphrase });
    const text = await readFile(file('k'), 'utf8');
    const bad = [
      text.slice(0, -1),
      `${text}\n`,
      text.replace('{"format"', '{ "format"'),
      text.replace('"kdf":"scrypt"', '"kdf":"none"'),
      text.replace('"kdf":"scrypt"', '"extra":1,"kdf":"scrypt"'),
      text.replace('"kdf":"scrypt",', ''),
      text.replace('"n":16', '"n":"16"'),
      text.replace('"n":16', '"n":1e1'),
      text.replace('"protection":"passphrase"', '"protection":"none"'),
      `${text.split('\n')[0]}\n`,
      `${text.split('\n')[0]}\nAAAA\n`,
      '',
      'null\nAAAA\n',
    ];
    for (const changed of bad) {
      await writeFile(file('k'), changed);
      await expect(store.load('k', passphrase), changed.slice(0, 60)).rejects.toSatisfy(
        (error) => isReceiptError(error, 'KEY_MALFORMED') || isReceiptError(error, 'UNSUPPORTED'),
      );
    }
    await writeFile(file('k'), 'x'.repeat(70_000));
    await refuses(store.load('k', passphrase), 'KEY_MALFORMED');
    await writeFile(file('k'), text.replace('key/v1', 'key/v2'));
    await refuses(store.load('k', passphrase), 'UNSUPPORTED');
  });

  it('scrypt that would eat the memory is refused before it starts', async () => {
    await store.create('k', ed, { passphrase });
    for (const n of ['1073741824', '4194304', '17', '0', '-16']) {
      await rewrite('k', (was) => was.replace(/"n":-?\d+/, `"n":${n}`));
      await refuses(store.load('k', passphrase), 'UNSUPPORTED');
    }
    expect(isAffordable(DEFAULT_COST)).toBe(true);
    expect(isAffordable({ n: 2 ** 18, r: 8, p: 1 })).toBe(true);
    for (const bad of [
      { n: 2 ** 19, r: 8, p: 1 },
      { n: 2, r: 65, p: 1 },
      { n: 2, r: 1, p: 5 },
      { n: 1, r: 1, p: 1 },
      { n: 16, r: 0, p: 1 },
      { n: 16, r: 1.5, p: 1 },
    ]) {
      expect(isAffordable(bad), JSON.stringify(bad)).toBe(false);
    }
  });
});

describe('nothing secret is shown', () => {
  it('not in a protected file, not in any error', async () => {
    await store.create('k', ed, { passphrase });
    const stored = await readFile(file('k'), 'utf8');
    const secret = [toHex(ed.seed!), toBase64url(ed.seed!).slice(0, 20), passphrase];
    const cipher = fromBase64url(stored.split('\n')[1]);
    expect(toHex(cipher)).not.toContain(toHex(ed.seed!));
    const errors: unknown[] = [];
    const collect = (promise: Promise<unknown>) => promise.catch((error: unknown) => errors.push(error));
    await collect(store.load('k', 'wrong'));
    await collect(store.load('k'));
    await collect(store.create('k', ed, { passphrase }));
    await writeFile(file('k'), utf8(stored.replace('scrypt', 'other')));
    await collect(store.load('k', passphrase));
    expect(errors).toHaveLength(4);
    for (const error of errors as ReceiptError[]) {
      const text = `${stored} ${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`;
      for (const part of secret) expect(text).not.toContain(part);
    }
  });
});

describe('where keys live', () => {
  it('XDG data folder, else below HOME; a relative XDG_DATA_HOME does not count', () => {
    expect(defaultKeyFolder({ XDG_DATA_HOME: '/data', HOME: '/home/a' })).toBe('/data/perdure/keys');
    expect(defaultKeyFolder({ HOME: '/home/a' })).toBe('/home/a/.local/share/perdure/keys');
    expect(defaultKeyFolder({ XDG_DATA_HOME: '', HOME: '/home/a' })).toBe('/home/a/.local/share/perdure/keys');
    expect(defaultKeyFolder({ XDG_DATA_HOME: 'data', HOME: '/home/a' })).toBe('/home/a/.local/share/perdure/keys');
  });
});
