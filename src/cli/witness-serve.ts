import { type Command, Option } from 'commander';
import { systemClock } from '../base/ports.ts';
import { formatVkey, type NoteVerifierKey } from '../checkpoint/vkey.ts';
import { createWitness } from '../checkpoint/witness.ts';
import { chooseVerifier } from '../crypto/engines.ts';
import { nodeDisk } from '../log/node-disk.ts';
import { openWitnessStore } from '../log/witness-store.ts';
import { collect, type Done, newCommand } from './command.ts';
import { knownError, usage } from './error-report.ts';
import { EXIT } from './exit.ts';
import type { Io } from './io.ts';
import { jsonText, printable } from './printable.ts';
import { openCosigners, readPolicy, vkeysOf, witnessedLogs } from './witness-keys.ts';
import { type Answered, listen, stop, witnessServer } from './witness-server.ts';

interface ServeOptions {
  readonly json?: true;
  readonly listen: string;
  readonly state: string;
  readonly name: string;
  readonly key: readonly string[];
  readonly keys?: string;
  readonly logKey?: readonly string[];
  readonly witnessPolicy?: string;
}

/** `perdure witness serve`. */
export function defineWitnessServe(io: Io, done: Done): Command {
  return newCommand(io, 'serve', 'cosign checkpoints over HTTP, as C2SP tlog-witness has it')
    .addOption(new Option('--listen <host:port>', 'where to listen; port 0 takes a free one').makeOptionMandatory())
    .requiredOption(
      '--state <dir>',
      'folder of the latest checkpoint of each log; back it up, never restore it to an older state',
    )
    .requiredOption('--name <name>', 'name of this witness on its signature lines, as witness.example/w1')
    .addOption(
      new Option('--key <key>', 'key that cosigns: NAME, file or kid; again for each further key')
        .argParser(collect)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--log-key <vkey>', 'vkey of a log to witness; again for each further key or log').argParser(collect),
    )
    .option('--witness-policy <file>', 'C2SP policy file whose log lines name logs to witness')
    .option('--keys <dir>', 'the keystore folder')
    .action(async (options: ServeOptions) => done(await serve(io, options)));
}

async function serve(io: Io, options: ServeOptions): Promise<number> {
  const { host, port } = addressOf(options.listen);
  const keys = await logKeysOf(options);
  const signal = io.interruption();
  const { cosigners, close } = await openCosigners(
    io,
    'perdure witness serve',
    options.name,
    options.key,
    options.keys,
  );
  try {
    const store = await openWitnessStore(nodeDisk(options.state));
    try {
      const witness = createWitness({
        logs: witnessedLogs(keys),
        cosigners,
        store,
        verifier: await chooseVerifier(),
        clock: systemClock,
      });
      const server = witnessServer(witness, (one) => void io.stderr.write(line(one)));
      const at = await listen(server, host, port);
      await announce(
        io,
        options,
        `http://${host.includes(':') ? `[${host}]` : host}:${at}`,
        cosigners.map((one) => one.key),
        keys,
      );
      await aborted(signal);
      await stop(server);
      return EXIT.interrupted;
    } finally {
      await store.close();
    }
  } finally {
    await close();
  }
}

function addressOf(text: string): { host: string; port: number } {
  const [, v6, name, digits] = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):([0-9]{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  const host = v6 ?? name;
  if (host === undefined || port > 65_535)
    throw usage('perdure witness serve: expected --listen HOST:PORT, as 127.0.0.1:7380 or [::1]:7380');
  return { host, port };
}

async function logKeysOf({ logKey = [], witnessPolicy }: ServeOptions): Promise<NoteVerifierKey[]> {
  const policy = witnessPolicy === undefined ? [] : (await readPolicy(witnessPolicy)).logs.map(({ key }) => key);
  const keys = [...vkeysOf(logKey, '--log-key'), ...policy];
  if (keys.length === 0) {
    throw usage(
      'perdure witness serve: expected at least one log to witness',
      'name its key: --log-key VKEY (perdure checkpoint show LOG prints it)',
      '--witness-policy FILE with log lines',
    );
  }
  return keys;
}

async function announce(
  io: Io,
  { json, name, state }: ServeOptions,
  url: string,
  own: readonly NoteVerifierKey[],
  logs: readonly NoteVerifierKey[],
): Promise<void> {
  const origins = [...new Set(logs.map((key) => key.name))];
  if (json) {
    const keys = own.map((key) => ({ type: key.type, vkey: formatVkey(key) }));
    await io.stdout.write(`${jsonText({ schema: 'perdure/witness/v1', url, name, state, keys, logs: origins })}\n`);
    return;
  }
  await io.stdout.write(
    [
      `listening on ${url}`,
      ...own.map((key) => `vkey ${formatVkey(key)}`),
      ...origins.map((origin) => `log ${printable(origin)}`),
      '',
    ].join('\n'),
  );
}

function line({ method, path, status, origin, size, error }: Answered): string {
  const what = origin === undefined ? '' : ` ${printable(origin)}${size === undefined ? '' : ` ${size}`}`;
  const why = error === undefined ? '' : ` ${printable(knownError(error).message)}`;
  return `${new Date().toISOString()} ${printable(method)} ${printable(path)} ${status}${what}${why}\n`;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
