import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { signRequest, wrap } from '../../src/gate/index.ts';
import { memberOf } from '../../src/gate/state.ts';
import { streamOf } from './calls.ts';
import { Rig, signerOf } from './rig.ts';

const codes = async (rig: Rig) =>
  (await rig.events())
    .filter(({ type }) => type === 'decision' || type === 'outcome')
    .map(({ type, policy, outcome }) => (type === 'decision' ? memberOf(policy, 'code') : memberOf(outcome, 'status')));

describe('wrap under a gate', () => {
  it('decides, runs, records; what is refused does not run', async () => {
    const rig = await Rig.start();
    const ran: string[] = [];
    const options = { gate: rig.gate, agent: 'a', clock: rig.clock } as const;
    const read = wrap((path: string) => `${ran.push(path)}`, { ...options, tool: 'read' });
    const drop = wrap(async (path: string) => `${ran.push(path)}`, { ...options, tool: 'drop' });
    expect(await read('x')).toBe('1');
    await expect(drop('y')).rejects.toMatchObject({ code: 'GATE_REFUSED', found: 'POLICY_VIOLATION' });
    const error = new Error('broken');
    const broken = wrap(() => Promise.reject(error), { ...options, tool: 'write' });
    await expect(broken().then(null, (reason) => reason === error)).resolves.toBe(true);
    expect(ran).toEqual(['x']);
    expect(await codes(rig)).toEqual(['ALLOW', 'executed', 'POLICY_VIOLATION', 'ALLOW', 'failed']);
    expect(await rig.verdict()).toBe('valid');
  });

  it('runs once for a nonce of the agent, and hands a retry what is on record; a signed request is its agent’s', async () => {
    const rig = await Rig.start();
    const signer = await signerOf(7);
    const nonce = randomUUID();
    let ran = 0;
    const options = {
      gate: rig.gate,
      agent: 'a',
      clock: rig.clock,
      tool: 'read',
      nonce: () => nonce,
      sign: (request: Parameters<typeof signRequest>[0]) => signRequest(request, signer),
    } as const;
    const read = wrap((path: string) => ({ path, ran: ++ran }), { ...options, sign: (request) => request as never });
    expect([await read('x'), await read('x')]).toEqual([
      { path: 'x', ran: 1 },
      { path: 'x', ran: 1 },
    ]);
    await expect(read('y')).rejects.toMatchObject({ found: 'REPLAY_NONCE' });
    expect(ran).toBe(1);
    const signed = wrap(() => 1, { ...options, nonce: randomUUID });
    expect(await signed()).toBe(1);
    const decided = (await rig.events()).filter(({ request }) => request !== undefined);
    expect(decided.map(({ type }) => type)).toEqual(['decision']);
    const items = wrap(
      function* () {
        yield ++ran;
        return 'end';
      },
      { ...options, nonce: () => '00000000-0000-4000-8000-000000000000', sign: (request) => request as never },
    );
    expect([await stepsOf(items()), await stepsOf(items()), ran]).toEqual([[2, 'end'], [2, 'end'], 2]);
  });

  it('decides before the first item, and records the outcome after the last', async () => {
    const rig = await Rig.start();
    const options = { gate: rig.gate, agent: 'a', clock: rig.clock } as const;
    let pulled = 0;
    async function* items(): AsyncGenerator<number, string> {
      yield ++pulled;
      yield ++pulled;
      return 'end';
    }
    const allowed = wrap(items, { ...options, tool: 'read' })();
    await expect(wrap(items, { ...options, tool: 'drop' })().next()).rejects.toMatchObject({ code: 'GATE_REFUSED' });
    expect([pulled, await codes(rig)]).toEqual([0, ['POLICY_VIOLATION']]);
    expect(await allowed.next()).toEqual({ done: false, value: 1 });
    expect(await codes(rig)).toEqual(['POLICY_VIOLATION', 'ALLOW']);
    expect(await allowed.return('stopped')).toEqual({ done: true, value: 'stopped' });
    expect(await codes(rig)).toEqual(['POLICY_VIOLATION', 'ALLOW', 'executed']);
    const error = new Error('half way');
    const failing = wrap(
      function* () {
        yield 1;
        throw error;
      },
      { ...options, tool: 'read' },
    )();
    await failing.next();
    await expect(failing.next().then(null, (reason) => reason === error)).resolves.toBe(true);
    const stream = await wrap(() => streamOf(1, 2), { ...options, tool: 'write' })();
    const reader = stream.getReader();
    while (!(await reader.read()).done) pulled++;
    expect((await codes(rig)).slice(3)).toEqual(['ALLOW', 'failed', 'ALLOW', 'executed']);
    expect([pulled, await rig.verdict()]).toEqual([3, 'valid']);
  });

  it('runs nothing on arguments that were changed after they were decided on', async () => {
    const rig = await Rig.start();
    const list = ['/srv/x'];
    let ran = 0;
    const read = wrap((_paths: string[]) => ++ran, { gate: rig.gate, agent: 'a', tool: 'read', clock: rig.clock });
    const call = read(list);
    list[0] = '/etc/shadow';
    await expect(call).rejects.toMatchObject({ code: 'GATE_REFUSED' });
    expect([ran, await codes(rig)]).toEqual([0, ['ALLOW', 'failed']]);
  });

  it('runs nothing where the gate cannot be asked', async () => {
    const rig = await Rig.start();
    let ran = 0;
    const options = { gate: rig.gate, agent: 'a', tool: 'read', clock: rig.clock } as const;
    const mapped = wrap(() => ++ran, {
      ...options,
      params: () => {
        throw new Error('mapper');
      },
    });
    await expect(mapped()).rejects.toThrow('mapper');
    await rig.gate.close();
    await expect(wrap(() => ++ran, options)()).rejects.toMatchObject({ code: 'GATE_DISARMED' });
    expect(ran).toBe(0);
  });
});

async function stepsOf(items: AsyncGenerator<unknown, unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for (;;) {
    const { done, value } = await items.next();
    all.push(value);
    if (done) return all;
  }
}
