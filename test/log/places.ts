import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Disk } from '../../src/base/ports.ts';
import { type CreateOptions, createLogOn, type OpenOptions, openLogOn } from '../../src/log/lifecycle.ts';
import type { Log } from '../../src/log/log.ts';
import { memoryDisk } from '../../src/log/memory.ts';
import { nodeDisk } from '../../src/log/node-disk.ts';
import { createLog, openLog } from '../../src/log/open.ts';
import { fastSigner, fastVerifier } from './signers.ts';

/** Where a log can live: one empty place, in which a log can be created and opened again. */
export interface Place {
  readonly disk: Disk;
  create(options?: Partial<CreateOptions>): Promise<Log>;
  open(options?: OpenOptions): Promise<Log>;
  dispose(): void;
}

const DEFAULTS = { origin: 'example.com/test' };

/** A fresh folder of this machine. */
export function folderPlace(): Place & { readonly dir: string } {
  const root = mkdtempSync(join(tmpdir(), 'perdure-log-'));
  const dir = join(root, 'log');
  return {
    dir,
    disk: nodeDisk(dir),
    create: (options) => createLog(dir, { ...DEFAULTS, ...signing(options), ...options }),
    open: (options) => openLog(dir, options),
    dispose: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** A fresh disk in memory, or the given one. */
export function memoryPlace(disk: Disk = memoryDisk()): Place {
  return {
    disk,
    create: (options) => createLogOn(disk, { ...DEFAULTS, ...signing(options), ...options }),
    open: (options) => openLogOn(disk, options),
    dispose: () => undefined,
  };
}

function signing(options: Partial<CreateOptions> = {}): OpenOptions {
  return options.signers === undefined && options.signer === undefined ? { signer: fastSigner() } : {};
}

/** To write as the default creator wrote. */
export const asWriter: OpenOptions = { signer: fastSigner(), verifier: fastVerifier };

/** Checkpoints only when asked for: for what is to be left uncovered, and for suites that keep tiles of their own. */
export const withoutCheckpoints = {
  checkpointEvery: Number.POSITIVE_INFINITY,
  checkpointIntervalMs: Number.POSITIVE_INFINITY,
  checkpointOnClose: false,
} as const;

/** Both kinds, for suites that must hold on each. */
export const PLACES: readonly (readonly [name: string, make: () => Place])[] = [
  ['disk log', folderPlace],
  ['memory log', memoryPlace],
];

/** @returns the code of the ReceiptError that `run` rejects with, or the name of another error; 'no error' when it does not. */
export async function codeOf(run: Promise<unknown>): Promise<string> {
  try {
    await run;
    return 'no error';
  } catch (error) {
    return (error as { code?: string }).code ?? (error as Error).name;
  }
}

/** A promise and its switches. */
export interface Deferred {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** @returns a promise that waits to be told. */
export function deferred(): Deferred {
  let resolve!: () => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** Wait a little: for what should not happen meanwhile. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Iterate to the end. */
export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}
