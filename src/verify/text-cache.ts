import { utf8Text } from '../base/bytes.ts';

/** Strings that recur from line to line, made once. */
export class TextCache {
  private begin: Uint8Array = new Uint8Array(0);
  private text = '';

  /** @returns the text of a canonical JSON string's content at [begin, end). */
  read(buf: Uint8Array, begin: number, end: number): string {
    const { length } = this.begin;
    let i = end - begin === length ? 0 : length + 1;
    while (i < length && buf[begin + i] === this.begin[i]) i++;
    if (i !== length) {
      this.begin = buf.slice(begin, end);
      this.text = JSON.parse(`"${utf8Text(this.begin)}"`) as string;
    }
    return this.text;
  }
}
