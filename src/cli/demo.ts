import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { verify } from '../auditor.ts';
import { utf8Text } from '../base/bytes.ts';
import { shellWord } from '../base/shell-word.ts';
import { sha256Hex } from '../crypto/hash.ts';
import { generateKey, type SecretKey } from '../crypto/keys.ts';
import { Keystore } from '../crypto/keystore.ts';
import { encodePublicKey } from '../crypto/public-key-file.ts';
import { createSigner } from '../crypto/signers.ts';
import type { Log } from '../log/log.ts';
import { createLog, openLog } from '../log/open.ts';
import { formOfPayload } from '../receipt/commitment.ts';
import { MARKER } from '../receipt/redaction.ts';
import { createRecorder } from '../recorder.ts';
import { openEvidence } from '../verify/files.ts';
import type { Pins } from '../verify/tail.ts';
import type { Verdict } from '../verify/verdict.ts';
import { Narrator } from './demo-print.ts';
import { type Expected, type Target, tamper } from './demo-tamper.ts';
import { type DemoCall, type DemoOutcome, perform } from './demo-tools.ts';
import type { Io } from './io.ts';
import { chooseSigner, type SignerChoice } from './signer-choice.ts';

/** The agent, and the name of its key. */
const AGENT = 'demo-agent';

/** What the chapters share. */
interface Stage {
  readonly tell: Narrator;
  /** Temporary, and kept: the reader goes on in it. */
  readonly folder: string;
  readonly key: SecretKey;
  readonly choice: SignerChoice;
  /** What did not come as told. */
  readonly failures: string[];
}

/** A place in a log to remember elsewhere. */
type Head = ReturnType<Log['head']>;

/**
 * Run the main job before the reader's eyes: an identity, a log, real tool calls with a signed receipt each, verification, and six
 * ways to tamper. It is a self-test, too: every verdict is computed and compared with what is told about it.
 * @returns 0 when all came as told, else 1.
 */
export async function demo(io: Io): Promise<number> {
  const tell = new Narrator(io.stdout);
  const folder = await mkdtemp(join(await realpath(tmpdir()), 'perdure-demo-'));
  using key = generateKey('ML-DSA-65');
  const stage: Stage = { tell, folder, key, choice: await chooseSigner(io.env, undefined), failures: [] };
  await tell.title('Perdure: receipts for what an agent did, and what becomes of forged ones');
  const log = await start(stage);
  const outcomes = await act(stage, log);
  const head = log.head();
  await log.close();
  await show(stage, outcomes);
  await check(stage, head);
  await forge(stage, outcomes, head);
  await invite(stage, head);
  await tell.ending(
    `${head.size} receipts verified, ${outcomes.length} of them for real calls; 6 ways to tamper, and each was caught.`,
    stage.failures,
  );
  return stage.failures.length === 0 ? 0 : 1;
}

async function start({ tell, folder, key, choice }: Stage): Promise<Log> {
  await tell.chapter('An identity and a log');
  // Plain, because the demo asks nobody for a passphrase; its key vouches for nothing.
  await new Keystore(join(folder, 'keys')).create(AGENT, key, { plain: true });
  await writeFile(join(folder, `${AGENT}.jwk`), encodePublicKey(key.publicKey, 'jwk'));
  const signer = await createSigner(key, choice);
  const log = await createLog(join(folder, 'log'), { origin: 'demo', signer });
  await tell.fact('folder', folder);
  await tell.fact('key', `${AGENT}, ${key.alg}, signs with the engine ${signer.engine}`);
  await tell.fact('kid', key.publicKey.kid);
  await tell.fact('log', `log/, origin ${log.origin}`);
  return log;
}

/** What the agent asks for, in this package's own folder. */
function calls(root: string): DemoCall[] {
  const code = existsSync(join(root, 'src')) ? 'src' : 'dist';
  const ending = code === 'src' ? '.ts' : '.js';
  const env = { TOKEN: randomBytes(16).toString('hex') };
  return [
    { tool: 'fs.list', params: { path: '.' } },
    { tool: 'fs.list', params: { path: code } },
    { tool: 'fs.read', params: { path: 'package.json' } },
    { tool: 'fs.hash', params: { path: 'README.md' } },
    { tool: 'fs.search', params: { path: code, ending, text: 'ML-DSA-65' } },
    { tool: 'proc.run', params: { args: ['-p', 'process.version'] } },
    { tool: 'fs.read', params: { path: '../../.ssh/id_ed25519' } },
    { tool: 'fs.read', params: { path: 'no-such-file.md' } },
    {
      tool: 'proc.run',
      params: { args: ['-p', 'process.env.TOKEN.length'], env },
    },
    { tool: 'fs.hash', params: { path: 'LICENSE' } },
  ];
}

async function act({ tell, failures }: Stage, log: Log): Promise<readonly DemoOutcome[]> {
  await tell.chapter('The agent works: a signed receipt for each call');
  const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');
  const recorder = createRecorder({ log });
  const outcomes: DemoOutcome[] = [];
  for (const call of calls(root)) {
    const outcome = await perform(call, root, AGENT);
    await recorder.record(outcome.event);
    await tell.call(outcome);
    outcomes.push(outcome);
  }
  const told: Record<DemoOutcome['status'], number> = { executed: 8, failed: 1, rejected: 1 };
  for (const [status, number] of Object.entries(told)) {
    const found = outcomes.filter((outcome) => outcome.status === status).length;
    if (found !== number) failures.push(`calls ${status}: expected ${number}, got ${found}`);
  }
  return outcomes;
}

