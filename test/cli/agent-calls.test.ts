import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/receipt/json.ts';
import type { Receipt } from '../../src/receipt/receipt.ts';
import type { Verdict } from '../../src/verify/verdict.ts';
import { hasShared, sharedFile } from '../shared.ts';
import { cli, ok } from './fake-io.ts';

const MAP = ['tool=tool', 'params=args', 'result=result', 'agent=agent', 'session=session', 'step=step'];
const CALLS = 1164;

/** The recorded calls of a real agent, every one signed with ML-DSA-65 by itself, its params and result kept as payloads. */
describe.skipIf(!hasShared)('1,164 real agent calls', () => {
  const root = mkdtempSync(join(tmpdir(), 'perdure-calls-'));
  const env = { XDG_DATA_HOME: join(root, 'data') };
  const log = join(root, 'log');
  const text = hasShared ? sharedFile('data/agent-tool-calls.jsonl') : '';
  const calls = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  let head = '';
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  beforeAll(async () => {
    expect(calls).toHaveLength(CALLS);
    await ok(['key', 'new', 'airline', '--plain'], { env });
    await ok(['init', log, '--origin', 'example.com/airline', '--key', 'airline'], { env });
    const options = [...MAP.flatMap((rule) => ['--map', rule]), '--error-prefix', 'Error:', '--json'];
    const ran = await ok(['append', log, ...options], { env, stdin: text });
    const recorded = ran.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { seq: number; signed: boolean });
    expect(recorded.map(({ seq }) => seq)).toEqual(calls.map((_, i) => i + 1));
    expect(recorded.every(({ signed }) => signed)).toBe(true);
    head = /head (\S+)/.exec(ran.stderr)![1]!;
    expect(head.startsWith(`${CALLS + 1}:`)).toBe(true);
  }, 180_000);

  test('are recorded in order, as they were', async () => {
    const lines = (await ok(['log', log, '--json', '--from', '1'], { env })).stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(CALLS);
    for (const [i, line] of lines.entries()) {
      const { event } = (JSON.parse(line) as Receipt).entry;
      const { tool, agent, session, step, result } = calls[i]!;
      const failed = String(result).startsWith('Error:');
      expect([event.agent, event.session, event.step]).toEqual([agent, session, step]);
      expect((event.action as JsonObject).tool).toBe(tool);
      expect((event.outcome as JsonObject).status).toBe(failed ? 'failed' : 'executed');
      expect(Object.keys(event.action as object)).toEqual(['params_commit', 'tool']);
    }
    const failed = await ok(['log', log, '--outcome', 'failed'], { env });
    const expected = calls.filter(({ result }) => String(result).startsWith('Error:')).length;
    expect(expected).toBeGreaterThan(0);
    expect(failed.stdout.trimEnd().split('\n')).toHaveLength(expected);
  });

  test('verify, with the head that append told', async () => {
    const ran = await ok(['verify', log, '--key', 'airline', '--expect-head', head, '--json'], { env });
    const verdict = JSON.parse(ran.stdout) as Verdict;
    expect(verdict).toMatchObject({
      verdict: 'valid',
      tail: { status: 'complete', pinned_by: 'head' },
      counts: { lines: CALLS + 1, valid: CALLS + 1 },
      signatures: { required: CALLS + 1, valid: CALLS + 1, by_alg: { 'ML-DSA-65': CALLS + 1 } },
    });
  }, 120_000);

  test('payloads match their commitments and say what the tool was given and returned', async () => {
    for (const i of [0, 17, CALLS - 1]) {
      const ran = await cli(['show', log, String(i + 1), '--payload', '--json'], { env });
      const { payloads } = JSON.parse(ran.stdout) as { payloads: { member: string; status: string; value: unknown }[] };
      expect(ran.exit).toBe(0);
      expect(payloads.map(({ member, status, value }) => [member, status, value])).toEqual([
        ['params', 'matches', calls[i]!.args],
        ['result', 'matches', calls[i]!.result],
      ]);
    }
  });
});
