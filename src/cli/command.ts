import { Command, type CommanderError, Option } from 'commander';
import { VERSION } from '../base/version.ts';
import { usage } from './error-report.ts';
import type { Io } from './io.ts';

/** Where a verb leaves its exit code. */
export type Done = (exit: number) => void;

/** One verb: its arguments and what it does, loaded when it is called for. */
export type DefineVerb = (io: Io, done: Done) => Command;

/** One verb of the command line. */
export interface Verb {
  readonly name: string;
  readonly summary: string;
  /** Load its definition: nothing of a verb is read before it is called for. */
  readonly load: () => Promise<DefineVerb>;
}

/** Options of cli.md that later versions bring: known by name, so that nobody looks for a typing error. */
const LATER_OPTIONS: ReadonlySet<string> = new Set(['--trust', '--session', '--sequence']);

/** The same of subcommands of verbs that are here. */
const LATER_SUBCOMMANDS: ReadonlySet<string> = new Set(['perdure key rotate']);

/** Start the definition of a verb: errors are thrown, help goes to standard output, `--json` is there. */
export function newCommand(io: Io, name: string, summary: string): Command {
  const command = new Command(name).description(summary);
  command.addOption(new Option('--json', 'print JSON on standard output, errors too'));
  command.hook('preAction', (_, action) => refuseEmpty(action));
  return quiet(io, command);
}

/** An empty argument is a variable that was not set: as a path it would mean the folder we stand in, as a filter nothing. */
function refuseEmpty(command: Command): void {
  const options = Object.entries(command.opts<Record<string, unknown>>());
  const empty = (value: unknown): boolean => value === '' || (Array.isArray(value) && value.includes(''));
  const what = command.args.includes('') ? 'an argument' : options.find(([, value]) => empty(value))?.[0];
  if (what === undefined) return;
  const name = command.options.find((option) => option.attributeName() === what)?.long ?? what;
  const verb = [...(command.parent === null ? [] : [command.parent.name()]), command.name()].join(' ');
  throw usage(`${verb}: expected a value for ${name}, got an empty one`, 'is a variable not set?');
}

/** Let a command throw instead of printing and exiting; subcommands are asked to, one by one. */
export function quiet(io: Io, command: Command): Command {
  return command
    .exitOverride()
    .helpOption('-h, --help', 'show this help')
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: () => undefined,
      getOutHelpWidth: () => Math.min(io.stdout.columns, 120),
      getOutHasColors: () => io.stdout.color,
    });
}

/** Collect the values of an option that may be given several times. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

/** Say in our words what commander found wrong. @param verb as typed, for the hint. @returns null when help was asked for. */
export function ofCommander(error: CommanderError, verb: string): Error | null {
  if (error.code === 'commander.helpDisplayed' || error.code === 'commander.version') return null;
  // Help that was asked for ends with 0. Else it was shown because a subcommand is missing, and went nowhere: to standard error.
  if (error.code === 'commander.help') {
    return error.exitCode === 0 ? null : usage(`${verb}: expected a subcommand`, `${verb} --help`);
  }
  const subcommand = /unknown command '([a-z]+)'/.exec(error.message)?.[1];
  if (subcommand !== undefined && LATER_SUBCOMMANDS.has(`${verb} ${subcommand}`)) {
    return usage(`${verb}: this version of perdure (${VERSION}) does not have ${subcommand} yet`, `${verb} --help`);
  }
  const message = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
  const option = /unknown option '(--[a-z-]+)/.exec(message)?.[1];
  if (option !== undefined && LATER_OPTIONS.has(option)) {
    return usage(`${verb}: this version of perdure (${VERSION}) does not have ${option} yet`, `${verb} --help`);
  }
  return usage(`${verb}: ${message}`, `${verb} --help`);
}

/** @returns whether a thrown value is commander's. */
export function isCommanderError(error: unknown): error is CommanderError {
  return error instanceof Error && error.name === 'CommanderError';
}
