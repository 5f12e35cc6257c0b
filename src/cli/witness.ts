import { Command } from 'commander';
import { type Done, quiet } from './command.ts';
import type { Io } from './io.ts';
import { defineWitnessServe } from './witness-serve.ts';

/** `perdure witness`. */
export function defineWitness(io: Io, done: Done): Command {
  const witness = quiet(io, new Command('perdure witness').description('remember and cosign checkpoints of logs'));
  witness.addCommand(defineWitnessServe(io, done));
  return witness;
}
