import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createNobleSigner } from '../../src/crypto/engine-noble-sign.ts';
import { nobleVerifier } from '../../src/crypto/engine-noble-verify.ts';
import { keyFromSeed } from '../../src/crypto/keys.ts';
import type { Signer } from '../../src/crypto/signer.ts';
import { canonicalEvent } from '../../src/receipt/canonical.ts';
import { closeEvent, SHA256_OF_NOTHING } from '../../src/receipt/control.ts';
import { ZERO_HASH } from '../../src/receipt/entry.ts';
import type { JsonObject } from '../../src/receipt/json.ts';
import { allBytes, rederive, verdictOf } from './derive.ts';
import { asWriter, codeOf, type Deferred, deferred, PLACES, type Place, pause } from './places.ts';
import { ed25519Signer, ed25519Verifier, fastSigner, fastVerifier } from './signers.ts';

const { publicKey } = fastSigner();
const event = (n: number): JsonObject => ({ type: 'custom', data: { n } });

describe.each(PLACES)('%s: append', (_name, make) => {
  let place: Place;
  beforeEach(() => {
    place = make();
  });
  afterEach(() => place.dispose());

  it('begins with a genesis entry that names mode, suite and keys, under an origin that is never used twice', async () => {
    const log = await place.create();
    expect(log.origin).toMatch(/^example\.com\/test\/[0-9a-f]{12}$/);
    expect(log.mode).toBe('each');
    expect(log.readonly).toBe(false);
    const genesis = (await log.get(0))!.receipt;
    expect(genesis.entry).toMatchObject({ seq: 0, prev: ZERO_HASH, log: log.origin, v: 1 });
    expect(genesis.entry.event).toMatchObject({ type: 'genesis', mode: 'each', suite: ['Ed25519'] });
    expect(genesis.entry.event.random).toMatch(/^[0-9a-f]{64}$/);
    expect(genesis.sigs.map(({ kid }) => kid)).toEqual([publicKey.kid]);
    expect(log.head()).toEqual({ size: 1, hash: genesis.hash });
    await log.close();
  });

  it('chains in call order and acknowledges with the receipt that stands in the log', async () => {
    const log = await place.create();
    const appended = await Promise.all([1, 2, 3, 4, 5].map((n) => log.append(event(n))));
    expect(appended.map(({ receipt }) => receipt.entry.seq)).toEqual([1, 2, 3, 4, 5]);
    expect(appended.map(({ receipt }) => receipt.entry.event)).toEqual([1, 2, 3, 4, 5].map(event));
    expect(appended.every(({ signed }) => signed)).toBe(true);
    const stored = await rederive(await allBytes(log), [publicKey], fastVerifier);
    expect(stored.slice(1)).toEqual(appended.map(({ receipt }) => receipt));
    expect(log.head()).toEqual({ size: 6, hash: stored[5]!.hash });
    expect((await verdictOf(log, publicKey, fastVerifier)).verdict).toBe('valid');
    await log.close();
  });

  it('200 appenders at once make one chain: each entry once, each appender in its own order', async () => {
    const log = await place.create({ segmentBytes: 40_000 });
    const appenders = Array.from({ length: 200 }, async (_, who) => {
      const seqs: number[] = [];
      for (let n = 0; n < 5; n++) seqs.push((await log.append({ type: 'custom', data: { who, n } })).receipt.entry.seq);
      return seqs;
    });
    const seqs = await Promise.all(appenders);
    const receipts = await rederive(await allBytes(log), [publicKey], fastVerifier);
    expect(receipts.length).toBe(1 + 200 * 5);
    expect(new Set(seqs.flat()).size).toBe(1000);
    seqs.forEach((own, who) => {
      expect(own).toEqual([...own].sort((a, b) => a - b));
      own.forEach((seq, n) => {
        expect(receipts[seq]!.entry.event).toEqual({ type: 'custom', data: { who, n } });
      });
    });
    expect((await log.segments()).length).toBeGreaterThan(3);
    expect((await verdictOf(log, publicKey, fastVerifier)).verdict).toBe('valid');
    await log.close();
  });

  it('reads the event at once: a later change of the object changes nothing', async () => {
    const log = await place.create();
    const data = { n: 1 };
    const appending = log.append({ type: 'custom', data });
    data.n = 2;
    expect((await appending).receipt.entry.event).toEqual({ type: 'custom', data: { n: 1 } });
    const made = canonicalEvent({ type: 'custom', data: { n: 3 } });
    expect((await log.append(made)).receipt.entry.event).toEqual({ type: 'custom', data: { n: 3 } });
    // A plain object that looks like a made event is an event, not a way around the guard.
    const fake = { type: 'custom', bytes: 'x', event: {} };
    expect((await log.append(fake)).receipt.entry.event).toEqual(fake);
    expect(await codeOf(log.append({ type: 'custom', data: undefined } as unknown as JsonObject))).toBe(
      'NOT_REPRESENTABLE',
    );
    expect((await rederive(await allBytes(log))).length).toBe(4);
    await log.close();
  });

  it('takes the time when an entry is linked, also from a clock that goes backwards', async () => {
    const times = [5_000, 4_000, 9_000, 1_000].map((ms) => 1_700_000_000_000 + ms);
    let at = 0;
    const log = await place.create({ clock: { nowMs: () => times[Math.min(at++, 3)]! } });
    for (let n = 0; n < 3; n++) await log.append(event(n));
    const receipts = await rederive(await allBytes(log), [publicKey], fastVerifier);
    expect(receipts.map(({ entry }) => Date.parse(entry.time))).toEqual(times);
    const verdict = await verdictOf(log, publicKey, fastVerifier);
    expect(verdict.verdict).toBe('valid');
    expect(verdict.notes.filter(({ code }) => code === 'CLOCK_BACKWARDS')).toMatchObject([{ count: 2 }]);
    await log.close();
  });

  it('refuses a clock that `time` cannot say, and goes on when it is right again', async () => {
    let now = 1_700_000_000_000;
    const log = await place.create({ clock: { nowMs: () => now } });
    for (const bad of [-1, 253_402_300_800_000, Number.NaN]) {
      now = bad;
      expect(await codeOf(log.append(event(1)))).toBe('RangeError');
    }
    now = 1_700_000_000_001;
    await log.append(event(2));
    expect((await rederive(await allBytes(log))).length).toBe(2);
    await log.close();
  });

  it('writes genesis, recovery and rotation itself and takes them from nobody', async () => {
    const log = await place.create();
    for (const type of ['genesis', 'recovery', 'rotation'])
      expect(await codeOf(log.append({ type }))).toBe('EVENT_SCHEMA');
    expect(log.head().size).toBe(1);
    await log.close();
  });

  it('refuses a control event that verification would refuse, before anything is written', async () => {
    const log = await place.create();
    const erasure = {
      type: 'erasure',
      seq: 0,
      hash: SHA256_OF_NOTHING,
      member: 'params',
      reason: 'asked',
      authority: 'dpo',
    };
    for (const bad of [
      { ...erasure, seq: 1 }, // its own place, not an earlier one
      { ...erasure, extra: 1 },
      { type: 'close', scope: 'everything' },
      { type: 'close', scope: 'log', sequence: 's' },
      { type: 'anchor', checkpoint: 'no note' },
    ]) {
      expect(await codeOf(log.append(bad))).toBe('EVENT_SCHEMA');
    }
    await log.append(erasure);
    const verdict = await verdictOf(log, publicKey, fastVerifier);
    expect([verdict.verdict, verdict.head.size]).toEqual(['valid', 2]);
    await log.close();
  });

  it('ends with a close entry of the log, not with one of a sequence; also after reopening', async () => {
    const log = await place.create();
    await log.append(closeEvent({ scope: 'sequence', sequence: 's1' }));
    const closing = log.append(closeEvent({ scope: 'log' }));
    // Refused at once, although the close entry is not on disk yet.
    expect(await codeOf(log.append(event(1)))).toBe('LOG_CLOSED');
    await closing;
    expect(await codeOf(log.append(event(1)))).toBe('LOG_CLOSED');
    await log.close();
    const again = await place.open(asWriter);
    expect(again.head().size).toBe(3);
    expect(await codeOf(again.append(event(1)))).toBe('LOG_CLOSED');
    expect((await verdictOf(again, publicKey, fastVerifier)).tail.status).toBe('complete');
    await again.close();
  });

  it('refuses an entry above 65,535 bytes before anything is written, and takes one of exactly that', async () => {
    const log = await place.create();
    const entry = (await log.append({ type: 'custom', data: '' })).receipt;
    const frame = new TextEncoder().encode(JSON.stringify(entry.entry)).length;
    const before = await allBytes(log);
    expect(await codeOf(log.append({ type: 'custom', data: 'x'.repeat(65_536 - frame) }))).toBe('ENTRY_TOO_LARGE');
    expect(await codeOf(log.append({ type: 'custom', data: 'x'.repeat(10_000_000) }))).toBe('ENTRY_TOO_LARGE');
    expect(await allBytes(log)).toEqual(before);
    expect((await log.append({ type: 'custom', data: 'x'.repeat(65_535 - frame) })).receipt.entry.seq).toBe(2);
    expect((await verdictOf(log, publicKey, fastVerifier)).verdict).toBe('valid');
    await log.close();
  });

  it('batch: ordinary entries carry no signature and say so; control entries are signed by themselves', async () => {
    const log = await place.create({ mode: 'batch' });
    const ordinary = await log.append(event(1));
    expect(ordinary.signed).toBe(false);
    expect(ordinary.receipt.sigs).toEqual([]);
    expect(await log.latestCheckpoint()).toBe(null);
    const erasure = {
      type: 'erasure',
      seq: 1,
      hash: ordinary.receipt.hash,
      member: 'result',
      reason: 'asked',
      authority: 'dpo',
    };
    expect((await log.append(erasure, { waitFor: 'signed' })).signed).toBe(true);
    // It needed no checkpoint for that.
    expect(await log.latestCheckpoint()).toBe(null);
    expect((await rederive(await allBytes(log), [publicKey], fastVerifier)).map(({ sigs }) => sigs.length)).toEqual([
      1, 0, 1,
    ]);
    const verdict = await verdictOf(log, publicKey, fastVerifier);
    expect([verdict.verdict, verdict.counts.unsigned_tail]).toEqual(['valid', 1]);
    await log.close();
  });

  it('several signers: each entry carries a signature by every key, ascending by kid', async () => {
    const signers = [ed25519Signer(1), ed25519Signer(2), ed25519Signer(3)];
    const log = await place.create({ signers });
    await log.append(event(1));
    const keys = signers.map((signer) => signer.publicKey);
    const receipts = await rederive(await allBytes(log), keys, ed25519Verifier);
    for (const { sigs } of receipts) expect(sigs.map(({ kid }) => kid)).toEqual(keys.map(({ kid }) => kid).sort());
    await log.close();
    expect(await codeOf(place.open({ signers: signers.slice(1) }))).toBe('KEY_UNSUITABLE');
    expect(await codeOf(place.open({ signers: [...signers, ed25519Signer(4)] }))).toBe('KEY_UNSUITABLE');
    expect(await codeOf(place.open({ signers: [] }))).toBe('KEY_UNSUITABLE');
    await (await place.open({ signers: [...signers].reverse() })).close();
  });

  it('ML-DSA-65 beside Ed25519, judged by the reference engine', async () => {
    const keys = [
      keyFromSeed('ML-DSA-65', new Uint8Array(32).fill(7)),
      keyFromSeed('Ed25519', new Uint8Array(32).fill(8)),
    ];
    const log = await place.create({ signers: keys.map((key) => createNobleSigner(key)) });
    await Promise.all([1, 2].map((n) => log.append(event(n))));
    const receipts = await rederive(
      await allBytes(log),
      keys.map((key) => key.publicKey),
      nobleVerifier,
    );
    expect(receipts.length).toBe(3);
    const verdict = await verdictOf(log, keys[0]!.publicKey, nobleVerifier);
    expect([verdict.verdict, verdict.signatures.by_alg]).toEqual(['valid', { Ed25519: 3, 'ML-DSA-65': 3 }]);
    await log.close();
  });
});

