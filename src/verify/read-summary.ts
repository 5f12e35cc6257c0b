import { fromHex } from '../base/bytes.ts';
import { isReceiptError } from '../base/errors.ts';
import { MAX_KEYS, MAX_SIGNATURES } from '../base/limits.ts';
import { type Algorithm, type PublicKey, parseJwk } from '../crypto/public-key.ts';
import type { Requirement } from '../receipt/control.ts';
import { ORIGIN_PATTERN } from '../receipt/entry.ts';
import type { Json } from '../receipt/json.ts';
import { type Code, isCode } from './codes.ts';
import { type Leaves, rangeOf, type Stretch } from './leaves.ts';
import { list, malformed, object, oneOf, orNull, type Read, text, truth, whole } from './read-json.ts';
import {
  type Edge,
  type Finding,
  type Findings,
  type Item,
  type Profile,
  profileKey,
  type SignatureFact,
  type SingleLine,
  type Spot,
  type Summary,
  type Tally,
} from './summary.ts';

/*
 * A shard comes from another machine, perhaps by way of others: every value is checked for its form, and everything that judging
 * takes for granted is checked here, so that no file makes it fail or loop. Whether what a shard says is true cannot be seen.
 */

export const hash = text(/^[0-9a-f]{64}$/, '64 hex digits');
export const kid = text(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/, 'a key id');
export const time = text(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'a time');
export const anyText = text(/^/, 'text');
export const count = whole(0);
export const positive = whole(1);
const alg = oneOf<Algorithm>('ML-DSA-65', 'Ed25519');
const log = text(ORIGIN_PATTERN, 'an origin');
const version = text(/^(0|[1-9][0-9]*)$/, 'a version');

export const jwk: Read<PublicKey> = (value, at) => {
  try {
    return parseJwk(value);
  } catch (error) {
    if (isReceiptError(error, 'KEY_MALFORMED')) throw malformed(at, 'a public JWK');
    throw error;
  }
};

const code: Read<Code> = (value, at) => {
  if (typeof value !== 'string' || !isCode(value)) throw malformed(at, 'a code of a verdict');
  return value;
};

const spot: Read<Spot> = (value, at) => {
  if (!Array.isArray(value) || value.length !== 3) throw malformed(at, '[line, seq, offset]');
  const [line, seq, offset] = value as readonly Json[];
  return {
    line: positive(line!, `${at}[0]`),
    seq: orNull(count)(seq!, `${at}[1]`),
    offset: count(offset!, `${at}[2]`),
  };
};

const tally: Read<Tally | null> = orNull(object<Tally>({ count: positive, line: positive }));

const findings: Read<Findings> = object<{ listed: Finding[]; count: number }>({
  listed: list(
    object<Finding>({
      line: positive,
      seq: orNull(count),
      offset: count,
      code,
      expected: orNull(anyText),
      found: orNull(anyText),
    }),
  ),
  count,
});

const fact: Read<SignatureFact> = object<SignatureFact>({
  kid,
  alg,
  good: truth,
  trust: orNull(
    object<NonNullable<SignatureFact['trust']>>({
      by: oneOf('key', 'trust_bundle'),
      problem: (value, at) => {
        if (value !== null) throw malformed(at, 'null');
        return null;
      },
    }),
  ),
});

const profile: Read<Profile> = (value, at) => {
  const read = object<Profile>({
    v: version,
    log,
    individual: truth,
    broken: truth,
    signatures: list(fact),
    unnamed: count,
    accepted: truth,
  })(value, at);
  if (read.signatures.length + read.unnamed > MAX_SIGNATURES)
    throw malformed(at, `at most ${MAX_SIGNATURES} signatures`);
  return read;
};

const requirement: Read<Requirement> = (value, at) => {
  const read = object<Requirement>({ mode: oneOf('each', 'batch'), suite: list(alg), keys: list(jwk) })(value, at);
  if (read.keys.length === 0 || read.keys.length > MAX_KEYS) throw malformed(at, `1 to ${MAX_KEYS} keys`);
  return read;
};

const bucket = object<{ profile: Profile; count: number; spots: Spot[] }>({
  profile,
  count: positive,
  spots: list(spot),
});

const item: Read<Item> = (value, at) => {
  const kind = (value as { kind?: Json } | null)?.kind ?? null;
  if (kind === 'block') {
    const { lines, under } = object<{ kind: 'block'; under: number | null; lines: ReturnType<typeof bucket>[] }>({
      kind: oneOf('block'),
      under: orNull(positive),
      lines: list(bucket),
    })(value, at);
    if (lines.length === 0) throw malformed(at, 'lines');
    for (const one of lines) {
      if (one.spots.length === 0 || one.spots.length > one.count) throw malformed(at, 'spots, no more than lines');
    }
    return { kind, under, buckets: new Map(lines.map((one) => [profileKey(one.profile), one])) };
  }
  const single = object<SingleLine>({
    kind: oneOf('line', 'genesis', 'rotation', 'close'),
    spot,
    profile,
    requirement: orNull(requirement),
    under: orNull(positive),
  })(value, at);
  const names = single.kind === 'genesis' || single.kind === 'rotation';
  if (names !== (single.requirement !== null))
    throw malformed(at, 'a requirement where keys are named, and only there');
  if (single.spot.seq === null) throw malformed(at, 'a seq');
  return single;
};

