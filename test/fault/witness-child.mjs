// A witness in a process of its own, from the sources: the command line is built as one piece. Its disk stops for good at the n-th sync of the folder, after it
// took effect: the new checkpoint is durable then and no answer has left, so that the process can be killed between the two.
import { writeSync } from 'node:fs';
import { cosignerOf, noteKeyOf } from '../../src/checkpoint/note-keys.ts';
import { createWitness } from '../../src/checkpoint/witness.ts';
import { listen, witnessServer } from '../../src/cli/witness-server.ts';
import { createNobleSigner } from '../../src/crypto/engine-noble-sign.ts';
import { nobleVerifier } from '../../src/crypto/engine-noble-verify.ts';
import { keyFromSeed } from '../../src/crypto/keys.ts';
import { nodeDisk } from '../../src/log/node-disk.ts';
import { openWitnessStore } from '../../src/log/witness-store.ts';

const [dir, origin, stopAt] = process.argv.slice(2);
const say = (text) => writeSync(1, `${text}\n`);
const inner = nodeDisk(dir);
let syncs = 0;
const disk = {
  ...inner,
  async syncDir(folder) {
    await inner.syncDir(folder);
    if (++syncs !== Number(stopAt)) return;
    say('persisted');
    await new Promise(() => undefined);
  },
};
const logKey = keyFromSeed('Ed25519', new Uint8Array(32).fill(2)).publicKey;
const witness = createWitness({
  logs: [{ origin, keys: [noteKeyOf(origin, logKey)] }],
  cosigners: [cosignerOf('witness.example/w1', createNobleSigner(keyFromSeed('Ed25519', new Uint8Array(32).fill(4))))],
  store: await openWitnessStore(disk),
  verifier: nobleVerifier,
  clock: { nowMs: () => Date.now() },
});
const port = await listen(witnessServer(witness), '127.0.0.1', 0);
say(`http://127.0.0.1:${port}`);
