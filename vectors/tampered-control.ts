import { toBase64url } from '../src/base/bytes.ts';
import { toJwk } from '../src/crypto/public-key.ts';
import { closeEvent, genesisEvent, recoveryEvent, rotationEvent, SHA256_OF_NOTHING } from '../src/receipt/control.ts';
import { fixedKey, fixedRandom, LogBuilder } from './build.ts';
import { type Case, type Expected, KEYS } from './case.ts';

type Event = Record<string, unknown>;
/** A change of one event, by name. */
type Variant = readonly [name: string, change: (event: Event) => Event];

const without =
  (member: string) =>
  (event: Event): Event => {
    const { [member]: _, ...rest } = event;
    return rest;
  };
const but =
  (members: Event) =>
  (event: Event): Event => ({ ...event, ...members });

const HASH = 'ab'.repeat(32);
const upper = HASH.toUpperCase();

/** A control entry as the third line of four, under an Ed25519 key; it is signed, so that only its content is wrong. */
function controlCase(name: string, about: string, event: Event, expect: Expected = {}): Case {
  const log = new LogBuilder([KEYS.ed]).genesis().calls(1).add(event).calls(1);
  return {
    name,
    about,
    bytes: log.bytes(),
    trust: ['ed'],
    options: { allow_classical: true },
    expect: { lines: { 3: 'CONTROL_SCHEMA' }, notes: { '1-4': 'CLASSICAL_ONLY' }, ...expect },
  };
}

function variants(type: string, about: string, good: Event, list: readonly Variant[], expect: Expected = {}): Case[] {
  return list.map(([name, change]) => controlCase(`${type}-${name}`, about, change(good), expect));
}

const EXTRA: Variant = ['extra-member', but({ data: 1 })];

/** Every member missing. */
function missing(event: Event): Variant[] {
  return Object.keys(event)
    .filter((member) => member !== 'type')
    .map((member) => [`without-${member.replaceAll('_', '-')}`, without(member)]);
}

const ED_JWK: Event = { ...toJwk(KEYS.ed.publicKey) };
const EVE_JWK: Event = { ...toJwk(KEYS.eve.publicKey) };
const ALICE_JWK: Event = { ...toJwk(KEYS.alice.publicKey) };
const BOTH = [KEYS.ed, KEYS.eve]
  .sort((a, b) => (a.publicKey.kid < b.publicKey.kid ? -1 : 1))
  .map((key) => toJwk(key.publicKey));

const ed = (bytes: Uint8Array): Event => ({ ...ED_JWK, x: toBase64url(bytes) });
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

