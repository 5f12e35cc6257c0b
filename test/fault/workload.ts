import { expect } from 'vitest';
import { concatBytes, toHex } from '../../src/base/bytes.ts';
import type { Disk } from '../../src/base/ports.ts';
import { createLogOn, openLogOn } from '../../src/log/lifecycle.ts';
import type { Log } from '../../src/log/log.ts';
import type { SigningMode } from '../../src/receipt/control.ts';
import type { Receipt } from '../../src/receipt/receipt.ts';
import { allBytes, rederive, verdictOf } from '../log/derive.ts';
import { asWriter } from '../log/places.ts';
import { fastSigner, fastVerifier } from '../log/signers.ts';

const { publicKey } = fastSigner();

/** What the log has promised so far, and what was asked of it. */
export interface Promises {
  /** Whether create, or a later open, has resolved: from then on there is a log. */
  created: boolean;
  /** Receipts of acknowledged appends. */
  readonly acknowledged: Receipt[];
  /** Commitments of acknowledged payloads. */
  readonly payloads: string[];
  /** Events asked for, whatever became of them. */
  readonly asked: Set<string>;
}

/** @returns no promises. */
export function noPromises(): Promises {
  return { created: false, acknowledged: [], payloads: [], asked: new Set() };
}

/** Small segments, so that the workload starts new ones. */
export const SEGMENT_BYTES = 2_500;

const salt = new Uint8Array(32).fill(7);
const payloadOf = (n: number): Uint8Array => new Uint8Array(50).fill(n);
export const commitmentOf = (n: number): string => toHex(new Uint8Array(32).fill(n));

/** Append in groups of several sizes and keep payloads; whatever fails is thrown after everything has ended. */
export async function work(log: Log, promises: Promises, rounds: readonly number[]): Promise<void> {
  for (const [round, size] of rounds.entries()) {
    const n = promises.asked.size;
    await log.putPayload(commitmentOf(n), salt, payloadOf(n));
    promises.payloads.push(commitmentOf(n));
    const appends = Array.from({ length: size }, async (_, i) => {
      const data = `${round}.${i} of ${n}`;
      promises.asked.add(data);
      promises.acknowledged.push((await log.append({ type: 'custom', data: data.padEnd(60 * (i + 1)) })).receipt);
    });
    const failed = (await Promise.allSettled(appends)).find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  }
}

/** Create, work, close; open again, work, close. */
export async function life(disk: Disk, promises: Promises, mode: SigningMode): Promise<void> {
  const log = await createLogOn(disk, { origin: 'a.b/c', mode, segmentBytes: SEGMENT_BYTES, ...asWriter });
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
  const log = await openLogOn(disk, { segmentBytes: SEGMENT_BYTES, ...asWriter });
  promises.created = true;
  try {
    await work(log, promises, rounds);
  } finally {
    await log.close();
  }
}

/**
 * Open whatever a fault has left, and hold it against the promises: everything acknowledged is there, byte for byte; everything
 * else is whole and was asked for, or is absent; one chain; and the log goes on. The judge is `verify`, beside an independent
 * derivation.
 */
export async function hold(disk: Disk, promises: Promises, where: string): Promise<void> {
  const log = await openOrCreate(disk, promises);
  try {
    await log.append({ type: 'custom', data: 'after' });
    const receipts = await rederive(await allBytes(log), [publicKey], fastVerifier);
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
}

/** Before the log was promised there may be none; then it can be created. */
async function openOrCreate(disk: Disk, promises: Promises): Promise<Log> {
  if (promises.created) return openLogOn(disk, asWriter);
  try {
    return await openLogOn(disk, asWriter);
  } catch (error) {
    expect(['LOG_NOT_FOUND', 'LOG_DAMAGED']).toContain((error as { code: string }).code);
    return createLogOn(disk, { origin: 'a.b/c', ...asWriter });
  }
}

/** Every byte of every segment, and of every torn file. */
export async function contentsOf(disk: Disk): Promise<{ segments: Uint8Array; torn: Uint8Array[] }> {
  const read = async (path: string) => disk.read(path, 0, (await disk.size(path)) ?? 0);
  const segments = await Promise.all((await disk.list('segments')).map((name) => read(`segments/${name}`)));
  const torn = await Promise.all((await disk.list('torn')).map((name) => read(`torn/${name}`)));
  return { segments: concatBytes(...segments), torn };
}
