/*
 * The line grammar of format section 1 a second time: one regular expression for the frame, JSON.parse for the event, a canonical
 * writer of a dozen lines. It shares no file with src, is slow, and reads from both ends at once where src reads forward.
 */

export type Form = 'receipt' | 'MALFORMED' | 'NOT_CANONICAL' | 'TOO_LARGE';

const HEX64 = '[0-9a-f]{64}';
const UUID7 = '[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';
const ORIGIN = '[A-Za-z0-9][A-Za-z0-9._~/:-]{0,199}';
const SEQ = '0|[1-9][0-9]{0,15}';
const TIME = '[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z';
// The last character of base64url says how many spare bits there are: none, two zero ones, four zero ones.
const B64U = '(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048]|[A-Za-z0-9_-][AQgw])?';
const SIG = `\\{"alg":"[A-Za-z0-9.-]{1,32}","kid":"([A-Za-z0-9_-]{42}[AEIMQUYcgkosw048])","sig":"((?!")${B64U})"\\}`;
const FRAME = new RegExp(
  `,"id":"${UUID7}","log":"${ORIGIN}","prev":"${HEX64}","seq":(${SEQ}),"time":"(${TIME})","v":(?:0|[1-9][0-9]*)\\}` +
    `,"hash":"${HEX64}","sigs":\\[((?:${SIG}(?:,${SIG}){0,7})?)\\]\\}$`,
);
const OPEN = '{"entry":{"event":';
const MIB = 1024 * 1024;

/** Judge one line, its LF left out. @returns its form; MALFORMED may be TOO_LARGE when an event is too deep and broken besides. */
export function judgeLine(line: Uint8Array): Form {
  if (line.length > MIB) return 'TOO_LARGE';
  const text = latin1(line);
  const match = FRAME.exec(text);
  if (!text.startsWith(OPEN) || match === null || match.index < OPEN.length) return 'MALFORMED';
  const [frame, seq, time, sigs] = match as unknown as [string, string, string, string];
  if (Number(seq) > Number.MAX_SAFE_INTEGER || !isRealInstant(time) || !areSigned(sigs)) return 'MALFORMED';
  const event = judgeEvent(line.subarray(OPEN.length, match.index));
  if (event === 'MALFORMED' || event === 'too deep') return event === 'too deep' ? 'TOO_LARGE' : 'MALFORMED';
  const entryBytes = match.index + frame.indexOf('},"hash":"') + 1 - '{"entry":'.length;
  if (entryBytes > 65_535) return 'TOO_LARGE';
  return event;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

function isRealInstant(time: string): boolean {
  const ms = Date.parse(time);
  return ms >= 0 && new Date(ms).toISOString() === time;
}

/** Kids ascend strictly, signatures are not too long. */
function areSigned(sigs: string): boolean {
  const all = [...sigs.matchAll(new RegExp(SIG, 'g'))].map(([, kid, sig]) => ({ kid: kid!, sig: sig! }));
  return all.every(({ kid, sig }, i) => sig.length <= 66_475 && (i === 0 || all[i - 1]!.kid < kid));
}

/** Judge the bytes of an event. */
export function judgeEvent(bytes: Uint8Array): 'receipt' | 'NOT_CANONICAL' | 'MALFORMED' | 'too deep' {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch {
    return 'MALFORMED';
  }
  if (!text.startsWith('{') || !text.endsWith('}')) return 'MALFORMED';
  if (depthOf(text) > 64) return 'too deep';
  return write(value) === text ? 'receipt' : 'NOT_CANONICAL';
}

/** Nesting, counted over the text of JSON with its strings taken out. */
function depthOf(text: string): number {
  let depth = 0;
  let most = 0;
  for (const bracket of text.replace(/"(?:[^"\\]|\\.)*"/gs, '').matchAll(/[[\]{}]/g)) {
    depth += bracket[0] === '[' || bracket[0] === '{' ? 1 : -1;
    most = Math.max(most, depth);
  }
  return most;
}

/** RFC 8785 by hand. A string that is no Unicode has no form: it writes as what no text can be. */
function write(value: unknown): string {
  if (typeof value === 'string') return !/\p{Surrogate}/u.test(value) ? JSON.stringify(value) : '\ud800';
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : 'Infinity';
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${members.map(([name, member]) => `${write(name)}:${write(member)}`).join(',')}}`;
  }
  return String(value);
}
