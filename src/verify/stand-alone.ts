import { equalBytes, fromHex, toBase64 } from '../base/bytes.ts';
import { readSignedCheckpoint } from '../checkpoint/checkpoint.ts';
import { rootOfInclusion } from '../checkpoint/proof.ts';
import type { CheckpointNote } from './checkpoints.ts';
import type { Context } from './context.ts';
import { summarise } from './summarise.ts';
import type { Summary } from './summary.ts';
import type { LogFinding } from './tail.ts';

/** A line of a log with its place in the tree of a checkpoint. */
export interface ProvenLine {
  /** Without its LF. */
  readonly line: Uint8Array;
  /** Inclusion path, RFC 9162 section 2.1.3: from the leaf up, 32 bytes each. */
  readonly path: readonly Uint8Array[];
}

/** A receipt that stands without its log (format section 7). */
export interface StandAlone {
  /** Genesis and the rotations before it, ascending by seq. */
  readonly before: readonly ProvenLine[];
  readonly receipt: ProvenLine;
  readonly checkpoint: CheckpointNote;
}

const LF = 0x0a;

/** What the paths of a stand-alone receipt come to. */
export interface Place {
  /** Size and root of the checkpoint. */
  readonly size: number;
  readonly root: Uint8Array;
  /** What does not hold; nothing where every path leads to the root. */
  readonly findings: LogFinding[];
}

/** Begin to judge where the lines of a stand-alone receipt stand. @throws ReceiptError CHECKPOINT_MALFORMED. */
export function placeOf({ checkpoint }: StandAlone): Place {
  const { size, root } = readSignedCheckpoint(checkpoint.note).checkpoint;
  return { size, root, findings: [] };
}

/** Summarise the lines of a stand-alone receipt, each by itself. @param place what does not hold of their paths is added to it. */
export async function* summariseLines(
  { before, receipt, checkpoint }: StandAlone,
  context: Context,
  { size, root, findings }: Place,
): AsyncGenerator<Summary> {
  for (const { line, path } of [...before, receipt]) {
    const bytes = new Uint8Array(line.length + 1);
    bytes.set(line);
    bytes[line.length] = LF;
    const summary = await summarise(bytes, 0, bytes.length, false, context);
    yield summary;
    const { first } = summary;
    if (first === null) continue;
    const found = rootOfInclusion(first.seq, size, fromHex(first.hash), path);
    if (found !== null && equalBytes(found, root)) continue;
    findings.push({
      code: 'TAIL_FORKED',
      expected: `root ${toBase64(root)} at size ${size} (${checkpoint.name})`,
      found: `${found === null ? 'a path that fits no tree of that size' : `root ${toBase64(found)}`}, from seq ${first.seq}`,
      check: 'checkpoint',
    });
  }
}
