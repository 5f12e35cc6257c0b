import { expect, test } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { isReceiptError } from '../../src/base/errors.ts';
import type { Disk } from '../../src/base/ports.ts';
import { readForeignCheckpoint } from '../../src/checkpoint/checkpoint.ts';
import { noteKeyOf } from '../../src/checkpoint/note-keys.ts';
import { createWitness, originHash, type Witness } from '../../src/checkpoint/witness.ts';
import { memoryDisk } from '../../src/log/memory.ts';
import { type OpenWitnessStore, openWitnessStore, readLatest } from '../../src/log/witness-store.ts';
import { GrowingTree } from '../checkpoint/growing-tree.ts';
import { cosigners, ed25519, logSignerEd25519, verifier } from '../checkpoint/keys.ts';
import { faultyDisk } from './faulty-disk.ts';
import { ModelDisk, type Moment, POWER_LOSSES } from './model-disk.ts';

const ORIGIN = 'example.com/log/0123456789ab';
const tree = new GrowingTree(ORIGIN);
const FILE = `${originHash(ORIGIN)}.checkpoint`;

const of = (store: OpenWitnessStore): Witness =>
  createWitness({
    logs: [{ origin: ORIGIN, keys: [noteKeyOf(ORIGIN, ed25519.publicKey)] }],
    cosigners: [cosigners.ed25519],
    store,
    verifier,
    clock: { nowMs: () => 1_800_000_000_000 },
  });

async function add(witness: Witness, oldSize: number, size: number): Promise<number> {
  const proof = oldSize === 0 ? [] : await tree.prove(oldSize, size);
  const checkpoint = await tree.note(size, [logSignerEd25519]);
  return (await witness.add({ oldSize, proof, checkpoint })).status;
}

const SIZES = [2, 3, 7, 8] as const;

/** Cosign one size after another. @param answered is told each size that was answered with 200. */
async function run(disk: Disk, answered: (size: number) => void): Promise<void> {
  const store = await openWitnessStore(disk);
  try {
    const witness = of(store);
    let last = 0;
    for (const size of SIZES) {
      if ((await add(witness, last, size)) === 200) answered(size);
      last = size;
    }
  } finally {
    await store.close();
  }
}

async function remembered(disk: Disk): Promise<number> {
  const note = await readLatest(disk, ORIGIN);
  return note === null ? 0 : readForeignCheckpoint(note).checkpoint.size;
}

test('one file a log, its latest cosigned note, and nothing else but the lock', async () => {
  const disk = memoryDisk();
  const store = await openWitnessStore(disk);
  expect(await store.latest(ORIGIN)).toBeNull();
  expect(await add(of(store), 0, 5)).toBe(200);
  expect(await store.latest(ORIGIN)).toEqual(await readLatest(disk, ORIGIN));
  expect((await disk.list('')).filter((name) => name !== 'lock')).toEqual([FILE]);
  await expect(openWitnessStore(disk)).rejects.toMatchObject({ code: 'LOG_LOCKED' });
  await store.close();
  const again = await openWitnessStore(disk);
  expect(await add(of(again), 0, 5)).toBe(409);
  expect(await add(of(again), 5, 6)).toBe(200);
});

test('a damaged file is an error, never a log that was not seen', async () => {
  for (const bytes of [utf8(''), utf8('x'), await new GrowingTree('example.com/other').note(3, [logSignerEd25519])]) {
    const disk = memoryDisk();
    await disk.makeDir('');
    const file = await disk.create(FILE);
    await file.write(bytes);
    await file.close();
    const store = await openWitnessStore(disk);
    await expect(add(of(store), 0, 5)).rejects.toMatchObject({ code: 'LOG_DAMAGED', at: FILE });
  }
});

test('each disk operation failed, before and after it took effect: no answer that is not remembered, then no more answers', async () => {
  const counting = faultyDisk(memoryDisk(), null);
  await run(counting, () => undefined);
  expect(counting.operations.length).toBeGreaterThan(20);
  let failures = 0;
  for (let operation = 1; operation <= counting.operations.length; operation++)
    for (const when of ['before', 'half', 'after'] as const) {
      const name = counting.operations[operation - 1]!;
      if (when === 'half' && !name.startsWith('write')) continue;
      const disk = memoryDisk();
      const faulty = faultyDisk(disk, { operation, when });
      let last = 0;
      await run(faulty, (size) => {
        last = size;
      }).catch((error: unknown) => {
        failures++;
        expect(isReceiptError(error, 'IO') || isReceiptError(error, 'LOG_CLOSED'), `${when} ${name}: ${error}`).toBe(
          true,
        );
      });
      const left = await remembered(disk);
      expect(left, `${when} ${name}`).toBeGreaterThanOrEqual(last);
      expect([0, ...SIZES]).toContain(left);
    }
  expect(failures).toBeGreaterThan(20);
});

test('after a failed write the store takes no more until it is opened again', async () => {
  const counting = faultyDisk(memoryDisk(), null);
  await run(counting, () => undefined);
  const operation = 1 + counting.operations.findIndex((name) => name.startsWith('sync'));
  const disk = memoryDisk();
  const store = await openWitnessStore(faultyDisk(disk, { operation, when: 'before' }));
  const witness = of(store);
  await expect(add(witness, 0, 2)).rejects.toMatchObject({ code: 'IO' });
  await expect(add(witness, 0, 2)).rejects.toMatchObject({ code: 'LOG_CLOSED' });
  await expect(witness.checkpointOf(originHash(ORIGIN))).rejects.toMatchObject({ code: 'LOG_CLOSED' });
  await store.close();
  expect(await add(of(await openWitnessStore(disk)), 0, 2)).toBe(200);
});

test('power lost at every moment, in every way: what was answered is remembered, whole', async () => {
  const disk = new ModelDisk();
  const moments: { moment: Moment; operation: string; answered: number }[] = [];
  let answered = 0;
  disk.onMoment = (moment, operation) => moments.push({ moment, operation, answered });
  await run(disk, (size) => {
    answered = size;
  });
  disk.onMoment = null;
  expect(answered).toBe(8);
  expect(moments.length).toBeGreaterThan(40);
  let older = 0;
  for (const { moment, operation, answered: promised } of moments)
    for (const loss of POWER_LOSSES) {
      const left = ModelDisk.after(moment, loss);
      const size = await remembered(left);
      expect(size, `${operation}, ${loss.contents}, ${loss.names}`).toBeGreaterThanOrEqual(promised);
      expect([0, ...SIZES]).toContain(size);
      if (size < 8) older++;
    }
  expect(older).toBeGreaterThan(100);
});
