import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, realpath, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verify } from '../auditor.ts';
import { shellWord } from '../base/shell-word.ts';
import { generateKey, type SecretKey } from '../crypto/keys.ts';
import { createMac } from '../crypto/mac.ts';
import { encodePublicKey } from '../crypto/public-key-file.ts';
import type { Signer } from '../crypto/signer.ts';
import { createSigner } from '../crypto/signers.ts';
import { type LogGate, openGate } from '../gate/gate.ts';
import { type RulePolicy, readPolicy } from '../gate/policy.ts';
import type { Decided, GateRequest } from '../gate/port.ts';
import { gateStore } from '../log/gate-store.ts';
import type { Log } from '../log/log.ts';
import { createLog, openLog } from '../log/open.ts';
import { Narrator } from './demo-print.ts';
import type { Io } from './io.ts';
import { chooseSigner } from './signer-choice.ts';

/** What the demo's agent may do: read below one folder, in three declared steps. */
const policyText = (folder: string): string => `version: 1
default: deny
halt_after: 5
rules:
  - id: read-notes
    effect: allow
    tools: ["fs.read"]
    args: { /path: { path_under: [${JSON.stringify(folder)}] } }
  - id: no-shell
    effect: halt
    tools: ["shell.*"]
tests:
  - { name: no shell, call: { agent: demo-agent, tool: shell.run }, expect: halt, rule: no-shell }
`;

/** What the chapters share. */
interface Stage {
  readonly tell: Narrator;
  readonly folder: string;
  readonly key: SecretKey;
  readonly signer: Signer;
  readonly policy: RulePolicy;
  /** What did not come as told. */
  readonly failures: string[];
  /** How often the tool has run. */
  ran: number;
}

/**
 * Show a gate: one call that it allows, and the ways in which a call is refused, each decided, recorded and told. It is a self-test, too:
 * every answer is computed and compared with what is told about it. @returns 0 when all came as told, else 1.
 */
export async function demoGate(io: Io): Promise<number> {
  const folder = await mkdtemp(join(await realpath(tmpdir()), 'perdure-gate-'));
  using key = generateKey('ML-DSA-65');
  const signer = await createSigner(key, await chooseSigner(io.env, undefined));
  const text = policyText(join(folder, 'notes'));
  const tell = new Narrator(io.stdout);
  const stage: Stage = { tell, folder, key, signer, policy: readPolicy(text), failures: [], ran: 0 };
  await writeFile(join(folder, 'policy.yaml'), text);
  await writeFile(join(folder, 'notes.txt'), 'what the agent may not read\n');
  await writeFile(join(folder, 'demo-gate.jwk'), encodePublicKey(key.publicKey, 'jwk'));
  await tell.title('Perdure: a gate decides and records before a tool runs');
  const first = await calls(stage, await arm(stage));
  await afterRestart(stage, first);
  await check(stage);
  await tell.ending(`the tool ran ${stage.ran} times: for the calls that were allowed, once each.`, stage.failures);
  return stage.failures.length === 0 ? 0 : 1;
}

interface Armed {
  readonly log: Log;
  readonly gate: LogGate;
}

async function arm({ tell, folder, policy, signer, key }: Stage): Promise<Armed> {
  await tell.chapter('A log, a policy, and a gate that proves itself');
  await mkdir(join(folder, 'notes'));
  await writeFile(join(folder, 'notes', 'today.txt'), 'water the plants\n');
  const log = await createLog(join(folder, 'log'), { origin: 'demo-gate', signer });
  const gate = await open({ folder, policy, signer, key }, log);
  await tell.fact('folder', folder);
  await tell.fact('policy', `policy.yaml: default deny; reads below notes/ are allowed`);
  await tell.say(
    'Before it armed, the gate verified its log and asked itself for a call that the policy forbids: refused.',
  );
  return { log, gate };
}

function open(
  { folder, policy, signer, key }: Pick<Stage, 'folder' | 'policy' | 'signer' | 'key'>,
  log: Log,
): Promise<LogGate> {
  const mac = createMac(key, 'perdure/gate-snapshot/v1');
  return openGate({ log, keys: [signer.publicKey], policy, snapshot: { store: gateStore(join(folder, 'log')), mac } });
}

