import { ON_PAGE } from './pause.ts';
import type { FromWorker, ToWorker } from './protocol.ts';

/** A worker as a pool sees it. */
export interface WorkerPort {
  post(message: ToWorker, transfer: readonly ArrayBuffer[]): void;
  /** End it at once, whatever it does. Resolves when it has ended. */
  end(): Promise<void>;
}

/**
 * Start a worker. @param onMessage for each message of it. @param onEnd when it ended by itself, or never began, with what is known
 * of why. @param withNoble one that has the JavaScript engine too. @throws whatever a runtime throws that allows no workers here.
 */
export type Spawn = (
  onMessage: (message: FromWorker) => void,
  onEnd: (cause: unknown) => void,
  withNoble: boolean,
) => WorkerPort;

/** Threads as a runtime has them. */
export interface ThreadsHere {
  readonly spawn: Spawn;
  /** How many run at once. */
  readonly parallelism: number;
  /**
   * Whether the thread that asks does a share of the work. Not that of a page: a share is hundreds of milliseconds of standing still,
   * so there are as many workers as threads, and the page only hands out.
   */
  readonly shares: boolean;
}

/**
 * Beside this file, in dist and in src alike. From src it needs a runtime that reads TypeScript, or the loader that started us, which
 * it then inherits; from dist it inherits nothing.
 */
const FROM_SOURCE = import.meta.url.endsWith('.ts');

/** Node, asked for its modules at run time: bundlers for the browser see no import. */
const runtime = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };

/** @returns how workers are started here; null where this runtime is not known to have them. */
export function threadsHere(): ThreadsHere | null {
  return nodeThreads() ?? webThreads();
}

function nodeThreads(): ThreadsHere | null {
  const threads = runtime.process?.getBuiltinModule?.('node:worker_threads') as
    | typeof import('node:worker_threads')
    | undefined;
  const os = runtime.process?.getBuiltinModule?.('node:os') as typeof import('node:os') | undefined;
  if (threads === undefined || os === undefined) return null;
  return {
    parallelism: os.availableParallelism(),
    shares: true,
    spawn(onMessage, onEnd, withNoble) {
      // Not as a bundler would recognise it: this branch is none of its business.
      const file = withNoble
        ? new URL(FROM_SOURCE ? './worker-noble.ts' : './worker-noble.js', import.meta.url)
        : new URL(FROM_SOURCE ? './worker.ts' : './worker.js', import.meta.url);
      // No environment: what it holds is none of a worker's business.
      const worker = new threads.Worker(file, FROM_SOURCE ? { env: {} } : { env: {}, execArgv: [] });
      worker.on('message', onMessage);
      worker.on('error', onEnd);
      worker.on('messageerror', onEnd);
      worker.on('exit', (code) => onEnd(new Error(`it ended with exit code ${code}`)));
      return {
        post: (message, transfer) => worker.postMessage(message, transfer),
        end: async () => {
          await worker.terminate();
        },
      };
    },
  };
}

/** Module workers of browsers, which need neither shared memory nor cross-origin isolation. */
function webThreads(): ThreadsHere | null {
  if (typeof Worker !== 'function') return null;
  return {
    parallelism: navigator.hardwareConcurrency || 1,
    shares: !ON_PAGE,
    spawn(onMessage, onEnd, withNoble) {
      // Written out, because a bundler takes a worker along when it reads its file in the very call; and .js, the name in dist.
      const worker = withNoble
        ? new Worker(new URL('./worker-noble.js', import.meta.url), { type: 'module' })
        : new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
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
    },
  };
}
