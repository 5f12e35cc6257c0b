import { closeSync, fdatasyncSync, mkdtempSync, openSync, writeSync } from 'node:fs';
import { open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trustKeys } from '../src/auditor.ts';
import { hasNativeSigning } from '../src/crypto/engine-native-sign.ts';
import { nobleVerifier } from '../src/crypto/engine-noble-verify.ts';
import { sha256Hex } from '../src/crypto/hash.ts';
import { type ClosableSigner, createSigner } from '../src/crypto/signers.ts';
import { createLog } from '../src/log/open.ts';
import type { JsonObject } from '../src/receipt/json.ts';
import { openEvidence } from '../src/verify/files.ts';
import { verifyWith } from '../src/verify/verify.ts';
import { benchKey, call400 } from './events.ts';
import { assertThat, median, progress, QUICK, quantile, type Ratio, type Row, report, rounded } from './result.ts';

/*
 * Appends to a real disk: an acknowledged line is one that fdatasync returned for. Rivals write the same bytes, line by line, a sync
 * each: awaited (as a server would) and blocking. All take turns within one process; ratios are of one round, the median round counts.
 */

const ROUNDS = QUICK ? 1 : 5;
const TURN_MS = QUICK ? 30 : 1500;
const APPENDERS = QUICK ? [1, 8] : [1, 8, 64, 512];
const AWAITED = 'fsync per line, awaited';
const BLOCKING = 'fsync per line, blocking';
const folder = mkdtempSync(join(process.env.PERDURE_BENCH_DIR ?? tmpdir(), 'perdure-bench-'));
const key = benchKey('ML-DSA-65');
const events: readonly JsonObject[] = Array.from({ length: 256 }, (_, n) => call400(n));
/** `--signed-only`: no rivals, no unsigned log; for a second Node whose only difference is how it signs. */
const SIGNED_ONLY = process.argv.includes('--signed-only');
/** Who signs: our kernels, and beside them what this Node has without them. */
const ENGINES = ['wasm', hasNativeSigning('ML-DSA-65') ? 'native' : 'noble in a worker'] as const;
const node = `Node ${process.versions.node.split('.').slice(0, 2).join('.')}`;

/** One turn of one contender. */
interface Turn {
  readonly perSecond: number;
  readonly latenciesMs: Float64Array;
}

/** Call `write` from `appenders` loops side by side until the time is over. */
async function measure(appenders: number, write: (n: number) => Promise<unknown>): Promise<Turn> {
  const latenciesMs: number[] = [];
  let n = 0;
  const begin = performance.now();
  const loop = async (): Promise<void> => {
    do {
      const before = performance.now();
      await write(n++);
      latenciesMs.push(performance.now() - before);
    } while (performance.now() - begin < TURN_MS);
  };
  await Promise.all(Array.from({ length: appenders }, loop));
  const perSecond = (latenciesMs.length * 1000) / (performance.now() - begin);
  return { perSecond, latenciesMs: Float64Array.from(latenciesMs) };
}

/** A log without checkpoints: what is durable and not signed, which is all that the rivals are. */
const UNSIGNED = {
  mode: 'batch',
  checkpointEvery: Number.POSITIVE_INFINITY,
  checkpointIntervalMs: Number.POSITIVE_INFINITY,
  checkpointOnClose: false,
} as const;
const EACH = { mode: 'each' } as const;

let folders = 0;
async function perdure(appenders: number, signer: ClosableSigner, mode: typeof UNSIGNED | typeof EACH): Promise<Turn> {
  const dir = join(folder, `log-${folders++}`);
  const log = await createLog(dir, { origin: 'example.com/bench', signer, ...mode });
  const turn = await measure(appenders, (n) => log.append(events[n & 255]!));
  await log.close();
  assertThat(log.head().size === turn.latenciesMs.length + 1, 'as many entries as appends, and genesis');
  await rm(dir, { recursive: true });
  return turn;
}

/** The lines of a log, to be written by the rivals: the same bytes. */
async function linesOf(signer: ClosableSigner): Promise<readonly Uint8Array[]> {
  const dir = join(folder, 'lines');
  const log = await createLog(dir, { origin: 'example.com/bench', signer, ...UNSIGNED });
  await Promise.all(events.map((event) => log.append(event)));
  await log.close();
  const { verdict, counts } = await verifyWith(
    await openEvidence(dir),
    { trust: trustKeys([{ key: key.publicKey }]), allowUnsignedTail: true },
    { verifier: nobleVerifier, sha256Hex },
  );
  assertThat(verdict === 'valid' && counts.lines === events.length + 1, 'what is appended to verify');
  const text = await readFile(join(dir, 'segments', '000000.jsonl'), 'utf8');
  return text
    .split('\n')
    .slice(1, -1)
    .map((line) => Buffer.from(`${line}\n`));
}

