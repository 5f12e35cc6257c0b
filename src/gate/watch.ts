/**
 * Follows what a tool handed out until it has ended, without being in its way: promises, thenables, generators, async iterables and
 * streams stay the objects they are; what has to be seen of them is seen by members put on the object itself. The one exception is a
 * ReadableStream, which cannot be read by two: it is passed on through one of ours, item by item, nothing read ahead.
 */
export interface Ends {
  /** It goes on after it was handed out. */
  goesOn(): void;
  /** One item passed. */
  item(item: unknown): void;
  /** It ended. @param early the consumer stopped it. @returns null, or what to wait for before the end is handed out. */
  done(value: unknown, early: boolean): Promise<void> | null;
  /** It threw. Never rejects. */
  failed(error: unknown): Promise<void> | null;
  /** It will end unseen. Never rejects. */
  unseen(): Promise<void> | null;
}

type Method = (...args: unknown[]) => unknown;

/** @returns whether a value goes on after it was handed out. */
export function isLazy(value: unknown): value is object {
  return isGenerator(value) || isReadableStream(value) || hasMethod(value, Symbol.asyncIterator);
}

export function isGenerator(value: unknown): value is Generator {
  return tagOf(value) === '[object Generator]';
}

/** @returns whether a promise is one that can be followed beside its consumer: its `then` starts nothing. */
export function isPlainPromise(value: unknown): value is Promise<unknown> {
  return value instanceof Promise && value.then === Promise.prototype.then;
}

/** @returns whether `await` would wait for it. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return hasMethod(value, 'then');
}

function isReadableStream(value: unknown): value is ReadableStream {
  return typeof ReadableStream === 'function' && value instanceof ReadableStream;
}

/** A Readable of Node, or what behaves like one. */
function isNodeStream(value: object): boolean {
  return hasMethod(value, 'read') && hasMethod(value, 'pipe') && hasMethod(value, 'emit');
}

/**
 * Follow what a function returned, and hand it out at once.
 * @param fresh whether nobody else can hold the promise: then one that follows it is handed out instead, so that a rejection that nobody
 *   handles is still reported as such. @returns the value itself, or its stand-in where there must be one.
 */
export function follow(value: unknown, ends: Ends, fresh: boolean): unknown {
  if (isLazy(value)) return followLazy(value, ends);
  if (isPlainPromise(value)) {
    if (fresh) {
      return value.then(
        (settled) => (isLazy(settled) ? followLazy(settled, ends) : handed(settled, ends.done(settled, false))),
        (error) => thrown(error, ends.failed(error)),
      );
    }
    void Promise.prototype.then.call(
      value,
      (settled) => void (isLazy(settled) ? followInPlace(settled, ends) : ends.done(settled, false)),
      (error) => void ends.failed(error),
    );
    return value;
  }
  if (isThenable(value)) {
    if (!put(value, 'then', (original) => followingThen(original, ends))) void ends.unseen();
    return value;
  }
  void ends.done(value, false);
  return value;
}

/** Follow a value that goes on. @returns it, or its stand-in. */
export function followLazy(value: object, ends: Ends): object {
  return isReadableStream(value) ? passedOn(value, ends) : followInPlace(value, ends);
}

function followInPlace(value: object, ends: Ends): object {
  let seen = false;
  ends.goesOn();
  if (isGenerator(value)) seen = followIterator(value, ends, false);
  else if (tagOf(value) === '[object AsyncGenerator]') seen = followIterator(value, ends, true);
  else if (!isReadableStream(value)) {
    seen = isNodeStream(value)
      ? put(value, 'emit', (original) => followingEmit(original, value, ends))
      : put(value, Symbol.asyncIterator, (original) => followingIteration(original, ends));
  }
  if (!seen) void ends.unseen();
  return value;
}

/** Put a member on an object in the place of the one it has. @returns whether it could be put there. */
function put(target: object, name: PropertyKey, make: (original: Method) => Method): boolean {
  const original = (target as Record<PropertyKey, unknown>)[name];
  if (typeof original !== 'function') return true;
  return Reflect.defineProperty(target, name, {
    value: make(original as Method),
    configurable: true,
    enumerable: false,
    writable: true,
  });
}

