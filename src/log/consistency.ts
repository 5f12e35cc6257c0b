import { equalBytes, fromHex } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { CompactRange, foldHashes } from '../checkpoint/compact-range.ts';
import { consistencyLeaves } from '../checkpoint/paths.ts';
import type { Log } from './log.ts';

/**
 * Prove that the tree of a checkpoint grew from its first `oldSize` leaves, by reading the stated hashes of the log once: memory stays
 * at the path. What is proven is first compared with the checkpoint's root, so that no path of another tree is handed out.
 * @param oldSize 1 … the checkpoint's size. @returns what verifyConsistency takes. @throws RangeError on another size; ReceiptError
 * LOG_DAMAGED when the log has fewer entries than the checkpoint covers, or gives another root
 * @see RFC 9162 section 2.1.4.1
 */
export async function consistencyFromLog(log: Log, oldSize: number, { size, root }: Checkpoint): Promise<Uint8Array[]> {
  const steps = consistencyLeaves(oldSize, size);
  const parts = steps.map(({ begin }) => CompactRange.empty(begin));
  const whole = CompactRange.empty();
  for await (const { receipt } of log.receipts({ from: 0 })) {
    if (whole.end === size) break;
    const hash = fromHex(receipt.hash);
    for (const [i, { begin, end }] of steps.entries())
      if (whole.end >= begin && whole.end < end) parts[i]!.append(hash);
    whole.append(hash);
  }
  if (whole.end < size) throw damaged(`${size} entries, as its checkpoint says`, `${whole.end}`);
  if (!equalBytes(whole.root(), root)) throw damaged('the root of its checkpoint', 'another root over its entries');
  return parts.map((part) => foldHashes(part.hashes));
}

function damaged(expected: string, found: string): ReceiptError {
  return new ReceiptError('LOG_DAMAGED', `log: expected ${expected}, got ${found}`, {
    expected,
    found,
    next: ['perdure verify names what is wrong'],
  });
}
