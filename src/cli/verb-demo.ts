import { Command } from 'commander';
import { type Done, quiet } from './command.ts';
import type { Io } from './io.ts';

/** `perdure demo`. It tells a story, so it prints no JSON. */
export function defineDemo(io: Io, done: Done): Command {
  const gate = quiet(io, new Command('gate'))
    .description('decide and record calls before they run: allowed, denied, replayed, stale, out of order')
    .action(async () => {
      const { demoGate } = await import('./demo-gate.ts');
      done(await demoGate(io));
    });
  return quiet(io, new Command('perdure demo'))
    .description('record real tool calls as signed receipts, verify them, then tamper with a copy in six ways')
    .addCommand(gate)
    .action(async () => {
      const { demo } = await import('./demo.ts');
      done(await demo(io));
    });
}
