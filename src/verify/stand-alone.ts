import { concatBytes, equalBytes, fromHex, toBase64, utf8 } from '../base/bytes.ts';
import { readSignedCheckpoint } from '../checkpoint/checkpoint.ts';
import { rootOfInclusion } from '../checkpoint/proof.ts';
import type { StandAloneReceipt } from '../checkpoint/receipt-file.ts';
import type { Context } from './context.ts';
import { summarise } from './summarise.ts';
import type { Summary } from './summary.ts';
import type { LogFinding } from './tail.ts';

/** What the checkpoint of a stand-alone receipt is called in messages. */
export const CHECKPOINT_NAME = 'the checkpoint of the receipt';

/** How much of a file tells whether it is one. */
export const START_BYTES = 32;

/** @returns whether bytes begin as a stand-alone receipt does, in one of its two forms; what begins so and is none is then refused. */
export function isStandAlone(start: Uint8Array): boolean {
  return STARTS.some((text) => equalBytes(start.subarray(0, text.length), utf8(text)));
}

/** Of any version of a tlog-proof, and with any line end: what begins so is one, or means to be. */
const STARTS = ['c2sp.org/tlog-proof@', '{"checkpoint":"'];

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
export function placeOf({ checkpoint }: StandAloneReceipt): Place {
  const { size, root } = readSignedCheckpoint(checkpoint).checkpoint;
  return { size, root, findings: [] };
}

/** Summarise the lines of a stand-alone receipt, each by itself. @param place what does not hold of their paths is added to it. */
export async function* summariseLines(
  { before, receipt }: StandAloneReceipt,
  context: Context,
  { size, root, findings }: Place,
): AsyncGenerator<Summary> {
  for (const { line, path } of [...before, receipt]) {
    const bytes = concatBytes(line, Uint8Array.of(LF));
    const summary = await summarise(bytes, 0, bytes.length, false, context);
    yield summary;
    const { first } = summary;
    if (first === null) continue;
    const found = rootOfInclusion(first.seq, size, fromHex(first.hash), path);
    if (found !== null && equalBytes(found, root)) continue;
    findings.push({
      code: 'TAIL_FORKED',
      expected: `root ${toBase64(root)} at size ${size} (${CHECKPOINT_NAME})`,
      found: `${found === null ? 'a path that fits no tree of that size' : `root ${toBase64(found)}`}, from seq ${first.seq}`,
      check: 'checkpoint',
    });
  }
}
