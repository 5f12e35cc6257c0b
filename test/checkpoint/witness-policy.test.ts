import { describe, expect, it, test } from 'vitest';
import { concatBytes, utf8 } from '../../src/base/bytes.ts';
import { cosignerKeyOf, mlDsa44KeyOf, noteKeyOf } from '../../src/checkpoint/note-keys.ts';
import { quorumOf } from '../../src/checkpoint/quorum.ts';
import { formatVkey, type NoteVerifierKey } from '../../src/checkpoint/vkey.ts';
import { displayName, parseWitnessPolicy } from '../../src/checkpoint/witness-policy.ts';
import { keyFromSeed } from '../../src/crypto/keys.ts';
import { ed25519, mlDsa44Keys, mlDsa65 } from './keys.ts';

const edKey = (n: number) => keyFromSeed('Ed25519', new Uint8Array(32).fill(100 + n)).publicKey;
const NAMES = ['X1', 'X2', 'X3', 'Y1', 'Y2', 'Y3'] as const;
const keys = Object.fromEntries(
  NAMES.map((name, i) => [name, cosignerKeyOf(`witness.example/${name}`, edKey(i))]),
) as Record<(typeof NAMES)[number], NoteVerifierKey>;
const logKey = noteKeyOf('example.com/log', mlDsa65.publicKey);
const parse = (text: string) => parseWitnessPolicy(utf8(text));

/** The example of tlog-policy, its keys filled in. */
const EXAMPLE = `log ${formatVkey(logKey)}

witness X1 ${formatVkey(keys.X1)}
witness X2 ${formatVkey(keys.X2)}
witness X3 ${formatVkey(keys.X3)}
group X-witnesses 2 X1 X2 X3

witness Y1 ${formatVkey(keys.Y1)}
witness Y2 ${formatVkey(keys.Y2)}
witness Y3 ${formatVkey(keys.Y3)}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
`;
const policy = parse(EXAMPLE);
const NOW = 1_800_000_000;
const context = { now: NOW, own: [logKey] };
const good = (...names: (keyof typeof keys)[]) =>
  names.map((name, i) => ({ key: keys[name], timestamp: NOW - 100 + i }));

test('the example of the specification: one log, six witnesses, three groups', () => {
  expect(policy.logs).toEqual([{ key: logKey, url: null }]);
  expect(policy.witnesses.map(({ name }) => name)).toEqual(NAMES);
  expect(policy.groups).toEqual([
    { name: 'X-witnesses', threshold: 2, members: ['X1', 'X2', 'X3'] },
    { name: 'Y-witnesses', threshold: 1, members: ['Y1', 'Y2', 'Y3'] },
    { name: 'X-and-Y', threshold: 2, members: ['X-witnesses', 'Y-witnesses'] },
  ]);
  expect(policy.quorum).toBe('X-and-Y');
});

test('its quorum over all 64 sets of witnesses: two of X and one of Y', () => {
  let met = 0;
  for (let set = 0; set < 64; set++) {
    const names = NAMES.filter((_, i) => (set >> i) & 1);
    const count = (group: string) => names.filter((name) => name.startsWith(group)).length;
    const expected = count('X') >= 2 && count('Y') >= 1;
    const quorum = quorumOf(policy, good(...names), context);
    expect([names, quorum.met]).toEqual([names, expected]);
    expect(quorum.missing).toEqual(expected ? [] : NAMES.filter((name) => !names.includes(name)));
    expect(quorum.time === null).toBe(!expected);
    if (expected) met++;
  }
  expect(met).toBe(4 * 7);
});

test('white space, comments, URLs and names of any octets', () => {
  const loose = concatBytes(
    utf8(`\t# comment é\n  \t \nwitness\tw\u00e9 ${formatVkey(keys.X1)}   https://witness.example/  \n`),
    utf8(`log ${formatVkey(logKey)} https://log.example/\n#`),
    Uint8Array.of(0xff, 0x0a),
    utf8('witness '),
    Uint8Array.of(0xfe),
    utf8(` ${formatVkey(keys.X2)}\nquorum w\u00e9\n`),
  );
  const read = parseWitnessPolicy(loose);
  expect(read.witnesses.map(({ name, url }) => [displayName(name), url])).toEqual([
    ['wé', 'https://witness.example/'],
    ['\ufffd', null],
  ]);
  expect(read.logs[0]!.url).toBe('https://log.example/');
  expect(displayName(read.quorum!)).toBe('wé');
  // The Kelvin sign is no K: names are octets.
  expect(() => parse(`witness K ${formatVkey(keys.X1)}\nquorum \u212a\n`)).toThrow(/defined before/);
});

