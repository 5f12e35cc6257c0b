/** Stands where a secret stood. */
export const MARKER = '[redacted]';

/** Find secrets in text and put the marker in their place. @returns the text, the same string where nothing was found. */
export type TextRule = (text: string, found: () => void) => string;

/*
 * Every expression here is linear: it begins at a place that a look-behind allows once a run, its repetitions are bounded or
 * consume what they scan. And none overflows: `x{8}x*`, not `x{8,}`, because V8 counts the latter on its backtracking stack,
 * which ends at some megabytes. test/receipt/redaction.test.ts times each of them over long hostile text.
 */

/** PEM and PGP private keys, by hand: an END that is missing must not cost a search to the end for each BEGIN. */
const PRIVATE_KEY_BEGIN = /-----BEGIN ([A-Z0-9 ]{0,40})PRIVATE KEY( BLOCK)?-----/g;
const privateKeys: TextRule = (text, found) => {
  if (!text.includes('PRIVATE KEY')) return text;
  let out = '';
  let at = 0;
  PRIVATE_KEY_BEGIN.lastIndex = 0;
  for (let begin = PRIVATE_KEY_BEGIN.exec(text); begin !== null; begin = PRIVATE_KEY_BEGIN.exec(text)) {
    const endLine = `-----END ${begin[1]}PRIVATE KEY${begin[2] ?? ''}-----`;
    const end = text.indexOf(endLine, PRIVATE_KEY_BEGIN.lastIndex);
    out += text.slice(at, begin.index) + MARKER;
    found();
    // Without its END the key may go on to the end of the text.
    at = end < 0 ? text.length : end + endLine.length;
    PRIVATE_KEY_BEGIN.lastIndex = at;
  }
  return at === 0 ? text : out + text.slice(at);
};

