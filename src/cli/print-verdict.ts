import pc from 'picocolors';
import { isReceiptError, type ReceiptError } from '../base/errors.ts';
import { codeInfo } from '../verify/codes.ts';
import type { Note, Problem, Verdict } from '../verify/verdict.ts';
import { abbreviate, folded, printable } from './printable.ts';

/** What the evidence says about a line that a problem names: read beside the verdict, from the same file. */
export interface LineFacts {
  readonly time: string;
  readonly tool?: string | undefined;
  readonly agent?: string | undefined;
}

/** How to print. */
export interface PrintOptions {
  readonly color: boolean;
  /** Cells of the terminal to fold lines for; lines stay whole without it, as a CI log wants them. */
  readonly width?: number | undefined;
  /** By line number (1-based), for the second line of a problem. */
  readonly facts?: ReadonlyMap<number, LineFacts> | undefined;
}

type Colors = ReturnType<typeof pc.createColors>;

/** How to print the problems. */
interface Style extends Pick<PrintOptions, 'facts'> {
  readonly c: Colors;
  /** Cells beyond which `expected` and `found` stand on lines of their own. */
  readonly wide: number;
}

/** Width of the labels of a block. */
const LABEL = 10;
/** The same where no terminal is narrower. */
const WIDE = 100;

/**
 * Print a verdict for people: the first line of a failure is enough for a CI log; then one block a problem, and always what was not
 * checked and what is not proven. @returns text that ends with a line feed.
 */
export function verdictText(verdict: Verdict, { color, facts, width }: PrintOptions): string {
  const c = pc.createColors(color);
  const lines =
    verdict.verdict === 'valid'
      ? [successLine(verdict, c)]
      : failureLines(verdict, { c, facts, wide: Math.min(WIDE, width ?? WIDE) });
  lines.push(...closingLines(verdict, c));
  const text = `${lines.join('\n')}\n`;
  return width === undefined ? text : folded(text, width, hang);
}

/** Where the rest of a folded line begins: under what it says, not under its label. */
function hang(line: string): number {
  if (/^ {2}check|^ {22}/.test(line)) return 2 + LABEL + LABEL;
  return /^ {2}(meaning|intact|next|\s{8})/.test(line) ? 2 + LABEL : 2;
}

function successLine(verdict: Verdict, c: Colors): string {
  const { counts, head, subject } = verdict;
  if (subject.kind === 'checkpoint')
    return `${c.bold(c.green('VALID'))} checkpoint · size ${head.size} · ${printable(subject.origin ?? '-')} (${verdict.run.engine})`;
  const parts = [
    `${c.bold(c.green('VALID'))} ${count(counts.valid, 'receipt')}`,
    signaturesText(verdict),
    ...(verdict.subject.kind === 'receipt' ? [] : ['chain']),
    ...(verdict.subject.mode === 'batch' && counts.unsigned_tail === 0 ? ['covered by a checkpoint'] : []),
    `head ${abbreviate(head.hash ?? '-')}`,
  ];
  return parts.join(' · ');
}

function signaturesText({ signatures, keys, run }: Verdict): string {
  const algorithms = Object.entries(signatures.by_alg).map(([alg, number]) => `${number} ${alg}`);
  const used = keys.filter(({ receipts }) => receipts > 0).length;
  const engine = run.cross_checked_with === null ? run.engine : `${run.engine} and ${run.cross_checked_with}`;
  const what = algorithms.length === 0 ? 'no' : algorithms.join(' and ');
  return `${what} ${signatures.valid === 1 ? 'signature' : 'signatures'} (${engine}, ${count(used, 'key')})`;
}

function failureLines(verdict: Verdict, style: Style): string[] {
  const { problems } = verdict;
  const { c } = style;
  const first = Math.max(
    problems.findIndex((problem) => problem.verdict === verdict.verdict),
    0,
  );
  const head = problems[first];
  const name = printable(verdict.subject.name);
  if (head === undefined) {
    return [`${badge(verdict.verdict, c)} ${name}: ${count(verdict.problem_count, 'problem')}, none listed`];
  }
  const total = count(verdict.problem_count, 'problem');
  const lines = [
    `${badge(verdict.verdict, c)} ${name}${place(head, verdict, ' ')}: ${headline(head)} (${total})`,
    ...block(head, style, intact(verdict), true),
  ];
  const explained = new Set([head.code]);
  for (const problem of problems.filter((_, i) => i !== first)) {
    const where = problem.line === null ? 'the whole log' : place(problem, verdict, '');
    lines.push(`${badge(problem.verdict, c)} ${where}: ${headline(problem)}`);
    lines.push(...block(problem, style, null, !explained.has(problem.code)));
    explained.add(problem.code);
  }
  const left = verdict.problem_count - problems.length;
  if (left > 0) lines.push(`and ${count(left, 'more problem')}, not listed (see --max-problems)`);
  return lines;
}

function badge(verdict: 'invalid' | 'unverifiable' | 'valid', c: Colors): string {
  return c.bold((verdict === 'invalid' ? c.red : c.yellow)(verdict.toUpperCase()));
}

function place({ line }: Problem, { counts }: Verdict, before: string): string {
  return line === null ? '' : `${before}line ${line} of ${counts.lines}`;
}

function headline({ code, count: lines }: Problem): string {
  const words = code.toLowerCase().replaceAll('_', ' ');
  return lines > 1 ? `${words}, ${lines} lines` : words;
}

function intact({ verdict, counts: { intact_through_line: through } }: Verdict): string | null {
  if (verdict !== 'invalid') return null;
  if (through === 0) return 'no line before it';
  return through === 1 ? 'line 1' : `lines 1-${through}`;
}

