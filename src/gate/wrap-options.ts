import type { Clock } from '../base/ports.ts';
import type { Recorder } from '../recorder.ts';
import type { AnyCallOptions, CallHooks, CallMembers, CallOptions } from './call.ts';
import type { Gate, GateRequest, SignedRequest } from './port.ts';

/** Any function at all. */
export type AnyFunction = (this: never, ...args: never) => unknown;

type Args<F extends AnyFunction> = Parameters<F>;
type Value<F extends AnyFunction> = Awaited<ReturnType<F>>;

/**
 * How to record calls. `observe`: the call does not wait for the disk, and what fails to be recorded goes to onError. `enforce`: the
 * result, the last step of a generator or the end of a ReadableStream is handed out only when its receipt is on disk; else the call
 * fails with the recorder's error, though the tool ran.
 */
export interface RecordOf<F extends AnyFunction> extends CallOptions<Args<F>, Value<F>> {
  readonly recorder: Recorder;
  /** `observe` unless given. */
  readonly mode?: 'observe' | 'enforce';
  readonly gate?: never;
}

/** Where a call under a gate belongs, and what its policy asks beside. */
export interface GatedMembers extends CallMembers {
  readonly role?: string;
  /** Ascending, each once. */
  readonly labels?: readonly string[];
}

/** How to ask a gate before each call. */
export interface GateOf<F extends AnyFunction> extends Omit<CallOptions<Args<F>, Value<F>>, 'members' | 'onError'> {
  readonly gate: Gate;
  readonly agent: string;
  readonly members?: GatedMembers | ((...args: Args<F>) => GatedMembers);
  /**
   * The nonce of the agent's own request. Without it the wrapper is the one who asks and makes a fresh nonce for each call: then nothing
   * is a replay, and an agent that asks twice is answered twice. A retry gets the result on record, as JSON.
   */
  readonly nonce?: (...args: Args<F>) => string;
  /** When the agent asked, as Date.toISOString prints it; now unless given, which then says nothing about freshness. */
  readonly requestedAt?: (...args: Args<F>) => string;
  /** Sign the request as its agent (signRequest). */
  readonly sign?: (request: GateRequest) => SignedRequest | Promise<SignedRequest>;
  readonly clock?: Clock;
  readonly recorder?: never;
  readonly mode?: never;
}

/** Options as the code behind wrap sees them. */
export type AnyRecordOptions = AnyCallOptions & Pick<RecordOf<AnyFunction>, 'recorder' | 'mode' | 'gate'>;
export type AnyGateOptions = AnyCallOptions &
  Omit<GateOf<AnyFunction>, 'tool' | 'members'> & {
    readonly members?: GatedMembers | ((...args: never) => GatedMembers);
  };

/** What wrap is given by sessions. */
export type Hooked = { readonly hooks: CallHooks | null };

/** What a function that waits for its receipt hands out, from what it returned. */
type Waited<R> = [R] extends [never]
  ? Promise<never>
  : Promise<Awaited<R>> extends R
    ? R
    : R extends Generator<infer Item, infer Last, infer Sent>
      ? AsyncGenerator<Awaited<Item>, Awaited<Last>, Sent>
      : R extends AsyncIterable<unknown> | ReadableStream<unknown>
        ? R
        : Promise<Awaited<R>>;

/** As Waited, where the function itself waits for a decision. */
type Asked<R> = [R] extends [never]
  ? Promise<never>
  : Promise<Awaited<R>> extends R
    ? R
    : R extends Generator<infer Item, infer Last, infer Sent>
      ? AsyncGenerator<Awaited<Item>, Awaited<Last>, Sent>
      : R extends AsyncGenerator
        ? R
        : Promise<Awaited<R>>;

type Returning<F extends AnyFunction, R> = [ReturnType<F>, R] extends [R, ReturnType<F>]
  ? F
  : (this: ThisParameterType<F>, ...args: Parameters<F>) => R;

/**
 * The type of a function in mode `enforce`: its own when it returned a promise, an async generator or a stream; else it returns a promise,
 * and an async generator in place of a generator.
 */
export type Enforced<F extends AnyFunction> = Returning<F, Waited<ReturnType<F>>>;

/** The type of a function under a gate: as Enforced, and a promise of what goes on in place of what is no generator. */
export type Gated<F extends AnyFunction> = Returning<F, Asked<ReturnType<F>>>;