/** A request as an agent makes it, with a nonce of its own. */
function request(log: string, folder: string, more: Partial<GateRequest> = {}): GateRequest {
  return {
    log,
    nonce: randomUUID(),
    requested_at: new Date().toISOString(),
    agent: 'demo-agent',
    action: { tool: 'fs.read', params: { path: join(folder, 'notes', 'today.txt') } },
    sequence: 'morning',
    step: 1,
    of: 3,
    ...more,
  };
}

async function calls(stage: Stage, { log, gate }: Armed): Promise<GateRequest> {
  const { tell, folder } = stage;
  await tell.chapter('Five calls, one of which runs');
  const ask = (more: Partial<GateRequest> = {}): GateRequest => request(log.origin, folder, more);
  const first = ask();
  await attempt(stage, gate, 'allowed', first, 'ALLOW');
  const outside = { tool: 'fs.read', params: { path: join(folder, 'notes', '..', 'notes.txt') } };
  await attempt(stage, gate, 'denied', ask({ step: 2, action: outside }), 'POLICY_VIOLATION');
  await attempt(stage, gate, 'replayed', { ...ask({ step: 2 }), nonce: first.nonce }, 'REPLAY_NONCE');
  const hourAgo = new Date(Date.now() - 3_600_000).toISOString();
  await attempt(stage, gate, 'stale', ask({ step: 2, requested_at: hourAgo }), 'STALE_TIMESTAMP');
  await attempt(stage, gate, 'out of order', ask({ step: 3 }), 'SEQUENCE_VIOLATION');
  await gate.close();
  await log.close();
  return first;
}

/** The gate's process is gone; another one knows what this one knew. */
async function afterRestart(stage: Stage, first: GateRequest): Promise<void> {
  const { tell, folder, signer } = stage;
  await tell.chapter('The process is started again');
  const log = await openLog(join(folder, 'log'), { signer });
  const gate = await open(stage, log);
  const before = stage.ran;
  const again = await gate.run(first, () => readNote(stage, first));
  const same = again === 'water the plants\n' && stage.ran === before;
  if (!same) stage.failures.push('the retry of the first call: expected its recorded result, got something else');
  await tell.say('The first request came once more: it got its recorded result back, and the tool did not run again.');
  await attempt(stage, gate, 'next step', request(log.origin, folder, { step: 2 }), 'ALLOW');
  await attempt(
    stage,
    gate,
    'shell',
    request(log.origin, folder, { step: 3, action: { tool: 'shell.run' } }),
    'POLICY_VIOLATION',
  );
  await attempt(stage, gate, 'after halt', request(log.origin, folder, { step: 3 }), 'SEALED_SEQUENCE');
  await gate.close();
  await log.close();
}

async function attempt(
  stage: Stage,
  gate: LogGate,
  name: string,
  asked: GateRequest,
  expected: Decided['code'],
): Promise<void> {
  const before = stage.ran;
  const decided = await gate.decide(asked);
  const { decision, code, receipt, reason } = decided;
  let ending = 'not run';
  if (decision === 'ALLOW' && receipt !== null) {
    const result = await readNote(stage, asked);
    await gate.complete(receipt, { status: 'executed', result });
    ending = 'ran once';
  }
  const ran = stage.ran - before;
  if (code !== expected || ran !== (expected === 'ALLOW' ? 1 : 0)) {
    stage.failures.push(`${name}: expected ${expected}, got ${code}; the tool ran ${ran} times`);
  }
  await stage.tell.item(
    name,
    `${decision} ${code}, ${ending}; line ${receipt === null ? '-' : receipt.entry.seq + 1} of the log`,
  );
  if (decision !== 'ALLOW') await stage.tell.say(reason);
}

async function readNote(stage: Stage, { action }: GateRequest): Promise<string> {
  stage.ran++;
  return readFile((action.params as { readonly path: string }).path, 'utf8');
}

async function check(stage: Stage): Promise<void> {
  const { tell, folder, signer } = stage;
  await tell.chapter('What an auditor finds');
  const log = await openLog(join(folder, 'log'));
  const verdict = await verify(log, { keys: [signer.publicKey], name: 'log' });
  await tell.verdict(verdict);
  if (verdict.verdict !== 'valid') stage.failures.push(`the log: expected valid, got ${verdict.verdict}`);
  await tell.command(
    'go on yourself',
    `cd ${shellWord(folder)}\nperdure log log\nperdure verify log --key demo-gate.jwk`,
  );
  await tell.command(
    'why a call is refused',
    `echo '{"agent":"a","tool":"shell.run"}' | perdure policy explain policy.yaml --call -`,
  );
}
