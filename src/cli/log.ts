import { type Command, Option } from 'commander';
import { utf8Text } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { shellWord } from '../base/shell-word.ts';
import type { DamagedLine, StoredReceipt } from '../log/log.ts';
import { type Filter, select } from '../query/filter.ts';
import { collect, type Done, newCommand } from './command.ts';
import { EXIT } from './exit.ts';
import type { Io, Out } from './io.ts';
import { jsonText } from './printable.ts';
import { CSV_HEAD, csvLine, ReceiptTable, tabbed } from './receipt-columns.ts';
import { openReceipts } from './receipt-source.ts';
import { parseCount, parseTime } from './values.ts';

interface LogOptions {
  readonly json?: true;
  readonly csv?: true;
  readonly from: number;
  readonly limit?: number;
  readonly type?: readonly string[];
  readonly agent?: readonly string[];
  readonly tool?: readonly string[];
  readonly session?: readonly string[];
  readonly trace?: readonly string[];
  readonly outcome?: readonly string[];
  readonly since?: string;
  readonly until?: string;
  readonly follow?: true;
}

/** `perdure log`. */
export function defineLog(io: Io, done: Done): Command {
  const command = newCommand(io, 'perdure log', 'list receipts: what they claim, not whether it holds')
    .argument('<log>', 'log folder, or file of receipts')
    .addOption(new Option('--from <seq>', 'start at this seq').argParser(parseCount).default(0))
    .addOption(new Option('--limit <n>', 'end after so many').argParser(parseCount));
  for (const [name, what] of [
    ['type', 'event type, as tool_call'],
    ['agent', 'agent'],
    ['tool', 'tool'],
    ['session', 'session'],
    ['trace', 'trace id'],
    ['outcome', 'outcome status: verified, rejected, executed, failed'],
  ]) {
    command.addOption(new Option(`--${name} <value>`, `only this ${what}; again for one more`).argParser(collect));
  }
  return command
    .addOption(new Option('--since <time>', 'claimed time at or after this (RFC 3339)').argParser(parseTime))
    .addOption(new Option('--until <time>', 'claimed time before this (RFC 3339)').argParser(parseTime))
    .option('--follow', 'go on with new receipts until interrupted')
    .addOption(new Option('--csv', 'print CSV, safe for spreadsheets').conflicts('json'))
    .addHelpText('after', HELP)
    .action(async (log: string, options: LogOptions) => done(await list(io, log, options)));
}

const HELP = `
On a terminal: a table. Elsewhere: seq, time, type, tool, agent, session, outcome with tabs between.
--json prints the stored lines themselves, so that they can be verified again.
`;

/** Prints one kind of listing. */
interface Format {
  readonly head: string;
  /** Rows collected before they are printed together. */
  readonly batch: number;
  print(rows: readonly StoredReceipt[]): string | Uint8Array;
}

async function list(io: Io, path: string, options: LogOptions): Promise<number> {
  const source = await openReceipts(path);
  const signal = io.interruption();
  const damage = new Damage(io.stderr);
  const onDamaged = damage.note;
  const receipts = options.follow
    ? source.follow(options.from, signal)
    : source.receipts({ from: options.from, onDamaged, signal });
  const format = formatOf(io.stdout, options);
  if (format.head !== '') await io.stdout.write(format.head);
  let rows: StoredReceipt[] = [];
  let count = 0;
  const flush = async (): Promise<void> => {
    if (rows.length > 0) await io.stdout.write(format.print(rows));
    rows = [];
  };
  for await (const stored of select(receipts, filterOf(options), options.limit)) {
    count++;
    rows.push(stored);
    if (rows.length >= format.batch) await flush();
    if (io.stdout.closed) return EXIT.ok;
  }
  await flush();
  if (signal.aborted) return EXIT.interrupted;
  if (count === 0 && !options.json) await io.stderr.write('no receipt matches\n');
  damage.throwIfAny(path);
  return EXIT.ok;
}

function filterOf(options: LogOptions): Filter {
  const { type, agent, tool, session, trace, outcome, since, until } = options;
  return {
    types: type,
    agents: agent,
    tools: tool,
    sessions: session,
    traces: trace,
    outcomes: outcome,
    since,
    until,
  };
}

function formatOf(out: Out, { json, csv, follow }: LogOptions): Format {
  const batch = follow ? 1 : 200;
  const text = (line: (stored: StoredReceipt) => string) => (rows: readonly StoredReceipt[]) => rows.map(line).join('');
  // On a terminal the same JSON in a spelling that hides nothing; elsewhere the very bytes.
  if (json && out.isTTY) return { head: '', batch, print: text(({ receipt }) => `${jsonText(receipt)}\n`) };
  if (json) return { head: '', batch, print: text(({ line }) => `${utf8Text(line)}\n`) };
  if (csv) return { head: CSV_HEAD, batch, print: text(({ receipt }) => csvLine(receipt)) };
  if (!out.isTTY) return { head: '', batch, print: text(({ receipt }) => tabbed(receipt)) };
  const table = new ReceiptTable(out.columns, out.color);
  return {
    head: '',
    batch,
    print: (rows) =>
      table.rows(
        rows.map(({ receipt }) => receipt),
        !follow,
      ),
  };
}

/** Lines that could not be read: the first are told as they come, all are counted. */
class Damage {
  readonly #out: Out;
  #count = 0;
  #first: DamagedLine | null = null;

  constructor(out: Out) {
    this.#out = out;
  }

  readonly note = (line: DamagedLine): void => {
    this.#first ??= line;
    if (++this.#count > 10) return;
    void this.#out.write(`warning: ${placeOf(line)} is no receipt and was left out\n`);
  };

  throwIfAny(path: string): void {
    if (this.#first === null) return;
    const at = placeOf(this.#first);
    const lines = this.#count === 1 ? '1 line was' : `${this.#count} lines were`;
    throw new ReceiptError('LOG_DAMAGED', `${path}: ${lines} left out, being no receipt; the first at ${at}`, {
      at,
      expected: 'receipts',
      next: [`perdure verify ${shellWord(path)}`],
    });
  }
}

function placeOf({ segment, segmentOffset }: DamagedLine): string {
  return `${segment} byte ${segmentOffset}`;
}
