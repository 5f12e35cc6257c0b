import type { Log } from '../log/log.ts';
import type { SnapshotOptions } from './rebuild.ts';
import { writeSnapshot } from './snapshot.ts';
import type { GateState } from './state.ts';

/** Entries after which what the gate knows is written down again. */
const EVERY_ENTRIES = 10_000;

/** Writes snapshots of a state: only of one that is on disk as a whole, and one at a time. */
export class SnapshotKeeper {
  readonly #log: Log;
  readonly #options: SnapshotOptions | null;
  readonly #onFailure: (cause: Error) => void;
  #writtenAt: number;
  #writing: Promise<void> | null = null;

  /** @param writtenAt size of the log that the last snapshot stands at. @param onFailure told when one could not be written. */
  constructor(log: Log, options: SnapshotOptions | null, writtenAt: number, onFailure: (cause: Error) => void) {
    this.#log = log;
    this.#options = options;
    this.#writtenAt = writtenAt;
    this.#onFailure = onFailure;
  }

  /** Write one when it is due. Where entries are on their way to the disk the next answer finds the moment. */
  look(state: GateState): void {
    if (this.#writing !== null || state.head.size - this.#writtenAt < EVERY_ENTRIES) return;
    this.#start(state);
  }

  /** Write the last one. */
  async close(state: GateState): Promise<void> {
    await this.#writing;
    if (state.head.size > this.#writtenAt) this.#start(state);
    await this.#writing;
  }

  #start(state: GateState): void {
    if (this.#options === null || this.#log.head().hash !== state.head.hash) return;
    const { store, mac } = this.#options;
    const { size } = state.head;
    // Formed now, while nothing else runs; only the writing takes its time.
    const bytes = writeSnapshot(state, this.#log.origin, mac);
    this.#writing = store
      .write(bytes)
      .then(
        () => {
          this.#writtenAt = size;
        },
        (cause: Error) => this.#onFailure(cause),
      )
      .finally(() => {
        this.#writing = null;
      });
  }
}
