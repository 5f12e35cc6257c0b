import type { LoadNoble } from '../crypto/choose-verify.ts';
import type { FromWorker, ToWorker } from './protocol.ts';
import { type Post, serve } from './workshop.ts';

/** The thread that started this one, in Node and in browsers. */
interface Port {
  readonly post: Post;
  onMessage(listener: (message: ToWorker) => void): void;
}

function portOfThisThread(): Port {
  const runtime = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  const threads = runtime.process?.getBuiltinModule?.('node:worker_threads') as
    | typeof import('node:worker_threads')
    | undefined;
  const parent = threads?.parentPort;
  if (parent) {
    return {
      post: (message, transfer) => parent.postMessage(message, transfer),
      onMessage: (listener) => void parent.on('message', listener),
    };
  }
  const scope = globalThis as unknown as {
    postMessage(message: FromWorker, transfer: readonly ArrayBuffer[]): void;
    onmessage: ((event: { readonly data: ToWorker }) => void) | null;
  };
  return {
    post: (message, transfer) => scope.postMessage(message, transfer),
    onMessage: (listener) => {
      scope.onmessage = ({ data }) => listener(data);
    },
  };
}

/**
 * Be the far side of a pool: one verification's setup, then one task at a time, and nothing else. It holds no secret and writes nothing.
 * @param loadNoble gets the JavaScript engine, in a thread that has it.
 */
export function serveThisThread(loadNoble: LoadNoble): void {
  const port = portOfThisThread();
  port.onMessage(serve(port.post, loadNoble));
}
