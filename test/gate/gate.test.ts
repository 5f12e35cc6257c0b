import { describe, expect, it } from 'vitest';
import { signRequest, signStatement } from '../../src/gate/index.ts';
import { memberOf } from '../../src/gate/state.ts';
import { closeEvent } from '../../src/receipt/control.ts';
import { Rig, secretKey, signerOf } from './rig.ts';
import { tablePolicy } from './table-policy.ts';

describe('decide', () => {
  it('allows, refuses, halts and flags by the policy, and records each before it answers', async () => {
    const rig = await Rig.start();
    const codes = await rig.ask(
      rig.request('read'),
      rig.request('delete'),
      rig.request('watch'),
      rig.request('odd'),
      rig.request('trap', { sequence: 's' }),
      rig.request('read', { sequence: 's' }),
    );
    expect(codes).toEqual([
      'ALLOW ALLOW',
      'DENY POLICY_VIOLATION',
      'ALLOW ALLOW',
      'DENY POLICY_VIOLATION',
      'HALT POLICY_VIOLATION',
      'HALT SEALED_SEQUENCE',
    ]);
    const decisions = (await rig.events()).filter(({ type }) => type === 'decision');
    expect(decisions.map(({ effect, policy }) => [effect, memberOf(policy, 'rule')])).toEqual([
      ['allow', 'rule-read'],
      ['deny', 'default'],
      ['audit', 'rule-watch'],
      ['quarantine', 'rule-odd'],
      ['deny', 'rule-trap'],
      ['deny', 'rule-read'],
    ]);
    expect(JSON.stringify(decisions)).not.toContain('/srv/x');
  });

  it('answers a retry with the first receipt, another request with its nonce never, also after a restart', async () => {
    const rig = await Rig.start();
    const request = rig.request('read', { labels: ['a', 'b'], role: 'dev' });
    const first = await rig.gate.decide(request);
    const again = await rig.gate.decide(request);
    expect([again.repeated, again.receipt]).toEqual([true, first.receipt]);
    const other = { ...request, action: { tool: 'read', params: { path: '/etc' } } };
    expect(await rig.ask(other)).toEqual(['DENY REPLAY_NONCE']);
    await rig.restart();
    expect((await rig.gate.decide(request)).receipt).toEqual(first.receipt);
    expect(await rig.ask(request, other, { ...request, role: 'admin' }, { ...request, agent: 'other' })).toEqual([
      'ALLOW ALLOW again',
      'DENY REPLAY_NONCE',
      'DENY REPLAY_NONCE',
      'DENY REPLAY_NONCE',
    ]);
  });

  it('lets one of many equal requests at once be the first', async () => {
    const rig = await Rig.start();
    const request = rig.request();
    const answers = await Promise.all(Array.from({ length: 8 }, () => rig.gate.decide(request)));
    expect(answers.map(({ repeated }) => repeated)).toEqual([false, ...Array.from({ length: 7 }, () => true)]);
    expect(new Set(answers.map(({ receipt }) => receipt?.hash)).size).toBe(1);
  });

  it('refuses what is stale or from ahead, and remembers a nonce as long as it is fresh', async () => {
    const rig = await Rig.start();
    const at = (ms: number) => ({ requested_at: new Date(rig.clock.ms + ms).toISOString() });
    const old = rig.request('read', at(-300_001));
    const ahead = rig.request('read', at(300_001));
    const edge = rig.request('read', at(-300_000));
    expect(await rig.ask(old, ahead, edge, rig.request('read', at(86_400_001)))).toEqual([
      'DENY STALE_TIMESTAMP',
      'DENY STALE_TIMESTAMP',
      'ALLOW ALLOW',
      'DENY MALFORMED_REQUEST',
    ]);
    // From ahead, its nonce is spent until it could no longer pass as fresh.
    rig.clock.ms += 400_000;
    await rig.restart();
    expect(await rig.ask({ ...ahead, action: { tool: 'write' } })).toEqual(['DENY REPLAY_NONCE']);
    // The horizon does not go back with the clock.
    rig.clock.ms -= 400_000;
    expect(await rig.ask(rig.request('read', at(99_000)))).toEqual(['DENY STALE_TIMESTAMP']);
  });

  it('keeps the order of declared steps, and the close of a sequence, over a restart', async () => {
    const rig = await Rig.start();
    const step = (n: number, of = 3, tool = 'read') => rig.request(tool, { sequence: 's', step: n, of });
    expect(await rig.ask(step(2), step(1), step(1), step(2, 4), rig.request('read', { sequence: 's' }))).toEqual([
      'DENY SEQUENCE_VIOLATION',
      'ALLOW ALLOW',
      'DENY SEQUENCE_VIOLATION',
      'DENY SEQUENCE_VIOLATION',
      'DENY SEQUENCE_VIOLATION',
    ]);
    await rig.restart();
    expect(await rig.ask(step(3), step(2, 3, 'no'), step(2), step(3))).toEqual([
      'DENY SEQUENCE_VIOLATION',
      'DENY POLICY_VIOLATION',
      'ALLOW ALLOW',
      'ALLOW ALLOW',
    ]);
    await rig.log.append(closeEvent({ scope: 'sequence', sequence: 's' }));
    expect(await rig.ask(step(3))).toEqual(['DENY SEALED_SEQUENCE']);
    await rig.restart();
    expect(await rig.ask(rig.request('read', { sequence: 's' }))).toEqual(['DENY SEALED_SEQUENCE']);
  });

  it('counts malformed and untrusted requests instead of recording each', async () => {
    const rig = await Rig.start({ agents: { 'build-bot': null } });
    const request = rig.request();
    const text = JSON.stringify(request);
    const malformed = [
      text.replace('"agent":', '"agent":"x","agent":'),
      text.replace('{"log"', '{"extra":1,"log"'),
      text.replace('/srv/x"', '/srv/x","n":9007199254740993'),
      JSON.stringify({ ...request, nonce: request.nonce.toUpperCase() }),
      JSON.stringify({ ...request, nonce: undefined }),
      JSON.stringify({ ...request, requested_at: undefined }),
      JSON.stringify({ ...request, step: 1 }),
      JSON.stringify({ ...request, step: 4, of: 3, sequence: 's' }),
      `${'['.repeat(100)}${']'.repeat(100)}`,
      '',
    ];
    expect(new Set(await rig.ask(...malformed))).toEqual(new Set(['DENY MALFORMED_REQUEST']));
    expect(await rig.ask({ ...request, agent: 'stranger' }, { ...request, log: 'example.com/other' })).toEqual([
      'DENY UNTRUSTED',
      'DENY UNTRUSTED',
    ]);
    await rig.gate.close();
    const counted = (await rig.events()).filter(({ type }) => type === 'anomaly');
    const sum = (name: string) =>
      counted.reduce((total, { data }) => total + Number(memberOf(memberOf(data!, 'gate'), name)), 0);
    expect([counted.length <= 2, sum('malformed'), sum('untrusted')]).toEqual([true, malformed.length, 2]);
    // Nothing of them was spent.
    await rig.restart();
    expect(await rig.ask(text)).toEqual(['ALLOW ALLOW']);
  });

  it('limits rates over a restart', async () => {
    const rig = await Rig.start({ policy: tablePolicy({ read: 'allow' }, { perMinute: 2 }) });
    expect(await rig.ask(rig.request(), rig.request(), rig.request())).toEqual([
      'ALLOW ALLOW',
      'ALLOW ALLOW',
      'DENY RATE_LIMITED',
    ]);
    await rig.restart();
    expect(await rig.ask(rig.request(), rig.request('read', { agent: 'other' }))).toEqual([
      'DENY RATE_LIMITED',
      'ALLOW ALLOW',
    ]);
    rig.clock.ms += 60_001;
    expect(await rig.ask(rig.request())).toEqual(['ALLOW ALLOW']);
  });
});

