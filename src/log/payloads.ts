import { concatBytes } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { READ_CHUNK_BYTES } from '../base/limits.ts';
import type { Disk } from '../base/ports.ts';

/** Folder of kept payloads, below the log folder. */
export const PAYLOADS = 'payloads';

/** Bytes of a commitment's salt (format section 4). */
const SALT_BYTES = 32;

/** A kept payload: the 32-byte salt of its commitment, and its bytes. */
export interface Payload {
  readonly salt: Uint8Array;
  readonly payload: Uint8Array;
}

function folderOf(commitment: string): string {
  if (!/^[0-9a-f]{64}$/.test(commitment))
    throw new RangeError('payload: expected a commitment of 64 lower-case hex digits');
  return `${PAYLOADS}/${commitment.slice(0, 2)}`;
}

/** Keeps payloads of one log. Remembers which folders it made durable, so that most puts cost two syncs. */
export class PayloadWriter {
  readonly #disk: Disk;
  readonly #made = new Set<string>();

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  /**
   * Keep a payload, durably.
   *
   *     payloads/<first 2 hex>/<commitment>   32 bytes of salt ‖ payload
   *
   * Order: folders and their names synced → file written and synced → its name synced. So an entry appended afterwards never names
   * a payload that a power loss takes away. A file that an earlier, failed call left behind is replaced, never trusted: after a
   * failed sync the system may report its pages as clean. A failure here leaves the log itself in order, since no entry names the
   * payload yet.
   */
  async put(commitment: string, salt: Uint8Array, payload: Uint8Array): Promise<void> {
    const folder = folderOf(commitment);
    if (salt.length !== SALT_BYTES)
      throw new RangeError(`payload: expected a salt of ${SALT_BYTES} bytes, got ${salt.length}`);
    // Read before the first wait: what the caller does to its arrays meanwhile changes nothing.
    const bytes = concatBytes(salt, payload);
    await this.#makeDir(PAYLOADS, '');
    await this.#makeDir(folder, PAYLOADS);
    const path = `${folder}/${commitment}`;
    if ((await this.#disk.size(path)) !== null) await this.#disk.remove(path);
    const file = await this.#disk.create(path);
    try {
      await file.write(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await this.#disk.syncDir(folder);
  }

  async #makeDir(folder: string, parent: string): Promise<void> {
    if (this.#made.has(folder)) return;
    await this.#disk.makeDir(folder);
    await this.#disk.syncDir(parent);
    this.#made.add(folder);
  }
}

/** Read what is kept under a commitment. @returns fresh bytes, unchecked; null when nothing is kept. @throws ReceiptError PAYLOAD_MISMATCH for a file too short to hold a salt. */
export async function readPayload(disk: Disk, commitment: string): Promise<Payload | null> {
  const path = `${folderOf(commitment)}/${commitment}`;
  const size = await disk.size(path);
  if (size === null) return null;
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; ) {
    const part = await disk.read(path, at, Math.min(size, at + READ_CHUNK_BYTES));
    if (part.length === 0)
      throw new ReceiptError('IO', `payload: ${path}: expected ${size} bytes, got ${at}`, { at: path });
    bytes.set(part, at);
    at += part.length;
  }
  if (size < SALT_BYTES) {
    throw new ReceiptError('PAYLOAD_MISMATCH', `payload: ${path}: expected at least ${SALT_BYTES} bytes, got ${size}`, {
      at: path,
      expected: `at least ${SALT_BYTES} bytes`,
      found: `${size} bytes`,
    });
  }
  return { salt: bytes.slice(0, SALT_BYTES), payload: bytes.slice(SALT_BYTES) };
}
