import { isReceiptError, type ReceiptError } from '../base/errors.ts';
import type { EventInput, PayloadInput } from '../receipt/event.ts';
import type { Json } from '../receipt/json.ts';
import type { Recorder, RecordOptions } from '../recorder.ts';
import { inBackground, warn } from './background.ts';
import { type Described, describe, describeThrown } from './describe.ts';
import { Items } from './items.ts';
import type { Ends } from './watch.ts';

/** What a receipt says of a call beside the tool: where it belongs. */
export interface CallMembers {
  readonly agent?: string;
  readonly delegate?: string;
  readonly tenant?: string;
  readonly session?: string;
  readonly sequence?: string;
  readonly step?: number;
  readonly of?: number;
  readonly invocation?: string;
  readonly trace_id?: string;
  readonly parent?: string;
  readonly target?: string;
  readonly resource?: string;
}

/** What is said of calls of a function. Mappers get what the function gets, `this` included. */
export interface CallOptions<Args extends readonly unknown[], Value> {
  /** Name of the tool. */
  readonly tool: string;
  readonly agent?: string;
  /** Where the call belongs, the same for all or by its arguments. */
  readonly members?: CallMembers | ((...args: Args) => CallMembers);
  /** What to record of the arguments; the array of them unless given. */
  readonly params?: (...args: Args) => PayloadInput;
  /** What to record of a result; the result itself unless given. Not asked for generators and streams. */
  readonly result?: (value: Value) => PayloadInput;
  /** Told of each call that was not recorded while the tool went on. A warning, once a kind of error, unless given. */
  readonly onError?: (error: unknown) => void;
}

/** CallOptions as the code behind wrap sees them: of any function. */
export interface AnyCallOptions extends Omit<CallOptions<never, never>, 'tool'> {
  readonly tool: string | ((self: unknown) => string);
}

/** What a session does to the calls in it. */
export interface CallHooks {
  readonly members: CallMembers;
  /** A call is about to be made. @throws when none may be. */
  began(): void;
  /** A recording, or a call that the session waits for. */
  waitFor(ending: Promise<unknown>): void;
  readonly recordOptions: RecordOptions;
}

type Notes = Record<string, Json>;

/** What a call says of itself before it is made: read at once, so that a later change of an argument changes nothing. */
export interface Opening {
  readonly tool: string;
  readonly members: CallMembers;
  readonly params: PayloadInput | undefined;
  readonly notes: Notes;
}

/**
 * Read what there is to say of a call. @param strict throw what a mapper throws, before anything runs; else it becomes a note.
 */
export function openingOf(
  { tool, agent, members = {}, params }: AnyCallOptions,
  self: unknown,
  args: readonly unknown[],
  hooks: CallHooks | null,
  strict: boolean,
): Opening {
  const notes: Notes = {};
  const ask = <T>(name: string, mapper: (...args: never) => T): T | undefined => {
    try {
      return Reflect.apply(mapper as (...args: unknown[]) => T, self, args);
    } catch (error) {
      if (strict) throw error;
      notes[name] = 'its mapper threw';
      return undefined;
    }
  };
  const own = typeof members === 'function' ? (ask('members', members) ?? {}) : members;
  const said = params === undefined ? args : ask('params', params);
  const described = notes.params === undefined ? describe(said) : null;
  if (described?.exact === false) notes.params = 'in part described, not JSON';
  return {
    tool: typeof tool === 'function' ? tool(self) : tool,
    members: { ...(agent === undefined ? {} : { agent }), ...hooks?.members, ...own },
    params: described?.value,
    notes,
  };
}

/** Describe a result by its mapper or as it is. Never throws. @returns null when there is nothing to say. */
export function describeResult(value: unknown, { result }: AnyCallOptions, notes: Notes): Described | null {
  let said = value;
  if (result !== undefined) {
    try {
      said = (result as (value: unknown) => unknown)(value);
    } catch {
      notes.result = 'its mapper threw';
      return null;
    }
  }
  if (said === undefined) return null;
  const described = describe(said);
  if (!described.exact) notes.result = 'in part described, not JSON';
  return described;
}

/** @returns what a receipt can say of items; their count and why there is no more to say go into `notes`. */
export function describeItems(items: Items, last: unknown, notes: Notes): Described | null {
  notes.items = items.count;
  if (items.bytes > 0) notes.bytes = items.bytes;
  const described = items.result(last);
  if (described === null) notes.result = 'too many items to keep';
  else if (!described.exact) notes.result = 'in part described, not JSON';
  return described;
}

/** Codes of what cannot become an entry as it is: then the call is recorded without what was refused. */
const REFUSED = ['NOT_REPRESENTABLE', 'EVENT_SCHEMA', 'ENTRY_TOO_LARGE'] as const;

