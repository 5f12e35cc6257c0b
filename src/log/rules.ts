import { concatBytes, utf8, utf8Text } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import { MAX_LINE_BYTES, READ_CHUNK_BYTES } from '../base/limits.ts';
import type { Disk } from '../base/ports.ts';
import type { Verifier } from '../crypto/verifier.ts';
import { isIndividuallySigned, judgeControl, type Requirement } from '../receipt/control.ts';
import type { JsonObject } from '../receipt/json.ts';
import { type LineHead, readLineHead } from '../receipt/receipt.ts';
import { isSignedByAll } from '../receipt/seal.ts';
import { type Segment, segmentPath } from './segments.ts';

const LF = 0x0a;
/** How the line of an entry without signatures ends. */
const UNSIGNED = utf8('"sigs":[]}');

/** @returns the event of a line. */
export function eventOf(head: LineHead): JsonObject {
  return JSON.parse(utf8Text(head.eventBytes)) as JsonObject;
}

/** @returns what a genesis or rotation requires. @throws ReceiptError LOG_DAMAGED when its schema does not hold. */
export function requirementIn(head: LineHead): Requirement {
  const judged = judgeControl(eventOf(head), head);
  if (judged.ok && judged.requirement !== null) return judged.requirement;
  throw new ReceiptError('LOG_DAMAGED', `log: seq ${head.seq}: expected a ${head.type} entry whose schema holds`, {
    at: `seq ${head.seq}`,
    next: ['perdure verify'],
  });
}

/** What a writer must know of the log it goes on with. */
export interface Rules {
  /** Of the genesis entry or of the last rotation. */
  readonly requirement: Requirement;
  /** Seq of the first ordinary entry that is unsigned and that no recovery entry names; null when there is none. */
  readonly firstUncovered: number | null;
  /** `torn_sha256` of the recovery entries at the very end, which the open that wrote them may not have finished. */
  readonly named: readonly string[];
}

/** What a checkpoint at the end of the lines says of them. */
export interface UnderCheckpoint {
  /** Whether the keys of genesis signed it. */
  readonly keysKnown: boolean;
}

/**
 * Find what rules at the end of a log, reading backwards and no further than needed: one line in a log that signs each entry, to the
 * last recovery entry in a batch log, unless a checkpoint stands at its end. Only where the signatures met are not those that genesis
 * asks for does it go on to the rotation that explains them.
 * @param table whole good lines only. @param genesis of the same log. @param verifier holds the rotation against its own keys.
 * @throws ReceiptError LOG_DAMAGED when they did not sign it: it does not come into force.
 */
export async function readRules(
  disk: Disk,
  table: readonly Segment[],
  genesis: Requirement,
  verifier: Verifier | null,
  under: UnderCheckpoint | null = null,
): Promise<Rules> {
  let rotated: Requirement | null = null;
  let unexplained = under !== null && !under.keysKnown;
  let ordinarySeen = false;
  let covered = under !== null;
  let oldest: Uint8Array | null = null;
  let trailing = true;
  const named: string[] = [];
  for await (const line of linesBackwards(disk, table)) {
    if (endsWith(line, UNSIGNED)) {
      trailing = false;
      ordinarySeen = true;
      if (genesis.mode === 'each') unexplained = true;
      if (!covered) oldest = line;
    } else {
      const head = readLineHead(line);
      if (head.type === 'genesis') break;
      if (head.type === 'rotation') {
        rotated ??= await requirementOfRotation(head, verifier);
        if (genesis.mode === 'each') break;
      } else if (head.type === 'recovery') {
        covered = true;
        if (trailing) named.push(String(eventOf(head).torn_sha256));
      } else trailing = false;
      if (!isIndividuallySigned(head.type)) {
        ordinarySeen = true;
        if (genesis.mode === 'batch') unexplained = true;
      }
      if (!isSignedBy(head, genesis)) unexplained = true;
    }
    const explained = rotated !== null || !unexplained;
    if (ordinarySeen && explained && (covered || (genesis.mode === 'each' && !unexplained))) break;
  }
  return { requirement: rotated ?? genesis, firstUncovered: oldest === null ? null : readLineHead(oldest).seq, named };
}

/** What a rotation requires, once its own keys are seen to have signed it: a stranger cannot make them. */
async function requirementOfRotation(head: LineHead, verifier: Verifier | null): Promise<Requirement> {
  const requirement = requirementIn(head);
  if (verifier === null || (await isSignedByAll(head, requirement.keys, verifier))) return requirement;
  throw new ReceiptError('LOG_DAMAGED', `log: seq ${head.seq}: expected a rotation that its keys signed, got another`, {
    at: `seq ${head.seq}`,
    next: ['perdure verify'],
  });
}

function isSignedBy({ sigs }: LineHead, { keys }: Requirement): boolean {
  return sigs.length === keys.length && sigs.every(({ kid }, i) => kid === keys[i]!.kid);
}

function endsWith(line: Uint8Array, end: Uint8Array): boolean {
  const from = line.length - end.length;
  return from >= 0 && end.every((byte, i) => line[from + i] === byte);
}

/** Read lines from the end of the log to its start, without their LF: views, good for as long as you keep them. */
export async function* linesBackwards(disk: Disk, table: readonly Segment[]): AsyncGenerator<Uint8Array> {
  for (let row = table.length - 1; row >= 0; row--) {
    const { name, bytes } = table[row]!;
    let at = bytes;
    let rest: Uint8Array = new Uint8Array(0);
    while (at > 0) {
      const begin = Math.max(0, at - READ_CHUNK_BYTES);
      const block = concatBytes(await disk.read(segmentPath(name), begin, at), rest);
      let end = block.length;
      if (block[end - 1] !== LF || rest.length > MAX_LINE_BYTES) throw unfinished(name, at);
      for (
        let lf = end < 2 ? -1 : block.lastIndexOf(LF, end - 2);
        lf >= 0;
        lf = end < 2 ? -1 : block.lastIndexOf(LF, end - 2)
      ) {
        yield block.subarray(lf + 1, end - 1);
        end = lf + 1;
      }
      if (begin === 0) yield block.subarray(0, end - 1);
      rest = block.slice(0, end);
      at = begin;
    }
  }
}

function unfinished(name: string, at: number): ReceiptError {
  return new ReceiptError(
    'LOG_DAMAGED',
    `log: ${segmentPath(name)}: expected lines that end with LF before byte ${at}`,
    {
      at: `${segmentPath(name)} byte ${at}`,
      next: ['perdure verify'],
    },
  );
}
