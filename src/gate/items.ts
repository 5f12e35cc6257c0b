import { concatBytes } from '../base/bytes.ts';
import { MAX_KEPT_ITEMS, MAX_KEPT_STREAM_BYTES } from '../base/limits.ts';
import type { PayloadInput } from '../receipt/event.ts';
import type { Json } from '../receipt/json.ts';
import { type Described, describe } from './describe.ts';

/** What passed through a generator or a stream: the items as they were when they passed, as long as they are few. */
export class Items {
  count = 0;
  bytes = 0;
  #kept: PayloadInput[] | null = [];
  #exact = true;
  #allBytes = true;

  add(item: unknown): void {
    this.count++;
    if (item instanceof Uint8Array) this.bytes += item.length;
    else this.#allBytes = false;
    if (this.#kept === null) return;
    if (this.count > MAX_KEPT_ITEMS || this.bytes > MAX_KEPT_STREAM_BYTES) {
      this.#kept = null;
      return;
    }
    const { value, exact } = describe(item);
    this.#kept.push(value);
    this.#exact &&= exact;
  }

  /**
   * @param last what the generator returned. @returns bytes joined when all items were bytes and nothing was returned; else
   *   `{ items, returned? }`; null when there were too many to keep.
   */
  result(last: unknown): Described | null {
    if (this.#kept === null) return null;
    const only = last === undefined;
    if (this.#allBytes && this.count > 0 && only)
      return { value: concatBytes(...(this.#kept as Uint8Array[])), exact: true };
    const items = this.#kept.map((item): Json => (item instanceof Uint8Array ? `[${item.length} bytes]` : item));
    const exact = this.#exact && this.bytes === 0;
    if (only) return { value: { items }, exact };
    const returned = describe(last);
    const said: Json = returned.value instanceof Uint8Array ? `[${returned.value.length} bytes]` : returned.value;
    return { value: { items, returned: said }, exact: exact && returned.exact };
  }
}
