import { ON_PAGE } from './pause.ts';
import type { FromWorker } from './protocol.ts';
import type { Spawn, ThreadsHere, WorkerPort } from './worker-port.ts';

type OnMessage = Parameters<Spawn>[0];
type OnEnd = Parameters<Spawn>[1];

/** Workers that wait for a verification, loaded already. */
const kept: { readonly withNoble: boolean; readonly worker: Worker }[] = [];

/** Module workers of browsers, which need neither shared memory nor cross-origin isolation. @returns null where there are none. */
export function webThreads(): ThreadsHere | null {
  if (typeof Worker !== 'function') return null;
  return {
    parallelism: parallelism(),
    shares: !ON_PAGE,
    spawn(onMessage, onEnd, withNoble) {
      const waiting = kept.findIndex((one) => one.withNoble === withNoble);
      if (waiting < 0) return portOf(start(withNoble), onMessage, onEnd);
      const [one] = kept.splice(waiting, 1);
      const port = portOf(one!.worker, onMessage, onEnd);
      return {
        ...port,
        release: () => {
          port.post({ op: 'rest' }, []);
          keep(one!.worker, withNoble);
        },
      };
    },
    async prepare(count, withNoble) {
      const waiting = (): number => kept.filter((one) => one.withNoble === withNoble).length;
      const missing = Math.max(0, count - waiting());
      await Promise.all(Array.from({ length: missing }, () => load(withNoble)));
      return waiting();
    },
  };
}

function parallelism(): number {
  return navigator.hardwareConcurrency || 1;
}

/** Written out, because a bundler takes a worker along when it reads its file in the very call; and .js, the name in dist. */
function start(withNoble: boolean): Worker {
  return withNoble
    ? new Worker(new URL('./worker-noble.js', import.meta.url), { type: 'module' })
    : new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
}

function portOf(worker: Worker, onMessage: OnMessage, onEnd: OnEnd): WorkerPort {
  worker.onmessage = ({ data }: { data: FromWorker }) => onMessage(data);
  worker.onerror = (event) => {
    event.preventDefault();
    onEnd(new Error(event.message || 'it was not loaded'));
  };
  worker.onmessageerror = () => onEnd(new Error('a message of it could not be read'));
  return {
    post: (message, transfer) => worker.postMessage(message, [...transfer]),
    end: async () => worker.terminate(),
  };
}

/** Start a worker and keep it when it is there; what cannot start is no error: the verdict does not need it. */
function load(withNoble: boolean): Promise<void> {
  return new Promise((resolve) => {
    try {
      const worker = start(withNoble);
      const arrived = (): void => {
        keep(worker, withNoble);
        resolve();
      };
      portOf(worker, arrived, () => resolve());
    } catch {
      resolve();
    }
  });
}

/** One that dies while it waits is waited for no more. */
function keep(worker: Worker, withNoble: boolean): void {
  const one = { withNoble, worker };
  kept.push(one);
  const forget = (): void => {
    const at = kept.indexOf(one);
    if (at >= 0) kept.splice(at, 1);
  };
  portOf(worker, () => undefined, forget);
}
