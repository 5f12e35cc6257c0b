import { execFile } from 'node:child_process';
import { type FileHandle, open } from 'node:fs/promises';
import { utf8Text } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import type { Io } from './io.ts';

const VARIABLES = 'PERDURE_PASSPHRASE, PERDURE_PASSPHRASE_FILE or PERDURE_PASSPHRASE_COMMAND';
/** Far above any passphrase; a larger file is the wrong one. */
const MAX_BYTES = 65_536;
const COMMAND_TIMEOUT_MS = 120_000;
const LF = 0x0a;
const CR = 0x0d;

/**
 * Find a passphrase without asking anybody: PERDURE_PASSPHRASE, else the first line of PERDURE_PASSPHRASE_FILE, else the first line
 * that PERDURE_PASSPHRASE_COMMAND prints (run by the shell, without our standard input).
 * @returns null when none of them is set. @throws ReceiptError PASSPHRASE_NEEDED when one is set and gives none; its content is never told.
 */
export async function passphraseFromEnv({ env }: Pick<Io, 'env'>): Promise<string | null> {
  const { PERDURE_PASSPHRASE: text, PERDURE_PASSPHRASE_FILE: file, PERDURE_PASSPHRASE_COMMAND: command } = env;
  if (text !== undefined) return notEmpty(text, 'PERDURE_PASSPHRASE', 'it is empty');
  if (file !== undefined)
    return notEmpty(await firstLineOf(file), 'PERDURE_PASSPHRASE_FILE', 'its first line is empty');
  if (command === undefined) return null;
  return notEmpty(await outputOf(command), 'PERDURE_PASSPHRASE_COMMAND', 'it printed nothing');
}

/** @returns a passphrase for an existing key, from the environment or the terminal. @throws ReceiptError PASSPHRASE_NEEDED, INTERRUPTED. */
export async function existingPassphrase(io: Io, key: string): Promise<string> {
  const found = await passphraseFromEnv(io);
  if (found !== null) return found;
  if (!io.stdin.isTTY) throw needed(key);
  const typed = await io.stdin.askSecret(`Passphrase of ${key}: `);
  if (typed === null || typed === '') throw needed(key);
  return typed;
}

/** @returns a passphrase for a new key; typed twice on a terminal. @throws ReceiptError PASSPHRASE_NEEDED, PASSPHRASE_WRONG, INTERRUPTED. */
export async function newPassphrase(io: Io, key: string): Promise<string> {
  const found = await passphraseFromEnv(io);
  if (found !== null) return found;
  const plain = 'or say --plain to keep the key without a passphrase';
  if (!io.stdin.isTTY) throw needed(key, plain);
  const typed = await io.stdin.askSecret(`New passphrase of ${key}: `);
  if (typed === null || typed === '') throw needed(key, plain);
  if ((await io.stdin.askSecret('The same again: ')) === typed) return typed;
  throw new ReceiptError(
    'PASSPHRASE_WRONG',
    `${key}: expected the same passphrase twice, got two; nothing was written`,
    {
      at: key,
      next: ['try again'],
    },
  );
}

function needed(key: string, ...more: readonly string[]): ReceiptError {
  return new ReceiptError('PASSPHRASE_NEEDED', `${key}: expected a passphrase, got none`, {
    at: key,
    expected: 'a passphrase',
    next: [`set ${VARIABLES}`, 'or run it in a terminal', ...more],
  });
}

function notEmpty(text: string, variable: string, found: string): string {
  if (text !== '') return text;
  throw new ReceiptError('PASSPHRASE_NEEDED', `${variable}: expected a passphrase, but ${found}`, {
    at: variable,
    expected: 'a passphrase',
    next: [`set ${VARIABLES}`],
  });
}

async function firstLineOf(path: string): Promise<string> {
  const at = 'PERDURE_PASSPHRASE_FILE';
  try {
    const file = await open(path, 'r');
    try {
      return firstLine(await readToLineEnd(file), at);
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof ReceiptError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? 'an error';
    throw new ReceiptError('PASSPHRASE_NEEDED', `${at}: ${path} cannot be read (${code})`, { at, found: code, cause });
  }
}

/** A pipe hands out what is there by now, which may be half a passphrase. */
async function readToLineEnd(file: FileHandle): Promise<Uint8Array> {
  const buffer = new Uint8Array(MAX_BYTES);
  for (let length = 0; ; ) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length);
    const ended = bytesRead === 0 || buffer.subarray(length, length + bytesRead).includes(LF);
    length += bytesRead;
    if (ended) return buffer.subarray(0, length);
  }
}

/** The command's own messages go nowhere: they may quote what it reads. */
function outputOf(command: string): Promise<string> {
  const at = 'PERDURE_PASSPHRASE_COMMAND';
  const [shell, args] = process.platform === 'win32' ? ['cmd.exe', ['/d', '/s', '/c']] : ['/bin/sh', ['-c']];
  return new Promise((resolve, reject) => {
    const child = execFile(
      shell as string,
      [...(args as string[]), command],
      { timeout: COMMAND_TIMEOUT_MS, maxBuffer: MAX_BYTES, windowsHide: true, encoding: 'buffer' },
      (error, stdout) => {
        if (error === null) {
          try {
            return resolve(firstLine(stdout, at));
          } catch (refused) {
            return reject(refused);
          }
        }
        const found = error.signal === undefined || error.signal === null ? `exit code ${error.code}` : error.signal;
        // Not as cause: its message holds the command line, which may hold more than the name of a program.
        reject(
          new ReceiptError('PASSPHRASE_NEEDED', `${at}: expected a passphrase, but the command failed (${found})`, {
            at,
            found,
            next: ['run the command by hand'],
          }),
        );
      },
    );
    child.stdin?.end();
  });
}

/** @throws ReceiptError PASSPHRASE_NEEDED when it is no text: replacing what cannot be read would make one passphrase of many. */
function firstLine(bytes: Uint8Array, at: string): string {
  const end = bytes.findIndex((byte) => byte === LF || byte === CR);
  try {
    return utf8Text(end < 0 ? bytes : bytes.subarray(0, end)).replace(/^\ufeff/, '');
  } catch (cause) {
    const expected = 'UTF-8 text in its first line';
    throw new ReceiptError('PASSPHRASE_NEEDED', `${at}: expected ${expected}, got other bytes`, {
      at,
      expected,
      found: 'other bytes',
      next: ['give random bytes as text: base64 or hex'],
      cause,
    });
  }
}
