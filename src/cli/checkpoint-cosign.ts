import { dirname } from 'node:path';
import { type Command, Option } from 'commander';
import { utf8 } from '../base/bytes.ts';
import type { ReceiptError } from '../base/errors.ts';
import { systemClock } from '../base/ports.ts';
import type { NoteSignature } from '../checkpoint/note.ts';
import type { NoteVerifierKey } from '../checkpoint/vkey.ts';
import { createWitness } from '../checkpoint/witness.ts';
import {
  type CosignTask,
  type PostCheckpoint,
  requestCosignatures,
  submitCheckpoint,
} from '../checkpoint/witness-client.ts';
import { chooseVerifier } from '../crypto/engines.ts';
import type { Verifier } from '../crypto/verifier.ts';
import { nodeDisk } from '../log/node-disk.ts';
import { openTiles } from '../log/open.ts';
import { proveConsistency } from '../log/prove.ts';
import { openWitnessStore } from '../log/witness-store.ts';
import { keepCosigned } from './checkpoint-keep.ts';
import { keysNamedByLog, type NamedCheckpoint, openCheckpoint } from './checkpoint-source.ts';
import { collect, type Done, newCommand } from './command.ts';
import { errorDocument, knownError, usage } from './error-report.ts';
import { EXIT, exitOfError } from './exit.ts';
import type { Io } from './io.ts';
import { jsonText, printable } from './printable.ts';
import { postTo } from './witness-http.ts';
import { openCosigners, readPolicy, vkeysOf } from './witness-keys.ts';

const VERB = 'perdure checkpoint cosign';

interface CosignOptions {
  readonly json?: true;
  readonly to?: readonly string[];
  readonly witness?: readonly string[];
  readonly witnessPolicy?: string;
  readonly logKey?: readonly string[];
  readonly key?: readonly string[];
  readonly name?: string;
  readonly keys?: string;
  readonly output?: string;
}

/** What came of one witness. */
interface Outcome {
  readonly to: string;
  readonly cosignatures: number;
  readonly error: ReceiptError | null;
}

/** `perdure checkpoint cosign`. */
export function defineCheckpointCosign(io: Io, done: Done): Command {
  return newCommand(io, 'cosign', 'have a checkpoint remembered and cosigned by witnesses')
    .argument('<checkpoint|log>', 'a checkpoint, or a log whose latest is cosigned and whose growth can be proven')
    .option('--to <url|dir>', 'a witness: its submission prefix, or a folder that remembers; again for each', collect)
    .option('--witness <vkey>', 'vkey of a witness behind a URL; again for each further key', collect)
    .option('--witness-policy <file>', 'C2SP policy file: keys of witnesses, and URLs to ask where there is no --to')
    .option('--log-key <vkey>', 'vkey of the log, for a folder (default: the keys that the log names)', collect)
    .addOption(new Option('--key <key>', 'with a folder: cosign as well, by this key').argParser(collect))
    .option('--name <name>', 'name of the witness whose --key it is')
    .option('--keys <dir>', 'the keystore folder')
    .option('-o, --output <file>', 'write the cosigned checkpoint there and leave the one named as it is')
    .addHelpText('after', HELP)
    .action(async (path: string, options: CosignOptions) => done(await cosignAll(io, path, options)));
}

const HELP = `
A folder is the witness without a server: on another disk, or in a git repository that others pull. It keeps the newest checkpoint of
each log, and refuses one that does not follow from it. With --key it cosigns too, which is worth something where whoever holds the key
is not who holds the log.
`;

async function cosignAll(io: Io, path: string, options: CosignOptions): Promise<number> {
  const policy = options.witnessPolicy === undefined ? null : await readPolicy(options.witnessPolicy);
  const urls = (policy?.witnesses ?? []).flatMap(({ url }) => (url === null ? [] : [url]));
  const targets = options.to ?? [...new Set(urls)];
  if (targets.length === 0)
    throw usage(`${VERB}: expected a witness`, '--to URL', '--to DIR', '--witness-policy FILE with URLs');
  const keys = [...vkeysOf(options.witness ?? [], '--witness'), ...(policy?.witnesses ?? []).map(({ key }) => key)];
  checkOptions(targets, keys, options);
  const named = await openCheckpoint(path);
  const verifier = await chooseVerifier();
  const added: NoteSignature[] = [];
  const outcomes: Outcome[] = [];
  for (const to of targets) {
    try {
      const task = { note: named.bytes, prove: proverOf(named), name: to };
      const lines = isUrl(to)
        ? await requestCosignatures(postTo(to), task, { keys, verifier })
        : await withFolder(io, to, named, options, task, verifier);
      added.push(...lines);
      outcomes.push({ to, cosignatures: lines.length, error: null });
    } catch (thrown) {
      const error = knownError(thrown);
      if (targets.length === 1) throw error;
      outcomes.push({ to, cosignatures: 0, error });
    }
  }
  const file = added.length === 0 ? null : await keepCosigned(io, named, added, options.output);
  await print(io, named, file, outcomes, options);
  const failed = outcomes.find(({ error }) => error !== null);
  return failed === undefined ? EXIT.ok : exitOfError(failed.error!.code);
}

