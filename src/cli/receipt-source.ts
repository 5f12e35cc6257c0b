import { stat } from 'node:fs/promises';
import type { Source } from '../auditor.ts';
import { isReceiptError, ReceiptError } from '../base/errors.ts';
import type { DamagedLine, Log, Payload, ReadRange, StoredReceipt } from '../log/log.ts';
import { openLog } from '../log/open.ts';
import { lineBatches } from '../receipt/lines.ts';
import { parseReceipt } from '../receipt/receipt.ts';
import { openEvidence } from '../verify/files.ts';

const LF = 0x0a;

/** Receipts to list and show: a log folder, or what is left of one, or a file of receipts. */
export interface ReceiptSource {
  /** Iterate from a seq on; a damaged line is told and skipped. */
  receipts(range: Required<Pick<ReadRange, 'onDamaged'>> & ReadRange): AsyncIterable<StoredReceipt>;
  /** @param key a seq or an id. @returns the first that has it, null when none does. */
  find(key: number | string): Promise<StoredReceipt | null>;
  /** @returns null when nothing is kept. */
  readPayload(commitment: string): Promise<Payload | null>;
  /** Iterate, then wait for more. @throws ReceiptError USAGE for what cannot grow. */
  follow(from: number, signal: AbortSignal): AsyncIterable<StoredReceipt>;
}

/**
 * Open receipts to read. A folder whose log.json is lost or damaged is read as verification reads it: by its segments.
 * @throws ReceiptError LOG_NOT_FOUND, IO.
 */
export async function openReceipts(path: string): Promise<ReceiptSource> {
  const isFile = await stat(path).then(
    (info) => !info.isDirectory(),
    () => false,
  );
  if (!isFile) {
    try {
      return ofLog(await openLog(path));
    } catch (error) {
      if (!isReceiptError(error, 'LOG_NOT_FOUND') && !isReceiptError(error, 'LOG_DAMAGED')) throw error;
    }
  }
  return ofEvidence(await openEvidence(path));
}

function ofLog(log: Log): ReceiptSource {
  return {
    receipts: (range) => log.receipts(range),
    find: (key) => (typeof key === 'number' ? log.get(key) : log.getById(key)),
    readPayload: (commitment) => log.readPayload(commitment),
    follow: (from, signal) => log.follow({ from, signal }),
  };
}

function ofEvidence(source: Source): ReceiptSource {
  return {
    receipts: (range) => readReceipts(source, range),
    async find(key) {
      for await (const stored of readReceipts(source, { onDamaged: () => undefined })) {
        if (key === (typeof key === 'number' ? stored.receipt.entry.seq : stored.receipt.entry.id)) return stored;
      }
      return null;
    },
    readPayload: async () => null,
    follow() {
      throw new ReceiptError('USAGE', `${source.name}: only a whole log folder can be followed`);
    },
  };
}

async function* readReceipts(
  source: Source,
  { from = 0, onDamaged, signal }: Required<Pick<ReadRange, 'onDamaged'>> & ReadRange,
): AsyncGenerator<StoredReceipt> {
  let offset = 0;
  const place = async (): Promise<Omit<DamagedLine, 'error'>> => {
    const span = ((await source.segments?.()) ?? []).findLast((one) => one.offset <= offset);
    return { segment: span?.name ?? source.name, segmentOffset: offset - (span?.offset ?? 0), offset };
  };
  for await (const batch of lineBatches(source.chunks())) {
    if (signal?.aborted) throw new ReceiptError('ABORTED', 'reading was aborted', { cause: signal.reason });
    if (batch.oversize) {
      onDamaged({ ...(await place()), error: new ReceiptError('LINE_MALFORMED', 'a line above the limit of a line') });
      offset += batch.sizeBytes;
      continue;
    }
    for (let at = batch.begin; at < batch.end; ) {
      const end = batch.torn ? batch.end : batch.bytes.indexOf(LF, at);
      const line = batch.bytes.slice(at, end);
      try {
        const receipt = parseReceipt(line);
        if (receipt.entry.seq >= from) yield { receipt, line, ...(await place()) };
      } catch (error) {
        if (!isReceiptError(error, 'LINE_MALFORMED')) throw error;
        onDamaged({ ...(await place()), error });
      }
      const next = batch.torn ? end : end + 1;
      offset += next - at;
      at = next;
    }
  }
}
