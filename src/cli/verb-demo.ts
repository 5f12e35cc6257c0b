import { Command } from 'commander';
import { type Done, quiet } from './command.ts';
import type { Io } from './io.ts';

/** `perdure demo`. It tells a story, so it prints no JSON. */
export function defineDemo(io: Io, done: Done): Command {
  return quiet(io, new Command('perdure demo'))
    .description('record real tool calls as signed receipts, verify them, then tamper with a copy in six ways')
    .action(async () => {
      const { demo } = await import('./demo.ts');
      done(await demo(io));
    });
}
