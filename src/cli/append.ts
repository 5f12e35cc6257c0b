import { type Command, Option } from 'commander';
import { chooseVerifier, type EngineChoice } from '../crypto/engines.ts';
import type { Log, WaitFor } from '../log/log.ts';
import { openLog } from '../log/open.ts';
import type { EventInput } from '../receipt/event.ts';
import type { JsonObject } from '../receipt/json.ts';
import { createRecorder, type PayloadMode, type Recorded } from '../recorder.ts';
import { collect, type Done, newCommand } from './command.ts';
import { interrupted, usage } from './error-report.ts';
import { EXIT } from './exit.ts';
import { Intake } from './intake.ts';
import type { Io } from './io.ts';
import { readObjects } from './json-input.ts';
import { keystoreOf, secretKeys } from './key-arguments.ts';
import { keysOfLog } from './log-keys.ts';
import { openSigners } from './log-signers.ts';
import { checkRules, type Mapping, mapObject, parseRule, type Rule, SHORT_FIELDS } from './mapping.ts';
import { jsonText } from './printable.ts';
import { SILENT, startMeter } from './progress.ts';
import { chooseSigner, ENGINE_VARIABLE, ENGINES } from './signer-choice.ts';

interface AppendOptions {
  readonly json?: true;
  readonly key?: readonly string[];
  readonly keys?: string;
  readonly engine?: EngineChoice;
  readonly map?: readonly string[];
  readonly errorPrefix?: string;
  readonly payload: PayloadMode;
  readonly wait: WaitFor;
}

/** `perdure append`. */
export function defineAppend(io: Io, done: Done): Command {
  return newCommand(io, 'perdure append', 'record events from standard input as signed, chained receipts')
    .argument('<log>', 'folder that perdure init made')
    .addOption(
      new Option(
        '--key <key>',
        "key that signs: NAME, file or kid; again for each further key (default: the log's keys, from the keystore)",
      ).argParser(collect),
    )
    .addOption(
      new Option('--map <field=path>', 'fill an event member from the input; again for each member').argParser(collect),
    )
    .option('--error-prefix <text>', 'a mapped result that begins so is recorded as failed')
    .addOption(
      new Option('--payload <mode>', 'params, results, errors: commit and keep, write into the entry, commit only')
        .choices(['keep', 'inline', 'discard'])
        .default('keep'),
    )
    .addOption(
      new Option(
        '--wait <for>',
        'when an event counts as recorded: on disk, or, in a log of batches, under a checkpoint too',
      )
        .choices(['durable', 'signed'])
        .default('durable'),
    )
    .addOption(
      new Option(
        '--engine <engine>',
        `who computes ML-DSA (default: ${ENGINE_VARIABLE}, else what doctor found)`,
      ).choices(ENGINES),
    )
    .option('--keys <dir>', 'the keystore folder')
    .addHelpText('after', HELP)
    .action(async (log: string, options: AppendOptions) => done(await append(io, log, options)));
}

const HELP = `
Input: one JSON object a line, or one object alone. Without --map it is an event as it stands, type tool_call unless given.
With --map an event is made of it:
  --map tool=tool --map params=args --map result=result --map agent=agent --map session=session --map step=step
  FIELD   ${Object.keys(SHORT_FIELDS).join(', ')},
          or a dotted member of an event: agent, session, action.target, data.anything, …
  PATH    member names with dots between, as call.args.0; a JSON pointer, as /a.b/c; or . for the whole object
  What is not there is left out. outcome.status is failed where an error was found, or a result beginning with
  --error-prefix; executed where a result was found; unless mapped. time becomes requested_at.
`;

async function append(io: Io, dir: string, options: AppendOptions): Promise<number> {
  const mapping = mappingOf(options);
  const store = keystoreOf(io, options.keys);
  const names = options.key ?? (await keysOfLog('append', await openLog(dir), store));
  if (options.key !== undefined) await openLog(dir);
  const choice = await chooseSigner(io.env, options.engine);
  const { signers, close } = await openSigners(await secretKeys(io, names, store), choice);
  try {
    const log = await openLog(dir, { signers, verifier: await chooseVerifier() });
    try {
      return await record(io, dir, log, mapping, options);
    } finally {
      await log.close();
    }
  } finally {
    await close();
  }
}

function mappingOf({ map = [], errorPrefix }: AppendOptions): Mapping {
  const rules = map.map(parseRule);
  checkRules(rules);
  if (errorPrefix !== undefined && !rules.some(({ field }) => field.join('.') === 'outcome.result')) {
    throw usage('--error-prefix: expected a result to look at', 'add --map result=PATH');
  }
  return { rules, errorPrefix };
}

async function record(io: Io, dir: string, log: Log, mapping: Mapping, options: AppendOptions): Promise<number> {
  const signal = io.interruption();
  const recorder = createRecorder({ log, payloads: options.payload });
  const unused = new Set<Rule>(mapping.rules);
  // On a terminal a meter, or the receipts themselves where somebody types the events.
  const typing = io.stdin.isTTY;
  const meter = typing ? SILENT : startMeter(io, 'append', undefined);
  const intake = new Intake('stdin', async (recorded) => {
    meter.update(0, intake.recorded);
    if (!io.stdout.isTTY || typing || options.json) await io.stdout.write(printed(recorded, options));
  });
  if (io.stdin.isTTY)
    await io.stderr.write('reading events from the terminal: one JSON object a line, Ctrl-D to end\n');
  try {
    for await (const { value, line } of readObjects(io.stdin.chunks(signal), 'stdin')) {
      const event = mapping.rules.length > 0 ? mapObject(value, mapping, (rule) => unused.delete(rule)) : typed(value);
      // The recorder judges whatever it is given: the type is what it hopes for.
      const taken = await intake.add(line, recorder.record(event as unknown as EventInput, { waitFor: options.wait }));
      if (!taken) break;
    }
  } catch (error) {
    intake.fail(error);
  }
  const failure = await intake.end();
  meter.stop();
  await summarise(io, dir, log, intake.recorded, unused);
  if (failure !== null) throw failure;
  if (signal.aborted) throw interrupted();
  return EXIT.ok;
}

function typed(event: JsonObject): JsonObject {
  return Object.hasOwn(event, 'type') ? event : { type: 'tool_call', ...event };
}

function printed({ receipt: { entry, hash }, signed }: Recorded, { json }: AppendOptions): string {
  const { seq, id, time } = entry;
  if (!json) return `${seq} ${hash}${signed ? '' : ' unsigned'}\n`;
  return `${jsonText({ schema: 'perdure/appended/v1', seq, id, hash, time, signed })}\n`;
}

async function summarise(io: Io, dir: string, log: Log, recorded: number, unused: ReadonlySet<Rule>): Promise<void> {
  const { size, hash } = log.head();
  const lines = [`recorded ${recorded} ${recorded === 1 ? 'receipt' : 'receipts'} in ${dir}; head ${size}:${hash}`];
  if (recorded > 0) {
    for (const { spec } of unused) lines.push(`warning: --map ${spec} found nothing in any input`);
  }
  await io.stderr.write(`${lines.join('\n')}\n`);
}
