import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shortCall } from '../../bench/events.ts';
import { concatBytes, utf8 } from '../../src/base/bytes.ts';
import { nobleVerifier } from '../../src/crypto/engine-noble-verify.ts';
import { sha256Hex } from '../../src/crypto/hash.ts';
import { rotationEvent } from '../../src/receipt/control.ts';
import type { Source, VerifyOptions } from '../../src/verify/source.ts';
import { trustKeys } from '../../src/verify/trust.ts';
import type { Verdict } from '../../src/verify/verdict.ts';
import { verifyWith } from '../../src/verify/verify.ts';
import { fixedKey, LogBuilder } from '../../vectors/build.ts';

/*
 * Ordinary lines of an unsigned log are read a short way, and only when no time window is asked for. A window that holds all of time
 * changes no verdict, so with it and without it every log must get the same one.
 */

const key = fixedKey('one', 'Ed25519');
const options: VerifyOptions = {
  trust: trustKeys([{ name: 'one', key: key.publicKey }]),
  allowUnsignedTail: true,
  allowClassical: true,
  maxProblems: 7,
};

async function verdictOf(bytes: Uint8Array, more: Partial<VerifyOptions>): Promise<Omit<Verdict, 'run'>> {
  const source: Source = { kind: 'log', name: 'log', chunks: () => [bytes.slice()] };
  const { run: _, ...verdict } = await verifyWith(
    source,
    { ...options, ...more },
    { verifier: nobleVerifier, sha256Hex },
  );
  return verdict;
}

async function bothWays(bytes: Uint8Array, more: Partial<VerifyOptions> = {}): Promise<Omit<Verdict, 'run'>> {
  const short = await verdictOf(bytes, more);
  expect(short).toEqual(await verdictOf(bytes, { ...more, notBefore: '1970-01-01T00:00:00.000Z' }));
  return short;
}

function makeLines(): readonly Uint8Array[] {
  const log = new LogBuilder([key]).genesis('batch');
  const by = { by: [] };
  for (let n = 0; n < 12; n++) log.add(shortCall(n), by);
  log
    .add({ type: 'tool_call', sequence: 'q' }, by)
    .add({ type: 'outcome', sequence: 'q' }, by)
    .add({ type: 'mine' }, by);
  log.add(rotationEvent({ mode: 'batch', keys: [key.publicKey] }));
  for (let n = 12; n < 24; n++) log.add(shortCall(n), by);
  return log.lines;
}
const lines = makeLines();

test('an unsigned log is valid either way', async () => {
  const { verdict, counts } = await bothWays(concatBytes(...lines));
  expect([verdict, counts.valid]).toEqual(['valid', lines.length]);
});

test('a changed event is found either way', async () => {
  const text = new TextDecoder().decode(concatBytes(...lines)).replace('"target":"README.md"', '"target":"README.mb"');
  const { problems } = await bothWays(utf8(text));
  expect(problems.map(({ code }) => code)).toEqual(['HASH_MISMATCH']);
});

test('a changed event, wherever it stands in a group of lines that are read together', async () => {
  const log = new LogBuilder([key]).genesis('batch');
  for (let n = 0; n < 140; n++) log.add(shortCall(n), { by: [] });
  for (let i = 1; i < log.lines.length; i++) {
    const changed = [...log.lines];
    changed[i] = utf8(new TextDecoder().decode(changed[i]).replace('"session":"s-0"', '"session":"s-1"'));
    const { problems, counts } = await bothWays(concatBytes(...changed));
    expect(problems.map(({ code, line, seq }) => [code, line, seq])).toEqual([['HASH_MISMATCH', i + 1, i]]);
    expect(counts).toMatchObject({ lines: 141, valid: 140, invalid: 1 });
  }
});

test('a pin is compared either way', async () => {
  const bytes = concatBytes(...lines);
  const { head } = await verdictOf(bytes, {});
  const pinned = await bothWays(bytes, { expect: { head: { size: head.size, hash: head.hash! } } });
  expect(pinned.tail.status).toBe('complete');
  const other = await bothWays(bytes, { expect: { head: { size: head.size - 3, hash: 'ab'.repeat(32) } } });
  expect(other.tail.status).toBe('forked');
});

test.each(['1', '2'])('lines of the other version among unsigned ones, in a log of version %s', async (v) => {
  const log = new LogBuilder([key]).genesis('batch', { v });
  for (const other of ['1', '1', '2', '2', '1', '1', '2']) log.add(shortCall(1), { by: [], v: other });
  const { problems, verdict } = await bothWays(log.bytes());
  expect(verdict).toBe('invalid');
  const mixed = problems.filter(({ code }) => code === 'VERSION_MIXED').map(({ line }) => line);
  expect(mixed).toEqual(v === '1' ? [4, 5, 8] : [2, 3, 6, 7]);
});

test('whatever is done to the lines, both ways give one verdict', async () => {
  const step = fc.record({
    how: fc.constantFrom('drop', 'swap', 'repeat', 'byte', 'byte', 'byte', 'cut', 'version'),
    line: fc.nat(100),
    at: fc.nat(700),
    byte: fc.oneof(fc.integer({ min: 0x20, max: 0x7e }), fc.nat(255)),
  });
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 4 }), async (steps) => {
      const changed = [...lines];
      for (const { how, line, at, byte } of steps) {
        const i = line % changed.length;
        const bytes = changed[i]!;
        if (how === 'drop' && changed.length > 1) changed.splice(i, 1);
        else if (how === 'swap') changed.push(...changed.splice(i, 1));
        else if (how === 'repeat') changed.splice(i, 0, bytes);
        else if (how === 'cut') changed[i] = bytes.subarray(0, at % bytes.length);
        else if (how === 'byte' && bytes.length > 0) changed[i] = bytes.with(at % bytes.length, byte);
        else if (how === 'version') {
          const text = new TextDecoder('latin1').decode(bytes);
          changed[i] = Uint8Array.from(text.replace(/"v":\d+}/, `"v":${1 + (byte % 2)}}`), (c) => c.charCodeAt(0));
        }
      }
      const { problems } = await bothWays(concatBytes(...changed));
      for (const { code } of problems) seen.add(code);
    }),
    { numRuns: 400 },
  );
  expect(seen.size).toBeGreaterThan(5);
});
