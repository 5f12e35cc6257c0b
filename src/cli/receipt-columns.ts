import Table from 'cli-table3';
import pc from 'picocolors';
import { inside } from '../query/filter.ts';
import type { Json } from '../receipt/json.ts';
import type { Receipt } from '../receipt/receipt.ts';
import { printable } from './printable.ts';

/** One column of a listing. */
interface Column {
  readonly title: string;
  readonly of: (receipt: Receipt) => Json | undefined;
  /** Narrowest and, while nothing is known of the rows, usual width in cells. */
  readonly least: number;
  readonly usual: number;
  /** Left out where the terminal is narrower than this. */
  readonly from?: number;
}

const COLUMNS: readonly Column[] = [
  { title: 'seq', of: ({ entry }) => entry.seq, least: 3, usual: 6 },
  { title: 'time', of: ({ entry }) => entry.time, least: 24, usual: 24 },
  { title: 'type', of: ({ entry }) => entry.event.type, least: 9, usual: 10 },
  { title: 'tool', of: ({ entry }) => inside(entry.event, 'action', 'tool'), least: 8, usual: 24 },
  { title: 'agent', of: ({ entry }) => entry.event.agent, least: 6, usual: 12 },
  { title: 'session', of: ({ entry }) => entry.event.session, least: 8, usual: 16, from: 100 },
  {
    title: 'outcome',
    of: ({ entry }) => inside(entry.event, 'outcome', 'status') ?? entry.event.effect,
    least: 8,
    usual: 8,
  },
];

/** What `log --csv` writes, in its order. */
const CSV_COLUMNS: readonly (readonly [string, Column['of']])[] = [
  ['seq', ({ entry }) => entry.seq],
  ['time', ({ entry }) => entry.time],
  ['type', ({ entry }) => entry.event.type],
  ['agent', ({ entry }) => entry.event.agent],
  ['tool', ({ entry }) => inside(entry.event, 'action', 'tool')],
  ['target', ({ entry }) => inside(entry.event, 'action', 'target')],
  ['session', ({ entry }) => entry.event.session],
  ['trace_id', ({ entry }) => entry.event.trace_id],
  ['status', ({ entry }) => inside(entry.event, 'outcome', 'status')],
  ['effect', ({ entry }) => entry.event.effect],
  ['id', ({ entry }) => entry.id],
  ['hash', ({ hash }) => hash],
];

/** @returns how a value is shown in a cell: text made safe, numbers as they are, other kinds not at all. */
function cell(value: Json | undefined): string {
  return typeof value === 'string' ? printable(value) : typeof value === 'number' ? String(value) : '';
}

/** One receipt as fields with tabs between them: seq, time, type, tool, agent, session, outcome. */
export function tabbed(receipt: Receipt): string {
  return `${COLUMNS.map(({ of }) => cell(of(receipt))).join('\t')}\n`;
}

/** Prints rows for a terminal; the widths of the first rows hold for all, so that a long listing needs no memory. */
export class ReceiptTable {
  readonly #columns: readonly Column[];
  readonly #width: number;
  readonly #c: ReturnType<typeof pc.createColors>;
  #widths: number[] | null = null;

  /** @param width of the terminal in cells. */
  constructor(width: number, color: boolean) {
    this.#columns = COLUMNS.filter(({ from = 0 }) => width >= from);
    this.#width = width;
    this.#c = pc.createColors(color);
  }

  /** @param known whether these are rows to take widths from; not so for the single rows of a log that is followed. */
  rows(receipts: readonly Receipt[], known = true): string {
    const rows = receipts.map((receipt) => this.#columns.map(({ of }) => cell(of(receipt))));
    const begins = this.#widths === null;
    this.#widths ??= this.#fit(known ? rows : []);
    const table = new Table({
      chars: BARE,
      style: { 'padding-left': 0, 'padding-right': 2, head: [], border: [], compact: true },
      colWidths: this.#widths.map((width) => width + 2),
    });
    if (begins) table.push(this.#columns.map(({ title }) => this.#c.dim(title)));
    for (const row of rows) table.push(row.map((text, i) => this.#tint(this.#columns[i]!.title, text)));
    return `${table.toString().replace(/[ ]+$/gm, '')}\n`;
  }

  /** Widths as the rows ask for, narrowed where they do not fit: the widest first, none below its least. */
  #fit(rows: readonly (readonly string[])[]): number[] {
    const widths = this.#columns.map(({ title, least, usual }, i) =>
      rows.length === 0 ? usual : Math.max(title.length, least, ...rows.map((row) => [...row[i]!].length)),
    );
    const room = this.#width - 2 * (widths.length - 1);
    for (let over = widths.reduce((a, b) => a + b, 0) - room; over > 0; over--) {
      const spare = widths.map((width, i) => width - this.#columns[i]!.least);
      const most = spare.indexOf(Math.max(...spare));
      if (spare[most]! <= 0) break;
      widths[most]!--;
    }
    return widths;
  }

  #tint(title: string, text: string): string {
    if (title !== 'outcome') return text;
    if (text === 'failed' || text === 'rejected' || text === 'deny') return this.#c.red(text);
    return text === 'executed' || text === 'verified' || text === 'allow' ? this.#c.green(text) : text;
  }
}

const BARE = Object.fromEntries(
  (
    'top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right left left-mid mid mid-mid right ' +
    'right-mid middle'
  )
    .split(' ')
    .map((name) => [name, '']),
);

/** First line of the CSV. */
export const CSV_HEAD = `${CSV_COLUMNS.map(([name]) => name).join(',')}\n`;

/** One receipt as a line of CSV (RFC 4180 quoting, LF). */
export function csvLine(receipt: Receipt): string {
  return `${CSV_COLUMNS.map(([, of]) => csvCell(of(receipt))).join(',')}\n`;
}

/** What a spreadsheet takes for the start of a formula, full-width forms and leading blanks included. */
const FORMULA = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/;

/** Write a cell that a spreadsheet takes for text: an apostrophe goes before what would start a formula. */
export function csvCell(value: Json | undefined): string {
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') return '';
  const text = printable(value);
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe;
}
