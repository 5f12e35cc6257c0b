import { type Command, Option } from 'commander';
import type { EngineChoice } from '../crypto/engines.ts';
import { createLog } from '../log/open.ts';
import type { SigningMode } from '../receipt/control.ts';
import { ORIGIN_PATTERN } from '../receipt/entry.ts';
import { collect, type Done, newCommand } from './command.ts';
import { usage } from './error-report.ts';
import { EXIT } from './exit.ts';
import type { Io } from './io.ts';
import { keystoreOf, secretKeys } from './key-arguments.ts';
import { openSigners } from './log-signers.ts';
import { jsonText, printable } from './printable.ts';
import { chooseSigner, ENGINE_VARIABLE, ENGINES } from './signer-choice.ts';

interface InitOptions {
  readonly json?: true;
  readonly origin: string;
  readonly key: readonly string[];
  readonly signing: SigningMode;
  readonly keys?: string;
  readonly engine?: EngineChoice;
}

/** `perdure init`. */
export function defineInit(io: Io, done: Done): Command {
  return newCommand(io, 'perdure init', 'start a log: a folder of signed, chained receipts')
    .argument('<log>', 'folder, created where it is missing')
    .requiredOption('--origin <prefix>', 'name of the log, as example.com/audit; /<12 hex> is added')
    .addOption(
      new Option('--key <key>', 'key that signs: NAME, file or kid; again for each further key')
        .argParser(collect)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--signing <mode>', 'sign each entry, or batches under a checkpoint')
        .choices(['each', 'batch'])
        .default('each'),
    )
    .addOption(
      new Option(
        '--engine <engine>',
        `who computes ML-DSA (default: ${ENGINE_VARIABLE}, else what doctor found)`,
      ).choices(ENGINES),
    )
    .option('--keys <dir>', 'the keystore folder')
    .action(async (log: string, options: InitOptions) => done(await init(io, log, options)));
}

async function init(io: Io, dir: string, options: InitOptions): Promise<number> {
  // Judged here too, so that nobody types a passphrase for nothing.
  if (!ORIGIN_PATTERN.test(`${options.origin}/000000000000`)) {
    throw usage(
      'perdure init: expected --origin of at most 187 of A-Z a-z 0-9 . _ ~ / : -, first a letter or digit',
      'as example.com/audit',
    );
  }
  const choice = await chooseSigner(io.env, options.engine);
  const keys = await secretKeys(io, options.key, keystoreOf(io, options.keys));
  if (new Set(keys.map(({ publicKey }) => publicKey.kid)).size !== keys.length || keys.length > 8) {
    for (const key of keys) key.wipe();
    throw usage('perdure init: expected 1 to 8 keys, each once');
  }
  const { signers, close } = await openSigners(keys, choice);
  try {
    const log = await createLog(dir, { origin: options.origin, mode: options.signing, signers });
    const { hash } = log.head();
    await log.close();
    const named = signers.map(({ publicKey: { kid, alg } }, i) => ({ name: options.key[i]!, kid, alg }));
    await print(io, dir, { log: dir, origin: log.origin, mode: log.mode, genesis: hash, keys: named }, options);
    return EXIT.ok;
  } finally {
    await close();
  }
}

interface Started {
  readonly log: string;
  readonly origin: string;
  readonly mode: SigningMode;
  readonly genesis: string;
  readonly keys: readonly { readonly name: string; readonly kid: string; readonly alg: string }[];
}

async function print(io: Io, dir: string, started: Started, { json }: InitOptions): Promise<void> {
  if (started.keys.every(({ alg }) => alg === 'Ed25519')) {
    await io.stderr.write(
      'warning: no ML-DSA-65 key: verification calls such a log CLASSICAL_ONLY unless told --allow-classical\n',
    );
  }
  if (json) {
    await io.stdout.write(`${jsonText({ schema: 'perdure/init/v1', ...started }, 2)}\n`);
    return;
  }
  const keys = started.keys.map(({ name, alg, kid }) => `${printable(name)} (${alg} ${kid})`);
  await io.stdout.write(
    [
      `log       ${printable(dir)}`,
      `origin    ${started.origin}`,
      `signing   ${started.mode}`,
      ...keys.map((key, i) => `${(i === 0 ? 'keys' : '').padEnd(10)}${key}`),
      `genesis   ${started.genesis}`,
      '          keep it outside the log, for perdure verify --expect-genesis',
      '',
    ].join('\n'),
  );
}
