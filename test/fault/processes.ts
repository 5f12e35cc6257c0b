import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { createNobleSigner } from '../../src/crypto/engine-noble-sign.ts';
import { nobleVerifier } from '../../src/crypto/engine-noble-verify.ts';
import { keyFromSeed } from '../../src/crypto/keys.ts';
import type { Algorithm } from '../../src/crypto/public-key.ts';
import { nodeDisk } from '../../src/log/node-disk.ts';
import { createLog, openLog } from '../../src/log/open.ts';
import type { SigningMode } from '../../src/receipt/control.ts';
import { allBytes, rederive, verdictOf } from '../log/derive.ts';
import { checkNote, notesOn } from '../log/notes.ts';
import { pause } from '../log/places.ts';

export const CHILD = fileURLToPath(new URL('child.mjs', import.meta.url));
const BUILT = fileURLToPath(new URL('../../dist/index.js', import.meta.url));

/** A log folder that child processes write. */
export interface Arena {
  readonly root: string;
  readonly dir: string;
  readonly alg: Algorithm;
  readonly mode: SigningMode;
}

const keyOf = (alg: Algorithm) => keyFromSeed(alg, new Uint8Array(32).fill(9));
export const writerOf = ({ alg }: Arena) => ({ signer: createNobleSigner(keyOf(alg)), verifier: nobleVerifier });

/** Create a log for children to write. */
export async function arena(alg: Algorithm, mode: SigningMode): Promise<Arena> {
  if (!existsSync(BUILT)) throw new Error('dist/ is missing: npm run build');
  const root = mkdtempSync(join(tmpdir(), 'perdure-fault-'));
  const made = { root, dir: join(root, 'log'), alg, mode };
  const log = await createLog(made.dir, { origin: 'example.com/fault', mode, ...writerOf(made) });
  await log.close();
  return made;
}

export function dispose({ root }: Arena): void {
  rmSync(root, { recursive: true, force: true });
}

/** A child process, the lines it has said, and its end. */
export interface Child {
  readonly process: ChildProcess;
  readonly said: string[];
  /** Resolves with the exit code, null when it was killed; everything it said is in `said` by then. */
  readonly ended: Promise<number | null>;
}

/** Start a child of test/fault/child.mjs. */
export function start({ dir, alg }: Arena, task: string, argument = '', options: SpawnOptions = {}): Child {
  // No --import of the test runner's: the child runs plain JavaScript.
  const child = spawn(process.execPath, [CHILD, task, dir, alg, argument], {
    ...options,
    execArgv: [],
    stdio: ['pipe', 'pipe', 'inherit'],
  } as SpawnOptions);
  const said: string[] = [];
  const lines = createInterface({ input: child.stdout! });
  lines.on('line', (line) => said.push(line));
  const drained = new Promise((resolve) => lines.once('close', resolve));
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  return { process: child, said, ended: Promise.all([exited, drained]).then(([code]) => code) };
}

/** Wait until a child has said something. */
export async function heard({ said, process: { exitCode } }: Child, count: number): Promise<void> {
  for (let tries = 0; said.length < count; tries++) {
    if (exitCode !== null || tries > 20_000) throw new Error(`a child said only ${JSON.stringify(said.slice(0, 5))}`);
    await pause(1);
  }
}

/** What children acknowledged: hash by seq. Two hashes for one seq are a fork. */
export class Acknowledged {
  readonly hashes = new Map<number, string>();

  /** @returns how many acknowledgements are among the lines. */
  take(said: readonly string[]): number {
    let count = 0;
    for (const line of said) {
      const [, seq, hash] = /^ack (\d+) ([0-9a-f]{64})$/.exec(line) ?? [];
      if (seq === undefined || hash === undefined) continue;
      const before = this.hashes.get(Number(seq));
      if (before !== undefined && before !== hash) throw new Error(`two entries were acknowledged as seq ${seq}`);
      this.hashes.set(Number(seq), hash);
      count++;
    }
    return count;
  }

  /** Hold a log's bytes against all that was acknowledged. */
  async check(place: Arena, { signatures = true } = {}): Promise<number> {
    const log = await openLog(place.dir);
    const bytes = await allBytes(log);
    const { publicKey } = keyOf(place.alg);
    const receipts = await rederive(bytes, [publicKey], signatures ? nobleVerifier : undefined);
    for (const [seq, hash] of this.hashes)
      if (receipts[seq]?.hash !== hash) throw new Error(`acknowledged seq ${seq} is lost`);
    await log.close();
    return receipts.length;
  }
}

