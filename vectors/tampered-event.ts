import { concatBytes } from '../src/base/bytes.ts';
import { LogBuilder } from './build.ts';
import { type Case, KEYS } from './case.ts';
import { rawBytes, u } from './edit.ts';

/**
 * Three lines, the event of the second as given; hash, signature and links are made over it, so that nothing but the event is wrong.
 * @param event one character a byte.
 */
export function eventLog(event: string): Uint8Array {
  const log = new LogBuilder([KEYS.ed]).genesis();
  return log
    .add({}, { eventBytes: rawBytes(event) })
    .calls(1)
    .bytes();
}

function eventCase(code: string, name: string, about: string, event: string): Case {
  return {
    name: `event-${name}`,
    about,
    bytes: eventLog(event),
    trust: ['ed'],
    options: { allow_classical: true },
    expect: { lines: { 2: code }, notes: { '1,3': 'CLASSICAL_ONLY' } },
  };
}

/** An event with one member under test. */
const data = (value: string): string => `{"data":${value},"type":"custom"}`;

const UNSORTED = '1: names ascend by UTF-16 code units, each once';
const ESCAPES = '1: escapes only \\b \\t \\n \\f \\r \\" \\\\ and lower-case \\u00xx';
const NUMBERS = '1: a number token t is canonical iff String(Number(t)) === t';
const SPACE = '1: canonical JSON has no white space';
const GRAMMAR = '1: the event is JSON';
const UTF8 = '1: strict UTF-8';

const notCanonical: [name: string, about: string, event: string][] = [
  ['duplicate-name', UNSORTED, '{"agent":"a","agent":"b","type":"custom"}'],
  ['duplicate-name-same-value', UNSORTED, '{"agent":"a","agent":"a","type":"custom"}'],
  ['duplicate-name-escaped', ESCAPES, data('{"a":1,"\\u0061":2}')],
  ['duplicate-type', UNSORTED, '{"type":"custom","type":"tool_call"}'],
  ['duplicate-proto', UNSORTED, data('{"__proto__":1,"__proto__":2}')],
  ['unsorted', UNSORTED, '{"type":"custom","agent":"a"}'],
  ['unsorted-nested', UNSORTED, data('{"a":[{"c":1,"b":2}]}')],
  ['unsorted-integer-like', UNSORTED, data('{"9":1,"10":2}')],
  ['unsorted-longer-first', UNSORTED, data('{"ab":1,"a":2}')],
  ['unsorted-quote-compared', UNSORTED, data('{"a!":1,"a":2}')],
  ['unsorted-code-points', UNSORTED, data(u('{"\uff61":1,"\u{1f600}":2}'))],
  ['unsorted-escaped-as-written', UNSORTED, data('{"\\n":1,"\\b":2}')],
  ['space-after-colon', SPACE, '{"type": "custom"}'],
  ['space-after-comma', SPACE, '{"agent":"a", "type":"custom"}'],
  ['space-before-end', SPACE, '{"type":"custom" }'],
  ['space-in-empty-object', SPACE, data('{ }')],
  ['space-in-array', SPACE, data('[1 ]')],
  ['tab', SPACE, '{"type":\t"custom"}'],
  ['carriage-return', SPACE, '{\r"type":"custom"}'],
  ['number-1.0', NUMBERS, data('1.0')],
  ['number-trailing-zero', NUMBERS, data('0.10')],
  ['number-1e3', NUMBERS, data('1e3')],
  ['number-minus-zero', NUMBERS, data('-0')],
  ['number-minus-zero-fraction', NUMBERS, data('-0.0')],
  ['number-exponent-upper', NUMBERS, data('1E+30')],
  ['number-exponent-unsigned', NUMBERS, data('1e30')],
  ['number-exponent-padded', NUMBERS, data('1e-07')],
  ['number-written-out', NUMBERS, data('1000000000000000000000')],
  ['number-not-a-double', NUMBERS, data('9007199254740993')],
  ['number-too-many-digits', NUMBERS, data('0.1000000000000000055511151231257827')],
  ['number-beyond-doubles', NUMBERS, data('1e400')],
  ['number-below-doubles', NUMBERS, data('1e-400')],
  ['escape-solidus', ESCAPES, data('"a\\/b"')],
  ['escape-newline-as-u', ESCAPES, data('"\\u000a"')],
  ['escape-upper-hex', ESCAPES, data('"\\u001F"')],
  ['escape-printable', ESCAPES, data('"\\u0041"')],
  ['escape-quote-as-u', ESCAPES, data('"\\u0022"')],
  ['escape-delete', ESCAPES, data('"\\u007f"')],
  ['escape-line-separator', ESCAPES, data('"\\u2028"')],
  ['escape-surrogate-pair', ESCAPES, data('"\\ud83d\\ude00"')],
  ['escape-lone-surrogate', ESCAPES, data('"\\ud800"')],
  ['escape-lone-low-surrogate', ESCAPES, data('"\\udc00"')],
  ['escape-in-name', ESCAPES, data('{"\\u0061":1}')],
  ['escape-in-type', ESCAPES, '{"type":"gen\\u0065sis"}'],
];

