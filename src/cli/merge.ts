import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { mergeShards } from '../auditor.ts';
import { ReceiptError } from '../base/errors.ts';
import { type Done, newCommand } from './command.ts';
import { exitOfVerdict } from './exit.ts';
import { foldWidth, type Io } from './io.ts';
import { verdictText } from './print-verdict.ts';
import { jsonText } from './printable.ts';

/** Largest shard file: room for the names of a million sequences. */
const MAX_SHARD_BYTES = 256 << 20;

/** `perdure merge`. */
export function defineMerge(io: Io, done: Done): Command {
  return newCommand(io, 'perdure merge', 'judge the shards of one verification together')
    .argument('<shard...>', 'what verify --shard I/N --json printed, all N of them, in any order')
    .addHelpText(
      'after',
      '\nThe verdict and the exit code are those of one perdure verify. Shards are not signed: whoever merges\n' +
        'trusts the machines that made them, and the way they came.\n',
    )
    .action(async (paths: readonly string[], { json }: { json?: true }) => done(await merge(io, paths, json === true)));
}

async function merge(io: Io, paths: readonly string[], asJson: boolean): Promise<number> {
  const documents: Uint8Array[] = [];
  for (const path of paths) documents.push(await readShardFile(path));
  const verdict = await mergeShards(documents, (index) => paths[index]!);
  // Nothing is read of the log itself, which may be on another machine: so there are no facts about lines.
  const text = asJson
    ? `${jsonText(verdict, 2)}\n`
    : verdictText(verdict, { color: io.stdout.color, width: foldWidth(io.stdout) });
  await io.stdout.write(text);
  return exitOfVerdict(verdict);
}

async function readShardFile(path: string): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'an error';
    throw new ReceiptError('IO', `${path}: cannot be read (${code})`, { at: path, found: code, cause });
  }
  if (bytes.length <= MAX_SHARD_BYTES) return bytes;
  const expected = `at most ${MAX_SHARD_BYTES} bytes`;
  throw new ReceiptError('SHARD_MALFORMED', `${path}: expected ${expected}, got ${bytes.length}`, {
    at: path,
    expected,
    found: `${bytes.length} bytes`,
  });
}