/** One call of a recorded tool: from its arguments to its receipt, written once, when it has ended. */
export class RecordedCall implements Ends {
  readonly #opening: Opening;
  readonly #options: AnyCallOptions;
  readonly #recorder: Recorder;
  readonly #waits: boolean;
  readonly #hooks: CallHooks | null;
  readonly #began = performance.now();
  #items: Items | null = null;
  #recorded: Promise<void> | null = null;
  #release: (() => void) | null = null;

  /** @param waits whether the end is handed out only when it is on disk. */
  constructor(opening: Opening, options: AnyCallOptions, recorder: Recorder, waits: boolean, hooks: CallHooks | null) {
    this.#opening = opening;
    this.#options = options;
    this.#recorder = recorder;
    this.#waits = waits;
    this.#hooks = hooks;
  }

  item(item: unknown): void {
    this.#items ??= new Items();
    this.#items.add(item);
  }

  goesOn(): void {
    this.#items ??= new Items();
    this.#release?.();
  }

  /** Make the session wait for the end; for one that goes on, until it is handed out. */
  hold(): void {
    this.#hooks?.waitFor(
      new Promise<void>((resolve) => {
        this.#release = resolve;
      }),
    );
  }

  done(value: unknown, early: boolean): Promise<void> | null {
    const notes: Notes = early ? { stopped: 'by its consumer' } : {};
    const said =
      this.#items === null ? describeResult(value, this.#options, notes) : describeItems(this.#items, value, notes);
    return this.#end({ status: 'executed', ...(said === null ? {} : { result: said.value }) }, notes);
  }

  failed(error: unknown): Promise<void> | null {
    const notes: Notes = this.#items === null ? {} : { items: this.#items.count };
    const { value, aborted } = describeThrown(error);
    // The caller gets what the tool threw, whatever becomes of the receipt; that is reported.
    return this.#reported(
      this.#end({ status: 'failed', ...(aborted ? { reason: 'aborted' } : {}), error: value }, notes),
    );
  }

  unseen(): Promise<void> | null {
    return this.#reported(this.#end({ status: 'executed' }, { result: 'it goes on where it could not be followed' }));
  }

  #end(outcome: NonNullable<EventInput['outcome']>, notes: Notes): Promise<void> | null {
    if (this.#recorded !== null) return this.#waits ? this.#recorded : null;
    const { tool, members, params, notes: before } = this.#opening;
    const { target, resource, ...rest } = members;
    const all = { ...before, ...notes };
    const event: EventInput = {
      ...rest,
      type: 'tool_call',
      action: {
        tool,
        ...(target === undefined ? {} : { target }),
        ...(resource === undefined ? {} : { resource }),
        ...(params === undefined ? {} : { params }),
      },
      outcome,
      duration_ms: Math.round((performance.now() - this.#began) * 1000) / 1000,
      ...(Object.keys(all).length === 0 ? {} : { data: { wrap: all } }),
    };
    this.#recorded = this.#record(event);
    this.#hooks?.waitFor(this.#recorded);
    this.#release?.();
    inBackground(this.#recorder, this.#recorded);
    if (this.#waits) return this.#recorded;
    this.#recorded.catch((error: unknown) => this.#report(error));
    return null;
  }

  /** As a whole; or without its result where that is refused; or, where that is no help either, that it was called and how it ended. */
  async #record(event: EventInput): Promise<void> {
    const options = this.#hooks?.recordOptions ?? {};
    const refused = await this.#refusal(event, options);
    if (refused === null) return;
    const { status = 'failed', reason } = event.outcome ?? {};
    const notes = { refused: refused.code, ...(refused.at === undefined ? {} : { at: refused.at }) };
    const outcome = { status, ...(reason === undefined ? {} : { reason }) };
    if ((await this.#refusal({ ...event, outcome, data: { wrap: notes } }, options)) === null) return;
    const { agent, session, sequence } = { agent: this.#options.agent, ...this.#hooks?.members };
    await this.#recorder.record(
      {
        type: 'tool_call',
        ...(agent === undefined ? {} : { agent }),
        ...(session === undefined ? {} : { session }),
        ...(sequence === undefined ? {} : { sequence }),
        action: { tool: this.#opening.tool },
        outcome,
        data: { wrap: notes },
      },
      options,
    );
  }

  /** @returns why an event cannot become an entry, null when it has become one. @throws what else went wrong. */
  async #refusal(event: EventInput, options: RecordOptions): Promise<ReceiptError | null> {
    try {
      await this.#recorder.record(event, options);
      return null;
    } catch (error) {
      if (isReceiptError(error) && REFUSED.some((code) => code === error.code)) return error;
      throw error;
    }
  }

  #reported(recorded: Promise<void> | null): Promise<void> | null {
    return recorded === null ? null : recorded.catch((error: unknown) => this.#report(error));
  }

  /** Tell of a call that was not recorded. What the listener throws is not the tool's affair. */
  #report(error: unknown): void {
    const { onError = warn } = this.#options;
    try {
      onError(error);
    } catch {
      warn(error);
    }
  }
}
