// A process of its own that runs calls through a gate, to be killed between any two of its steps. It runs what is built (dist/).
import { appendFileSync, closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { createMac, gateStore, openGate, readPolicy } from '../../dist/gate/index.js';
import { createSigner, keyFromSeed, openLog } from '../../dist/index.js';

const [dir, executed, requests, killAt] = process.argv.slice(2);
const secret = keyFromSeed('ML-DSA-65', new Uint8Array(32).fill(9));
const signer = await createSigner(secret);

function say(text) {
  writeSync(1, `${text}\n`);
}

let steps = 0;
/** One more step is done: die here when it is this one's turn. */
function step() {
  if (++steps === Number(killAt)) process.kill(process.pid, 'SIGKILL');
}

/** The tool: what it does stands in a file, on disk, before anything else happens. */
function tool(nonce) {
  step();
  appendFileSync(executed, `${nonce}\n`);
  const file = openSync(executed, 'r+');
  fsyncSync(file);
  closeSync(file);
  step();
  return { did: nonce };
}

step();
const log = await openLog(dir, { signer });
step();
const gate = await openGate({
  log,
  keys: [signer.publicKey],
  policy: readPolicy('{"version":1,"default":"deny","rules":[{"id":"do","effect":"allow","tools":["do"]}]}'),
  snapshot: { store: gateStore(dir), mac: createMac(secret, 'perdure/gate-snapshot/v1') },
  outcomeTimeoutMs: 1,
});
step();
for (const line of readFileSync(requests, 'utf8').trimEnd().split('\n')) {
  const request = { log: log.origin, ...JSON.parse(line) };
  const { nonce } = request;
  if (nonce.endsWith('0') || nonce.endsWith('8')) {
    // By hand: decide, run, complete.
    const { decision, receipt, repeated } = await gate.decide(request);
    say(`ack ${nonce} ${decision} ${receipt.hash}`);
    step();
    if (decision !== 'ALLOW' || repeated) continue;
    const result = tool(nonce);
    await gate.complete(receipt, { status: 'executed', result }).catch((error) => {
      if (error.code !== 'OUTCOME_LATE') throw error;
    });
    step();
  } else {
    const result = await gate.run(request, () => tool(nonce)).catch((error) => error.code);
    if (typeof result === 'object' && result.did !== nonce) throw new Error('another result');
    step();
  }
}
await gate.close();
step();
await log.close();
say('done');
