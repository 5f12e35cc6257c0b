import { concatBytes, toBase64url } from '../src/base/bytes.ts';
import { LogBuilder } from './build.ts';
import { type Case, KEYS } from './case.ts';
import { edited, rawBytes, rawText, replaceOnce, u, withLine } from './edit.ts';

/** Three lines; the entry bytes of the second are changed before they are hashed and signed. */
function entryCase(name: string, about: string, change: (entry: string) => string): Case {
  const log = new LogBuilder([KEYS.ed]).genesis();
  log.calls(1, { entry: (entry) => rawBytes(change(rawText(entry))) }).calls(1);
  return lineCaseOf(name, about, log.bytes());
}

/** Three lines, the second changed as it stands. */
function lineCase(name: string, about: string, change: (line: string) => string): Case {
  const log = new LogBuilder([KEYS.ed]).genesis().calls(2);
  return lineCaseOf(name, about, concatBytes(...withLine(log.lines, 2, change)));
}

function lineCaseOf(name: string, about: string, bytes: Uint8Array): Case {
  return {
    name,
    about,
    bytes,
    trust: ['ed'],
    options: { allow_classical: true },
    expect: { lines: { 2: 'MALFORMED' }, notes: { '1,3': 'CLASSICAL_ONLY' } },
  };
}

const TIME = '2026-11-20T20:34:02.000Z';
const ID = /"id":"([0-9a-f-]{36})"/;

/** Replace by expression; an expression that finds nothing is a mistake. */
function sub(text: string, from: RegExp, to: string | ((found: string, ...groups: string[]) => string)): string {
  const out = text.replace(from, to as string);
  if (out === text) throw new Error(`tampered-line: ${from} changed nothing`);
  return out;
}

