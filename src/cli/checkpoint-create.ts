import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { toHex } from '../base/bytes.ts';
import { readSignedCheckpoint } from '../checkpoint/checkpoint.ts';
import { chooseVerifier, type EngineChoice } from '../crypto/engines.ts';
import { CHECKPOINT } from '../log/checkpoints.ts';
import { openLog } from '../log/open.ts';
import { collect, type Done, newCommand } from './command.ts';
import { EXIT } from './exit.ts';
import type { Io } from './io.ts';
import { keystoreOf, secretKeys } from './key-arguments.ts';
import { keysOfLog } from './log-keys.ts';
import { openSigners } from './log-signers.ts';
import { writeOutput } from './output-file.ts';
import { jsonText, printable } from './printable.ts';
import { chooseSigner, ENGINE_VARIABLE, ENGINES } from './signer-choice.ts';

interface CreateOptions {
  readonly json?: true;
  readonly key?: readonly string[];
  readonly keys?: string;
  readonly engine?: EngineChoice;
  readonly output?: string;
}

/** `perdure checkpoint create`. */
export function defineCheckpointCreate(io: Io, done: Done): Command {
  return newCommand(io, 'create', 'sign the head of a log as it stands, in a log of either kind')
    .argument('<log>', 'folder that perdure init made')
    .addOption(
      new Option(
        '--key <key>',
        "key that signs: NAME, file or kid; again for each further key (default: the log's keys, from the keystore)",
      ).argParser(collect),
    )
    .addOption(
      new Option(
        '--engine <engine>',
        `who computes ML-DSA (default: ${ENGINE_VARIABLE}, else what doctor found)`,
      ).choices(ENGINES),
    )
    .option('--keys <dir>', 'the keystore folder')
    .option('-o, --output <file>', 'write it there too, to be kept outside the log; - is standard output')
    .action(async (log: string, options: CreateOptions) => done(await create(io, log, options)));
}

async function create(io: Io, dir: string, options: CreateOptions): Promise<number> {
  const store = keystoreOf(io, options.keys);
  const reader = await openLog(dir);
  const names = options.key ?? (await keysOfLog('checkpoint create', reader, store));
  const choice = await chooseSigner(io.env, options.engine);
  const { signers, close } = await openSigners(await secretKeys(io, names, store), choice);
  let note: Uint8Array;
  try {
    const log = await openLog(dir, { signers, verifier: await chooseVerifier() });
    try {
      note = await log.checkpoint();
    } finally {
      await log.close();
    }
  } finally {
    await close();
  }
  const { output } = options;
  if (output !== undefined && output !== '-') await writeOutput(output, note);
  if (output === '-') await io.stdout.write(note);
  else await print(io, dir, note, options);
  return EXIT.ok;
}

async function print(io: Io, dir: string, note: Uint8Array, { json, output }: CreateOptions): Promise<void> {
  const { checkpoint } = readSignedCheckpoint(note);
  const { origin, size } = checkpoint;
  const root = toHex(checkpoint.root);
  const file = output ?? join(dir, CHECKPOINT);
  if (json) {
    const made = { schema: 'perdure/checkpoint-created/v1', log: dir, file, origin, size, root };
    await io.stdout.write(`${jsonText(made, 2)}\n`);
    return;
  }
  const lines = [
    `checkpoint  ${printable(file)}`,
    `origin      ${origin}`,
    `size        ${size}`,
    `root        ${root}`,
  ];
  if (output === undefined)
    lines.push('            keep a copy outside the log, for perdure verify --checkpoint: -o FILE');
  await io.stdout.write(`${lines.join('\n')}\n`);
}
