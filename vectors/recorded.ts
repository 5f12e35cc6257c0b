import { concatBytes } from '../src/base/bytes.ts';
import type { Clock } from '../src/base/ports.ts';
import { createNobleSigner } from '../src/crypto/engine-noble-sign.ts';
import { createMemoryLog } from '../src/log/memory.ts';
import { createRecorder } from '../src/recorder.ts';
import { fixedRandom, START_MS } from './build.ts';
import { type Case, KEYS } from './case.ts';

/** A log as the write spine itself writes it, from the same fixed ports: what it writes must not move. */
export async function recordedLog(mode: 'each' | 'batch', payloads: 'keep' | 'inline'): Promise<Uint8Array> {
  let now = START_MS;
  const clock: Clock = {
    nowMs: () => {
      now += 250;
      return now;
    },
  };
  const random = fixedRandom(`recorded ${mode}`);
  const log = await createMemoryLog({
    origin: 'example.com/recorded',
    mode,
    signer: createNobleSigner(KEYS.alice, { deterministicForTests: true }),
    clock,
    random,
  });
  const recorder = createRecorder({ log, random, payloads });
  await recorder.record({
    type: 'tool_call',
    agent: 'build-bot',
    session: 's1',
    action: { tool: 'fs.read', params: { path: '/etc/hosts', authorization: 'Bearer of a secret' } },
    outcome: { status: 'executed', result: '127.0.0.1 localhost\n', rows: 1 },
    duration_ms: 1.5,
  });
  await recorder.record({
    type: 'tool_blocked',
    agent: 'build-bot',
    session: 's1',
    action: { tool: 'shell', params: ['rm', '-rf', '/'] },
    effect: 'deny',
    policy: { decision: 'deny', rule: 'no shell' },
    data: { '\u{1f600}': 1, '\uff61': 2, '10': 3, '9': 4 },
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of log.chunks()) chunks.push(chunk.slice());
  await log.close();
  return concatBytes(...chunks);
}

/** Logs that the write spine wrote. */
export async function recordedCases(): Promise<Case[]> {
  const about =
    'design 4: what the recorder writes, from fixed ports: committed payloads, redaction, names beyond ASCII';
  return [
    {
      name: 'recorded-each',
      about,
      bytes: await recordedLog('each', 'keep'),
      trust: ['alice'],
      expect: { signatures: [3, 3, 0, 0, 0] },
    },
    {
      name: 'recorded-batch',
      about,
      bytes: await recordedLog('batch', 'inline'),
      trust: ['alice'],
      options: { allow_unsigned_tail: true },
      expect: { notes: { '2-3': 'UNSIGNED_TAIL' }, signatures: [1, 1, 0, 0, 0] },
    },
  ];
}
