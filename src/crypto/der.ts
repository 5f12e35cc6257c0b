import { concatBytes } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';

/** The tags that key files need. [0] and [1] are the context tags of RFC 5958 and RFC 9881. @see X.690 section 8.1.2 */
export const TAG = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  sequence: 0x30,
  /** [0] IMPLICIT OCTET STRING: the seed of RFC 9881. */
  context0: 0x80,
  /** [1] IMPLICIT BIT STRING: the public key of RFC 5958. */
  context1: 0x81,
  /** [0] IMPLICIT SET: the attributes of RFC 5958. */
  context0Set: 0xa0,
} as const;

/**
 * Read DER and nothing but DER: one spelling a value (X.690 section 10). Lengths are definite and minimal, tags are compared whole,
 * and `end` refuses what is left over, because parsers that ignore trailing bytes give one key many encodings.
 */
export class DerReader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  #at = 0;

  /** @param bytes only read; results are views of it. @param what names the structure in messages, e.g. `SPKI`. */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  /** @returns the next tag byte, or -1 at the end. */
  peek(): number {
    return this.#bytes[this.#at] ?? -1;
  }

  /** Read one element. @param name for messages. @returns a view of its contents. @throws ReceiptError KEY_MALFORMED */
  read(tag: number, name: string): Uint8Array {
    const found = this.peek();
    if (found !== tag) throw this.malformed(name, `tag ${hexTag(tag)}`, found < 0 ? 'the end' : `tag ${hexTag(found)}`);
    this.#at += 1;
    const length = this.#length(name);
    const left = this.#bytes.length - this.#at;
    if (length > left) throw this.malformed(name, `${length} bytes of contents`, `${left}`);
    const contents = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return contents;
  }

  /** Read one element and go into it. */
  enter(tag: number, name: string): DerReader {
    return new DerReader(this.read(tag, name), `${this.#what} ${name}`);
  }

  /** Read a BIT STRING of whole bytes, as every key is. @returns a view of the bytes. */
  bits(tag: number, name: string): Uint8Array {
    const contents = this.read(tag, name);
    if (contents.length === 0 || contents[0] !== 0)
      throw this.malformed(name, 'a bit string of whole bytes', 'unused bits');
    return contents.subarray(1);
  }

  /** Read an INTEGER of one byte, 0 to 127, as versions are. */
  small(name: string): number {
    const contents = this.read(TAG.integer, name);
    const value = contents[0];
    if (contents.length !== 1 || value === undefined || value > 127)
      throw this.malformed(name, 'one byte, 0 to 127', `${contents.length} bytes`);
    return value;
  }

  /** Refuse whatever follows the last element. */
  end(): void {
    const left = this.#bytes.length - this.#at;
    if (left > 0) throw this.malformed('end', 'nothing more', `${left} trailing bytes`);
  }

  /** @returns the error for something unexpected here. */
  malformed(name: string, expected: string, found: string): ReceiptError {
    return new ReceiptError(
      'KEY_MALFORMED',
      `${this.#what} ${name}: expected ${expected}, got ${found} (byte ${this.#at})`,
      {
        at: `${this.#what} ${name}`,
        expected,
        found,
      },
    );
  }

  #length(name: string): number {
    const first = this.#bytes[this.#at++];
    if (first === undefined) throw this.malformed(name, 'a length', 'the end');
    if (first < 0x80) return first;
    const count = first & 0x7f;
    // 0x80 is the indefinite form (BER only). Two length bytes reach 65,535, more than any key here.
    if (count === 0 || count > 2)
      throw this.malformed(name, 'a definite length of at most 65535', `length byte ${hexTag(first)}`);
    let length = 0;
    for (let i = 0; i < count; i++) length = (length << 8) | (this.#bytes[this.#at++] ?? 0);
    if (this.#at > this.#bytes.length) throw this.malformed(name, 'a length', 'the end');
    if (length < 0x80 || (count === 2 && length < 0x100))
      throw this.malformed(name, 'the shortest form of the length', 'a longer one');
    return length;
  }
}

/** Write one element. @returns fresh bytes. @throws RangeError above 65,535 bytes of contents. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const n = contents.reduce((sum, { length }) => sum + length, 0);
  if (n > 0xffff) throw new RangeError(`der: expected at most 65535 bytes of contents, got ${n}`);
  const length = n < 0x80 ? [n] : n < 0x100 ? [0x81, n] : [0x82, n >>> 8, n & 0xff];
  // Copied once: contents may be secret, and a second copy would be nobody's to wipe.
  return concatBytes(Uint8Array.of(tag, ...length), ...contents);
}

/** Write a BIT STRING of whole bytes. */
export function derBits(tag: number, bytes: Uint8Array): Uint8Array {
  return der(tag, Uint8Array.of(0), bytes);
}

function hexTag(tag: number): string {
  return `0x${tag.toString(16).padStart(2, '0')}`;
}
