#!/usr/bin/env node
import { interrupted, knownError } from './error-report.ts';
import { processIo } from './process-io.ts';
import { report, run } from './run.ts';

const { io, unclaimedInterrupt, flush } = processIo(process);
const argv = process.argv.slice(2);
const fault = new Promise<unknown>((resolve) => {
  process.on('uncaughtException', resolve);
  process.on('unhandledRejection', resolve);
});
const ended = await Promise.race([
  run(argv, io),
  unclaimedInterrupt.then(() => report(interrupted(), argv, io)),
  fault.then((error) => report(knownError(error), argv, io)),
]);
await flush();
// Ending the process, Node waits for its compiler threads, and one of those may wait for a collection of garbage that only this thread
// can do: then neither ends (nodejs/node#54918, open). With Node 20, 28 of 400 verifications of a small log by JavaScript alone did not
// end; with this moment of leisure, in which the collection is done, 0 of 400. What takes no longer has had nothing compiled.
if (performance.now() > 100) await new Promise((resolve) => setTimeout(resolve, 10));
// Whatever is still open (a terminal that is read, a worker) has no more to say.
process.exit(ended);
