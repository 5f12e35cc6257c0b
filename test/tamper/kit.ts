import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type PublicKey, parseJwk } from '../../src/crypto/public-key.ts';
import type { CheckpointNote } from '../../src/verify/checkpoints.ts';
import type { VerifyOptions } from '../../src/verify/source.ts';
import { trustKeys } from '../../src/verify/trust.ts';
import type { Verdict } from '../../src/verify/verdict.ts';

/** The kit as another implementation meets it: folders of files, an index in each. Nothing here knows how it was made. */
export const root: string = fileURLToPath(new URL('../../vectors/', import.meta.url));

interface Listed {
  readonly code: string;
  readonly line: number | null;
  readonly count: number;
}

/** One case as an index states it (vectors/README.md). */
export interface KitCase {
  readonly folder: string;
  readonly name: string;
  readonly about: string;
  readonly file: string;
  readonly keys: readonly ({ readonly key: string } | { readonly kid: string })[];
  readonly options: {
    readonly expect_genesis?: string;
    readonly expect_head?: { readonly size: number; readonly hash: string };
    readonly expect_size?: number;
    readonly min_size?: number;
    readonly checkpoints?: readonly string[];
    readonly log_checkpoints?: readonly string[];
    readonly resume?: string;
    readonly not_before?: string;
    readonly not_after?: string;
    readonly allow_unsigned_tail?: boolean;
    readonly allow_classical?: boolean;
  };
  readonly expected: {
    readonly verdict: string;
    readonly tail: Verdict['tail'];
    readonly counts: Verdict['counts'];
    readonly problems: readonly Listed[];
    readonly notes: readonly Listed[];
    readonly signatures?: Omit<Verdict['signatures'], 'by_alg'>;
    readonly head?: { readonly size: number; readonly hash: string };
  };
  readonly bytes: Uint8Array;
  readonly trust: VerifyOptions['trust'];
}

export const FOLDERS = ['receipts', 'tampered', 'unverifiable'] as const;

interface Index {
  readonly schema: string;
  readonly keys: Readonly<Record<string, { readonly kid: string; readonly jwk: unknown }>>;
  readonly cases: readonly Omit<KitCase, 'folder' | 'bytes' | 'trust'>[];
}

/** Read one folder of the kit. */
export function readKit(folder: string): { cases: KitCase[]; files: string[] } {
  const index = JSON.parse(readFileSync(`${root}${folder}/index.json`, 'utf8')) as Index;
  if (index.schema !== 'perdure/vectors/v1') throw new Error(`kit: ${folder}: unknown schema`);
  const keys = new Map<string, PublicKey>();
  for (const [name, { jwk, kid }] of Object.entries(index.keys)) {
    const key = parseJwk(jwk);
    if (key.kid !== kid) throw new Error(`kit: ${folder}: ${name} has another thumbprint`);
    keys.set(name, key);
  }
  const cases = index.cases.map((one) => ({
    ...one,
    folder,
    bytes: new Uint8Array(readFileSync(`${root}${folder}/${one.file}`)),
    trust: trustKeys(
      one.keys.map((given) =>
        'key' in given ? { name: given.key, key: keys.get(given.key)! } : { key: keys.get(given.kid)!.kid },
      ),
    ),
  }));
  return { cases, files: readdirSync(`${root}${folder}`).filter((name) => name.endsWith('.jsonl')) };
}

function readCheckpoint(folder: string, file: string): CheckpointNote {
  return { name: file, note: new Uint8Array(readFileSync(`${root}${folder}/${file}`)) };
}

/** @returns the options of a case as verification takes them. */
export function optionsOf({ options, trust, folder }: KitCase): VerifyOptions {
  const { expect_genesis, expect_head, expect_size, min_size, not_before, not_after } = options;
  const { checkpoints, log_checkpoints, resume } = options;
  return {
    trust,
    expect: { genesis: expect_genesis, head: expect_head, size: expect_size, minSize: min_size },
    checkpoints: checkpoints?.map((file) => readCheckpoint(folder, file)),
    logCheckpoints: log_checkpoints?.map((file) => readCheckpoint(folder, file)),
    resume: resume === undefined ? undefined : readCheckpoint(folder, resume),
    notBefore: not_before,
    notAfter: not_after,
    allowUnsignedTail: options.allow_unsigned_tail,
    allowClassical: options.allow_classical,
  };
}

/** @returns what a case expects and what was found, in one form, to be compared. */
export function compared(one: KitCase, verdict: Verdict): { expected: object; found: object } {
  const list = ({ code, line, count }: Listed): string => `${code}@${line ?? '-'}${count === 1 ? '' : ` x${count}`}`;
  const { expected } = one;
  const { by_alg, ...signatures } = verdict.signatures;
  return {
    expected: {
      ...expected,
      problems: expected.problems.map(list),
      notes: expected.notes.map(list),
    },
    found: {
      verdict: verdict.verdict,
      tail: verdict.tail,
      counts: verdict.counts,
      problems: verdict.problems.map(list),
      notes: verdict.notes.map(list),
      ...(expected.signatures === undefined ? {} : { signatures }),
      ...(expected.head === undefined ? {} : { head: { size: verdict.head.size, hash: verdict.head.hash } }),
    },
  };
}