describe('must reject', () => {
  const x1 = `witness X1 ${formatVkey(keys.X1)}\n`;
  const x2 = `witness X2 ${formatVkey(keys.X2)}\n`;
  it.each<[why: string, text: string | Uint8Array, code?: string]>([
    ['no quorum', x1],
    ['nothing at all', ''],
    ['two quorums', `${x1}quorum X1\nquorum X1\n`],
    ['a quorum before its definition', `quorum X1\n${x1}`],
    ['a quorum of two names', `${x1}${x2}quorum X1 X2\n`],
    ['a quorum without a name', `${x1}quorum\n`],
    ['no LF at the end', `${x1}quorum X1`],
    ['CR', `${x1}quorum X1\r\n`],
    ['DEL', `${x1}quorum X1\u007f\n`],
    ['NUL', `${x1}# \0\nquorum X1\n`],
    ['an unknown word', `${x1}policy X1\nquorum X1\n`],
    ['a word in capitals', `${x1}Quorum X1\n`],
    ['a comment after a line', `${x1}quorum X1 # one\n`],
    ['a name twice', `${x1}${x2.replace('X2', 'X1')}quorum X1\n`],
    ['a group named as a witness', `${x1}${x2}group X1 any X2\nquorum X1\n`],
    ['a witness named none', `${x1.replace('X1', 'none')}quorum none\n`],
    ['a group named none', `${x1}group none any X1\nquorum none\n`],
    ['none as a member', `${x1}group g any X1 none\nquorum g\n`],
    ['a member that is defined later', `group g any X1\n${x1}quorum g\n`],
    ['a group of itself', `${x1}group g any g\nquorum g\n`],
    ['a member twice in a group', `${x1}group g 2 X1 X1\nquorum g\n`],
    ['a member of two groups', `${x1}${x2}group g any X1\ngroup h any X1 X2\nquorum h\n`],
    ['a group without members', `${x1}group g any\nquorum X1\n`],
    ['zero of a group', `${x1}group g 0 X1\nquorum g\n`],
    ['two of one', `${x1}group g 2 X1\nquorum g\n`],
    ['a leading zero', `${x1}group g 01 X1\nquorum g\n`],
    ['a sign', `${x1}group g +1 X1\nquorum g\n`],
    ['most of a group', `${x1}group g most X1\nquorum g\n`],
    ['a key twice', `${x1}${x1.replace('X1', 'X2')}quorum X1\n`],
    [
      'a key twice under another name',
      `${x1}witness X2 ${formatVkey(cosignerKeyOf('witness.example/other', edKey(0)))}\nquorum X1\n`,
    ],
    ['a log twice', `log ${formatVkey(logKey)}\nlog ${formatVkey(logKey)}\nquorum none\n`],
    ['a log with a cosigner’s Ed25519 key', `log ${formatVkey(keys.X1)}\nquorum none\n`],
    ['a witness with a log’s key', `witness w ${formatVkey(logKey)}\nquorum w\n`],
    ['a witness without a key', 'witness w\nquorum w\n'],
    ['a log without a key', 'log\nquorum none\n'],
    ['a fourth word', `log ${formatVkey(logKey)} https://a https://b\nquorum none\n`],
    ['a vkey that is none', 'witness w abc\nquorum w\n', 'KEY_MALFORMED'],
    ['a vkey of another type', 'log a+00000000+Ag==\nquorum none\n', 'UNSUPPORTED'],
    ['more bytes than the cap', new Uint8Array(1_048_577).fill(0x0a)],
  ])('%s', (_, text, code = 'POLICY_MALFORMED') => {
    const bytes = typeof text === 'string' ? utf8(text) : text;
    expect(() => parseWitnessPolicy(bytes)).toThrow(expect.objectContaining({ code }));
  });
  it('names the line', () => {
    expect(() => parse(`${x1}\n# c\ngroup g any Z\nquorum g\n`)).toThrow(
      expect.objectContaining({ at: 'policy, line 4' }),
    );
  });
});

