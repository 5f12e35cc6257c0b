import { type Document, LineCounter, parseDocument, visit } from 'yaml';
import { ReceiptError } from '../base/errors.ts';
import { MAX_GATE_POLICY_BYTES } from '../base/limits.ts';
import { guardedCopy } from '../receipt/canonical.ts';
import type { Json } from '../receipt/json.ts';
import { type PolicyDocument, policySchema } from './policy-schema.ts';

/** Breaches that a message lists; the others are counted. */
const MOST_LISTED = 20;

/**
 * Read a policy file. @param text YAML 1.2 without anchors, aliases and tags of one's own; or JSON, which is YAML.
 * @param name of the file, for messages. @throws ReceiptError POLICY_MALFORMED that lists every breach with line and column.
 */
export function readPolicyDocument(text: string, name: string): PolicyDocument {
  if (text.length > MAX_GATE_POLICY_BYTES) {
    throw malformed(name, [`expected at most ${MAX_GATE_POLICY_BYTES} characters, got ${text.length}`]);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, strict: true, uniqueKeys: true, prettyErrors: false });
  const faults = [...document.errors, ...document.warnings].map(
    ({ pos, code }) => `${place(lines, pos[0])}: expected YAML, got ${code.toLowerCase().replaceAll('_', ' ')}`,
  );
  visit(document, {
    Alias(_, node) {
      faults.push(`${place(lines, node.range?.[0] ?? 0)}: expected no alias: each rule says what it says`);
    },
  });
  if (faults.length > 0) throw malformed(name, faults);
  const value = jsonOf(document, name);
  const judged = policySchema.safeParse(value);
  if (judged.success) return judged.data;
  const breaches = judged.error.issues.flatMap((issue) => {
    const { message, path } = issue;
    if (issue.code !== 'unrecognized_keys')
      return [`${placeOf(document, lines, path)}: ${sentence(message)}${at(path)}`];
    return issue.keys.map((key) => {
      const whole = [...path, key];
      return `${placeOf(document, lines, whole, true)}: expected no member ${JSON.stringify(key.slice(0, 64))}${at(path)}`;
    });
  });
  throw malformed(name, breaches);
}

function jsonOf(document: Document, name: string): Json {
  try {
    return guardedCopy(document.toJS({ maxAliasCount: 0 }));
  } catch (error) {
    if (error instanceof ReceiptError)
      throw malformed(name, [`expected what JSON can say, got ${error.found} at ${error.at}`]);
    throw error;
  }
}

/** zod's own sentences begin with what was wrong. */
function sentence(message: string): string {
  return message.startsWith('expected') ? message : message.replace(/^Invalid input: /, '').toLowerCase();
}

function at(path: readonly PropertyKey[]): string {
  return path.length === 0
    ? ''
    : ` (${path.map((part) => (typeof part === 'number' ? `[${part}]` : String(part))).join('.')})`;
}

/** Where a path of the schema stands in the file: the value, the name of a member, or the nearest thing around what is missing. */
function placeOf(document: Document, lines: LineCounter, path: readonly PropertyKey[], ofName = false): string {
  for (let length = path.length; length >= 0; length--) {
    const node = nodeAt(document, path.slice(0, length), ofName && length === path.length);
    if (node !== null) return place(lines, node);
  }
  return place(lines, 0);
}

interface Ranged {
  readonly range?: readonly [number, number, number] | null;
  readonly items?: readonly { readonly key?: { readonly value?: unknown; readonly range?: Ranged['range'] } }[];
}

function nodeAt(document: Document, path: readonly PropertyKey[], ofName: boolean): number | null {
  if (!ofName) return (document.getIn(path, true) as Ranged | undefined)?.range?.[0] ?? null;
  const map = document.getIn(path.slice(0, -1), true) as Ranged | undefined;
  const pair = map?.items?.find(({ key }) => key?.value === path.at(-1));
  return pair?.key?.range?.[0] ?? null;
}

function place(lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset);
  return `line ${line}, column ${col}`;
}

function malformed(name: string, faults: readonly string[]): ReceiptError {
  const listed = faults.slice(0, MOST_LISTED).join('; ');
  const more = faults.length > MOST_LISTED ? `; and ${faults.length - MOST_LISTED} more` : '';
  return new ReceiptError('POLICY_MALFORMED', `${name}: ${listed}${more}`, {
    at: name,
    expected: 'a policy whose schema holds',
    found: faults.length === 1 ? '1 breach' : `${faults.length} breaches`,
    next: ['mend the named lines', 'perdure policy check FILE'],
  });
}
