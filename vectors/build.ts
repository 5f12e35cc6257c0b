import { createHash } from 'node:crypto';
import { concatBytes, utf8 } from '../src/base/bytes.ts';
import type { Random } from '../src/base/ports.ts';
import { nobleSecretOf, signNoble } from '../src/crypto/engine-noble-sign.ts';
import { nobleSha256Hex } from '../src/crypto/hash.ts';
import { generateKey, type SecretKey } from '../src/crypto/keys.ts';
import type { Algorithm } from '../src/crypto/public-key.ts';
import { CONTEXTS } from '../src/crypto/verifier.ts';
import { canonicalBytes } from '../src/receipt/canonical.ts';
import { genesisEvent, type SigningMode } from '../src/receipt/control.ts';
import { entryBytes, entryHash, type Frame, ZERO_HASH } from '../src/receipt/entry.ts';
import { lineBytes, type RawSignature } from '../src/receipt/receipt.ts';

/** A Random port that gives the same bytes in every run: SHA-256 of a name and a counter. */
export function fixedRandom(name: string): Random {
  let counter = 0;
  return {
    bytes(length) {
      const out = new Uint8Array(length);
      for (let at = 0; at < length; at += 32) {
        const block = createHash('sha256').update(`${name} ${counter++}`).digest();
        out.set(block.subarray(0, Math.min(32, length - at)), at);
      }
      return out;
    },
  };
}

/** A key pair from a fixed seed: the same in every run. */
export function fixedKey(name: string, alg: Algorithm = 'ML-DSA-65'): SecretKey {
  return generateKey(alg, fixedRandom(`perdure test key ${name}`));
}

/** What to change about a line while it is made; hashes and signatures are made over what results. */
export interface Change {
  /** Members of the frame to state instead. */
  readonly frame?: Partial<Frame>;
  /** Version to state instead of 1. */
  readonly v?: string;
  /** Keys that sign; default: those of the builder. */
  readonly by?: readonly SecretKey[];
  /** The event as bytes, instead of its canonical form. */
  readonly eventBytes?: Uint8Array;
  /** The entry bytes to hash and sign instead. */
  readonly entry?: (entry: Uint8Array) => Uint8Array;
  /** Signatures to put instead, by keys that need not be ours. */
  readonly signatures?: (entry: Uint8Array) => readonly RawSignature[];
  /** Sign under another context than entries have. */
  readonly context?: string;
}

/** First instant of a built log; each entry is a second later: the fixed clock. */
export const START_MS = Date.UTC(2026, 10, 20, 20, 34);

/** Builds logs line by line, valid unless told otherwise, with deterministic signatures: the same bytes in every run. */
export class LogBuilder {
  readonly lines: Uint8Array[] = [];
  readonly log: string;
  keys: readonly SecretKey[];
  size = 0;
  head = ZERO_HASH;
  private clockMs: number;

  constructor(keys: readonly SecretKey[], log = 'example.com/test/0123456789ab', startMs = START_MS) {
    this.keys = keys;
    this.log = log;
    this.clockMs = startMs;
  }

  /** Begin as a log begins. */
  genesis(mode: SigningMode = 'each', change: Change = {}): this {
    const random = fixedRandom(`genesis of ${this.log}`).bytes(32);
    return this.add(genesisEvent({ random, mode, keys: this.keys.map((key) => key.publicKey) }), change);
  }

  /** Add an event as the next line. */
  add(event: object, change: Change = {}): this {
    const seq = change.frame?.seq ?? this.size;
    const id = `0199${seq.toString(16).padStart(4, '0').slice(-4)}-0000-7000-8000-${(this.clockMs % 2 ** 40).toString(16).padStart(12, '0')}`;
    this.clockMs += 1000;
    const time = new Date(this.clockMs).toISOString();
    const frame: Frame = { id, log: this.log, prev: this.head, seq: this.size, time, ...change.frame };
    let entry = entryBytes(change.eventBytes ?? canonicalBytes(event), frame);
    if (change.v !== undefined) {
      entry = concatBytes(entry.subarray(0, entry.length - 2), utf8(`${change.v}}`));
    }
    entry = change.entry?.(entry) ?? entry;
    const hash = entryHash(entry, nobleSha256Hex);
    const signatures =
      change.signatures?.(entry) ?? (change.by ?? this.keys).map((key) => rawSignature(key, entry, change.context));
    this.lines.push(lineBytes(entry, hash, signatures));
    this.head = hash;
    this.size = seq + 1;
    return this;
  }

  /** Add ordinary calls. */
  calls(count: number, change: Change = {}): this {
    for (let i = 0; i < count; i++) this.add(call(this.size), change);
    return this;
  }

  bytes(): Uint8Array {
    return concatBytes(...this.lines);
  }
}

/** An ordinary event. */
export function call(n: number): object {
  return {
    type: 'tool_call',
    agent: 'build-bot',
    action: { tool: n % 2 ? 'fs.read' : 'fs.write' },
    session: `s${n % 3}`,
    data: { n },
  };
}

/** Signatures made before: the same entries recur in many logs, and one ML-DSA signature costs more than all else here. */
const made = new Map<string, Uint8Array>();

/** Sign entry bytes deterministically. @param rnd 32 bytes: other ones give another good ML-DSA signature. */
export function rawSignature(
  key: SecretKey,
  entry: Uint8Array,
  context: string = CONTEXTS.entry,
  rnd: Uint8Array = new Uint8Array(32),
): RawSignature {
  const { alg, kid } = key.publicKey;
  const name = `${kid} ${context} ${rnd} ${createHash('sha256').update(entry).digest('hex')}`;
  let bytes = made.get(name);
  if (bytes === undefined) {
    bytes = signNoble(nobleSecretOf(key), { message: entry, context }, rnd);
    made.set(name, bytes);
  }
  return { alg, kid, bytes };
}

/** Lines as text, to cut and paste. */
export function textOf(lines: readonly Uint8Array[]): string[] {
  return lines.map((line) => new TextDecoder().decode(line));
}
