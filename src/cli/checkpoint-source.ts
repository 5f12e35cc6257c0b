import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isReceiptError, ReceiptError } from '../base/errors.ts';
import { readSignedCheckpoint, type SignedCheckpoint } from '../checkpoint/checkpoint.ts';
import { noteKeyOf } from '../checkpoint/note-keys.ts';
import type { NoteVerifierKey } from '../checkpoint/vkey.ts';
import { type PublicKey, parseJwk } from '../crypto/public-key.ts';
import type { Log } from '../log/log.ts';
import { openLog } from '../log/open.ts';
import { readInput } from './witness-keys.ts';

/** A checkpoint as the command line named it. */
export interface NamedCheckpoint {
  /** The file that holds it. */
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly signed: SignedCheckpoint;
  /** The log whose latest checkpoint it is; null where a file was named. */
  readonly log: Log | null;
}

/** Name of the latest checkpoint in a log folder. */
export const LATEST = 'checkpoint';

/**
 * Open the latest checkpoint of a log folder, or a file. @throws ReceiptError LOG_NOT_FOUND, CHECKPOINT_MALFORMED, IO; USAGE for a log
 * without a checkpoint, or with one of another log
 */
export async function openCheckpoint(path: string): Promise<NamedCheckpoint> {
  const isFolder = await stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  );
  const file = isFolder ? join(path, LATEST) : path;
  const log = isFolder ? await openLog(path) : null;
  let bytes: Uint8Array;
  try {
    bytes = await readInput(file);
  } catch (error) {
    if (log === null || !isReceiptError(error, 'IO') || error.found !== 'ENOENT') throw error;
    throw new ReceiptError('USAGE', `${path}: expected a log with a checkpoint, got one without`, {
      at: path,
      next: [`perdure checkpoint create ${path}`],
    });
  }
  const signed = readSignedCheckpoint(bytes);
  if (log !== null && log.origin !== signed.checkpoint.origin) {
    throw new ReceiptError('LOG_DAMAGED', `${file}: expected a checkpoint of ${log.origin}, got one of another log`, {
      at: file,
      expected: log.origin,
      found: signed.checkpoint.origin,
    });
  }
  return { file, bytes, signed, log };
}

/**
 * Find the keys that a log names for the checkpoint of a size: those of genesis or of the last rotation before it. They are what the log
 * says of itself, not what anybody trusts. Reads the log from its start.
 */
export async function keysNamedByLog(log: Log, size: number): Promise<NoteVerifierKey[]> {
  let keys: readonly PublicKey[] = [];
  for await (const { receipt } of log.receipts({ from: 0 })) {
    const { seq, event } = receipt.entry;
    if (seq >= size) break;
    if ((event.type === 'genesis' || event.type === 'rotation') && Array.isArray(event.keys))
      keys = event.keys.map((key) => parseJwk(key));
  }
  return keys.map((key) => noteKeyOf(log.origin, key));
}