async function show({ tell, folder, failures }: Stage, outcomes: readonly DemoOutcome[]): Promise<void> {
  await tell.chapter('The log, read back from the disk: each line names the hash of the one before');
  const log = await openLog(join(folder, 'log'));
  for await (const { receipt } of log.receipts()) await tell.entry(receipt);

  const refused = indexOf(outcomes, 'rejected');
  await tell.say(`Line ${refused + 1} in full, long values shortened:`, { apart: true });
  await tell.receipt((await log.get(refused))!.receipt);

  const given = outcomes.findIndex(({ call }) => call.tool === 'proc.run' && call.params.env !== undefined);
  const { event } = (await log.get(given + 1))!.receipt.entry;
  const { params_commit: commitment } = event.action as { readonly params_commit: string };
  const kept = await log.readPayload(commitment);
  const params = kept === null ? '' : utf8Text(kept.payload);
  await tell.say(
    `Params and results stand in the log as salted commitments; they are kept beside it and can be erased. Line ${given + 2} was given a secret, which was replaced before anything was hashed. What was kept of its params:`,
    { apart: true },
  );
  await tell.say(params);
  if (kept === null || formOfPayload('params', commitment, kept, sha256Hex) !== 'json') {
    failures.push('the kept params: expected what the receipt committed to, got something else');
  }
  if (event.redacted !== 1 || !params.includes(MARKER))
    failures.push('the secret: expected it replaced, found it kept');
}

async function check(stage: Stage, head: Head): Promise<void> {
  const { tell } = stage;
  await tell.chapter('Verified, as anyone can who has the public key');
  const valid: Expected = { verdict: 'valid', tail: 'unknown', problems: [] };
  await tell.verdict(await judge(stage, 'log', valid, {}));
  await tell.say(
    `A log by itself cannot say that nothing was cut from its end. Whoever remembers its head (${head.size} entries, and the hash of the last one) can:`,
    { apart: true },
  );
  await tell.briefVerdict(await judge(stage, 'log', { ...valid, tail: 'complete' }, { head }));
}

async function forge(stage: Stage, outcomes: readonly DemoOutcome[], head: Head): Promise<void> {
  const { tell, folder, choice } = stage;
  await tell.chapter('Six ways to tamper with a copy');
  const lines: Uint8Array[] = [];
  for await (const { line } of (await openLog(join(folder, 'log'))).receipts())
    lines.push(Uint8Array.of(...line, 0x0a));
  const target: Target = { lines, refused: indexOf(outcomes, 'rejected'), failed: indexOf(outcomes, 'failed') };
  using foreign = generateKey('ML-DSA-65');
  await mkdir(join(folder, 'tampered'));
  for (const { name, story, bytes, expected, withHead } of await tamper(target, await createSigner(foreign, choice))) {
    const copy = `tampered/${name}.jsonl`;
    await writeFile(join(folder, copy), bytes);
    await tell.item(name, story);
    await tell.briefVerdict(await judge(stage, copy, expected, {}));
    if (withHead === undefined) continue;
    await tell.say('With the remembered head:');
    await tell.briefVerdict(await judge(stage, copy, withHead, { head }));
  }
}

/** Verify what lies in the folder and compare the verdict with what is told about it. */
async function judge({ folder, key, failures }: Stage, path: string, told: Expected, expect: Pins): Promise<Verdict> {
  const keys = [{ name: AGENT, key: key.publicKey }];
  const verdict = await verify(await openEvidence(join(folder, path)), { keys, expect, name: path });
  const wanted = describe(told);
  const found = describe({
    verdict: verdict.verdict,
    tail: verdict.tail.status,
    problems: verdict.problems.map(({ code, line }) => [code, line] as const),
  });
  if (found !== wanted) failures.push(`${path}: expected ${wanted}; got ${found}`);
  return verdict;
}

function describe({ verdict, tail, problems }: Expected): string {
  const at = problems.map(([code, line]) => `${code} ${line === null ? '' : `at line ${line}`}`.trim());
  return `${verdict}, tail ${tail}, ${at.join(', ') || 'no problem'}`;
}

async function invite({ tell, folder }: Stage, head: Head): Promise<void> {
  await tell.chapter('Go on yourself');
  const perdure = ownCommand();
  const log = shellWord(join(folder, 'log'));
  const key = `--key ${shellWord(join(folder, `${AGENT}.jwk`))}`;
  await tell.command(
    'verify, with the head that you remember',
    `${perdure} verify ${log} \\\n  ${key} \\\n  --expect-head ${head.size}:${head.hash}`,
  );
  await tell.command(
    'verify a tampered copy',
    `${perdure} verify ${shellWord(join(folder, 'tampered', 'edit.jsonl'))} \\\n  ${key}`,
  );
  await tell.command('what a code means', `${perdure} explain SIGNATURE_INVALID`);
  await tell.command(
    'one receipt by its seq (line 5 has 4), and the payloads that were kept',
    `${perdure} show ${log} 4 --payload`,
  );
  await tell.command('throw all of it away', `rm -r ${shellWord(folder)}`);
}

/** How the reader calls this program from where he stands. */
function ownCommand(): string {
  const script = process.argv[1] ?? 'perdure';
  if (basename(script) === 'perdure') return script.includes('node_modules') ? 'npx perdure' : 'perdure';
  return `node ${shellWord(relative(process.cwd(), script) || script)}`;
}

/** @returns the 0-based line of the first call that ended so; line 0 is the genesis entry. */
function indexOf(outcomes: readonly DemoOutcome[], status: DemoOutcome['status']): number {
  return outcomes.findIndex((outcome) => outcome.status === status) + 1;
}
