import { equalBytes } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { readSignedCheckpoint, type SignedCheckpoint } from '../checkpoint/checkpoint.ts';
import { noteKeyOf } from '../checkpoint/note-keys.ts';
import type { ProvenLine, StandAloneReceipt } from '../checkpoint/receipt-file.ts';
import { parseJwk } from '../crypto/public-key.ts';
import type { Log, StoredReceipt } from './log.ts';
import { proveInclusion } from './prove.ts';
import type { TileStore } from './tile-store.ts';

/**
 * Take one receipt out of a log so that it can be verified without it (format section 7): with its path to a checkpoint, and genesis and
 * the rotations before that checkpoint with theirs.
 * @param key a seq or an id. @param note a checkpoint of the log that covers it; the newest in its folder unless given.
 * @throws ReceiptError ENTRY_NOT_FOUND where there is no such entry, or no checkpoint covers it; LOG_DAMAGED where the log has not the
 *   root of the checkpoint; CHECKPOINT_MALFORMED, IO.
 */
export async function standAloneReceipt(
  log: Log,
  tiles: TileStore,
  key: number | string,
  note?: Uint8Array,
): Promise<StandAloneReceipt> {
  const stored = await (typeof key === 'number' ? log.get(key) : log.getById(key));
  const named = `${typeof key === 'number' ? 'seq' : 'id'} ${key}`;
  if (stored === null) throw notThere(`an entry with ${named}`, 'none', ['perdure log LOG']);
  const checkpoint = note ?? (await log.latestCheckpoint());
  if (checkpoint === null)
    throw notThere(`a checkpoint that covers ${named}`, 'none', ['perdure checkpoint create LOG']);
  const signed = readSignedCheckpoint(checkpoint);
  const { size, root } = signed.checkpoint;
  const { seq } = stored.receipt.entry;
  if (seq >= size) {
    const next = ['perdure checkpoint create LOG'];
    throw notThere(`a checkpoint that covers ${named}, of size ${seq + 1} or more`, `one of size ${size}`, next);
  }
  const proven = async ({ line, receipt }: StoredReceipt): Promise<ProvenLine> => {
    const { path } = await proveInclusion(tiles, receipt.entry.seq, size, root);
    return { line, path };
  };
  const before: ProvenLine[] = [];
  for (const rule of await rulesBefore(log, signed, stored)) {
    if (rule.receipt.entry.seq !== seq) before.push(await proven(rule));
  }
  return { receipt: await proven(stored), before, checkpoint };
}

/**
 * @returns genesis and the rotations before a checkpoint. Where the keys of genesis signed it, and the receipt too, no rotation is needed to
 * know them, and the log is not read for any.
 */
async function rulesBefore(
  log: Log,
  { checkpoint, note }: SignedCheckpoint,
  own: StoredReceipt,
): Promise<StoredReceipt[]> {
  const genesis = await log.get(0);
  if (genesis === null) throw notThere('a genesis entry', 'none', ['perdure verify LOG']);
  const { keys } = genesis.receipt.entry.event;
  const kids = Array.isArray(keys) ? keys.map((jwk) => parseJwk(jwk)) : [];
  const signedAlike =
    kids.every((key) =>
      note.signatures.some(({ name, keyId }) => name === log.origin && equalBytes(keyId, noteKeyOf(name, key).id)),
    ) && own.receipt.sigs.every(({ kid }) => kids.some((key) => key.kid === kid));
  if (signedAlike) return [genesis];
  const rules: StoredReceipt[] = [];
  for await (const stored of log.receipts()) {
    const { seq, event } = stored.receipt.entry;
    if (seq >= checkpoint.size) break;
    if (event.type === 'genesis' || event.type === 'rotation') rules.push(stored);
  }
  return rules;
}

function notThere(expected: string, found: string, next: readonly string[]): ReceiptError {
  return new ReceiptError('ENTRY_NOT_FOUND', `log: expected ${expected}, found ${found}`, { expected, found, next });
}