/** Points that no key may be. @see RFC 8032 section 5.1; the order-8 point of the paper "Taming the many EdDSAs" (2020), table 6 */
const BAD_POINTS: [string, Uint8Array][] = [
  ['identity', hex(`01${'00'.repeat(31)}`)],
  ['order-2', hex(`ec${'ff'.repeat(30)}7f`)],
  ['order-4', hex('00'.repeat(32))],
  ['order-8', hex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a')],
  ['identity-not-canonical', hex(`ee${'ff'.repeat(30)}7f`)],
  ['y-above-p', hex(`f0${'ff'.repeat(30)}7f`)],
  ['not-on-curve', hex(`02${'00'.repeat(31)}`)],
  ['31-bytes', KEYS.eve.publicKey.bytes.slice(1)],
  ['33-bytes', new Uint8Array(33).fill(1)],
];

const keys = (list: unknown, suite: unknown = ['Ed25519']): ((event: Event) => Event) => but({ keys: list, suite });

/** What breaks the members that genesis and rotation share. */
const REQUIREMENT: readonly Variant[] = [
  ['mode-unknown', but({ mode: 'some' })],
  ['mode-upper-case', but({ mode: 'Each' })],
  ['suite-empty', but({ suite: [] })],
  ['suite-no-array', but({ suite: 'Ed25519' })],
  ['suite-twice', but({ suite: ['Ed25519', 'Ed25519'] })],
  ['suite-unknown', but({ suite: ['Ed448'] })],
  ['suite-alg-without-key', but({ suite: ['Ed25519', 'ML-DSA-65'] })],
  ['suite-other-alg', but({ suite: ['ML-DSA-65'] })],
  ['suite-descending', keys([ALICE_JWK, EVE_JWK].sort(byKid), ['ML-DSA-65', 'Ed25519'])],
  ['suite-lacks-alg', keys([ALICE_JWK, EVE_JWK].sort(byKid), ['Ed25519'])],
  ['keys-empty', keys([])],
  ['keys-no-array', keys(EVE_JWK)],
  ['keys-descending', keys([...BOTH].reverse())],
  ['keys-twice', keys([EVE_JWK, EVE_JWK])],
  ['keys-9', keys(manyJwks(9))],
  ['jwk-extra-member', keys([{ ...EVE_JWK, kid: KEYS.eve.publicKey.kid }])],
  ['jwk-private-member', keys([{ ...EVE_JWK, d: toBase64url(new Uint8Array(32)) }])],
  ['jwk-without-kty', keys([without('kty')(EVE_JWK)])],
  ['jwk-kty-akp', keys([{ ...EVE_JWK, kty: 'AKP' }])],
  ['jwk-crv-x25519', keys([{ ...EVE_JWK, crv: 'X25519' }])],
  ['jwk-null', keys([null])],
  ['jwk-kid-only', keys([KEYS.eve.publicKey.kid])],
  ['jwk-x-padded', keys([{ ...EVE_JWK, x: `${EVE_JWK.x}=` }])],
  ['jwk-x-spare-bits', keys([{ ...EVE_JWK, x: spareBits(String(EVE_JWK.x)) }])],
  ['jwk-x-number', keys([{ ...EVE_JWK, x: 1 }])],
  ['jwk-pub-short', keys([{ ...ALICE_JWK, pub: String(ALICE_JWK.pub).slice(0, -4) }], ['ML-DSA-65'])],
  ['jwk-alg-44', keys([{ ...ALICE_JWK, alg: 'ML-DSA-44' }], ['ML-DSA-65'])],
  ...BAD_POINTS.map(([name, bytes]): Variant => [`ed25519-${name}`, keys([ed(bytes)])]),
];

function byKid(a: Event, b: Event): number {
  const kid = (jwk: Event): string => (jwk === ALICE_JWK ? KEYS.alice : KEYS.eve).publicKey.kid;
  return kid(a) < kid(b) ? -1 : 1;
}

function manyJwks(count: number): Event[] {
  return Array.from({ length: count }, (_, i) => fixedKey(`many ${i}`, 'Ed25519').publicKey)
    .sort((a, b) => (a.kid < b.kid ? -1 : 1))
    .map((key) => ({ ...toJwk(key) }));
}

/** The same 43 characters but for spare bits of the last. */
function spareBits(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1)!) + 1]!;
}

function rotations(): Case[] {
  const about = '4: rotation {type, mode, suite, keys}, closed; it changes nothing when it breaks its schema';
  const good: Event = { ...rotationEvent({ mode: 'each', keys: [KEYS.eve.publicKey] }) };
  const random: Variant = ['extra-random', but({ random: HASH })];
  return variants('rotation', about, good, [...missing(good), EXTRA, random, ...REQUIREMENT]);
}

