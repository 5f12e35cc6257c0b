import type { Stats } from 'node:fs';
import { equalBytes } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { MAX_NOTE_BYTES, MAX_POLICY_BYTES, MAX_PROOF_BYTES } from '../base/limits.ts';
import type { Buffers } from '../receipt/lines.ts';
import type { CheckpointNote } from './checkpoints.ts';
import { type FileSpan, readBuffers, readFailed } from './ranges.ts';
import type { SegmentSpan, Source } from './source.ts';
import { isStandAlone, START_BYTES } from './stand-alone.ts';

/** Node, asked for its modules at run time: bundlers for the browser see no import. */
const runtime = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };

/** @throws TypeError where there is no Node. */
function fileSystem(): typeof import('node:fs/promises') {
  const found = runtime.process?.getBuiltinModule?.('node:fs/promises');
  if (found !== undefined) return found as typeof import('node:fs/promises');
  throw new TypeError('verify: expected Node, which opens paths, got a runtime without it: hand over a File or Blob');
}

function pathNames(): typeof import('node:path') {
  return runtime.process?.getBuiltinModule?.('node:path') as typeof import('node:path');
}

/**
 * Open evidence by its path: a log folder, a file of receipts, or a stand-alone receipt. Of a log folder only the segments are read, in
 * the order of their names, and its newest checkpoints, so that a damaged log folder can be verified too.
 * @throws ReceiptError LOG_NOT_FOUND when nothing is there, or a folder without segments; IO when it cannot be read; TypeError where
 *   there is no Node.
 */
export async function openEvidence(path: string): Promise<Source> {
  const { stat } = fileSystem();
  const { basename, join } = pathNames();
  const info = await statOrThrow(path);
  if (!info.isDirectory()) {
    if (info.isFile() && isStandAlone(await firstBytes(path, START_BYTES)))
      return (await loadReader()).standAloneSource(path, await firstBytes(path, MAX_PROOF_BYTES + 1));
    const source = { kind: 'log', name: path, once: !info.isFile() } as const;
    // What comes from a pipe may come when nobody waits for it any more: not into memory of others.
    if (!info.isFile()) return { ...source, chunks: () => readFiles([path], readBuffers()) };
    return {
      ...source,
      chunks: (buffers) => readFiles([path], buffers ?? readBuffers()),
      sizeBytes: info.size,
      ranges: { files: [{ path, offset: 0, sizeBytes: info.size }] },
    };
  }
  // Before the segments: a log that is being written to is then never shorter than its checkpoint.
  const checkpoints = await newestCheckpoints(path);
  const files: FileSpan[] = [];
  let sizeBytes = 0;
  for (const name of await segmentNames(path)) {
    const file = join(path, 'segments', name);
    const { size } = await stat(file);
    files.push({ path: file, offset: sizeBytes, sizeBytes: size });
    sizeBytes += size;
  }
  const opened: SegmentSpan[] = files.map(({ path: file, offset }) => ({ name: basename(file), offset }));
  let spans: SegmentSpan[] = [];
  return {
    kind: 'log',
    name: path.endsWith('/') ? path : `${path}/`,
    chunks: (buffers) => {
      spans = [];
      const paths = files.map((file) => file.path);
      return readFiles(paths, buffers ?? readBuffers(), spans);
    },
    sizeBytes,
    checkpoints,
    ranges: { files },
    // Where reading in one go met each, should the log have grown; and where those began that it did not come to.
    segments: () => [...spans, ...opened.slice(spans.length)],
  };
}