describe.each(PLACES)('%s: signing', (_name, make) => {
  let place: Place;
  beforeEach(() => {
    place = make();
  });
  afterEach(() => place.dispose());

  /** Signs as fastSigner does, but when told to, and fails when told to. */
  function steeredSigner() {
    const inner = fastSigner();
    const waiting: Deferred[] = [];
    let held = false;
    const signer: Signer = {
      publicKey: inner.publicKey,
      engine: 'external',
      async sign(input) {
        if (held) {
          const gate = deferred();
          waiting.push(gate);
          await gate.promise;
        }
        return inner.sign(input);
      },
    };
    return { signer, waiting, hold: (value: boolean) => (held = value) };
  }

  it('signs in parallel, writes in order, acknowledges nothing before its turn', async () => {
    const { signer, waiting, hold } = steeredSigner();
    const log = await place.create({ signer });
    hold(true);
    const done: number[] = [];
    const appends = [1, 2, 3].map((n) => log.append(event(n)).then(({ receipt }) => done.push(receipt.entry.seq)));
    expect(waiting.length).toBe(3);
    waiting[2]!.resolve();
    waiting[1]!.resolve();
    await pause(20);
    expect(done).toEqual([]);
    expect(log.head().size).toBe(1);
    expect((await rederive(await allBytes(log))).length).toBe(1);
    waiting[0]!.resolve();
    await Promise.all(appends);
    expect(done).toEqual([1, 2, 3]);
    await log.close();
  });

  it('when signing k fails, k and all later unwritten entries fail, the head returns to k − 1, and the log goes on', async () => {
    const { signer, waiting, hold } = steeredSigner();
    const log = await place.create({ signer });
    hold(true);
    const appends = [1, 2, 3, 4].map((n) => log.append(event(n)));
    const codes = Promise.all(appends.map(codeOf));
    waiting[3]!.resolve();
    await pause(5);
    waiting[1]!.reject(new Error('the key is gone'));
    await pause(5);
    hold(false);
    const next = log.append(event(5));
    waiting[0]!.resolve();
    waiting[2]!.resolve();
    expect(await codes).toEqual(['no error', 'SIGN_FAILED', 'SIGN_FAILED', 'SIGN_FAILED']);
    expect((await next).receipt.entry).toMatchObject({ seq: 2, event: event(5) });
    expect(
      (await rederive(await allBytes(log), [publicKey], fastVerifier)).map(({ entry }) => entry.event.data),
    ).toEqual([undefined, { n: 1 }, { n: 5 }]);
    await log.close();
  });

  it('a close entry that cannot be signed does not end the log', async () => {
    const { signer, waiting, hold } = steeredSigner();
    const log = await place.create({ signer });
    hold(true);
    const closing = codeOf(log.append(closeEvent({ scope: 'log' })));
    waiting[0]!.reject(new Error('no'));
    expect(await closing).toBe('SIGN_FAILED');
    hold(false);
    await log.append(event(1));
    await log.close();
  });

  it('refuses a signature of another width, and says nothing of the key', async () => {
    const inner = fastSigner();
    const signer: Signer = { ...inner, sign: async () => new Uint8Array(63) };
    const error = await place.create({ signer }).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'SIGN_FAILED', expected: '64 bytes', found: '63 bytes' });
    // Nothing was there to see: init can start over.
    await (await place.create()).close();
  });

  it('close waits for what was appended, then refuses', async () => {
    const { signer, waiting, hold } = steeredSigner();
    const log = await place.create({ signer });
    hold(true);
    const append = log.append(event(1));
    const closing = log.close();
    expect(await codeOf(log.append(event(2)))).toBe('LOG_CLOSED');
    waiting[0]!.resolve();
    expect((await append).receipt.entry.seq).toBe(1);
    await closing;
    await log.close();
    expect(await codeOf(log.append(event(2)))).toBe('LOG_CLOSED');
    expect(await codeOf(log.putPayload('0'.repeat(64), new Uint8Array(32), new Uint8Array(1)))).toBe('LOG_CLOSED');
    expect((await log.get(1))!.receipt.entry.event).toEqual(event(1));
  });

  it('back-pressure: appends beyond the bound wait for room, in order, and none is lost', async () => {
    const { signer, waiting, hold } = steeredSigner();
    const log = await place.create({ signer, inFlight: { entries: 4, waiting: 10 } });
    hold(true);
    const appends = Array.from({ length: 14 }, (_, n) => log.append(event(n)));
    expect(waiting.length).toBe(4);
    expect(await codeOf(log.append(event(99)))).toBe('BACKPRESSURE');
    const closing = log.close();
    for (let n = 0; n < 14; n++) {
      while (waiting[n] === undefined) await pause(1);
      expect(waiting.length).toBeLessThanOrEqual(n + 4);
      waiting[n]!.resolve();
    }
    const receipts = (await Promise.all(appends)).map(({ receipt }) => receipt);
    expect(receipts.map(({ entry }) => entry.event)).toEqual(Array.from({ length: 14 }, (_, n) => event(n)));
    await closing;
  });

  it('back-pressure by bytes', async () => {
    const { signer, waiting, hold } = steeredSigner();
    const log = await place.create({ signer, inFlight: { bytes: 20_000 } });
    hold(true);
    const appends = [1, 2, 3].map(() => log.append({ type: 'custom', data: 'x'.repeat(15_000) }));
    expect(waiting.length).toBe(2);
    hold(false);
    for (const gate of waiting) gate.resolve();
    await Promise.all(appends);
    await log.close();
  });
});
