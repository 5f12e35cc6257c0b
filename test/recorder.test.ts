import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8, utf8Text } from '../src/base/bytes.ts';
import { ReceiptError } from '../src/base/errors.ts';
import { MAX_ENTRY_BYTES } from '../src/base/limits.ts';
import type { Random } from '../src/base/ports.ts';
import { sha256Hex } from '../src/crypto/hash.ts';
import type { Log } from '../src/log/log.ts';
import { createMemoryLog } from '../src/log/memory.ts';
import { canonicalText, isCanonicalEvent } from '../src/receipt/canonical.ts';
import { formOfPayload, type PayloadMember } from '../src/receipt/commitment.ts';
import { entryHash } from '../src/receipt/entry.ts';
import type { EventInput } from '../src/receipt/event.ts';
import type { JsonObject } from '../src/receipt/json.ts';
import { parseReceipt } from '../src/receipt/receipt.ts';
import { MARKER } from '../src/receipt/redaction.ts';
import { createRecorder, type RecorderLog } from '../src/recorder.ts';
import { ed25519Signer } from './log/signers.ts';
import { hasShared, sharedFile } from './shared.ts';

const memoryLog = (mode: 'each' | 'batch' = 'batch'): Promise<Log> =>
  createMemoryLog({ origin: 'example.com/t', mode, signer: ed25519Signer() });

async function lines(log: Log): Promise<string[]> {
  const parts: Uint8Array[] = [];
  for await (const chunk of log.chunks()) parts.push(chunk);
  return Buffer.concat(parts).toString('utf8').trimEnd().split('\n');
}

/** What is kept for a commitment, and as which form it matches. */
async function kept(log: Log, member: PayloadMember, commitment: unknown): Promise<[string | null, string] | null> {
  const found = await log.readPayload(String(commitment));
  return found && [formOfPayload(member, String(commitment), found, sha256Hex), utf8Text(found.payload)];
}

/** Members of a nested object, for reading receipts in tests. */
const inside = (event: JsonObject, member: string): Record<string, unknown> => event[member] as Record<string, unknown>;

const HEX64 = /^[0-9a-f]{64}$/;

describe('keep', () => {
  it('commits to params, result and error, keeps them, and returns the durable receipt', async () => {
    const log = await memoryLog();
    const { receipt, signed } = await createRecorder({ log }).record({
      type: 'tool_call',
      agent: 'build-bot',
      action: { tool: 'fs.read', params: { path: '/x', n: 1.0 } },
      outcome: { status: 'failed', result: 'raw "text"\n', error: new Uint8Array([0, 65]) },
    });
    const { event } = receipt.entry;
    const { params_commit, ...action } = inside(event, 'action');
    const { result_commit, error_commit, ...outcome } = inside(event, 'outcome');
    expect([signed, receipt.entry.seq, action, outcome]).toEqual([false, 1, { tool: 'fs.read' }, { status: 'failed' }]);
    expect(await kept(log, 'params', params_commit)).toEqual(['json', '{"n":1,"path":"/x"}']);
    expect(await kept(log, 'result', result_commit)).toEqual(['text', 'raw "text"\n']);
    expect(await kept(log, 'error', error_commit)).toEqual(['bytes', '\u0000A']);

    const stored = (await lines(log))[1]!;
    expect(parseReceipt(utf8(stored))).toEqual(receipt);
    expect(entryHash(utf8(canonicalText(receipt.entry)), sha256Hex)).toBe(receipt.hash);
    expect(stored).not.toContain('/x');
  });
  it('signs in an `each` log', async () => {
    const { receipt, signed } = await createRecorder({ log: await memoryLog('each') }).record(
      { type: 'custom' },
      { waitFor: 'signed' },
    );
    expect([signed, receipt.sigs.length]).toEqual([true, 1]);
  });
  it('a fresh salt each: two equal payloads have two commitments', async () => {
    const log = await memoryLog();
    const recorder = createRecorder({ log });
    const event: EventInput = { type: 'tool_call', action: { params: 1 }, outcome: { result: 1, error: 1 } };
    const both = await recorder.recordMany([event, event]);
    const commitments = both.flatMap(({ receipt }) => [
      inside(receipt.entry.event, 'action').params_commit,
      inside(receipt.entry.event, 'outcome').result_commit,
      inside(receipt.entry.event, 'outcome').error_commit,
    ]);
    expect(new Set(commitments).size).toBe(6);
    expect(commitments.every((one) => HEX64.test(String(one)))).toBe(true);
  });
  it('leaves commitments and ciphertexts that the caller made', async () => {
    const log = await memoryLog();
    const event: EventInput = {
      type: 'outcome',
      action: { params_commit: 'a'.repeat(64) },
      outcome: { result_encrypted: { to: [] } },
    };
    expect((await createRecorder({ log }).record(event)).receipt.entry.event).toEqual(event);
  });
});

