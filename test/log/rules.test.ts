import { beforeEach, describe, expect, it } from 'vitest';
import type { Disk } from '../../src/base/ports.ts';
import { createNobleSigner } from '../../src/crypto/engine-noble-sign.ts';
import { nobleVerifier } from '../../src/crypto/engine-noble-verify.ts';
import type { SecretKey } from '../../src/crypto/keys.ts';
import { createLogOn, openLogOn } from '../../src/log/lifecycle.ts';
import type { Log } from '../../src/log/log.ts';
import { memoryDisk } from '../../src/log/memory.ts';
import { writeMetadata } from '../../src/log/metadata.ts';
import { rotationEvent, type SigningMode } from '../../src/receipt/control.ts';
import { fixedKey, LogBuilder } from '../../vectors/build.ts';
import { allBytes, rederive } from './derive.ts';
import { codeOf } from './places.ts';
import { fastSigner, fastVerifier } from './signers.ts';

const A = fixedKey('a', 'Ed25519');
const B = fixedKey('b', 'Ed25519');

describe('which rules a reopened log goes on under', () => {
  let disk: Disk;
  beforeEach(async () => {
    disk = memoryDisk();
    await disk.makeDir('');
    await disk.makeDir('segments');
  });

  /** Lay a log that this version cannot write itself, because it rotates. */
  async function lay(build: (log: LogBuilder) => void, mode: SigningMode): Promise<void> {
    const builder = new LogBuilder([A]).genesis(mode);
    build(builder);
    await writeMetadata(disk, { origin: builder.log, mode });
    const file = await disk.create('segments/000000.jsonl');
    await file.write(builder.bytes());
  }

  const open = (...keys: readonly SecretKey[]): Promise<Log> =>
    openLogOn(disk, { signers: keys.map((key) => createNobleSigner(key)), verifier: nobleVerifier });

  const rotate = (log: LogBuilder, to: readonly SecretKey[], mode: SigningMode = 'each'): void => {
    log.add(rotationEvent({ mode, keys: to.map((key) => key.publicKey) }), { by: [...new Set([...log.keys, ...to])] });
    log.keys = to;
  };
  const ordinary = { type: 'custom' };
  const unsigned = { by: [] };

  it('the keys of the last rotation, wherever it stands', async () => {
    await lay((log) => {
      log.add(ordinary);
      rotate(log, [B]);
      for (let n = 0; n < 30; n++) log.add(ordinary);
    }, 'each');
    expect(await codeOf(open(A))).toBe('KEY_UNSUITABLE');
    const log = await open(B);
    await log.append(ordinary);
    const receipts = await rederive(await allBytes(log));
    expect(receipts.at(-1)!.sigs.map(({ kid }) => kid)).toEqual([B.publicKey.kid]);
    await log.close();
  });

  it('a rotation as the last entry, and several of them', async () => {
    await lay((log) => {
      rotate(log, [A, B]);
      log.add(ordinary);
      rotate(log, [B]);
    }, 'each');
    expect(await codeOf(open(A, B))).toBe('KEY_UNSUITABLE');
    await (await open(B)).close();
  });

  it('back to the first key', async () => {
    await lay((log) => {
      rotate(log, [B]);
      log.add(ordinary);
      rotate(log, [A]);
      log.add(ordinary);
    }, 'each');
    expect(await codeOf(open(B))).toBe('KEY_UNSUITABLE');
    await (await open(A)).close();
  });

  it('from each to batch: what follows is unsigned, and an uncovered tail gets its recovery entry', async () => {
    await lay((log) => {
      log.add(ordinary);
      rotate(log, [A], 'batch');
      log.add(ordinary, unsigned).add(ordinary, unsigned);
    }, 'each');
    const log = await open(A);
    expect(log.mode).toBe('batch');
    expect((await log.append(ordinary)).signed).toBe(false);
    expect((await rederive(await allBytes(log)))[5]!.entry.event).toMatchObject({
      type: 'recovery',
      first_seq: 3,
      count: 2,
    });
    await log.close();
    // Closed in order, so a checkpoint covers all of it.
    await (await open(A)).close();
    const again = await open(A);
    expect([again.mode, again.head().size]).toEqual(['batch', 7]);
    await again.close();
  });

  it('from batch to each', async () => {
    await lay((log) => {
      log.add(ordinary, unsigned);
      rotate(log, [B], 'each');
      log.add(ordinary);
    }, 'batch');
    expect(await codeOf(open(A))).toBe('KEY_UNSUITABLE');
    const log = await open(B);
    expect(log.mode).toBe('each');
    expect((await log.append(ordinary)).signed).toBe(true);
    await log.close();
  });

  it('of a batch log under new keys', async () => {
    await lay((log) => {
      log.add(ordinary, unsigned);
      rotate(log, [B], 'batch');
      for (let n = 0; n < 5; n++) log.add(ordinary, unsigned);
    }, 'batch');
    expect(await codeOf(open(A))).toBe('KEY_UNSUITABLE');
    const log = await open(B);
    expect((await rederive(await allBytes(log))).at(-1)!.entry.event).toMatchObject({
      type: 'recovery',
      first_seq: 1,
      count: 7,
    });
    await log.close();
  });
});

describe('opening to write', () => {
  it.each(['each', 'batch'] as const)('reads the end of the log, not the log: %s', async (mode) => {
    const disk = memoryDisk();
    let read = 0;
    const counting: Disk = {
      ...disk,
      async read(path, begin, end) {
        const bytes = await disk.read(path, begin, end);
        read += bytes.length;
        return bytes;
      },
    };
    const signer = fastSigner();
    const log = await createLogOn(counting, { origin: 'a.b/c', mode, signer, segmentBytes: 16_000_000 });
    for (let n = 0; n < 60; n++)
      await Promise.all(Array.from({ length: 20 }, () => log.append({ type: 'custom', data: 'z'.repeat(30_000) })));
    await log.close();
    read = 0;
    const again = await openLogOn(counting, { signer, verifier: fastVerifier });
    expect(again.head().size).toBe(1_201);
    // Twice the largest group, one chunk for genesis and one for the last line; and what the last tiles are not full with.
    expect(read).toBeLessThan(mode === 'each' ? 11_000_000 : 25_000_000);
    await again.close();
  });
});