/** Genesis as the first of two lines, signed by an outside ML-DSA key that speaks alone when the genesis names nothing. */
function geneses(): Case[] {
  const good: Event = {
    ...genesisEvent({
      random: fixedRandom('control').bytes(32),
      mode: 'each',
      keys: [KEYS.ed.publicKey],
      continues: { origin: 'example.com/before', genesis: HASH, size: 41, root: HASH },
    }),
  };
  const continues = good.continues as Event;
  const next = (change: (event: Event) => Event): ((event: Event) => Event) => but({ continues: change(continues) });
  const list: readonly Variant[] = [
    ...missing(good).filter(([name]) => name !== 'without-continues'),
    EXTRA,
    ['random-63-digits', but({ random: HASH.slice(1) })],
    ['random-upper-case', but({ random: upper })],
    ['mode-unknown', but({ mode: 'some' })],
    ['suite-other-alg', but({ suite: ['ML-DSA-65'] })],
    ['keys-9', keys(manyJwks(9))],
    ['ed25519-order-4', keys([ed(hex('00'.repeat(32)))])],
    ['continues-null', but({ continues: null })],
    ['continues-empty', but({ continues: {} })],
    ['continues-extra-member', next(but({ hash: HASH }))],
    ['continues-without-root', next(without('root'))],
    ['continues-origin-space', next(but({ origin: 'example com' }))],
    ['continues-genesis-upper-case', next(but({ genesis: upper }))],
    ['continues-size-negative', next(but({ size: -1 }))],
    ['continues-size-2-53', next(but({ size: 2 ** 53 }))],
    ['continues-size-fraction', next(but({ size: 1.5 }))],
    ['continues-size-string', next(but({ size: '41' }))],
    ['continues-root-short', next(but({ root: 'ab' }))],
  ];
  return list.map(([name, change]) => ({
    name: `genesis-${name}`,
    about:
      '4: genesis {type, random, mode, suite, keys, continues?}, closed; without it only outside ML-DSA keys speak',
    bytes: new LogBuilder([KEYS.alice]).add(change(good)).calls(1).bytes(),
    trust: ['alice'],
    expect: { lines: { 1: 'CONTROL_SCHEMA' } },
  }));
}

function closes(): Case[] {
  const log: Event = { ...closeEvent({ scope: 'log' }) };
  const sequence: Event = { ...closeEvent({ scope: 'sequence', sequence: 'q' }) };
  const about = '4: close {type, scope, sequence?}: sequence is there exactly when scope is "sequence"';
  return [
    ...variants('close', about, log, [
      ...missing(log),
      EXTRA,
      ['scope-unknown', but({ scope: 'session' })],
      ['scope-null', but({ scope: null })],
      ['log-with-sequence', but({ sequence: 'q' })],
      ['log-with-null-sequence', but({ sequence: null })],
    ]),
    ...variants('close-sequence', about, sequence, [
      ...missing(sequence).filter(([name]) => name === 'without-sequence'),
      EXTRA,
      ['empty-name', but({ sequence: '' })],
      ['name-no-string', but({ sequence: 7 })],
    ]),
    brokenSequenceClose(),
  ];
}

/** A close of a sequence that breaks its schema closes nothing: no note about the line that names it after. */
function brokenSequenceClose(): Case {
  const close = { ...closeEvent({ scope: 'sequence', sequence: 'q' }), data: 1 };
  const log = new LogBuilder([KEYS.ed]).genesis().add({ type: 'tool_call', sequence: 'q' }).add(close);
  return {
    ...controlCase('close-sequence-broken-closes-nothing', '4: a close that breaks its schema closes nothing', {}),
    bytes: log.add({ type: 'tool_call', sequence: 'q' }).bytes(),
  };
}

