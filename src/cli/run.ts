import type { ReceiptError } from '../base/errors.ts';
import { VERSION } from '../base/version.ts';
import { errorDocument, knownError, usage } from './error-report.ts';
import { EXIT, exitOfError } from './exit.ts';
import { foldWidth, type Io } from './io.ts';
import { LATER_VERBS, VERBS } from './verbs.ts';

/**
 * Run one command line. Verbs load lazily: nothing but this file's own imports is read for `--version` and `--help`.
 * @param argv what follows the program's name. @returns the exit code; every error was reported.
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  try {
    const exit = await dispatch(argv, io);
    if (io.stdout.failure !== null) throw knownError(io.stdout.failure);
    return exit;
  } catch (thrown) {
    return report(knownError(thrown), argv, io);
  }
}

/** Print an error where and how the command line asks for it. @returns its exit code. */
export async function report(error: ReceiptError, argv: readonly string[], io: Io): Promise<number> {
  if (wantsJson(argv)) {
    const { jsonText } = await import('./printable.ts');
    await io.stdout.write(`${jsonText(errorDocument(error))}\n`);
  } else {
    const { errorText } = await import('./print-verdict.ts');
    await io.stderr.write(errorText(error, { color: io.stderr.color, width: foldWidth(io.stderr) }));
  }
  if (io.env.PERDURE_DEBUG === '1' && error.cause instanceof Error) await io.stderr.write(`${error.cause.stack}\n`);
  return exitOfError(error.code);
}

/** @returns whether `--json` stands before any `--`. */
export function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end < 0 ? argv : argv.slice(0, end)).includes('--json');
}

async function dispatch(argv: readonly string[], io: Io): Promise<number> {
  const [first, ...rest] = argv;
  if (first === '--version' || first === '-V') {
    await io.stdout.write(`perdure ${VERSION}\n`);
    return EXIT.ok;
  }
  if (first === undefined) {
    await io.stderr.write(help());
    return EXIT.usage;
  }
  if (first === '--help' || first === '-h') return showHelp(io);
  if (first === 'help')
    return rest[0] === undefined ? showHelp(io) : runVerb(rest[0], [...rest.slice(1), '--help'], io);
  return runVerb(first, rest, io);
}

async function runVerb(name: string, args: readonly string[], io: Io): Promise<number> {
  const verb = VERBS.find((one) => one.name === name);
  if (verb === undefined) throw unknownVerb(name);
  const [{ isCommanderError, ofCommander }, define] = await Promise.all([import('./command.ts'), verb.load()]);
  let exit: number = EXIT.ok;
  const command = define(io, (code) => {
    exit = code;
  });
  try {
    await command.parseAsync(args, { from: 'user' });
    return exit;
  } catch (error) {
    if (!isCommanderError(error)) throw error;
    const sub = command.commands.find((one) => one.name() === args[0])?.name();
    const ours = ofCommander(error, `perdure ${name}${sub === undefined ? '' : ` ${sub}`}`);
    if (ours !== null) throw ours;
    return EXIT.ok;
  }
}

function unknownVerb(name: string): ReceiptError {
  if (LATER_VERBS.has(name)) {
    return usage(`perdure: this version (${VERSION}) does not have "${name}" yet`, 'perdure --help');
  }
  // A verb comes first, so that an option here is most likely one that belongs behind it.
  if (name.startsWith('-')) return usage(`perdure: expected a verb first, got ${name}`, 'perdure --help');
  const near = VERBS.filter((verb) => isNear(verb.name, name)).map((verb) => `perdure ${verb.name} --help`);
  return usage(`perdure: there is no verb "${name}"`, ...near, 'perdure --help');
}

/** Whether two words differ by one edit: enough to tell a slip from another word. */
function isNear(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let same = 0;
  while (same < a.length && a[same] === b[same]) same++;
  let tail = 0;
  while (tail < Math.min(a.length, b.length) - same && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  const swapped = a.length === b.length && a[same] === b[same + 1] && a[same + 1] === b[same];
  return Math.max(a.length, b.length) - same - tail <= (swapped ? 2 : 1);
}

async function showHelp(io: Io): Promise<number> {
  await io.stdout.write(help());
  return EXIT.ok;
}

function help(): string {
  const width = Math.max(...VERBS.map(({ name }) => name.length));
  return [
    'perdure: signed, chained receipts for what AI agents do',
    '',
    'Usage: perdure VERB [arguments]      perdure VERB --help      perdure --version',
    '',
    ...VERBS.map(({ name, summary }) => `  ${name.padEnd(width)}   ${summary}`),
    '',
    'Exit codes: 0 valid or done, 1 no, 2 usage, 3 could not check everything, 4 I/O,',
    '            10 log not found, 11 locked, 12 passphrase, 130 interrupted',
    '',
  ].join('\n');
}
