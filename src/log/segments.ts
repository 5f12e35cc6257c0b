import { ReceiptError } from '../base/errors.ts';
import type { AppendFile, Disk } from '../base/ports.ts';

/** Folder of the segments below the log folder. */
export const SEGMENTS = 'segments';

/** One file of the log. */
export interface Segment {
  /** File name, as `000000.jsonl`. */
  readonly name: string;
  readonly bytes: number;
  /** Bytes of all segments before it. */
  readonly offset: number;
}

/** @returns the file name of segment `index`: at least six digits, so that a folder lists in order up to a million. */
export function segmentName(index: number): string {
  return `${String(index).padStart(6, '0')}.jsonl`;
}

/** @returns the index in a segment's file name, null for any other name. */
export function segmentIndex(name: string): number | null {
  const digits = /^([0-9]{6,15})\.jsonl$/.exec(name)?.[1];
  if (digits === undefined || (digits.length > 6 && digits.startsWith('0'))) return null;
  return Number(digits);
}

/** @returns the path of a segment below the log folder. */
export function segmentPath(name: string): string {
  return `${SEGMENTS}/${name}`;
}

/** How far reading may go: the bytes of a writer that are on disk for good. */
export interface Bound {
  readonly index: number;
  readonly bytes: number;
}

/**
 * List the segments in order, with sizes as they are now. Other files in the folder are none of the log's.
 * @param bound what lies beyond is left out. @param from segments before this index are left out. @param offset bytes of those.
 */
export async function segmentTable(disk: Disk, bound: Bound | null, from = 0, offset = 0): Promise<Segment[]> {
  const indices = (await disk.list(SEGMENTS)).map(segmentIndex).filter((index) => index !== null);
  const table: Segment[] = [];
  let before = offset;
  for (const index of indices.sort((a, b) => a - b)) {
    if (index < from || (bound !== null && index > bound.index)) continue;
    const name = segmentName(index);
    const size = await disk.size(segmentPath(name));
    if (size === null) continue; // Removed between the two calls: by hand, since nothing here removes one.
    const bytes = bound !== null && index === bound.index ? Math.min(size, bound.bytes) : size;
    table.push({ name, bytes, offset: before });
    before += bytes;
  }
  return table;
}

/** The growing end of a log: appends groups of lines, one write and one sync each, and starts a new file when one is full. */
export class SegmentWriter {
  readonly #disk: Disk;
  readonly #segmentBytes: number;
  #file: AppendFile;
  #index: number;
  #bytes: number;

  private constructor(disk: Disk, segmentBytes: number, file: AppendFile, index: number, bytes: number) {
    this.#disk = disk;
    this.#segmentBytes = segmentBytes;
    this.#file = file;
    this.#index = index;
    this.#bytes = bytes;
  }

  /**
   * Go on at the end of the last segment, or start the first. Bytes and name are synced also where they are there already: a writer
   * that was killed may have left them in memory only, and what is appended from here on must not stand on them.
   * A known gap: bytes whose sync failed in an earlier writer may be called clean by the system and not be written by this one either.
   * @param bytes its size, all of it whole lines.
   */
  static async open(disk: Disk, segmentBytes: number, index: number, bytes: number): Promise<SegmentWriter> {
    const path = segmentPath(segmentName(index));
    const file = (await disk.size(path)) === null ? await disk.create(path) : await disk.open(path);
    try {
      await file.sync();
      await disk.syncDir(SEGMENTS);
    } catch (error) {
      await file.close().catch(() => undefined);
      throw error;
    }
    return new SegmentWriter(disk, segmentBytes, file, index, bytes);
  }

  /** @returns what is on disk for good: everything that append resolved for. */
  bound(): Bound {
    return { index: this.#index, bytes: this.#bytes };
  }

  /**
   * Write one group and sync it. Order, which is the safety argument: the full segment was synced by its own last group, or by
   * open → the new file exists → its name is synced → bytes → synced. So only the last group of the last file can ever be torn.
   * @throws ReceiptError IO; the caller must then not use this writer again.
   */
  async append(group: Uint8Array): Promise<void> {
    if (this.#bytes >= this.#segmentBytes) await this.#rotate();
    await this.#file.write(group);
    await this.#file.sync();
    this.#bytes += group.length;
  }

  async #rotate(): Promise<void> {
    const next = this.#index + 1;
    const file = await this.#disk.create(segmentPath(segmentName(next)));
    const full = this.#file;
    this.#file = file;
    this.#index = next;
    this.#bytes = 0;
    await full.close();
    await this.#disk.syncDir(SEGMENTS);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** @throws ReceiptError LOG_DAMAGED unless the segments are numbered 0, 1, 2 … without a gap. */
export function requireContiguous(table: readonly Segment[]): void {
  table.forEach(({ name }, i) => {
    if (name === segmentName(i)) return;
    throw new ReceiptError(
      'LOG_DAMAGED',
      `log: expected segment ${segmentName(i)}, got ${name}: a file of the log is missing`,
      {
        at: segmentPath(segmentName(i)),
        expected: segmentName(i),
        found: name,
        next: ['put the missing file back', 'perdure verify'],
      },
    );
  });
}
