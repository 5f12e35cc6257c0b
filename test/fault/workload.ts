import { expect } from 'vitest';
import { concatBytes, toHex, utf8Text } from '../../src/base/bytes.ts';
import type { Disk } from '../../src/base/ports.ts';
import { parseCheckpointText } from '../../src/checkpoint/checkpoint.ts';
import type { Signer } from '../../src/crypto/signer.ts';
import { CONTEXTS } from '../../src/crypto/verifier.ts';
import { createLogOn, type OpenOptions, openLogOn } from '../../src/log/lifecycle.ts';
import type { Log } from '../../src/log/log.ts';
import type { SigningMode } from '../../src/receipt/control.ts';
import type { Receipt } from '../../src/receipt/receipt.ts';
import { allBytes, rederive, verdictOf } from '../log/derive.ts';
import { checkNote, naiveRoot, notesOn } from '../log/notes.ts';
import { fastSigner, fastVerifier } from '../log/signers.ts';

/** What the log has promised so far, and what was asked of it. */
export interface Promises {
  readonly mode: SigningMode;
  /** Whether create, or a later open, has resolved: from then on there is a log. */
  created: boolean;
  /** Receipts of acknowledged appends. */
  readonly acknowledged: Receipt[];
  /** Those of them that were acknowledged as signed by a checkpoint. */
  readonly signed: Receipt[];
  /** Commitments of acknowledged payloads. */
  readonly payloads: string[];
  /** The text of every checkpoint that the signer was ever asked to sign, whatever became of it. */
  readonly texts: string[];
  /** Events asked for, whatever became of them. */
  readonly asked: Set<string>;
}

/** @returns no promises. */
export function noPromises(mode: SigningMode = 'each'): Promises {
  return { mode, created: false, acknowledged: [], signed: [], payloads: [], texts: [], asked: new Set() };
}

/** @returns the promises as they stand now; what is asked later is no lie, so that is shared. */
export function copyOf(promises: Promises): Promises {
  const { acknowledged, signed, payloads, texts } = promises;
  return {
    ...promises,
    acknowledged: acknowledged.slice(),
    signed: signed.slice(),
    payloads: payloads.slice(),
    texts: texts.slice(),
  };
}

const SIGNERS = { each: fastSigner(1), batch: fastSigner(1, 'ML-DSA-65') };

/** How to write the log of these promises: its signer tells of every checkpoint it is asked to sign. Small batches, no timer. */
export function writerOf({ mode, texts }: Promises): OpenOptions {
  const { publicKey, engine, sign } = SIGNERS[mode];
  const signer: Signer = {
    publicKey,
    engine,
    sign(input) {
      if ('message' in input && input.context === CONTEXTS.checkpoint) texts.push(utf8Text(input.message));
      return sign(input);
    },
  };
  const policy = mode === 'batch' ? { checkpointEvery: 6, checkpointIntervalMs: Number.POSITIVE_INFINITY } : {};
  return { signer, verifier: fastVerifier, ...policy };
}

/** Small segments, so that the workload starts new ones. */
export const SEGMENT_BYTES = 2_500;

const salt = new Uint8Array(32).fill(7);
const payloadOf = (n: number): Uint8Array => new Uint8Array(50).fill(n);
export const commitmentOf = (n: number): string => toHex(new Uint8Array(32).fill(n));

/** Append in groups of several sizes, in a log of batches every other one until it is signed, and keep payloads; whatever fails is thrown after everything has ended. */
export async function work(log: Log, promises: Promises, rounds: readonly number[]): Promise<void> {
  for (const [round, size] of rounds.entries()) {
    const n = promises.asked.size;
    await log.putPayload(commitmentOf(n), salt, payloadOf(n));
    promises.payloads.push(commitmentOf(n));
    const appends = Array.from({ length: size }, async (_, i) => {
      const data = `${round}.${i} of ${n}`;
      promises.asked.add(data);
      const waitFor = promises.mode === 'batch' && i % 2 === 1 ? 'signed' : 'durable';
      const { receipt } = await log.append({ type: 'custom', data: data.padEnd(60 * (i + 1)) }, { waitFor });
      promises.acknowledged.push(receipt);
      if (waitFor === 'signed') promises.signed.push(receipt);
    });
    const failed = (await Promise.allSettled(appends)).find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  }
}

/** Create, work, close; open again, work, close. */
export async function life(disk: Disk, promises: Promises): Promise<void> {
  const { mode } = promises;
  const log = await createLogOn(disk, { origin: 'a.b/c', mode, segmentBytes: SEGMENT_BYTES, ...writerOf(promises) });
  promises.created = true;
  try {
    await work(log, promises, [1, 3, 1, 4]);
  } finally {
    await log.close();
  }
  await reopen(disk, promises, [2, 1]);
}

/** Open to write, work, close. */
export async function reopen(disk: Disk, promises: Promises, rounds: readonly number[]): Promise<void> {
  const log = await openLogOn(disk, { segmentBytes: SEGMENT_BYTES, ...writerOf(promises) });
  promises.created = true;
  try {
    await work(log, promises, rounds);
  } finally {
    await log.close();
  }
}

