import type { Command } from 'commander';
import { Option } from 'commander';
import { toBase64url, utf8Text } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { sha256Hex } from '../crypto/hash.ts';
import type { StoredReceipt } from '../log/log.ts';
import { inside } from '../query/filter.ts';
import { formOfPayload, type PayloadForm, type PayloadMember } from '../receipt/commitment.ts';
import type { Json } from '../receipt/json.ts';
import { type Done, newCommand } from './command.ts';
import { entryNotFound, parseEntryKey } from './entry-key.ts';
import { EXIT } from './exit.ts';
import type { Io } from './io.ts';
import { type PayloadReport, receiptText } from './print-receipt.ts';
import { jsonText, visibleJson } from './printable.ts';
import { openReceipts, type ReceiptSource } from './receipt-source.ts';

interface ShowOptions {
  readonly json?: true;
  readonly payload?: true;
  readonly raw?: true;
}

const PLACES = [
  ['action', 'params'],
  ['outcome', 'result'],
  ['outcome', 'error'],
] as const;

/** `perdure show`. */
export function defineShow(io: Io, done: Done): Command {
  return newCommand(io, 'perdure show', 'show one receipt: what it claims, not whether it holds')
    .argument('<log>', 'log folder, or file of receipts')
    .argument('<seq|id>', 'which: its seq, or its id')
    .option('--payload', 'print kept payloads, each proven against its commitment')
    .addOption(
      new Option('--raw', 'print the stored line, byte for byte; escaped on a terminal').conflicts(['json', 'payload']),
    )
    .action(async (log: string, which: string, options: ShowOptions) => done(await show(io, log, which, options)));
}

async function show(io: Io, path: string, which: string, options: ShowOptions): Promise<number> {
  const key = parseEntryKey('show', which);
  const source = await openReceipts(path);
  const stored = await source.find(key);
  if (stored === null) throw entryNotFound(path, key);
  if (options.raw) {
    // As log --json: on a terminal the same JSON in a spelling that hides nothing; elsewhere the very bytes.
    await io.stdout.write(io.stdout.isTTY ? visibleJson(utf8Text(stored.line)) : stored.line);
    await io.stdout.write('\n');
    return EXIT.ok;
  }
  const payloads = options.payload ? await readPayloads(source, stored) : null;
  if (options.json) {
    const { receipt, segment, segmentOffset, offset } = stored;
    const place = { segment, segment_offset: segmentOffset, offset };
    const document = { schema: 'perdure/show/v1', receipt, stored: place, ...(payloads === null ? {} : { payloads }) };
    await io.stdout.write(`${jsonText(document, 2)}\n`);
  } else await io.stdout.write(receiptText(stored, payloads, path, io.stdout.color));
  return exitOf(payloads ?? []);
}

async function readPayloads(source: ReceiptSource, stored: StoredReceipt): Promise<PayloadReport[]> {
  const reports: PayloadReport[] = [];
  for (const [holder, member] of PLACES) {
    const commitment = inside(stored.receipt.entry.event, holder, `${member}_commit`);
    if (typeof commitment !== 'string' || !/^[0-9a-f]{64}$/.test(commitment)) continue;
    reports.push(await readPayload(source, stored, member, commitment));
  }
  return reports;
}

async function readPayload(
  source: ReceiptSource,
  stored: StoredReceipt,
  member: PayloadMember,
  commitment: string,
): Promise<PayloadReport> {
  const none = { member, commitment, form: null, value: null };
  let kept: Awaited<ReturnType<ReceiptSource['readPayload']>>;
  try {
    kept = await source.readPayload(commitment);
  } catch (error) {
    if (error instanceof ReceiptError && error.code === 'PAYLOAD_MISMATCH') return { ...none, status: 'mismatch' };
    throw error;
  }
  if (kept === null) return { ...none, status: (await isErased(source, stored, member)) ? 'erased' : 'missing' };
  const form = formOfPayload(member, commitment, kept, sha256Hex);
  if (form === null) return { ...none, status: 'mismatch' };
  return { member, commitment, status: 'matches', form, value: payloadValue(form, kept.payload) };
}

function payloadValue(form: PayloadForm, payload: Uint8Array): Json {
  if (form === 'bytes') return toBase64url(payload);
  return form === 'text' ? utf8Text(payload) : (JSON.parse(utf8Text(payload)) as Json);
}

/** Whether a later entry says that this payload was erased. */
async function isErased(source: ReceiptSource, { receipt }: StoredReceipt, member: PayloadMember): Promise<boolean> {
  const { seq } = receipt.entry;
  for await (const { receipt: later } of source.receipts({ from: seq + 1, onDamaged: () => undefined })) {
    const { event } = later.entry;
    if (event.type === 'erasure' && event.seq === seq && event.hash === receipt.hash && event.member === member)
      return true;
  }
  return false;
}

/** A payload that is another one is a no; one that is not there could not be checked. */
function exitOf(payloads: readonly PayloadReport[]): number {
  if (payloads.some(({ status }) => status === 'mismatch')) return EXIT.no;
  return payloads.some(({ status }) => status !== 'matches') ? EXIT.incomplete : EXIT.ok;
}
