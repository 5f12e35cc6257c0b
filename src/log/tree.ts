import { fromHex } from '../base/bytes.ts';
import { ReceiptError } from '../base/errors.ts';
import type { Disk } from '../base/ports.ts';
import { EMPTY_HEAD, follows, type Head } from '../chain/chain.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { CompactRange } from '../checkpoint/compact-range.ts';
import type { PublicKey } from '../crypto/public-key.ts';
import { isControlType, isIndividuallySigned, judgeControl, type Requirement } from '../receipt/control.ts';
import { type LineHead, readLineHead } from '../receipt/receipt.ts';
import { hashEntry, isSignedByAll } from '../receipt/seal.ts';
import { believedCheckpoint, type TreeOf } from './believe.ts';
import { damaged } from './damage.ts';
import { readLines } from './reader.ts';
import { eventOf, type Rules, requirementIn } from './rules.ts';
import { seek } from './seek.ts';
import type { Segment } from './segments.ts';

/** The Merkle tree of a log, as its writer holds it: a few hashes, however long the log is. */
export interface LogTree {
  /** The last checkpoint on disk; null before there is one. */
  readonly persisted: Checkpoint | null;
  /** Its note. */
  readonly note: Uint8Array | null;
  /** The tree it speaks of: [0, its size). */
  readonly base: CompactRange;
  /** What stands behind it: it grows with the log. */
  readonly since: CompactRange;
}

/** @returns the tree of a log that holds nothing. */
export function emptyTree(): LogTree {
  return { persisted: null, note: null, base: CompactRange.empty(), since: CompactRange.empty() };
}

/** A tree, and what rules at its end. */
export interface ReadTree {
  readonly tree: LogTree;
  readonly rules: Rules;
}

/**
 * Read the tree of a log: the last checkpoint that is believed, and every entry behind it, judged: form, hash, link, and the
 * signatures of those that must carry their own. So a stranger's rotation or recovery entry there never comes into force, and an
 * ordinary entry there is never covered before a recovery entry names it.
 * @param table whole good lines only. @param head where they end.
 * @throws ReceiptError LOG_DAMAGED when the log does not extend its own checkpoint, or an entry behind it does not hold.
 */
export async function readTree(disk: Disk, table: readonly Segment[], head: Head, of: TreeOf): Promise<ReadTree> {
  const believed = await believedCheckpoint(disk, table, head, of);
  const from = believed?.head ?? EMPTY_HEAD;
  const walk = new Walk(of, believed?.requirement ?? of.genesis, from);
  await walkLines(disk, table, from.size, head.size, (line, where) => walk.take(line, where));
  if (walk.head.size !== head.size || walk.head.hash !== head.hash) {
    throw new ReceiptError(
      'LOG_DAMAGED',
      `log: expected ${head.size} entries that end with ${head.hash}, found ${walk.head.size} that end with ${walk.head.hash}`,
      { expected: `${head.size}:${head.hash}`, found: `${walk.head.size}:${walk.head.hash}`, next: ['perdure verify'] },
    );
  }
  const { persisted = null, note = null, base = CompactRange.empty() } = believed ?? {};
  return { tree: { persisted, note, base, since: walk.since }, rules: walk.rules() };
}

/** Where a line stands: for messages. */
interface Where {
  readonly segment: string;
  readonly byte: number;
}

/** Read the lines of [from, to) in order. @throws ReceiptError LOG_DAMAGED for what is no line. */
async function walkLines(
  disk: Disk,
  table: readonly Segment[],
  from: number,
  to: number,
  take: (line: LineHead, where: Where) => Promise<void>,
): Promise<void> {
  for await (const lines of readLines(disk, table, await seek(disk, table, from))) {
    for (const { bytes, segment, segmentOffset } of lines) {
      let line: LineHead;
      try {
        line = readLineHead(bytes ?? new Uint8Array(0));
      } catch {
        throw damaged(segment, segmentOffset, 'a receipt line', 'something else');
      }
      if (line.seq >= to) return;
      if (line.seq >= from) await take(line, { segment, byte: segmentOffset });
    }
  }
}

/** Judges entries one after the other, and keeps what rules after each. */
class Walk {
  readonly #of: TreeOf;
  #requirement: Requirement;
  #firstUncovered: number | null = null;
  #named: string[] = [];
  head: Head;
  readonly since: CompactRange;

  constructor(of: TreeOf, requirement: Requirement, from: Head) {
    this.#of = of;
    this.#requirement = requirement;
    this.head = from;
    this.since = CompactRange.empty(from.size);
  }

  rules(): Rules {
    return { requirement: this.#requirement, firstUncovered: this.#firstUncovered, named: this.#named };
  }

  async take(line: LineHead, { segment, byte }: Where): Promise<void> {
    const { seq, hash, type } = line;
    const link = follows({ seq: this.head.size - 1, hash: this.head.hash }, line);
    const refuse = (expected: string, found: string): never => {
      throw damaged(segment, byte, expected, found);
    };
    if (line.log !== this.#of.origin || !link.seq || !link.prev || (type === 'genesis') !== (seq === 0))
      refuse(`an entry that follows seq ${this.head.size - 1}`, 'another');
    if (hashEntry(line.entryBytes) !== hash) refuse('an entry that has its stated hash', 'another');
    const own = isIndividuallySigned(type);
    if (own) await this.#requireSigned(line, this.#signersOf(line), refuse);
    else if (this.#requirement.mode === 'each') await this.#requireSigned(line, this.#requirement.keys, refuse);
    else this.#firstUncovered ??= seq;
    this.#obey(line, refuse);
    this.head = { size: seq + 1, hash };
    this.since.append(fromHex(hash));
  }

  /** Who must have signed: the keys in force, and for a rotation its own keys too. */
  #signersOf(line: LineHead): readonly PublicKey[] {
    const { keys } = this.#requirement;
    return line.type === 'rotation' ? [...keys, ...requirementIn(line).keys] : keys;
  }

  async #requireSigned(line: LineHead, keys: readonly PublicKey[], refuse: Refuse): Promise<void> {
    if (!(await isSignedByAll(line, keys, this.#of.verifier)))
      refuse(`the log's own signatures on seq ${line.seq} (${line.type})`, 'others, or none');
  }

  /** Let a control entry come into force. */
  #obey(line: LineHead, refuse: Refuse): void {
    this.#named = line.type === 'recovery' ? [String(eventOf(line).torn_sha256), ...this.#named] : [];
    if (!isControlType(line.type)) return;
    const judged = judgeControl(eventOf(line), line);
    if (!judged.ok) refuse(judged.expected, judged.found);
    else if (judged.requirement !== null) this.#requirement = judged.requirement;
    else if (line.type === 'recovery' && (this.#firstUncovered ?? line.seq) >= line.seq - judged.recovered)
      this.#firstUncovered = null;
  }
}

type Refuse = (expected: string, found: string) => never;
