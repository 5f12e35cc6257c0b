import { MAX_IN_FLIGHT_BYTES, MAX_IN_FLIGHT_ENTRIES, MAX_WAITING_APPENDS } from '../base/limits.ts';

/** How much may be in flight before appends wait; the defaults of base/limits.ts unless given. */
export interface InFlight {
  readonly entries?: number;
  readonly bytes?: number;
  readonly waiting?: number;
}

/** Counts what is in flight: entries that are linked and not acknowledged. */
export class Room {
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  /** Appends that may wait for room. */
  readonly maxWaiting: number;
  #entries = 0;
  #bytes = 0;

  constructor({ entries, bytes, waiting }: InFlight = {}) {
    this.#maxEntries = entries ?? MAX_IN_FLIGHT_ENTRIES;
    this.#maxBytes = bytes ?? MAX_IN_FLIGHT_BYTES;
    this.maxWaiting = waiting ?? MAX_WAITING_APPENDS;
  }

  /** Whether one more may be linked, however long it is. */
  get free(): boolean {
    return this.#entries < this.#maxEntries && this.#bytes < this.#maxBytes;
  }

  enter(entry: Uint8Array): void {
    this.#entries++;
    this.#bytes += entry.length;
  }

  leave(entry: Uint8Array): void {
    this.#entries--;
    this.#bytes -= entry.length;
  }
}
