import { ReceiptError } from '../base/errors.ts';
import type { Disk } from '../base/ports.ts';
import { parseLine, readLines, type StoredReceipt } from './reader.ts';
import { seek } from './seek.ts';
import { type Bound, type Segment, segmentIndex, segmentName, segmentPath, segmentTable } from './segments.ts';

/** What follow needs of the log it follows. */
export interface Followed {
  /** Of the writer in this process; null when there is none. */
  readonly bound: () => Bound | null;
  /** Resolves when there may be more than at `seen`, at the latest when following is to end. */
  readonly more: (seen: Bound | null) => Promise<void>;
  /** Whether no more will come. */
  readonly ended: () => boolean;
}

/** Iterate from `from`, then wait for more until the signal aborts, which ends it without an error, or the log is closed here. */
export async function* followReceipts(
  disk: Disk,
  log: Followed,
  from: number,
  signal?: AbortSignal,
): AsyncGenerator<StoredReceipt> {
  const start = await segmentTable(disk, log.bound());
  let { row, byte } = await seek(disk, start, from);
  let index = start.length === 0 ? 0 : segmentIndex(start[row]!.name)!;
  let before = start[row]?.offset ?? 0;
  while (!signal?.aborted) {
    const ended = log.ended();
    const seen = log.bound();
    const table = await segmentTable(disk, seen, index, before);
    if (start.length > 0) requirePlace(table, index, byte);
    let moved = false;
    for await (const lines of readLines(disk, table, { row: 0, byte })) {
      for (const line of lines) {
        if (!line.finished && line.segment === table[table.length - 1]!.name) continue;
        const stored = parseLine(line, undefined)!;
        index = segmentIndex(line.segment)!;
        before = line.offset - line.segmentOffset;
        byte = line.segmentOffset + line.length;
        moved = true;
        if (stored.receipt.entry.seq < from) continue;
        if (signal?.aborted) return;
        yield stored;
      }
    }
    if (moved) continue;
    if (ended) return;
    await log.more(seen);
  }
}

/** @throws ReceiptError LOG_DAMAGED where the place that was read up to is gone: going on would leave out entries unseen. */
function requirePlace(table: readonly Segment[], index: number, byte: number): void {
  const [first] = table;
  const name = segmentName(index);
  if (first?.name === name && first.bytes >= byte) return;
  const found = first?.name === name ? `${first.bytes} bytes` : 'no such file';
  throw new ReceiptError(
    'LOG_DAMAGED',
    `log: ${segmentPath(name)} byte ${byte}: expected the place that was read up to, got ${found}: the log was cut or replaced`,
    { at: `${segmentPath(name)} byte ${byte}`, expected: `${byte} bytes or more`, found, next: ['perdure verify'] },
  );
}
