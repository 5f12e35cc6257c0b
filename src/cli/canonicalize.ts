import type { Command } from 'commander';
import { canonicalText } from '../receipt/canonical.ts';
import { type Done, newCommand } from './command.ts';
import { EXIT } from './exit.ts';
import type { Io } from './io.ts';
import { parseDocument } from './json-input.ts';
import { readWhole } from './whole-input.ts';

/** `perdure canonicalize`. */
export function defineCanonicalize(io: Io, done: Done): Command {
  return newCommand(io, 'perdure canonicalize', 'print JSON in its RFC 8785 form, without a line end')
    .argument('<file>', 'JSON text, or - for standard input; read strictly: no duplicates, nothing is rounded')
    .action(async (file: string) => {
      // Exactly the canonical bytes: what they are good for is being hashed.
      const { bytes, name } = await readWhole(io, file);
      await io.stdout.write(canonicalText(parseDocument(bytes, name, [])));
      if (io.stdout.isTTY) await io.stdout.write('\n');
      done(EXIT.ok);
    });
}
