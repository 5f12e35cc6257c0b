import { ReceiptError } from '../base/errors.ts';
import type { Recorded } from '../recorder.ts';

/** Events recorded at once: enough that signers and disk never wait for the input, few enough to hold. */
const MAX_IN_FLIGHT = 256;

/** Codes of an event that cannot become an entry, whatever the log does. */
const REFUSED: ReadonlySet<string> = new Set(['EVENT_SCHEMA', 'ENTRY_TOO_LARGE', 'NOT_REPRESENTABLE', 'NOT_JSON']);

/**
 * Takes events in order while earlier ones are still being recorded, hands on their receipts in that order, and stops at the first
 * that fails: what stands before it is recorded, of what stands behind it nothing is begun.
 */
export class Intake {
  recorded = 0;
  readonly #input: string;
  readonly #handOn: (recorded: Recorded) => Promise<void>;
  #failure: unknown = null;
  #failed = false;
  #inFlight = 0;
  #settled: Promise<void> = Promise.resolve();
  #wake: () => void = () => undefined;

  /** @param input how messages call it. @param handOn gets each receipt, in order. */
  constructor(input: string, handOn: (recorded: Recorded) => Promise<void>) {
    this.#input = input;
    this.#handOn = handOn;
  }

  /**
   * Take one event that is being recorded.
   * @returns once there is room for the next; false when none is wanted any more.
   */
  async add(line: number, recording: Promise<Recorded>): Promise<boolean> {
    let refused = false;
    // An event that is refused is refused before record() returns, so that this runs before the line below it.
    recording.catch((error: unknown) => {
      refused = error instanceof ReceiptError && REFUSED.has(error.code);
    });
    await Promise.resolve();
    this.#inFlight++;
    this.#settled = this.#settled.then(() => this.#settle(line, recording));
    if (refused) return false;
    while (this.#inFlight >= MAX_IN_FLIGHT && !this.#failed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return !this.#failed;
  }

  /** The input itself failed: what was taken before is still recorded. */
  fail(error: unknown): void {
    this.#settled = this.#settled.then(() => this.#note(error));
  }

  /** Wait for everything taken. @returns the first failure, as an error that says what is recorded; null when there was none. */
  async end(): Promise<unknown> {
    await this.#settled;
    return this.#failed ? this.#told(this.#failure) : null;
  }

  async #settle(line: number, recording: Promise<Recorded>): Promise<void> {
    try {
      const recorded = await recording;
      this.recorded++;
      await this.#handOn(recorded);
    } catch (error) {
      this.#note(error instanceof ReceiptError ? atLine(error, `${this.#input} line ${line}`) : error);
    } finally {
      this.#inFlight--;
      this.#wake();
    }
  }

  #note(error: unknown): void {
    if (!this.#failed) this.#failure = error;
    this.#failed = true;
    this.#wake();
  }

  #told(error: unknown): unknown {
    if (!(error instanceof ReceiptError)) return error;
    const told =
      this.recorded === 1 ? '1 event before it is recorded' : `${this.recorded} events before it are recorded`;
    return restated(error, `${error.message} (${told})`, error.at);
  }
}

function atLine(error: ReceiptError, line: string): ReceiptError {
  return restated(error, `${line}: ${error.message}`, error.at === undefined ? line : `${line}, ${error.at}`);
}

function restated(error: ReceiptError, message: string, at: string | undefined): ReceiptError {
  const { code, expected, found, next } = error;
  return new ReceiptError(code, message, {
    ...(at === undefined ? {} : { at }),
    ...(expected === undefined ? {} : { expected }),
    ...(found === undefined ? {} : { found }),
    next,
    cause: error,
  });
}
