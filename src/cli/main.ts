#!/usr/bin/env node
import { interrupted, knownError } from './error-report.ts';
import { leisure } from './leisure.ts';
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
// What takes no longer has had nothing compiled.
if (performance.now() > 100) await leisure();
// Whatever is still open (a terminal that is read, a worker) has no more to say.
process.exit(ended);