describe('time', () => {
  const three = parse(
    `${NAMES.slice(0, 3)
      .map((name) => `witness ${name} ${formatVkey(keys[name])}\n`)
      .join('')}group q 2 X1 X2 X3\nquorum q\n`,
  );
  const at = (...times: (number | null)[]) =>
    quorumOf(
      three,
      times.flatMap((timestamp, i) => (timestamp === null ? [] : [{ key: keys[NAMES[i]!], timestamp }])),
      context,
    );
  it('is the k-th smallest timestamp, in whatever order they stand', () => {
    expect(at(30, 10, 20).time).toBe(20);
    expect(at(10, 20, 30).time).toBe(20);
    expect(at(20, null, 10).time).toBe(20);
    expect(at(10, 10, null).time).toBe(10);
  });
  it('zero and future ones state none, though their witnesses count for the quorum', () => {
    expect(at(0, 10, null)).toMatchObject({ met: true, time: null });
    expect(at(0, 10, 20)).toMatchObject({ met: true, time: 20 });
    expect(at(NOW + 1, 10, null)).toMatchObject({ met: true, time: null });
    expect(at(NOW, 10, null)).toMatchObject({ met: true, time: NOW });
    expect(at(5, null, null)).toMatchObject({ met: false, time: null, missing: ['X2', 'X3'] });
  });
  it('a group of groups: the earliest time by which the quorum stood', () => {
    const times = { X1: 50, X2: 40, X3: 10, Y1: 30, Y2: 60 };
    const list = Object.entries(times).map(([name, timestamp]) => ({ key: keys[name as 'X1'], timestamp }));
    expect(quorumOf(policy, list, context).time).toBe(40);
  });
  it('none at all for quorum none', () => {
    expect(quorumOf(parse('quorum none\n'), [], context)).toEqual({
      met: true,
      missing: [],
      classical: false,
      time: null,
      classicalTime: false,
    });
  });
});

describe('who counts', () => {
  const strong = cosignerKeyOf('witness.example/pq', keyFromSeed('ML-DSA-65', new Uint8Array(32).fill(9)).publicKey);
  const strong44 = mlDsa44KeyOf('witness.example/pq44', mlDsa44Keys.publicKey);
  const mixed = parse(
    `witness a ${formatVkey(strong)}\nwitness b ${formatVkey(strong44)}\nwitness c ${formatVkey(keys.X1)}\ngroup q 2 a b c\nquorum q\n`,
  );
  const of = (...list: [NoteVerifierKey, number][]) =>
    quorumOf(
      mixed,
      list.map(([key, timestamp]) => ({ key, timestamp })),
      context,
    );
  it('classical is what holds only with Ed25519', () => {
    expect(of([strong, 20], [strong44, 30])).toMatchObject({
      met: true,
      classical: false,
      time: 30,
      classicalTime: false,
    });
    expect(of([strong, 20], [keys.X1, 10])).toMatchObject({
      met: true,
      classical: true,
      time: 20,
      classicalTime: true,
    });
    // With all three the post-quantum ones decide, though the third would give an earlier time.
    expect(of([strong, 20], [strong44, 30], [keys.X1, 10])).toMatchObject({
      classical: false,
      time: 30,
      classicalTime: false,
    });
    // The quorum is post-quantum, its time is not: one of the two states none.
    expect(of([strong, 20], [strong44, 0], [keys.X1, 10])).toMatchObject({
      classical: false,
      time: 20,
      classicalTime: true,
    });
  });
  it('the log’s own keys never do, whether known beside the policy or listed in it', () => {
    const own = cosignerKeyOf('witness.example/own', mlDsa65.publicKey);
    const text = `witness own ${formatVkey(own)}\nquorum own\n`;
    const line = [{ key: own, timestamp: 10 }];
    expect(quorumOf(parse(text), line, { now: NOW, own: [] }).met).toBe(true);
    expect(quorumOf(parse(text), line, context)).toMatchObject({ met: false, missing: ['own'], time: null });
    expect(quorumOf(parse(`log ${formatVkey(logKey)}\n${text}`), line, { now: NOW, own: [] }).met).toBe(false);
  });
  it('a signature without a timestamp is none of a witness; a stranger’s says nothing', () => {
    const one = parse(`witness X1 ${formatVkey(keys.X1)}\nquorum X1\n`);
    expect(quorumOf(one, [{ key: keys.X1, timestamp: null }], context).met).toBe(false);
    expect(quorumOf(one, good('X2', 'X3'), context)).toMatchObject({ met: false, missing: ['X1'] });
    const renamed = { ...keys.X1, name: 'witness.example/other' };
    expect(quorumOf(one, [{ key: renamed, timestamp: 10 }], context).met).toBe(false);
    expect(quorumOf(one, good('X1'), { now: NOW, own: [noteKeyOf('example.com/log', ed25519.publicKey)] }).met).toBe(
      true,
    );
  });
  it('witnesses that no quorum rests on are not called missing', () => {
    const two = parse(`witness X1 ${formatVkey(keys.X1)}\nwitness X2 ${formatVkey(keys.X2)}\nquorum X2\n`);
    expect(quorumOf(two, [], context).missing).toEqual(['X2']);
  });
});
