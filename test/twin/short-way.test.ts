import { describe, expect, test } from 'vitest';
import { concatBytes } from '../../src/base/bytes.ts';
import { nativeVerifier } from '../../src/crypto/engine-native-verify.ts';
import { sha256Hex } from '../../src/crypto/hash.ts';
import type { JsonObject } from '../../src/receipt/json.ts';
import { parseReceipt } from '../../src/receipt/receipt.ts';
import { trustKeys } from '../../src/verify/trust.ts';
import { call, fixedKey, LogBuilder } from '../../vectors/build.ts';
import { rawBytes, rawText } from '../../vectors/edit.ts';
import { Dice, MUTATIONS, mutate, seedOf } from '../property/mutate.ts';
import { readKit } from '../tamper/kit.ts';
import { remembering, verifyOnce, verifySplit } from '../tamper/run-kit.ts';

/*
 * Unsigned lines that are like the one before are read a short way; a line that is alone in its run never is. So one pass over a
 * log and the same lines summarised one by one are two ways to one answer.
 */

const ed = fixedKey('ed', 'Ed25519');
const engines = { verifier: remembering(nativeVerifier), sha256Hex };
const options = { trust: trustKeys([{ key: ed.publicKey }]), allowClassical: true, allowUnsignedTail: true };

/** Events of the kit that must be accepted. */
function kitEvents(): JsonObject[] {
  return readKit('receipts')
    .cases.filter(({ name }) => name.startsWith('event-') && name !== 'event-entry-65535')
    .map(
      ({ bytes }) =>
        parseReceipt(bytes.slice(bytes.indexOf(0x0a) + 1, bytes.indexOf(0x0a, bytes.indexOf(0x0a) + 1))).entry.event,
    );
}

const batch = (log?: string): LogBuilder => new LogBuilder([ed], log).genesis('batch').calls(2, { by: [] });

async function agree(bytes: Uint8Array, at: string): Promise<string> {
  const once = await verifyOnce(bytes, options, engines);
  for (const split of await verifySplit(bytes, options, engines)) {
    expect({ ...split, run: null }, at).toEqual({ ...once, run: null });
  }
  return once.verdict;
}

describe('unsigned lines, one by one and in a row', () => {
  test('every event of the kit after ordinary ones, and itself twice', async () => {
    const events = kitEvents();
    expect(events.length).toBeGreaterThan(15);
    const all = batch();
    for (const event of events) all.add(event, { by: [] }).add(event, { by: [] }).add(call(1), { by: [] });
    expect(await agree(all.bytes(), 'all')).toBe('valid');
  });

  test('every broken line of the kit after ordinary ones', async () => {
    const genuine = batch().calls(2, { by: [] }).lines;
    let count = 0;
    for (const { name, bytes, expected } of readKit('tampered').cases) {
      const [problem] = expected.problems;
      if (expected.problems.length !== 1 || problem?.line == null || bytes.length > 10_000) continue;
      const line = rawText(bytes).match(/[^\n]*\n|[^\n]+$/g)![problem.line - 1]!;
      const unsigned = line.replace(/"sigs":\[.*?\]/, '"sigs":[]');
      for (const one of [line, unsigned]) {
        const log = concatBytes(...genuine.slice(0, 3), rawBytes(one), ...genuine.slice(4));
        expect(await agree(log, name)).toBe('invalid');
        count++;
      }
    }
    expect(count).toBeGreaterThan(300);
  });

  test('3,000 mutations', { timeout: 180_000 }, async () => {
    const dice = new Dice(seedOf('mutations, unsigned lines'));
    const [first, other] = ['example.com/a/0', 'example.com/b/0'].map((origin) => {
      const log = batch(origin);
      for (const event of kitEvents().slice(0, 8)) log.add(event, { by: [] }).calls(1, { by: [] });
      return log.bytes();
    }) as [Uint8Array, Uint8Array];
    const verdicts = new Map<string, number>();
    for (let run = 0; run < 3000; run++) {
      const { how, bytes } = mutate(dice, first, other, MUTATIONS);
      const verdict = await agree(bytes, `seed ${dice.seed}, run ${run}: ${how}`);
      verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
    }
    expect(verdicts.get('invalid')).toBeGreaterThan(600);
  });
});
