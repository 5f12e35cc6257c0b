import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { asWriter, codeOf, folderPlace, PLACES, type Place } from './places.ts';

const salt = (n: number): Uint8Array => new Uint8Array(32).fill(n);
const commitment = (n: number): string => toHex(new Uint8Array(32).fill(n));

describe.each(PLACES)('%s: payloads', (_name, make) => {
  let place: Place;
  beforeEach(() => {
    place = make();
  });
  afterEach(() => place.dispose());

  it('keeps salt and payload under the commitment, also for later readers', async () => {
    const log = await place.create();
    const large = new Uint8Array(10_000_000).map((_, i) => i % 251);
    await Promise.all([
      log.putPayload(commitment(1), salt(1), new Uint8Array(0)),
      log.putPayload(commitment(2), salt(2), Uint8Array.of(1, 2, 3)),
      log.putPayload(commitment(3), salt(3), large),
    ]);
    await log.close();
    const reader = await place.open();
    expect(await reader.readPayload(commitment(1))).toEqual({ salt: salt(1), payload: new Uint8Array(0) });
    expect(await reader.readPayload(commitment(2))).toEqual({ salt: salt(2), payload: Uint8Array.of(1, 2, 3) });
    const kept = (await reader.readPayload(commitment(3)))!;
    expect(kept.salt).toEqual(salt(3));
    expect(Buffer.compare(kept.payload, large)).toBe(0);
    expect(await reader.readPayload(commitment(4))).toBeNull();
    expect(await codeOf(reader.putPayload(commitment(4), salt(4), large))).toBe('LOG_READ_ONLY');
  });

  it('replaces what a failed call left behind', async () => {
    const log = await place.create();
    await log.putPayload(commitment(1), salt(9), Uint8Array.of(9, 9));
    await log.putPayload(commitment(1), salt(1), Uint8Array.of(1));
    expect(await log.readPayload(commitment(1))).toEqual({ salt: salt(1), payload: Uint8Array.of(1) });
    await log.close();
  });

  it('reads salt and payload at the call: a later change of the arrays changes nothing', async () => {
    const log = await place.create();
    const [own, bytes] = [salt(1), Uint8Array.of(1, 2, 3)];
    const keeping = log.putPayload(commitment(1), own, bytes);
    own.fill(9);
    bytes.fill(9);
    await keeping;
    expect(await log.readPayload(commitment(1))).toEqual({ salt: salt(1), payload: Uint8Array.of(1, 2, 3) });
    await log.close();
  });

  it('refuses other names and salts: a commitment is part of a path', async () => {
    const log = await place.create();
    for (const bad of ['', 'A'.repeat(64), `../${'a'.repeat(61)}`, 'a'.repeat(63)]) {
      expect(await codeOf(log.putPayload(bad, salt(1), salt(1)))).toBe('RangeError');
      expect(await codeOf(log.readPayload(bad))).toBe('RangeError');
    }
    expect(await codeOf(log.putPayload(commitment(1), new Uint8Array(31), salt(1)))).toBe('RangeError');
    expect(await place.disk.list('payloads')).toEqual([]);
    await log.close();
  });
});

describe('disk log: payload files', () => {
  it('stand at payloads/<2 hex>/<commitment>, for their owner only', async () => {
    const place = folderPlace();
    await (await place.create()).close();
    const log = await place.open(asWriter);
    await log.putPayload(commitment(0xab), salt(1), Uint8Array.of(7));
    await log.close();
    const file = join(place.dir, 'payloads', 'ab', commitment(0xab));
    expect(statSync(file).size).toBe(33);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(place.dir, 'payloads')).mode & 0o777).toBe(0o700);
    expect(statSync(join(place.dir, 'segments', '000000.jsonl')).mode & 0o777).toBe(0o600);
    expect(statSync(place.dir).mode & 0o777).toBe(0o700);
    // A file too short to hold a salt is no payload.
    await place.disk.truncate(`payloads/ab/${commitment(0xab)}`, 31);
    expect(await codeOf(log.readPayload(commitment(0xab)))).toBe('PAYLOAD_MISMATCH');
    place.dispose();
  });
});
