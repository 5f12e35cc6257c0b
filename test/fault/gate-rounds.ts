import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { verify } from '../../src/auditor.ts';
import { keyFromSeed } from '../../src/crypto/keys.ts';
import { memberOf } from '../../src/gate/state.ts';
import { openLog } from '../../src/log/open.ts';
import type { Arena } from './processes.ts';

const CHILD = fileURLToPath(new URL('gate-child.mjs', import.meta.url));
/** Steps of a round with the calls below, nearly; where one has fewer, it ends by itself. */
const STEPS = 14;

/** What came of all rounds. */
export interface GateRounds {
  /** Rounds that ended by SIGKILL. */
  readonly killed: number;
  readonly executions: number;
  readonly allowed: number;
  readonly abandoned: number;
}

async function child(
  place: Arena,
  requests: readonly object[],
  killAt: number,
): Promise<{ said: string[]; killed: boolean }> {
  const file = join(place.root, 'requests.jsonl');
  writeFileSync(file, requests.map((one) => `${JSON.stringify(one)}\n`).join(''));
  const args = [CHILD, place.dir, join(place.root, 'executed'), file, String(killAt)];
  const process_ = spawn(process.execPath, args, { execArgv: [], stdio: ['ignore', 'pipe', 'inherit'] } as object);
  let text = '';
  process_.stdout!.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    process_.once('close', (...end) => resolve(end)),
  );
  if (code !== 0 && signal !== 'SIGKILL') throw new Error(`a gate process ended with ${code}: ${text}`);
  return { said: text.split('\n'), killed: signal === 'SIGKILL' };
}

/**
 * Run calls through gates in processes that are killed one after the other, each at another step, and ask again for the calls of the
 * rounds before. @throws when an approval is lost, a call ran twice, or the log does not verify.
 */
export async function gateRounds(place: Arena, rounds: number): Promise<GateRounds> {
  const asked: { nonce: string; requested_at: string; agent: string; action: { tool: string } }[] = [];
  const acknowledged = new Map<string, string>();
  let killed = 0;
  for (let round = 0; round <= rounds; round++) {
    for (let n = 0; n < 3; n++) {
      const requested_at = new Date().toISOString();
      asked.push({ nonce: randomUUID(), requested_at, agent: `agent-${n}`, action: { tool: n === 2 ? 'no' : 'do' } });
    }
    // Those of the round before come as retries. The last round is not killed.
    const killAt = round === rounds ? 0 : 1 + ((round * 5) % STEPS);
    const run = await child(place, asked.slice(-6), killAt);
    if (run.killed) killed++;
    for (const line of run.said) {
      const [word, nonce, ...answer] = line.split(' ');
      if (word !== 'ack' || nonce === undefined) continue;
      const before = acknowledged.get(nonce);
      if (before !== undefined && before !== answer.join(' ')) throw new Error(`${nonce} was decided twice: ${line}`);
      acknowledged.set(nonce, answer.join(' '));
    }
  }
  return { killed, ...(await judge(place, acknowledged)) };
}

async function judge(place: Arena, acknowledged: ReadonlyMap<string, string>): Promise<Omit<GateRounds, 'killed'>> {
  const file = join(place.root, 'executed');
  const executed = existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
  if (new Set(executed).size !== executed.length) throw new Error('a call ran twice');
  const log = await openLog(place.dir);
  const decided = new Map<string, string>();
  const outcomes = new Map<string, string>();
  const allowed = new Map<string, string>();
  for await (const { receipt } of log.receipts()) {
    const { event } = receipt.entry;
    if (event.type === 'decision') {
      const nonce = String(event.nonce);
      const decision = memberOf(event.policy, 'decision');
      if (decided.has(nonce)) throw new Error(`${nonce} was recorded twice`);
      decided.set(nonce, `${decision} ${receipt.hash}`);
      if (decision === 'ALLOW') allowed.set(nonce, receipt.hash);
    } else if (event.type === 'outcome') {
      const decision = String(event.decision);
      if (outcomes.has(decision)) throw new Error('a decision has two outcomes');
      outcomes.set(decision, String(memberOf(event.outcome, 'reason')));
    }
  }
  for (const [nonce, answer] of acknowledged)
    if (decided.get(nonce) !== answer) throw new Error(`approval of ${nonce} is lost`);
  for (const nonce of executed) if (!allowed.has(nonce)) throw new Error(`${nonce} ran without an approval`);
  for (const hash of allowed.values()) if (!outcomes.has(hash)) throw new Error('an approval has no outcome');
  const { publicKey } = keyFromSeed('ML-DSA-65', new Uint8Array(32).fill(9));
  const { verdict, problems } = await verify(log, { keys: [publicKey] });
  if (verdict !== 'valid') throw new Error(`${verdict}: ${problems[0]?.code} at line ${problems[0]?.line}`);
  const abandoned = [...outcomes.values()].filter((reason) => reason === 'abandoned').length;
  return { executions: executed.length, allowed: allowed.size, abandoned };
}
