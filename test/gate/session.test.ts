import { expect, test } from 'vitest';
import { type Session, type SessionOptions, session } from '../../src/gate/index.ts';
import { memberOf } from '../../src/gate/state.ts';
import { Rig } from './rig.ts';

/** What the entries of a log say, sequences by the order of their first entry. */
async function entries(rig: Rig): Promise<unknown[][]> {
  const names: unknown[] = [];
  const short = (id: unknown): unknown => {
    if (typeof id !== 'string') return id;
    if (!names.includes(id)) names.push(id);
    return names.indexOf(id);
  };
  const events = (await rig.events()).filter(({ type }) => type !== 'genesis' && type !== 'policy_change');
  return events.map(({ type, session: name, sequence, step, of, data }) => [
    type,
    name,
    short(sequence),
    step,
    of,
    (data as { step?: unknown } | undefined)?.step,
  ]);
}

const start = async (more: Partial<SessionOptions> = {}): Promise<[Rig, SessionOptions]> => {
  const rig = await Rig.start();
  return [rig, { log: rig.log, agent: 'a', ...more }];
};

test('steps are numbered in the order of the calls, tools among them, and the sequence is closed', async () => {
  const [rig, options] = await start();
  const id = await session(
    'nightly',
    async (s) => {
      const read = s.wrap((path: string) => path, { tool: 'read' });
      const slow = s.wrap(async () => void (await new Promise((resolve) => setTimeout(resolve, 20))), { tool: 'slow' });
      void s.record('one', { n: 1 });
      expect(read('x')).toBe('x');
      void slow();
      const [two, three] = await Promise.all([s.record('two'), s.record('three', 1n)]);
      expect([two.entry.event.step, three.entry.event.step]).toEqual([3, 4]);
      return s.id;
    },
    options,
  );
  expect(await entries(rig)).toEqual([
    ['custom', 'nightly', 0, 1, undefined, 'one'],
    ['tool_call', 'nightly', 0, 2, undefined, undefined],
    ['custom', 'nightly', 0, 3, undefined, 'two'],
    ['custom', 'nightly', 0, 4, undefined, 'three'],
    ['tool_call', 'nightly', 0, 5, undefined, undefined],
    ['close', undefined, 0, undefined, undefined, undefined],
  ]);
  expect(id).toMatch(/^nightly\/[0-9a-f-]{36}$/);
  expect(await rig.verdict()).toBe('valid');
});

test('an error is recorded as a failed outcome and rethrown unchanged; the sequence is closed', async () => {
  const [rig, options] = await start();
  const error = new Error('broken');
  const failing = session(
    'job',
    async (s) => {
      await s.record('one');
      throw error;
    },
    options,
  );
  await expect(failing.then(null, (reason) => reason === error)).resolves.toBe(true);
  const [failed, close] = (await rig.events()).slice(-2);
  expect([failed!.type, failed!.step, memberOf(failed!.outcome, 'status'), close!.type]).toEqual([
    'custom',
    undefined,
    'failed',
    'close',
  ]);
});

test('sessions nest, each a sequence of its own that names the outer one', async () => {
  const [rig, options] = await start();
  let outer = '';
  await session(
    'outer',
    async (s) => {
      outer = s.id;
      await s.record('a');
      await s.session('inner', (inner) => inner.record('b'));
      await s.record('c');
    },
    options,
  );
  expect((await entries(rig)).map(([type, name, sequence, step]) => [type, name, sequence, step])).toEqual([
    ['custom', 'outer', 0, 1],
    ['custom', 'inner', 1, 1],
    ['close', undefined, 1, undefined],
    ['custom', 'outer', 0, 2],
    ['close', undefined, 0, undefined],
  ]);
  const inner = (await rig.events()).find((event) => event.session === 'inner');
  expect(inner?.parent).toBe(outer);
});

test('announced steps are said in each entry, and one too many is refused', async () => {
  const [rig, options] = await start({ steps: 2 });
  await session(
    'job',
    async (s) => {
      await s.record('one');
      await s.record('two');
      await expect(s.record('three')).rejects.toThrow(RangeError);
    },
    options,
  );
  expect((await entries(rig)).map(([, , , step, of]) => [step, of])).toEqual([
    [1, 2],
    [2, 2],
    [undefined, undefined],
  ]);
});

test('after its end a session refuses every use', async () => {
  const [, options] = await start();
  let late: Session | null = null;
  let tool = (): number => 0;
  await session(
    'job',
    (s) => {
      late = s;
      tool = s.wrap(() => 1, { tool: 't' });
    },
    options,
  );
  const over = late as unknown as Session;
  await expect(over.record('x')).rejects.toThrow(TypeError);
  expect(tool).toThrow(TypeError);
  expect(() => over.session('y', () => 1)).toThrow(TypeError);
});

test('a tool under a gate is decided in the sequence of its session', async () => {
  const [rig, options] = await start();
  await session(
    'job',
    async (s) => {
      const read = s.wrap(() => 1, { gate: rig.gate, agent: 'a', tool: 'read', clock: rig.clock });
      expect(await read()).toBe(1);
    },
    options,
  );
  expect((await entries(rig)).map(([type, name, sequence]) => [type, name, sequence])).toEqual([
    ['decision', 'job', 0],
    ['outcome', 'job', 0],
    ['close', undefined, 0],
  ]);
});

test('a log that fails fails the session', async () => {
  const [rig, options] = await start();
  const closed = session('job', (s) => s.record('one').then(() => rig.log.close()), options);
  await expect(closed).rejects.toMatchObject({ code: 'LOG_CLOSED' });
});
