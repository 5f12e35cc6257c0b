import { describe, expect, test } from 'vitest';
import { nobleVerifier } from '../../src/crypto/engine-noble-verify.ts';
import { sha256Hex } from '../../src/crypto/hash.ts';
import { rotationEvent } from '../../src/receipt/control.ts';
import { trustKeys } from '../../src/verify/trust.ts';
import { fixedKey, LogBuilder } from '../../vectors/build.ts';
import { edited, rawBytes, rawText, withLine } from '../../vectors/edit.ts';
import { readKit } from './kit.ts';
import { verifyOnce } from './run-kit.ts';

const { bytes: every } = readKit('receipts').cases.find(({ name }) => name === 'event-every-member')!;

const ed = fixedKey('ed', 'Ed25519');
const engines = { verifier: nobleVerifier, sha256Hex };
const options = { trust: trustKeys([{ key: ed.publicKey }]), allowClassical: true };
const problems = async (bytes: Uint8Array): Promise<string[]> =>
  (await verifyOnce(bytes, options, engines)).problems.map(({ code, line }) => `${code}@${line}`);

describe('trap: an entry hash that leaves fields out (decision, rule, trace id)', () => {
  const lines = rawText(every).split(/(?<=\n)/);
  const entry = lines[1]!.slice(0, lines[1]!.indexOf(',"hash":'));

  test('every value of an event with every member, and of its frame, changed: found by hash and by signature', async () => {
    // The end of every string, and every digit that is not the only one: changes that keep the grammar.
    const places = [...entry.matchAll(/[a-z]"(?=[,}\]])|\d(?=\d"?[,}\]])/g)].filter(
      ({ index }) => !/"(?:time|id|prev|log)":"[^"]*$/.test(entry.slice(0, index)),
    );
    expect(places.length).toBeGreaterThan(25);
    for (const { index } of places) {
      const old = entry[index]!;
      const other = /\d/.test(old) ? (old === '1' ? '2' : '1') : old === 'a' ? 'b' : 'a';
      const changed = entry.slice(0, index) + other + lines[1]!.slice(index + 1);
      const found = await problems(rawBytes(lines[0] + changed + lines[2]));
      expect(found, entry.slice(index - 20, index + 5)).toEqual(['HASH_MISMATCH@2', 'SIGNATURE_INVALID@2']);
    }
  });

  test.each(['id', 'time', 'prev', 'seq', 'log'])('the %s of the frame', async (member) => {
    const changed = lines[1]!.replace(new RegExp(`(?<="${member}":"?)[^",]+`), (value) =>
      member === 'time' ? value.replace('20:34', '20:35') : value.replace(/\d(?!.*\d)/, (d) => (d === '1' ? '2' : '1')),
    );
    expect(changed).not.toBe(lines[1]);
    expect(await problems(rawBytes(lines[0] + changed + lines[2]))).toEqual(
      expect.arrayContaining(['HASH_MISMATCH@2', 'SIGNATURE_INVALID@2']),
    );
  });
});

describe('trap: a rotation that restarts the chain, a verifier that reads only the newest part', () => {
  test('zero prev after a rotation', async () => {
    const log = new LogBuilder([ed]).genesis().add(rotationEvent({ mode: 'each', keys: [ed.publicKey] }));
    log.calls(1, { frame: { prev: '0'.repeat(64) } });
    expect(await problems(log.bytes())).toEqual(['GENESIS_RULE@3', 'CHAIN_BROKEN@3']);
  });
  test('what stood before the rotation is judged', async () => {
    const log = new LogBuilder([ed])
      .genesis()
      .calls(2)
      .add(rotationEvent({ mode: 'each', keys: [ed.publicKey] }))
      .calls(1);
    const changed = withLine(log.lines, 2, (line) => rawText(edited(rawBytes(line), 'build-bot', 'built-bot')));
    expect(await problems(Uint8Array.from(Buffer.concat([...changed])))).toEqual([
      'HASH_MISMATCH@2',
      'SIGNATURE_INVALID@2',
    ]);
  });
});
