import { createReadStream } from 'node:fs';
import { concatBytes } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import type { Io } from './io.ts';
import { MAX_INPUT_BYTES } from './json-input.ts';

/** Read a file, or standard input for `-`, as a whole. @returns its bytes and what messages call it. @throws ReceiptError IO, NOT_JSON. */
export async function readWhole(io: Io, file: string): Promise<{ readonly bytes: Uint8Array; readonly name: string }> {
  const name = file === '-' ? 'stdin' : file;
  return { bytes: await readAll(file === '-' ? io.stdin.chunks() : chunksOf(file), name), name };
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
