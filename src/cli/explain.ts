import type { Command } from 'commander';
import type { ErrorCode } from '../base/errors.ts';
import { CODES, type Code, codeInfo, isCode } from '../verify/codes.ts';
import { EXPLANATIONS } from '../verify/explain.ts';
import { type Done, newCommand } from './command.ts';
import { ERROR_EXPLANATIONS } from './error-explanations.ts';
import { usage } from './error-report.ts';
import { EXIT, exitOfError } from './exit.ts';
import { foldWidth, type Io } from './io.ts';
import { folded, jsonText } from './printable.ts';

/** What is known of a code: a few are both a verdict's and an error's. */
interface Entry {
  readonly kind: 'verdict' | 'error';
  /** What it does to the verdict; null for an error. */
  readonly verdict: string | null;
  readonly check: string | null;
  /** Exit code of an error; null for a verdict's code. */
  readonly exit: number | null;
  readonly meaning: string;
  readonly how: string;
  readonly todo: string;
}

/** `perdure explain`. */
export function defineExplain(io: Io, done: Done): Command {
  return newCommand(io, 'perdure explain', 'say what a code means, how it comes about, and what to do')
    .argument('[code]', 'as CHAIN_BROKEN; without one, all codes are listed')
    .action(async (code: string | undefined, { json }: { json?: true }) => {
      if (code === undefined) await listCodes(io, json === true);
      else await explain(io, code.toUpperCase().replaceAll('-', '_'), json === true);
      done(EXIT.ok);
    });
}

function entriesOf(code: string): Entry[] {
  const entries: Entry[] = [];
  if (isCode(code)) {
    const { weight, check, meaning } = codeInfo(code);
    entries.push({ kind: 'verdict', verdict: weight, check, exit: null, meaning, ...EXPLANATIONS[code] });
  }
  if (Object.hasOwn(ERROR_EXPLANATIONS, code)) {
    const known = code as ErrorCode;
    entries.push({ kind: 'error', verdict: null, check: null, exit: exitOfError(known), ...ERROR_EXPLANATIONS[known] });
  }
  return entries;
}

async function explain(io: Io, code: string, json: boolean): Promise<void> {
  const entries = entriesOf(code);
  if (entries.length === 0) throw usage(`perdure explain: there is no code ${code}`, 'perdure explain lists all');
  if (json) {
    await io.stdout.write(`${jsonText({ schema: 'perdure/explanation/v1', code, entries }, 2)}\n`);
    return;
  }
  const text = entries.map(({ kind, verdict, check, exit, meaning, how, todo }) =>
    [
      kind === 'verdict' ? `${code} (${weightText(verdict)}, check ${check})` : `${code} (error, exit code ${exit})`,
      `  meaning   ${meaning}`,
      `  how       ${how}`,
      `  to do     ${todo}`,
      '',
    ].join('\n'),
  );
  await io.stdout.write(fold(io, text.join('\n'), 12));
}

function weightText(verdict: string | null): string {
  return verdict === 'note' ? 'note: the verdict stays as it is' : `${verdict}`;
}

async function listCodes(io: Io, json: boolean): Promise<void> {
  const verdictCodes = Object.keys(CODES) as Code[];
  const errorCodes = Object.keys(ERROR_EXPLANATIONS) as ErrorCode[];
  if (json) {
    const codes = [...new Set<string>([...verdictCodes, ...errorCodes])];
    const all = codes.map((code) => ({ code, entries: entriesOf(code) }));
    await io.stdout.write(`${jsonText({ schema: 'perdure/explanations/v1', codes: all }, 2)}\n`);
    return;
  }
  const lines = [
    'Codes of a verdict, in the order of the checks:',
    ...verdictCodes.map((code) => `  ${code.padEnd(22)}${codeInfo(code).weight.padEnd(14)}${codeInfo(code).meaning}`),
    '',
    'Codes of an error:',
    ...errorCodes.map(
      (code) => `  ${code.padEnd(22)}${`exit ${exitOfError(code)}`.padEnd(14)}${ERROR_EXPLANATIONS[code].meaning}`,
    ),
    '',
  ];
  await io.stdout.write(fold(io, lines.join('\n'), 38));
}

function fold({ stdout }: Io, text: string, hang: number): string {
  const width = foldWidth(stdout);
  return width === undefined ? text : folded(text, width, () => hang);
}