describe('inline and discard', () => {
  it('inline writes payloads into the entry', async () => {
    const log = await memoryLog();
    const event: EventInput = { type: 'tool_call', action: { params: { a: [null] } }, outcome: { result: 'x' } };
    const { receipt } = await createRecorder({ log, payloads: 'inline' }).record(event);
    expect(receipt.entry.event).toEqual(event);
  });
  it('discard commits and keeps nothing; an option of one call wins', async () => {
    const log = await memoryLog();
    const recorder = createRecorder({ log, payloads: 'inline' });
    const { receipt } = await recorder.record({ type: 'tool_call', action: { params: 1 } }, { payloads: 'discard' });
    const { params_commit } = inside(receipt.entry.event, 'action');
    expect(params_commit).toMatch(HEX64);
    expect(await kept(log, 'params', params_commit)).toBeNull();
  });
  it('bytes cannot stand inline', async () => {
    const recorder = createRecorder({ log: await memoryLog(), payloads: 'inline' });
    await expect(recorder.record({ type: 'custom', action: { params: new Uint8Array(1) } })).rejects.toMatchObject({
      code: 'NOT_REPRESENTABLE',
      at: '/action/params',
    });
  });
  it('refuses a mode that is none', async () => {
    const log = await memoryLog();
    expect(() => createRecorder({ log, payloads: 'keeep' as 'keep' })).toThrow(TypeError);
    await expect(createRecorder({ log }).record({ type: 'custom' }, { payloads: 'no' as 'keep' })).rejects.toThrow(
      TypeError,
    );
  });
});

/** A log that notes what it is asked for, over a real one. */
function watched(log: Log, over: Partial<RecorderLog> = {}): RecorderLog & { readonly calls: string[] } {
  const calls: string[] = [];
  return {
    origin: log.origin,
    calls,
    async putPayload(commitment, salt, payload) {
      calls.push(`put ${payload.length}`);
      await (over.putPayload ?? log.putPayload.bind(log))(commitment, salt, payload);
      calls.push(`kept ${payload.length}`);
    },
    append(event, options) {
      if (!isCanonicalEvent(event)) throw new Error('expected an event whose bytes are made');
      calls.push(`append ${event.event.step}`);
      return (over.append ?? log.append.bind(log))(event, options);
    },
  };
}

describe('size', () => {
  it('10 MB is accepted as a commitment, and refused inline before anything is written', async () => {
    const log = await memoryLog();
    const port = watched(log);
    const payload = 'x1 '.repeat(3_500_000);
    const event: EventInput = {
      type: 'tool_call',
      step: 1,
      action: { params: { path: '/x' } },
      outcome: { result: payload },
    };
    await expect(createRecorder({ log: port, payloads: 'inline' }).record(event)).rejects.toMatchObject({
      code: 'ENTRY_TOO_LARGE',
    });
    expect(port.calls).toEqual([]);
    const { receipt } = await createRecorder({ log: port }).record(event);
    const found = await log.readPayload(String(inside(receipt.entry.event, 'outcome').result_commit));
    expect(found?.payload.length).toBe(payload.length);
    expect((await lines(log))[1]!.length).toBeLessThan(1000);
  });
  it('an entry too large beside its payloads is refused before they are written', async () => {
    const port = watched(await memoryLog());
    const event: EventInput = { type: 'custom', action: { params: 1 }, data: 'x'.repeat(MAX_ENTRY_BYTES) };
    await expect(createRecorder({ log: port }).record(event)).rejects.toMatchObject({ code: 'ENTRY_TOO_LARGE' });
    expect(port.calls).toEqual([]);
  });
  it('no size passes here and is refused by the log', async () => {
    const log = await memoryLog();
    const seen: string[] = [];
    for (let size = MAX_ENTRY_BYTES - 400; size <= MAX_ENTRY_BYTES; size += 7) {
      const port = watched(log);
      const ended = await createRecorder({ log: port })
        .record({ type: 'custom', step: 1, data: 'x'.repeat(size) })
        .then(
          () => 'accepted',
          (error: { code?: string }) => error.code,
        );
      seen.push(`${ended} ${port.calls.length}`);
    }
    expect(new Set(seen)).toEqual(new Set(['accepted 1', 'ENTRY_TOO_LARGE 0']));
  });
});