async function statOrThrow(path: string): Promise<Stats> {
  try {
    return await fileSystem().stat(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw readFailed(path, cause);
    throw new ReceiptError('LOG_NOT_FOUND', `${path}: expected a log folder or a file of receipts, found nothing`, {
      at: path,
      expected: 'a log folder or a file of receipts',
      found: 'nothing',
      cause,
    });
  }
}

/** Of its history a log folder needs only the last: the newest may be damaged, and a checkpoint covers whatever is before it. */
const NEWEST = 2;

async function newestCheckpoints(path: string): Promise<CheckpointNote[]> {
  const { join } = pathNames();
  const history = join(path, 'checkpoints');
  const names = (await fileSystem().readdir(history).catch(missing([]))).sort().slice(-NEWEST).reverse();
  const files = [join(path, 'checkpoint'), ...names.map((name) => join(history, name))];
  const notes: CheckpointNote[] = [];
  for (const file of files) {
    const note = await readCheckpointFile(file, file.slice(path.endsWith('/') ? path.length : path.length + 1)).catch(
      missing(null),
    );
    if (note !== null && !notes.some((other) => equalBytes(other.note, note.note))) notes.push(note);
  }
  return notes;
}

/** @returns what takes an error of the disk: `instead` where there is no such file or folder. */
function missing<T>(instead: T): (cause: unknown) => T {
  return (cause) => {
    const { code } = ((cause as Error).cause ?? cause) as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return instead;
    throw cause;
  };
}

/**
 * Read a checkpoint that was kept outside. @param name how the verdict names it. @throws ReceiptError IO; nothing is judged yet.
 */
export async function readCheckpointFile(path: string, name = path): Promise<CheckpointNote> {
  // One byte more than a note may have is enough to refuse it.
  return { name, note: await firstBytes(path, MAX_NOTE_BYTES + 1) };
}

/** Read a witness policy. @throws ReceiptError IO; nothing is judged yet. */
export async function readPolicyFile(path: string): Promise<{ readonly name: string; readonly bytes: Uint8Array }> {
  return { name: path, bytes: await firstBytes(path, MAX_POLICY_BYTES + 1) };
}

/** Read a file, at most so many bytes of it. */
async function firstBytes(path: string, most: number): Promise<Uint8Array> {
  try {
    const file = await fileSystem().open(path);
    try {
      const buffer = new Uint8Array(Math.min(most, (await file.stat()).size));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw readFailed(path, cause);
  }
}

async function segmentNames(path: string): Promise<string[]> {
  const folder = pathNames().join(path, 'segments');
  const found = await fileSystem()
    .readdir(folder)
    .catch((cause: NodeJS.ErrnoException) => {
      // Only these say that there is no such folder; a log that may not be read is not a log that is not there.
      if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return [];
      throw readFailed(folder, cause);
    });
  const names = found.filter((name) => /^\d{6,}\.jsonl$/.test(name));
  if (names.length === 0) {
    throw new ReceiptError('LOG_NOT_FOUND', `${path}: expected a log folder with segments, found another folder`, {
      at: path,
      expected: 'segments/000000.jsonl',
      found: 'a folder without it',
      next: ['perdure init LOG --origin PREFIX --key NAME'],
    });
  }
  return names.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
}

/** Read files one after the other. @param spans filled with where each begins. @returns chunks, each valid until the next is asked for. */
async function* readFiles(
  paths: readonly string[],
  buffers: Buffers,
  spans: SegmentSpan[] = [],
): AsyncGenerator<Uint8Array> {
  const { basename } = pathNames();
  let offset = 0;
  for (const path of paths) {
    spans.push({ name: basename(path), offset });
    try {
      for await (const chunk of readFile(path, buffers)) {
        offset += chunk.length;
        yield chunk;
      }
    } catch (cause) {
      throw readFailed(path, cause);
    }
  }
}

/**
 * Read one file through two buffers that take turns: while one is worked on, the disk fills the other, and memory does not grow.
 * A stream would allocate each chunk anew (measured: 2.5 times slower over a file in the page cache).
 */
async function* readFile(path: string, buffers: Buffers): AsyncGenerator<Uint8Array> {
  const file = await fileSystem().open(path);
  const waits = !(await file.stat()).isFile();
  const readInto = (buffer: Uint8Array): Promise<Uint8Array> => {
    const reading = file.read(buffer, 0, buffer.length, null).then(({ bytesRead }) => buffer.subarray(0, bytesRead));
    reading.catch(() => undefined); // Thrown below, when its turn comes.
    return reading;
  };
  let [current, other] = buffers;
  let reading = readInto(current);
  try {
    for (;;) {
      const chunk = await reading;
      if (chunk.length === 0) return;
      [current, other] = [other, current];
      reading = readInto(current);
      yield chunk;
    }
  } finally {
    const close = (): Promise<void> => file.close().catch(() => undefined);
    const closed = reading.then(close, close);
    // Whoever stops reading a pipe must not wait until something is written to it; with a file, the buffers serve others then.
    if (!waits) await closed;
  }
}

/** Most evidence is a log: what reads receipts that stand alone is loaded when there is one. */
function loadReader(): Promise<typeof import('./stand-alone-file.ts')> {
  return import('./stand-alone-file.ts');
}
