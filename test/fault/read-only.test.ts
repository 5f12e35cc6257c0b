import { spawnSync } from 'node:child_process';
import { chmodSync, lstatSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Disk } from '../../src/base/ports.ts';
import { openLogOn } from '../../src/log/lifecycle.ts';
import { nodeDisk } from '../../src/log/node-disk.ts';
import { openLog } from '../../src/log/open.ts';
import { allBytes } from '../log/derive.ts';
import { codeOf, collect } from '../log/places.ts';
import { type Arena, arena, CHILD, dispose, start, writerOf } from './processes.ts';

/** Everything about a tree that a reader could change: names, modes, sizes, times to the nanosecond, bytes. Not the time of reading. */
function fingerprint(path: string): unknown {
  const { mode, size, uid, mtimeNs, ctimeNs, ino } = lstatSync(path, { bigint: true });
  const facts = { mode, size, uid, mtimeNs, ctimeNs, ino };
  if (!lstatSync(path).isDirectory()) return { ...facts, bytes: readFileSync(path, 'base64') };
  return {
    ...facts,
    children: readdirSync(path)
      .sort()
      .map((name) => [name, fingerprint(join(path, name))]),
  };
}

describe('opening to read', () => {
  let place: Arena;
  afterEach(() => dispose(place));

  /** A log with everything that an opening to write would change: torn bytes, a stale lock, an uncovered tail, a pending file. */
  async function untidy(): Promise<void> {
    place = await arena('Ed25519', 'batch');
    const log = await openLog(place.dir, writerOf(place));
    for (let n = 0; n < 3; n++) await log.append({ type: 'custom', data: n });
    await log.putPayload('0'.repeat(64), new Uint8Array(32), new Uint8Array(5));
    await log.close();
    const disk = nodeDisk(place.dir);
    const segment = await disk.open('segments/000000.jsonl');
    await segment.write(new TextEncoder().encode('{"entry":{"ev'));
    await segment.close();
    await disk.makeDir('torn');
    for (const name of ['lock', `torn/${'0'.repeat(64)}.pending`]) {
      const file = await disk.create(name);
      await file.write(new TextEncoder().encode('{}'));
      await file.close();
    }
  }

  it('changes nothing on the disk, whatever is read and whatever is left to recover', async () => {
    await untidy();
    const before = fingerprint(place.root);
    const log = await openLog(place.dir);
    expect(log.readonly).toBe(true);
    expect((await collect(log.receipts())).length).toBe(4);
    expect((await allBytes(log)).length).toBe((await log.segments())[0]!.bytes);
    expect((await log.get(2))!.receipt.entry.event.data).toBe(1);
    expect(await log.getById((await log.get(3))!.receipt.entry.id)).not.toBeNull();
    expect((await log.readPayload('0'.repeat(64)))!.payload.length).toBe(5);
    const stop = new AbortController();
    for await (const { receipt } of log.follow({ signal: stop.signal })) if (receipt.entry.seq === 3) stop.abort();
    expect(await codeOf(log.append({ type: 'custom' }))).toBe('LOG_READ_ONLY');
    expect(await codeOf(log.putPayload('1'.repeat(64), new Uint8Array(32), new Uint8Array(1)))).toBe('LOG_READ_ONLY');
    await log.close();
    expect(fingerprint(place.root)).toEqual(before);
  });

  it('asks the disk for nothing but reads', async () => {
    await untidy();
    const inner = nodeDisk(place.dir);
    const asked = new Set<string>();
    const disk = new Proxy(inner, {
      get(target, name: keyof Disk) {
        asked.add(name);
        return target[name];
      },
    });
    const log = await openLogOn(disk);
    await collect(log.receipts());
    await log.close();
    expect([...asked].sort()).toEqual(['list', 'read', 'size']);
  });

  it('needs no right to write: another user reads a tree that is read-only', async () => {
    place = await arena('Ed25519', 'each');
    rmSync(join(place.dir, 'lock'), { force: true });
    chmodSync(place.root, 0o755);
    for (const folder of ['', 'segments']) chmodSync(join(place.dir, folder), 0o555);
    for (const file of ['log.json', 'segments/000000.jsonl']) chmodSync(join(place.dir, file), 0o444);
    // As root no mode stops anybody, so become nobody, where nobody may read this checkout.
    const other = { uid: 65_534, gid: 65_534 };
    const mayRead =
      process.getuid?.() === 0 && spawnSync(process.execPath, [CHILD], { ...other, stdio: 'ignore' }).status === 7;
    const nobody = mayRead ? other : {};
    const reader = start(place, 'read', '', nobody);
    expect(await reader.ended).toBe(0);
    expect(reader.said).toEqual(['read 1 1']);
    for (const folder of ['', 'segments']) chmodSync(join(place.dir, folder), 0o755);
  });

  it('opening to write there fails, says so, and leaves nothing', async () => {
    place = await arena('Ed25519', 'each');
    const inner = nodeDisk(place.dir);
    const refused: Disk = { ...inner, lock: () => Promise.reject(Object.assign(new Error('EROFS'), { code: 'IO' })) };
    const before = fingerprint(place.root);
    expect(await codeOf(openLogOn(refused, writerOf(place)))).toBe('IO');
    expect(fingerprint(place.root)).toEqual(before);
  });
});
