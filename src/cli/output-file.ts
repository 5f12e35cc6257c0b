import { basename, dirname } from 'node:path';
import { ReceiptError } from '../base/errors.ts';
import { systemRandom } from '../base/ports.ts';
import { replaceFile } from '../crypto/keystore-disk.ts';

/** Write what a command makes to the file that was asked for: whole or not at all, and nothing else there is touched. @throws ReceiptError IO. */
export async function writeOutput(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await replaceFile(dirname(path), basename(path), bytes, systemRandom, 0o666);
  } catch (cause) {
    const found = (cause as NodeJS.ErrnoException).code ?? 'an error';
    throw new ReceiptError('IO', `${path}: cannot be written (${found})`, { at: path, found, cause });
  }
}