const malformed: [name: string, about: string, event: string][] = [
  ['array', '1: the event is an object', '[]'],
  ['string', '1: the event is an object', '"custom"'],
  ['null', '1: the event is an object', 'null'],
  ['missing', '1: the event is an object', ''],
  ['twice', '1: the event is exactly one object', '{"type":"custom"}{"type":"custom"}'],
  ['comma-first', GRAMMAR, '{,"type":"custom"}'],
  ['comma-last', GRAMMAR, '{"type":"custom",}'],
  ['comma-missing', GRAMMAR, '{"agent":"a""type":"custom"}'],
  ['comma-last-in-array', GRAMMAR, data('[1,]')],
  ['colon-missing', GRAMMAR, '{"type""custom"}'],
  ['value-missing', GRAMMAR, '{"type":}'],
  ['name-unquoted', GRAMMAR, '{type:"custom"}'],
  ['single-quotes', GRAMMAR, "{'type':'custom'}"],
  ['comment', GRAMMAR, '{"type":"custom"/**/}'],
  ['unclosed', GRAMMAR, '{"type":"custom"'],
  ['closed-twice', GRAMMAR, '{"type":"custom"}}'],
  ['closed-by-bracket', GRAMMAR, data('{"a":1]')],
  ['word-upper', GRAMMAR, data('True')],
  ['word-cut', GRAMMAR, data('nul')],
  ['number-leading-zero', GRAMMAR, data('01')],
  ['number-plus', GRAMMAR, data('+1')],
  ['number-bare-minus', GRAMMAR, data('-')],
  ['number-bare-point', GRAMMAR, data('.5')],
  ['number-ends-in-point', GRAMMAR, data('1.')],
  ['number-ends-in-e', GRAMMAR, data('1e')],
  ['number-hex', GRAMMAR, data('0x10')],
  ['number-nan', GRAMMAR, data('NaN')],
  ['number-infinity', GRAMMAR, data('-Infinity')],
  ['escape-unknown', GRAMMAR, data('"\\x41"')],
  ['escape-short', GRAMMAR, data('"\\u00"')],
  ['escape-not-hex', GRAMMAR, data('"\\u00g0"')],
  ['escape-vertical-tab', GRAMMAR, data('"\\v"')],
  ['escape-open', GRAMMAR, '{"data":"\\"}'],
  ['control-raw', GRAMMAR, data('"\x1f"')],
  ['control-nul', GRAMMAR, data('"\x00"')],
  ['control-nul-outside-string', GRAMMAR, '{"type":"custom"\x00}'],
  ['control-tab-in-string', GRAMMAR, data('"\t"')],
  ['space-not-json', GRAMMAR, '{"type":\x0b"custom"}'],
  ['byte-order-mark', UTF8, `${u('\ufeff')}{"type":"custom"}`],
  ['no-break-space', GRAMMAR, `{"type":${u('\u00a0')}"custom"}`],
  ['utf8-continuation-alone', UTF8, data('"\x80"')],
  ['utf8-cut', UTF8, data('"\xc3"')],
  ['utf8-cut-3', UTF8, data('"\xe2\x82"')],
  ['utf8-latin-1', UTF8, data('"\xe9"')],
  ['utf8-overlong-2', UTF8, data('"\xc0\x80"')],
  ['utf8-overlong-slash', UTF8, data('"\xc0\xaf"')],
  ['utf8-overlong-3', UTF8, data('"\xe0\x80\xaf"')],
  ['utf8-overlong-4', UTF8, data('"\xf0\x80\x80\xaf"')],
  ['utf8-surrogate', UTF8, data('"\xed\xa0\x80"')],
  ['utf8-surrogate-pair', UTF8, data('"\xed\xa0\xbd\xed\xb8\x80"')],
  ['utf8-above-unicode', UTF8, data('"\xf4\x90\x80\x80"')],
  ['utf8-five-bytes', UTF8, data('"\xf8\x88\x80\x80\x80"')],
  ['utf8-ff', UTF8, data('"\xff"')],
  ['utf8-overlong-in-name', UTF8, data('{"\xc1\xa1":1}')],
];

