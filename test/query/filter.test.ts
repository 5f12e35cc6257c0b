import { describe, expect, test } from 'vitest';
import { type Filter, inside, matches, select } from '../../src/query/filter.ts';
import type { JsonObject } from '../../src/receipt/json.ts';
import type { Receipt } from '../../src/receipt/receipt.ts';

function receipt(seq: number, time: string, event: JsonObject): Receipt {
  const entry = { event, id: `id-${seq}`, log: 'example.com/log', prev: '0'.repeat(64), seq, time, v: 1 };
  return { entry, hash: '1'.repeat(64), sigs: [] };
}

const CALL = receipt(1, '2026-11-20T10:00:00.000Z', {
  type: 'tool_call',
  agent: 'bot',
  session: 's1',
  trace_id: 't1',
  action: { tool: 'fs.read' },
  outcome: { status: 'executed' },
});

describe('one receipt', () => {
  test.each([
    ['types', 'tool_call', 'tool'],
    ['agents', 'bot', 'Bot'],
    ['tools', 'fs.read', 'fs'],
    ['sessions', 's1', 's'],
    ['traces', 't1', 't11'],
    ['outcomes', 'executed', 'failed'],
  ] as const)('%s compares whole strings', (name, right, wrong) => {
    expect(matches(CALL, { [name]: [right] })).toBe(true);
    expect(matches(CALL, { [name]: [wrong] })).toBe(false);
    expect(matches(CALL, { [name]: [wrong, right] })).toBe(true);
    expect(matches(CALL, { [name]: [] })).toBe(false);
  });

  test('several members must all hold', () => {
    expect(matches(CALL, { types: ['tool_call'], tools: ['fs.read'], sessions: ['s1'] })).toBe(true);
    expect(matches(CALL, { types: ['tool_call'], tools: ['fs.write'], sessions: ['s1'] })).toBe(false);
  });

  test('no filter takes everything; a member of another kind never passes', () => {
    expect(matches(CALL, {})).toBe(true);
    const odd = receipt(2, '2026-11-20T10:00:00.000Z', { type: 'x', agent: 5, action: ['tool'], outcome: null });
    expect(matches(odd, { agents: ['5'] })).toBe(false);
    expect(matches(odd, { tools: ['tool'] })).toBe(false);
    expect(matches(odd, { outcomes: ['null'] })).toBe(false);
    expect(inside({ type: 'x' }, 'constructor', 'name')).toBeUndefined();
  });

  test('since and until are half-open, by claimed time', () => {
    const at = '2026-11-20T10:00:00.000Z';
    expect(matches(CALL, { since: at })).toBe(true);
    expect(matches(CALL, { since: '2026-11-20T10:00:00.001Z' })).toBe(false);
    expect(matches(CALL, { until: at })).toBe(false);
    expect(matches(CALL, { until: '2026-11-20T10:00:00.001Z' })).toBe(true);
  });
});

async function seqs(receipts: readonly Receipt[], filter: Filter, limit?: number): Promise<number[]> {
  const found: number[] = [];
  for await (const { receipt: one } of select(
    receipts.map((one) => ({ receipt: one })),
    filter,
    limit,
  ))
    found.push(one.entry.seq);
  return found;
}

describe('many', () => {
  test('traps: a query by time does not stop at the first old record, since clocks jump', async () => {
    const times = ['12:00', '09:00', '13:00', '08:00', '14:00'].map((clock, i) =>
      receipt(i, `2026-11-20T${clock}:00.000Z`, { type: 'custom' }),
    );
    expect(await seqs(times, { since: '2026-11-20T12:30:00.000Z' })).toEqual([2, 4]);
    expect(await seqs(times, { until: '2026-11-20T10:00:00.000Z' })).toEqual([1, 3]);
  });

  test('there is no silent limit, and a limit reads no further than it needs', async () => {
    const many = Array.from({ length: 25_000 }, (_, i) => receipt(i, '2026-11-20T10:00:00.000Z', { type: 'custom' }));
    expect(await seqs(many, {})).toHaveLength(25_000);
    expect(await seqs(many, {}, 0)).toEqual([]);
    let read = 0;
    const counted = (function* () {
      for (const one of many) {
        read++;
        yield { receipt: one };
      }
    })();
    const found: number[] = [];
    for await (const { receipt: one } of select(counted, {}, 3)) found.push(one.entry.seq);
    expect(found).toEqual([0, 1, 2]);
    expect(read).toBe(3);
  });
});