async function jsonlAwaited(lines: readonly Uint8Array[]): Promise<Turn> {
  const file = await open(join(folder, `rival-${folders++}`), 'a');
  const turn = await measure(1, async (n) => {
    await file.write(lines[n % lines.length]!);
    await file.datasync();
  });
  await file.close();
  return turn;
}

async function jsonlBlocking(lines: readonly Uint8Array[]): Promise<Turn> {
  const file = openSync(join(folder, `rival-${folders++}`), 'a');
  const turn = await measure(1, async (n) => {
    writeSync(file, lines[n % lines.length]!);
    fdatasyncSync(file);
  });
  closeSync(file);
  return turn;
}

const makeSigner = (engine: (typeof ENGINES)[number]): Promise<ClosableSigner> =>
  createSigner(key, engine === 'noble in a worker' ? { engine: 'noble', worker: true } : { engine });
const signers = await Promise.all(ENGINES.map(makeSigner));
const [signer] = signers as [ClosableSigner];
const turns = new Map<string, Turn[]>();
try {
  const lines = await linesOf(signer);
  const contenders: [name: string, run: () => Promise<Turn>][] = [];
  if (!SIGNED_ONLY) {
    contenders.push([AWAITED, () => jsonlAwaited(lines)]);
    contenders.push([BLOCKING, () => jsonlBlocking(lines)]);
    for (const n of APPENDERS) contenders.push([`unsigned, ${n}`, () => perdure(n, signer, UNSIGNED)]);
  }
  for (const [i, engine] of ENGINES.entries()) {
    for (const n of APPENDERS) {
      contenders.push([`each, ML-DSA-65 ${engine}, ${node}, ${n}`, () => perdure(n, signers[i]!, EACH)]);
    }
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, run] of contenders) {
      progress(`append, ${node}: round ${round + 1} of ${ROUNDS}, ${name}`);
      turns.set(name, [...(turns.get(name) ?? []), await run()]);
    }
  }
  const rowOf = (name: string, list: readonly Turn[]): Row => {
    const all = list.flatMap(({ latenciesMs }) => [...latenciesMs]);
    const p = (share: number): number => rounded(quantile(all, share));
    return {
      name,
      per_second: rounded(median(list.map(({ perSecond }) => perSecond))),
      p50_ms: p(0.5),
      p99_ms: p(0.99),
      appends: all.length,
    };
  };
  const paired = (a: string, b: string, of: (turn: Turn) => number): number => {
    const [first, second] = [turns.get(a)!, turns.get(b)!];
    return rounded(median(first.map((turn, i) => of(turn) / of(second[i]!))));
  };
  report({
    parameters: {
      rounds: ROUNDS,
      turn_ms: TURN_MS,
      line_bytes: Math.round(lines.reduce((sum, { length }) => sum + length, 0) / lines.length),
    },
    rows: [...turns].map(([name, list]) => rowOf(name, list)),
    ratios: SIGNED_ONLY ? [] : [AWAITED, BLOCKING].flatMap(ratiosTo),
  });

  /** What was promised was promised against the awaited rival; the blocking one holds up everything else its process does. */
  function ratiosTo(rival: string): Ratio[] {
    const promised = rival === AWAITED;
    const throughputs = APPENDERS.map((n): Ratio => {
      const name = `throughput, unsigned, ${n === 1 ? '1 appender' : `${n} appenders`} / ${rival}`;
      const value = paired(`unsigned, ${n}`, rival, ({ perSecond }) => perSecond);
      return { name, value, ...(promised && n === 64 ? { at_least: 10 } : {}) };
    });
    const name = `p50, unsigned, 1 appender / ${rival}`;
    const value = paired('unsigned, 1', rival, ({ latenciesMs }) => quantile(latenciesMs, 0.5));
    return [...throughputs, { name, value, ...(promised ? { at_most: 1.2 } : {}) }];
  }
} finally {
  for (const one of signers) await one.close();
  await rm(folder, { recursive: true, force: true });
}