describe('refusals write nothing', () => {
  const cases: [string, unknown, string, string][] = [
    ['a function', { type: 'custom', data: () => 1 }, 'NOT_REPRESENTABLE', '/data'],
    ['bytes where no payload stands', { type: 'custom', data: new Uint8Array(1) }, 'NOT_REPRESENTABLE', '/data'],
    [
      'bytes inside a payload',
      { type: 'custom', action: { params: { file: new Uint8Array(1) } } },
      'NOT_REPRESENTABLE',
      '/action/params/file',
    ],
    ['a lone surrogate', { type: 'custom', outcome: { result: '\ud800' } }, 'NOT_REPRESENTABLE', '/outcome/result'],
    ['an unknown member', { type: 'custom', mine: 1, action: { x: 1 } }, 'EVENT_SCHEMA', '/mine, /action/x'],
    ['a control type', { type: 'rotation', mode: 'each' }, 'EVENT_SCHEMA', '/type, /mode'],
    [
      'two forms of one payload',
      { type: 'custom', action: { params: 1, params_commit: 'a'.repeat(64) } },
      'EVENT_SCHEMA',
      '/action/params_commit',
    ],
    ['an array', [], 'EVENT_SCHEMA', '(root)'],
    ['null', null, 'EVENT_SCHEMA', '(root)'],
  ];
  it.each(cases)('%s', async (_, event, code, at) => {
    const port = watched(await memoryLog());
    const recorder = createRecorder({ log: port });
    const failure = await recorder.record(event as EventInput).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code });
    expect((failure as { at: string }).at.split(', ').sort()).toEqual(at.split(', ').sort());
    await expect(
      recorder.recordMany([{ type: 'custom', action: { params: 1 } }, event as EventInput]),
    ).rejects.toMatchObject({ code });
    expect(port.calls).toEqual([]);
  });
  it('what the log refuses is the refusal of that call only', async () => {
    const log = await memoryLog();
    const port: RecorderLog = {
      origin: log.origin,
      putPayload: (...payload) => log.putPayload(...payload),
      async append(event, options) {
        if (options?.waitFor === 'signed') throw new ReceiptError('SIGN_FAILED', 'the key is gone');
        return log.append(event, options);
      },
    };
    const recorder = createRecorder({ log: port });
    const [first, second] = await Promise.allSettled([
      recorder.record({ type: 'custom' }, { waitFor: 'signed' }),
      recorder.record({ type: 'custom' }),
    ]);
    expect([first.status, second.status]).toEqual(['rejected', 'fulfilled']);
    expect(log.head().size).toBe(2);
  });
});

describe('redaction', () => {
  const event: EventInput = {
    type: 'tool_call',
    action: {
      tool: 'http',
      target: 'https://u:hunter2@x.org',
      params: { headers: { authorization: 'Bearer hunter2' }, list: ['password=hunter2'] },
    },
    outcome: { error: { message: 'token: hunter2' }, result: '{"apiKey":"hunter2","ok":1}' },
    data: { cookie: 'hunter2' },
  };
  it('comes before anything is hashed or written, in every mode, and is counted', async () => {
    for (const payloads of ['keep', 'inline', 'discard'] as const) {
      const log = await memoryLog();
      const hashed: string[] = [];
      const watch = (bytes: Uint8Array): string => {
        hashed.push(utf8Text(bytes.filter((byte) => byte >= 0x20 && byte < 0x7f)));
        return sha256Hex(bytes);
      };
      const { receipt } = await createRecorder({ log, payloads, sha256Hex: watch }).record(event);
      expect(receipt.entry.event.redacted).toBe(6);
      const all = [...(await lines(log)), ...hashed];
      if (payloads === 'keep') {
        const { params_commit } = inside(receipt.entry.event, 'action');
        const { error_commit, result_commit } = inside(receipt.entry.event, 'outcome');
        all.push(...((await kept(log, 'params', params_commit)) as string[]));
        all.push(...((await kept(log, 'error', error_commit)) as string[]));
        all.push(...((await kept(log, 'result', result_commit)) as string[]));
        expect(all.at(-1)).toBe(`{"apiKey":"${MARKER}","ok":1}`);
      }
      expect(all.join('\n')).not.toContain('hunter2');
    }
  });
  it('takes rules of the caller, or none', async () => {
    const log = await memoryLog();
    const own = createRecorder({ log, payloads: 'inline', redaction: { names: ['pin'], patterns: [/E-\d+/] } });
    expect((await own.record({ type: 'custom', data: { pin: 1, text: 'E-12' } })).receipt.entry.event).toEqual({
      type: 'custom',
      data: { pin: MARKER, text: MARKER },
      redacted: 2,
    });
    const none = createRecorder({ log, redaction: false });
    expect((await none.record({ type: 'custom', data: { password: 'x' } })).receipt.entry.event).toEqual({
      type: 'custom',
      data: { password: 'x' },
    });
  });
});

