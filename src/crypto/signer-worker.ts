import { parentPort } from 'node:worker_threads';
import { wipe } from '../base/bytes.ts';
import { type NobleSecret, signNoble } from './engine-noble-sign.ts';
import type { FromWorker, ToWorker } from './worker-signer.ts';

// The far side of createWorkerSigner: one secret key, one signature at a time, nothing else. It starts with nothing and gets the key
// by message (transferred, so that no second copy stays behind), and wipes it before it ends.
let secret: NobleSecret | null = null;

function answer(message: FromWorker): void {
  parentPort?.postMessage(message);
}

parentPort?.on('message', (message: ToWorker) => {
  switch (message.op) {
    case 'key':
      secret = message.secret;
      answer({ op: 'ready' });
      break;
    case 'sign':
      try {
        if (secret === null) throw new Error('no key');
        answer({ op: 'signed', id: message.id, signature: signNoble(secret, message.input, message.rnd) });
      } catch (error) {
        answer({ op: 'failed', id: message.id, reason: error instanceof Error ? error.message : 'unknown' });
      } finally {
        wipe(message.rnd);
      }
      break;
    case 'close':
      if (secret !== null) wipe(secret.alg === 'Ed25519' ? secret.seed : secret.expanded);
      secret = null;
      parentPort?.close();
      break;
  }
});
