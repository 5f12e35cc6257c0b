import { PassThrough } from 'node:stream';
import type { ReadStream } from 'node:tty';
import { expect, test } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import type { Out } from '../../src/cli/io.ts';
import { askSecret } from '../../src/cli/prompt.ts';

/** A terminal that is typed on, and what was shown on it. */
class Terminal {
  readonly raw: boolean[] = [];
  readonly shown: string[] = [];
  readonly keys = new PassThrough();
  readonly stream = Object.assign(this.keys, {
    isTTY: true,
    setRawMode: (on: boolean) => this.raw.push(on),
  }) as unknown as ReadStream;
  readonly out: Out = {
    isTTY: true,
    columns: 80,
    terminal: null,
    color: false,
    closed: false,
    failure: null,
    write: async (text) => {
      this.shown.push(String(text));
    },
  };

  ask(prompt = 'Passphrase: '): Promise<string | null> {
    return askSecret(this.stream, this.out, prompt);
  }
}

test('what is typed is read and never shown, not even its length', async () => {
  const terminal = new Terminal();
  const asked = terminal.ask();
  for (const byte of utf8('gehéim🙂\r')) terminal.keys.write(Uint8Array.of(byte));
  expect(await asked).toBe('gehéim🙂');
  expect(terminal.shown).toEqual(['Passphrase: ', '\n']);
  expect(terminal.raw).toEqual([true, false]);
});

test.each([
  ['backspace takes one character back', 'ab🙂\u007f\bc\r', 'ac'],
  ['Ctrl-U starts over', 'abc\u0015d\n', 'd'],
  ['other controls are no characters', 'a\u0001\u001bb\r', 'ab'],
  ['an empty line is one', '\r', ''],
  ['Ctrl-D on an empty line ends the input', '\u0004', null],
  ['Ctrl-D later does nothing', 'a\u0004b\r', 'ab'],
])('%s', async (_name, keys, line) => {
  const terminal = new Terminal();
  const asked = terminal.ask();
  terminal.keys.write(keys);
  expect(await asked).toBe(line);
});

test('Ctrl-C interrupts, and the terminal is as it was', async () => {
  const terminal = new Terminal();
  const asked = terminal.ask();
  terminal.keys.write('abc\u0003');
  await expect(asked).rejects.toMatchObject({ code: 'INTERRUPTED' });
  expect(terminal.raw).toEqual([true, false]);
});

test('two lines pasted at once answer two questions', async () => {
  const terminal = new Terminal();
  const first = terminal.ask();
  terminal.keys.write('one\rtwo\r');
  expect(await first).toBe('one');
  expect(await terminal.ask('Again: ')).toBe('two');
});

test('a terminal that goes away ends the input', async () => {
  const terminal = new Terminal();
  const asked = terminal.ask();
  terminal.keys.end();
  expect(await asked).toBeNull();
});