describe('order', () => {
  /** Ends a put when told to. */
  function gate(): { readonly opened: Promise<void>; open(): void } {
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    return { opened, open: () => open() };
  }
  const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

  it('a payload is durable before the entry that names it is appended', async () => {
    const log = await memoryLog();
    const hold = gate();
    const port = watched(log, { putPayload: () => hold.opened });
    const done = createRecorder({ log: port }).record({
      type: 'custom',
      step: 1,
      action: { params: 'abc' },
      outcome: { result: 'de' },
    });
    await settle();
    expect(port.calls).toEqual(['put 3', 'put 2']);
    hold.open();
    await done;
    expect(port.calls).toEqual(['put 3', 'put 2', 'kept 3', 'kept 2', 'append 1']);
  });
  it('calls keep their order though a later payload is ready earlier, and payloads are written side by side', async () => {
    const log = await memoryLog();
    const hold = gate();
    const port = watched(log, {
      putPayload: (_, __, payload) => (payload.length === 9 ? hold.opened : Promise.resolve()),
    });
    const recorder = createRecorder({ log: port });
    const all = Promise.all([
      recorder.record({ type: 'custom', step: 1, action: { params: 'long long' } }),
      recorder.record({ type: 'custom', step: 2, action: { params: 'ab' } }),
      recorder.record({ type: 'custom', step: 3 }),
    ]);
    await settle();
    expect(port.calls).toEqual(['put 9', 'put 2', 'kept 2']);
    hold.open();
    expect((await all).map(({ receipt }) => [receipt.entry.seq, receipt.entry.event.step])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
  });
  it('entries are handed over without waiting for those before to be durable: they share an fsync', async () => {
    const log = await memoryLog();
    const hold = gate();
    const port = watched(log, {
      append: async (event, options) => {
        await hold.opened;
        return log.append(event, options);
      },
    });
    const recorder = createRecorder({ log: port });
    const all = Promise.all([1, 2, 3].map((step) => recorder.record({ type: 'custom', step })));
    await settle();
    expect(port.calls).toEqual(['append 1', 'append 2', 'append 3']);
    hold.open();
    await all;
  });
  it('a payload that cannot be kept fails its call only, and no entry names it', async () => {
    const log = await memoryLog();
    const port = watched(log, {
      putPayload: async (_, __, payload) => {
        if (payload.length === 3) throw new Error('disk');
      },
    });
    const recorder = createRecorder({ log: port });
    const ended = await Promise.allSettled([
      recorder.record({ type: 'custom', step: 1, action: { params: 'ab' } }),
      recorder.record({ type: 'custom', step: 2, action: { params: 'bad' } }),
      recorder.record({ type: 'custom', step: 3 }),
    ]);
    expect(ended.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(port.calls.filter((call) => call.startsWith('append'))).toEqual(['append 1', 'append 3']);
  });
  it('a late failure of a payload is no unhandled rejection while an earlier one still waits', async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', note);
    try {
      const hold = gate();
      const port = watched(await memoryLog(), {
        putPayload: (_, __, payload) => (payload.length === 9 ? hold.opened : Promise.reject(new Error('disk'))),
      });
      const recorder = createRecorder({ log: port });
      const first = recorder.record({ type: 'custom', step: 1, action: { params: 'long long' } });
      const second = recorder.record({ type: 'custom', step: 2, action: { params: 'ab' } });
      const refused = expect(second).rejects.toThrow('disk');
      await settle();
      hold.open();
      await first;
      await refused;
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  });
  it('writes at most 16 payloads at once, and all of them', async () => {
    const log = await memoryLog();
    let open = 0;
    let most = 0;
    const port = watched(log, {
      async putPayload(commitment, salt, payload) {
        most = Math.max(most, ++open);
        await settle();
        await log.putPayload(commitment, salt, payload);
        open--;
      },
    });
    const recorder = createRecorder({ log: port });
    await Promise.all(
      Array.from({ length: 50 }, (_, i) => recorder.record({ type: 'custom', step: i + 1, action: { params: i } })),
    );
    expect([most, log.head().size, port.calls.filter((call) => call.startsWith('kept')).length]).toEqual([16, 51, 50]);
  });
  it('takes 65,536 events at most that are not durable yet, and refuses a call that would be more, whole', async () => {
    const log = await memoryLog();
    const hold = gate();
    const port = watched(log, { putPayload: () => hold.opened });
    const recorder = createRecorder({ log: port, redaction: false });
    const first = recorder.record({ type: 'custom', step: 1, action: { params: 'a' } });
    const many = Array.from({ length: 65_536 }, (): EventInput => ({ type: 'custom' }));
    await expect(recorder.recordMany(many)).rejects.toMatchObject({ code: 'BACKPRESSURE' });
    expect(port.calls).toEqual(['put 1']);
    hold.open();
    await first;
    // Room that was given back.
    await recorder.recordMany(many.slice(0, 100));
    expect(log.head().size).toBe(102);
  });
  it('keeps call order under any mix of payloads and delays', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.boolean(), fc.nat(3)), { minLength: 1, maxLength: 12 }), async (calls) => {
        const log = await memoryLog();
        const delays = calls.filter(([payload]) => payload).map(([, delay]) => delay);
        const port = watched(log, {
          async putPayload(commitment, salt, payload) {
            for (let i = delays.shift() ?? 0; i > 0; i--) await new Promise((resolve) => setImmediate(resolve));
            await log.putPayload(commitment, salt, payload);
          },
        });
        const recorder = createRecorder({ log: port });
        const events = calls.map(
          ([payload], i): EventInput => ({
            type: 'custom',
            step: i + 1,
            ...(payload ? { action: { params: i } } : {}),
          }),
        );
        const recorded = await Promise.all(events.map((event) => recorder.record(event)));
        expect(recorded.map(({ receipt }) => receipt.entry.seq)).toEqual(calls.map((_, i) => i + 1));
        expect(recorded.map(({ receipt }) => receipt.entry.event.step)).toEqual(calls.map((_, i) => i + 1));
      }),
      { numRuns: 50 },
    );
  });
});

