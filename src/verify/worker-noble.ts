import { nobleVerifier } from '../crypto/engine-noble-verify.ts';
import { serveThisThread } from './worker-thread.ts';

/* The worker of a verification by the JavaScript engine, or of one that is cross-checked with it. */
serveThisThread(async () => nobleVerifier);
