import { beforeEach, describe, expect, it } from 'vitest';
import { concatBytes, fromHex, utf8 } from '../../src/base/bytes.ts';
import type { Disk } from '../../src/base/ports.ts';
import { signCheckpoint } from '../../src/checkpoint/note-keys.ts';
import type { Signer } from '../../src/crypto/signer.ts';
import { createLogOn, type OpenOptions, openLogOn } from '../../src/log/lifecycle.ts';
import { memoryDisk } from '../../src/log/memory.ts';
import { canonicalEvent } from '../../src/receipt/canonical.ts';
import { recoveryEvent, rotationEvent, SHA256_OF_NOTHING } from '../../src/receipt/control.ts';
import { entryBytes } from '../../src/receipt/entry.ts';
import type { JsonObject } from '../../src/receipt/json.ts';
import { lineOf, parseReceipt, type Receipt } from '../../src/receipt/receipt.ts';
import { hashEntry, signEntry } from '../../src/receipt/seal.ts';
import { allBytes, linesOf, rederive, verdictOf } from './derive.ts';
import { checkNote, naiveRoot, notesOn } from './notes.ts';
import { codeOf, withoutCheckpoints } from './places.ts';
import { fastSigner, fastVerifier } from './signers.ts';

const own = fastSigner(1, 'ML-DSA-65');
const stranger = fastSigner(66, 'ML-DSA-65');
const { publicKey } = own;
const SEGMENT = 'segments/000000.jsonl';
const killed = { signer: own, verifier: fastVerifier, ...withoutCheckpoints };
const ordinary = (data: string): JsonObject => ({ type: 'custom', data });

/**
 * What a stranger can do who may write to the log folder while nobody has it open, and who knows the format, but has no key of the log:
 * every hash and link is made good again. Three entries are covered by a checkpoint, three stand behind it.
 */
