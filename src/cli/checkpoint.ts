import { Command } from 'commander';
import { defineCheckpointCosign } from './checkpoint-cosign.ts';
import { defineCheckpointCreate } from './checkpoint-create.ts';
import { defineCheckpointShow } from './checkpoint-show.ts';
import { defineCheckpointVerify } from './checkpoint-verify.ts';
import { type Done, quiet } from './command.ts';
import type { Io } from './io.ts';

/** `perdure checkpoint`. */
export function defineCheckpoint(io: Io, done: Done): Command {
  const checkpoint = quiet(
    io,
    new Command('perdure checkpoint').description('signed heads of logs: create, verify, show, cosign'),
  );
  checkpoint.addCommand(defineCheckpointCreate(io, done));
  checkpoint.addCommand(defineCheckpointVerify(io, done));
  checkpoint.addCommand(defineCheckpointShow(io, done));
  checkpoint.addCommand(defineCheckpointCosign(io, done));
  return checkpoint;
}
