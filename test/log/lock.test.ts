import { spawn, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ReceiptError } from '../../src/base/errors.ts';
import { acquireLock } from '../../src/log/lock.ts';
import { asWriter, codeOf, folderPlace, PLACES } from './places.ts';

type Holder = Record<'nonce' | 'start' | 'boot' | 'pidns' | 'host' | 'since', string> & { pid: number };

const nonce = (digit: string): string => digit.repeat(32);

describe('lock', () => {
  let dir: string;
  let me: Holder;
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'perdure-lock-'));
    const lock = await acquireLock(dir);
    me = JSON.parse(readFileSync(join(dir, 'lock'), 'utf8'));
    await lock.release();
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  /** A pid that ran a moment ago and does not run any more. */
  const deadPid = (): number => spawnSync(process.execPath, ['-e', '0']).pid!;
  const place = (name: string, holder: Holder | string): void =>
    writeFileSync(join(dir, name), typeof holder === 'string' ? holder : JSON.stringify(holder));
  const names = (): string[] => readdirSync(dir).sort();

  async function isTakenOver(): Promise<boolean> {
    const code = await codeOf(
      acquireLock(dir).then(async (lock) => {
        expect(JSON.parse(readFileSync(join(dir, 'lock'), 'utf8')).pid).toBe(process.pid);
        expect(names()).toEqual(['lock']);
        await lock.release();
      }),
    );
    if (code === 'no error') expect(names()).toEqual([]);
    else expect(code).toBe('LOG_LOCKED');
    return code === 'no error';
  }

  it('leaves nothing behind, and release is the holder’s alone', async () => {
    const lock = await acquireLock(dir);
    expect(names()).toEqual(['lock']);
    await lock.release();
    expect(names()).toEqual([]);
    const next = await acquireLock(dir);
    await lock.release();
    expect(names()).toEqual(['lock']);
    await next.release();
  });

  it('a second one in this process is refused at once, by whatever path', async () => {
    const lock = await acquireLock(dir);
    const alias = `${dir}-alias`;
    symlinkSync(dir, alias);
    const start = performance.now();
    for (const path of [dir, `${dir}/`, join(dir, '.', 'x', '..'), alias]) {
      mkdirSync(join(dir, 'x'), { recursive: true });
      const error = (await acquireLock(path).catch((cause: unknown) => cause)) as ReceiptError;
      expect(error.code).toBe('LOG_LOCKED');
      expect(error.message).toContain('this process');
    }
    expect(performance.now() - start).toBeLessThan(1_000);
    rmSync(alias);
    await lock.release();
  });

  it('a living holder is named: pid, host, since', async () => {
    place('lock', { ...me, nonce: nonce('a') });
    const error = (await acquireLock(dir).catch((cause: unknown) => cause)) as ReceiptError;
    expect(error.code).toBe('LOG_LOCKED');
    for (const part of [String(process.pid), me.host, me.since, dir]) expect(error.message).toContain(part);
    expect(names()).toEqual(['lock']);
  });

  it('a holder that died is taken over: killed, its pid reused, or the machine restarted', async () => {
    place('lock', { ...me, nonce: nonce('a'), pid: deadPid() });
    expect(await isTakenOver()).toBe(true);
    place('lock', { ...me, nonce: nonce('b'), start: '1' });
    expect(await isTakenOver()).toBe(true);
    place('lock', { ...me, nonce: nonce('c'), boot: '00000000-0000-4000-8000-000000000000' });
    expect(await isTakenOver()).toBe(true);
  });

  it('one that cannot be seen from here is held, and the error says how to release it by hand', async () => {
    const dead = { ...me, pid: deadPid() };
    for (const other of [
      { ...dead, nonce: nonce('a'), pidns: 'pid:[1]' },
      { ...dead, nonce: nonce('b'), host: 'elsewhere', boot: '00000000-0000-4000-8000-000000000000' },
      { ...dead, nonce: nonce('c'), boot: '' },
    ]) {
      place('lock', other);
      const error = (await acquireLock(dir).catch((cause: unknown) => cause)) as ReceiptError;
      expect(error.code).toBe('LOG_LOCKED');
      expect(error.next.join()).toContain(join(dir, 'lock'));
    }
    for (const unreadable of ['', '{}', 'not json', JSON.stringify({ ...dead, nonce: '../../x' })]) {
      place('lock', unreadable);
      expect(await isTakenOver()).toBe(false);
      expect(readFileSync(join(dir, 'lock'), 'utf8')).toBe(unreadable);
    }
  });

  it('where a boot has no id: a lock from before this machine started is taken over, a later one by its pid', async () => {
    const bare = { ...me, boot: '', pidns: '' };
    // This machine has ids, so it cannot compare such a lock; what it must not do is take it over.
    place('lock', { ...bare, nonce: nonce('a'), since: '2001-01-01T00:00:00.000Z' });
    expect(await isTakenOver()).toBe(false);
  });

  it('follows a chain of takeovers that nobody tidied up, to a dead or a living end', async () => {
    const pid = deadPid();
    const [a, b, c] = ['a', 'b', 'c'].map((digit) => ({ ...me, nonce: nonce(digit), pid }));
    place('lock', a!);
    place(`lock.takeover-${nonce('a')}`, b!);
    place(`lock.takeover-${nonce('b')}`, c!);
    expect(await isTakenOver()).toBe(true);
    place('lock', a!);
    place(`lock.takeover-${nonce('a')}`, b!);
    place(`lock.takeover-${nonce('b')}`, { ...c!, pid: process.pid });
    expect(await isTakenOver()).toBe(false);
  });

  it('what a contender left that died before it had a name that counts is tidied away, and never counts', async () => {
    place(`lock.new-${nonce('a')}`, { ...me, nonce: nonce('a'), pid: deadPid() });
    place(`lock.takeover-${nonce('f')}`, { ...me, nonce: nonce('e') }); // follows a holder that is long gone
    const lock = await acquireLock(dir);
    await lock.release();
    rmSync(join(dir, `lock.takeover-${nonce('f')}`));
    rmSync(join(dir, `lock.new-${nonce('a')}`), { force: true });
    expect(names()).toEqual([]);
  });

  it('a contender that finds the disk full leaves no file behind', async () => {
    const open = fs.promises.open;
    const spy = vi.spyOn(fs.promises, 'open').mockImplementationOnce(async (...args: Parameters<typeof open>) => {
      const handle = await open(...args);
      handle.writeFile = () => Promise.reject(Object.assign(new Error('no space'), { code: 'ENOSPC' }));
      return handle;
    });
    expect(await codeOf(acquireLock(dir))).toBe('ENOSPC');
    spy.mockRestore();
    expect(names()).toEqual([]);
    await (await acquireLock(dir)).release();
  });

  it('a zombie is dead', async () => {
    // A child whose parent never reaps it: a shell that starts one in the background and then becomes something else.
    const script = `sleep 0.05 & echo $!; exec ${process.execPath} -e "setTimeout(() => {}, 5000)"`;
    const parent = spawn('/bin/sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
    const pid = Number(await new Promise((resolve) => parent.stdout.once('data', (data) => resolve(String(data)))));
    const stat = () => (existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'latin1') : '');
    for (let tries = 0; tries < 200 && !stat().includes(') Z '); tries++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    const fields = stat()
      .slice(stat().lastIndexOf(')') + 2)
      .split(' ');
    expect(fields[0]).toBe('Z');
    place('lock', { ...me, nonce: nonce('a'), pid, start: fields[19]! });
    expect(await isTakenOver()).toBe(true);
    parent.kill('SIGKILL');
  });
});

describe.each(PLACES)('%s: one writer', (_name, make) => {
  it('a second writer gets LOG_LOCKED at once, a reader does not; closing frees it', async () => {
    const place = make();
    const log = await place.create();
    expect(await codeOf(place.open(asWriter))).toBe('LOG_LOCKED');
    expect(await codeOf(place.create())).toBe('LOG_LOCKED');
    await (await place.open()).close();
    await log.append({ type: 'custom' });
    await log.close();
    const next = await place.open(asWriter);
    await next.append({ type: 'custom' });
    await next.close();
    expect((await place.open()).head().size).toBe(3);
    place.dispose();
  });
});

describe('disk log: one writer', () => {
  it('a failed opening frees the lock', async () => {
    const place = folderPlace();
    await (await place.create()).close();
    expect(await codeOf(place.open({ signers: [] }))).toBe('KEY_UNSUITABLE');
    expect(existsSync(join(place.dir, 'lock'))).toBe(false);
    await (await place.open(asWriter)).close();
    place.dispose();
  });
});