describe('what is read', () => {
  it('is read at the call: a later change of the event or of its bytes changes nothing', async () => {
    const log = await memoryLog();
    const bytes = new Uint8Array([1, 2]);
    const data = { list: [1] };
    const done = createRecorder({ log }).record({ type: 'custom', action: { params: bytes }, data });
    bytes.fill(9);
    data.list.push(2);
    const { event } = (await done).receipt.entry;
    expect(event.data).toEqual({ list: [1] });
    expect((await log.readPayload(String(inside(event, 'action').params_commit)))?.payload).toEqual(
      new Uint8Array([1, 2]),
    );
  });
  it('is read once: a getter cannot show the schema one thing and the chain another', async () => {
    let reads = 0;
    const lying = {
      type: 'custom' as const,
      get agent() {
        return ++reads === 1 ? 'honest' : '';
      },
    };
    const { receipt } = await createRecorder({ log: await memoryLog() }).record(lying);
    expect([receipt.entry.event.agent, reads]).toEqual(['honest', 1]);
  });
  it('random comes from its port', async () => {
    const fixed: Random = { bytes: (length) => new Uint8Array(length).fill(7) };
    const recorder = createRecorder({ log: await memoryLog(), random: fixed, payloads: 'discard' });
    const [a, b] = await recorder.recordMany([
      { type: 'custom', action: { params: 1 } },
      { type: 'custom', action: { params: 1 } },
    ]);
    expect(a?.receipt.entry.event).toEqual(b?.receipt.entry.event);
  });
});

describe.skipIf(!hasShared)('1,164 real agent calls', () => {
  it('are recorded in their order, and every kept payload matches its commitment', async () => {
    const calls = sharedFile('data/agent-tool-calls.jsonl')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(calls).toHaveLength(1164);
    const log = await memoryLog();
    const recorded = await createRecorder({ log }).recordMany(
      calls.map(
        ({ session, step, agent, tool, args, result }): EventInput => ({
          type: 'tool_call',
          agent,
          session,
          step,
          action: { tool, params: args },
          outcome: { status: String(result).startsWith('Error:') ? 'failed' : 'executed', result },
        }),
      ),
    );
    for (const [i, { receipt }] of recorded.entries()) {
      const { event, seq } = receipt.entry;
      expect([seq, event.session, event.step, inside(event, 'action').tool]).toEqual([
        i + 1,
        calls[i].session,
        calls[i].step,
        calls[i].tool,
      ]);
      expect(await kept(log, 'params', inside(event, 'action').params_commit)).toEqual([
        'json',
        canonicalText(calls[i].args),
      ]);
      expect(await kept(log, 'result', inside(event, 'outcome').result_commit)).toEqual(['text', calls[i].result]);
      expect(event.redacted).toBeUndefined();
    }
    expect((await lines(log)).length).toBe(1165);
  });
});
