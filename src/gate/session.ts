import { closeEvent } from '../receipt/control.ts';
import type { Json } from '../receipt/json.ts';
import type { Receipt } from '../receipt/receipt.ts';
import { createRecorder, type Recorder, type RecorderLog, type RecordOptions } from '../recorder.ts';
import type { CallHooks, CallMembers } from './call.ts';
import { describe, describeThrown } from './describe.ts';
import { wrapAny } from './wrap.ts';
import type { AnyFunction, AnyGateOptions, Enforced, Gated, GateOf, RecordOf } from './wrap-options.ts';

/** How to record a session. */
export interface SessionOptions {
  /** Where its entries and its close go. */
  readonly log: RecorderLog;
  /** A recorder on that log; a plain one unless given. */
  readonly recorder?: Recorder;
  readonly agent?: string;
  /** How many steps it will have: then each entry says so, and one too many is refused. */
  readonly steps?: number;
  /** Members of all its entries. */
  readonly members?: Omit<CallMembers, 'session' | 'sequence' | 'step' | 'of'>;
}

type InSession<Options> = Omit<Options, 'recorder' | 'tool'> & { readonly tool: string };

/** A session under way. Every use of it after its end throws. */
export interface Session {
  readonly name: string;
  /** Its sequence in the log, unlike any other: the name, a slash and a UUID. */
  readonly id: string;
  /**
   * Record one step. Steps are numbered in the order of the log, from 1, which is the order of the calls.
   * @param step what it is. @param data what there is to say; what is no JSON is described.
   * @returns its receipt, durable. @throws TypeError after the end; RangeError beyond the steps announced; what the recorder throws.
   */
  record(step: string, data?: unknown): Promise<Receipt>;
  /** As wrap, each call one more step of this session; under a gate its decision bears the sequence and no step. */
  wrap<F extends AnyFunction>(fn: F, options: InSession<RecordOf<F>> & { readonly mode: 'enforce' }): Enforced<F>;
  wrap<F extends AnyFunction>(fn: F, options: InSession<RecordOf<F>> & { readonly mode?: 'observe' }): F;
  wrap<F extends AnyFunction>(fn: F, options: GateOf<F>): Gated<F>;
  /** A session within this one: a sequence of its own, whose entries name this one as their parent. */
  session<T>(name: string, run: (session: Session) => T | Promise<T>, steps?: number): Promise<T>;
}

/**
 * Record what belongs together as one sequence, closed at its end: `verify --session` verifies it as one unit.
 * @param name `session` of its entries. @param run is given the session; its calls are waited for before the session is closed.
 * @returns what `run` returned, once the close is durable. @throws what `run` threw, unchanged, once it is recorded as a failed outcome;
 *   what the log throws, when nothing else was thrown.
 */
export async function session<T>(
  name: string,
  run: (session: Session) => T | Promise<T>,
  options: SessionOptions,
): Promise<T> {
  const open = new OpenSession(name, options);
  let value: T;
  try {
    value = await run(open);
  } catch (error) {
    // What happened counts more than that it could not be recorded: an unclosed sequence says that by itself.
    await open.end({ error }).catch(() => undefined);
    throw error;
  }
  await open.end(null);
  return value;
}

class OpenSession implements Session {
  readonly name: string;
  readonly id: string;
  readonly #options: SessionOptions;
  readonly #recorder: Recorder;
  readonly #members: CallMembers;
  readonly #hooks: CallHooks;
  readonly #waiting = new Set<Promise<unknown>>();
  #taken = 0;
  #numbered = 0;
  #isOver = false;

