import { stripVTControlCharacters } from 'node:util';
import pc from 'picocolors';
import type { Json } from '../receipt/json.ts';
import type { Receipt } from '../receipt/receipt.ts';
import type { Verdict } from '../verify/verdict.ts';
import type { DemoOutcome } from './demo-tools.ts';
import type { Out } from './io.ts';
import { verdictText } from './print-verdict.ts';
import { abbreviate, clip, printable } from './printable.ts';

/** The width the demo is written for; a wider terminal is not filled. */
const COLUMNS = 80;
/** What stands below a heading is set in by so much. */
const MARGIN = 3;

/** Lines of a verdict that a second one need not say again. */
const LEFT_OUT = /^(keys|notes|not checked|not proven): |^ {2}next |^and \d+ more /;

type Colors = ReturnType<typeof pc.createColors>;

/** Tells the demo. Everything it prints goes through here; only what a reader may want to copy is wider than 80 columns. */
export class Narrator {
  readonly #out: Out;
  readonly #c: Colors;
  #chapters = 0;

  constructor(out: Out) {
    this.#out = out;
    this.#c = pc.createColors(out.color);
  }

  async title(text: string): Promise<void> {
    await this.#out.write(`${this.#c.bold(text)}\n`);
  }

  async chapter(title: string): Promise<void> {
    this.#chapters++;
    await this.#out.write(`\n${this.#c.bold(`${this.#chapters}. ${title}`)}\n`);
  }

  /** A paragraph, under what went before unless it is set off. */
  async say(text: string, { apart = false }: { readonly apart?: boolean } = {}): Promise<void> {
    await this.#out.write(apart ? '\n' : '');
    await this.#fold(text, 0);
  }

  /** One of several things of a chapter: its name and what it is about. */
  async item(name: string, story: string): Promise<void> {
    await this.say(`${this.#c.bold(this.#c.cyan(name))}  ${story}`, { apart: true });
  }

  async fact(label: string, value: string): Promise<void> {
    await this.#line(this.#c.dim(label.padEnd(9)) + value);
  }

  /** A call, told when its receipt is durable. */
  async call({ call, status, line }: DemoOutcome): Promise<void> {
    const asked = 'path' in call.params ? call.params.path : `node ${call.params.args.join(' ')}`;
    const what = `${call.tool.padEnd(11)}${clip(asked, 23).padEnd(24)}`;
    await this.#line(`${what}${this.#status(status)} ${clip(printable(line), 30)}`);
  }

  /** One line of the log, as it was read back. */
  async entry({ entry: { event, prev, seq, time }, hash }: Receipt): Promise<void> {
    const { tool } = (event.action ?? {}) as { readonly tool?: string };
    const { status } = (event.outcome ?? {}) as { readonly status?: string };
    const what = `${String(seq + 1).padStart(4)}  ${time.slice(11)}  ${(tool ?? String(event.type)).padEnd(11)}`;
    await this.#line(`${what}${this.#status(status ?? '')}  ${this.#c.dim(abbreviate(`${prev} -> ${hash}`))}`);
  }

  /** A receipt with its hashes and its signature shortened: which members there are, not all of their bytes. */
  async receipt(receipt: Receipt): Promise<void> {
    const short = (_: string, value: Json): Json => (typeof value === 'string' ? shorten(value) : value);
    for (const line of JSON.stringify(receipt, short, 2).split('\n')) await this.#line(line);
  }

  async verdict(verdict: Verdict): Promise<void> {
    for (const line of verdictText(verdict, { color: this.#out.color }).trimEnd().split('\n'))
      await this.#verdictLine(line);
  }

  /** A verdict without what every verdict says; of several problems the first is told, the others are named. */
  async briefVerdict(verdict: Verdict): Promise<void> {
    const first = verdict.problems.find((problem) => problem.verdict === verdict.verdict);
    const shown = first === undefined ? verdict : { ...verdict, problems: [first] };
    const lines = verdictText(shown, { color: this.#out.color }).trimEnd().split('\n');
    const others = verdict.problems.filter((problem) => problem !== first);
    const named = others.map(({ code, line }) => (line === null ? code : `${code} at line ${line}`)).join(', ');
    // After the block of the first problem, which ends where lines are no longer set in.
    if (named !== '') lines.splice(lines.findLastIndex((line) => line.startsWith('  ')) + 1, 0, this.#also(named));
    for (const line of lines) if (!LEFT_OUT.test(stripVTControlCharacters(line))) await this.#verdictLine(line);
  }

  #also(named: string): string {
    return `  ${this.#c.dim('also'.padEnd(10))}${named}`;
  }

  /** Continued under the value: of `meaning   …` in a block, of `tail: …` after it. */
  async #verdictLine(line: string): Promise<void> {
    const label = /^( {2}[a-z]+ +|not [a-z]+: |[a-z]+: )?/.exec(stripVTControlCharacters(line))![0];
    await this.#fold(line, label === '' ? 2 : label.length);
  }

  /** A command to copy: as long as it is. */
  async command(what: string, command: string): Promise<void> {
    await this.#out.write('\n');
    await this.#line(this.#c.dim(`# ${what}`));
    for (const line of command.split('\n')) await this.#line(line);
  }

  /** The last word. @param failures what did not come as told. */
  async ending(text: string, failures: readonly string[]): Promise<void> {
    const { bold, green, red } = this.#c;
    await this.#out.write('\n');
    if (failures.length === 0) return this.#fold(`${bold(green('AS TOLD'))}  ${text}`, 0);
    await this.#fold(`${bold(red('NOT AS TOLD'))}`, 0);
    for (const failure of failures) await this.#fold(failure, 2);
  }

  #status(status: string): string {
    const text = status.padEnd(9);
    if (status === 'executed') return this.#c.green(text);
    return status === 'failed' ? this.#c.yellow(text) : this.#c.red(text);
  }

  async #line(text: string): Promise<void> {
    await this.#out.write(`${' '.repeat(MARGIN)}${text}\n`);
  }

  /** Print a text in as many lines as it takes. @param hang how far its second and later lines are set in. */
  async #fold(text: string, hang: number): Promise<void> {
    for (const line of fold(text, Math.min(this.#out.columns, COLUMNS) - MARGIN, hang)) await this.#line(line);
  }
}

/** Break a text at spaces; colours count for nothing, runs of spaces stay inside a line, and a word is never broken. */
export function fold(text: string, columns: number, hang: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const [i, word] of text.split(' ').entries()) {
    const longer = i === 0 ? word : `${line} ${word}`;
    if (line.trim() === '' || stripVTControlCharacters(longer).length <= columns) line = longer;
    else {
      lines.push(line.trimEnd());
      line = ' '.repeat(hang) + word;
    }
  }
  return [...lines, line];
}

/** Signatures and keys are thousands of characters. */
function shorten(text: string): string {
  return text.length > 100 ? `${text.slice(0, 24)}… (${text.length} characters)` : abbreviate(text);
}
