import { ReceiptError } from '../base/errors.ts';
import { serveThisThread } from './worker-thread.ts';

/*
 * The worker of most verifications: our kernels, or node:crypto. It imports nothing on demand, so that bundlers that make one script of
 * a worker (vite's default) can; the JavaScript engine has a worker of its own.
 */
serveThisThread(async () => {
  throw new ReceiptError(
    'ENGINE_UNAVAILABLE',
    'verify worker: expected WebAssembly with SIMD, as in the thread that started it',
    {
      at: 'verify worker',
      expected: 'WebAssembly with SIMD',
    },
  );
});