/** A recovery entry as the fourth line of five, after two entries that it names. */
function recoveries(): Case[] {
  const about = '4: recovery {type, first_seq, count, last_hash, torn_bytes, torn_sha256}, closed';
  const checked = '4: first_seq + count = own seq, last_hash = own prev, torn_bytes 0 ⇒ SHA-256 of nothing';
  const one = (name: string, what: string, code: string, change: (event: Event) => Event): Case => {
    const log = new LogBuilder([KEYS.ed]).genesis().calls(2);
    const good = recoveryEvent({
      firstSeq: 1,
      count: 2,
      lastHash: log.head,
      tornBytes: 0,
      tornSha256: SHA256_OF_NOTHING,
    });
    log.add(change({ ...good })).calls(1);
    return {
      ...controlCase(`recovery-${name}`, what, {}),
      bytes: log.bytes(),
      expect: { lines: { 4: code }, notes: { '1-5': 'CLASSICAL_ONLY' } },
    };
  };
  const schema: readonly Variant[] = [
    ...missing({ first_seq: 1, count: 2, last_hash: '', torn_bytes: 0, torn_sha256: '' }),
    EXTRA,
    ['first-seq-string', but({ first_seq: '1' })],
    ['first-seq-negative', but({ first_seq: -1, count: 4 })],
    ['first-seq-fraction', but({ first_seq: 0.5, count: 2.5 })],
    ['count-null', but({ count: null })],
    ['last-hash-upper-case', (event) => ({ ...event, last_hash: String(event.last_hash).toUpperCase() })],
    ['torn-bytes-2-53', but({ torn_bytes: 2 ** 53 })],
    ['torn-sha256-short', but({ torn_sha256: 'ab' })],
  ];
  return [
    ...schema.map(([name, change]) => one(name, about, 'CONTROL_SCHEMA', change)),
    one('mismatch-count', checked, 'RECOVERY_MISMATCH', but({ count: 1 })),
    one('mismatch-first-seq', checked, 'RECOVERY_MISMATCH', but({ first_seq: 2 })),
    one('mismatch-last-hash', checked, 'RECOVERY_MISMATCH', but({ last_hash: HASH })),
    one('mismatch-torn-sha256', checked, 'RECOVERY_MISMATCH', but({ torn_sha256: HASH })),
  ];
}

function erasures(): Case[] {
  const good: Event = {
    type: 'erasure',
    seq: 1,
    hash: HASH,
    member: 'params',
    reason: 'asked for by the person concerned',
    authority: 'data protection officer',
  };
  return variants('erasure', '4: erasure {type, seq, hash, member, reason, authority}, closed; seq is earlier', good, [
    ...missing(good),
    EXTRA,
    ['seq-own', but({ seq: 2 })],
    ['seq-later', but({ seq: 3 })],
    ['seq-string', but({ seq: '1' })],
    ['hash-upper-case', but({ hash: upper })],
    ['member-unknown', but({ member: 'payload' })],
    ['reason-empty', but({ reason: '' })],
    ['reason-no-string', but({ reason: ['x'] })],
    ['authority-empty', but({ authority: '' })],
  ]);
}

/** A checkpoint note whose signatures nobody knows: verification judges that it is one. */
export const NOTE = `example.com/test/0123456789ab\n2\n${Buffer.alloc(32, 7).toString('base64')}\n\n\u2014 witness.example ${Buffer.alloc(68, 9).toString('base64')}\n`;

function anchors(): Case[] {
  const good: Event = { type: 'anchor', checkpoint: NOTE };
  const note = (change: (text: string) => string): ((event: Event) => Event) => but({ checkpoint: change(NOTE) });
  return variants('anchor', '4: anchor {type, checkpoint: note text}; 7: no extension lines', good, [
    ...missing(good),
    EXTRA,
    ['checkpoint-no-string', but({ checkpoint: 1 })],
    ['checkpoint-empty', but({ checkpoint: '' })],
    ['checkpoint-words', but({ checkpoint: 'see the witness' })],
    ['checkpoint-unsigned', note((text) => text.slice(0, text.indexOf('\u2014')))],
    ['checkpoint-extension-line', note((text) => text.replace('\n\n', '\nextension\n\n'))],
    ['checkpoint-size-leading-zero', note((text) => text.replace('\n2\n', '\n02\n'))],
    ['checkpoint-root-short', note((text) => text.replace(/\n[A-Za-z0-9+/]{43}=\n/, '\nAAAA\n'))],
    ['checkpoint-without-last-line-end', note((text) => text.slice(0, -1))],
    ['checkpoint-crlf', note((text) => text.replaceAll('\n', '\r\n'))],
  ]);
}

/** Control entries that do not say exactly what their kind must say. */
export function tamperedControls(): Case[] {
  return [...geneses(), ...rotations(), ...closes(), ...recoveries(), ...erasures(), ...anchors()];
}
