import fc from 'fast-check';
import { expect, test } from 'vitest';
import { wrap } from '../../src/gate/index.ts';
import { CallLog } from './calls.ts';

/** What a made-up tool does, in order; `catch` goes on after what a consumer throws into it. */
type Act = 'yield' | 'yield throwing' | 'throw' | 'return';
/** What a consumer does to what it was given. */
type Ask = 'next' | 'throw' | 'return';
type Kind = 'sync' | 'promise' | 'async' | 'generator' | 'async generator';

interface Program {
  readonly kind: Kind;
  readonly acts: readonly Act[];
  readonly asks: readonly Ask[];
}

const program: fc.Arbitrary<Program> = fc.record({
  kind: fc.constantFrom<Kind>('sync', 'promise', 'async', 'generator', 'async generator'),
  acts: fc.array(fc.constantFrom<Act>('yield', 'yield throwing', 'yield', 'throw', 'return'), { maxLength: 5 }),
  asks: fc.array(fc.constantFrom<Ask>('next', 'next', 'next', 'throw', 'return'), { maxLength: 7 }),
});

/** The tool of a program: everything that it sees goes into the trace. */
function toolOf({ kind, acts }: Program, trace: unknown[]): (this: unknown, ...args: unknown[]) => unknown {
  const failure = new Error('of the tool');
  const [first] = acts;
  function plain(this: unknown, ...args: unknown[]): unknown {
    trace.push(this, args);
    if (first === 'throw') throw failure;
    return args;
  }
  function* steps(...args: unknown[]): Generator<unknown, unknown, unknown> {
    trace.push(args);
    try {
      for (const [i, act] of acts.entries()) {
        if (act === 'throw') throw failure;
        if (act === 'return') return i;
        try {
          trace.push(yield i);
        } catch (error) {
          trace.push(error);
          if (act === 'yield throwing') throw error;
        }
      }
      return undefined;
    } finally {
      trace.push('end');
    }
  }
  switch (kind) {
    case 'sync':
      return plain;
    case 'promise':
      return (...args) => (first === 'throw' ? Promise.reject(failure) : Promise.resolve(args));
    case 'async':
      return async function (this: unknown, ...args) {
        return plain.apply(this, args);
      };
    case 'generator':
      return steps;
    case 'async generator':
      return async function* (...args) {
        return yield* steps(...args);
      };
  }
}

/** Use a tool as the program says. @returns everything that tool and consumer saw. */
async function traceOf(
  { kind, asks }: Program,
  trace: unknown[],
  tool: (...args: unknown[]) => unknown,
): Promise<unknown[]> {
  const seen = async (what: () => unknown): Promise<unknown> => {
    try {
      const value = what();
      trace.push(value instanceof Promise);
      const settled = await value;
      trace.push(settled);
      return value;
    } catch (error) {
      trace.push(['thrown', error]);
      return null;
    }
  };
  const self = { tool };
  if (kind !== 'generator' && kind !== 'async generator') {
    await seen(() => self.tool(1, [2]));
    return trace;
  }
  const given = self.tool(1, [2]) as Generator<unknown, unknown, unknown>;
  for (const [i, ask] of asks.entries()) await seen(() => given[ask](i));
  return trace;
}

const plainly = (trace: readonly unknown[]): string =>
  JSON.stringify(
    trace,
    (_, value: unknown) => (value instanceof Error ? `error ${value.message}` : value) ?? 'undefined',
  );

test('a wrapped tool does what the bare one does, and each call that began leaves one receipt', async () => {
  const log = await CallLog.start({ payloads: 'discard' });
  let calls = 0;
  await fc.assert(
    fc.asyncProperty(program, async (one) => {
      const bare: unknown[] = [];
      const wrapped: unknown[] = [];
      const tool = toolOf(one, wrapped);
      const options = { recorder: log.recorder, tool: one.kind } as const;
      await traceOf(one, bare, toolOf(one, bare));
      await traceOf(one, wrapped, wrap(tool, options) as (...args: unknown[]) => unknown);
      expect(plainly(wrapped)).toBe(plainly(bare));
      const isLazy = one.kind === 'generator' || one.kind === 'async generator';
      const results = bare.filter((seen) => typeof seen === 'object' && seen !== null && 'done' in seen);
      if (!isLazy || bare.some((seen) => Array.isArray(seen) && seen[0] === 'thrown')) calls++;
      else if (results.some(({ done }) => done)) calls++;
      if (isLazy || one.kind === 'sync') return;
      // Where it returned a promise before, waiting for the disk changes nothing either.
      const waiting: unknown[] = [];
      await traceOf(one, waiting, wrap(toolOf(one, waiting), { ...options, mode: 'enforce' }) as typeof tool);
      expect(plainly(waiting)).toBe(plainly(bare));
      calls++;
    }),
    { numRuns: 300 },
  );
  expect(await log.calls()).toHaveLength(calls);
  expect(await log.rig.verdict()).toBe('valid');
});
