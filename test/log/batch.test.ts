import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Signer } from '../../src/crypto/signer.ts';
import type { Log } from '../../src/log/log.ts';
import type { JsonObject } from '../../src/receipt/json.ts';
import { allBytes, rederive } from './derive.ts';
import { codeOf, PLACES, type Place } from './places.ts';
import { fastSigner, fastVerifier } from './signers.ts';

const event = (n: number): JsonObject => ({ type: 'custom', data: n });
const tooLarge: JsonObject = { type: 'custom', data: 'x'.repeat(70_000) };

describe.each(PLACES)('%s: appendBatch', (_name, make) => {
  let place: Place;
  beforeEach(() => {
    place = make();
  });
  afterEach(() => place.dispose());

  /** What the log holds, its genesis left out. */
  const dataIn = async (log: Log): Promise<unknown[]> =>
    (await rederive(await allBytes(log), [fastSigner().publicKey], fastVerifier))
      .slice(1)
      .map(({ entry }) => entry.event.data);

  it('records all, in order, between what is appended before and after', async () => {
    const log = await place.create({ inFlight: { entries: 4 } });
    const before = log.append(event(0));
    const batch = log.appendBatch(Array.from({ length: 20 }, (_, i) => event(1 + i)));
    await log.append(event(21));
    expect((await batch).map(({ receipt }) => receipt.entry.event.data)).toEqual(
      Array.from({ length: 20 }, (_, i) => 1 + i),
    );
    await before;
    expect(await dataIn(log)).toEqual(Array.from({ length: 22 }, (_, i) => i));
    expect(await log.appendBatch([])).toEqual([]);
    await log.close();
  });

  it('after one that is too large nothing of the batch is recorded, with room and without', async () => {
    for (const entries of [1, 2, 100]) {
      const log = await place.create({ inFlight: { entries } });
      const batch = codeOf(log.appendBatch([event(1), event(2), tooLarge, event(3), tooLarge, event(4)]));
      const after = log.append(event(5));
      expect(await batch).toBe('ENTRY_TOO_LARGE');
      expect((await after).receipt.entry.seq).toBe(3);
      expect(await dataIn(log)).toEqual([1, 2, 5]);
      await log.close();
      place.dispose();
      place = make();
    }
  });

  it('one that cannot be represented, or that only the log writes: nothing is written', async () => {
    const log = await place.create();
    const bad = { type: 'custom', data: undefined } as unknown as JsonObject;
    expect(await codeOf(log.appendBatch([event(1), bad]))).toBe('NOT_REPRESENTABLE');
    expect(await codeOf(log.appendBatch([event(1), { type: 'recovery' }]))).toBe('EVENT_SCHEMA');
    expect(await dataIn(log)).toEqual([]);
    await log.close();
  });

  it('where signing fails for one, those that still waited for room are not recorded either', async () => {
    const inner = fastSigner();
    let calls = 0;
    const signer: Signer = {
      ...inner,
      async sign(input) {
        // Genesis is the first.
        if (++calls === 4) throw new Error('the key is gone');
        return inner.sign(input);
      },
    };
    const log = await place.create({ signer, inFlight: { entries: 1 } });
    const batch = codeOf(log.appendBatch([1, 2, 3, 4, 5].map(event)));
    const after = log.append(event(6));
    expect(await batch).toBe('SIGN_FAILED');
    await after;
    expect(await dataIn(log)).toEqual([1, 2, 6]);
    await log.close();
  });
});
