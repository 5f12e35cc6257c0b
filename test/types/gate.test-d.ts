// Compile-only: `tsc -p test` is the run. What wrap, receipted and session do to types: nothing, where they need not wait.
import type { Readable } from 'node:stream';
import * as api from '../../src/gate/index.ts';
import type { Recorder } from '../../src/recorder.ts';
import { type AnyLeaks, type Equal, holds } from './equal.ts';

holds<Equal<AnyLeaks<typeof api>, never>>();

declare const recorder: Recorder;
declare const gate: api.Gate;
const observe = { recorder, tool: 't' } as const;
const enforce = { recorder, tool: 't', mode: 'enforce' } as const;
const gated = { gate, agent: 'a', tool: 't' } as const;

interface Overloaded {
  (a: string): string;
  (a: number): number;
}
declare const overloaded: Overloaded;
declare const generic: <T>(value: T) => Promise<T>;
declare const method: (this: Date, n: number, label?: string) => string;
declare const steps: (n: number) => Generator<number, string, boolean>;
declare const later: () => AsyncGenerator<number, string, boolean>;
declare const stream: () => ReadableStream<string>;
declare const node: () => Readable;
declare const fails: () => never;

export const observed = api.wrap(overloaded, observe);
holds<Equal<typeof observed, Overloaded>>();
export const kept = [api.wrap(generic, observe), api.wrap(generic, enforce), api.wrap(generic, gated)] as const;
holds<Equal<(typeof kept)[number], typeof generic>>();

export const waits = api.wrap(method, enforce);
holds<Equal<typeof waits, (this: Date, n: number, label?: string) => Promise<string>>>();
export const asks = api.wrap(method, gated);
holds<Equal<typeof asks, typeof waits>>();
export const waitingSteps = api.wrap(steps, enforce);
holds<Equal<typeof waitingSteps, (this: unknown, n: number) => AsyncGenerator<number, string, boolean>>>();
export const laterSteps = [api.wrap(later, enforce), api.wrap(later, gated)] as const;
holds<Equal<(typeof laterSteps)[number], typeof later>>();
export const streams = api.wrap(stream, enforce);
holds<Equal<typeof streams, typeof stream>>();
export const askedStream = api.wrap(stream, gated);
holds<Equal<ReturnType<typeof askedStream>, Promise<ReadableStream<string>>>>();
export const nodes = api.wrap(node, enforce);
holds<Equal<typeof nodes, typeof node>>();
export const failing = api.wrap(fails, enforce);
holds<Equal<ReturnType<typeof failing>, Promise<never>>>();

// Mappers are given what the function is given.
api.wrap(method, {
  ...observe,
  params: (n, label) => ({ n: n.toFixed(), label: label ?? null }),
  result: (text) => text.length,
});
// @ts-expect-error no such argument
api.wrap(method, { ...observe, params: (_n, _label, third) => third });
// @ts-expect-error a recorder or a gate, not both
api.wrap(method, { ...observe, gate, agent: 'a' });
// @ts-expect-error a gate is asked by an agent
api.wrap(method, { gate, tool: 't' });
// @ts-expect-error not a function
api.wrap('text', observe);

export class Files {
  @api.receipted({ recorder }) read(path: string): string {
    return path;
  }
  @api.receipted({ recorder, mode: 'enforce' }) async load(path: string): Promise<string> {
    return path;
  }
  @api.receipted({ gate, agent: 'a' }) async *lines(): AsyncGenerator<string> {}
  @api.receipted({ recorder }) static count(): number {
    return 1;
  }
  @api.receipted({ recorder }) #secret(): number {
    return 1;
  }
  // @ts-expect-error it would have to return a promise
  @api.receipted({ gate, agent: 'a' }) now(): number {
    return this.#secret();
  }
}
holds<Equal<Files['read'], (path: string) => string>>();
holds<Equal<Files['load'], (path: string) => Promise<string>>>();

/** A session hands out what its function returns. */
export async function inSession(options: api.SessionOptions): Promise<number> {
  const value = await api.session('s', (s) => s.wrap(overloaded, { tool: 't' })(1), options);
  holds<Equal<typeof value, number>>();
  return value;
}
