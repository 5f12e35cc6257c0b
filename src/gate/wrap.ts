import { type CallHooks, openingOf, RecordedCall } from './call.ts';
import { callGated, iterateGated } from './gated-call.ts';
import { follow, followLazy, isGenerator, isLazy, isPlainPromise, isThenable } from './watch.ts';
import type {
  AnyFunction,
  AnyGateOptions,
  AnyRecordOptions,
  Enforced,
  Gated,
  GateOf,
  RecordOf,
} from './wrap-options.ts';

/**
 * Wrap a tool so that each call leaves a receipt, under a gate only when it is allowed. What the tool does is untouched: the same `this`,
 * arguments, result, items and errors; name, length and properties are those of the function. A generator that nobody asks for an item
 * has done nothing and leaves no receipt. It records in the agent's own process: it shows what the agent lets it see, and holds
 * back nobody who goes round it.
 * @param fn any function: sync, async, a generator, or one that returns a stream; a constructor too.
 * @returns in mode `observe` a function of the very same type. @throws TypeError on options of the wrong kind.
 */
export function wrap<F extends AnyFunction>(fn: F, options: RecordOf<F> & { readonly mode: 'enforce' }): Enforced<F>;
export function wrap<F extends AnyFunction>(fn: F, options: RecordOf<F> & { readonly mode?: 'observe' }): F;
export function wrap<F extends AnyFunction>(fn: F, options: GateOf<F>): Gated<F>;
export function wrap(fn: AnyFunction, options: AnyRecordOptions | AnyGateOptions): AnyFunction {
  return wrapAny(fn, options, null);
}

type Call = (self: unknown, args: unknown[], run: () => unknown) => unknown;

/** @param hooks of the session that the calls belong to. */
export function wrapAny(
  fn: AnyFunction,
  options: AnyRecordOptions | AnyGateOptions,
  hooks: CallHooks | null,
): AnyFunction {
  const call = callBy(fn, options, hooks);
  return new Proxy(fn, {
    apply: (target, self, args: unknown[]) => call(self, args, () => Reflect.apply(target, self, args)),
    construct(target, args: unknown[], newTarget) {
      // Only what does not wait can make an object: `new` cannot be answered with a promise.
      if (isWaiting(options))
        throw new TypeError('wrap: expected no `new`: it cannot wait for a decision or a receipt');
      return call(undefined, args, () => Reflect.construct(target, args, newTarget) as unknown) as object;
    },
  });
}

function isWaiting(options: AnyRecordOptions | AnyGateOptions): boolean {
  return isGated(options) || options.mode === 'enforce';
}

function isGated(options: AnyRecordOptions | AnyGateOptions): options is AnyGateOptions {
  return options.gate !== undefined;
}

function callBy(fn: AnyFunction, options: AnyRecordOptions | AnyGateOptions, hooks: CallHooks | null): Call {
  if (typeof fn !== 'function') throw new TypeError('wrap: expected a function');
  const { tool } = options;
  if (typeof tool !== 'function' && (typeof tool !== 'string' || tool === '')) {
    throw new TypeError('wrap: expected tool to be a name');
  }
  const tag = Object.prototype.toString.call(fn);
  if (isGated(options)) {
    if (options.recorder !== undefined || options.mode !== undefined) {
      throw new TypeError('wrap: expected a gate or a recorder with its mode, got both');
    }
    if (typeof options.agent !== 'string') throw new TypeError('wrap: expected the agent that asks the gate');
    const isSteps = tag === '[object GeneratorFunction]' || tag === '[object AsyncGeneratorFunction]';
    return (self, args, run) => (isSteps ? iterateGated : callGated)({ options, self, args, run, hooks });
  }
  const { mode = 'observe', recorder } = options;
  if (mode !== 'observe' && mode !== 'enforce') throw new TypeError('wrap: expected mode to be observe or enforce');
  if (typeof recorder?.record !== 'function') throw new TypeError('wrap: expected a recorder or a gate');
  const begin = (self: unknown, args: readonly unknown[]): RecordedCall => {
    hooks?.began();
    return new RecordedCall(openingOf(options, self, args, hooks, false), options, recorder, mode === 'enforce', hooks);
  };
  if (mode === 'enforce') return (self, args, run) => enforced(begin(self, args), run);
  const isAsync = tag === '[object AsyncFunction]';
  return (self, args, run) => observed(begin(self, args), run, isAsync);
}

function observed(call: RecordedCall, run: () => unknown, isAsync: boolean): unknown {
  let value: unknown;
  try {
    value = run();
  } catch (error) {
    void call.failed(error);
    throw error;
  }
  if (isPlainPromise(value)) call.hold();
  return follow(value, call, isAsync);
}

function enforced(call: RecordedCall, run: () => unknown): unknown {
  let value: unknown;
  try {
    value = run();
  } catch (error) {
    return failedCall(call, error);
  }
  if (isGenerator(value)) return steps(followLazy(value, call) as Generator, call);
  if (isLazy(value)) return followLazy(value, call);
  call.hold();
  return settled(call, value);
}

async function failedCall(call: RecordedCall, error: unknown): Promise<never> {
  await call.failed(error);
  throw error;
}

async function settled(call: RecordedCall, value: unknown): Promise<unknown> {
  let out = value;
  if (isThenable(value)) {
    try {
      out = await value;
    } catch (error) {
      return failedCall(call, error);
    }
  }
  if (isLazy(out)) return followLazy(out, call);
  await call.done(out, false);
  return out;
}

/** Hand out the steps of a generator, the last one when it is on disk. */
async function* steps(followed: Generator, call: RecordedCall): AsyncGenerator {
  let failed = false;
  try {
    return yield* followed;
  } catch (error) {
    failed = true;
    return failedCall(call, error);
  } finally {
    // Recorded already when its last step was seen; also when the consumer stopped it.
    if (!failed) await call.done(undefined, true);
  }
}