const edge: Read<Edge | null> = orNull(
  object<Edge>({
    spot: object<Spot>({ line: positive, seq: orNull(count), offset: count }),
    seq: count,
    hash,
    prev: hash,
    time,
    v: version,
    log,
  }),
);

const sequence = object<{ name: string; named: Tally; closedAt: number | null; after: Tally | null }>({
  name: anyText,
  named: object<Tally>({ count: positive, line: positive }),
  closedAt: orNull(positive),
  after: tally,
});

const stretch: Read<Stretch> = (value, at) => {
  const { begin, end, hashes } = object<{ begin: number; end: number; hashes: string[] }>({
    begin: count,
    end: positive,
    hashes: list(hash),
  })(value, at);
  const read = { begin, end, hashes: hashes.map(fromHex) };
  try {
    rangeOf(read);
  } catch (error) {
    if (error instanceof RangeError) throw malformed(at, 'the subtrees of its leaves');
    throw error;
  }
  if (begin >= end) throw malformed(at, 'leaves');
  return read;
};

const leaves: Read<Leaves> = (value, at) => {
  const read = object<{ span: Leaves['span']; stretches: Stretch[]; broken: boolean }>({
    span: orNull(object<NonNullable<Leaves['span']>>({ begin: count, end: positive })),
    stretches: list(stretch),
    broken: truth,
  })(value, at);
  const sideBySide = read.stretches.every(({ begin }, i) => i === 0 || begin === read.stretches[i - 1]!.end);
  if (!sideBySide) throw malformed(at, 'stretches side by side');
  const { span, stretches } = read;
  const within =
    stretches.length === 0 ||
    (span !== null && stretches[0]!.begin === span.begin && stretches.at(-1)!.end <= span.end);
  if (!within || (span !== null && span.begin >= span.end)) throw malformed(at, 'stretches of its span');
  return read;
};

const flatSummary = object({
  lines: count,
  bytes: count,
  malformed: tally,
  malformed_at_end: count,
  form: findings,
  other: findings,
  items: list(item),
  first: edge,
  last: edge,
  clock_backwards: tally,
  schema: tally,
  unknown_type: tally,
  // A recovery entry may name no entries.
  recovered: orNull(object<Tally>({ count, line: positive })),
  sequences: list(sequence),
  pinned: list(object<{ seq: number; hash: string }>({ seq: count, hash })),
  leaves,
  torn: orNull(object<{ bytes: number; line: boolean }>({ bytes: count, line: truth })),
});

/** A summary as writeSummary wrote it. */
export const summary: Read<Summary> = (value, at) => {
  const flat = flatSummary(value, at);
  const { lines, bytes, malformed: broken, form, other, items, first, last, schema, recovered, torn } = flat;
  const read: Summary = {
    lines,
    bytes,
    malformed: broken,
    malformedAtEnd: flat.malformed_at_end,
    form,
    other,
    items,
    first,
    last,
    clockBackwards: flat.clock_backwards,
    schema,
    unknownType: flat.unknown_type,
    recovered,
    sequences: new Map(flat.sequences.map(({ name, ...rest }) => [name, rest])),
    leaves: flat.leaves,
    pinned: new Map(flat.pinned.map(({ seq, hash: stated }) => [seq, stated])),
    torn,
  };
  mustCohere(read, at);
  return read;
};

/** What judging takes for granted: every line is told once, and the first receipt stands first, by itself. */
function mustCohere(
  { lines, malformed: broken, malformedAtEnd, items, first, last, form, other }: Summary,
  at: string,
): void {
  let told = broken?.count ?? 0;
  const spots: Spot[] = [...form.listed, ...other.listed];
  for (const one of items) {
    if (one.kind === 'block') {
      for (const { count: alike, spots: some } of one.buckets.values()) {
        told += alike;
        spots.push(...some.slice(0, 1), ...some.slice(-1));
      }
    } else {
      told++;
      spots.push(one.spot);
    }
  }
  if (told !== lines) throw malformed(at, 'every line once');
  if (spots.some(({ line }) => line > lines)) throw malformed(at, 'lines that are there');
  if (malformedAtEnd > (broken?.count ?? 0)) throw malformed(at, 'lines at the end that are among all');
  if (form.count < form.listed.length || other.count < other.listed.length)
    throw malformed(at, 'no more listed than found');
  const head = items[0];
  const isFirst = head !== undefined && head.kind !== 'block' && head.spot.line === first?.spot.line;
  if (
    (first === null) !== (last === null) ||
    (first === null) !== (head === undefined) ||
    (first !== null && !isFirst)
  ) {
    throw malformed(at, 'the first receipt as the first item');
  }
}