function frameCases(): Case[] {
  const seq = '1: seq is 0…2^53−1 without leading zero';
  const uuid = '1: id is a lower-case UUID of version 7, variant 8, 9, a or b';
  const hex = '1: hex is lower case, 64 digits';
  const time = '1: time is what Date.toISOString prints for a real instant of 1970–9999';
  const version = '1: v is 0|[1-9][0-9]*';
  const log = '1: log is 1–200 of A-Z a-z 0-9 . _ ~ / : -, first a letter or digit';
  const members = '1: the members of an entry, in their order, and no other';
  const seqs: [string, string][] = [
    ['leading-zero', '01'],
    ['2-53', '9007199254740992'],
    ['20-digits', '10000000000000000001'],
    ['negative', '-1'],
    ['plus', '+1'],
    ['fraction', '1.0'],
    ['exponent', '1e0'],
    ['string', '"1"'],
    ['missing', ''],
  ];
  const times: [string, string][] = [
    ['february-30', '2026-02-30T00:00:00.000Z'],
    ['february-29-common-year', '2026-02-29T00:00:00.000Z'],
    ['february-29-century', '2100-02-29T00:00:00.000Z'],
    ['april-31', '2026-04-31T00:00:00.000Z'],
    ['month-13', '2026-13-01T00:00:00.000Z'],
    ['month-0', '2026-00-01T00:00:00.000Z'],
    ['day-0', '2026-01-00T00:00:00.000Z'],
    ['hour-24', '2026-11-20T24:00:00.000Z'],
    ['minute-60', '2026-11-20T20:60:00.000Z'],
    ['leap-second', '2016-12-31T23:59:60.000Z'],
    ['year-1969', '1969-12-31T23:59:59.999Z'],
    ['year-10000', '+010000-01-01T00:00:00.000Z'],
    ['offset', '2026-11-20T20:34:02.000+00:00'],
    ['offset-and-z', '2026-11-20T20:34:02.000+00:00Z'],
    ['without-milliseconds', '2026-11-20T20:34:02Z'],
    ['microseconds', '2026-11-20T20:34:02.000000Z'],
    ['lower-case', '2026-11-20t20:34:02.000z'],
    ['space', '2026-11-20 20:34:02.000Z'],
    ['without-zone', '2026-11-20T20:34:02.0000'],
    ['empty', ''],
  ];
  const ids: [string, (id: string) => string][] = [
    ['version-4', (id) => `${id.slice(0, 14)}4${id.slice(15)}`],
    ['variant-c', (id) => `${id.slice(0, 19)}c${id.slice(20)}`],
    ['variant-7', (id) => `${id.slice(0, 19)}7${id.slice(20)}`],
    ['upper-case', (id) => `A${id.slice(1).toUpperCase()}`],
    ['without-dashes', (id) => id.replaceAll('-', '')],
    ['dash-moved', (id) => `${id.slice(0, 7)}-${id[7]}${id.slice(9)}`],
    ['short', (id) => id.slice(0, -1)],
    ['braces', (id) => `{${id}}`],
  ];
  const origins: [string, string][] = [
    ['empty', ''],
    ['201-characters', 'x'.repeat(201)],
    ['begins-with-dash', '-example.com'],
    ['begins-with-slash', '/example.com'],
    ['space', 'example com'],
    ['percent', 'example.com/%41'],
    ['escape', 'example.com\\/test'],
    ['not-ascii', u('exämple.com')],
    ['line-separator', u('example.com\u2028')],
  ];
  return [
    ...seqs.map(([name, value]) =>
      entryCase(`seq-${name}`, seq, (entry) => replaceOnce(entry, '"seq":1,', `"seq":${value},`)),
    ),
    ...times.map(([name, value]) => entryCase(`time-${name}`, time, (entry) => replaceOnce(entry, TIME, value))),
    ...ids.map(([name, change]) =>
      entryCase(`id-${name}`, uuid, (entry) => sub(entry, ID, (_, id) => `"id":"${change(id!)}"`)),
    ),
    ...origins.map(([name, value]) =>
      entryCase(`log-${name}`, log, (entry) => replaceOnce(entry, 'example.com/test/0123456789ab', value)),
    ),
    ...['01', '1.0', '-1', '"1"', '', '1e0'].map((value, i) =>
      entryCase(`v-${['leading-zero', 'fraction', 'negative', 'string', 'empty', 'exponent'][i]}`, version, (entry) =>
        sub(entry, /"v":1\}$/, `"v":${value}}`),
      ),
    ),
    entryCase('v-missing', version, (entry) => sub(entry, /,"v":1\}$/, '}')),
    entryCase('prev-upper-case', hex, (entry) =>
      sub(entry, /"prev":"(\w{64})"/, (all) => `"prev":"${all.slice(8, -1).toUpperCase()}"`),
    ),
    entryCase('prev-63-digits', hex, (entry) => sub(entry, /("prev":"\w{63})\w/, '$1')),
    entryCase('prev-65-digits', hex, (entry) => sub(entry, /("prev":"\w{64})/, '$10')),
    entryCase('entry-extra-member-last', members, (entry) => sub(entry, /"v":1\}$/, '"v":1,"x":1}')),
    entryCase('entry-extra-member-first', members, (entry) => replaceOnce(entry, '{"event":', '{"a":1,"event":')),
    entryCase('entry-extra-member-inside', members, (entry) =>
      replaceOnce(entry, ',"seq":1', ',"session":"s","seq":1'),
    ),
    entryCase('entry-member-missing', members, (entry) => sub(entry, /,"id":"[0-9a-f-]{36}"/, '')),
    entryCase('entry-members-out-of-order', members, (entry) => sub(entry, /("id":"[^"]+"),("log":"[^"]+")/, '$2,$1')),
    entryCase('entry-duplicate-member', members, (entry) => replaceOnce(entry, ',"seq":1', ',"seq":1,"seq":1')),
    entryCase('entry-space', '1: no white space in a line', (entry) => replaceOnce(entry, '"seq":1', '"seq": 1')),
    entryCase('entry-name-escaped', '1: the literals of a line', (entry) => replaceOnce(entry, '"seq"', '"\\u0073eq"')),
  ];
}

const SIGS = /"sigs":\[(\{.*\})\]/;
const SIG_TEXT = /"sig":"([A-Za-z0-9_-]+)"/;
const KID_TEXT = /"kid":"([A-Za-z0-9_-]+)"/;

/** Nine signatures, ascending by kid, that would all be legal as eight; any two of them for what a pair breaks. */
const strangers = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => {
    const kid = toBase64url(Uint8Array.from({ length: 32 }, () => 10 * i + 1));
    return `{"alg":"X","kid":"${kid}","sig":"AAAA"}`;
  });

function signatureCases(): Case[] {
  const order = '2: sigs ascend strictly by kid';
  const alg = '1: alg is 1–32 of A-Z a-z 0-9 - .';
  const kid = '1: kid is 43 characters of strict base64url';
  const strict = '1: base64url has no padding, zero spare bits, length mod 4 not 1; for unknown algorithms too';
  const members = '1: a signature is alg, kid, sig and nothing else';
  const second = (sig: string): ((line: string) => string) => {
    // No kid that is a thumbprint here comes after this one.
    const entry = `{"alg":"X","kid":"${'z'.repeat(42)}8","sig":"${sig}"}`;
    return (line) => sub(line, SIGS, `"sigs":[$1,${entry}]`);
  };
  const eighth = strangers(9);
  return [
    lineCase('sigs-unsorted', order, (line) => sub(line, SIGS, `"sigs":[${eighth[1]},${eighth[0]}]`)),
    lineCase('sigs-duplicate-kid', order, (line) => sub(line, SIGS, '"sigs":[$1,$1]')),
    lineCase('sigs-9', '2: at most 8 signatures', (line) => sub(line, SIGS, `"sigs":[${eighth.join(',')}]`)),
    lineCase('sigs-comma-last', '1: the line', (line) => sub(line, SIGS, '"sigs":[$1,]')),
    lineCase('sigs-comma-first', '1: the line', (line) => sub(line, SIGS, '"sigs":[,$1]')),
    lineCase('sigs-object', '1: the line', (line) => sub(line, SIGS, '"sigs":$1')),
    lineCase('sigs-null', '1: the line', (line) => sub(line, SIGS, '"sigs":null')),
    lineCase('sigs-missing', '1: the line', (line) => sub(line, /,"sigs":\[.*\]/, '')),
    lineCase('sigs-space', '1: no white space in a line', (line) => sub(line, SIGS, '"sigs":[ $1]')),
    lineCase('alg-empty', alg, (line) => replaceOnce(line, '"alg":"Ed25519"', '"alg":""')),
    lineCase('alg-33-characters', alg, (line) => replaceOnce(line, '"alg":"Ed25519"', `"alg":"${'A'.repeat(33)}"`)),
    lineCase('alg-underscore', alg, (line) => replaceOnce(line, '"alg":"Ed25519"', '"alg":"Ed_25519"')),
    lineCase('alg-space', alg, (line) => replaceOnce(line, '"alg":"Ed25519"', '"alg":"Ed25519 "')),
    lineCase('alg-escaped', alg, (line) => replaceOnce(line, '"alg":"Ed25519"', '"alg":"Ed2551\\u0039"')),
    lineCase('kid-42-characters', kid, (line) => sub(line, KID_TEXT, (_, text) => `"kid":"${text!.slice(0, 42)}"`)),
    lineCase('kid-44-characters', kid, (line) => sub(line, KID_TEXT, '"kid":"$1A"')),
    lineCase('kid-padding', kid, (line) => sub(line, KID_TEXT, '"kid":"$1="')),
    lineCase('kid-spare-bits', kid, (line) =>
      sub(line, KID_TEXT, (_, text) => `"kid":"${text!.slice(0, 42)}${nextLetter(text!.at(-1)!)}"`),
    ),
    lineCase('kid-base64', kid, (line) => sub(line, KID_TEXT, (_, text) => `"kid":"+${text!.slice(1)}"`)),
    lineCase('sig-empty', strict, second('')),
    lineCase('sig-padding', strict, (line) => sub(line, SIG_TEXT, '"sig":"$1=="')),
    lineCase('sig-spare-bits', strict, (line) =>
      sub(line, SIG_TEXT, (_, text) => `"sig":"${text!.slice(0, -1)}${nextLetter(text!.at(-1)!)}"`),
    ),
    lineCase('sig-spare-bits-unknown-alg', strict, second('AAB')),
    lineCase('sig-length-mod-4-1', strict, second('AAAAA')),
    lineCase('sig-length-1', strict, second('A')),
    lineCase('sig-base64', strict, second('A+/A')),
    lineCase('sig-space', strict, second('AAAA AAAA')),
    lineCase('sig-66476-characters', '1: sig is at most 66,475 characters', second('A'.repeat(66_476))),
    lineCase('sig-extra-member', members, (line) => sub(line, SIG_TEXT, '"sig":"$1","x":1')),
    lineCase('sig-member-missing', members, (line) => sub(line, /,"sig":"[^"]+"/, '')),
    lineCase('sig-members-out-of-order', members, (line) => sub(line, /("alg":"[^"]+"),("kid":"[^"]+")/, '$2,$1')),
  ];
}

/** The next character of base64url: same bits in front, other spare bits. */
function nextLetter(letter: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return alphabet[alphabet.indexOf(letter) + 1]!;
}

function lineCases(): Case[] {
  const hex = '1: hex is lower case, 64 digits';
  const lf = '1: LF only';
  const space = '1: no white space in a line';
  const exact = '1: a line is one receipt and nothing else';
  const upper = (line: string): string =>
    sub(line, /"hash":"(\w{64})"/, (all) => `"hash":"${all.slice(8, -1).toUpperCase()}"`);
  return [
    lineCase('hash-upper-case', hex, upper),
    lineCase('hash-63-digits', hex, (line) => sub(line, /("hash":"\w{63})\w/, '$1')),
    lineCase('hash-65-digits', hex, (line) => sub(line, /("hash":"\w{64})/, '$10')),
    lineCase('hash-missing', exact, (line) => sub(line, /,"hash":"\w+"/, '')),
    lineCase('line-extra-member-last', exact, (line) => sub(line, /\}\n$/, ',"x":1}\n')),
    lineCase('line-extra-member-first', exact, (line) => `{"a":1,${line.slice(1)}`),
    lineCase('line-members-out-of-order', exact, (line) => sub(line, /("hash":"\w+"),("sigs":\[.*\])/, '$2,$1')),
    lineCase('line-space-before', space, (line) => ` ${line}`),
    lineCase('line-space-after', space, (line) => line.replace('\n', ' \n')),
    lineCase('line-space-inside', space, (line) => replaceOnce(line, ',"hash"', ', "hash"')),
    lineCase('line-tab-after', space, (line) => line.replace('\n', '\t\n')),
    lineCase('line-crlf', lf, (line) => line.replace('\n', '\r\n')),
    lineCase('line-nul-after', exact, (line) => line.replace('\n', '\x00\n')),
    lineCase('line-byte-order-mark', exact, (line) => u('\ufeff') + line),
    lineCase('line-comma-after', exact, (line) => line.replace('\n', ',\n')),
    lineCase('line-cut', exact, (line) => `${line.slice(0, -12)}\n`),
    lineCase('line-empty-object', exact, () => '{}\n'),
    lineCase('line-is-event', exact, () => '{"type":"custom"}\n'),
    lineCase('line-not-json', exact, () => 'receipts\n'),
    emptyLine('line-empty', 2, { 2: 'MALFORMED' }, '1,3-4'),
    emptyLine('line-empty-last', 4, { 4: 'MALFORMED' }, '1-3'),
    twoOnALine(),
    {
      ...emptyLine('file-byte-order-mark', 1, { 1: 'MALFORMED' }, '1'),
      about: '1: a log begins with its first line; line 1 does not parse, so only outside ML-DSA keys speak',
      bytes: markedFile(),
      trust: ['alice'],
      options: {},
      expect: { lines: { 1: 'MALFORMED', 2: 'PARTIAL' } },
    },
    crlfEverywhere(),
  ];
}

/** A byte order mark before a log; its second line has seq 1, so the first that parses is not the beginning. */
function markedFile(): Uint8Array {
  const log = new LogBuilder([KEYS.alice]).genesis().calls(1);
  return concatBytes(rawBytes(u('\ufeff')), log.bytes());
}

function emptyLine(name: string, at: number, lines: Record<string, string>, good: string): Case {
  const log = new LogBuilder([KEYS.ed]).genesis().calls(2);
  const parts = [...log.lines.slice(0, at - 1), rawBytes('\n'), ...log.lines.slice(at - 1)];
  return {
    name,
    about: '1: a log is lines, none of them empty',
    bytes: concatBytes(...parts),
    trust: ['ed'],
    options: { allow_classical: true },
    expect: { lines, notes: { [good]: 'CLASSICAL_ONLY' } },
  };
}

function twoOnALine(): Case {
  const log = new LogBuilder([KEYS.ed]).genesis().calls(3);
  const bytes = concatBytes(...log.lines.map((line, i) => (i === 1 ? edited(line, '\n', '') : line)));
  return { ...lineCaseOf('line-holds-two', '1: one receipt a line', bytes) };
}

function crlfEverywhere(): Case {
  const log = new LogBuilder([KEYS.ed]).genesis().calls(1);
  return {
    name: 'file-crlf',
    about: '1: LF only',
    bytes: concatBytes(...log.lines.map((line) => edited(line, '\n', '\r\n'))),
    trust: ['ed'],
    options: { allow_classical: true },
    expect: { lines: { '1-2': 'MALFORMED' } },
  };
}

/** Lines that are no receipts: frame, signatures, and the line around them. */
export function tamperedLines(): Case[] {
  return [...frameCases(), ...signatureCases(), ...lineCases(), signatureStranger()];
}

/** Two signatures whose order is wrong though both verify: the first case above has strangers only. */
function signatureStranger(): Case {
  const log = new LogBuilder([KEYS.ed, KEYS.eve]).genesis();
  log.calls(1).calls(1);
  const flipped = withLine(log.lines, 2, (line) => sub(line, /"sigs":\[(\{[^}]*\}),(\{[^}]*\})\]/, '"sigs":[$2,$1]'));
  return { ...lineCaseOf('sigs-unsorted-good', '2: sigs ascend strictly by kid', concatBytes(...flipped)) };
}
