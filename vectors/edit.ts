/*
 * Bytes as text of one character a byte, to cut and paste what need not be UTF-8. `u()` writes text of more than ASCII.
 */

/** @returns bytes as text, one character a byte. */
export function rawText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

/** The inverse of rawText. */
export function rawBytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}

/** @returns text as rawText of its UTF-8. */
export function u(text: string): string {
  return rawText(new TextEncoder().encode(text));
}

/** Replace what stands exactly once. @throws Error when it stands never or twice, so that no mutation goes beside its target. */
export function replaceOnce(text: string, from: string, to: string): string {
  const at = text.indexOf(from);
  if (at < 0 || text.indexOf(from, at + 1) >= 0) throw new Error(`edit: expected ${from} exactly once`);
  return text.slice(0, at) + to + text.slice(at + from.length);
}

/** As replaceOnce, of bytes. */
export function edited(bytes: Uint8Array, from: string, to: string): Uint8Array {
  return rawBytes(replaceOnce(rawText(bytes), from, to));
}

/** @returns the lines with line `n` (from 1) as `change` makes it, LF included. */
export function withLine(
  lines: readonly Uint8Array[],
  n: number,
  change: (line: string) => string,
): readonly Uint8Array[] {
  return lines.map((line, i) => (i === n - 1 ? rawBytes(change(rawText(line))) : line));
}
