import { createReadStream } from 'node:fs';
import type { Command } from 'commander';
import { concatBytes } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { canonicalText } from '../receipt/canonical.ts';
import { type Done, newCommand } from './command.ts';
import { EXIT } from './exit.ts';
import type { Io } from './io.ts';
import { MAX_INPUT_BYTES, parseDocument } from './json-input.ts';

/** `perdure canonicalize`. */
export function defineCanonicalize(io: Io, done: Done): Command {
  return newCommand(io, 'perdure canonicalize', 'print JSON in its RFC 8785 form, without a line end')
    .argument('<file>', 'JSON text, or - for standard input; read strictly: no duplicates, nothing is rounded')
    .action(async (file: string) => {
      const chunks = file === '-' ? io.stdin.chunks() : chunksOf(file);
      // Exactly the canonical bytes: what they are good for is being hashed.
      const name = file === '-' ? 'stdin' : file;
      await io.stdout.write(canonicalText(parseDocument(await readAll(chunks, name), name, [])));
      if (io.stdout.isTTY) await io.stdout.write('\n');
      done(EXIT.ok);
    });
}

async function* chunksOf(path: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(path)) yield chunk as Uint8Array;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'an error';
    throw new ReceiptError('IO', `${path}: cannot be read (${code})`, { at: path, found: code, cause });
  }
}

async function readAll(chunks: AsyncIterable<Uint8Array>, name: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    length += chunk.length;
    if (length > MAX_INPUT_BYTES) {
      const expected = `at most ${MAX_INPUT_BYTES} bytes`;
      throw new ReceiptError('NOT_JSON', `${name}: expected ${expected}, got more`, { at: name, expected });
    }
  }
  return concatBytes(...parts);
}
