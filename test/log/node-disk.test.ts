import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { nodeDisk } from '../../src/log/node-disk.ts';
import { codeOf } from './places.ts';

describe('the disk of this machine', () => {
  let root: string;
  beforeEach(() => {
    root = fs.mkdtempSync(join(tmpdir(), 'perdure-disk-'));
  });
  afterEach(() => {
    vi.restoreAllMocks();
    syncBuiltinESMExports();
    fs.rmSync(root, { recursive: true, force: true });
  });

  /** @returns the folders that are opened to be synced from now on. */
  function watchSyncs(): string[] {
    const open = fs.promises.open;
    const opened: string[] = [];
    vi.spyOn(fs.promises, 'open').mockImplementation((path, flags, mode) => {
      if (flags === 'r') opened.push(String(path));
      return open(path, flags, mode);
    });
    return opened;
  }

  it('makes the root and the names above it durable, also where they were there before', async () => {
    const dir = join(root, 'a', 'b', 'log');
    const opened = watchSyncs();
    for (const what of ['made here', 'left by one that was killed before it synced them']) {
      opened.length = 0;
      await nodeDisk(dir).makeDir('');
      expect(opened, what).toEqual([...new Set(opened)]);
      expect(opened.slice(-4), what).toEqual([dirname(root), root, join(root, 'a'), join(root, 'a', 'b')]);
    }
  });

  it('a folder above that cannot be synced is no error, one in which a name was made is', async () => {
    const open = fs.promises.open;
    let refused = dirname(root);
    vi.spyOn(fs.promises, 'open').mockImplementation(async (path, flags, mode) => {
      if (path === refused) throw Object.assign(new Error('closed'), { code: 'EACCES' });
      return open(path, flags, mode);
    });
    await nodeDisk(join(root, 'log')).makeDir('');
    refused = root;
    expect(await codeOf(nodeDisk(join(root, 'other', 'log')).makeDir(''))).toBe('IO');
  });

  it('goes on where the system takes only a part of a write', async () => {
    const disk = nodeDisk(root);
    const file = await disk.create('a');
    const writeSync = fs.writeSync;
    let calls = 0;
    fs.writeSync = ((fd: number, bytes: Uint8Array, at: number) => {
      calls++;
      return writeSync(fd, bytes, at, Math.min(7, bytes.length - at));
    }) as typeof fs.writeSync;
    syncBuiltinESMExports();
    const bytes = new Uint8Array(100).map((_, i) => i);
    await file.write(bytes);
    fs.writeSync = writeSync;
    syncBuiltinESMExports();
    expect(calls).toBe(15);
    expect(await disk.read('a', 0, 1_000)).toEqual(bytes);
    await file.close();
  });
});
