import { type Command, Option } from 'commander';
import {
  type AuditOptions,
  verify as audit,
  type CheckpointNote,
  type ShardWish,
  type Source,
  verifyShard,
} from '../auditor.ts';
import { DEFAULT_MAX_PROBLEMS } from '../base/limits.ts';
import type { EngineChoice } from '../crypto/engines.ts';
import { openEvidence, readCheckpointFile, readPolicyFile } from '../verify/files.ts';
import { collect, type Done, newCommand } from './command.ts';
import { usage } from './error-report.ts';
import { EXIT, exitOfVerdict } from './exit.ts';
import { foldWidth, type Io } from './io.ts';
import { keystoreOf, outsideKeys } from './key-arguments.ts';
import { readFacts } from './line-facts.ts';
import { verdictText } from './print-verdict.ts';
import { jsonText } from './printable.ts';
import { startMeter } from './progress.ts';
import { spoolToFile } from './spool.ts';
import { parseCount, parseHash, parseHead, parseShard, parseSize, parseTime } from './values.ts';

interface VerifyOptions {
  readonly json?: true;
  readonly key?: readonly string[];
  readonly keys?: string;
  readonly expectGenesis?: string;
  readonly expectHead?: { readonly size: number; readonly hash: string };
  readonly expectSize?: number;
  readonly minSize?: number;
  readonly checkpoint?: readonly string[];
  readonly resume?: string;
  readonly witnessPolicy?: string;
  readonly notBefore?: string;
  readonly notAfter?: string;
  readonly engine: EngineChoice;
  readonly crossCheck?: true;
  readonly workers?: number;
  readonly shard?: ShardWish;
  readonly maxProblems: number;
  readonly allowUnsignedTail?: true;
  readonly allowClassical?: true;
}

/** `perdure verify`. */
export function defineVerify(io: Io, done: Done): Command {
  return newCommand(io, 'perdure verify', 'verify a log, a file of receipts or standard input, and say what holds')
    .argument('<evidence>', 'log folder, file, or - for standard input')
    .addOption(
      new Option('--key <key>', 'whose signatures count: NAME, file or 43-character kid; again for each').argParser(
        collect,
      ),
    )
    .option('--keys <dir>', 'the keystore folder, for names')
    .addOption(new Option('--expect-genesis <hash>', 'hash of the first entry, from init').argParser(parseHash))
    .addOption(new Option('--expect-head <size:hash>', 'a head that was remembered').argParser(parseHead))
    .addOption(new Option('--expect-size <n>', 'exactly so many entries were there').argParser(parseSize))
    .addOption(new Option('--min-size <n>', 'at least so many entries').argParser(parseSize))
    .addOption(
      new Option('--checkpoint <file>', 'a checkpoint of this log that was kept elsewhere; again for each').argParser(
        collect,
      ),
    )
    .option('--witness-policy <file>', 'a C2SP tlog-policy: whose cosignatures every checkpoint must bear')
    .option(
      '--resume <file>',
      'a checkpoint up to which it was verified before: signatures before it are not verified again',
    )
    .addOption(new Option('--not-before <time>', 'claimed times from here on (RFC 3339)').argParser(parseTime))
    .addOption(new Option('--not-after <time>', 'claimed times before this (RFC 3339)').argParser(parseTime))
    .addOption(
      new Option('--engine <engine>', 'who computes ML-DSA')
        .choices(['auto', 'native', 'wasm', 'noble'])
        .default('auto'),
    )
    .option('--cross-check', 'let a second engine check every signature')
    .addOption(
      new Option('--workers <n>', 'threads at most; default: all cores, one for little evidence').argParser(parseSize),
    )
    .addOption(
      new Option('--shard <i/n>', 'only part i of n, to be judged by perdure merge; with --json').argParser(parseShard),
    )
    .addOption(
      new Option('--max-problems <n>', 'problems listed; all are counted')
        .argParser(parseCount)
        .default(DEFAULT_MAX_PROBLEMS),
    )
    .option('--allow-unsigned-tail', 'accept entries of a batch log that no checkpoint covers')
    .option('--allow-classical', 'accept entries that only Ed25519 vouches for')
    .action(async (evidence: string, options: VerifyOptions) => done(await verify(io, evidence, options)));
}

async function verify(io: Io, path: string, options: VerifyOptions): Promise<number> {
  const keys = await outsideKeys(io, options.key ?? [], keystoreOf(io, options.keys));
  const signal = io.interruption();
  const source = path === '-' ? standardInput(io, signal) : await openEvidence(path);
  const { shard } = options;
  if (shard !== undefined && source.once) {
    throw usage(`perdure verify: --shard needs a log folder or a file, got ${path}: it can be read only once`);
  }
  const total = source.sizeBytes;
  const meter = startMeter(io, 'verify', total === undefined ? total : Math.ceil(total / (shard?.of ?? 1)));
  const audited: AuditOptions = {
    keys,
    expect: {
      head: options.expectHead,
      genesis: options.expectGenesis,
      size: options.expectSize,
      minSize: options.minSize,
    },
    checkpoints: await readCheckpoints(options.checkpoint ?? []),
    resume: options.resume === undefined ? undefined : await readCheckpointFile(options.resume),
    witnessPolicy: options.witnessPolicy === undefined ? undefined : await readPolicyFile(options.witnessPolicy),
    notBefore: options.notBefore,
    notAfter: options.notAfter,
    engine: options.engine,
    crossCheck: options.crossCheck,
    workers: options.workers,
    maxProblems: options.maxProblems,
    allowUnsignedTail: options.allowUnsignedTail,
    allowClassical: options.allowClassical,
    onProgress: ({ bytes, lines }) => meter.update(bytes, lines),
    spool: spoolToFile,
    signal,
  };
  try {
    if (shard !== undefined) return await summarise(io, source, shard, audited, options.json === true);
    const verdict = await audit(source, audited);
    meter.stop();
    if (options.json) await io.stdout.write(`${jsonText(verdict, 2)}\n`);
    else {
      // What can be read only once is gone by now; asking it again might wait for ever.
      const facts = source.once ? undefined : await readFacts(path, verdict.problems);
      await io.stdout.write(verdictText(verdict, { color: io.stdout.color, width: foldWidth(io.stdout), facts }));
    }
    return exitOfVerdict(verdict);
  } finally {
    meter.stop();
  }
}

async function readCheckpoints(paths: readonly string[]): Promise<CheckpointNote[]> {
  const notes: CheckpointNote[] = [];
  for (const path of paths) notes.push(await readCheckpointFile(path));
  return notes;
}

/** Verify one part: what it says is for `perdure merge`, and nothing is judged yet. */
async function summarise(
  io: Io,
  source: Source,
  shard: ShardWish,
  options: AuditOptions,
  asJson: boolean,
): Promise<number> {
  const document = await verifyShard(source, shard, options);
  const { lines } = document.summary;
  await io.stdout.write(
    asJson
      ? `${jsonText(document)}\n`
      : `SHARD ${shard.index} of ${shard.of}: ${lines} ${lines === 1 ? 'line' : 'lines'} read, nothing judged. ` +
          'Keep what --json prints of every shard; perdure merge judges them together.\n',
  );
  return EXIT.ok;
}

function standardInput(io: Io, signal: AbortSignal): Source {
  return { kind: 'stream', name: '-', chunks: () => io.stdin.chunks(signal), once: true };
}