/** Kill children under load, one after the other on the same log, and reopen it after each. */
export async function killRounds(
  place: Arena,
  rounds: number,
  appenders: number,
): Promise<{ acknowledged: number; signed: number; recoveries: number }> {
  const acknowledged = new Acknowledged();
  let count = 0;
  let signed = 0;
  for (let round = 0; round < rounds; round++) {
    const child = start(place, 'load', String(appenders));
    // Every fourth one while it starts, locks and recovers; the others from at once to well into the work.
    if (round % 4 === 3) await pause(80 + Math.random() * 120);
    else {
      await heard(child, 1);
      await pause(Math.random() ** 2 * 150);
    }
    child.process.kill('SIGKILL');
    expect(await child.ended).toBeNull();
    count += acknowledged.take(child.said);
    signed += await checkSigned(place, child.said);
    // The next child recovers; sometimes this process does first.
    if (round % 5 === 0) await (await openLog(place.dir, writerOf(place))).close();
    await acknowledged.check(place, { signatures: false }).catch(async (error: unknown) => {
      // A line the killed child did not finish is no loss: it was not acknowledged. Whoever writes next sets it aside.
      if (!String(error).includes('unfinished line')) throw error;
      await (await openLog(place.dir, writerOf(place))).close();
      await acknowledged.check(place, { signatures: false });
    });
  }
  const log = await openLog(place.dir, writerOf(place));
  const verdict = await verdictOf(log, keyOf(place.alg).publicKey, nobleVerifier);
  expect([verdict.verdict, verdict.problems]).toEqual(['valid', []]);
  let recoveries = 0;
  for await (const { receipt } of log.receipts()) if (receipt.entry.event.type === 'recovery') recoveries++;
  await log.close();
  return { acknowledged: count, signed, recoveries };
}

/** Hold what a killed child acknowledged as signed against the checkpoint that it left. @returns how many those are. */
async function checkSigned({ dir, alg }: Arena, said: readonly string[]): Promise<number> {
  const seqs = said.flatMap((line) => /^signed (\d+)$/.exec(line)?.slice(1) ?? []).map(Number);
  if (seqs.length === 0) return 0;
  const { latest } = await notesOn(nodeDisk(dir));
  const { size } = await checkNote(latest!, [keyOf(alg).publicKey], nobleVerifier);
  for (const seq of seqs) if (seq >= size) throw new Error(`seq ${seq} was acknowledged as signed, and is not`);
  return seqs.length;
}

/** Let two writers race for the same log, and hold what both were told against it. */
export async function raceRound(place: Arena, turns: number): Promise<{ acknowledged: number; refusals: number }> {
  const children = [start(place, 'race', String(turns)), start(place, 'race', String(turns))];
  expect(await Promise.all(children.map(({ ended }) => ended))).toEqual([0, 0]);
  const acknowledged = new Acknowledged();
  const count = children.reduce((sum, { said }) => sum + acknowledged.take(said), 0);
  expect(acknowledged.hashes.size).toBe(count);
  await acknowledged.check(place);
  return {
    acknowledged: count,
    refusals: children.flatMap(({ said }) => said).filter((line) => line === 'locked').length,
  };
}

/** Kill a holder, let several contend for what it held: exactly one may get it. */
export async function takeoverRound(place: Arena, contenders: number): Promise<void> {
  const holder = start(place, 'load', '4');
  await heard(holder, 3);
  const children = Array.from({ length: contenders }, () => start(place, 'contend'));
  await Promise.all(children.map((child) => heard(child, 1)));
  holder.process.kill('SIGKILL');
  await holder.ended;
  for (const { process: child } of children) child.stdin!.write('go\n');
  await Promise.all(children.map((child) => heard(child, 2)));
  const outcomes = children.map(({ said }) => said[1]).sort();
  for (const { process: child } of children) child.kill('SIGKILL');
  await Promise.all(children.map(({ ended }) => ended));
  expect(outcomes).toEqual([...Array.from({ length: contenders - 1 }, () => 'LOG_LOCKED'), 'writer']);
}