const isUrl = (target: string): boolean => /^https?:\/\//.test(target);

function checkOptions(
  targets: readonly string[],
  keys: readonly NoteVerifierKey[],
  { key, name }: CosignOptions,
): void {
  if (targets.some(isUrl) && keys.length === 0)
    throw usage(`${VERB}: expected the keys of the witness behind a URL`, '--witness VKEY', '--witness-policy FILE');
  if ((key === undefined) !== (name === undefined))
    throw usage(`${VERB}: expected --key and --name together`, '--key NAME --name witness.example/w1');
  if (key !== undefined && targets.every(isUrl))
    throw usage(`${VERB}: expected --key beside a folder: who cosigns has to remember`, '--to DIR --key NAME');
}

/** A checkpoint without its log can be shown to a witness for the first time, or again, but its growth cannot be proven. */
function proverOf({ signed: { checkpoint }, log, file }: NamedCheckpoint): CosignTask['prove'] {
  return async (oldSize) => {
    if (oldSize === checkpoint.size) return [];
    if (log !== null) {
      // From the tiles, so that a long log is not read; checked against the root that the checkpoint states.
      const tiles = await openTiles(dirname(file));
      return (await proveConsistency(tiles, oldSize, checkpoint.size, undefined, checkpoint.root)).path;
    }
    throw usage(`${VERB}: ${file}: expected the log itself, to prove that it grew from size ${oldSize}`, `${VERB} LOG`);
  };
}

/** Let a folder remember, and cosign where there is a key: the same rules and the same memory as those of a witness that serves. */
async function withFolder(
  io: Io,
  dir: string,
  named: NamedCheckpoint,
  options: CosignOptions,
  task: CosignTask,
  verifier: Verifier,
): Promise<NoteSignature[]> {
  const { origin } = named.signed.checkpoint;
  const logs = [{ origin, keys: await keysOfLog(dir, named, options) }];
  const open =
    options.key === undefined ? null : await openCosigners(io, VERB, options.name!, options.key, options.keys);
  try {
    const cosigners = open?.cosigners ?? [];
    const store = await openWitnessStore(nodeDisk(dir));
    try {
      const witness = createWitness({ logs, cosigners, store, verifier, clock: systemClock });
      const post: PostCheckpoint = async (body) => {
        const answer = await witness.addCheckpoint(body);
        return { ...answer, body: utf8(answer.body) };
      };
      if (open !== null)
        return await requestCosignatures(post, task, { keys: cosigners.map(({ key }) => key), verifier });
      await submitCheckpoint(post, task);
      return [];
    } finally {
      await store.close();
    }
  } finally {
    await open?.close();
  }
}

async function keysOfLog(
  dir: string,
  { signed, log }: NamedCheckpoint,
  { logKey = [] }: CosignOptions,
): Promise<NoteVerifierKey[]> {
  const { origin, size } = signed.checkpoint;
  const given = vkeysOf(logKey, '--log-key').filter(({ name }) => name === origin);
  const keys = given.length > 0 || log === null ? given : await keysNamedByLog(log, size);
  if (keys.length > 0) return keys;
  throw usage(`${VERB}: ${dir}: expected the key of the log`, '--log-key VKEY', `${VERB} LOG, which names its keys`);
}

async function print(
  io: Io,
  { signed: { checkpoint } }: NamedCheckpoint,
  file: string | null,
  outcomes: readonly Outcome[],
  { json }: CosignOptions,
): Promise<void> {
  const { origin, size } = checkpoint;
  if (json) {
    const witnesses = outcomes.map(({ to, cosignatures, error }) => ({
      to,
      cosignatures,
      error: error === null ? null : errorDocument(error),
    }));
    await io.stdout.write(`${jsonText({ schema: 'perdure/cosign/v1', origin, size, file, witnesses }, 2)}\n`);
    return;
  }
  for (const { to, cosignatures, error } of outcomes) {
    const what = cosignatures === 0 ? 'remembered' : `cosigned (${cosignatures})`;
    if (error === null) await io.stderr.write(`${what} size ${size} of ${printable(origin)}: ${printable(to)}\n`);
    else
      await io.stderr.write(
        `${error.code} ${printable(error.message)}\n${error.next.map((one) => `  next  ${printable(one)}\n`).join('')}`,
      );
  }
  if (file !== null) await io.stderr.write(`wrote ${printable(file)}\n`);
}
