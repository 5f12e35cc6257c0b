import { flush } from '../../src/gate/index.ts';
import type { JsonObject } from '../../src/receipt/json.ts';
import { createRecorder, type Recorder, type RecorderOptions } from '../../src/recorder.ts';
import { Rig } from './rig.ts';

/** What a receipt of a call says, payloads read back. */
export interface Said {
  readonly tool: unknown;
  readonly params: unknown;
  readonly status: unknown;
  readonly result: unknown;
  readonly error: unknown;
  readonly notes: unknown;
  readonly event: JsonObject;
}

/** A log with a recorder on it, and what the calls recorded there say. */
export class CallLog {
  readonly rig: Rig;
  readonly recorder: Recorder;

  private constructor(rig: Rig, options: Partial<RecorderOptions>) {
    this.rig = rig;
    this.recorder = createRecorder({ log: rig.log, ...options });
  }

  static async start(options: Partial<RecorderOptions> = {}): Promise<CallLog> {
    return new CallLog(await Rig.start(), options);
  }

  async calls(type = 'tool_call'): Promise<Said[]> {
    await flush(this.recorder);
    const events = (await this.rig.events()).filter((event) => event.type === type);
    return Promise.all(events.map((event) => this.#said(event)));
  }

  async #said(event: JsonObject): Promise<Said> {
    const action = (event.action ?? {}) as JsonObject;
    const outcome = (event.outcome ?? {}) as JsonObject;
    return {
      tool: action.tool,
      params: await this.#payload(action.params_commit),
      status: outcome.status,
      result: await this.#payload(outcome.result_commit),
      error: await this.#payload(outcome.error_commit),
      notes: (event.data as { wrap?: unknown } | undefined)?.wrap,
      event,
    };
  }

  async #payload(commitment: unknown): Promise<unknown> {
    if (typeof commitment !== 'string') return undefined;
    const kept = await this.rig.log.readPayload(commitment);
    const text = new TextDecoder().decode(kept?.payload);
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  }
}

/** A stream of the web that holds these items. */
export function streamOf<T>(...items: T[]): ReadableStream<T> {
  return new ReadableStream<T>({
    start(controller) {
      for (const item of items) controller.enqueue(item);
      controller.close();
    },
  });
}
