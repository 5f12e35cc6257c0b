import { dirname } from 'node:path';
import { isReceiptError, ReceiptError } from '../base/errors.ts';
import { MAX_NOTE_BYTES } from '../base/limits.ts';
import type { Disk } from '../base/ports.ts';
import { type NoteSignature, parseNote } from '../checkpoint/note.ts';
import { withCosignatures } from '../checkpoint/witness-client.ts';
import { nodeDisk } from '../log/node-disk.ts';
import { replaceFile } from '../log/replace.ts';
import { LATEST, type NamedCheckpoint } from './checkpoint-source.ts';
import type { Io } from './io.ts';
import { writeOutput } from './output-file.ts';

/** Folder of all checkpoints of a log, one file each, named by its size in 16 digits. */
const HISTORY = 'checkpoints';

/**
 * Write a cosigned checkpoint: to `output`, else in the place of the one that was named. A log's own files are written under the lock
 * of the log, and only where they still hold that checkpoint, so that a newer one is never overwritten.
 * @param output a file, or `-` for standard output. @returns what was written. @throws ReceiptError LOG_LOCKED, IO
 */
export async function keepCosigned(
  io: Io,
  { bytes, file, log, signed }: NamedCheckpoint,
  added: readonly NoteSignature[],
  output: string | undefined,
): Promise<string> {
  if (output === '-') {
    await io.stdout.write(withCosignatures(parseNote(bytes), added));
    return 'standard output';
  }
  if (output !== undefined || log === null) {
    const target = output ?? file;
    await writeOutput(target, withCosignatures(signed.note, added));
    return target;
  }
  const disk = nodeDisk(dirname(file));
  const lock = await disk.lock().catch((error: unknown) => {
    throw isReceiptError(error, 'LOG_LOCKED') ? locked(error, file) : error;
  });
  try {
    const name = String(signed.checkpoint.size).padStart(16, '0');
    const changed = [await addTo(disk, HISTORY, name, signed.note.text, added)];
    changed.push(await addTo(disk, '', LATEST, signed.note.text, added));
    return changed.includes(true) ? file : `nothing: ${file} holds another checkpoint by now`;
  } finally {
    await lock.release();
  }
}

/** @returns whether the file was there and held the note with this text. */
async function addTo(
  disk: Disk,
  folder: string,
  name: string,
  text: string,
  added: readonly NoteSignature[],
): Promise<boolean> {
  const path = folder === '' ? name : `${folder}/${name}`;
  if ((await disk.size(path)) === null) return false;
  const note = parseNote(await disk.read(path, 0, MAX_NOTE_BYTES + 1));
  if (note.text !== text) return false;
  await replaceFile(disk, folder, name, withCosignatures(note, added));
  return true;
}

function locked({ message, at, expected, found }: ReceiptError, file: string): ReceiptError {
  return new ReceiptError('LOG_LOCKED', message, {
    ...(at === undefined ? {} : { at }),
    ...(expected === undefined ? {} : { expected }),
    ...(found === undefined ? {} : { found }),
    next: [
      'write the cosigned checkpoint elsewhere: -o FILE',
      `or wait for the other writer, and cosign ${file} again`,
    ],
  });
}
