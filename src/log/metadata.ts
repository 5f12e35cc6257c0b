import { utf8, utf8Text } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import type { Disk } from '../base/ports.ts';
import type { SigningMode } from '../receipt/control.ts';
import { ORIGIN_PATTERN } from '../receipt/entry.ts';
import { replaceFile } from './replace.ts';

/** File that makes a folder a log. */
export const METADATA = 'log.json';

const SCHEMA = 'perdure/log/v1';
/** Far above what it needs; a larger file is no log.json. */
const MAX_METADATA_BYTES = 65_536;

/** What `log.json` says. The chain itself says it too, signed; this file is where to look before the chain is read. */
export interface Metadata {
  readonly origin: string;
  readonly mode: SigningMode;
}

/** Write `log.json`, durably and in one step. */
export async function writeMetadata(disk: Disk, { origin, mode }: Metadata): Promise<void> {
  await replaceFile(disk, '', METADATA, utf8(`${JSON.stringify({ schema: SCHEMA, origin, mode })}\n`));
}

/** Read `log.json`. @throws ReceiptError LOG_NOT_FOUND when there is none, LOG_DAMAGED when it says something else. */
export async function readMetadata(disk: Disk): Promise<Metadata> {
  const size = await disk.size(METADATA);
  if (size === null) {
    throw new ReceiptError('LOG_NOT_FOUND', `log: ${disk.name}: expected a log folder, found no ${METADATA} in it`, {
      at: disk.name,
      expected: METADATA,
      next: ['perdure init'],
    });
  }
  try {
    const { schema, origin, mode } = JSON.parse(
      utf8Text(await disk.read(METADATA, 0, Math.min(size, MAX_METADATA_BYTES))),
    ) as Record<string, unknown>;
    if (
      schema === SCHEMA &&
      typeof origin === 'string' &&
      ORIGIN_PATTERN.test(origin) &&
      (mode === 'each' || mode === 'batch')
    )
      return { origin, mode };
  } catch (cause) {
    if (cause instanceof ReceiptError) throw cause;
  }
  throw new ReceiptError('LOG_DAMAGED', `log: ${disk.name}/${METADATA}: expected {schema: ${SCHEMA}, origin, mode}`, {
    at: METADATA,
    expected: `{"schema":"${SCHEMA}","origin":…,"mode":"each"|"batch"}`,
    next: ['perdure verify', 'origin and mode stand in the first line of the first segment too'],
  });
}
