import { type Command, Option } from 'commander';
import { toHex } from '../base/bytes.ts';
import { shellWord } from '../base/shell-word.ts';
import { readSignedCheckpoint } from '../checkpoint/checkpoint.ts';
import { formatReceiptFile, formatReceiptProof } from '../checkpoint/receipt-file.ts';
import { openLog, openTiles } from '../log/open.ts';
import { standAloneReceipt } from '../log/stand-alone.ts';
import { readCheckpointFile } from '../verify/files.ts';
import { type Done, newCommand } from './command.ts';
import { parseEntryKey } from './entry-key.ts';
import { EXIT } from './exit.ts';
import type { Io } from './io.ts';
import { writeOutput } from './output-file.ts';
import { jsonText, printable } from './printable.ts';

interface ProveOptions {
  readonly json?: true;
  readonly output?: string;
  readonly format?: 'tlog-proof' | 'json';
  readonly checkpoint?: string;
}

/** `perdure prove`. */
export function defineProve(io: Io, done: Done): Command {
  return newCommand(io, 'perdure prove', 'write one receipt so that perdure verify can judge it without its log')
    .argument('<log>', 'folder that perdure init made')
    .argument('<seq|id>', 'which: its seq, or its id')
    .option('-o, --output <file>', 'where to (default: standard output)')
    .addOption(
      new Option('--format <format>', 'C2SP tlog-proof, or JSON (default: tlog-proof; json with --json)').choices([
        'tlog-proof',
        'json',
      ]),
    )
    .option('--checkpoint <file>', 'a checkpoint that covers it (default: the newest of the log)')
    .action(async (log: string, which: string, options: ProveOptions) => done(await prove(io, log, which, options)));
}

async function prove(io: Io, dir: string, which: string, options: ProveOptions): Promise<number> {
  const key = parseEntryKey('prove', which);
  const note = options.checkpoint === undefined ? undefined : (await readCheckpointFile(options.checkpoint)).note;
  const one = await standAloneReceipt(await openLog(dir), await openTiles(dir), key, note);
  const { output, json } = options;
  const format = options.format ?? (json && output === undefined ? 'json' : 'tlog-proof');
  const bytes = format === 'json' ? formatReceiptFile(one) : formatReceiptProof(one);
  if (output === undefined || output === '-') {
    await io.stdout.write(bytes);
    return EXIT.ok;
  }
  await writeOutput(output, bytes);
  const { origin, size, root } = readSignedCheckpoint(one.checkpoint).checkpoint;
  const made = { file: output, format, bytes: bytes.length, origin, size, root: toHex(root) };
  await io.stdout.write(
    json
      ? `${jsonText({ schema: 'perdure/proved/v1', ...made }, 2)}\n`
      : `proof   ${printable(output)}, ${bytes.length} bytes\nof      ${origin} at size ${size}\nverify  perdure verify ${shellWord(output)} --key KEY\n`,
  );
  return EXIT.ok;
}
