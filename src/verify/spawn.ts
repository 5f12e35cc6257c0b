import { webThreads } from './spawn-web.ts';
import type { ThreadsHere } from './worker-port.ts';

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
  const modules = runtime.process?.getBuiltinModule?.('node:module') as typeof import('node:module') | undefined;
  const os = runtime.process?.getBuiltinModule?.('node:os') as typeof import('node:os') | undefined;
  if (os === undefined || modules?.isBuiltin('node:worker_threads') !== true) return null;
  return {
    parallelism: os.availableParallelism(),
    shares: true,
    spawn(onMessage, onEnd, withNoble) {
      // Loaded when there is something to share: little evidence is done sooner than this is there.
      const threads = runtime.process?.getBuiltinModule?.(
        'node:worker_threads',
      ) as typeof import('node:worker_threads');
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