describe('a stranger edits the folder of a log that signs batches', () => {
  let disk: Disk;
  let lines: Receipt[];
  beforeEach(async () => {
    disk = memoryDisk();
    const log = await createLogOn(disk, { origin: 'a.b/c', mode: 'batch', ...killed });
    for (const data of ['1', '2']) await log.append(ordinary(data));
    await log.append(ordinary('3'), { waitFor: 'signed' });
    for (const data of ['4', '5', '6']) await log.append(ordinary(data));
    lines = linesOf(await allBytes(log)).map(parseReceipt);
    await log.close();
  });

  async function set(path: string, bytes: Uint8Array): Promise<void> {
    if ((await disk.size(path)) !== null) await disk.remove(path);
    const file = await disk.create(path);
    await file.write(bytes);
    await file.close();
  }

  /** Write the log anew: each event in its place, hashes and links made good; lines as they were keep their signatures. */
  async function forge(
    events: readonly JsonObject[],
    by: (event: JsonObject) => readonly Signer[] = () => [],
  ): Promise<void> {
    let prev = '0'.repeat(64);
    const out: Uint8Array[] = [];
    for (const [seq, event] of events.entries()) {
      const was = lines[seq]?.entry ?? lines[0]!.entry;
      const frame = {
        id: was.id.replace(/.{4}$/, String(seq).padStart(4, '0')),
        log: was.log,
        prev,
        seq,
        time: was.time,
      };
      const kept = lines[seq] !== undefined && lines[seq].entry.event === event;
      const entry = entryBytes(canonicalEvent(event).bytes, kept ? { ...was, prev } : frame);
      prev = hashEntry(entry);
      out.push(lineOf(entry, prev, kept ? lines[seq]!.sigs : await signEntry(entry, by(event))));
    }
    await set(SEGMENT, concatBytes(...out));
  }

  const events = (): JsonObject[] => lines.map(({ entry }) => entry.event);
  const open = (options: OpenOptions = {}) => openLogOn(disk, { ...killed, ...options });

  /** Opening to write is refused, and nothing is signed or changed. */
  async function refused(): Promise<void> {
    const before = [await disk.read(SEGMENT, 0, 1e7), await notesOn(disk)];
    let signed = 0;
    const counting: Signer = {
      ...own,
      async sign(input) {
        signed++;
        return own.sign(input);
      },
    };
    expect(await codeOf(open({ signer: counting }))).toBe('LOG_DAMAGED');
    expect([await disk.read(SEGMENT, 0, 1e7), await notesOn(disk), signed]).toEqual([...before, 0]);
  }

  it('an edited entry behind the checkpoint is recovered for ever, never silently signed', async () => {
    const changed = events();
    changed[5] = ordinary('forged');
    await forge(changed);
    const log = await open();
    await log.append(ordinary('7'), { waitFor: 'signed' });
    expect((await log.get(7))?.receipt.entry.event).toMatchObject({ type: 'recovery', first_seq: 4, count: 3 });
    await log.close();
    // However often it is opened and covered after that, the entry that names them stays.
    const again = await open();
    await again.append(ordinary('8'), { waitFor: 'signed' });
    const verdict = await verdictOf(again, publicKey, fastVerifier);
    expect([verdict.verdict, verdict.counts.recovered, verdict.head.size]).toEqual(['valid', 3, 10]);
    expect([...(await notesOn(disk)).kept.keys()]).toEqual([4, 9, 10]);
    await again.close();
  });

  it('entries added, or taken away, behind the checkpoint: the same', async () => {
    await forge([...events(), ordinary('added')]);
    const log = await open();
    expect((await log.get(8))?.receipt.entry.event).toMatchObject({ type: 'recovery', first_seq: 4, count: 4 });
    await log.close();
    await forge(events().slice(0, 5));
    await (await open()).close();
    const receipts = await rederive(await disk.read(SEGMENT, 0, 1e7), [publicKey], fastVerifier);
    expect(receipts[5]!.entry.event).toMatchObject({ type: 'recovery', first_seq: 4, count: 1 });
  });

  it('an added entry with signatures of anybody is named, too', async () => {
    await forge([...events().slice(0, 4), ordinary('signed by a stranger')], () => [stranger]);
    const log = await open();
    expect((await log.get(5))?.receipt.entry.event).toMatchObject({ type: 'recovery', first_seq: 4, count: 1 });
    await log.close();
  });

  const keysOf = (...signers: readonly Signer[]) => signers.map((signer) => signer.publicKey);
  const nobody: readonly Signer[] = [];
  it.each([
    ['to keys of the stranger', rotationEvent({ mode: 'batch', keys: keysOf(stranger) }), [stranger]],
    ['to the same keys, each entry signed', rotationEvent({ mode: 'each', keys: keysOf(own) }), nobody],
    ['to both', rotationEvent({ mode: 'batch', keys: keysOf(own, stranger) }), [stranger]],
  ])('an inserted rotation %s does not come into force', async (_, rotation, by) => {
    for (const tail of [[], [ordinary('after')]]) {
      await forge([...events().slice(0, 5), rotation, ...tail], () => by);
      await refused();
    }
    // Nor where no checkpoint is left to stand behind.
    await disk.remove('checkpoint');
    for (const size of (await notesOn(disk)).kept.keys())
      await disk.remove(`checkpoints/${String(size).padStart(16, '0')}`);
    await refused();
  });

  it('an inserted recovery entry names nothing', async () => {
    const changed = events();
    changed[5] = ordinary('forged');
    await forge(changed);
    const hash = parseReceipt(linesOf(await disk.read(SEGMENT, 0, 1e7))[6]!).hash;
    const naming = recoveryEvent({
      firstSeq: 4,
      count: 3,
      lastHash: hash,
      tornBytes: 0,
      tornSha256: SHA256_OF_NOTHING,
    });
    for (const by of [nobody, [stranger]]) {
      await forge([...changed, naming], () => by);
      await refused();
    }
  });

  it('what the checkpoint covers cannot be changed or cut', async () => {
    for (const seq of [1, 2, 3]) {
      const changed = events();
      changed[seq] = ordinary('forged');
      await forge(changed);
      await refused();
    }
    await forge(events().slice(0, 3));
    await refused();
  });

  it('a checkpoint that the log did not sign is passed over', async () => {
    const { latest } = await notesOn(disk);
    const hashes = lines.map(({ hash }) => fromHex(hash));
    const root = fromHex(naiveRoot(lines.map(({ hash }) => hash)));
    const origin = lines[0]!.entry.log;
    const notes = [
      await signCheckpoint({ origin, size: 7, root }, [stranger]),
      await signCheckpoint({ origin: 'another/log', size: 7, root }, [own]),
      concatBytes(latest!.subarray(0, -20), utf8('AAAAAAAAAAAAAAAAAAA=\n').slice(-20)),
      utf8('rubbish'),
      new Uint8Array(2 ** 20 + 10).fill(0x41),
      new Uint8Array(0),
    ];
    expect(hashes.length).toBe(7);
    for (const note of notes) {
      await set('checkpoint', note);
      await set('checkpoints/0000000000000007', note);
      await forge(events());
      const log = await open();
      expect((await log.get(7))?.receipt.entry.event).toMatchObject({ type: 'recovery', first_seq: 4, count: 3 });
      // And the log's own is put back.
      expect(await log.latestCheckpoint()).toEqual(latest);
      await log.close();
    }
  });

  it('an older checkpoint put back is not the newest that counts', async () => {
    const log = await open();
    const { latest: older } = await notesOn(disk);
    await log.append(ordinary('7'), { waitFor: 'signed' });
    const { latest } = await notesOn(disk);
    lines = linesOf(await allBytes(log)).map(parseReceipt);
    await log.close();
    await set('checkpoint', older!);
    const again = await open();
    expect([again.head().size, await again.latestCheckpoint()]).toEqual([9, latest]);
    await again.close();
    await set('checkpoint', older!);
    const changed = events();
    changed[5] = ordinary('forged');
    await forge(changed);
    await refused();
  });

  it('one that is gone is put back from among all; where all are gone, everything is named', async () => {
    const { latest } = await notesOn(disk);
    await disk.remove('checkpoint');
    const log = await open();
    expect([await log.latestCheckpoint(), (await log.get(7))?.receipt.entry.event.first_seq]).toEqual([latest, 4]);
    await log.close();
    await disk.remove('checkpoints/0000000000000004');
    await (await open()).close();
    expect([...(await notesOn(disk)).kept.keys()]).toEqual([4]);
    await disk.remove('checkpoint');
    await disk.remove('checkpoints/0000000000000004');
    await forge(events().slice(0, 7));
    const again = await open();
    expect((await again.get(7))?.receipt.entry.event).toMatchObject({ type: 'recovery', first_seq: 1, count: 6 });
    await again.checkpoint();
    expect(await checkNote((await again.latestCheckpoint())!, [publicKey], fastVerifier)).toMatchObject({ size: 8 });
    await again.close();
  });

  it('a log that is opened without a verifier is not written to', async () => {
    expect(await codeOf(openLogOn(disk, { signer: own }))).toBe('TypeError');
    await (await open()).close();
  });
});

