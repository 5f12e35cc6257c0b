import { MAX_REMEMBERED_NAME_BYTES } from '../base/limits.ts';
import type { Sha256Hex } from '../crypto/hash.ts';
import { isControlType } from '../receipt/control.ts';
import { isKnownType } from '../receipt/event-shape.ts';
import type { JsonScan } from '../receipt/json-scan.ts';
import { mergeTally, type SequenceTally, type Tally } from './summary.ts';
import { TextCache } from './text-cache.ts';

/** Where the name of a line's sequence stands. */
type SequenceName = Pick<JsonScan, 'sequenceBegin' | 'sequenceEnd'>;

/** What a run finds worth a note, counted. */
export class Notes {
  clockBackwards: Tally | null = null;
  schema: Tally | null = null;
  unknownType: Tally | null = null;
  recovered: Tally | null = null;
  readonly sequences = new Map<string, SequenceTally>();
  private readonly names = new TextCache();
  private readonly sha256Hex: Sha256Hex;

  /** @param sha256Hex stands in for names that are too long to keep. */
  constructor(sha256Hex: Sha256Hex) {
    this.sha256Hex = sha256Hex;
  }

  /** Notes about the schema of ordinary events; control events are judged by their own closed schemas. */
  schemaOf(type: string | null, breach: boolean, line: number): void {
    if (isControlType(type)) return;
    if (type !== null && !isKnownType(type)) this.unknownType = mergeTally(this.unknownType, { count: 1, line });
    else if (breach) this.schema = mergeTally(this.schema, { count: 1, line });
  }

  recovery(count: number, line: number): void {
    this.recovered = mergeTally(this.recovered, { count, line });
  }

  /** A line that names a sequence. @param closes it is a close of it that keeps its schema; another closes nothing. */
  sequence(buf: Uint8Array, { sequenceBegin, sequenceEnd }: SequenceName, line: number, closes: boolean): void {
    const name = this.nameOf(buf, sequenceBegin, sequenceEnd);
    const here: Tally = { count: 1, line };
    const tally = this.sequences.get(name);
    this.sequences.set(name, {
      named: mergeTally(tally?.named ?? null, here)!,
      closedAt: tally?.closedAt ?? (closes ? line : null),
      after: tally === undefined || tally.closedAt === null ? null : mergeTally(tally.after, here),
    });
  }

  /** What a sequence is remembered by: its name, or `#` and a hash, which is longer than any name kept as it is. */
  private nameOf(buf: Uint8Array, begin: number, end: number): string {
    if (end - begin <= MAX_REMEMBERED_NAME_BYTES) return this.names.read(buf, begin, end);
    return `#${this.sha256Hex(buf.subarray(begin, end))}`;
  }
}
