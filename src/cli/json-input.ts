import { concatBytes } from '../base/bytes.ts';
import { isReceiptError, ReceiptError } from '../base/errors.ts';
import { parseStrict } from '../receipt/canonical.ts';
import type { Json, JsonObject } from '../receipt/json.ts';

/** Longest line, or whole document, that is held in memory: room for a payload of 10 MB several times over. */
export const MAX_INPUT_BYTES = 64 * 1_048_576;

const LF = 0x0a;

/** What to do about input of another form. It names no tool: those at hand drop a duplicate name, or round an integer, in silence. */
const FORM = 'one JSON object a line, or one object alone';

/** One object of the input, and where it stood. */
export interface InputObject {
  readonly value: JsonObject;
  /** 1-based. */
  readonly line: number;
}

/**
 * Read JSON Lines, or one JSON object that spans lines, strictly (parseStrict). Which of the two it is shows in the first line that is
 * not blank: when it is the beginning of a value and not the whole, everything is one object. Blank lines are skipped.
 * @param name how messages call the input. @throws ReceiptError NOT_JSON that names line and byte, both counted over the whole input.
 */
export async function* readObjects(chunks: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<InputObject> {
  let line = 0;
  let offset = 0;
  let decided = false;
  let held: Uint8Array[] = [];
  for await (const raw of rawLines(chunks, name)) {
    line++;
    const begin = offset;
    offset += raw.length;
    if (held.length > 0) {
      held.push(raw);
      if (offset > MAX_INPUT_BYTES) throw tooLong(name, 1);
      continue;
    }
    if (isBlank(raw)) continue;
    const value = parseAt(raw, name, line, begin, !decided);
    if (value === UNFINISHED) {
      // What stood before is blank, and counts for the lines.
      held = [new Uint8Array(begin).fill(0x20), raw];
      continue;
    }
    decided = true;
    yield { value: object(value, name, line), line };
  }
  if (held.length === 0) return;
  const text = concatBytes(...held);
  yield { value: object(parseDocument(text, name, [FORM]), name, 1), line: 1 };
}

/** Cut into lines, each with its LF; the last may lack it. */
async function* rawLines(chunks: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let length = 0;
  let line = 1;
  for await (const chunk of chunks) {
    let from = 0;
    for (let lf = chunk.indexOf(LF); lf >= 0; lf = chunk.indexOf(LF, from)) {
      yield concatBytes(...parts, chunk.subarray(from, lf + 1));
      parts = [];
      length = 0;
      line++;
      from = lf + 1;
    }
    if (from < chunk.length) parts.push(chunk.slice(from));
    length += chunk.length - from;
    if (length > MAX_INPUT_BYTES) throw tooLong(name, line);
  }
  if (parts.length > 0) yield concatBytes(...parts);
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d);
}

/** The line is the beginning of a value. */
const UNFINISHED = Symbol('unfinished');

function parseAt(
  raw: Uint8Array,
  name: string,
  line: number,
  begin: number,
  mayGoOn: boolean,
): Json | typeof UNFINISHED {
  try {
    return parseStrict(raw);
  } catch (error) {
    if (!isReceiptError(error, 'NOT_JSON')) throw error;
    const endsEarly = error.found === 'end of input';
    if (mayGoOn && endsEarly) return UNFINISHED;
    const hasLf = raw.at(-1) === LF;
    // More input may follow: only the line is at its end.
    if (!endsEarly || !hasLf) throw located(error, name, line, begin + byteOf(error), [FORM]);
    throw located(error, name, line, begin + raw.length - 1, [FORM], 'end of line');
  }
}

/**
 * Read one JSON value that may span lines, strictly (parseStrict). @param name how messages call the text. @param next what to do.
 * @throws ReceiptError NOT_JSON that names line and byte.
 */
export function parseDocument(text: Uint8Array, name: string, next: readonly string[]): Json {
  try {
    return parseStrict(text);
  } catch (error) {
    if (!isReceiptError(error, 'NOT_JSON')) throw error;
    const byte = byteOf(error);
    let line = 1;
    for (let at = text.indexOf(LF); at >= 0 && at < byte; at = text.indexOf(LF, at + 1)) line++;
    throw located(error, name, line, byte, next);
  }
}

function byteOf({ at }: ReceiptError): number {
  return Number(/^byte (\d+)$/.exec(at ?? '')?.[1] ?? 0);
}

function located(
  error: ReceiptError,
  name: string,
  line: number,
  byte: number,
  next: readonly string[],
  found = error.found ?? 'something else',
): ReceiptError {
  const { expected = 'JSON' } = error;
  const at = `${name} line ${line}, byte ${byte}`;
  return new ReceiptError('NOT_JSON', `${at}: expected ${expected}, got ${found}`, {
    at,
    expected,
    found,
    next,
  });
}

function object(value: Json, name: string, line: number): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  const at = `${name} line ${line}`;
  const found = Array.isArray(value) ? 'an array' : 'another JSON value';
  throw new ReceiptError('NOT_JSON', `${at}: expected a JSON object, got ${found}`, {
    at,
    expected: 'a JSON object',
    found,
    next: Array.isArray(value) ? ["write one object a line: jq -c '.[]'"] : [],
  });
}

function tooLong(name: string, line: number): ReceiptError {
  const at = `${name} line ${line}`;
  const expected = `at most ${MAX_INPUT_BYTES} bytes`;
  return new ReceiptError('NOT_JSON', `${at}: expected ${expected}, got more`, { at, expected, found: 'more' });
}