/** `Authorization: …` and `Cookie: …` to the end of the line or of the quotes around it. */
const HEADER =
  /(?<![A-Za-z0-9_-])((?:proxy-)?authorization|(?:set-)?cookie)([ \t]{0,4}:[ \t]{0,4})([^\s"'\\{[][^\r\n"'\\]*)/gi;
const headers: TextRule = (text, found) =>
  text.includes(':')
    ? text.replace(HEADER, (_, name: string, colon: string) => {
        found();
        return `${name}${colon}${MARKER}`;
      })
    : text;

/** `Bearer …`, `Basic …`: only what looks encoded, since `Basic authentication` is prose. */
const SCHEME =
  /(?<![A-Za-z0-9])(Bearer|Basic|Token|Negotiate|ApiKey)([ \t]{1,4})([A-Za-z0-9._~+/-]{8}[A-Za-z0-9._~+/-]*={0,2})/gi;
const schemes: TextRule = (text, found) =>
  text.replace(SCHEME, (whole, scheme: string, space: string, value: string) => {
    if (!/[0-9]|[a-z][A-Z]|=$/.test(value)) return whole;
    found();
    return `${scheme}${space}${MARKER}`;
  });

/** The password in `scheme://user:password@host`, as in URLs and most connection strings; it may itself hold an @. */
const USERINFO = /:\/\/([^\s/?#:@"'<>]{0,256}):([^\s/?#"'<>]{1,1024})@/g;
const userinfo: TextRule = (text, found) =>
  text.includes('://')
    ? text.replace(USERINFO, (whole, user: string, password: string) => {
        if (password === MARKER) return whole;
        found();
        return `://${user}:${MARKER}@`;
      })
    : text;

/** Keys that say what they are by their first characters, and JWTs. */
const KNOWN = new RegExp(
  `(?<![A-Za-z0-9])(?:${[
    'sk-[A-Za-z0-9_-]{16}[A-Za-z0-9_-]*', // OpenAI, Anthropic and others
    '[srp]k_(?:live|test)_[A-Za-z0-9]{16}[A-Za-z0-9]*', // Stripe
    'gh[pousr]_[A-Za-z0-9]{20}[A-Za-z0-9]*',
    'github_pat_[A-Za-z0-9_]{20}[A-Za-z0-9_]*',
    'glpat-[A-Za-z0-9_-]{16}[A-Za-z0-9_-]*',
    'xox[abeoprs]-[A-Za-z0-9-]{10}[A-Za-z0-9-]*', // Slack
    '(?:AKIA|ASIA)[A-Z0-9]{16}', // AWS
    'AIza[A-Za-z0-9_-]{35}', // Google
    'ya29\\.[A-Za-z0-9_-]{16}[A-Za-z0-9_-]*',
    'npm_[A-Za-z0-9]{30}[A-Za-z0-9]*',
    'pypi-[A-Za-z0-9_-]{32}[A-Za-z0-9_-]*',
    'hf_[A-Za-z0-9]{20}[A-Za-z0-9]*',
    'shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32}', // Shopify
    'dop_v1_[a-f0-9]{64}',
    'SG\\.[A-Za-z0-9_-]{16}[A-Za-z0-9_-]*\\.[A-Za-z0-9_-]{16}[A-Za-z0-9_-]*', // SendGrid
    'AGE-SECRET-KEY-1[A-Z0-9]{20}[A-Z0-9]*',
    // Not after - or _ either: they belong to the run, and each place that may begin one costs a walk along it.
    '(?<![_-])eyJ[A-Za-z0-9_-]{8}[A-Za-z0-9_-]*\\.[A-Za-z0-9_-]{2}[A-Za-z0-9_-]*\\.[A-Za-z0-9_-]*', // JWT
  ].join('|')})`,
  'g',
);
const known: TextRule = (text, found) =>
  text.replace(KNOWN, (whole) => {
    // `sk-` also begins words of prose and CSS classes; a key has digits.
    if (whole.startsWith('sk-') && !/[0-9]/.test(whole)) return whole;
    found();
    return MARKER;
  });

/** The head of `name=value`, `name: value`, `"name": "value"`, also escaped once more inside a string. */
const PAIR =
  /(?<![A-Za-z0-9_])([A-Za-z][A-Za-z0-9_.-]{0,63}(?: key| string| phrase)?)(\\{0,3}["'])?\s{0,4}(?:=>|:?={1,3}|:(?![:/]))\s{0,4}/gi;
/** The head of `--name value`. */
const FLAG = /(?<![^\s"'])--([A-Za-z][A-Za-z0-9_-]{0,63})()\s{1,4}(?!-)/g;
/** `-u user:password`, `--user user:password`. */
const USER_FLAG = /(?<![^\s"'])(-u|--user)([ =])([^\s:"']{1,256}):([^\s"']+)/g;

/**
 * Redact what follows a secret name. Only heads are matched, and values are measured by hand: a regular expression that took
 * values too would step over secrets inside the values of harmless names.
 * @param needs texts without which the head cannot match: looked for first, since most text has none of them.
 */
function afterNames(head: RegExp, needs: readonly string[], isSecret: (name: string) => boolean): TextRule {
  return (text, found) => {
    if (!needs.some((need) => text.includes(need))) return text;
    let out = '';
    let at = 0;
    head.lastIndex = 0;
    for (let match = head.exec(text); match !== null; match = head.exec(text)) {
      const [, name, nameQuote] = match as unknown as [string, string, string | undefined];
      if (!isSecret(name)) continue;
      const begin = head.lastIndex;
      const isElement = text[match.index - 1] === ';' && match[0].endsWith('=');
      const { inner, innerEnd, end } = valueAt(text, begin, isElement);
      const value = text.slice(inner, innerEnd);
      if (value === '' || value === MARKER || isWorkingDirectory(name, value)) continue;
      const bare = inner === begin;
      if (bare && /^(?:null|true|false|undefined)$/.test(value)) continue;
      // A bare value after a quoted name is JSON: the marker is quoted as the name was, so that it stays JSON.
      const quote = bare ? (nameQuote ?? '') : '';
      out += text.slice(at, inner) + quote + MARKER + quote;
      found();
      at = innerEnd;
      head.lastIndex = end;
    }
    return at === 0 ? text : out + text.slice(at);
  };
}

const BARE = /[^\s,;&"'()<>{}[\]\\]*/y;
/** The value of `;name=value;`, as connection strings have it: up to the next semicolon, whatever else it holds. */
const ELEMENT = /[^;\r\n"'<>\\]*/y;
const OPENING_QUOTE = /\\{1,3}"|["']/y;

/**
 * Measure the value that begins at `begin`: [inner, innerEnd) without its quotes, `end` behind them. A quote or a brace that is never
 * closed hides everything up to the end of the text.
 * @param isElement it is one of several that semicolons separate.
 */
function valueAt(text: string, begin: number, isElement: boolean): { inner: number; innerEnd: number; end: number } {
  // `Pwd={…}` of ODBC. Behind a colon a brace begins an object: `"password":{`.
  if (text[begin] === '{' && text[begin - 1] === '=') {
    const end = afterBraces(text, begin);
    return { inner: begin, innerEnd: end, end };
  }
  OPENING_QUOTE.lastIndex = begin;
  const quote = OPENING_QUOTE.exec(text)?.[0];
  if (quote === undefined) {
    const bare = isElement ? ELEMENT : BARE;
    bare.lastIndex = begin;
    bare.exec(text);
    return { inner: begin, innerEnd: bare.lastIndex, end: bare.lastIndex };
  }
  const inner = begin + quote.length;
  let close = text.indexOf(quote, inner);
  // Behind an odd number of backslashes a plain quote is part of the value.
  while (quote.length === 1 && close > 0 && backslashesBefore(text, close, inner) % 2 === 1)
    close = text.indexOf(quote, close + 1);
  return close < 0
    ? { inner, innerEnd: text.length, end: text.length }
    : { inner, innerEnd: close, end: close + quote.length };
}

/** @returns the offset after the `}` that closes the brace at `begin`; `}}` stands for one inside. */
function afterBraces(text: string, begin: number): number {
  let close = text.indexOf('}', begin);
  while (close >= 0 && text[close + 1] === '}') close = text.indexOf('}', close + 2);
  return close < 0 ? text.length : close + 1;
}

function backslashesBefore(text: string, at: number, from: number): number {
  let count = 0;
  while (at - count > from && text[at - count - 1] === '\\') count++;
  return count;
}

const userFlags: TextRule = (text, found) =>
  text.includes('-u')
    ? text.replace(USER_FLAG, (whole, flag: string, space: string, user: string, password: string) => {
        if (password === MARKER) return whole;
        found();
        return `${flag}${space}${user}:${MARKER}`;
      })
    : text;

/** `PWD=/home/x` is where a shell stands, not a password. */
export function isWorkingDirectory(name: string, value: string): boolean {
  return name.toLowerCase() === 'pwd' && /^(?:\/|~|[A-Za-z]:\\)/.test(value);
}

/**
 * The rules in the order they run: whole blocks first, then what stands behind a name, so that none sees half of another's secret.
 * @param isSecret judge of names. @param own patterns whose whole match is a secret; their running time is their author's.
 */
export function textRules(isSecret: (name: string) => boolean, own: readonly RegExp[]): readonly TextRule[] {
  const patterns = own.map((pattern): TextRule => {
    const all = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, '').concat('g'));
    return (text, found) =>
      text.replace(all, (whole: string) => {
        if (whole === '' || whole === MARKER) return whole;
        found();
        return MARKER;
      });
  });
  return [
    ...patterns,
    privateKeys,
    headers,
    schemes,
    userinfo,
    known,
    afterNames(PAIR, ['=', ':'], isSecret),
    afterNames(FLAG, ['--'], isSecret),
    userFlags,
  ];
}