function followIterator(iterator: object, ends: Ends, isAsync: boolean): boolean {
  const see = (early: boolean) => (result: unknown) => {
    // Iterators of their own kind may answer a `return` with anything.
    const { done = early, value } = Object(result) as Partial<IteratorResult<unknown>>;
    if (done) return handed(result, ends.done(value, early));
    ends.item(value);
    return result;
  };
  const fail = (error: unknown): never | Promise<never> => thrown(error, ends.failed(error));
  const step =
    (early: boolean) =>
    (original: Method): Method =>
      function (this: unknown, ...args) {
        if (isAsync) {
          const asked = Reflect.apply(original, this, args);
          // A promise of their own kind is followed as `for await` would.
          return (isPlainPromise(asked) ? asked : Promise.resolve(asked)).then(see(early), fail);
        }
        let result: unknown;
        try {
          result = Reflect.apply(original, this, args);
        } catch (error) {
          void ends.failed(error);
          throw error;
        }
        const held = see(early)(result);
        // Where the end must wait, it is held back by who asks for this step.
        if (held instanceof Promise) held.catch(() => undefined);
        return result;
      };
  return (
    put(iterator, 'next', step(false)) && put(iterator, 'return', step(true)) && put(iterator, 'throw', step(false))
  );
}

/** The first iteration is followed; a later one is the consumer's own affair. */
function followingIteration(original: Method, ends: Ends): Method {
  let first = true;
  return function (this: unknown, ...args) {
    const iterator = Reflect.apply(original, this, args);
    if (first && typeof iterator === 'object' && iterator !== null && !followIterator(iterator, ends, true)) {
      void ends.unseen();
    }
    first = false;
    return iterator;
  };
}

/** A stream of Node emits every chunk that it hands out, whoever reads it and how. Its end cannot be held back. */
function followingEmit(original: Method, stream: object, ends: Ends): Method {
  const ended = (recorded: Promise<void> | null): void => {
    recorded?.catch((error: unknown) => void (stream as { destroy?: Method }).destroy?.(error));
  };
  return function (this: unknown, name, ...args) {
    if (name === 'data') ends.item(args[0]);
    else if (name === 'end') ended(ends.done(undefined, false));
    else if (name === 'error') void ends.failed(args[0]);
    else if (name === 'close') ended(ends.done(undefined, true));
    return Reflect.apply(original, this, [name, ...args]);
  };
}

/** For thenables that start when they are asked (query builders): asked no more often than their consumer does. */
function followingThen(original: Method, ends: Ends): Method {
  return function (this: unknown, onValue, onError) {
    const value = (settled: unknown): unknown => {
      const held = ends.done(settled, false);
      const next = (): unknown => (typeof onValue === 'function' ? onValue(settled) : settled);
      return held === null ? next() : held.then(next);
    };
    const error = (reason: unknown): unknown => {
      void ends.failed(reason);
      if (typeof onError === 'function') return onError(reason);
      throw reason;
    };
    return Reflect.apply(original, this, [value, error]);
  };
}

function passedOn(stream: ReadableStream<unknown>, ends: Ends): ReadableStream<unknown> {
  ends.goesOn();
  if (stream.locked) {
    void ends.unseen();
    return stream;
  }
  const isBytes = hasByteReader(stream);
  const reader = stream.getReader();
  const source = {
    async pull(controller: { enqueue(chunk: unknown): void; close(): void; byobRequest?: unknown }): Promise<void> {
      let read: Awaited<ReturnType<typeof reader.read>>;
      try {
        read = await reader.read();
      } catch (error) {
        await ends.failed(error);
        throw error;
      }
      if (!read.done) {
        ends.item(read.value);
        controller.enqueue(read.value);
        return;
      }
      await ends.done(undefined, false);
      controller.close();
      // One that reads into a buffer of its own is told of the end by an answer of no bytes.
      (controller.byobRequest as { respond(length: number): void } | null | undefined)?.respond(0);
    },
    async cancel(reason: unknown): Promise<void> {
      await reader.cancel(reason);
      await ends.done(undefined, true);
    },
  };
  return isBytes
    ? new ReadableStream({ ...source, type: 'bytes' } as UnderlyingByteSource)
    : new ReadableStream(source as UnderlyingDefaultSource<unknown>, { highWaterMark: 0 });
}

function hasByteReader(stream: ReadableStream): boolean {
  try {
    stream.getReader({ mode: 'byob' }).releaseLock();
    return true;
  } catch {
    return false;
  }
}

/** Hand a value out, after what has to be waited for. */
function handed<T>(value: T, held: Promise<void> | null): T | Promise<T> {
  return held === null ? value : held.then(() => value);
}

async function thrown(error: unknown, held: Promise<void> | null): Promise<never> {
  await held;
  throw error;
}

function hasMethod(value: unknown, name: PropertyKey): boolean {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  try {
    return typeof (value as Record<PropertyKey, unknown>)[name] === 'function';
  } catch {
    // A getter of theirs; nobody has asked for it yet but us.
    return false;
  }
}

function tagOf(value: unknown): string {
  try {
    return Object.prototype.toString.call(value);
  } catch {
    return '';
  }
}