const nested = (depth: number, open: string, close: string): string => open.repeat(depth) + close.repeat(depth);

const tooLarge: [name: string, about: string, event: string][] = [
  ['depth-65', '1: depth at most 64, the event being 1', data(nested(64, '[', ']'))],
  ['depth-65-objects', '1: depth at most 64, the event being 1', data(`${'{"a":'.repeat(63)}{}${'}'.repeat(63)}`)],
  ['depth-65-then-broken', '1: depth at most 64 (said before the grammar)', `{"data":${'['.repeat(64)}1,,`],
];

/** Events that are not what an entry may hold. */
export function tamperedEvents(): Case[] {
  return [
    ...notCanonical.map((one) => eventCase('NOT_CANONICAL', ...one)),
    ...malformed.map((one) => eventCase('MALFORMED', ...one)),
    ...tooLarge.map((one) => eventCase('TOO_LARGE', ...one)),
    ...smuggled(),
    ...entrySizes(),
    lineFeedInString(),
  ];
}

/** Members behind an event that closes early: a verifier that reads only the frame at the end accepts them. */
function smuggled(): Case[] {
  const frame =
    '"id":"01990001-0000-7000-8000-000000000000","log":"example.com/test/0123456789ab","prev":"%","seq":1,"time":"2026-11-20T20:34:02.000Z","v":1}';
  const inner = frame.replace('%', '0'.repeat(64));
  const about = '1: both ends of the event meet: it ends exactly where the frame begins';
  return [
    eventCase('MALFORMED', 'closes-early', about, '{"type":"custom"},"smuggled":{"type":"tool_call"}'),
    eventCase('MALFORMED', 'closes-early-with-frame', about, `{"type":"custom"},${inner.slice(0, -1)},"more":{"a":1}`),
    eventCase(
      'MALFORMED',
      'closes-early-with-whole-line',
      about,
      `{"type":"custom"},${inner},"hash":"${'0'.repeat(64)}","sigs":[],"more":{"a":1}`,
    ),
  ];
}

/** An event that makes its entry (second line of eventLog) so many bytes. */
export function eventOfEntrySize(bytes: number, canonical = true): string {
  const around = '{"event":,"id":"","log":"example.com/test/0123456789ab","prev":"","seq":1,"time":"","v":1}';
  const empty = canonical ? data('""') : `{"data":"", "type":"custom"}`;
  const room = bytes - around.length - 36 - 64 - 24 - empty.length;
  return empty.replace('""', `"${'x'.repeat(room)}"`);
}

/** The builder refuses such an entry, so it is grown after it was made. */
function grownLog(event: string, from = '', to = ''): Uint8Array {
  const grow = (entry: Uint8Array): Uint8Array => {
    const text = new TextDecoder().decode(entry).replace('{"event":{}', `{"event":${event}`);
    return rawBytes(text.replace(from, to));
  };
  const log = new LogBuilder([KEYS.ed]).genesis().add({}, { entry: grow });
  return log.calls(1).bytes();
}

function entrySizes(): Case[] {
  const about = '1: an entry is at most 65,535 bytes';
  const sized = (code: string, name: string, what: string, bytes: Uint8Array): Case => ({
    ...eventCase(code, name, what, '{}'),
    bytes,
  });
  return [
    sized('TOO_LARGE', 'entry-65536', about, grownLog(eventOfEntrySize(65_536))),
    sized(
      'TOO_LARGE',
      'entry-65536-not-canonical',
      `${about} (said before canonical form)`,
      grownLog(eventOfEntrySize(65_536, false)),
    ),
    sized(
      'MALFORMED',
      'entry-65536-frame-broken',
      '1: the line by its grammar (said before the size of the entry)',
      grownLog(eventOfEntrySize(65_536), ',"seq":1,', ',"seq":01,'),
    ),
  ];
}

function lineFeedInString(): Case {
  const log = new LogBuilder([KEYS.ed]).genesis();
  log.add({}, { eventBytes: rawBytes(data('"\n"')) }).calls(1);
  return {
    name: 'event-line-feed-in-string',
    about: '1: a line ends at its first LF, wherever that stands',
    bytes: concatBytes(...log.lines),
    trust: ['ed'],
    options: { allow_classical: true },
    expect: { lines: { '2-3': 'MALFORMED' }, notes: { '1,4': 'CLASSICAL_ONLY' } },
  };
}
