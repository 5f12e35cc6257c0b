import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Spool } from '../auditor.ts';

/**
 * Set bytes aside that can be read only once and must be read twice: in a private temporary file, so that memory stays flat.
 * @returns them to be read again; dispose removes the file. @throws the system's errors.
 */
export async function spoolToFile(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Spool> {
  const folder = await mkdtemp(join(tmpdir(), 'perdure-verify-'));
  const path = join(folder, 'evidence');
  const dispose = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      for await (const chunk of chunks) await file.writeFile(chunk);
    } finally {
      await file.close();
    }
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    async *chunks() {
      for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) yield chunk as Uint8Array;
    },
    dispose,
  };
}
