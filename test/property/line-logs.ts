import { rotationEvent } from '../../src/receipt/control.ts';
import type { VerifyOptions } from '../../src/verify/source.ts';
import { trustKeys } from '../../src/verify/trust.ts';
import { call, fixedKey, LogBuilder } from '../../vectors/build.ts';

/*
 * Logs as a line verifier meets them: ordinary lines by the dozen, signed and not, and between them each thing that it must leave to
 * the caller or say something about.
 */

const [alice, bob, carol] = ['alice', 'bob', 'carol'].map((name) => fixedKey(name)) as [Key, Key, Key];
const ed = fixedKey('ed', 'Ed25519');
type Key = ReturnType<typeof fixedKey>;

/** Events: good ones, ones that deserve a note, ones with what only the long way reads. */
const EVENTS: readonly object[] = [
  {
    type: 'tool_call',
    agent: 'build-bot',
    sequence: 'q',
    step: 1,
    action: { tool: 'fs.read', target: '/tmp/é\u2028\u{1f600}' },
  },
  {
    type: 'outcome',
    sequence: 'q',
    outcome: { status: 'executed', rows: 3, result_commit: 'ab'.repeat(32) },
    duration_ms: 0.5,
  },
  { type: 'mine', sequence: 'q"\n', anything: [1, 2, { a: null }] },
  { type: 'decision', effect: 'perhaps' },
  { agent: 'no type at all' },
  { type: 'custom', data: { é: 1, 'a\\b': 2, n: 1e21, m: 1e-7, deep: [[[[{}]]]] } },
  { type: 'custom', data: 'x'.repeat(300) },
  {
    type: 'approval',
    nonce: '01990f3a-5bc7-4d89-8e0f-a1b2c3d4e5f6',
    requested_at: '2026-11-20T20:34:00.123Z',
    redacted: 2,
  },
  {
    type: 'llm_request',
    model: 'm',
    tokens_in: 12,
    tool_calls: [{ tool: 't' }, { id: 'i', tool: 't' }],
    prompt_commit: 'cd'.repeat(32),
  },
];

function fill(log: LogBuilder, events: readonly object[], by?: readonly Key[]): LogBuilder {
  const change = by === undefined ? {} : { by };
  for (const event of events) log.add(event, change).add(call(log.size), change).add(call(log.size), change);
  // A clock that goes back, and one that stands still.
  log.add(call(log.size), { ...change, frame: { time: '2026-11-20T20:33:59.000Z' } });
  log.add(call(log.size), { ...change, frame: { time: '2026-11-20T20:33:59.000Z' } });
  return log.calls(3, change);
}

export interface LineLog {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly options: VerifyOptions;
}

/** Built once: signatures take their time. */
export function lineLogs(): LineLog[] {
  const made = (name: string, log: LogBuilder, options: Partial<VerifyOptions> = {}): LineLog => {
    const trust = trustKeys([{ key: alice.publicKey }, { name: 'carol', key: carol.publicKey }]);
    return { name, bytes: log.bytes(), options: { trust, allowUnsignedTail: true, maxProblems: 5, ...options } };
  };
  const unsigned = fill(new LogBuilder([alice], 'example.com/a/0').genesis('batch'), EVENTS, []);
  const some = fill(new LogBuilder([alice], 'example.com/b/0').genesis('batch').calls(2), EVENTS.slice(0, 3), []).calls(
    3,
  );
  const each = fill(new LogBuilder([alice], 'example.com/c/0').genesis(), EVENTS.slice(0, 4));
  const two = new LogBuilder([alice, bob], 'example.com/d/0').genesis().calls(4);
  two
    .add(call(two.size), { by: [alice] })
    .add(call(two.size), { by: [alice, bob, carol].sort(byKid) })
    .calls(3);
  const rotated = new LogBuilder([alice], 'example.com/e/0').genesis().calls(3);
  rotated.add(rotationEvent({ mode: 'each', keys: [bob.publicKey] }), { by: [alice, bob].sort(byKid) });
  rotated.keys = [bob];
  rotated
    .calls(4)
    .calls(2, { by: [alice] })
    .calls(2, { by: [ed, bob].sort(byKid) })
    .calls(2);
  const hybrid = new LogBuilder([alice, ed], 'example.com/f/0').genesis().calls(4);
  const head = { size: unsigned.size - 4, hash: 'ab'.repeat(32) };
  return [
    made('unsigned', unsigned),
    made('unsigned, pinned', unsigned, { expect: { head } }),
    made('unsigned, window', unsigned, { notBefore: '2026-11-20T20:34:00.000Z', notAfter: '2026-11-20T20:34:20.000Z' }),
    made('some signed', some),
    made('each', each),
    made('each, kid pinned', each, { trust: trustKeys([{ key: alice.publicKey.kid }]) }),
    made('each, by nobody known', each, { trust: trustKeys([]) }),
    made('two keys', two),
    made('rotated', rotated),
    made('hybrid', hybrid),
  ];
}

function byKid(a: Key, b: Key): number {
  return a.publicKey.kid < b.publicKey.kid ? -1 : 1;
}
