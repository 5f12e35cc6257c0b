import { loadNoble } from '../../src/crypto/engines.ts';
import { chooseEngines } from '../../src/verify/choose-engines.ts';
import type { FromWorker } from '../../src/verify/protocol.ts';
import type { Source, VerifyOptions } from '../../src/verify/source.ts';
import { threadsFor } from '../../src/verify/threads.ts';
import type { Verdict } from '../../src/verify/verdict.ts';
import { verifyWith } from '../../src/verify/verify.ts';
import type { Spawn } from '../../src/verify/worker-port.ts';
import { serve } from '../../src/verify/workshop.ts';

/**
 * Start a worker that is none: the same code and the same messages, cloned as a thread would get them, in this thread. Real ones take
 * a second to start from source; a few tests start them.
 */
export const pretend: Spawn = (onMessage) => {
  let alive = true;
  const take = serve((message, transfer) => {
    const copy = structuredClone(message, { transfer: [...transfer] }) as FromWorker;
    setImmediate(() => alive && onMessage(copy));
  }, loadNoble);
  return {
    post: (message, transfer) => {
      const copy = structuredClone(message, { transfer: [...transfer] });
      setImmediate(() => alive && take(copy));
    },
    end: async () => {
      alive = false;
    },
  };
};

/** How evidence can be read: from any byte on, or only in chunks of so many bytes. */
export type Reading = 'ranges' | number;

/** Evidence of bytes that can be read in that way. */
export function sourceOf(bytes: Uint8Array, reading: Reading): Source {
  const size = reading === 'ranges' ? 1 << 16 : reading;
  const source: Source = {
    kind: 'log',
    name: 'log',
    *chunks() {
      for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
    },
  };
  if (reading !== 'ranges') return source;
  return { ...source, sizeBytes: bytes.length, ranges: { blob: new Blob([bytes as Uint8Array<ArrayBuffer>]) } };
}

/** Verify with pretended threads, however little there is to do. */
export async function verifyThreaded(
  bytes: Uint8Array,
  options: VerifyOptions,
  how: { readonly workers: number; readonly taskBytes: number; readonly reading: Reading },
): Promise<Verdict> {
  const threads = threadsFor({ ...how, engines: {}, spawn: pretend, leastMs: 0 });
  return verifyWith(sourceOf(bytes, how.reading), options, await chooseEngines({}), threads);
}
