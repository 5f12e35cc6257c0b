import { ReceiptError } from '../base/errors.ts';
import type { Buffers } from '../receipt/lines.ts';
import type { ReadRange } from './batch.ts';

/** Bytes asked of the disk at a time. */
const READ_BYTES = 1 << 20;

/** @returns memory to read into, for who brings none. */
export function readBuffers(): Buffers {
  return [new Uint8Array(READ_BYTES), new Uint8Array(READ_BYTES)];
}

const runtime = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };

/** One file of the evidence, and where it stands among the others. */
export interface FileSpan {
  readonly path: string;
  /** Of its first byte over the concatenated files. */
  readonly offset: number;
  readonly sizeBytes: number;
}

/** Evidence that can be read from any byte on, said so that another thread can do it too: it survives a structured clone. */
export type Ranges = { readonly files: readonly FileSpan[] } | { readonly blob: Blob };

/** @returns a reader of these files or this Blob, with buffers of its own: one range at a time. */
export function rangeReader(ranges: Ranges): ReadRange {
  if ('blob' in ranges) return (begin, end) => readBlob(ranges.blob.slice(begin, end));
  let own: Buffers | null = null;
  return (begin, end, buffers) => {
    own ??= buffers === undefined ? readBuffers() : null;
    return readSpans(ranges.files, begin, end, buffers ?? own!);
  };
}

/**
 * Streams that are being read, held here: who waits for a chunk is held by the stream alone, and Chromium 156 may collect both with the
 * chunk on its way (one of some thousand small Blobs on a busy machine), and then it is waited for for ever.
 */
const beingRead = new Set<BlobReader>();

/** Read all of a Blob, or of a slice of one. A chunk is valid until the next is asked for. */
export async function* readBlob(blob: Blob): AsyncGenerator<Uint8Array> {
  const reader = blobReader(blob.stream());
  beingRead.add(reader);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || value === undefined) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
    beingRead.delete(reader);
  }
}

/** Two ways to read a stream, of which a browser may have only the second. */
interface BlobReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}

/**
 * Into one buffer that goes to and fro where the stream can fill it: a new one for each chunk took Chromium two fifths of its reading time
 * (80 ms of 187 for 178 MB). Node's Blobs lie in memory, so that there is nothing to win.
 */
function blobReader(stream: ReadableStream<Uint8Array<ArrayBuffer>>): BlobReader {
  if (runtime.process === undefined) {
    try {
      const reader = stream.getReader({ mode: 'byob' });
      let buffer = new ArrayBuffer(READ_BYTES);
      return {
        async read() {
          const result = await reader.read(new Uint8Array(buffer));
          if (result.value !== undefined) buffer = result.value.buffer;
          return result;
        },
        cancel: () => reader.cancel(),
      };
    } catch {
      // No byte stream: older browsers.
    }
  }
  const reader = stream.getReader();
  return { read: () => reader.read(), cancel: () => reader.cancel() };
}

async function* readSpans(
  files: readonly FileSpan[],
  begin: number,
  end: number,
  buffers: Buffers,
): AsyncGenerator<Uint8Array> {
  for (const { path, offset, sizeBytes } of files) {
    const from = Math.max(begin - offset, 0);
    const to = Math.min(end - offset, sizeBytes);
    if (from >= to) continue;
    try {
      yield* readSpan(path, from, to, buffers);
    } catch (cause) {
      if (cause instanceof ReceiptError) throw cause;
      throw readFailed(path, cause);
    }
  }
}

/**
 * Read [from, to) of one file through two buffers that take turns. @throws ReceiptError IO when the file has become shorter: what
 * stands where in the evidence was settled when it was opened.
 */
async function* readSpan(path: string, from: number, to: number, [one, two]: Buffers): AsyncGenerator<Uint8Array> {
  const file = await fileSystem().open(path);
  let at = from;
  const readInto = async (buffer: Uint8Array): Promise<Uint8Array> => {
    const begin = at;
    const length = Math.min(buffer.length, to - begin);
    at += length;
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await file.read(buffer, filled, length - filled, begin + filled);
      if (bytesRead === 0) throw shrunk(path, to, begin + filled);
      filled += bytesRead;
    }
    return buffer.subarray(0, length);
  };
  let [current, other] = [one, two];
  let reading: Promise<Uint8Array> | null = readInto(current);
  try {
    while (reading !== null) {
      const chunk: Uint8Array = await reading;
      [current, other] = [other, current];
      reading = at < to ? readInto(current) : null;
      reading?.catch(() => undefined); // Thrown above, when its turn comes.
      yield chunk;
    }
  } finally {
    // Awaited: the buffers serve the next range, and nothing of this one may still arrive in them.
    await reading?.catch(() => undefined);
    await file.close().catch(() => undefined);
  }
}

/** Node's file system, asked of the runtime: bundlers for the browser see no import. */
function fileSystem(): typeof import('node:fs/promises') {
  return runtime.process?.getBuiltinModule?.('node:fs/promises') as typeof import('node:fs/promises');
}

/** @returns the error of a file that cannot be read. */
export function readFailed(path: string, cause: unknown): ReceiptError {
  const code = (cause as NodeJS.ErrnoException).code ?? 'error';
  return new ReceiptError('IO', `${path}: cannot be read (${code})`, { at: path, found: code, cause });
}

function shrunk(path: string, expected: number, found: number): ReceiptError {
  return new ReceiptError('IO', `${path}: expected at least ${expected} bytes, got ${found}: it changed meanwhile`, {
    at: path,
    expected: `at least ${expected} bytes`,
    found: `${found} bytes`,
    next: ['verify a copy that nothing writes to'],
  });
}
