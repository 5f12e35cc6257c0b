import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { concatBytes } from '../../src/base/bytes.ts';
import type { ReceiptError } from '../../src/base/errors.ts';
import { MAX_GROUP_BYTES } from '../../src/base/limits.ts';
import { nobleSha256Hex } from '../../src/crypto/hash.ts';
import type { Log } from '../../src/log/log.ts';
import { closeEvent, SHA256_OF_NOTHING } from '../../src/receipt/control.ts';
import type { Receipt } from '../../src/receipt/receipt.ts';
import { allBytes, linesOf, rederive, sameBytes, verdictOf } from './derive.ts';
import { asWriter, codeOf, PLACES, type Place } from './places.ts';
import { fastSigner, fastVerifier } from './signers.ts';

const { publicKey } = fastSigner();
const FIRST = 'segments/000000.jsonl';

/** To write, and leave like a process that was killed: without a checkpoint. */
const uncovering = { ...asWriter, checkpointOnClose: false };

describe.each(PLACES)('%s: recovery', (_name, make) => {
  let place: Place;
  beforeEach(() => {
    place = make();
  });
  afterEach(() => place.dispose());

  async function filled(mode: 'each' | 'batch', count: number, segmentBytes?: number): Promise<Uint8Array> {
    const options = { mode, checkpointOnClose: false };
    const log = await place.create(segmentBytes === undefined ? options : { ...options, segmentBytes });
    for (let n = 1; n <= count; n++) await log.append({ type: 'custom', data: n });
    const bytes = await allBytes(log);
    await log.close();
    return bytes;
  }

  async function setFile(path: string, bytes: Uint8Array): Promise<void> {
    if ((await place.disk.size(path)) !== null) await place.disk.remove(path);
    const file = await place.disk.create(path);
    await file.write(bytes);
    await file.close();
  }

  const receiptsOf = async (log: Log): Promise<Receipt[]> => rederive(await allBytes(log), [publicKey], fastVerifier);
  const recoveries = (receipts: readonly Receipt[]) =>
    receipts.map(({ entry }) => entry.event).filter(({ type }) => type === 'recovery');

  /** Reopen, append, close; everything must then hold together. */
  async function reopened(): Promise<{ receipts: Receipt[]; files: string[] }> {
    const log = await place.open(asWriter);
    await log.append({ type: 'custom', data: 'after' });
    const receipts = await receiptsOf(log);
    const verdict = await verdictOf(log, publicKey, fastVerifier);
    expect([verdict.verdict, verdict.head.size]).toEqual(['valid', receipts.length]);
    await log.close();
    return { receipts, files: await place.disk.list('torn') };
  }

  it('each: opening a log that was closed in order adds nothing and changes nothing', async () => {
    const before = await filled('each', 3);
    const log = await place.open(asWriter);
    expect(log.head().size).toBe(4);
    expect(await allBytes(log)).toEqual(before);
    await log.close();
    expect(await place.disk.list('torn')).toEqual([]);
  });

  it('cut after every 7th byte of the last two lines: nothing whole is lost, torn bytes are kept and named', async () => {
    const bytes = await filled('each', 4);
    const lines = linesOf(bytes);
    const from = bytes.length - lines[3]!.length - lines[4]!.length - 2;
    for (let cut = from; cut <= bytes.length; cut += 7) {
      const kept = bytes.subarray(0, cut);
      for (const name of await place.disk.list('torn')) await place.disk.remove(`torn/${name}`);
      await setFile(FIRST, kept);
      const whole = linesOf(concatBytes(kept.subarray(0, kept.lastIndexOf(0x0a) + 1))).length;
      const torn = kept.subarray(kept.lastIndexOf(0x0a) + 1);
      const { receipts, files } = await reopened();
      if (torn.length === 0) {
        expect([receipts.length, files]).toEqual([whole + 1, []]);
        continue;
      }
      const sha = nobleSha256Hex(torn);
      expect(files).toEqual([`${sha}.bin`]);
      expect(await place.disk.read(`torn/${sha}.bin`, 0, 1e6)).toEqual(torn);
      expect(recoveries(receipts)).toMatchObject([
        { first_seq: whole, count: 0, torn_bytes: torn.length, torn_sha256: sha },
      ]);
      expect(receipts[whole]!.entry.event.type).toBe('recovery');
    }
  });

  it('a last line that lacks only its LF is kept when its signatures hold, else set aside', async () => {
    const bytes = await filled('each', 3);
    const cut = bytes.subarray(0, -1);
    await setFile(FIRST, cut);
    const { receipts, files } = await reopened();
    expect([receipts.length, recoveries(receipts), files]).toEqual([5, [], []]);

    const forged = cut.slice();
    const at = forged.length - 10; // a character of the signature
    forged[at] = forged[at] === 0x41 ? 0x42 : 0x41;
    await setFile(FIRST, forged);
    const refused = await reopened();
    expect(refused.receipts.map(({ entry }) => entry.event.type)).toEqual([
      'genesis',
      'custom',
      'custom',
      'recovery',
      'custom',
    ]);
    expect(refused.files.length).toBe(1);

    // Without a verifier nobody can tell: it was never acknowledged, so it may go.
    await setFile(FIRST, cut);
    const log = await place.open({ signer: fastSigner() });
    expect(recoveries(await receiptsOf(log)).length).toBe(1);
    await log.close();
  });

  it('batch: an uncovered tail is named once, an ordinary line without LF with it, and only new ones after that', async () => {
    const bytes = await filled('batch', 3);
    await setFile(FIRST, bytes.subarray(0, -1));
    const log = await place.open(uncovering);
    const first = await receiptsOf(log);
    expect(recoveries(first)).toMatchObject([
      { first_seq: 1, count: 3, torn_bytes: 0, torn_sha256: SHA256_OF_NOTHING },
    ]);
    await log.close();
    const again = await place.open(uncovering);
    expect(await receiptsOf(again)).toEqual(first);
    await again.append({ type: 'custom' });
    await again.append({
      type: 'erasure',
      seq: 1,
      hash: first[1]!.hash,
      member: 'params',
      reason: 'r',
      authority: 'a',
    });
    await again.append({ type: 'custom' });
    await again.close();
    const last = await place.open(uncovering);
    expect(recoveries(await receiptsOf(last)).slice(1)).toMatchObject([{ first_seq: 5, count: 3, torn_bytes: 0 }]);
    const verdict = await verdictOf(last, publicKey, fastVerifier);
    expect([verdict.verdict, verdict.counts.recovered]).toEqual(['valid', 6]);
    await last.close();
  });

  it('batch: a log of signed entries only owes no recovery entry', async () => {
    const before = await filled('batch', 0);
    const log = await place.open(asWriter);
    expect(await allBytes(log)).toEqual(before);
    await log.close();
  });

  it('batch: uncovered and torn in one recovery entry', async () => {
    const bytes = await filled('batch', 4);
    await setFile(FIRST, bytes.subarray(0, -20));
    const { receipts, files } = await reopened();
    expect(recoveries(receipts)).toMatchObject([{ first_seq: 1, count: 3, torn_sha256: files[0]!.slice(0, 64) }]);
  });

  it('a hole of zeros in the last group takes the good lines behind it along, and keeps all of it', async () => {
    const bytes = await filled('each', 5);
    const holed = bytes.slice();
    const second = linesOf(bytes)
      .slice(0, 2)
      .reduce((sum, line) => sum + line.length + 1, 0);
    holed.fill(0, second + 5, second + 60);
    await setFile(FIRST, holed);
    const { receipts, files } = await reopened();
    expect(receipts.map(({ entry }) => entry.event.type)).toEqual(['genesis', 'custom', 'recovery', 'custom']);
    expect(await place.disk.read(`torn/${files[0]}`, 0, 1e6)).toEqual(holed.subarray(second));
  });

  it('refuses to go on behind damage, changes nothing, and says where', async () => {
    const bytes = await filled('each', 4);
    const lines = linesOf(bytes);
    const third = lines.slice(0, 3).reduce((sum, line) => sum + line.length + 1, 0);
    const changed = bytes.slice();
    changed[third + 30] = changed[third + 30]! ^ 1;
    const cases: [string, Uint8Array, number][] = [
      ['a changed line', changed, third],
      ['a line taken out', concatBytes(bytes.subarray(0, third), bytes.subarray(third + lines[3]!.length + 1)), third],
      ['rubbish with an LF', concatBytes(bytes, new TextEncoder().encode('rubbish\n')), bytes.length],
      ['a hole larger than a group', concatBytes(bytes, new Uint8Array(MAX_GROUP_BYTES + 1)), bytes.length],
    ];
    for (const [what, damaged, byte] of cases) {
      await setFile(FIRST, damaged);
      const error = (await place.open(asWriter).catch((cause: unknown) => cause)) as ReceiptError;
      expect([what, error.code, error.at]).toEqual([what, 'LOG_DAMAGED', `${FIRST} byte ${byte}`]);
      expect(error.next).toContain('perdure verify');
      expect(sameBytes(await place.disk.read(FIRST, 0, 1e7), damaged)).toBe(true);
      expect(await place.disk.list('torn')).toEqual([]);
      // The lock is free again, and reading still works.
      await (await place.open()).close();
    }
  });

  it('an empty last segment, or one whose first group was torn, continues the one before', async () => {
    await filled('each', 3, 600);
    const names = await place.disk.list('segments');
    expect(names.length).toBeGreaterThan(1);
    const next = `segments/00000${names.length}.jsonl`;
    await setFile(next, new Uint8Array(0));
    expect((await reopened()).receipts.length).toBe(5);
    const torn = new TextEncoder().encode('{"entry":{"event":{');
    await setFile(`segments/00000${names.length + 1}.jsonl`, torn);
    const { receipts, files } = await reopened();
    expect(recoveries(receipts)).toMatchObject([{ torn_bytes: torn.length }]);
    expect(files).toEqual([`${nobleSha256Hex(torn)}.bin`]);
  });

  it('a full segment that does not end with a whole line, or is gone, is damage', async () => {
    await filled('each', 4, 600);
    const names = await place.disk.list('segments');
    await place.disk.truncate(`segments/${names.at(-1)}`, 0);
    const path = `segments/${names.at(-2)}`;
    await setFile(`segments/${names.at(-1)}`, new TextEncoder().encode('{"entry"'));
    const size = (await place.disk.size(path))!;
    await place.disk.truncate(path, size - 3);
    expect(await codeOf(place.open(asWriter))).toBe('LOG_DAMAGED');
    await place.disk.remove(path);
    expect(await codeOf(place.open(asWriter))).toBe('LOG_DAMAGED');
  });

  it('after a close entry nothing is appended: bytes behind it stay where they are', async () => {
    const log = await place.create();
    await log.append(closeEvent({ scope: 'log' }));
    const bytes = await allBytes(log);
    await log.close();
    const behind = concatBytes(bytes, new TextEncoder().encode('{"entry":'));
    await setFile(FIRST, behind);
    const again = await place.open(asWriter);
    expect(await codeOf(again.append({ type: 'custom' }))).toBe('LOG_CLOSED');
    await again.close();
    expect(await place.disk.read(FIRST, 0, 1e6)).toEqual(behind);
    // The close entry itself, lacking its LF, is finished.
    await setFile(FIRST, bytes.subarray(0, -1));
    await (await place.open(asWriter)).close();
    expect(await place.disk.read(FIRST, 0, 1e6)).toEqual(bytes);
  });

  it('an interrupted init is no log: opening says so, init starts over and keeps the bytes', async () => {
    const log = await place.create();
    const bytes = await allBytes(log);
    await log.close();
    for (const cut of [0, 1, 100, bytes.length - 2]) {
      await setFile(FIRST, bytes.subarray(0, cut));
      const error = (await place.open(asWriter).catch((cause: unknown) => cause)) as ReceiptError;
      expect(error.code).toBe('LOG_DAMAGED');
      expect(error.next.join()).toContain('init again');
      await (await place.create()).close();
      if (cut > 0) expect(await place.disk.list('torn')).toContain(`${nobleSha256Hex(bytes.subarray(0, cut))}.bin`);
      await (await place.open(asWriter)).close();
    }
    expect(await codeOf(place.create())).toBe('LOG_EXISTS');
    // Whole but for its LF, the genesis entry counts once it is finished.
    await setFile(FIRST, bytes.subarray(0, -1));
    await place.disk.remove('log.json');
    await place.create().then((fresh) => fresh.close());
    expect((await place.open()).head().size).toBe(1);
  });

  it('tells apart what is no log and what says something else', async () => {
    expect(await codeOf(place.open())).toBe('LOG_NOT_FOUND');
    expect(await codeOf(place.open(asWriter))).toBe('LOG_NOT_FOUND');
    await filled('each', 1);
    for (const text of ['', '{}', '{"schema":"perdure/log/v1","origin":"../x","mode":"each"}', '[1]', '\u0000']) {
      await setFile('log.json', new TextEncoder().encode(text));
      expect(await codeOf(place.open())).toBe('LOG_DAMAGED');
    }
    await setFile(
      'log.json',
      new TextEncoder().encode('{"schema":"perdure/log/v1","origin":"another/log","mode":"each"}'),
    );
    expect(await codeOf(place.open(asWriter))).toBe('LOG_DAMAGED');
    expect(await codeOf(place.create({ origin: 'no spaces' }))).toBe('ORIGIN_INVALID');
    expect(await codeOf(place.create({ origin: 'a'.repeat(188) }))).toBe('ORIGIN_INVALID');
    expect(await codeOf(place.create({ signers: [] }))).toBe('RangeError');
    expect(await codeOf(place.create({ signers: [fastSigner(), fastSigner()] }))).toBe('RangeError');
  });

  it('the same bytes torn twice are named twice', async () => {
    await filled('each', 1);
    const torn = new TextEncoder().encode('{');
    for (let round = 1; round <= 3; round++) {
      const now = await place.disk.read(FIRST, 0, 1e6);
      await setFile(FIRST, concatBytes(now, torn));
      const { receipts, files } = await reopened();
      expect([recoveries(receipts).length, files]).toEqual([round, [`${nobleSha256Hex(torn)}.bin`]]);
    }
  });
});
