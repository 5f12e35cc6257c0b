import { StringDecoder } from 'node:string_decoder';
import type { ReadStream } from 'node:tty';
import { interrupted } from './error-report.ts';
import type { Out } from './io.ts';

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const CTRL_U = '\u0015';
const BACKSPACE = /[\b\u007f]/;

/** What was typed ahead of the next question. */
const typedAhead = new WeakMap<ReadStream, string>();

/**
 * Ask for one line on a terminal without showing it: not even its length.
 * @param terminal in raw mode while it is asked. @returns the line, null when the user ended the input.
 * @throws ReceiptError INTERRUPTED on Ctrl-C, which raw mode hands to us instead of raising a signal.
 */
export async function askSecret(terminal: ReadStream, out: Out, prompt: string): Promise<string | null> {
  await out.write(prompt);
  terminal.setRawMode(true);
  try {
    return await readLine(terminal);
  } finally {
    terminal.setRawMode(false);
    terminal.pause();
    await out.write('\n');
  }
}

function readLine(terminal: ReadStream): Promise<string | null> {
  const decoder = new StringDecoder('utf8');
  return new Promise((resolve, reject) => {
    let line: string[] = [];
    const end = (settle: () => void, rest: string): void => {
      terminal.off('data', read);
      terminal.off('end', ended);
      typedAhead.set(terminal, rest);
      settle();
    };
    const take = (text: string): void => {
      const chars = [...text];
      for (let i = 0; i < chars.length; i++) {
        const char = chars[i]!;
        const done = endOf(char, line, resolve, reject);
        if (done !== null) {
          end(done, char === CTRL_C ? '' : chars.slice(i + 1).join(''));
          return;
        }
        if (char === CTRL_U) line = [];
        else if (BACKSPACE.test(char)) line.pop();
        else if (char >= ' ') line.push(char);
      }
    };
    const read = (chunk: Uint8Array): void => take(decoder.write(Buffer.from(chunk)));
    const ended = (): void => end(() => resolve(null), '');
    terminal.on('data', read);
    terminal.on('end', ended);
    terminal.resume();
    take(typedAhead.get(terminal) ?? '');
  });
}

/** @returns what a key that ends the line does; null for one that does not. */
function endOf(
  char: string,
  line: readonly string[],
  resolve: (line: string | null) => void,
  reject: (error: Error) => void,
): (() => void) | null {
  if (char === '\r' || char === '\n') return () => resolve(line.join(''));
  if (char === CTRL_C) return () => reject(interrupted());
  return char === CTRL_D && line.length === 0 ? () => resolve(null) : null;
}