describe('a stranger edits the folder of a log that signs each entry', () => {
  it('a checkpoint is only made of what the log signed', async () => {
    const disk = memoryDisk();
    const writer = { signer: own, verifier: fastVerifier };
    const log = await createLogOn(disk, { origin: 'a.b/c', ...writer });
    for (const data of ['1', '2', '3']) await log.append(ordinary(data));
    const bytes = await allBytes(log);
    await log.close();
    const last = parseReceipt(linesOf(bytes)[3]!);
    const { event, ...frame } = last.entry;
    const entry = entryBytes(canonicalEvent(ordinary('forged')).bytes, frame);
    expect(event).toEqual(ordinary('3'));
    const forged = lineOf(entry, hashEntry(entry), await signEntry(entry, [stranger]));
    await disk.remove(SEGMENT);
    const file = await disk.create(SEGMENT);
    await file.write(concatBytes(bytes.subarray(0, bytes.lastIndexOf(0x0a, -2) + 1), forged));
    const again = await openLogOn(disk, writer);
    await again.append(ordinary('4'));
    expect(await codeOf(again.checkpoint())).toBe('LOG_DAMAGED');
    expect(await again.latestCheckpoint()).toBe(null);
    expect(await codeOf(again.append(ordinary('5')))).toBe('LOG_CLOSED');
    await again.close();
  });
});
