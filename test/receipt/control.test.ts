import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalText } from '../../src/receipt/canonical.ts';
import {
  CONTROL_TYPES,
  closeEvent,
  genesisEvent,
  isControlType,
  isIndividuallySigned,
  judgeControl,
  recoveryEvent,
  requirementOf,
  rotationEvent,
  SHA256_OF_NOTHING,
} from '../../src/receipt/control.ts';
import type { Json, JsonObject } from '../../src/receipt/json.ts';
import { fixedKey } from '../../vectors/build.ts';
import { NOTE } from '../../vectors/tampered-control.ts';

const [ed, eve] = [fixedKey('ed', 'Ed25519').publicKey, fixedKey('eve', 'Ed25519').publicKey];
const alice = fixedKey('alice').publicKey;
const HASH = 'ab'.repeat(32);
const frame = { seq: 3, prev: HASH };
const recovery = { firstSeq: 1, count: 2, lastHash: HASH, tornBytes: 0, tornSha256: SHA256_OF_NOTHING };
const continues = { origin: 'example.com/before', genesis: HASH, size: 41, root: HASH };

/** One good event of each kind, and what it means. */
const good: [string, JsonObject, object][] = [
  [
    'genesis',
    genesisEvent({ random: new Uint8Array(32), mode: 'batch', keys: [ed, alice] }),
    { recovered: 0, closes: null },
  ],
  ['genesis that continues', genesisEvent({ random: new Uint8Array(32), mode: 'each', keys: [ed], continues }), {}],
  ['rotation', rotationEvent({ mode: 'each', keys: [eve, ed] }), { closes: null }],
  ['close', closeEvent({ scope: 'log' }), { closes: 'log', requirement: null }],
  ['close of a sequence', closeEvent({ scope: 'sequence', sequence: 'q' }), { closes: 'sequence' }],
  ['recovery', recoveryEvent(recovery), { recovered: 2, requirement: null }],
  ['recovery of torn bytes', recoveryEvent({ ...recovery, tornBytes: 9, tornSha256: HASH }), { recovered: 2 }],
  [
    'erasure',
    { type: 'erasure', seq: 2, hash: HASH, member: 'error', reason: 'r', authority: 'a' },
    { requirement: null },
  ],
  ['anchor', { type: 'anchor', checkpoint: NOTE }, { closes: null }],
];

describe('control events', () => {
  test.each(good)('%s', (_, event, means) => {
    expect(judgeControl(event, frame)).toMatchObject({ ok: true, ...means });
  });

  test('every kind is there', () => {
    expect(new Set(good.map(([, event]) => event.type))).toEqual(new Set(CONTROL_TYPES));
  });

  test('a requirement comes back as it was given', () => {
    const judged = judgeControl(good[0]![1], frame);
    const { mode, suite, keys } = judged.ok ? judged.requirement! : never();
    expect([mode, suite, keys.map(({ kid }) => kid)]).toEqual([
      'batch',
      ['Ed25519', 'ML-DSA-65'],
      [ed.kid, alice.kid].sort(),
    ]);
  });

  test.each(good)('%s: a member more, or one less, breaks it', (_, event) => {
    for (const name of ['data', '__proto__', '', 'continues', 'sequence', 'random', 'toString']) {
      if (Object.hasOwn(event, name) || (name === 'continues' && event.type === 'genesis')) continue;
      const more = JSON.parse(canonicalText(event).replace('{', `{${JSON.stringify(name)}:1,`)) as JsonObject;
      expect(judgeControl(more, frame), name).toMatchObject({ ok: false, code: 'CONTROL_SCHEMA' });
    }
    for (const name of Object.keys(event)) {
      if (name === 'type' || name === 'continues') continue;
      const { [name]: _, ...less } = event;
      expect(judgeControl(less, frame), name).toMatchObject({ ok: false, code: 'CONTROL_SCHEMA' });
    }
  });

  test('any value anywhere: judged, never thrown at', () => {
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>,
      fc.constantFrom<Json>(HASH, 0, 3, 'q', '', [], {}, null, [null], 2 ** 53),
    );
    let broken = 0;
    fc.assert(
      fc.property(fc.constantFrom(...good), fc.nat(), value, ([, event], pick, other) => {
        const names = Object.keys(event).filter((name) => name !== 'type');
        const judged = judgeControl({ ...event, [names[pick % names.length]!]: other }, frame);
        if (!judged.ok) broken++;
      }),
      { numRuns: 2000 },
    );
    expect(broken).toBeGreaterThan(1000);
  });

  test('recovery is compared with the frame it stands in', () => {
    const judge = (event: JsonObject): unknown => judgeControl(event, frame);
    const mismatch = { ok: false, code: 'RECOVERY_MISMATCH' };
    expect(judge(recoveryEvent({ ...recovery, count: 1 }))).toMatchObject(mismatch);
    expect(judge(recoveryEvent({ ...recovery, lastHash: SHA256_OF_NOTHING }))).toMatchObject(mismatch);
    expect(judge(recoveryEvent({ ...recovery, tornSha256: HASH }))).toMatchObject(mismatch);
    expect(judgeControl(recoveryEvent(recovery), { ...frame, seq: 4 })).toMatchObject(mismatch);
  });

  test('which are signed one by one in every mode', () => {
    const individual = [...CONTROL_TYPES, 'tool_call', 'custom'].filter(isIndividuallySigned);
    expect(individual.sort()).toEqual(['close', 'erasure', 'genesis', 'recovery', 'rotation']);
    expect([
      isIndividuallySigned(null),
      isControlType(null),
      isControlType('tool_call'),
      isControlType('anchor'),
    ]).toEqual([false, false, false, true]);
  });

  test('a requirement of no key, nine keys or one key twice is a mistake of the caller', () => {
    const nine = Array.from({ length: 9 }, (_, i) => fixedKey(`many ${i}`, 'Ed25519').publicKey);
    for (const keys of [[], nine, [ed, ed]]) expect(() => requirementOf('each', keys)).toThrow(RangeError);
    expect(requirementOf('each', nine.slice(0, 8)).keys).toHaveLength(8);
  });
});

function never(): never {
  throw new Error('expected a requirement');
}
