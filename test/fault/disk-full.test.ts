import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isReceiptError, type ReceiptError } from '../../src/base/errors.ts';
import type { AppendFile, Disk } from '../../src/base/ports.ts';
import { createLogOn, openLogOn } from '../../src/log/lifecycle.ts';
import { memoryDisk } from '../../src/log/memory.ts';
import { nodeDisk } from '../../src/log/node-disk.ts';
import { asWriter, codeOf, folderPlace } from '../log/places.ts';
import { diskError } from './faulty-disk.ts';
import { hold, noPromises, work, writerOf } from './workload.ts';

/** A disk with so many bytes of room; a write that meets the end leaves what still fits, as file systems do. */
function smallDisk(inner: Disk, room: { bytes: number }): Disk {
  const wrap = (file: AppendFile, path: string): AppendFile => ({
    ...file,
    async write(bytes) {
      const fits = bytes.subarray(0, Math.max(0, room.bytes));
      await file.write(fits);
      room.bytes -= fits.length;
      if (fits.length < bytes.length) throw diskError(`write ${path}`, 'ENOSPC');
    },
  });
  return {
    ...inner,
    create: async (path) => wrap(await inner.create(path), path),
    open: async (path) => wrap(await inner.open(path), path),
  };
}

describe('a full disk', () => {
  it.each(['each', 'batch'] as const)(
    'at every size up to the work’s: nothing acknowledged is lost, and the log goes on when there is room again, %s',
    async (mode) => {
      let full = 0;
      for (let bytes = 0; bytes < 12_000; bytes += 97) {
        const inner = memoryDisk();
        const room = { bytes };
        const disk = smallDisk(inner, room);
        const promises = noPromises(mode);
        const writer = writerOf(promises);
        const where = `${bytes} bytes of room`;
        try {
          const log = await createLogOn(disk, { origin: 'a.b/c', mode, segmentBytes: 2_500, ...writer });
          promises.created = true;
          try {
            await work(log, promises, [1, 3, 2, 4, 1]);
          } finally {
            await log.close();
          }
        } catch (error) {
          full++;
          const io = isReceiptError(error, 'LOG_CLOSED') ? (error.cause as ReceiptError) : error;
          expect([where, (io as ReceiptError).code, (io as ReceiptError).found]).toEqual([where, 'IO', 'ENOSPC']);
          // Still full: opening to write either needs no room or says so; reading always works.
          const code = await codeOf(openLogOn(disk, writer).then((log) => log.close()));
          expect(['no error', 'IO', 'LOG_CLOSED', 'LOG_NOT_FOUND', 'LOG_DAMAGED'], where).toContain(code);
          if (promises.created) await (await openLogOn(disk)).close();
        }
        room.bytes = Number.POSITIVE_INFINITY;
        await hold(disk, promises, where);
      }
      expect(full).toBeGreaterThan(50);
    },
  );

  it.runIf(existsSync('/dev/full'))('as the system itself reports it', async () => {
    const place = folderPlace();
    const log = await place.create();
    await log.append({ type: 'custom', data: 1 });
    await log.close();
    // What the segment is given from here on goes to the device that is always full.
    const full = await nodeDisk('/dev').open('full');
    const disk: Disk = {
      ...place.disk,
      open: async (path) => ({ ...(await place.disk.open(path)), write: (bytes) => full.write(bytes) }),
    };
    const again = await openLogOn(disk, asWriter);
    const error = (await again.append({ type: 'custom', data: 2 }).catch((cause: unknown) => cause)) as ReceiptError;
    expect([error.code, (error.cause as ReceiptError).code, (error.cause as ReceiptError).found]).toEqual([
      'LOG_CLOSED',
      'IO',
      'ENOSPC',
    ]);
    expect(error.message).toContain('/dev/full');
    expect(error.message).not.toContain('"data"');
    await again.close();
    await full.close();
    expect((await place.open()).head().size).toBe(2);
    place.dispose();
  });
});
