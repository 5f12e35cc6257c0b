import { describe, expect, it } from 'vitest';
import { type GateRequest, readPolicy } from '../../src/gate/index.ts';
import { memberOf } from '../../src/gate/state.ts';
import type { Json } from '../../src/receipt/json.ts';
import { hasShared, sharedFile } from '../shared.ts';
import { Rig } from './rig.ts';

interface Call {
  readonly session: string;
  readonly agent: string;
  readonly tool: string;
  readonly args: Json;
  readonly result: string;
}

const POLICY = `version: 1
default: deny
rules:
  - { id: airline, effect: allow, tools_except: ["transfer_to_human_agents", "book_*"] }
  - { id: bookings, effect: allow, tools: ["book_reservation"], args: { /payment_methods/0/amount: { max: 300 } } }
`;

describe.skipIf(!hasShared)('1,164 real agent calls as sequences through a gate', () => {
  it('refuses what was injected, each for its reason, and nothing else; over restarts', async () => {
    const calls = sharedFile('data/agent-tool-calls.jsonl')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Call);
    expect(calls).toHaveLength(1164);
    const policy = readPolicy(POLICY);
    const isAllowed = ({ agent, tool, args }: Call): boolean =>
      policy.explain({ agent, tool, params: args as never }).answer.effect === 'allow';
    const steps = new Map<string, number>();
    for (const call of calls.filter(isAllowed)) steps.set(call.session, (steps.get(call.session) ?? 0) + 1);
    const done = new Map<string, number>();
    const rig = await Rig.start({ policy });
    const expected = new Map<string, number>();
    const expectOne = (code: string): void => {
      expected.set(code, (expected.get(code) ?? 0) + 1);
    };
    let malformed = 0;
    let repeated = 0;
    let executions = 0;

    const inject = async (kind: number, { call, request }: { call: Call; request: GateRequest }): Promise<void> => {
      const step = (done.get(call.session) ?? 0) + 1;
      const fresh = rig.request(call.tool, { ...request, nonce: rig.request().nonce });
      const at = (ms: number) => ({ ...fresh, requested_at: new Date(rig.clock.ms + ms).toISOString() });
      // A sequence that is over has no next step: these are asked outside of it.
      const { sequence: _sequence, step: _step, of: _of, ...alone } = at(0);
      const refusal = [
        [{ ...alone, nonce: request.nonce, action: { ...request.action, target: 'elsewhere' } }, 'REPLAY_NONCE'],
        [{ ...alone, requested_at: at(-300_001).requested_at }, 'STALE_TIMESTAMP'],
        [{ ...alone, requested_at: at(300_001).requested_at }, 'STALE_TIMESTAMP'],
        [{ ...at(0), step: step + 1, of: step + 1 }, 'SEQUENCE_VIOLATION'],
        [JSON.stringify(fresh).replace('"agent":', '"agent":"admin","agent":'), 'MALFORMED_REQUEST'],
        [request, 'ALLOW'],
      ] as const;
      const [asked, code] = refusal[kind % refusal.length]!;
      const decided = await rig.gate.decide(asked);
      expect([kind % refusal.length, decided.code, decided.repeated]).toEqual([
        kind % refusal.length,
        code,
        code === 'ALLOW',
      ]);
      if (code === 'MALFORMED_REQUEST') malformed++;
      else if (code === 'ALLOW') repeated++;
      else expectOne(code);
    };

    for (const [i, call] of calls.entries()) {
      if (i % 291 === 290) {
        await rig.gate.close();
        await rig.restart();
      }
      rig.clock.ms += 40;
      const { session, agent, tool, args } = call;
      const of = steps.get(session) ?? 1;
      const step = Math.min(of, (done.get(session) ?? 0) + 1);
      const place = { session, sequence: session, step, of };
      const request = rig.request(tool, { agent, ...place, action: { tool, params: args } });
      const run = rig.gate.run(request, () => {
        executions++;
        if (call.result.startsWith('Error:')) throw new Error(call.result);
        return call.result;
      });
      if (!isAllowed(call)) {
        await expect(run).rejects.toMatchObject({ code: 'GATE_REFUSED' });
        expectOne('POLICY_VIOLATION');
        continue;
      }
      if (call.result.startsWith('Error:')) await expect(run).rejects.toThrow(call.result);
      else expect(await run).toBe(call.result);
      expectOne('ALLOW');
      done.set(session, step);
      if (i % 10 === 0) await inject(i / 10, { call, request });
    }
    await rig.gate.close();

    const counted = new Map<string, number>();
    const outcomes = { executed: 0, failed: 0 };
    let counters = 0;
    for (const { type, policy: said, outcome, data } of await rig.events()) {
      if (type === 'decision') {
        const code = String(memberOf(said, 'code'));
        counted.set(code, (counted.get(code) ?? 0) + 1);
      } else if (type === 'outcome') outcomes[memberOf(outcome, 'status') as 'executed' | 'failed']++;
      else if (type === 'anomaly') counters += Number(memberOf(memberOf(data, 'gate'), 'malformed'));
    }
    expect(counted).toEqual(expected);
    expect(Math.min(...expected.values(), malformed, repeated)).toBeGreaterThan(10);
    expect(outcomes.executed + outcomes.failed).toBe(expected.get('ALLOW'));
    expect([executions, counters, outcomes.failed > 10]).toEqual([expected.get('ALLOW'), malformed, true]);
    expect(await rig.verdict()).toBe('valid');
  });
});