/**
 * Open whatever a fault has left, and hold it against the promises: everything acknowledged is there, byte for byte; everything
 * else is whole and was asked for, or is absent; one chain; and the log goes on. What was acknowledged as signed is covered by a
 * checkpoint on the disk; and no checkpoint that was ever signed, on disk or lost, says another root than the log has at its size.
 * The judge is `verify`, beside an independent derivation.
 */
export async function hold(disk: Disk, given: Promises, where: string): Promise<void> {
  // One moment may be held several times, each with a future of its own.
  const promises = copyOf(given);
  const { mode, texts } = promises;
  const { publicKey } = SIGNERS[mode];
  if (mode === 'batch') await holdSigned(disk, promises, where);
  const log = await openOrCreate(disk, promises);
  let hashes: string[] = [];
  try {
    await log.append({ type: 'custom', data: 'after' });
    const receipts = await rederive(await allBytes(log), [publicKey], fastVerifier);
    hashes = receipts.map(({ hash }) => hash);
    for (const receipt of promises.acknowledged) {
      if (receipts[receipt.entry.seq]?.hash !== receipt.hash)
        throw new Error(`${where}: acknowledged seq ${receipt.entry.seq} is lost`);
    }
    for (const { entry } of receipts) {
      const { type, data } = entry.event;
      if (type !== 'custom' || data === 'after') continue;
      if (!promises.asked.has(String(data).trimEnd()))
        throw new Error(`${where}: seq ${entry.seq} was never asked for`);
    }
    for (const commitment of promises.payloads) {
      const kept = await log.readPayload(commitment);
      const n = Number.parseInt(commitment.slice(0, 2), 16);
      expect(kept, `${where}: payload ${n}`).toEqual({ salt, payload: payloadOf(n) });
    }
    const verdict = await verdictOf(log, publicKey, fastVerifier);
    expect([where, verdict.verdict, verdict.problems, verdict.head.size]).toEqual([
      where,
      'valid',
      [],
      receipts.length,
    ]);
    expect(
      (await disk.list('torn')).filter((name) => !/^[0-9a-f]{64}\.bin$/.test(name)),
      where,
    ).toEqual([]);
  } finally {
    await log.close();
  }
  // A log that had to be created anew has another origin: what was signed before is of one that nobody was promised.
  if (mode === 'batch' && promises.created) {
    const { latest, kept } = await notesOn(disk);
    // Nothing is left that no checkpoint covers.
    const covered = await verdictOf(log, publicKey, fastVerifier, latest!);
    expect([where, covered.verdict, covered.counts.unsigned_tail]).toEqual([where, 'valid', 0]);
    expect((await checkNote(latest!, [publicKey], fastVerifier)).size, where).toBe(hashes.length);
    const notes = await Promise.all([...kept].map(([, note]) => checkNote(note, [publicKey], fastVerifier)));
    expect([where, notes.map(({ size }) => size)]).toEqual([where, [...kept.keys()]]);
    for (const { size, root } of [...notes, ...texts.map(parsed)])
      expect([where, size, root]).toEqual([where, size, naiveRoot(hashes.slice(0, size))]);
  }
}

function parsed(text: string): { size: number; root: string } {
  const { size, root } = parseCheckpointText(text);
  return { size, root: toHex(root) };
}

/** Everything acknowledged as signed is covered by a checkpoint that stands on the disk and verifies. */
async function holdSigned(disk: Disk, { signed }: Promises, where: string): Promise<void> {
  const { latest } = await notesOn(disk);
  const size = latest === null ? 0 : (await checkNote(latest, [SIGNERS.batch.publicKey], fastVerifier)).size;
  for (const { entry } of signed)
    if (entry.seq >= size) throw new Error(`${where}: seq ${entry.seq} was acknowledged as signed, and is not`);
}

/** Before the log was promised there may be none; then it can be created. */
async function openOrCreate(disk: Disk, promises: Promises): Promise<Log> {
  const writer = writerOf(promises);
  if (promises.created) return openLogOn(disk, writer);
  try {
    return await openLogOn(disk, writer);
  } catch (error) {
    expect(['LOG_NOT_FOUND', 'LOG_DAMAGED']).toContain((error as { code: string }).code);
    return createLogOn(disk, { origin: 'a.b/c', mode: promises.mode, ...writer });
  }
}

/** Every byte of every segment, and of every torn file. */
export async function contentsOf(disk: Disk): Promise<{ segments: Uint8Array; torn: Uint8Array[] }> {
  const read = async (path: string) => disk.read(path, 0, (await disk.size(path)) ?? 0);
  const segments = await Promise.all((await disk.list('segments')).map((name) => read(`segments/${name}`)));
  const torn = await Promise.all((await disk.list('torn')).map((name) => read(`torn/${name}`)));
  return { segments: concatBytes(...segments), torn };
}
