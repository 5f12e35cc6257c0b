import { type Command, Option } from 'commander';
import { verifyCheckpoint } from '../auditor.ts';
import type { EngineChoice } from '../crypto/engines.ts';
import { readPolicyFile } from '../verify/files.ts';
import { openCheckpoint } from './checkpoint-source.ts';
import { collect, type Done, newCommand } from './command.ts';
import { exitOfVerdict } from './exit.ts';
import { foldWidth, type Io } from './io.ts';
import { keystoreOf, outsideKeys } from './key-arguments.ts';
import { verdictText } from './print-verdict.ts';
import { jsonText } from './printable.ts';

interface Options {
  readonly json?: true;
  readonly key?: readonly string[];
  readonly keys?: string;
  readonly witnessPolicy?: string;
  readonly engine: EngineChoice;
  readonly crossCheck?: true;
}

/** `perdure checkpoint verify`. */
export function defineCheckpointVerify(io: Io, done: Done): Command {
  return newCommand(io, 'verify', 'verify who signed a checkpoint; what it says of a log: perdure verify --checkpoint')
    .argument('<file|log>', 'a checkpoint, or a log whose latest is verified')
    .option('--key <key>', 'whose signature counts: NAME or file; again for each', collect)
    .option('--keys <dir>', 'the keystore folder, for names')
    .option('--witness-policy <file>', 'a C2SP tlog-policy: whose cosignatures it must bear')
    .addOption(
      new Option('--engine <engine>', 'who computes ML-DSA')
        .choices(['auto', 'native', 'wasm', 'noble'])
        .default('auto'),
    )
    .option('--cross-check', 'let a second engine check every signature')
    .action(async (path: string, options: Options) => done(await verify(io, path, options)));
}

async function verify(io: Io, path: string, options: Options): Promise<number> {
  const { file, bytes } = await openCheckpoint(path);
  const verdict = await verifyCheckpoint(
    { name: file, note: bytes },
    {
      keys: await outsideKeys(io, options.key ?? [], keystoreOf(io, options.keys)),
      witnessPolicy: options.witnessPolicy === undefined ? undefined : await readPolicyFile(options.witnessPolicy),
      engine: options.engine,
      crossCheck: options.crossCheck,
    },
  );
  const text = options.json
    ? `${jsonText(verdict, 2)}\n`
    : verdictText(verdict, { color: io.stdout.color, width: foldWidth(io.stdout) });
  await io.stdout.write(text);
  return exitOfVerdict(verdict);
}