describe('signed requests and statements', () => {
  it('takes the signature of the agent alone, and records what it signed', async () => {
    const agent = await signerOf(2);
    const rig = await Rig.start({ agents: { 'build-bot': agent.publicKey } });
    const asked = await signRequest(rig.request(), agent);
    expect(await rig.ask(rig.request())).toEqual(['DENY UNTRUSTED']);
    expect((await rig.gate.decide(await signRequest(rig.request(), await signerOf(3)))).code).toBe('UNTRUSTED');
    const changed = { ...asked, signed: { ...asked.signed, agent: 'other' } };
    expect((await rig.gate.decide(changed)).code).toBe('UNTRUSTED');
    expect((await rig.gate.decide({ ...asked, params: { path: '/etc' } })).code).toBe('MALFORMED_REQUEST');
    const { code, receipt } = await rig.gate.decide(asked);
    expect([code, memberOf(receipt!.entry.event.request!, 'sig')]).toEqual(['ALLOW', asked.sig]);
    await rig.restart();
    expect(await rig.gate.decide(asked)).toMatchObject({ code: 'ALLOW', repeated: true });
  });

  it('refuses an agent that has a key of the log', async () => {
    const signer = await signerOf(1);
    await expect(Rig.start({ agents: { 'build-bot': signer.publicKey } })).rejects.toMatchObject({
      code: 'KEY_UNSUITABLE',
    });
  });

  it('records an agreement or a dispute by the agent of the outcome alone', async () => {
    const agent = await signerOf(2);
    const rig = await Rig.start({ agents: { 'build-bot': agent.publicKey } });
    const { receipt } = await rig.gate.decide(await signRequest(rig.request(), agent));
    const { hash } = await rig.gate.complete(receipt!, { status: 'executed' });
    const said = { statement: 'dispute', agent: 'build-bot', log: rig.log.origin, outcome: hash } as const;
    const refuse = { code: 'STATEMENT_REFUSED' };
    await expect(rig.gate.attest(await signStatement(said, await signerOf(3)))).rejects.toMatchObject(refuse);
    const other = { ...said, outcome: receipt!.hash };
    await expect(rig.gate.attest(await signStatement(other, agent))).rejects.toMatchObject(refuse);
    const { entry } = await rig.gate.attest(await signStatement(said, agent));
    expect(entry.event).toMatchObject({ type: 'dispute', agent: 'build-bot', data: { outcome: hash } });
  });

  it('lets an approver of the policy allow one request, or release a halted sequence, over a restart', async () => {
    const alice = await signerOf(4);
    const approvers = { alice: alice.publicKey };
    const policy = tablePolicy(
      { read: 'allow', pay: 'allow' },
      { approvers, approval: { pay: 'alice' }, haltAfter: 2 },
    );
    const rig = await Rig.start({ policy });
    const until = new Date(rig.clock.ms + 60_000).toISOString();
    const of = { statement: 'approval', agent: 'alice', log: rig.log.origin, until } as const;
    const pay = rig.request('pay');
    await rig.gate.approve(await signStatement({ ...of, nonce: pay.nonce }, alice));
    await rig.restart();
    expect(await rig.ask(rig.request('pay'), pay)).toEqual(['DENY POLICY_VIOLATION', 'ALLOW ALLOW']);

    const inSequence = (tool: string) => rig.request(tool, { sequence: 's' });
    expect(await rig.ask(inSequence('no'), inSequence('no'), inSequence('read'))).toEqual([
      'DENY POLICY_VIOLATION',
      'HALT POLICY_VIOLATION',
      'HALT SEALED_SEQUENCE',
    ]);
    await rig.restart();
    const release = { ...of, sequence: 's' };
    await expect(rig.gate.approve(await signStatement(release, await signerOf(5)))).rejects.toMatchObject({
      code: 'STATEMENT_REFUSED',
    });
    expect(await rig.ask(inSequence('read'))).toEqual(['HALT SEALED_SEQUENCE']);
    await rig.gate.approve(await signStatement(release, alice));
    expect(await rig.ask(inSequence('read'))).toEqual(['ALLOW ALLOW']);
  });
});

