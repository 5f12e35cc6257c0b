import { ReceiptError } from '../base/errors.ts';
import { systemClock } from '../base/ports.ts';
import { canonicalText } from '../receipt/canonical.ts';
import type { PayloadInput } from '../receipt/event.ts';
import type { Json } from '../receipt/json.ts';
import { type CallHooks, describeItems, describeResult, type Opening, openingOf } from './call.ts';
import { Items } from './items.ts';
import type { GateRequest, SignedRequest } from './port.ts';
import { type Ends, followLazy, isLazy } from './watch.ts';
import type { AnyGateOptions } from './wrap-options.ts';

/** One call of a wrapped function. */
interface Asking {
  readonly options: AnyGateOptions;
  readonly self: unknown;
  readonly args: readonly unknown[];
  /** Calls the function itself. */
  readonly run: () => unknown;
  readonly hooks: CallHooks | null;
}

/** Decide, call, record; what the function returned is handed out when its outcome is on disk, or at once when it goes on. */
export async function callGated(asking: Asking): Promise<unknown> {
  const { options, run, hooks } = asking;
  hooks?.began();
  const opening = openingFor(asking);
  const ask = requestOf(asking, opening);
  const request = ask instanceof Promise ? await ask : ask;
  let value: unknown;
  let ran = false;
  const handedOut = new Promise<unknown>((resolve, reject) => {
    const whole = options.gate.run(request, async () => {
      refuseChanged(asking, opening);
      ran = true;
      value = await run();
      if (!isLazy(value)) return describeResult(value, options, {})?.value;
      const lazy = value;
      return new Promise<PayloadInput | undefined>((ended, failed) => {
        resolve(followLazy(lazy, new GatedEnds(() => whole, ended, failed)));
      });
    });
    whole.then((recorded) => resolve(ran ? value : recorded), reject);
  });
  hooks?.waitFor(handedOut);
  return handedOut;
}

/** Decide when the first item is asked for, and record when the last one was: a generator that nobody pulls asks for nothing. */
export function iterateGated(asking: Asking): AsyncGenerator {
  return gatedSteps(asking, openingFor(asking));
}

async function* gatedSteps(asking: Asking, opening: Opening): AsyncGenerator {
  const { options, run, hooks } = asking;
  hooks?.began();
  const request = await requestOf(asking, opening);
  let whole: Promise<unknown> = Promise.resolve();
  const begun = new Promise<AsyncGenerator | Generator>((resolve, reject) => {
    whole = options.gate.run(request, () => {
      refuseChanged(asking, opening);
      const inner = run() as AsyncGenerator;
      return new Promise<PayloadInput | undefined>((ended, failed) => {
        resolve(followLazy(inner, new GatedEnds(() => whole, ended, failed)) as AsyncGenerator);
      });
    });
    whole.then((recorded) => resolve(recordedSteps(recorded)), reject);
  });
  const inner = await begun;
  let failed = false;
  try {
    return yield* inner;
  } catch (error) {
    failed = true;
    await whole.catch(() => undefined);
    throw error;
  } finally {
    if (!failed) await whole;
  }
}

/** The steps of the first call, as its outcome says them, for a retry. */
function* recordedSteps(recorded: unknown): Generator {
  if (recorded instanceof Uint8Array) {
    yield recorded;
    return undefined;
  }
  const { items = [], returned } = Object(recorded) as { readonly items?: readonly Json[]; readonly returned?: Json };
  yield* items;
  return returned;
}

/** Ends the outcome that gate.run waits for. */
class GatedEnds implements Ends {
  readonly #items = new Items();
  readonly #whole: () => Promise<unknown>;
  readonly #ended: (result: PayloadInput | undefined) => void;
  readonly #failed: (error: unknown) => void;

  constructor(
    whole: () => Promise<unknown>,
    ended: (result: PayloadInput | undefined) => void,
    failed: (error: unknown) => void,
  ) {
    this.#whole = whole;
    this.#ended = ended;
    this.#failed = failed;
  }

  goesOn(): void {}

  item(item: unknown): void {
    this.#items.add(item);
  }

  done(value: unknown): Promise<void> {
    this.#ended(describeItems(this.#items, value, {})?.value);
    return this.#whole().then(() => undefined);
  }

  failed(error: unknown): Promise<void> {
    this.#failed(error);
    return this.#whole().then(
      () => undefined,
      () => undefined,
    );
  }

  unseen(): null {
    this.#ended('[it goes on where it could not be followed]');
    return null;
  }
}

function openingFor({ options, self, args, hooks }: Asking): Opening {
  return openingOf(options, self, args, hooks, true);
}

/** The arguments are the caller's, who may have changed them since they were decided on: then they are not what was allowed. */
function refuseChanged(asking: Asking, decided: Opening): void {
  if (canonicalText(jsonParams(openingFor(asking))) === canonicalText(jsonParams(decided))) return;
  throw new ReceiptError(
    'GATE_REFUSED',
    'wrap: expected the arguments that were decided on, got others; nothing was run',
    {
      expected: 'the arguments that were decided on',
      found: 'arguments changed since',
    },
  );
}

function jsonParams({ params = null }: Opening): Json {
  if (params instanceof Uint8Array) throw new TypeError('wrap: expected params as JSON, which a policy can read');
  return params;
}

function requestOf(
  { options, self, args }: Asking,
  opening: Opening,
): GateRequest | SignedRequest | Promise<SignedRequest> {
  const { gate, agent, nonce, requestedAt, sign, clock = systemClock } = options;
  const asked = (mapper: (...args: never) => string): string =>
    Reflect.apply(mapper as (...args: unknown[]) => string, self, args);
  const { target, resource, ...members } = opening.members;
  const request: GateRequest = {
    agent,
    ...members,
    log: gate.log,
    nonce: nonce === undefined ? globalThis.crypto.randomUUID() : asked(nonce),
    requested_at: requestedAt === undefined ? new Date(clock.nowMs()).toISOString() : asked(requestedAt),
    action: {
      tool: opening.tool,
      ...(target === undefined ? {} : { target }),
      ...(resource === undefined ? {} : { resource }),
      params: jsonParams(opening),
    },
  };
  return sign === undefined ? request : sign(request);
}
