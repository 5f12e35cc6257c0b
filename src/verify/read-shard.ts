import { fromBase64url } from '../base/bytes.ts';
import { isReceiptError, ReceiptError } from '../base/errors.ts';
import type { PublicKey } from '../crypto/public-key.ts';
import { parseStrict } from '../receipt/canonical.ts';
import type { Json } from '../receipt/json.ts';
import type { CheckpointNote } from './checkpoints.ts';
import { list, malformed, object, oneOf, orNull, type Read, text, truth } from './read-json.ts';
import { anyText, count, hash, jwk, kid, positive, summary, time } from './read-summary.ts';
import type { Shard } from './shard.ts';
import type { OutsideKey } from './trust.ts';
import type { GroundJson, KeyJson } from './write-shard.ts';

const engine = oneOf('native', 'wasm', 'noble');

const key: Read<OutsideKey> = (value, at) => {
  const {
    kid: stated,
    name,
    jwk: found,
  } = object<Omit<KeyJson, 'jwk'> & { jwk: PublicKey | null }>({
    kid,
    name: orNull(anyText),
    jwk: orNull(jwk),
  })(value, at);
  if (found !== null && found.kid !== stated) throw malformed(at, 'the kid of the key');
  return { ...(name === null ? {} : { name }), key: found ?? stated };
};

const bytes: Read<Uint8Array> = (value, at) => {
  try {
    return fromBase64url(anyText(value, at));
  } catch {
    throw malformed(at, 'base64url');
  }
};

const checkpoint = object<CheckpointNote>({ name: anyText, note: bytes });

const policy = object<{ name: string; bytes: Uint8Array }>({ name: anyText, bytes });

const ground: Read<Shard['ground']> = (value, at) => {
  const read = object<
    Omit<GroundJson, 'keys' | 'checkpoints' | 'log_checkpoints' | 'resume' | 'witness_policy'> & {
      keys: OutsideKey[];
      checkpoints: CheckpointNote[];
      log_checkpoints: CheckpointNote[];
      resume: CheckpointNote | null;
      witness_policy: { name: string; bytes: Uint8Array } | null;
    }
  >({
    size_bytes: count,
    starts_with: hash,
    segments: list(
      object<{ name: string; offset: number }>({ name: text(/^\d{6,}\.jsonl$/, 'a segment'), offset: count }),
    ),
    keys: list(key),
    checkpoints: list(checkpoint),
    log_checkpoints: list(checkpoint),
    expect: orNull(
      object<NonNullable<GroundJson['expect']>>({
        head: orNull(object<{ size: number; hash: string }>({ size: positive, hash })),
        genesis: orNull(hash),
        size: orNull(positive),
        min_size: orNull(positive),
      }),
    ),
    resume: orNull(checkpoint),
    witness_policy: orNull(policy),
    not_before: orNull(time),
    not_after: orNull(time),
    allow_unsigned_tail: truth,
    allow_classical: truth,
    max_problems: count,
    cross_check: truth,
  })(value, at);
  const { expect } = read;
  const given = <T>(one: T | null): T | undefined => one ?? undefined;
  return {
    sizeBytes: read.size_bytes,
    startsWith: read.starts_with,
    segments: read.segments,
    keys: read.keys,
    checkpoints: read.log_checkpoints,
    options: {
      checkpoints: read.checkpoints,
      expect:
        expect === null
          ? undefined
          : {
              head: given(expect.head),
              genesis: given(expect.genesis),
              size: given(expect.size),
              minSize: given(expect.min_size),
            },
      resume: given(read.resume),
      witnessPolicy: given(read.witness_policy),
      notBefore: given(read.not_before),
      notAfter: given(read.not_after),
      allowUnsignedTail: read.allow_unsigned_tail,
      allowClassical: read.allow_classical,
      maxProblems: read.max_problems,
    },
    crossCheck: read.cross_check,
  };
};

/** The tool of another version is told apart from a file that is no shard. */
const document = object({
  schema: oneOf('perdure/shard/v1'),
  tool: text(/^perdure [0-9A-Za-z.+-]{1,64}$/, 'a tool'),
  shard: object<{ index: number; of: number }>({ index: positive, of: positive }),
  subject: object<Shard['subject']>({ kind: oneOf('log', 'stream'), name: anyText }),
  ground,
  found: list(jwk),
  summary,
  run: object<{
    engine: string;
    module_sha256: string | null;
    cross_checked_with: string | null;
    workers: number;
    elapsed_ms: number;
  }>({
    engine,
    module_sha256: orNull(hash),
    cross_checked_with: orNull(engine),
    workers: positive,
    elapsed_ms: count,
  }),
});

/**
 * Read what writeShard wrote, from a parsed document. @throws ReceiptError SHARD_MALFORMED naming the path of what breaks the form.
 */
export function readShard(value: Json): Shard {
  const { tool, shard, subject, ground: shared, found, summary: told, run } = document(value, '');
  if (shard.index > shard.of) throw malformed('shard', 'an index of at most of');
  return {
    ...shard,
    tool,
    subject,
    ground: shared,
    found,
    summary: told,
    run: {
      engine: run.engine,
      moduleSha256: run.module_sha256,
      crossCheckedWith: run.cross_checked_with,
      workers: run.workers,
      elapsedMs: run.elapsed_ms,
    },
  };
}

/**
 * Read a shard from the bytes of a file: strict JSON (parseStrict). @param name what messages call it.
 * @throws ReceiptError SHARD_MALFORMED.
 */
export function parseShard(bytes: Uint8Array, name: string): Shard {
  try {
    return readShard(parseStrict(bytes));
  } catch (error) {
    if (!isReceiptError(error, 'NOT_JSON') && !isReceiptError(error, 'SHARD_MALFORMED')) throw error;
    const { at = 'the beginning', expected = 'JSON' } = error;
    throw new ReceiptError('SHARD_MALFORMED', `${name}: at ${at === '' ? 'the top' : at}: expected ${expected}`, {
      at: name,
      expected,
      found: 'something else',
      next: ['perdure verify LOG --shard I/N --json > FILE'],
    });
  }
}