describe('complete and run', () => {
  it('binds one outcome to a decision, and refuses a second one', async () => {
    const rig = await Rig.start();
    const { receipt } = await rig.gate.decide(rig.request());
    const outcome = await rig.gate.complete(receipt!, { status: 'executed', result: { ok: true }, duration_ms: 3 });
    expect(outcome.entry.event).toMatchObject({ type: 'outcome', decision: receipt!.hash, duration_ms: 3 });
    const second = rig.gate.complete(receipt!, { status: 'failed' });
    await expect(second).rejects.toMatchObject({ code: 'OUTCOME_LATE' });
    const denied = await rig.gate.decide(rig.request('no'));
    const none = rig.gate.complete(denied.receipt!, { status: 'executed' });
    await expect(none).rejects.toMatchObject({ code: 'UNKNOWN_DECISION' });
    expect(await rig.verdict()).toBe('valid');
  });

  it('completes a decision of before a restart', async () => {
    const rig = await Rig.start();
    const { receipt } = await rig.gate.decide(rig.request());
    await rig.restart();
    const { entry } = await rig.gate.complete(receipt!, { status: 'verified' });
    expect(entry.event.decision).toBe(receipt!.hash);
  });

  it('runs once: a retry gets the recorded result, or is told that none is known', async () => {
    const rig = await Rig.start();
    let ran = 0;
    const request = rig.request();
    const run = () => rig.gate.run(request, () => ({ answer: ++ran }));
    expect([await run(), await run()]).toEqual([{ answer: 1 }, { answer: 1 }]);
    await rig.restart();
    expect([await run(), ran]).toEqual([{ answer: 1 }, 1]);

    const open = rig.request();
    await rig.gate.decide(open);
    await expect(rig.gate.run(open, () => ++ran)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    await expect(rig.gate.run(rig.request('no'), () => ++ran)).rejects.toMatchObject({ code: 'GATE_REFUSED' });
    expect(ran).toBe(1);
  });

  it('rethrows what the function threw, and records it as failed', async () => {
    const rig = await Rig.start();
    const request = rig.request();
    const error = new TypeError('no such file');
    await expect(rig.gate.run(request, () => Promise.reject(error))).rejects.toBe(error);
    await expect(rig.gate.run(request, () => 1)).rejects.toMatchObject({ code: 'OUTCOME_RECORDED' });
    const [outcome] = (await rig.events()).filter(({ type }) => type === 'outcome');
    expect(memberOf(outcome!.outcome!, 'status')).toBe('failed');
    expect(JSON.stringify(outcome)).not.toContain('no such file');
  });

  it('gives up a call without outcome, says so, and refuses a late one', async () => {
    const reports: string[] = [];
    const rig = await Rig.start({ outcomeTimeoutMs: 100, onReport: ({ kind }) => reports.push(kind) });
    const { receipt } = await rig.gate.decide(rig.request());
    rig.clock.ms += 200;
    await rig.restart();
    expect(reports).toEqual(['abandoned']);
    const [outcome] = (await rig.events()).filter(({ type }) => type === 'outcome');
    expect(outcome).toMatchObject({ decision: receipt!.hash, outcome: { status: 'failed', reason: 'abandoned' } });
    await expect(rig.gate.complete(receipt!, { status: 'executed' })).rejects.toMatchObject({ code: 'OUTCOME_LATE' });
    await rig.gate.close();
  });
});

describe('arming', () => {
  it('refuses a policy that refuses nothing, at start and on reload', async () => {
    const open = { ...tablePolicy({ read: 'allow' }), forbidden: () => null };
    await expect(Rig.start({ policy: open })).rejects.toMatchObject({ code: 'GATE_UNARMED' });
    const lax = { ...tablePolicy({}), decide: () => ({ effect: 'allow', rule: 'r', reason: '' }) as const };
    const rig = await Rig.start();
    await expect(rig.gate.reload(lax)).rejects.toMatchObject({ code: 'GATE_UNARMED' });
    expect(await rig.ask(rig.request('no'))).toEqual(['DENY POLICY_VIOLATION']);
  });

  it('records each change of the policy once, and decides by it from there on', async () => {
    const rig = await Rig.start();
    await rig.restart();
    const next = tablePolicy({ no: 'allow' });
    const before = rig.gate.decide(rig.request('read'));
    const reloaded = rig.gate.reload(next);
    const after = rig.gate.decide(rig.request('read'));
    await reloaded;
    expect([(await before).code, (await after).code]).toEqual(['ALLOW', 'POLICY_VIOLATION']);
    const events = await rig.events();
    expect(events.map(({ type }) => type)).toEqual([
      'genesis',
      'policy_change',
      'decision',
      'policy_change',
      'decision',
    ]);
    expect(memberOf(events[4]!.policy!, 'policy_hash')).toBe(next.hash);
  });

  it('disarms when an entry cannot be signed, and knows what the log holds when it is opened again', async () => {
    const rig = await Rig.start();
    const sign = rig.signer.sign;
    const request = rig.request();
    Object.assign(rig.signer, { sign: () => Promise.reject(new Error('HSM gone')) });
    await expect(rig.gate.decide(request)).rejects.toMatchObject({ code: 'SIGN_FAILED' });
    Object.assign(rig.signer, { sign });
    await expect(rig.gate.decide(rig.request())).rejects.toMatchObject({ code: 'GATE_DISARMED' });
    await rig.restart();
    expect(await rig.ask(request)).toEqual(['ALLOW ALLOW']);
  });

  it('waits for the checkpoint in a log of batches', async () => {
    const rig = await Rig.start({}, 'batch');
    const decided = await Promise.all([rig.request(), rig.request('no')].map((one) => rig.gate.decide(one)));
    expect(decided.map(({ code }) => code)).toEqual(['ALLOW', 'POLICY_VIOLATION']);
    const note = new TextDecoder().decode((await rig.log.latestCheckpoint())!);
    expect(Number(note.split('\n')[1])).toBeGreaterThanOrEqual(4);
    await rig.restart();
    expect(await rig.ask(rig.request())).toEqual(['ALLOW ALLOW']);
    expect(secretKey(1).publicKey.kid).toBe(rig.signer.publicKey.kid);
  });
});
