// A process of its own that writes a log, to be killed. It runs what is built (dist/), as users' processes do.
import { writeSync } from 'node:fs';
import { chooseVerifier, createSigner, keyFromSeed, openLog } from '../../dist/index.js';

const [task, dir, alg, argument] = process.argv.slice(2);
// Asked for nothing: tell that this much can be read and run.
if (task === undefined) process.exit(7);
const signer = await createSigner(keyFromSeed(alg, new Uint8Array(32).fill(9)), { engine: 'noble' });
const options = { signer, verifier: await chooseVerifier('noble'), segmentBytes: 60_000 };

/** One line on the pipe, in one synchronous write: what was said before a SIGKILL has been said. */
function say(text) {
  writeSync(1, `${text}\n`);
}

/** Append for ever from several places at once, and tell of each acknowledgement. */
async function load() {
  const log = await openLog(dir, options);
  say('open');
  let n = 0;
  const append = async (who) => {
    for (;;) {
      const data = `${process.pid}.${who}.${n++}`;
      // In a log of batches some wait for their checkpoint, and are told apart.
      const waitFor = log.mode === 'batch' && who % 4 === 3 ? 'signed' : 'durable';
      const { receipt } = await log.append({ type: 'custom', data: data.padEnd((n * 37) % 900) }, { waitFor });
      say(`ack ${receipt.entry.seq} ${receipt.hash}`);
      if (waitFor === 'signed') say(`signed ${receipt.entry.seq}`);
    }
  };
  await Promise.all(Array.from({ length: Number(argument) }, (_, who) => append(who)));
}

/** Open as soon as nobody else writes, append a few, close; several times. */
async function race() {
  for (let turns = 0; turns < Number(argument); ) {
    let log;
    try {
      log = await openLog(dir, options);
    } catch (error) {
      if (error.code !== 'LOG_LOCKED') throw error;
      say('locked');
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 4));
      continue;
    }
    turns++;
    const appends = [0, 1, 2].map((n) => log.append({ type: 'custom', data: `${process.pid}.${turns}.${n}` }));
    for (const append of appends) {
      const { receipt } = await append;
      say(`ack ${receipt.entry.seq} ${receipt.hash}`);
    }
    await log.close();
  }
}

/** Wait for the word, then try once to become the writer, and say what came of it. */
async function contend() {
  say('ready');
  await new Promise((resolve) => process.stdin.once('data', resolve));
  try {
    await openLog(dir, options);
    say('writer');
    setInterval(() => undefined, 1_000);
  } catch (error) {
    say(error.code);
    process.exit(0);
  }
}

/** Read without any right to write. */
async function read() {
  const log = await openLog(dir);
  let count = 0;
  for await (const { receipt } of log.receipts()) if (receipt.entry.seq === count) count++;
  say(`read ${count} ${log.head().size}`);
  await log.close();
}

await { load, race, contend, read }[task]();
