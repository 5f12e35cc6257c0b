/**
 * What a terminal would act on, or that hides or reorders text: C0, DEL and C1 controls, line and paragraph separators, bidi
 * controls, zero-width and invisible characters, lone surrogates, tags and private use.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029\u115f\u1160\u3164\uffa0]/gu;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Make text from a log safe to print: what UNSAFE names becomes a visible escape, so nothing is hidden and nothing is acted on. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (char) => SHORT[char] ?? escaped(char.codePointAt(0)!));
}

function escaped(code: number): string {
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** Shorten hashes and key ids to four characters at each end, as `9f2c…51ab`; other text stays. */
export function abbreviate(text: string): string {
  return text
    .replace(/(?<![0-9A-Za-z_-])[0-9a-f]{64}(?![0-9A-Za-z_-])/g, ends)
    .replace(/(?<![0-9A-Za-z_-])[A-Za-z0-9_-]{43}(?![0-9A-Za-z_-])/g, ends);
}

function ends(text: string): string {
  return `${text.slice(0, 4)}…${text.slice(-4)}`;
}

/** Cut to so many characters, saying that it was cut. */
export function clip(text: string, most: number): string {
  const chars = [...text];
  return chars.length <= most ? text : `${chars.slice(0, most - 1).join('')}…`;
}

/**
 * Write JSON that is safe to print: what UNSAFE names stands as `\uXXXX`, which every JSON parser reads as the same text.
 * @param indent 2 for people. @returns the text without a line feed at its end.
 */
export function jsonText(value: unknown, indent = 0): string {
  return visibleJson(JSON.stringify(value, null, indent));
}

/** The same for what is JSON text already: such characters stand inside its strings alone, but for line feeds. */
export function visibleJson(json: string): string {
  return json.replace(UNSAFE, (char) => (char === '\n' ? char : jsonEscape(char)));
}

/** As UTF-16 code units: JSON knows no others. */
function jsonEscape(char: string): string {
  let out = '';
  for (let i = 0; i < char.length; i++) out += `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`;
  return out;
}

const ANSI = /\u001b\[[0-9;]*m/g;

/**
 * Fold lines at spaces for a terminal. Colours have no width. @param width in cells. @param hang how far a line's rest is indented.
 */
export function folded(text: string, width: number, hang: (line: string) => number): string {
  return text
    .split('\n')
    .flatMap((line) => foldLine(line, width, hang(line.replace(ANSI, ''))))
    .join('\n');
}

function foldLine(line: string, width: number, hang: number): string[] {
  if (cells(line) <= width) return [line];
  const indent = ' '.repeat(hang);
  const lines: string[] = [];
  let current = '';
  // Runs of spaces stay with the word before them: labels and columns keep their places.
  for (const word of line.match(/ *[^ ]+ */g) ?? []) {
    const whole = current + word;
    if (current.trim() !== '' && cells(whole.trimEnd()) > width) {
      lines.push(current.trimEnd());
      current = indent + word.trimStart();
    } else current = whole;
  }
  lines.push(current.trimEnd());
  return lines;
}

function cells(text: string): number {
  return [...text.replace(ANSI, '')].length;
}
