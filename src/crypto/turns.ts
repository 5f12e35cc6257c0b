import type { SignInput } from './signer.ts';

/**
 * Sign on this thread without holding it longer than one signature: those asked for at once are made one after another, each in a turn
 * of the event loop of its own. @param signNow makes one; what it throws rejects that one alone.
 */
export function inTurns(signNow: (input: SignInput) => Uint8Array): (input: SignInput) => Promise<Uint8Array> {
  let last: Promise<unknown> = Promise.resolve();
  return (input) => {
    const job = last.then(nextTurn).then(() => signNow(input));
    last = job.catch(() => undefined);
    return job;
  };
}

/** Let the event loop run once: timers and I/O go first. A promise alone would not: microtasks keep everything else waiting. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}