  constructor(name: string, options: SessionOptions) {
    const { log, recorder = createRecorder({ log }), agent, steps, members = {} } = options;
    if (typeof name !== 'string' || name === '') throw new TypeError('session: expected a name');
    if (steps !== undefined && !(Number.isSafeInteger(steps) && steps > 0)) {
      throw new RangeError('session: expected steps to be an integer from 1');
    }
    this.name = name;
    this.id = `${name}/${globalThis.crypto.randomUUID()}`;
    this.#options = options;
    this.#recorder = recorder;
    this.#members = { ...members, ...(agent === undefined ? {} : { agent }), session: name, sequence: this.id };
    // Numbered when it is linked: only there is it certain which entry comes first, and that there is one.
    const recordOptions: RecordOptions = {
      atLink: () => ({ step: ++this.#numbered, ...(steps === undefined ? {} : { of: steps }) }),
    };
    this.#hooks = {
      members: this.#members,
      recordOptions,
      began: () => this.#takeStep(),
      waitFor: (ending) => this.#waitFor(ending),
    };
  }

  async record(step: string, data?: unknown): Promise<Receipt> {
    if (typeof step !== 'string' || step === '') throw new TypeError('session.record: expected a step');
    this.#takeStep();
    const said: Json = data === undefined ? { step } : { step, data: jsonOf(data) };
    const recorded = this.#recorder.record({ ...this.#event(), data: said }, this.#hooks.recordOptions);
    this.#waitFor(recorded);
    return (await recorded).receipt;
  }

  wrap<F extends AnyFunction>(fn: F, options: InSession<RecordOf<F>> & { readonly mode: 'enforce' }): Enforced<F>;
  wrap<F extends AnyFunction>(fn: F, options: InSession<RecordOf<F>> & { readonly mode?: 'observe' }): F;
  wrap<F extends AnyFunction>(fn: F, options: GateOf<F>): Gated<F>;
  wrap(fn: AnyFunction, options: InSession<RecordOf<AnyFunction>> | AnyGateOptions): AnyFunction {
    if (options.gate !== undefined) return wrapAny(fn, options, { ...this.#hooks, began: () => this.#refuseLate() });
    const { gate: _none, ...rest } = options;
    return wrapAny(fn, { ...rest, recorder: this.#recorder }, this.#hooks);
  }

  session<T>(name: string, run: (session: Session) => T | Promise<T>, steps?: number): Promise<T> {
    this.#refuseLate();
    const { steps: _own, members = {}, ...options } = this.#options;
    const inner = session(name, run, {
      ...options,
      recorder: this.#recorder,
      members: { ...members, parent: this.id },
      ...(steps === undefined ? {} : { steps }),
    });
    this.#waitFor(inner);
    // A promise of its own: that the session waits for it does not mean that its caller looks at how it ended.
    return inner.then((value) => value);
  }

  /** Wait for what is under way, say how it ended, close. What began before may still begin more until then. */
  async end(failure: { readonly error: unknown } | null): Promise<void> {
    while (this.#waiting.size > 0) await Promise.all(this.#waiting);
    this.#isOver = true;
    if (failure !== null) {
      const { value, aborted } = describeThrown(failure.error);
      const outcome = { status: 'failed', ...(aborted ? { reason: 'aborted' } : {}), error: value } as const;
      await this.#recorder.record({ ...this.#event(), outcome });
    }
    await this.#options.log.append(closeEvent({ scope: 'sequence', sequence: this.id }));
  }

  #event() {
    const { target, resource, ...members } = this.#members;
    const action = { ...(target === undefined ? {} : { target }), ...(resource === undefined ? {} : { resource }) };
    return { ...members, type: 'custom', ...(Object.keys(action).length === 0 ? {} : { action }) } as const;
  }

  #refuseLate(): void {
    if (this.#isOver) throw new TypeError(`session ${this.name}: expected no use after its end`);
  }

  #takeStep(): void {
    this.#refuseLate();
    const { steps = Number.MAX_SAFE_INTEGER } = this.#options;
    if (this.#taken >= steps) throw new RangeError(`session ${this.name}: expected ${steps} steps, got one more`);
    this.#taken++;
  }

  #waitFor(ending: Promise<unknown>): void {
    const forget = (): void => void this.#waiting.delete(waited);
    const waited = ending.then(forget, forget);
    this.#waiting.add(waited);
  }
}

function jsonOf(data: unknown): Json {
  const { value } = describe(data);
  return value instanceof Uint8Array ? `[${value.length} bytes]` : value;
}