/** @param explain whether to say what the code means and what to do: once a code is enough. */
function block(problem: Problem, { c, facts, wide }: Style, intactLines: string | null, explain: boolean): string[] {
  const label = (name: string): string => c.dim(name.padEnd(LABEL));
  const lines: string[] = [];
  const where = whereabouts(problem, facts);
  if (where !== '') lines.push(`  ${where}`);
  lines.push(...compared(problem, label('check'), wide));
  if (explain) lines.push(`  ${label('meaning')}${meaningOf(problem)}`);
  if (intactLines !== null) lines.push(`  ${label('intact')}${intactLines}`);
  if (explain && problem.next.length > 0) {
    lines.push(`  ${label('next')}${problem.next.map((next) => printable(next)).join('        ')}`);
  }
  return lines;
}

/** The verdict speaks of `this one and the one before`; here there is room for their numbers. */
function meaningOf({ line, meaning }: Problem): string {
  return line === null ? meaning : meaning.replace('this one and the one before', `${line - 1} and ${line}`);
}

function whereabouts({ seq, line, offset, segment, segment_offset: inside }: Problem, facts: PrintOptions['facts']) {
  const known = line === null ? undefined : facts?.get(line);
  return [
    seq === null ? null : `seq ${seq}`,
    known === undefined ? null : known.time,
    known?.tool === undefined ? null : `tool ${printable(known.tool)}`,
    known?.agent === undefined ? null : `agent ${printable(known.agent)}`,
    offset === null ? null : `byte ${offset}`,
    inside === null || inside === offset ? null : `byte ${inside} of ${segment}`,
  ]
    .filter((part) => part !== null)
    .join(' · ');
}

function compared({ check, code, line, expected, found }: Problem, label: string, wide: number): string[] {
  const [who, whose] = origins(code, line);
  const left = expected === null ? '' : `expected ${abbreviate(printable(expected))}${who}`;
  const right = found === null ? '' : `found ${abbreviate(printable(found))}${whose}`;
  const start = `  ${label}${check.padEnd(LABEL - 1)} `;
  if (left === '' || right === '') return [`${start}${left}${right}`.trimEnd()];
  if (LABEL + LABEL + 6 + left.length + right.length <= wide) return [`${start}${left}    ${right}`];
  return [`${start}${left}`, `${' '.repeat(2 + LABEL + LABEL)}${right}`];
}

/** Who says so: of two hashes one comes from the evidence. */
function origins(code: Problem['code'], line: number | null): readonly [string, string] {
  if (code === 'CHAIN_BROKEN' && line !== null) return [` (stated by line ${line - 1})`, ''];
  if (code === 'HASH_MISMATCH') return [' (computed)', ' (stated)'];
  return ['', ''];
}

function closingLines(verdict: Verdict, c: Colors): string[] {
  const { tail, keys, notes } = verdict;
  const line = (label: string, parts: readonly string[]): string[] =>
    parts.length === 0 ? [] : [`${c.dim(`${label}:`)} ${parts.join('; ')}`];
  return [
    ...line('tail', tailParts(tail)),
    ...line('keys', keys.map(keyText)),
    ...line('notes', notes.map(noteText)),
    ...line(
      'not checked',
      verdict.not_checked.map(({ what, why }) => `${what} (${why})`),
    ),
    ...line('not proven', verdict.not_proven),
  ];
}

function tailParts({ status, pinned_by: by, pinned_size: size, torn_bytes: torn }: Verdict['tail']): string[] {
  const pin = by === null ? '' : ` (${by === 'close' ? 'closed by its last entry' : `by the given ${by}`}`;
  const pinned = pin === '' ? '' : `${pin}${size === null ? '' : `, ${size} entries`})`;
  return [
    ...(status === 'unknown' ? [] : [`${status}${pinned}`]),
    ...(torn === 0 ? [] : [`${count(torn, 'torn byte')} after the last line`]),
  ];
}

const TRUSTED_BY = {
  key: 'given with --key',
  trust_bundle: 'from the trust bundle',
  chain: 'named by an entry of a trusted key',
} as const;

function keyText({ kid, alg, name, trusted_by: by, through_seq: through, receipts }: Verdict['keys'][number]): string {
  const who = name === null ? abbreviate(kid) : `${printable(name)} ${abbreviate(kid)}`;
  const parts = [
    ...(alg === null ? ['its public key is not in the evidence'] : [printable(alg)]),
    by === null ? 'not known from outside' : TRUSTED_BY[by],
    ...(through === null ? [] : [`retired after seq ${through}`]),
    `signed ${count(receipts, 'receipt')}`,
  ];
  return `${who} (${parts.join(', ')})`;
}

function noteText({ code, line, count: number }: Note): string {
  const where = line === null ? '' : ` at line ${line}${number > 1 ? ` and ${number - 1} more` : ''}`;
  return `${code}${where}: ${codeInfo(code).meaning}`;
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}

/** What is printed of an error: everything of a ReceiptError but its cause, and of any other error only that it came. */
export function errorText(error: unknown, { color, width }: Pick<PrintOptions, 'color' | 'width'>): string {
  const c = pc.createColors(color);
  const shown = isReceiptError(error) ? error : null;
  const head = `${c.bold(c.red('ERROR'))} ${shown === null ? `INTERNAL: ${nameOf(error)}` : said(shown)}`;
  const next = shown?.next ?? [];
  const more = next.map((one, i) => `  ${c.dim((i === 0 ? 'next' : '').padEnd(LABEL))}${printable(one)}`);
  const text = `${[head, ...more].join('\n')}\n`;
  return width === undefined ? text : folded(text, width, hang);
}

function said({ code, message }: ReceiptError): string {
  return `${code}: ${printable(message)}`;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? printable(error.name) : 'something that is no error was thrown';
}
